# SPDX-License-Identifier: Apache-2.0
"""HIPERC (Oki C301, C3100 and kin). Numbers are big-endian.

    u32 octets (all) | u32 type | block | block ...        block: u32 octets | that many

    type 0  a plane begins: its second block is a JBIG header, or starts with the digit 0 for plain bit maps
    type 1  a band: ink in the first block, data in the second
    FF      the page ends (8 octets)

Inks are 0 cyan, 1 magenta, 2 yellow, 3 black. Copies and sides come from PJL.
"""

from typing import TYPE_CHECKING

from pagetoll.languages.hostbased import records
from pagetoll.languages.hostbased.planes import Inks, bitmap_is_blank, jbig_is_blank
from pagetoll.languages.parsed import Context, Parsed, Run, as_far_as_time_allows
from pagetoll.languages.universal_exit import UNIVERSAL_EXIT

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_HEADER_OCTETS = 8
_BAND_HEADER_OCTETS = 20
_HEADER, _BAND, _PAGE_END = 0x00, 0x01, 0xFF
_BLACK = 3
_JBIG_HEADER_AT = 32
_PLAIN = 0x30


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count a HIPERC document. Raises MalformedDocument or TruncatedDocument when no page is complete."""
    return as_far_as_time_allows(lambda parsed: _walk(parsed, data, start, end, context), Parsed("hiperc"), end)


def _walk(parsed: Parsed, data: "Buffer", position: int, end: int, context: Context) -> Parsed:
    inks: Inks | None = None
    plain = True
    steps = 0
    while position < end and data[position : position + 9] != UNIVERSAL_EXIT:
        if position + _HEADER_OCTETS > end:
            return records.cut_off(parsed, end)
        octets = records.number(data[position : position + 4])
        kind = records.number(data[position + 4 : position + 8])
        if octets < _HEADER_OCTETS or kind not in (_HEADER, _BAND, _PAGE_END):
            return records.lost(parsed, data, position, end)
        if position + octets > end:
            return records.cut_off(parsed, end)
        if kind == _PAGE_END:
            ended, inks = inks or Inks(_BLACK, numbered=True), None
            if not records.keep(parsed, Run(1, color=ended.color), position + octets, context):
                return parsed
        else:
            inks = inks or Inks(_BLACK, numbered=True)
            if kind == _BAND and octets > _BAND_HEADER_OCTETS:
                _band(inks, data, position, position + octets, plain)
            elif kind == _HEADER and octets > _JBIG_HEADER_AT:
                plain = data[position + _JBIG_HEADER_AT] == _PLAIN
        position += octets
        steps += 1
        if not steps % records.RECORDS_BETWEEN_CHECKS:
            context.guard.check(position)
    parsed.end = position
    return records.cut_off(parsed, position) if inks is not None or not parsed.input_pages else parsed


def _band(inks: Inks, data: "Buffer", position: int, band_end: int, plain: bool) -> None:
    ink = data[position + 12]
    if ink == _BLACK:
        # A page of black alone is told by its inks; whether it is blank is not worth reading every octet.
        inks.add(ink, b"", blank=False)
        return
    octets = data[position + _BAND_HEADER_OCTETS : band_end]
    inks.add(ink, octets, blank=inks.is_marked(ink) or (bitmap_is_blank if plain else jbig_is_blank)(octets))

# SPDX-License-Identifier: Apache-2.0
"""Minolta page streams (PagePro 1200W to 1400W, magicolor 2300W and 2400W).

    ESC | type | sequence | u16 octets | type ^ FF | payload | checksum            (little-endian)

    40 job starts   50 mode (payload octet 1: color)   51 page starts   52 band: u32 octets of data behind the packet
    55 pages end    41 job ends

Copies: none.
"""

from typing import TYPE_CHECKING

from pagetoll.core.usage import ColorClass
from pagetoll.languages.hostbased import records
from pagetoll.languages.hostbased.minolta_bands import BandColors
from pagetoll.languages.parsed import Context, Parsed, Run, as_far_as_time_allows

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_FRAME_OCTETS = 7
_HEADER_OCTETS = 6
_ESCAPE = 0x1B
_MODE, _PAGE, _BAND, _PAGES_END, _JOB_END = 0x50, 0x51, 0x52, 0x55, 0x41


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count a Minolta page stream. Raises MalformedDocument or TruncatedDocument when no page is complete."""
    return as_far_as_time_allows(lambda parsed: _walk(parsed, data, start, end, context), Parsed("minolta-w"), end)


def _walk(parsed: Parsed, data: "Buffer", position: int, end: int, context: Context) -> Parsed:
    in_color = False
    page: BandColors | None = None
    while position < end:
        if position + _FRAME_OCTETS > end:
            return records.cut_off(parsed, end)
        kind = data[position + 1]
        if data[position] != _ESCAPE or data[position + 5] != kind ^ 0xFF:
            return records.lost(parsed, data, position, end)
        payload = position + _HEADER_OCTETS
        after = payload + records.number(data[position + 3 : position + 5], "<") + 1
        body = after
        if kind == _BAND:
            after += records.number(data[payload : payload + 4], "<")
        if after > end:
            return records.cut_off(parsed, end)
        context.guard.check(position)
        if kind in (_PAGE, _PAGES_END, _JOB_END) and page is not None:
            run = Run(1, color=page.color if in_color else ColorClass.MONO)
            if not records.keep(parsed, run, position, context):
                return parsed
            page = None
        if kind == _MODE:
            in_color = data[payload + 1 : payload + 2] != b"\0"
        elif kind == _PAGE:
            # Two bits a dot.
            page = BandColors(records.number(data[payload + 4 : payload + 8], "<") // 4)
        elif kind == _BAND and page is not None and in_color:
            page.add(records.number(data[payload + 4 : payload + 5]), data[body:after])
        position = after
        if kind == _JOB_END:
            break
    parsed.end = position
    return records.cut_off(parsed, position) if page is not None or not parsed.input_pages else parsed

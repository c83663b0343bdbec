# SPDX-License-Identifier: Apache-2.0
"""HBPL version 1 (Dell 1250c, C1660w, Epson C1700, Fuji Xerox cp105b): records of fields, little-endian.

    record: one octet.   41 job, 43 page, 52 picture: fields follow   20, 51, 53: nothing   44 page ends   42 job ends
    field:  name | form | value          the last field of 41 is 83, of 43 A2, of 52 A4
    form:   A1 one octet   A2 u16   A4, C3 u32   C2 two u16   C4 two u32   B1 another form follows

94 is the paper, 9D is 9 for a monochrome page, A4 the octets of the picture that stands behind it. No real job
was there to check, so the number is an estimate. Copies come from PJL.
"""

from typing import TYPE_CHECKING

from pagetoll.core.usage import ColorClass, Confidence
from pagetoll.languages.hostbased import records
from pagetoll.languages.parsed import ANY_SIZE, Context, Parsed, Run
from pagetoll.languages.universal_exit import UNIVERSAL_EXIT

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_PAGE, _PAGE_END, _JOB_END = 0x43, 0x44, 0x42
_LAST_FIELDS = {0x41: 0x83, _PAGE: 0xA2, 0x52: 0xA4}
_WITHOUT_FIELDS = frozenset([0x20, 0x51, 0x53, _PAGE_END, _JOB_END])
_VALUE_OCTETS = {0xA1: 1, 0xA2: 2, 0xA4: 4, 0xC3: 4, 0xC2: 4, 0xC4: 8}
_ANOTHER_FORM = 0xB1
_PAPER, _INKS, _PICTURE = 0x94, 0x9D, 0xA4
_MONO = 9
_MOST_FIELDS = 256
PAPER_POINTS: dict[int, tuple[float, float]] = {
    0: (612.0, 792.0),
    1: (612.0, 1008.0),
    2: (595.0, 842.0),
    3: (522.0, 756.0),
    6: (297.0, 684.0),
    7: (279.0, 540.0),
    8: (459.0, 649.0),
    9: (312.0, 624.0),
    11: (516.0, 729.0),
    15: (420.0, 595.0),
}


def walk(parsed: Parsed, data: "Buffer", position: int, end: int, context: Context) -> Parsed:
    """Count the pages from `position` on. Raises MalformedDocument or TruncatedDocument when none is complete."""
    parsed.confidence = Confidence.ESTIMATED
    fields: dict[int, int] = {}
    open_page = False
    steps = 0
    while position < end and data[position : position + 9] != UNIVERSAL_EXIT:
        kind = data[position]
        if kind not in _LAST_FIELDS and kind not in _WITHOUT_FIELDS:
            return records.lost(parsed, data, position, end)
        position += 1
        if kind in _LAST_FIELDS:
            fields = {} if kind == _PAGE else fields
            position = _fields(data, position, end, fields, _LAST_FIELDS[kind])
            open_page = open_page or kind == _PAGE
        if position > end:
            return records.cut_off(parsed, end)
        if kind == _PAGE_END and open_page:
            if not records.keep(parsed, _page(fields), position, context):
                return parsed
            open_page = False
        elif kind == _JOB_END:
            break
        steps += 1
        if not steps % records.RECORDS_BETWEEN_CHECKS:
            context.guard.check(position)
    parsed.end = position
    return records.cut_off(parsed, position) if open_page or not parsed.input_pages else parsed


def _page(fields: dict[int, int]) -> Run:
    color = ColorClass.MONO if fields.get(_INKS) == _MONO else ColorClass.UNKNOWN
    return Run(1, color=color, media_points=PAPER_POINTS.get(fields.get(_PAPER, -1), ANY_SIZE))


def _fields(data: "Buffer", position: int, end: int, fields: dict[int, int], last: int) -> int:
    """Read the fields of a record, and step over its picture. Where they end; more than `end` when cut off."""
    for _field in range(_MOST_FIELDS):
        if position + 2 >= end:
            break
        name, form = data[position], data[position + 1]
        position += 2
        if form == _ANOTHER_FORM:
            form = data[position]
            position += 1
        octets = _VALUE_OCTETS.get(form, 0)
        if not octets:
            break
        fields[name] = records.number(data[position : position + min(octets, 4)], "<")
        position += octets
        if name == _PICTURE:
            position += fields[name]
        if name == last:
            return position
    return end + 1

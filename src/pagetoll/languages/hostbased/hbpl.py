# SPDX-License-Identifier: Apache-2.0
"""HBPL version 2 (Dell 1355, Epson CX17, Fuji Xerox), page-languages chapter 14. Numbers are little-endian.

    ESC | two letters | octets of the payload | payload

    JP job   PS page starts, then picture data   PE page ends   JE job ends   BM skipped

PS: u32 octets of the picture data at 12; for color the ends of the planes at 22, 26, 30, 34.
Copies and sides come from PJL.
"""

import re
from typing import TYPE_CHECKING

from pagetoll.core.usage import ColorClass
from pagetoll.languages.hostbased import records
from pagetoll.languages.hostbased.planes import jbig_is_blank
from pagetoll.languages.parsed import Context, Parsed, Run, as_far_as_time_allows

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_RECORD = re.compile(rb"\x1b([A-Z]{2})", re.DOTALL)
_HEADER_OCTETS = 4
_JBIG_HEADER_OCTETS = 20
_PLANE_ENDS = (22, 26, 30, 34)


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count an HBPL document. Raises MalformedDocument or TruncatedDocument when no page is complete."""
    return as_far_as_time_allows(lambda parsed: _walk(parsed, data, start, end, context), Parsed("hbpl"), end)


def _walk(parsed: Parsed, data: "Buffer", position: int, end: int, context: Context) -> Parsed:
    page: Run | None = None
    while position < end and data[position : position + 9] != records.UNIVERSAL_EXIT:
        record = _RECORD.match(data, position, end)
        if record is None:
            return records.lost(parsed, data, position, end)
        if position + _HEADER_OCTETS > end:
            return records.cut_off(parsed, end)
        body = position + _HEADER_OCTETS
        after = body + data[position + 3]
        kind = record[1]
        if kind == b"PS":
            if after > end:
                return records.cut_off(parsed, end)
            page, after = _page(data[body:after], data, after)
        if after > end:
            return records.cut_off(parsed, end)
        position = after
        if kind == b"PE" and page is not None:
            if not records.keep(parsed, page, position, context):
                return parsed
            page = None
        elif kind == b"JE":
            break
    if page is not None or not parsed.input_pages:
        return records.cut_off(parsed, position)
    parsed.end = position
    return parsed


def _page(header: bytes, data: "Buffer", position: int) -> tuple[Run, int]:
    """The page that a PS record starts, and where its picture data ends."""
    ends = [records.number(header[at : at + 4], "<") for at in _PLANE_ENDS]
    octets = max(records.number(header[12:16], "<"), *ends)
    # How colors are laid out was never seen in a real job: one plane is monochrome, more are not looked into.
    if any(ends[:-1]):
        return Run(), position + octets
    plane = data[position + _JBIG_HEADER_OCTETS : position + octets]
    return Run(1, color=ColorClass.MONO, blank=jbig_is_blank(plane) or None), position + octets

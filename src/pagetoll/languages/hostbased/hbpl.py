# SPDX-License-Identifier: Apache-2.0
"""HBPL version 2 (Dell 1355, Epson CX17, Fuji Xerox). Numbers are little-endian.

    ESC | two letters | octets of the payload | payload

    JP job   PS page starts, then picture data   PE page ends   JE job ends   BM skipped

PS: u32 octets of the picture data at 12, paper at 16, u32 octets of the yellow, magenta, cyan and black plane at 22,
26, 30 and 34 (each a JBIG header and its data, one behind the other). The payload of JP has 60 octets in any case.
Copies and sides come from PJL.
"""

import re
from typing import TYPE_CHECKING

from pagetoll.languages.hostbased import hbpl_first, records
from pagetoll.languages.hostbased.planes import Inks, jbig_is_blank
from pagetoll.languages.parsed import ANY_SIZE, Context, Parsed, Run, as_far_as_time_allows
from pagetoll.languages.universal_exit import UNIVERSAL_EXIT

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_RECORD = re.compile(rb"\x1b([A-Z]{2})", re.DOTALL)
_HEADER_OCTETS = 4
_JBIG_HEADER_OCTETS = 20
_JOB_OCTETS = 60
_PAPER_AT = 16
_PLANES_AT = (22, 26, 30, 34)
_BLACK = 34
_PAPER_POINTS: dict[int, tuple[float, float]] = {
    1: (595.0, 842.0),
    2: (516.0, 729.0),
    3: (420.0, 595.0),
    4: (612.0, 792.0),
    5: (522.0, 756.0),
    7: (612.0, 1008.0),
    9: (297.0, 684.0),
    10: (279.0, 540.0),
    11: (459.0, 649.0),
    12: (312.0, 624.0),
}


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count an HBPL document. Raises MalformedDocument or TruncatedDocument when no page is complete."""
    walk = _walk if data[start] == 0x1B else hbpl_first.walk
    return as_far_as_time_allows(lambda parsed: walk(parsed, data, start, end, context), Parsed("hbpl"), end)


def _walk(parsed: Parsed, data: "Buffer", position: int, end: int, context: Context) -> Parsed:
    page: Run | None = None
    while position < end and data[position : position + 9] != UNIVERSAL_EXIT:
        record = _RECORD.match(data, position, end)
        if record is None:
            return records.lost(parsed, data, position, end)
        if position + _HEADER_OCTETS > end:
            return records.cut_off(parsed, end)
        body = position + _HEADER_OCTETS
        kind = record[1]
        after = body + (_JOB_OCTETS if kind == b"JP" else data[position + 3])
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
    inks = Inks(_BLACK, numbered=True)
    after = position + records.number(header[12:16], "<")
    at = position
    for ink in _PLANES_AT:
        octets = records.number(header[ink : ink + 4], "<")
        plane = data[at + _JBIG_HEADER_OCTETS : min(at + octets, after)]
        if octets:
            inks.add(ink, plane, blank=jbig_is_blank(plane))
        at = min(at + octets, after)
    media = _PAPER_POINTS.get(header[_PAPER_AT] if len(header) > _PAPER_AT else 0, ANY_SIZE)
    return Run(1, color=inks.color, media_points=media, blank=inks.blank), after

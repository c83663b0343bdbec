# SPDX-License-Identifier: Apache-2.0
"""PCX (one page) and DCX, which is a table of offsets to PCX pictures and was used for fax.

PCX: 10, version, coding, bits a plane, window (4 x 16 bit) at 4, 0 at 64, planes at 65, octets a line at 66. Its
first octet looks like an empty line and was taken for padding when the document is recognised.
"""

import struct
from typing import TYPE_CHECKING

from pagetoll.core.errors import MalformedDocument
from pagetoll.core.usage import ColorClass
from pagetoll.languages.documents.images.colors import picture_color
from pagetoll.languages.parsed import Context, Parsed, Run
from pagetoll.languages.universal_exit import next_exit

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_MOST_PAGES = 1023


def looks_like_pcx(data: "Buffer", start: int, end: int) -> bool:
    """Whether the octet before `start` begins a PCX header."""
    at = start - 1
    if at < 0 or at + 128 > end or data[at] != 10:
        return False
    left, top, right, bottom = struct.unpack_from("<4H", data, at + 4)
    planes, line = data[at + 65], struct.unpack_from("<H", data, at + 66)[0]
    needed = ((right - left + 1) * data[at + 3] + 7) // 8
    return bool(left <= right and top <= bottom and data[at + 64] == 0 and planes in (1, 2, 3, 4) and line >= needed)


def parse_pcx(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """One page; mono where it has one plane of one bit."""
    stop = next_exit(data, start, end)
    parsed = Parsed("image", stop)
    parsed.add(Run(color=_color(data, start - 1, stop, context)))
    return parsed


def _color(data: "Buffer", at: int, end: int, context: Context) -> ColorClass:
    if data[at + 3] == 1 and data[at + 65] == 1:
        return ColorClass.MONO
    return picture_color(data, at, end, context.guard)


def parse_dcx(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """A page for each offset of the table that leads to a PCX header. Raises MalformedDocument without one."""
    parsed = Parsed("image", next_exit(data, start, end))
    for number in range(_MOST_PAGES):
        place = start + 4 + 4 * number
        if place + 4 > end:
            break
        offset = struct.unpack_from("<I", data, place)[0]
        if not offset:
            break
        at = start + offset
        if at + 128 > end or data[at] != 10:
            parsed.at_least("truncated", min(at, end))
            break
        following = struct.unpack_from("<I", data, place + 4)[0] if place + 8 <= end else 0
        parsed.add(Run(color=_color(data, at, start + following if following > offset else parsed.end, context)))
    if not parsed.runs:
        raise MalformedDocument("the DCX file has no page", start)
    return parsed

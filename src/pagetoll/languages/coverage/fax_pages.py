# SPDX-License-Identifier: Apache-2.0
"""The pixels of structured fax files (SFF): lines of T.4 in one dimension, each from a whole octet on.

    page header: 254, length, resolution down, across, coding 0, 0, pixels of a line (16 bit), lines (16 bit) ...

That is how the lines of a TIFF lie in compression 2 with the lowest bit first, so a page becomes one in memory and
Pillow decodes it. Lines without a record of their own are white.
"""

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pagetoll.languages.coverage.pdf_pages import UNSEEN, Seen
from pagetoll.languages.coverage.picture_pages import frames
from pagetoll.languages.coverage.spaces import FULL, PixelSums
from pagetoll.languages.documents.images import colors
from pagetoll.languages.limits import Guard
from pagetoll.languages.parsed import Context, Parsed

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

LANGUAGES = frozenset(["fax"])
_MAGIC = b"Sfff"
_PAGE, _USER = 254, 255
_LONGEST_SHORT_LINE = 216
_PAGE_HEADER = struct.Struct("<4B2H")
_MOST_PIXELS = colors.MOST_PIXELS


def pages(data: "Buffer", start: int, parsed: Parsed, context: Context) -> Iterator[Seen]:
    """The pages of `data[start:parsed.end]`; those in another coding, and all of DigiFAX, are unseen."""
    octets = bytes(data[start : parsed.end])
    if not octets.startswith(_MAGIC):
        return
    position = max(20, int.from_bytes(octets[10:12], "little"))
    while position + 2 <= len(octets) and octets[position] == _PAGE and octets[position + 1]:
        if context.guard.expired():
            return
        head = octets[position + 2 : position + 2 + octets[position + 1]]
        lines, blank, position = _lines(octets, position + 2 + len(head))
        yield _seen(head, lines, blank, context.guard)


def _lines(octets: bytes, position: int) -> tuple[list[bytes], int, int]:
    """The coded lines of a page, how many white ones there are besides, and where the page ends."""
    lines: list[bytes] = []
    blank = 0
    while position < len(octets) and (kind := octets[position]) != _PAGE:
        position += 1
        length = kind
        if kind == 0:
            length = int.from_bytes(octets[position : position + 2], "little")
            position += 2
        elif kind == _USER:
            position += 1 + int.from_bytes(octets[position : position + 1], "little")
            continue
        elif kind > _LONGEST_SHORT_LINE:
            blank += kind - _LONGEST_SHORT_LINE
            continue
        lines.append(octets[position : position + length])
        position += length
    return lines, blank, position


def _seen(head: bytes, lines: list[bytes], blank: int, guard: Guard) -> Seen:
    if len(head) < _PAGE_HEADER.size:
        return UNSEEN
    _down, _across, coding, _reserved, columns, _stated = _PAGE_HEADER.unpack_from(head)
    if coding or not columns or columns * (len(lines) + blank) > _MOST_PIXELS:
        return UNSEEN
    light = FULL * columns * blank
    total = PixelSums(columns * blank, light, light, light, light)
    if lines:
        drawn = next(frames(_tiff(columns, lines), guard), UNSEEN)
        if drawn.sums is None:
            return UNSEEN
        total += drawn.sums
    return Seen(False, total)


def _tiff(columns: int, lines: list[bytes]) -> bytes:
    """A TIFF of one strip: compression 2, white is 0, the lowest bit first."""
    strip = b"".join(lines)
    tags = {256: columns, 257: len(lines), 258: 1, 259: 2, 262: 0, 266: 2, 273: 0, 277: 1, 278: len(lines)}
    tags[279] = len(strip)
    tags[273] = 8 + 2 + 12 * len(tags) + 4
    entries = b"".join(struct.pack("<2H2I", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + strip

# SPDX-License-Identifier: Apache-2.0
"""Epson ESC/P-R of photo and office ink-jets.

    ESC @  ESC ( R 6 0 0 ESCPR   ESC class LE32-length name data  ...

    class (1) | length (4) | name (4)                 | data (length)
    p         | 0          | sttp                     |
    d         | n          | dsnd  x y (16 bit each)  | coded 0 or 1 | octets (16 bit) | a row of pixels
    p         | 1          | endp                     | whether another page follows

Pages are the `endp` records, copies are repeated pages. Rows are RGB, raw or run-length coded pixel by pixel.
"""

import struct
from typing import TYPE_CHECKING

from pagetoll.core.errors import MalformedDocument, TruncatedDocument
from pagetoll.core.usage import ColorClass
from pagetoll.languages.command_printers.dialect import Dialect, Walk, skip, table, walk_document
from pagetoll.languages.command_printers.ejl import skip_ejl
from pagetoll.languages.command_printers.escp import extended
from pagetoll.languages.parsed import ANY_SIZE, Context, Parsed, Run
from pagetoll.languages.pixels import Channels

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_ENTRY = b"\x1b(R\x06\x00\x00ESCPR"
_SEARCHED_OCTETS = 8192
_ROW_HEADER_OCTETS = 7
_RGB = Channels(3, (0, 1, 2))
_JOB = struct.Struct(">II12xB")
_DOTS_AN_INCH = {0: 360, 1: 720, 2: 300, 3: 600}
_OPEN, _COLORED, _UNREAD = "page", "colored", "unread"


def begins(data: "Buffer", start: int, end: int) -> bool:
    """Whether the set-up at `start` enters ESC/P-R."""
    return data.find(_ENTRY, start, min(end, start + _SEARCHED_OCTETS)) >= 0


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count the ESC/P-R document in `data[start:end]`, up to a universal exit.

    Raises TruncatedDocument, MalformedDocument or DocumentTooComplex when not one page is complete.
    """
    parsed = walk_document(data, start, end, context, DIALECT, _TEXT)
    parsed.language = "escpr"
    return parsed


def _record(walk: Walk, position: int) -> int:
    """Length, name and data behind ESC and the class."""
    length = int.from_bytes(walk.piece(position, 4), "little")
    name = walk.piece(position + 4, 4)
    body = position + 8
    if not name.isalnum():
        raise MalformedDocument("an ESC/P-R record has no name", position)
    behind = body + length
    if behind > walk.end:
        raise TruncatedDocument("the data ends within a record; send the job again", walk.end)
    if name == b"sttp":
        walk.number[_OPEN] = 1
        walk.fed = True
    elif name == b"setj" and length >= _JOB.size:
        paper(walk, body)
    elif name == b"dsnd":
        _row(walk, walk.piece(body, length))
    elif name == b"endp":
        _end_page(walk, behind)
    elif name[1:] == b"snd":
        walk.marked = True
        walk.number[_UNREAD] = 1
    return behind


def paper(walk: Walk, position: int) -> None:
    """Set the paper's width and height in dots, and the resolution, which comes behind the margins."""
    width, height, resolution = _JOB.unpack(walk.piece(position, _JOB.size))
    walk.number["width"], walk.number["height"] = width, height
    walk.number["dots an inch"] = _DOTS_AN_INCH.get(resolution, 0)


def _media(walk: Walk) -> tuple[float, float]:
    dots = walk.number.get("dots an inch", 0)
    if not dots:
        return ANY_SIZE
    return round(walk.number["width"] * 72 / dots), round(walk.number["height"] * 72 / dots)


def _end_page(walk: Walk, position: int) -> None:
    color = ColorClass.UNKNOWN if walk.number.get(_UNREAD) else ColorClass.MONO
    if walk.number.get(_COLORED):
        color = ColorClass.COLOR
    walk.parsed.add(Run(1, None, color=color, media_points=_media(walk), blank=not walk.marked))
    walk.parsed.page_ends.append(position)
    for name in (_OPEN, _COLORED, _UNREAD):
        walk.number.pop(name, None)
    walk.marked = walk.fed = False


def _row(walk: Walk, record: bytes) -> None:
    """Look at one row, unless the page is known to be in color."""
    if walk.number.get(_COLORED) or len(record) <= _ROW_HEADER_OCTETS:
        return
    pixels = record[_ROW_HEADER_OCTETS:]
    if record[4] == 1:
        pixels = _kinds_of_pixels(pixels)
    if len(pixels) % 3:
        walk.number[_UNREAD], walk.marked = 1, True
        return
    if pixels.count(0xFF) != len(pixels):
        walk.marked = True
        if _RGB.chunky_colored(pixels):
            walk.number[_COLORED] = 1


def _kinds_of_pixels(coded: bytes) -> bytes:
    """The pixels of run-length coded rows, repeated ones once."""
    pieces = []
    position, end = 0, len(coded)
    while position < end:
        counter = coded[position]
        stop = position + 1 + 3 * (counter + 1 if counter < 128 else 1)
        pieces.append(coded[position + 1 : stop])
        position = stop
    return b"".join(pieces)


DIALECT = Dialect(
    "escpr",
    table(
        (b"@", skip(0)),
        (b"(", extended),
        (b"\x00", skip(2)),
        (b"\x01", skip_ejl),
        (bytes(range(0x61, 0x7B)), _record),
    ),
)
_TEXT = DIALECT.text_pattern()

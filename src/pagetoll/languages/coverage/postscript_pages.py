# SPDX-License-Identifier: Apache-2.0
"""The pixels of PostScript pages: a renderer's Netpbm pictures, one behind the other, read as they come.

    P4 columns rows LF bits, 1 is black
    P5 columns rows 255 LF grey
    P6 columns rows 255 LF red green blue

Lines that begin with # between the numbers are comments. The renderer paints every pixel that a shape touches, so
thin colored lines do not fade at any resolution.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy

from pagetoll.core.errors import DocumentError, MalformedDocument
from pagetoll.languages.coverage.canvas import MOST_PIXELS
from pagetoll.languages.coverage.pdf_pages import Look, Seen
from pagetoll.languages.coverage.spaces import FULL, Pixels, PixelSums, grey_sums, rgb_sums
from pagetoll.languages.limits import Guard, PixelRenderer
from pagetoll.languages.parsed import Parsed
from pagetoll.languages.postscript import DOS_EPS, TAGGED_BINARY, untag

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

COLOR_DPI = 72
LEAST_DPI = 300
"""The renderer does not antialias: text has a fifth too much ink at 72 dpi, thin lines a quarter at 150 dpi."""
_SPACE = rb"(?:[ \t\r\n]|#[^\n]*\n)+"
_HEAD = re.compile(rb"P([456])" + _SPACE + rb"(\d{1,6})" + _SPACE + rb"(\d{1,6})[ \t\r\n]")
_DEPTH = re.compile(rb"(?:[ \t\r\n]|#[^\n]*\n)*255[ \t\r\n]")
_LONGEST_HEAD = 2000


def pages(
    data: "Buffer", start: int, parsed: Parsed, look: Look, render: PixelRenderer, guard: Guard
) -> Iterator[Seen]:
    """The pages of the PostScript job `data[start:parsed.end]`, in order; fewer where the program fails or its
    pictures do not match the pages that were counted."""
    program = _program(data, start, parsed.end)
    resolution_dpi = COLOR_DPI if look.resolution_dpi is None else max(LEAST_DPI, look.resolution_dpi)
    seen: list[Seen] = []
    with suppress(DocumentError), memoryview(program) as view:
        for sums in pictures(render(view, resolution_dpi)):
            seen.append(Seen(sums.colored, sums))
            if guard.expired():
                break
    yield from _one_per_page(seen, parsed)


def _program(data: "Buffer", start: int, end: int) -> bytes:
    octets = bytes(data[start:end])
    if octets[:4] == DOS_EPS:
        offset, length = (int.from_bytes(octets[at : at + 4], "little") for at in (4, 8))
        return octets[offset : offset + length]
    return untag(octets[2:]) if octets[:2] == TAGGED_BINARY else octets


def _one_per_page(seen: list[Seen], parsed: Parsed) -> Iterator[Seen]:
    """A printer language's device paints each copy of a page where the program itself asks for copies."""
    copies = sum(run.length * (run.copies or 1) for run in parsed.runs)
    if len(seen) <= parsed.input_pages or len(seen) != copies:
        yield from seen[: parsed.input_pages]
        return
    position = 0
    for run in parsed.runs:
        for _ in range(run.length):
            yield seen[position]
            position += run.copies or 1


def pictures(pieces: Iterable[bytes]) -> Iterator[PixelSums]:
    """The sums of each picture in a stream of pictures; one that is not complete is left out.

    Raises MalformedDocument for what is no picture, and whatever the renderer raises.
    """
    pending = bytearray()
    wanted = 0
    for piece in pieces:
        pending += piece
        while len(pending) > wanted:
            head = _head(pending)
            if head is None:
                if len(pending) > _LONGEST_HEAD:
                    raise MalformedDocument("the renderer's answer is no picture")
                break
            kind, columns, rows, body = head
            if columns * rows > MOST_PIXELS:
                raise MalformedDocument("a page is too large to be looked at")
            wanted = body + rows * _octets_per_row(kind, columns)
            if len(pending) < wanted:
                wanted -= 1
                break
            with memoryview(pending) as view:
                octets = bytes(view[body:wanted])
            yield _sums(kind, columns, rows, octets)
            del pending[:wanted]
            wanted = 0


def _head(pending: bytearray) -> tuple[int, int, int, int] | None:
    """Kind, columns, rows and where the pixels begin."""
    found = _HEAD.match(pending)
    if found is None:
        return None
    kind, columns, rows = map(int, found.groups())
    if kind == 4:
        return kind, columns, rows, found.end()
    depth = _DEPTH.match(pending, found.end() - 1)
    return None if depth is None else (kind, columns, rows, depth.end())


def _octets_per_row(kind: int, columns: int) -> int:
    return {4: (columns + 7) // 8, 5: columns, 6: 3 * columns}[kind]


def _sums(kind: int, columns: int, rows: int, octets: bytes) -> PixelSums:
    if kind == 6:
        return rgb_sums(numpy.frombuffer(octets, numpy.uint8).reshape(rows, columns, 3))
    if kind == 5:
        return grey_sums(numpy.frombuffer(octets, numpy.uint8).reshape(rows, columns))
    return black_sums(numpy.frombuffer(octets, numpy.uint8).reshape(rows, -1), columns)


_BITS = numpy.array([octet.bit_count() for octet in range(256)], numpy.uint8)


def black_sums(packed: Pixels, columns: int) -> PixelSums:
    """The sums of rows of bits, 1 for black; bits behind the last column do not count."""
    if columns % 8:
        packed = packed.copy()
        packed[:, -1] &= (0xFF00 >> columns % 8) & 0xFF
    black = int(_BITS[packed].sum(dtype=numpy.uint64))
    pixels = packed.shape[0] * columns
    light = (pixels - black) * FULL
    return PixelSums(pixels, light, light, light, light)

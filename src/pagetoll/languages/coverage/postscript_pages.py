# SPDX-License-Identifier: Apache-2.0
"""The pixels of PostScript pages: a renderer's Netpbm pictures, one behind the other, read as they come.

    P4 columns rows LF bits, 1 is black
    P5 columns rows 255 LF grey
    P6 columns rows 255 LF red green blue

Lines that begin with # between the numbers are comments. Below FAIR_DPI the renderer paints every pixel that a
shape touches, so that no color is lost, but lines become too heavy. From FAIR_DPI on it paints the pixels whose
middle a shape covers: the right amount of ink at every resolution, but a filled shape thinner than a pixel may
vanish. So ink is measured on a fair picture, and where that shows no color though the program used one, a small
picture of the first kind decides about the color.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy

from pagetoll.core.errors import DocumentError, MalformedDocument
from pagetoll.core.usage import ColorClass
from pagetoll.languages.coverage.canvas import MOST_PIXELS
from pagetoll.languages.coverage.pdf_pages import Look, Seen
from pagetoll.languages.coverage.rendered_pages import Picture, RenderedPages
from pagetoll.languages.coverage.spaces import FULL, Pixels, PixelSums, grey_sums, rgb_sums
from pagetoll.languages.limits import FAIR_DPI, Guard, PixelRenderer
from pagetoll.languages.parsed import Context, Parsed
from pagetoll.languages.postscript import DOS_EPS, TAGGED_BINARY, untag

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

COLOR_DPI = 72
_SPACE = rb"(?:[ \t\r\n]|#[^\n]*\n)+"
_HEAD = re.compile(rb"P([456])" + _SPACE + rb"(\d{1,6})" + _SPACE + rb"(\d{1,6})[ \t\r\n]")
_DEPTH = re.compile(rb"(?:[ \t\r\n]|#[^\n]*\n)*255[ \t\r\n]")
_LONGEST_HEAD = 2000


def pages(
    data: "Buffer", start: int, parsed: Parsed, look: Look, render: PixelRenderer, context: Context
) -> Iterator[Seen]:
    """The pages of the PostScript job `data[start:parsed.end]`, in order; fewer where the program fails or its
    pictures do not match the pages that were counted."""
    program = _program(data, start, parsed.end)
    surely_grey = [run.color is ColorClass.MONO for run in parsed.runs for _page in range(run.length)]
    coarse = look.resolution_dpi is None
    with memoryview(program) as view:
        painted = _heard(view, parsed, context)
        fair = painted is not None or not coarse
        if painted is None:
            resolution_dpi = COLOR_DPI if look.resolution_dpi is None else max(FAIR_DPI, look.resolution_dpi)
            grey = {"grey": True} if all(surely_grey) else {}
            painted = _one_per_page(_painted(render(view, resolution_dpi, **grey), context.guard), parsed)
        hidden = [
            picture.color_used and not picture.sums.colored and not sure
            for picture, sure in zip(painted, surely_grey, strict=False)
        ]
        colors = painted
        if fair and any(hidden):
            colors = _one_per_page(_painted(render(view, COLOR_DPI), context.guard), parsed)
    for number, picture in enumerate(painted):
        colored: bool | None = picture.sums.colored
        if hidden[number]:
            colored = colors[number].sums.colored if number < len(colors) else None
        yield Seen(colored, replace(picture.sums, colored=bool(colored)))


def _heard(program: memoryview, parsed: Parsed, context: Context) -> list[Picture] | None:
    """The pictures that were painted while the program was run to be counted, or is run now where there was no need
    to; None where they are too coarse, or not all there."""
    heard = parsed.heard
    if heard is None and context.listener is not None and context.render_postscript is not None:
        heard = context.listener(context.guard)
        if heard is not None:
            with suppress(DocumentError):
                for piece in context.render_postscript(program):
                    heard.feed(piece)
    if not isinstance(heard, RenderedPages) or heard.failed or len(heard.pictures) != parsed.input_pages:
        return None
    return heard.pictures


def _painted(rendered: Iterable[bytes], guard: Guard) -> list[Picture]:
    """The pictures that come until the program fails or the time is over."""
    painted: list[Picture] = []
    with suppress(DocumentError):
        for picture in pictures(rendered):
            painted.append(picture)
            if guard.expired():
                break
    return painted


def _program(data: "Buffer", start: int, end: int) -> bytes:
    octets = bytes(data[start:end])
    if octets[:4] == DOS_EPS:
        offset, length = (int.from_bytes(octets[at : at + 4], "little") for at in (4, 8))
        return octets[offset : offset + length]
    return untag(octets[2:]) if octets[:2] == TAGGED_BINARY else octets


def _one_per_page(painted: list[Picture], parsed: Parsed) -> list[Picture]:
    """A printer language's device paints each copy of a page where the program itself asks for copies."""
    copies = sum(run.length * (run.copies or 1) for run in parsed.runs)
    if len(painted) <= parsed.input_pages or len(painted) != copies:
        return painted[: parsed.input_pages]
    kept = []
    position = 0
    for run in parsed.runs:
        for _ in range(run.length):
            kept.append(painted[position])
            position += run.copies or 1
    return kept


def pictures(pieces: Iterable[bytes]) -> Iterator[Picture]:
    """The pictures in a stream of them; one that is not complete is left out.

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
            with memoryview(pending) as view, view[body:wanted] as octets:
                sums = _sums(kind, columns, rows, octets)
            yield Picture(sums, color_used=kind == 6)
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


def _sums(kind: int, columns: int, rows: int, octets: memoryview) -> PixelSums:
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

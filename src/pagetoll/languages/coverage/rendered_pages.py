# SPDX-License-Identifier: Apache-2.0
"""The pages of PostScript as the run that counts them draws them: Ghostscript's PCL XL, painted on the way.

Ghostscript spends nearly all its time on the program and next to none on writing PCL XL, so the pages that it
writes anyway are painted here instead of having it run the program again for pictures. Source: HP PCL XL Feature
Reference, protocol class 2.0. Only what Ghostscript's device writes for letters, boxes, polygons and clips of one
box is known; anything else (images, patterns, round clips) ends the painting, and the pages are painted by
Ghostscript.

Letters are bit maps and all coordinates are whole pixels, so the resolution has to be FAIR_DPI or more. It has to
differ between the axes, too: then lines come as polygons, else with their width cut to whole pixels.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pagetoll.languages import pclxl_tokens as xl
from pagetoll.languages.coverage import rendered_phrases as phrases
from pagetoll.languages.coverage.bitmap_letters import Letters, NotPaintable
from pagetoll.languages.coverage.canvas import MOST_PIXELS
from pagetoll.languages.coverage.ink_canvas import InkCanvas, Rgb
from pagetoll.languages.coverage.ink_layers import Box
from pagetoll.languages.coverage.rendered_commands import END, READ_FONT, READ_LETTER, command_at
from pagetoll.languages.coverage.rendered_path import (
    DRAWN,
    NEW_PATH,
    POINT,
    Attributes,
    Path,
    Ring,
    as_box,
)
from pagetoll.languages.coverage.spaces import PixelSums
from pagetoll.languages.limits import FAIR_DPI, Guard
from pagetoll.languages.pixels import TOLERANCE

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

_HEADER = b") HP-PCL XL;"
_LONGEST_HEADER = 4096
_LONGEST_COMMAND = 1 << 20
_MOST_COMMANDS = 50_000
"""On a page; Ghostscript's own painting is faster than more of them."""
_MOVE = 0xD3
_LETTER_HEAD = struct.Struct(">HhhHH")

_MEASURE, _UNITS, _ORIENTATION = 0x86, 0x89, 0x28
_BOX = 0x42
_GREY_LEVEL, _NULL_BRUSH, _NULL_PEN, _FILL_MODE, _ROP = 0x09, 0x04, 0x05, 0x46, 0x2C
_FONT_NAME, _CHARACTER, _CHARACTER_SIZE, _TEXT = 0xA8, 0xA2, 0xA6, 0xAB
_CLIP_REGION = 0x53
_PLAIN_ROPS = frozenset([204, 240, 252])


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: its sums, and whether the renderer met a color on the page, be it one that shows or not."""

    sums: PixelSums
    color_used: bool


class RenderedPages:
    """A `Listener`. `pictures`: one of each page that counts, at most `most_pages`.

    `failed`: something could not be painted, or half of the time is over; the pictures mean nothing then.
    """

    def __init__(self, guard: Guard, most_pages: int) -> None:
        self.pictures: list[Picture] = []
        self.failed = False
        self._most_pages = most_pages
        self._guard = guard
        self._buffer = b""
        self._started = False
        self._units: tuple[int, int] = (0, 0)
        self._letters = Letters()
        self._filled_font = 0
        self._canvas: InkCanvas | None = None
        self._on_page = False
        self._start_page()

    def _start_page(self) -> None:
        self._font = 0
        self._commands = 0
        self._rgb = False
        self._brush: Rgb | None = (0, 0, 0)
        self._chosen = False
        self._pen: Rgb | None = (0, 0, 0)
        self._path = Path()
        self._even_odd = False
        self._colored = False

    def feed(self, octets: bytes) -> None:
        """Take the next octets, whatever they are."""
        if self.failed:
            return
        if self._guard.half_spent():
            self._give_up()
            return
        try:
            self._buffer = self._walk(self._buffer + octets if self._buffer else octets)
        except (NotPaintable, ValueError, LookupError, OverflowError, MemoryError, struct.error):
            self._give_up()

    def _give_up(self) -> None:
        self.failed = True
        self._buffer, self._canvas, self._letters = b"", None, Letters()

    def _walk(self, buffer: bytes) -> bytes:
        """Obey whole commands; what is left of the last, incomplete one."""
        position, size = 0, len(buffer)
        if not self._started:
            header = buffer.find(_HEADER)
            position = buffer.find(b"\n", header) + 1 if header >= 0 else 0
            if not position:
                if size > _LONGEST_HEADER:
                    raise NotPaintable
                return buffer
            self._started = True
        while position < size:
            phrase = phrases.PHRASE.match(buffer, position)
            if phrase is not None and (end := _PHRASES[str(phrase.lastgroup)](self, phrase, buffer)):
                position = end
                continue
            end = self._command(buffer, position, size)
            if end == position:
                break
            position = end
        if size - position > _LONGEST_COMMAND:
            raise NotPaintable
        return buffer[position:]

    def _write_words(self, phrase: "re.Match[bytes]", _buffer: bytes) -> int:
        self._write(phrase[0])
        return phrase.end()

    def _write(self, words: bytes) -> None:
        if self._brush is not None:
            self._inked().write(words, self._font)

    def _new_letter(self, phrase: "re.Match[bytes]", buffer: bytes) -> int:
        """Returns where it ended, 0 when it is not all there."""
        first = phrase.end()
        last = first + int.from_bytes(phrase["new_octets"] or phrase["new_long_octets"], "little")
        word = phrases.WORD_END.match(buffer, last)
        if word is None:
            return 0
        code = int.from_bytes(phrase["new_code"][1:], "little")
        self._add_letter(self._letters.font(phrase["new_font"]), code, buffer[first:last])
        self._write(phrase["new_move"] + word[1])
        return word.end()

    def _clip_from_zero(self, phrase: "re.Match[bytes]", _buffer: bytes) -> int:
        self._clip_to(phrases.box_from_zero(phrase["column"], phrase["row"]))
        self._path.clear()
        return phrase.end()

    def _boxed(self, phrase: "re.Match[bytes]", _buffer: bytes) -> int:
        self._clip_to(phrases.box_from_zero(phrase["boxed_column"], phrase["boxed_row"]))
        self._path.clear()
        self._fill_box(phrases.BOX.unpack(phrase["box"]))
        self._clip_to(phrases.BOX.unpack(phrase["clip_box"]))
        self._write(phrase["boxed_move"] + phrase["boxed_text"])
        return phrase.end()

    def _ring(self, phrase: "re.Match[bytes]", buffer: bytes) -> int:
        """A new path of one ring. Returns where it ended, 0 when it is not all there."""
        last = self._path.take(phrase, buffer)
        painted = phrases.PAINTED.match(buffer, last) if last else None
        if painted is None:
            return last
        self._paint_rings(self._path.rings())
        return painted.end()

    def _corner(self, phrase: "re.Match[bytes]", _buffer: bytes) -> int:
        self._path.clear()
        self._paint_rings([[n for name in ("first", "second", "third") for n in phrases.POINT.unpack(phrase[name])]])
        return phrase.end()

    def _command(self, buffer: bytes, position: int, size: int) -> int:
        """One command with the data that follows it. Returns where it ended, or `position` when it is incomplete."""
        self._commands += 1
        if self._commands > _MOST_COMMANDS:
            raise NotPaintable
        command = command_at(buffer, position, size)
        if command is None:
            return position
        if command.operator in DRAWN:
            self._path.extend(command.operator, command.attributes, command.data)
        elif command.operator == READ_LETTER:
            self._add_letter(self._filled_font, _number(command.attributes, _CHARACTER), command.data)
        else:
            _OPERATORS[command.operator](self, command.attributes)
        return command.end

    def _nothing(self, _attributes: Attributes) -> None:
        """What has no bearing on the ink."""

    def _begin_session(self, attributes: Attributes) -> None:
        columns, rows = struct.unpack("<2H", attributes[_UNITS][1])
        if _number(attributes, _MEASURE) != 0 or min(columns, rows) < FAIR_DPI or columns == rows:
            raise NotPaintable
        self._units = (columns, rows)

    def _begin_page(self, attributes: Attributes) -> None:
        if self._guard.half_spent() or len(self.pictures) >= self._most_pages:
            raise NotPaintable
        if xl.ATTR_CUSTOM_SIZE in attributes:
            tag, octets = attributes[xl.ATTR_CUSTOM_SIZE]
            unit = xl.UNIT_POINTS[_number(attributes, xl.ATTR_CUSTOM_UNITS)]
            width, height = (unit * side for side in struct.unpack("<2" + "BHIhif"[tag & 7], octets))
        else:
            width, height = xl.MEDIA_POINTS[_number(attributes, xl.ATTR_MEDIA_SIZE)]
        if _number(attributes, _ORIENTATION) & 1:
            width, height = height, width
        columns, rows = round(width * self._units[0] / 72), round(height * self._units[1] / 72)
        if columns < 1 or rows < 1 or columns * rows > MOST_PIXELS:
            raise NotPaintable
        self._start_page()
        if self._canvas is not None and self._on_page:
            self._canvas.finish()
        self._letters.forget_old()
        if self._canvas is None or (self._canvas.columns, self._canvas.rows) != (columns, rows):
            self._canvas = InkCanvas(columns, rows, self._letters, self._guard.half_spent)
        self._on_page = True

    def _end_page(self, attributes: Attributes) -> None:
        sums = self._page().finish()
        if xl.ATTR_PAGE_COPIES in attributes:  # without it, it was never shown
            self.pictures.append(Picture(sums, self._colored))
        self._on_page = False

    def _page(self) -> InkCanvas:
        if self._canvas is None or not self._on_page:
            raise NotPaintable
        return self._canvas

    def _color_space(self, attributes: Attributes) -> None:
        self._rgb = _number(attributes, xl.ATTR_COLOR_SPACE) == 2
        if xl.ATTR_PALETTE_DATA in attributes:
            raise NotPaintable

    def _source(self, attributes: Attributes, null: int) -> Rgb | None:
        if null in attributes:
            return None
        if self._rgb:
            red, green, blue = attributes[xl.ATTR_RGB_COLOR][1]
            return red, green, blue
        grey = _number(attributes, _GREY_LEVEL)
        return grey, grey, grey

    def _set_brush(self, attributes: Attributes) -> None:
        self._brush = self._source(attributes, _NULL_BRUSH)
        self._chosen = False

    def _set_pen(self, attributes: Attributes) -> None:
        self._pen = self._source(attributes, _NULL_PEN)

    def _set_rop(self, attributes: Attributes) -> None:
        if _number(attributes, _ROP) not in _PLAIN_ROPS:
            raise NotPaintable

    def _set_fill_mode(self, attributes: Attributes) -> None:
        self._even_odd = _number(attributes, _FILL_MODE) == 1

    def _set_clip_box(self, attributes: Attributes) -> None:
        self._clip(attributes, phrases.BOX.unpack(attributes[_BOX][1]))

    def _set_clip(self, attributes: Attributes) -> None:
        """Only one box can be a clip."""
        rings = self._path.rings()
        box = as_box(rings[0]) if len(rings) == 1 else None
        if box is None:
            raise NotPaintable
        self._clip(attributes, box)

    def _clip(self, attributes: Attributes, box: Box) -> None:
        if _number(attributes, _CLIP_REGION) != 0:
            raise NotPaintable
        self._clip_to(box)

    def _clip_to(self, box: Box) -> None:
        page = self._page()
        page.clip = (max(0, box[0]), max(0, box[1]), min(box[2], page.columns), min(box[3], page.rows))

    def _set_cursor(self, attributes: Attributes) -> None:
        self._path.move(attributes[POINT][1])

    def _new_path(self, _attributes: Attributes) -> None:
        self._path.clear()

    def _paint_path(self, _attributes: Attributes) -> None:
        self._paint_rings(self._path.rings())

    def _paint_rings(self, rings: list[Ring]) -> None:
        if self._pen is not None and rings:
            raise NotPaintable
        if self._brush is None or not rings:
            return
        page = self._inked()
        box = as_box(rings[0]) if len(rings) == 1 else None
        if box is not None:
            page.fill_box(box)
        else:
            page.fill(rings, even_odd=self._even_odd)

    def _rectangle(self, attributes: Attributes) -> None:
        self._fill_box(phrases.BOX.unpack(attributes[_BOX][1]))

    def _fill_box(self, box: Box) -> None:
        if self._pen is not None:
            raise NotPaintable
        if self._brush is not None:
            self._inked().fill_box(box)

    def _inked(self) -> InkCanvas:
        """The page, ready to be painted on with the brush."""
        page = self._page()
        if not self._chosen:
            if self._brush is None:
                raise NotPaintable
            page.choose(self._brush)
            self._colored |= max(self._brush) - min(self._brush) > TOLERANCE
            self._chosen = True
        return page

    def _begin_font(self, attributes: Attributes) -> None:
        self._letters.begin_font(attributes[_FONT_NAME][1])

    def _remove_font(self, attributes: Attributes) -> None:
        self._letters.remove_font(attributes[_FONT_NAME][1])

    def _begin_letter(self, attributes: Attributes) -> None:
        self._filled_font = self._letters.font(attributes[_FONT_NAME][1])

    def _add_letter(self, font: int, code: int, data: bytes) -> None:
        kind, left, top, width, height = _LETTER_HEAD.unpack_from(data)
        if kind or left or top:
            raise NotPaintable
        self._letters.add(font, code, width, height, data[_LETTER_HEAD.size :])

    def _set_font(self, attributes: Attributes) -> None:
        if _number(attributes, _CHARACTER_SIZE) != 1:
            raise NotPaintable
        self._font = self._letters.font(attributes[_FONT_NAME][1])

    def _text(self, attributes: Attributes) -> None:
        """One letter at the cursor."""
        tag, octets = attributes[_TEXT]
        if len(octets) != xl.ARRAY_TAGS[tag]:
            raise NotPaintable
        if self._brush is not None:
            word = bytes([_MOVE]) + self._path.cursor + bytes([0xF8, POINT, xl.OP_SET_CURSOR, tag, 0xC0, 1])
            self._write(word + octets + bytes([0xF8, _TEXT, xl.OP_TEXT]))


def _number(attributes: Attributes, name: int) -> int:
    return int.from_bytes(attributes[name][1], "little")


_OPERATORS: "Mapping[int, Callable[[RenderedPages, Attributes], None]]" = {
    0x41: RenderedPages._begin_session,
    xl.OP_BEGIN_PAGE: RenderedPages._begin_page,
    xl.OP_END_PAGE: RenderedPages._end_page,
    xl.OP_SET_COLOR_SPACE: RenderedPages._color_space,
    xl.OP_SET_BRUSH: RenderedPages._set_brush,
    xl.OP_SET_PEN: RenderedPages._set_pen,
    0x7B: RenderedPages._set_rop,
    0x6E: RenderedPages._set_fill_mode,
    0x68: RenderedPages._set_clip_box,
    0x62: RenderedPages._set_clip,
    xl.OP_SET_CURSOR: RenderedPages._set_cursor,
    NEW_PATH: RenderedPages._new_path,
    0x86: RenderedPages._paint_path,
    0xA0: RenderedPages._rectangle,
    0x4F: RenderedPages._begin_font,
    0x55: RenderedPages._remove_font,
    0x52: RenderedPages._begin_letter,
    0x6F: RenderedPages._set_font,
    xl.OP_TEXT: RenderedPages._text,
    # session and data source ends, heads and ends of fonts, ends of letters, closed rings, what belongs to pens
    **dict.fromkeys(
        (END, READ_FONT, 0x42, 0x48, 0x49, 0x51, 0x54, 0x84, 0x71, 0x72, 0x73, 0x7A), RenderedPages._nothing
    ),
}
_PHRASES: "Mapping[str, Callable[[RenderedPages, re.Match[bytes], bytes], int]]" = {
    "words": RenderedPages._write_words,
    "new": RenderedPages._new_letter,
    "boxed": RenderedPages._boxed,
    "clip": RenderedPages._clip_from_zero,
    "ring": RenderedPages._ring,
    "corner": RenderedPages._corner,
}

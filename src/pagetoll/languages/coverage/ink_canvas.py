# SPDX-License-Identifier: Apache-2.0
"""A page that letters, boxes and polygons are painted on, one number of a palette for each pixel.

Shapes of one color may be painted in any order, so they are gathered and painted together by numpy: a page of two
thousand letters takes about a millisecond. A pixel is painted when its middle is inside the shape.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, overload

import numpy

from pagetoll.languages.coverage.spaces import FULL, PixelSums
from pagetoll.languages.pixels import TOLERANCE

Box = tuple[int, int, int, int]
"""Left, top, right, bottom; the right column and the bottom row are the first ones outside."""
Rgb = tuple[int, int, int]
Numbers = numpy.ndarray[Any, numpy.dtype[Any]]
"""Of whole numbers."""
PAPER: Rgb = (FULL, FULL, FULL)
_MOST_COLORS = 250
_MOST_CROSSINGS = 500_000
_AT_ONCE = 500_000
"""Pixels painted in one go."""
_LOOK_AT_CLOCK = 20_000_000
"""Pixels between two looks at the clock."""
_COUNTING = numpy.arange(_AT_ONCE)
_PLACE = numpy.arange(1, 5)
_LARGEST_LETTER = 100_000
_MANY_LETTER_PIXELS, _MOST_LETTER_PIXELS = 500_000, 2_000_000
_FEW_COLORS = 40
_LONG_SPAN = 200
_LETTER_BITS = 24
_LETTER_NUMBER = (1 << _LETTER_BITS) - 1
_WORD_OCTETS, _WORD_MARK, _CODE_TAG, _CODE = 15, 5, 8, 11
_MARK = (0xF8, 0x4C, 0x6B)
_WIDE_CODE = 0xC9
_MOST_GATHERED = 200_000
"""Octets of letters, or coordinates of points, that wait to be painted."""


class NotPaintable(Exception):
    """The page is beyond what can be painted here."""


class Letters:
    """The bit maps of letters, numbered in the order they come: of all of them the places of black pixels, one
    behind the other. A code of a font may be given to one letter after the other."""

    def __init__(self) -> None:
        self._pixels: Numbers = numpy.zeros((0, 2), numpy.int32)
        self._facts: Numbers = numpy.zeros((0, 4), numpy.int64)
        self._places: tuple[int, Numbers] | None = None
        self._keys: list[int] = []
        self._sorted_keys: Numbers | None = None
        self._new_pixels: list[Numbers] = []
        self._new_facts: list[tuple[int, int, int, int]] = []
        self._fonts: dict[bytes, int] = {}
        self._size = self._fonts_begun = 0

    def begin_font(self, name: bytes) -> None:
        """An empty font."""
        self._fonts_begun += 1
        self._fonts[name] = self._fonts_begun

    def remove_font(self, name: bytes) -> None:
        self._fonts.pop(name, None)

    def font(self, name: bytes) -> int:
        """The number of a font. Raises KeyError."""
        return self._fonts[name]

    def add(self, font: int, code: int, width: int, height: int, packed: bytes) -> None:
        """A letter of `height` rows of bits, each row whole octets. Raises NotPaintable and ValueError."""
        octets = (width + 7) // 8
        if len(packed) != octets * height or len(packed) > _LARGEST_LETTER or self._size > _MOST_LETTER_PIXELS:
            raise NotPaintable
        bits = numpy.unpackbits(numpy.frombuffer(packed, numpy.uint8).reshape(height, octets), axis=1, count=width)
        pixels = numpy.argwhere(bits).astype(numpy.int32)
        self._new_pixels.append(pixels)
        self._new_facts.append((width, height, self._size, len(pixels)))
        self._keys.append(_key(font, code, len(self._keys)))
        self._sorted_keys = None
        self._size += len(pixels)

    def number(self) -> int:
        """How many letters there have been until now."""
        return len(self._keys)

    def pixels(self) -> Numbers:
        """Row and column in its letter of each black pixel."""
        if self._new_pixels:
            self._pixels = numpy.concatenate([self._pixels, *self._new_pixels])
            self._new_pixels.clear()
        return self._pixels

    def places(self, columns: int) -> Numbers:
        """The same as one number, on a page of so many columns."""
        pixels = self.pixels()
        if self._places is None or self._places[0] != columns or len(self._places[1]) != len(pixels):
            self._places = (columns, pixels[:, 0].astype(numpy.int64) * columns + pixels[:, 1])
        return self._places[1]

    def facts(self) -> Numbers:
        """Width, height, first pixel and number of pixels of each letter."""
        if self._new_facts:
            self._facts = numpy.concatenate([self._facts, numpy.array(self._new_facts, numpy.int64)])
            self._new_facts.clear()
        return self._facts

    def meant(self, font: int, codes: Numbers, before: Numbers) -> Numbers:
        """The last letter with the code that is lower than the number in `before`, for each code. Raises
        NotPaintable when there is none."""
        keys = self._in_order()
        places = numpy.searchsorted(keys, _key(font, codes, before)) - 1
        found = keys[places]
        if int(places.min()) < 0 or ((found >> _LETTER_BITS) != _key(font, codes, 0) >> _LETTER_BITS).any():
            raise NotPaintable
        letters: Numbers = found & _LETTER_NUMBER
        return letters

    def _in_order(self) -> Numbers:
        if self._sorted_keys is None:
            self._sorted_keys = numpy.sort(numpy.array(self._keys, numpy.int64))
        return self._sorted_keys

    def forget_old(self) -> None:
        """Between two pages: keep only the last letter of each code of a font that is still there, once there are
        many. Letters have other numbers then."""
        if self._size < _MANY_LETTER_PIXELS:
            return
        keys, facts, pixels = self._in_order(), self.facts(), self.pixels()
        codes = keys >> _LETTER_BITS
        last = numpy.append(codes[1:] != codes[:-1], True) & numpy.isin(codes >> 16, [*self._fonts.values()])
        letters = numpy.sort(keys[last] & _LETTER_NUMBER)
        self._facts = facts[letters]
        self._pixels = pixels[_runs(self._facts[:, 2], self._facts[:, 3])]
        self._facts[:, 2] = numpy.cumsum(self._facts[:, 3]) - self._facts[:, 3]
        in_turn = numpy.array(self._keys, numpy.int64)[letters] >> _LETTER_BITS
        self._keys = ((in_turn << _LETTER_BITS) + numpy.arange(len(letters))).tolist()
        self._sorted_keys = self._places = None
        self._size = len(self._pixels)


@overload
def _key(font: int, code: int, letter: int) -> int: ...
@overload
def _key(font: int, code: Numbers, letter: Numbers | int) -> Numbers: ...
def _key(font: int, code: int | Numbers, letter: int | Numbers) -> int | Numbers:
    """A number that sorts by font, code and letter."""
    return (font << 16 + _LETTER_BITS) + (code << _LETTER_BITS) + letter


@dataclass(slots=True)
class _Words:
    """Letters with their places as PCL XL, in pieces; the color of each piece, and how many letters there had been
    at its time."""

    pieces: list[bytes] = field(default_factory=list)
    colors: list[int] = field(default_factory=list)
    letters: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Shapes:
    """Polygons that wait to be painted: columns and rows in turn, points of each ring, rings of each shape."""

    coordinates: list[int] = field(default_factory=list)
    rings: list[int] = field(default_factory=list)
    shapes: list[int] = field(default_factory=list)


class InkCanvas:
    """One page of `columns` x `rows` pixels, white at first. What is painted is clipped by `clip`. `is_late` says
    when to give up. Every method may raise NotPaintable."""

    def __init__(self, columns: int, rows: int, letters: Letters, is_late: Callable[[], bool]) -> None:
        self.columns, self.rows = columns, rows
        self._letters = letters
        self._is_late = is_late
        self._pixels = numpy.zeros((rows, columns), numpy.uint8)
        self._painted = 0
        self._start()

    def _start(self) -> None:
        self.clip: Box = (0, 0, self.columns, self.rows)
        self._palette: list[Rgb] = [PAPER]
        self._color = 0
        self._words: dict[tuple[Box, int], _Words] = {}
        self._shapes: dict[tuple[Box, bool], _Shapes] = {}
        self._waiting_color: int | None = None
        self._gathered = 0

    def clear(self) -> None:
        """Make it the next page."""
        self._pixels.fill(0)
        self._start()

    def choose(self, color: Rgb) -> None:
        """The color of all shapes that follow."""
        if color != self._palette[self._color]:
            if color not in self._palette:
                if len(self._palette) >= _MOST_COLORS:
                    raise NotPaintable
                self._palette.append(color)
            self._color = self._palette.index(color)

    def write(self, words: bytes, font: int) -> None:
        """Letters of `font` with their places, 15 or 16 octets each (low octets first):

        D3 column row F8 4C 6B C8 C0 01 code F8 AB A8, two octets each for column and row
        D3 column row F8 4C 6B C9 C0 01 code F8 AB A8, two octets each for column, row and code
        """
        place = (self.clip, font)
        if self._waiting_color != self._color:
            # letters keep their order, so those of one place and font may have colors of their own
            if self._shapes or (self._words and [*self._words] != [place]):
                self.paint()
            self._waiting_color = None if self._words else self._color
        waiting = self._words.setdefault(place, _Words())
        waiting.pieces.append(words)
        waiting.colors.append(self._color)
        waiting.letters.append(self._letters.number())
        self._gather(len(words))

    def fill_box(self, box: Box) -> None:
        self._wait_for_one_color()
        left, top = max(box[0], self.clip[0], 0), max(box[1], self.clip[1], 0)
        right, bottom = min(box[2], self.clip[2]), min(box[3], self.clip[3])
        if left < right and top < bottom:
            self._pixels[top:bottom, left:right] = self._color
            self._spend((right - left) * (bottom - top))

    def fill(self, rings: list[list[int]], *, even_odd: bool) -> None:
        """A polygon of several rings (columns and rows in turn), by the rule of winding numbers or `even_odd`."""
        self._wait_for_one_color()
        waiting = self._shapes.setdefault((self.clip, even_odd), _Shapes())
        for ring in rings:
            waiting.coordinates += ring
            waiting.rings.append(len(ring) // 2)
        waiting.shapes.append(len(rings))
        self._gather(sum(map(len, rings)))

    def _wait_for_one_color(self) -> None:
        """Paint what waits in another color; in the same color shapes may be painted in any order."""
        if self._waiting_color != self._color:
            self.paint()
            self._waiting_color = self._color

    def _gather(self, number: int) -> None:
        self._gathered += number
        if self._gathered > _MOST_GATHERED:
            self.paint()

    def _spend(self, pixels: int) -> None:
        self._painted += pixels
        if self._painted > _LOOK_AT_CLOCK:
            self._painted = 0
            if self._is_late():
                raise NotPaintable

    def paint(self) -> None:
        """Paint what was gathered."""
        words, shapes = self._words, self._shapes
        self._words, self._shapes, self._gathered = {}, {}, 0
        color = self._waiting_color
        for (clip, font), written in words.items():
            column, row, code, piece = _places(written)
            letter = self._letters.meant(font, code, numpy.array(written.letters)[piece])
            ink = color if color is not None else numpy.array(written.colors, numpy.uint8)[piece]
            for some in _portions(self._letters.facts()[letter, 3]):
                its_ink = ink if isinstance(ink, int) else ink[some]
                self._paint_letters(clip, column[some], row[some], letter[some], its_ink)
        for (clip, even_odd), waiting in shapes.items():
            rows, starts, ends = _spans(waiting, self.columns, self.rows, even_odd)
            starts, ends = numpy.maximum(starts, clip[0]), numpy.minimum(ends, clip[2])
            seen = (starts < ends) & (rows >= clip[1]) & (rows < clip[3])
            self._paint_spans(rows[seen] * self.columns + starts[seen], (ends - starts)[seen], color or 0)

    def _paint_letters(self, clip: Box, column: Numbers, row: Numbers, letter: Numbers, ink: "int | Numbers") -> None:
        """`ink`: a number of the palette, or one for each letter."""
        width, height, first, number = self._letters.facts()[letter].T
        left, top, right, bottom = clip
        flat = self._pixels.reshape(-1)
        source = _runs(first, number)
        self._spend(len(source))
        if not isinstance(ink, int):
            ink = numpy.repeat(ink, number)
        ends = (column + width).max(), (row + height).max()
        if column.min() >= left and row.min() >= top and ends[0] <= right and ends[1] <= bottom:
            places = numpy.repeat(row * self.columns + column, number)
            places += self._letters.places(self.columns)[source]
            flat[places] = ink
            return
        pixels = self._letters.pixels()
        rows = pixels[source, 0] + numpy.repeat(row, number)
        columns = pixels[source, 1] + numpy.repeat(column, number)
        seen = (columns >= left) & (columns < right) & (rows >= top) & (rows < bottom)
        flat[rows[seen] * self.columns + columns[seen]] = ink if isinstance(ink, int) else ink[seen]

    def _paint_spans(self, firsts: Numbers, lengths: Numbers, color: int) -> None:
        flat = self._pixels.reshape(-1)
        short = lengths <= _LONG_SPAN
        for some in _portions(lengths[short]):
            places = _runs(firsts[short][some], lengths[short][some])
            flat[places] = color
            self._spend(len(places))
        for first, length in zip(firsts[~short].tolist(), lengths[~short].tolist(), strict=True):
            flat[first : first + length] = color
            self._spend(length)

    def sums(self) -> PixelSums:
        """The sums of the page as it is now. Raises NotPaintable."""
        self.paint()
        pixels = self.columns * self.rows
        red = green = blue = brightest = 0
        colored = False
        for color, number in zip(self._palette, self._numbers(), strict=True):
            red, green, blue = red + color[0] * number, green + color[1] * number, blue + color[2] * number
            brightest += max(color) * number
            colored |= number > 0 and max(color) - min(color) > TOLERANCE
        return PixelSums(pixels, red, green, blue, brightest, colored)

    def _numbers(self) -> list[int]:
        """Pixels of each color of the palette."""
        if len(self._palette) > _FEW_COLORS:
            return numpy.bincount(self._pixels.reshape(-1), minlength=len(self._palette)).tolist()  # type: ignore[no-any-return]
        inked = int(numpy.count_nonzero(self._pixels))
        others = [int(numpy.count_nonzero(self._pixels == number)) for number in range(2, len(self._palette))]
        paper = self.columns * self.rows - inked
        return [paper, inked - sum(others), *others][: len(self._palette)]


def _places(words: _Words) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Column, row and code of each letter, and the number of its piece."""
    octets = numpy.frombuffer(b"".join(words.pieces), numpy.uint8)
    starts = _starts(octets)
    places = octets[starts[:, None] + _PLACE].view("<i2").astype(numpy.int64)
    wide = octets[starts + _CODE_TAG] == _WIDE_CODE
    codes = octets[starts + _CODE].astype(numpy.int64)
    if wide.any():
        codes += numpy.where(wide, octets[starts + _CODE + 1].astype(numpy.int64) << 8, 0)
    ends = numpy.searchsorted(starts, numpy.cumsum([*map(len, words.pieces)]))
    pieces = numpy.repeat(numpy.arange(len(ends)), numpy.diff(ends, prepend=0))
    return places[:, 0], places[:, 1], codes, pieces


def _starts(octets: Numbers) -> Numbers:
    """Where each letter begins."""
    if len(octets) % _WORD_OCTETS == 0 and (octets[_CODE_TAG::_WORD_OCTETS] != _WIDE_CODE).all():
        return numpy.arange(0, len(octets), _WORD_OCTETS)
    marks = (octets[:-2] == _MARK[0]) & (octets[1:-1] == _MARK[1]) & (octets[2:] == _MARK[2])
    starts = numpy.flatnonzero(marks) - _WORD_MARK
    lengths = _WORD_OCTETS + (octets[starts + _CODE_TAG] == _WIDE_CODE)
    if starts[0] or (numpy.diff(starts, append=len(octets)) != lengths).any():
        raise NotPaintable  # a place that looks like a mark, far off any page
    return starts


def _portions(sizes: Numbers) -> Iterator[slice]:
    """Slices of what has these sizes, in order; each is of at most _AT_ONCE or of one."""
    ends = numpy.cumsum(sizes)
    start = 0
    while start < len(ends):
        done = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(numpy.searchsorted(ends, done + _AT_ONCE, side="right")))
        yield slice(start, stop)
        start = stop


def _spans(shapes: _Shapes, page_columns: int, page_rows: int, even_odd: bool) -> tuple[Numbers, Numbers, Numbers]:
    """Row, first column and column behind the last one, for each span of each shape."""
    points = numpy.array(shapes.coordinates, numpy.int64).reshape(-1, 2)
    ring_ends = numpy.cumsum(shapes.rings)
    next_point = numpy.arange(1, len(points) + 1)
    next_point[ring_ends - 1] = ring_ends - shapes.rings
    owners = numpy.repeat(numpy.repeat(numpy.arange(len(shapes.shapes)), shapes.shapes), shapes.rings)
    following = points[next_point]
    falls = points[:, 1] < following[:, 1]
    upper, lower = numpy.where(falls[:, None], points, following), numpy.where(falls[:, None], following, points)
    top = numpy.clip(upper[:, 1], 0, page_rows)
    crossings = numpy.clip(lower[:, 1], 0, page_rows) - top
    if int(crossings.sum()) > _MOST_CROSSINGS:
        raise NotPaintable
    rows = _runs(top, crossings)
    slope = (lower[:, 0] - upper[:, 0]) / numpy.maximum(lower[:, 1] - upper[:, 1], 1)
    middles = numpy.repeat(upper[:, 0] + (0.5 - upper[:, 1]) * slope, crossings) + rows * numpy.repeat(
        slope, crossings
    )
    columns = numpy.clip(numpy.ceil(middles - 0.5), 0, page_columns).astype(numpy.int64)
    order = numpy.argsort(((numpy.repeat(owners, crossings) * page_rows + rows) << 24) + columns, kind="stable")
    if even_odd:
        inside = numpy.arange(1, len(order) + 1) % 2 != 0
    else:
        # each ring is closed, so the sum is 0 again behind the last crossing of each row of each shape
        inside = numpy.cumsum(numpy.repeat(numpy.where(falls, 1, -1), crossings)[order]) != 0
    at = numpy.flatnonzero(inside)
    columns, rows = columns[order], rows[order]
    return rows[at], columns[at], columns[at + 1]


def _runs(firsts: Numbers, lengths: Numbers) -> Numbers:
    """first, first + 1 and so on, `length` numbers for each first, one run behind the other."""
    ends = numpy.cumsum(lengths)
    runs: Numbers = numpy.repeat(firsts - (ends - lengths), lengths)
    runs += _COUNTING[: len(runs)] if len(runs) <= len(_COUNTING) else numpy.arange(len(runs))
    return runs

# SPDX-License-Identifier: Apache-2.0
"""A page that letters, boxes and polygons are painted on, one number of a palette for each pixel.

Shapes of one color may be painted in any order, so they are gathered and painted together by numpy: a page of two
thousand letters takes about a millisecond. A pixel is painted when its middle is inside the shape.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy

from pagetoll.languages.coverage.bitmap_letters import Letters, NotPaintable, Numbers, Words, places_of, runs_from
from pagetoll.languages.coverage.spaces import FULL, PixelSums
from pagetoll.languages.pixels import TOLERANCE

Box = tuple[int, int, int, int]
"""Left, top, right, bottom; the right column and the bottom row are the first ones outside."""
Rgb = tuple[int, int, int]
PAPER: Rgb = (FULL, FULL, FULL)
_MOST_COLORS = 250
_MOST_CROSSINGS = 500_000
_AT_ONCE = 12_000
"""Pixels painted in one go: fresh memory for more numbers than that costs more than painting them."""
_LOOK_AT_CLOCK = 20_000_000
"""Pixels between two looks at the clock."""
_COST_OF_PAINTING = 50_000
"""What painting anything costs, in pixels."""
_COLUMN_BITS = 24
_COLUMN_MASK = (1 << _COLUMN_BITS) - 1
_FEW_COLORS = 40
_LONG_SPAN = 200
_HIGH_BOX, _FEW_BOXES = 16, 16
_BAND_ROWS = 64
_MOST_GATHERED = 200_000
"""Octets of letters, or coordinates of points, that wait to be painted."""


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
        self._words: dict[tuple[Box, int], Words] = {}
        self._shapes: dict[tuple[Box, bool], _Shapes] = {}
        self._boxes: list[Box] = []
        self._waiting_color: int | None = None
        self._gathered = 0
        self._inked = False

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
            if self._shapes or self._boxes or (self._words and [*self._words] != [place]):
                self.paint()
            self._waiting_color = None if self._words else self._color
        waiting = self._words.setdefault(place, Words())
        waiting.pieces.append(words)
        waiting.colors.append(self._color)
        waiting.letters.append(self._letters.number())
        self._gather(len(words))

    def fill_box(self, box: Box) -> None:
        self._wait_for_one_color()
        left, top = max(box[0], self.clip[0], 0), max(box[1], self.clip[1], 0)
        right, bottom = min(box[2], self.clip[2]), min(box[3], self.clip[3])
        if left < right and top < bottom:
            self._boxes.append((left, top, right, bottom))
            self._gather(len(box))

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
        words, shapes, boxes = self._words, self._shapes, self._boxes
        if not words and not shapes and not boxes:
            return
        self._inked = True
        self._spend(_COST_OF_PAINTING)
        self._words, self._shapes, self._boxes, self._gathered = {}, {}, [], 0
        color = self._waiting_color
        for (clip, font), written in words.items():
            column, row, code, piece = places_of(written)
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
        self._paint_boxes(boxes, color or 0)

    def _paint_letters(self, clip: Box, column: Numbers, row: Numbers, letter: Numbers, ink: "int | Numbers") -> None:
        """`ink`: a number of the palette, or one for each letter."""
        width, height, first, number = self._letters.facts()[letter].T
        left, top, right, bottom = clip
        flat = self._pixels.reshape(-1)
        source = runs_from(first, number)
        self._spend(len(source))
        if not isinstance(ink, int):
            ink = numpy.repeat(ink, number)
        ends = (column + width).max(), (row + height).max()
        if column.min() >= left and row.min() >= top and ends[0] <= right and ends[1] <= bottom:
            places = numpy.repeat(row * self.columns + column, number)
            places += self._letters.places(self.columns)[source]
            flat[places] = ink
            return
        rows, columns = self._letters.pixels(source)
        rows += numpy.repeat(row, number)
        columns += numpy.repeat(column, number)
        seen = (columns >= left) & (columns < right) & (rows >= top) & (rows < bottom)
        flat[rows[seen] * self.columns + columns[seen]] = ink if isinstance(ink, int) else ink[seen]

    def _paint_boxes(self, boxes: list[Box], color: int) -> None:
        small = []
        for box in boxes:
            left, top, right, bottom = box
            if len(boxes) <= _FEW_BOXES or right - left > _LONG_SPAN or bottom - top > _HIGH_BOX:
                self._pixels[top:bottom, left:right] = color
                self._spend((right - left) * (bottom - top))
            else:
                small.append(box)
        if small:
            lefts, tops, rights, bottoms = numpy.array(small).T
            heights = bottoms - tops
            firsts = runs_from(tops, heights) * self.columns + numpy.repeat(lefts, heights)
            self._paint_spans(firsts, numpy.repeat(rights - lefts, heights), color)

    def _paint_spans(self, firsts: Numbers, lengths: Numbers, color: int) -> None:
        flat = self._pixels.reshape(-1)
        long = lengths > _LONG_SPAN
        if long.any():
            for first, length in zip(firsts[long].tolist(), lengths[long].tolist(), strict=True):
                flat[first : first + length] = color
                self._spend(length)
            firsts, lengths = firsts[~long], lengths[~long]
        for some in _portions(lengths):
            places = runs_from(firsts[some], lengths[some])
            flat[places] = color
            self._spend(len(places))

    def finish(self) -> PixelSums:
        """The sums of the page, which is a new one then."""
        self.paint()
        pixels = self.columns * self.rows
        red = green = blue = brightest = 0
        colored = False
        for color, number in zip(self._palette, self._numbers(), strict=True):
            red, green, blue = red + color[0] * number, green + color[1] * number, blue + color[2] * number
            brightest += max(color) * number
            colored |= number > 0 and max(color) - min(color) > TOLERANCE
        self._start()
        return PixelSums(pixels, red, green, blue, brightest, colored)

    def _numbers(self) -> list[int]:
        """Pixels of each color of the palette. They are white then."""
        colors = len(self._palette)
        numbers = numpy.zeros(colors, numpy.int64)
        for top in range(0, self.rows if self._inked else 0, _BAND_ROWS):
            band = self._pixels[top : top + _BAND_ROWS]
            inked = int(numpy.count_nonzero(band))
            if not inked:
                continue
            if colors > _FEW_COLORS:
                numbers += numpy.bincount(band.reshape(-1), minlength=colors)
            else:
                others = [int(numpy.count_nonzero(band == number)) for number in range(2, colors)]
                numbers[1:] += (inked - sum(others), *others)
            band.fill(0)
        numbers[0] = self.columns * self.rows - int(numbers[1:].sum())
        return numbers.tolist()


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
    rows = runs_from(top, crossings)
    slope = (lower[:, 0] - upper[:, 0]) / numpy.maximum(lower[:, 1] - upper[:, 1], 1)
    middles = numpy.repeat(upper[:, 0] + (0.5 - upper[:, 1]) * slope, crossings)
    middles += rows * numpy.repeat(slope, crossings)
    columns = numpy.clip(numpy.ceil(middles - 0.5), 0, page_columns).astype(numpy.int64)
    # one number for shape, row, column and direction: numbers are sorted much faster than their order is found
    keys = numpy.repeat(owners * page_rows, crossings) + rows
    keys = (keys << _COLUMN_BITS + 1) + (columns << 1) + numpy.repeat(falls, crossings)
    keys.sort()
    # each ring is closed, so the sum is 0 again behind the last crossing of each row of each shape
    at = numpy.arange(0, len(keys), 2) if even_odd else numpy.flatnonzero(numpy.cumsum((keys & 1) * 2 - 1))
    columns = keys >> 1 & _COLUMN_MASK
    return (keys[at] >> _COLUMN_BITS + 1) % page_rows, columns[at], columns[at + 1]

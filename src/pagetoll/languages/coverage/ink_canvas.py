# SPDX-License-Identifier: Apache-2.0
"""A page that letters, boxes and polygons are painted on, one number of a palette for each pixel.

Shapes of one color may be painted in any order, so they are gathered and painted together by numpy: a page of two
thousand letters takes about a millisecond. A pixel is painted when its middle is inside the shape.
"""

from collections.abc import Callable, Iterator

import numpy

from pagetoll.languages.coverage.bitmap_letters import Letters, NotPaintable, Numbers, Words, runs_from
from pagetoll.languages.coverage.ink_layers import Box, Ground, Layer, Shapes, Text, read, take_apart
from pagetoll.languages.coverage.spaces import FULL, PixelSums
from pagetoll.languages.pixels import TOLERANCE

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
_COST_OF_LAYER = 400
_FEW_PIXELS, _TURN_BITS = 50_000, 32
_FEW_COLORS = 40
_LONG_SPAN = 200
_HIGH_BOX, _FEW_BOXES = 16, 16
_BAND_ROWS = 64
_MOST_GATHERED = 200_000
"""Octets of letters, or coordinates of points, that wait to be painted."""


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
        self._layer = Layer(0)
        self._layers = [self._layer]
        self._gathered = 0
        self._few: list[tuple[Numbers, int | Numbers]] = []
        self._few_pixels = 0
        self._ground: list[Ground] = []
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
        layer = self._layer
        if layer.color != self._color:
            # letters keep their order, so those of one place and font may have colors of their own
            if layer.shapes or layer.boxes or (layer.words and [*layer.words] != [place]):
                layer = self._next_layer()
            layer.color = None if layer.words else self._color
        waiting = layer.words.setdefault(place, Words())
        waiting.pieces.append(words)
        waiting.colors.append(self._color)
        waiting.letters.append(self._letters.number())
        self._gather(len(words))

    def fill_box(self, box: Box) -> None:
        layer = self._of_one_color()
        left, top = max(box[0], self.clip[0], 0), max(box[1], self.clip[1], 0)
        right, bottom = min(box[2], self.clip[2]), min(box[3], self.clip[3])
        if left < right and top < bottom:
            layer.boxes.append((left, top, right, bottom))
            self._gather(len(box))

    def fill(self, rings: list[list[int]], *, even_odd: bool) -> None:
        """A polygon of several rings (columns and rows in turn), by the rule of winding numbers or `even_odd`."""
        waiting = self._of_one_color().shapes.setdefault((self.clip, even_odd), Shapes())
        for ring in rings:
            waiting.coordinates += ring
            waiting.rings.append(len(ring) // 2)
        waiting.shapes.append(len(rings))
        self._gather(sum(map(len, rings)))

    def _of_one_color(self) -> Layer:
        """Where shapes of the color can be gathered; in the same color shapes may be painted in any order."""
        if self._layer.color != self._color:
            self._next_layer()
            self._layer.color = self._color
        return self._layer

    def _next_layer(self) -> Layer:
        if not self._layer.is_empty():
            self._layer = Layer(self._color)
            self._layers.append(self._layer)
            self._gather(_COST_OF_LAYER)
        return self._layer

    def _gather(self, number: int) -> None:
        self._gathered += number
        if self._gathered > _MOST_GATHERED:
            self._settle()  # what comes later may lie upon it
            self._paint(read(self._layers, self._letters))

    def _spend(self, pixels: int) -> None:
        self._painted += pixels
        if self._painted > _LOOK_AT_CLOCK:
            self._painted = 0
            if self._is_late():
                raise NotPaintable

    def _paint(self, text: Text | None) -> None:
        """Paint what was gathered; `text`: what was read of it."""
        layers = self._layers
        self._layer = Layer(self._color)
        self._layers, self._gathered = [self._layer], 0
        for number, layer in enumerate(layers):
            if text is not None:
                for clip, letters in text.of_layer(number):
                    self._spend(_COST_OF_PAINTING)
                    self._paint_letters(text, letters, clip, layer.color)
            for (clip, even_odd), waiting in layer.shapes.items():
                self._spend(_COST_OF_PAINTING)
                rows, starts, ends = _spans(waiting, self.columns, self.rows, even_odd)
                starts, ends = numpy.maximum(starts, clip[0]), numpy.minimum(ends, clip[2])
                seen = (starts < ends) & (rows >= clip[1]) & (rows < clip[3])
                self._paint_spans(rows[seen] * self.columns + starts[seen], (ends - starts)[seen], layer.color or 0)
            self._paint_boxes(layer.boxes, layer.color or 0)

    def _put(self, places: Numbers, ink: int | Numbers) -> None:
        """Give pixels their ink; a few are only noted, because a page takes long to look through."""
        self._spend(len(places))
        if self._inked:
            self._pixels.reshape(-1)[places] = ink
            return
        self._few.append((places, ink))
        self._few_pixels += len(places)
        self._expect(0)

    def _expect(self, pixels: int) -> None:
        """Before so many are put."""
        if not self._inked and self._few_pixels + pixels > _FEW_PIXELS:
            self._settle()

    def _settle(self) -> None:
        """Paint the few."""
        self._inked = True
        for (left, top, right, bottom), color, _number in self._ground:
            self._pixels[top:bottom, left:right] = color
        flat = self._pixels.reshape(-1)
        for places, ink in self._few:
            flat[places] = ink
        self._few.clear()

    def _paint_letters(self, text: Text, which: slice, clip: Box, color: int | None) -> None:
        """`color`: a number of the palette, None where each letter has its own."""
        column, row, letter = text.column[which], text.row[which], text.letter[which]
        inks = text.ink[which]
        width, height, first, number, _margin = self._letters.facts()[letter].T
        left, top, right, bottom = clip
        ends = (column + width).max(), (row + height).max()
        whole = column.min() >= left and row.min() >= top and ends[0] <= right and ends[1] <= bottom
        for some in _portions(number):
            source = runs_from(first[some], number[some])
            ink: int | Numbers = numpy.repeat(inks[some], number[some]) if color is None else color
            if whole:
                places = numpy.repeat(row[some] * self.columns + column[some], number[some])
                places += self._letters.places(self.columns)[source]
                self._put(places, ink)
                continue
            rows, columns = self._letters.pixels(source)
            rows += numpy.repeat(row[some], number[some])
            columns += numpy.repeat(column[some], number[some])
            seen = (columns >= left) & (columns < right) & (rows >= top) & (rows < bottom)
            self._put(rows[seen] * self.columns + columns[seen], ink if isinstance(ink, int) else ink[seen])

    def _paint_boxes(self, boxes: list[Box], color: int) -> None:
        self._expect(sum((right - left) * (bottom - top) for left, top, right, bottom in boxes))
        small = []
        for box in boxes:
            left, top, right, bottom = box
            if self._inked and (len(boxes) <= _FEW_BOXES or right - left > _LONG_SPAN or bottom - top > _HIGH_BOX):
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
        self._expect(int(lengths.sum()))
        long = lengths > (_LONG_SPAN if self._inked else _FEW_PIXELS)
        if long.any():
            flat = self._pixels.reshape(-1)
            for first, length in zip(firsts[long].tolist(), lengths[long].tolist(), strict=True):
                flat[first : first + length] = color
                self._spend(length)
            firsts, lengths = firsts[~long], lengths[~long]
        for some in _portions(lengths):
            self._put(runs_from(firsts[some], lengths[some]), color)

    def finish(self) -> PixelSums:
        """The sums of the page, which is a new one then."""
        text = read(self._layers, self._letters)
        # what was painted before may lie below anything
        apart: Numbers | int = 0
        if not self._inked:
            apart, self._ground = take_apart(self._layers, text, self._letters, len(self._palette))
        self._paint(text)
        pixels = self.columns * self.rows
        red = green = blue = brightest = 0
        colored = False
        for color, number in zip(self._palette, self._numbers(apart), strict=True):
            red, green, blue = red + color[0] * number, green + color[1] * number, blue + color[2] * number
            brightest += max(color) * number
            colored |= number > 0 and max(color) - min(color) > TOLERANCE
        self._start()
        return PixelSums(pixels, red, green, blue, brightest, colored)

    def _numbers(self, apart: Numbers | int) -> list[int]:
        """Pixels of each color of the palette, with those that were counted `apart`. They are white then."""
        colors = len(self._palette)
        numbers = numpy.zeros(colors, numpy.int64)
        numbers += apart
        if not self._inked:
            self._count_few(numbers)
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

    def _count_few(self, numbers: Numbers) -> None:
        """Add the pixels of each color that were not painted; the last color that a pixel was given counts."""
        for (left, top, right, bottom), color, _number in self._ground:
            numbers[color] += (right - left) * (bottom - top)
        if not self._few:
            return
        places = numpy.concatenate([places for places, _ink in self._few])
        inks = numpy.concatenate([numpy.broadcast_to(numpy.uint8(ink), places.shape) for places, ink in self._few])
        turns = (places << _TURN_BITS) + numpy.arange(len(places))
        turns.sort()
        turns = turns[numpy.append(turns[1:] >> _TURN_BITS != turns[:-1] >> _TURN_BITS, True)]
        numbers += numpy.bincount(inks[turns & (1 << _TURN_BITS) - 1], minlength=len(numbers))
        if self._ground:
            places = turns >> _TURN_BITS
            row = places // self.columns
            column = places - row * self.columns
            for (left, top, right, bottom), color, _number in self._ground:
                hidden = (column >= left) & (column < right) & (row >= top) & (row < bottom)
                numbers[color] -= int(numpy.count_nonzero(hidden))


def _portions(sizes: Numbers) -> Iterator[slice]:
    """Slices of what has these sizes, in order; each is of at most _AT_ONCE or of one."""
    ends = numpy.cumsum(sizes)
    start = 0
    while start < len(ends):
        done = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(numpy.searchsorted(ends, done + _AT_ONCE, side="right")))
        yield slice(start, stop)
        start = stop


def _spans(shapes: Shapes, page_columns: int, page_rows: int, even_odd: bool) -> tuple[Numbers, Numbers, Numbers]:
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

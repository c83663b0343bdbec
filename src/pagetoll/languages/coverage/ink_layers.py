# SPDX-License-Identifier: Apache-2.0
"""What waits to be painted on a page, in layers, and what of it has its ink without being painted.

Letters and boxes that share no pixel with anything else on the page have the ink that they have alone. That is most
of a page of text; counting it takes a third of the time of painting it. Letters are looked at in short runs, each
letter beginning where the one before has ended, so a rectangle around a run holds none of their pixels twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy

from pagetoll.languages.coverage.bitmap_letters import Letters, Numbers, Words, places_of, runs_from

Box = tuple[int, int, int, int]
"""Left, top, right, bottom; the right column and the bottom row are the first ones outside."""
Ground = tuple[Box, int, int]
"""A large box that lies below everything around it, its number of the palette, and that of its layer."""
_LONGEST_RUN = 16
_WIDEST_GAP = 60
_MOST_RECTANGLES, _MOST_PAIRS = 5000, 100_000
_MOST_GROUND, _LEAST_GROUND = 8, 20_000
_FIRST = numpy.zeros(1, numpy.int64)


@dataclass(slots=True)
class Shapes:
    """Polygons: columns and rows in turn, points of each ring, rings of each shape."""

    coordinates: list[int] = field(default_factory=list)
    rings: list[int] = field(default_factory=list)
    shapes: list[int] = field(default_factory=list)

    def rectangles(self) -> Numbers:
        """Around each shape."""
        points = numpy.array(self.coordinates, numpy.int64).reshape(-1, 2)
        rings = numpy.array(self.rings, numpy.int64)
        shapes = numpy.array(self.shapes, numpy.int64)
        of_shape = numpy.add.reduceat(rings, numpy.cumsum(shapes) - shapes)
        firsts = numpy.cumsum(of_shape) - of_shape
        least, most = numpy.minimum.reduceat(points, firsts), numpy.maximum.reduceat(points, firsts)
        return numpy.concatenate([least, most + 1], axis=1)


@dataclass(slots=True)
class Layer:
    """Shapes that may be painted in any order, because they are of one `color`, or letters of one font and clip in
    theirs, with colors of their own (None)."""

    color: int | None = None
    words: dict[tuple[Box, int], Words] = field(default_factory=dict)
    shapes: dict[tuple[Box, bool], Shapes] = field(default_factory=dict)
    boxes: list[Box] = field(default_factory=list)

    def is_empty(self) -> bool:
        return not (self.words or self.shapes or self.boxes)


@dataclass(slots=True)
class Text:
    """The letters of some layers, in order. `ink`: their numbers of the palette; `piece`: in which piece of words
    each was; `group`: that of each piece; `groups`: the number of the layer and the clip of each."""

    column: Numbers
    row: Numbers
    letter: Numbers
    ink: Numbers
    piece: Numbers
    group: Numbers
    groups: list[tuple[int, Box]]

    def keep(self, which: Numbers) -> None:
        """Only these."""
        self.column, self.row, self.letter = self.column[which], self.row[which], self.letter[which]
        self.ink, self.piece = self.ink[which], self.piece[which]

    def of_layer(self, number: int) -> Iterator[tuple[Box, slice]]:
        """Clips and the letters that have them."""
        ends = numpy.searchsorted(self.group[self.piece], numpy.arange(len(self.groups)), side="right").tolist()
        for (layer, clip), start, end in zip(self.groups, [0, *ends], ends, strict=False):
            if layer == number and start < end:
                yield clip, slice(start, end)


def read(layers: list[Layer], letters: Letters) -> Text | None:
    """The words of some layers, None where there are none. Raises NotPaintable."""
    words = Words()
    groups: list[tuple[int, Box]] = []
    fonts: list[int] = []
    sizes: list[int] = []
    for number, layer in enumerate(layers):
        for (clip, font), written in layer.words.items():
            words.pieces += written.pieces
            words.colors += written.colors
            words.letters += written.letters
            groups.append((number, clip))
            fonts.append(font)
            sizes.append(len(written.pieces))
    if not groups:
        return None
    column, row, code, piece = places_of(words)
    group = numpy.repeat(numpy.arange(len(groups)), sizes)
    letter = letters.meant(numpy.array(fonts, numpy.int64)[group][piece], code, numpy.array(words.letters)[piece])
    return Text(column, row, letter, numpy.array(words.colors, numpy.uint8)[piece], piece, group, groups)


def _take_ground(layers: list[Layer]) -> list[Ground]:
    """Take large boxes out of the layers, where they are few and side by side."""
    ground = [
        (box, layer.color or 0, number)
        for number, layer in enumerate(layers)
        for box in layer.boxes
        if (box[2] - box[0]) * (box[3] - box[1]) >= _LEAST_GROUND
    ]
    if not 0 < len(ground) <= _MOST_GROUND or not _alone(numpy.array([box for box, _c, _n in ground])).all():
        return []
    for box, _color, number in ground:
        layers[number].boxes.remove(box)
    return ground


def take_apart(layers: list[Layer], text: Text | None, letters: Letters, colors: int) -> tuple[Numbers, list[Ground]]:
    """Take what shares no pixel with anything else but one box below it out of the layers of a page and their text.

    Returns the pixels of each color of the palette that it has, less those that it takes from boxes below; and these
    boxes, which were taken, too, and are not counted.
    """
    numbers: Numbers = numpy.zeros(colors, numpy.int64)
    facts = letters.facts()
    ground = _take_ground(layers)
    boxes = [box for layer in layers for box in layer.boxes]
    shapes = [(number, some.rectangles()) for number, layer in enumerate(layers) for some in layer.shapes.values()]
    rectangles = [found for _number, found in shapes]
    owners = [numpy.full(len(found), number) for number, found in shapes]
    if boxes:
        rectangles.append(numpy.array(boxes, numpy.int64))
        owners.append(numpy.repeat(numpy.arange(len(layers)), [len(layer.boxes) for layer in layers]))
    firsts = whole = _FIRST
    if text is not None:
        firsts, of_runs, whole = _runs(text, facts)
        rectangles.append(of_runs)
        owners.append(numpy.array([layer for layer, _clip in text.groups])[text.group[text.piece[firsts]]])
    if not 0 < sum(map(len, rectangles)) <= _MOST_RECTANGLES:
        return numbers, ground if not rectangles else _given_back(ground, layers)
    every = numpy.concatenate(rectangles)
    if _covers(ground, every, numpy.concatenate(owners)):
        return numbers, _given_back(ground, layers)
    below, straddles = _below(every, ground)
    alone = _alone(every) & ~straddles
    if text is not None:
        counted = alone[len(alone) - len(firsts) :] & whole
        alone = alone[: len(alone) - len(firsts)]
        apart = numpy.repeat(counted, numpy.diff(firsts, append=len(text.letter)))
        pixels = facts[text.letter[apart], 3]
        numbers += numpy.bincount(text.ink[apart], pixels, colors).astype(numpy.int64)
        if ground:
            lengths = numpy.diff(firsts, append=len(text.letter))
            numbers -= numpy.bincount(numpy.repeat(below[-len(firsts) :], lengths)[apart], pixels, colors).astype(int)
        text.keep(~apart)
    first_box = len(alone) - len(boxes)
    of_boxes = zip(alone[first_box:].tolist(), below[first_box : len(alone)].tolist(), strict=True)
    for layer in layers:
        kept = []
        for box in layer.boxes:
            counted, color_below = next(of_boxes)
            if counted:
                pixels_of_box = (box[2] - box[0]) * (box[3] - box[1])
                numbers[layer.color or 0] += pixels_of_box
                numbers[color_below] -= pixels_of_box
            else:
                kept.append(box)
        layer.boxes = kept
    return numbers, ground


def _given_back(ground: list[Ground], layers: list[Layer]) -> list[Ground]:
    """None; the boxes are to be painted in their layers."""
    for box, _color, number in ground:
        layers[number].boxes.append(box)
    return []


def _covers(ground: list[Ground], rectangles: Numbers, owners: Numbers) -> bool:
    """Whether a box of the ground is above something of an earlier layer."""
    left, top, right, bottom = rectangles.T
    return any(
        bool(((left < box[2]) & (box[0] < right) & (top < box[3]) & (box[1] < bottom) & (owners < number)).any())
        for box, _color, number in ground
    )


def _below(rectangles: Numbers, ground: list[Ground]) -> tuple[Numbers, Numbers]:
    """For each rectangle the color below it, 0 for paper, and whether it is over an edge of the ground."""
    below = numpy.zeros(len(rectangles), numpy.int64)
    straddles = numpy.zeros(len(rectangles), numpy.bool_)
    left, top, right, bottom = rectangles.T
    for (ground_left, ground_top, ground_right, ground_bottom), color, _number in ground:
        on_it = (left < ground_right) & (ground_left < right) & (top < ground_bottom) & (ground_top < bottom)
        within = (left >= ground_left) & (right <= ground_right) & (top >= ground_top) & (bottom <= ground_bottom)
        below[on_it] = color
        straddles |= on_it & ~within
    return below, straddles


def _runs(text: Text, facts: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """The first letter of each run, the rectangle around it, and whether nothing of it is clipped."""
    width, height, _first, _number, margin = facts[text.letter].T
    left, top = text.column + margin, text.row
    right, bottom = text.column + width, top + height
    gaps = left[1:] - right[:-1]
    breaks = (gaps < 0) | (gaps > _WIDEST_GAP) | (text.piece[1:] != text.piece[:-1])
    breaks[_LONGEST_RUN - 1 :: _LONGEST_RUN] = True
    firsts = numpy.concatenate([_FIRST, numpy.flatnonzero(breaks) + 1])
    edges = [least.reduceat(edge, firsts) for least, edge in ((numpy.minimum, left), (numpy.minimum, top))]
    edges += [most.reduceat(edge, firsts) for most, edge in ((numpy.maximum, right), (numpy.maximum, bottom))]
    clip = numpy.array([clip for _layer, clip in text.groups])[text.group[text.piece[firsts]]].T
    whole = (edges[0] >= clip[0]) & (edges[1] >= clip[1]) & (edges[2] <= clip[2]) & (edges[3] <= clip[3])
    return firsts, numpy.stack(edges, axis=1), whole


def _alone(rectangles: Numbers) -> Numbers:
    """Whether each of them shares no pixel with another one; none does where too many may."""
    alone = numpy.ones(len(rectangles), numpy.bool_)
    order = numpy.argsort(rectangles[:, 1])
    left, top, right, bottom = rectangles[order].T
    number = numpy.arange(len(order))
    # behind each of them the others that begin above its end
    others = numpy.maximum(numpy.searchsorted(top, bottom) - number - 1, 0)
    if int(others.sum()) > _MOST_PAIRS:
        return ~alone
    one, other = numpy.repeat(number, others), runs_from(number + 1, others)
    shared = (left[one] < right[other]) & (left[other] < right[one])
    alone[order[one[shared]]] = alone[order[other[shared]]] = False
    return alone

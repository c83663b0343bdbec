# SPDX-License-Identifier: Apache-2.0
"""The letters of PCL XL that are bit maps, and where they are written."""

from dataclasses import dataclass, field
from typing import Any, overload

import numpy

Numbers = numpy.ndarray[Any, numpy.dtype[Any]]
"""Of whole numbers."""
_LARGEST_LETTER = 100_000
_MANY_LETTER_PIXELS, _MOST_LETTER_PIXELS = 500_000, 2_000_000
_LETTER_BITS = 24
_LETTER_NUMBER = (1 << _LETTER_BITS) - 1
_WORD_OCTETS, _WORD_MARK, _CODE_TAG, _CODE = 15, 5, 8, 11
_MARK = (0xF8, 0x4C, 0x6B)
_WIDE_CODE = 0xC9
_PLACE = numpy.arange(1, 5)
_COUNTING = numpy.arange(500_000)


class NotPaintable(Exception):
    """The page is beyond what can be painted here."""


@dataclass(slots=True)
class Words:
    """Letters with their places as PCL XL, in pieces; the color of each piece, and how many letters there had been
    at its time."""

    pieces: list[bytes] = field(default_factory=list)
    colors: list[int] = field(default_factory=list)
    letters: list[int] = field(default_factory=list)


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
        self._pixels = pixels[runs_from(self._facts[:, 2], self._facts[:, 3])]
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


def places_of(words: Words) -> tuple[Numbers, Numbers, Numbers, Numbers]:
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


def runs_from(firsts: Numbers, lengths: Numbers) -> Numbers:
    """first, first + 1 and so on, `length` numbers for each first, one run behind the other."""
    ends = numpy.cumsum(lengths)
    runs: Numbers = numpy.repeat(firsts - (ends - lengths), lengths)
    runs += _COUNTING[: len(runs)] if len(runs) <= len(_COUNTING) else numpy.arange(len(runs))
    return runs

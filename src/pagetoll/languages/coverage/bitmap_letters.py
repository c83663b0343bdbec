# SPDX-License-Identifier: Apache-2.0
"""The letters of PCL XL that are bit maps, and where they are written."""

from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any, overload

import numpy

Numbers = numpy.ndarray[Any, numpy.dtype[Any]]
"""Of whole numbers."""
_LARGEST_LETTER = 100_000
_MANY_LETTER_PIXELS, _MOST_LETTER_PIXELS = 500_000, 2_000_000
_MOST_WAITING = 100_000
"""Octets and black pixels of letters that wait to be unpacked."""
_LEAST_ROOM = 50_000
_COLUMN_BITS = 16
_LETTER_BITS = 24
_LETTER_NUMBER = (1 << _LETTER_BITS) - 1
_WORD_OCTETS, _WORD_MARK, _CODE_TAG, _CODE = 15, 7, 8, 11
_MARK = (0xF8, 0x4C, 0x6B)
_WIDE_CODE = 0xC9
_COLUMN, _ROW = 1, 3
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


class _Row:
    """Numbers one behind the other; there is room for more, as moving them takes longer than making them."""

    def __init__(self) -> None:
        self._room: Numbers = numpy.empty(_LEAST_ROOM, numpy.int64)
        self._used = 0

    def numbers(self) -> Numbers:
        return self._room[: self._used]

    def clear(self) -> None:
        self._used = 0

    def append(self, numbers: Numbers) -> None:
        used = self._used + len(numbers)
        if used > len(self._room):
            room = numpy.empty(2 * used, numpy.int64)
            room[: self._used] = self.numbers()
            self._room = room
        self._room[self._used : used] = numbers
        self._used = used


class Letters:
    """The bit maps of letters, numbered in the order they come: of all of them the places of black pixels, one
    behind the other. A code of a font may be given to one letter after the other."""

    def __init__(self) -> None:
        self._pixels, self._places = _Row(), _Row()
        self._facts: Numbers = numpy.zeros((0, 5), numpy.int64)
        self._columns = 0
        self._keys: list[int] = []
        self._sorted_keys: Numbers | None = None
        self._new: list[tuple[int, int, bytes]] = []
        self._new_facts: list[tuple[int, int, int, int, int]] = []
        self._fonts: dict[bytes, int] = {}
        self._size = self._waiting = self._fonts_begun = 0

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
        bits = int.from_bytes(packed, "big")
        if width % 8:
            row = (1 << 8 * octets) - (1 << -width % 8)
            inside = int.from_bytes(row.to_bytes(octets, "big") * height, "big")
            if bits & ~inside:
                bits &= inside
                packed = bits.to_bytes(len(packed), "big")
        black = bits.bit_count()
        margin = 8 - reduce(or_, packed[::octets], 0).bit_length() if octets else 0
        self._new.append((width, height, packed))
        self._new_facts.append((width, height, self._size, black, margin))
        self._keys.append(_key(font, code, len(self._keys)))
        self._sorted_keys = None
        self._size += black
        self._waiting += black + len(packed)
        if self._waiting > _MOST_WAITING:
            self._unpack()

    def number(self) -> int:
        """How many letters there have been until now."""
        return len(self._keys)

    def _unpack(self) -> None:
        """The pixels of those that came since it was done."""
        widths, heights, bit_maps = zip(*self._new, strict=True)
        self._new.clear()
        self._waiting = 0
        row_bits = (numpy.array(widths, numpy.int64) + 7) // 8 * 8
        bits = row_bits * numpy.array(heights, numpy.int64)
        ends = numpy.cumsum(bits)
        black = numpy.flatnonzero(numpy.unpackbits(numpy.frombuffer(b"".join(bit_maps), numpy.uint8)))
        letter = numpy.searchsorted(ends, black, side="right")
        bit, bits_of_row = black - (ends - bits)[letter], row_bits[letter]
        row = bit // bits_of_row
        self._pixels.append((row << _COLUMN_BITS) + bit - row * bits_of_row)

    def pixels(self, letters: Numbers) -> tuple[Numbers, Numbers]:
        """Row and column in its letter of each black pixel, by the number of the pixel."""
        if self._new:
            self._unpack()
        found = self._pixels.numbers()[letters]
        return found >> _COLUMN_BITS, found & (1 << _COLUMN_BITS) - 1

    def places(self, columns: int) -> Numbers:
        """Row and column as one number, on a page of so many columns."""
        if self._columns != columns:
            self._columns = columns
            self._places.clear()
        if self._new:
            self._unpack()
        known, pixels = len(self._places.numbers()), self._pixels.numbers()
        if known != len(pixels):
            new = pixels[known:]
            self._places.append((new >> _COLUMN_BITS) * columns + (new & (1 << _COLUMN_BITS) - 1))
        return self._places.numbers()

    def facts(self) -> Numbers:
        """Width, height, first pixel, number of pixels and white columns on the left (8 at most) of each letter."""
        if self._new_facts:
            self._facts = numpy.concatenate([self._facts, numpy.array(self._new_facts, numpy.int64)])
            self._new_facts.clear()
        return self._facts

    def meant(self, font: Numbers, codes: Numbers, before: Numbers) -> Numbers:
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
        if self._new:
            self._unpack()
        keys, facts, pixels = self._in_order(), self.facts(), self._pixels.numbers()
        codes = keys >> _LETTER_BITS
        last = numpy.append(codes[1:] != codes[:-1], True) & numpy.isin(codes >> 16, [*self._fonts.values()])
        letters = numpy.sort(keys[last] & _LETTER_NUMBER)
        self._facts = facts[letters]
        kept = pixels[runs_from(self._facts[:, 2], self._facts[:, 3])]
        self._pixels.clear()
        self._pixels.append(kept)
        self._facts[:, 2] = numpy.cumsum(self._facts[:, 3]) - self._facts[:, 3]
        in_turn = numpy.array(self._keys, numpy.int64)[letters] >> _LETTER_BITS
        self._keys = ((in_turn << _LETTER_BITS) + numpy.arange(len(letters))).tolist()
        self._sorted_keys = None
        self._places.clear()
        self._size = len(kept)


@overload
def _key(font: int, code: int, letter: int) -> int: ...
@overload
def _key(font: Numbers, code: Numbers, letter: Numbers | int) -> Numbers: ...
def _key(font: int | Numbers, code: int | Numbers, letter: int | Numbers) -> int | Numbers:
    """A number that sorts by font, code and letter."""
    return (font << 16 + _LETTER_BITS) + (code << _LETTER_BITS) + letter


def places_of(words: Words) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Column, row and code of each letter, and the number of its piece."""
    written = b"".join(words.pieces)
    octets = numpy.frombuffer(written, numpy.uint8)
    pairs: Numbers = numpy.ndarray(len(octets) - 1, "<i2", written, strides=(1,))  # one from each octet on
    starts = _starts(octets)
    wide = octets[starts + _CODE_TAG] == _WIDE_CODE
    codes = octets[starts + _CODE].astype(numpy.int64)
    if wide.any():
        codes += numpy.where(wide, octets[starts + _CODE + 1].astype(numpy.int64) << 8, 0)
    if len(words.pieces) == 1:
        pieces = numpy.zeros(len(starts), numpy.int64)
    else:
        ends = numpy.searchsorted(starts, numpy.cumsum([*map(len, words.pieces)]))
        pieces = numpy.repeat(numpy.arange(len(ends)), numpy.diff(ends, prepend=0))
    column, row = (pairs[starts + at].astype(numpy.int64) for at in (_COLUMN, _ROW))
    return column, row, codes, pieces


def _starts(octets: Numbers) -> Numbers:
    """Where each letter begins."""
    if len(octets) % _WORD_OCTETS == 0 and (octets[_CODE_TAG::_WORD_OCTETS] != _WIDE_CODE).all():
        return numpy.arange(0, len(octets), _WORD_OCTETS)
    marks = numpy.flatnonzero(octets == _MARK[2])
    marks = marks[(octets[marks - 1] == _MARK[1]) & (octets[marks - 2] == _MARK[0])]
    starts: Numbers = marks - _WORD_MARK
    lengths = _WORD_OCTETS + (octets[starts + _CODE_TAG] == _WIDE_CODE)
    lengths[:-1] -= starts[1:]
    lengths[-1] -= len(octets)
    if starts[0] or (lengths + starts).any():
        raise NotPaintable  # a place that looks like a mark, far off any page
    return starts


def runs_from(firsts: Numbers, lengths: Numbers) -> Numbers:
    """first, first + 1 and so on, `length` numbers for each first, one run behind the other."""
    ends = numpy.cumsum(lengths)
    runs: Numbers = numpy.repeat(firsts - (ends - lengths), lengths)
    runs += _COUNTING[: len(runs)] if len(runs) <= len(_COUNTING) else numpy.arange(len(runs))
    return runs

# SPDX-License-Identifier: Apache-2.0
"""The page under way for languages whose pages are images between commands (sheet_pages.py), and the counting of dots
in packed images without unpacking them, so that no number in the data can ask for memory.

    packed   counter below 128: so many octets and one more as they are; above: the next octet 257 - counter times
    pairs    an octet that comes twice is followed by how many more of it there are
    counted  counter, octet: the octet counter + 1 times

Source: the samples, and what Ghostscript writes.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pagetoll.languages.coverage.dot_grid import UNITS, DotGrid
from pagetoll.languages.coverage.dot_tally import LETTER_POINTS, DotTally, Resolution
from pagetoll.languages.coverage.spaces import FULL, PixelSums
from pagetoll.languages.limits import Guard

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_PAIR = re.compile(rb"(.)\1(.)", re.DOTALL)
_STEPS_BETWEEN_LOOKS = 65536
_END_OF_IMAGE = 0x80
_UNITS_A_POINT = UNITS // 72


@dataclass(slots=True)
class Sheet:
    """A page under way. `data[start:end]` is the document, the page ends at `page_end`; `paper`: width and height in
    points, or in dots where the dots are tallied at 72 an inch. `number`: what holds beyond the page; `grid`: what a
    print head lays down in passes, `tally`: everything else.

    `sized`: the paper is known. `unknown`: this page cannot be measured. `lost`: nor can any behind it.
    """

    data: "Buffer"
    start: int
    end: int
    guard: Guard
    page_end: int = 0
    paper: tuple[float, float] = (0.0, 0.0)
    number: dict[str, int] = field(default_factory=dict)
    tally: DotTally = field(default_factory=DotTally)
    grid: DotGrid = field(default_factory=DotGrid)
    sized: bool = True
    unknown: bool = False
    lost: bool = False

    def size(self, width: float, height: float) -> None:
        """What the data says of a label."""
        self.sized = width > 0 and height > 0
        self.paper = width, height

    def black(self, dots: int, resolution: Resolution) -> None:
        """So many black dots; none of an image whose resolution is not known."""
        if min(resolution) <= 0:
            self.unknown = True
        elif dots:
            self.tally.inks(resolution, (0, 0, 0, FULL), dots)

    def image(self, found: tuple[int, int], octets: int, resolution: Resolution) -> None:
        """An image that holds (dots, octets), and has to hold so many octets."""
        if found[1] != octets:
            self.unknown = True
        else:
            self.black(found[0], resolution)

    def sums(self) -> PixelSums:
        """The sums of the page; the next one begins."""
        if not self.grid.is_empty:
            width, height = self.paper if min(self.paper) > 0 else LETTER_POINTS
            self.tally.page_sums(self.paper)
            return self.grid.page_sums((round(width * _UNITS_A_POINT), round(height * _UNITS_A_POINT)))
        self.grid.clear()
        return self.tally.page_sums(self.paper)

    def give_up(self) -> int:
        """Where commands are no longer understood: the page's end."""
        self.unknown = self.lost = True
        return self.page_end


Step = Callable[[Sheet, int], int]
"""(page under way, position) -> position behind the command that begins there."""
Coding = Callable[[bytes, Guard], tuple[int, int]]
"""A packed image -> the dots and the octets that it holds."""


def dots_of(octets: bytes) -> int:
    return int.from_bytes(octets, "little").bit_count()


def plain(image: bytes, _guard: Guard) -> tuple[int, int]:
    return dots_of(image), len(image)


def pairs(image: bytes, guard: Guard) -> tuple[int, int]:
    dots = octets = coded = 0
    for steps, pair in enumerate(_PAIR.finditer(image)):
        times = 2 + pair[2][0]
        octets += times
        dots += times * pair[1][0].bit_count() - dots_of(pair[0])
        coded += 3
        if not steps % _STEPS_BETWEEN_LOOKS:
            guard.check(pair.start())
    return dots + dots_of(image), octets + len(image) - coded


def counted(image: bytes, _guard: Guard) -> tuple[int, int]:
    counters, values = image[0::2], image[1::2]
    if len(counters) != len(values):
        return 0, -1
    dots = sum((counter + 1) * value.bit_count() for counter, value in zip(counters, values, strict=True))
    return dots, sum(counters) + len(counters)


def packed(image: bytes, guard: Guard) -> tuple[int, int]:
    dots = octets = 0
    for piece, times in packed_pieces(image, 0, len(image), guard):
        dots += dots_of(piece) * times
        octets += len(piece) * times
    return dots, octets


def packed_pieces(data: "Buffer", position: int, end: int, guard: Guard) -> Iterator[tuple[bytes, int]]:
    """The pieces of a packed image and how many times each comes, up to a counter of 128 or `end`."""
    steps = 0
    while position + 1 < end and (counter := data[position]) != _END_OF_IMAGE:
        position += 1
        if counter < _END_OF_IMAGE:
            yield bytes(data[position : position + counter + 1]), 1
            position += counter + 1
        else:
            yield bytes(data[position : position + 1]), 257 - counter
            position += 1
        steps += 1
        if not steps % _STEPS_BETWEEN_LOOKS:
            guard.check(position)

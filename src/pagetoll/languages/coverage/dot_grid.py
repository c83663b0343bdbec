# SPDX-License-Identifier: Apache-2.0
"""The dots that a print head lays on a page in passes, and how much of the paper they cover.

A pass prints every second, fourth ... row (the pins are so far apart) and the next pass those between. So a dot is as
high as the finest step between the rows of all passes, not as the distance of the pins; across likewise. Places are
counted in 1/86400 inch, of which all steps of such printers are multiples.
"""

from collections import defaultdict
from collections.abc import Sequence
from math import gcd

from pagetoll.languages.coverage.spaces import FULL, PixelSums

UNITS = 86400
"""Units an inch."""
LETTER_UNITS = (17 * UNITS // 2, 11 * UNITS)
"""Taken where the job leaves the paper to the printer."""
_SHARES = 1_000_000_000
_INKS = {1: (1,), 2: (0,), 3: (0, 1), 4: (2,), 5: (1, 2), 6: (0, 2), 7: (0, 1, 2)}
"""Number of an ink or a mix of them -> which of cyan, magenta, yellow; every other number is black."""
_BLACK = 3
_BITS = [octet.bit_count() for octet in range(256)]
_LEVELS: dict[int, Sequence[float]] = {
    1: _BITS,
    2: [sum(octet >> shift & 3 for shift in range(0, 8, 2)) / 3 for octet in range(256)],
}
"""Bits of a dot -> how many full dots an octet of them is."""


class DotGrid:
    """The page under way. `x` and `y` are where the head is, in units."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Begin the next page at its upper left corner."""
        self.x = self.y = 0
        self._first: tuple[int, int] | None = None
        self._height = 0
        self._widths: dict[int, int] = {}
        self._dots: defaultdict[tuple[int, int], float] = defaultdict(float)

    @property
    def is_empty(self) -> bool:
        return self._first is None

    def draw(self, image: bytes, ink: int, spacing: tuple[int, int], bits: int = 1) -> None:
        """An image from here on, whose dots of `bits` bits are `spacing` apart, across and down."""
        levels = _LEVELS[bits]
        dots = int.from_bytes(image, "big").bit_count() if bits == 1 else sum(levels[octet] for octet in image)
        self.dots(dots, ink, spacing)

    def dots(self, dots: float, ink: int, spacing: tuple[int, int]) -> None:
        """So many dots of a pass that begins here."""
        if not dots:
            return
        across, down = spacing
        if self._first is None:
            self._first = self.x, self.y
        self._height = gcd(self._height, down, self.y - self._first[1])
        self._widths[across] = gcd(self._widths.get(across, 0), across, self.x - self._first[0])
        self._dots[across, ink] += dots

    def page_sums(self, paper: tuple[int, int]) -> PixelSums:
        """The sums over the paper (width and height in units). Starts the next page."""
        width, height = paper
        shares = [0.0] * 4
        for (across, ink), dots in self._dots.items():
            for channel in _INKS.get(ink & 7, (_BLACK,)):
                shares[channel] += dots * self._widths[across] * self._height / (width * height)
        self.clear()
        return share_sums(shares)


def share_sums(shares: list[float]) -> PixelSums:
    """The sums of a page of which so much is cyan, magenta, yellow and black, 0 to 1."""
    cyan, magenta, yellow, black = (round(min(1.0, share) * _SHARES) for share in shares)
    red, green, blue = (FULL * (_SHARES - min(_SHARES, ink + black)) for ink in (cyan, magenta, yellow))
    inks = (FULL * cyan, FULL * magenta, FULL * yellow, FULL * black)
    return PixelSums(_SHARES, red, green, blue, FULL * (_SHARES - black), inks=inks)

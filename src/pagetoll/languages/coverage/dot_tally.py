# SPDX-License-Identifier: Apache-2.0
"""Adds up the dots that a printer language sends for a page, into the sums of the whole paper.

Dots are given by color or by inks and at a resolution; what the data leaves out of the paper is white.
"""

from fractions import Fraction

from pagetoll.languages.coverage.spaces import FULL, Pixels, PixelSums

Resolution = tuple[int, int]
"""Dots per inch across and down."""

_POINTS_PER_INCH = 72
LETTER_POINTS = (612.0, 792.0)
"""Taken where the job leaves the paper to the printer, as its text area is."""


class DotTally:
    """The dots of a page under way."""

    def __init__(self) -> None:
        # resolution -> what is missing of red, green, blue and of the brightest of them, and the four inks
        self._sums: dict[Resolution, list[int]] = {}

    def light(self, resolution: Resolution, color: tuple[int, int, int], dots: int) -> None:
        """`dots` pixels of one color (red, green, blue, 0 to 255)."""
        top = max(color)
        dark = FULL - top
        red, green, blue = color
        self._add(
            resolution,
            [FULL - red, FULL - green, FULL - blue, dark, top - red, top - green, top - blue, dark],
            dots,
        )

    def inks(self, resolution: Resolution, inks: tuple[int, int, int, int], dots: int) -> None:
        """`dots` pixels of cyan, magenta, yellow and black, 0 to 255 each, one above the other."""
        *colors, black = inks
        missing = [min(FULL, ink + black) for ink in colors]
        self._add(resolution, [*missing, min(missing), *inks], dots)

    def pixels(self, resolution: Resolution, pixels: Pixels, times: int = 1) -> None:
        """`times` rows of red, green and blue pixels (columns, 3)."""
        columns = len(pixels)
        red, green, blue = (int(total) for total in pixels.sum(axis=0, dtype="uint64"))
        top = int(pixels.max(axis=1).sum(dtype="uint64")) if columns else 0
        full = FULL * columns
        dark = full - top
        missing = [full - red, full - green, full - blue, dark, top - red, top - green, top - blue, dark]
        self._add(resolution, missing, times)

    def _add(self, resolution: Resolution, parts: list[int], times: int) -> None:
        sums = self._sums.setdefault(resolution, [0] * 8)
        for number, part in enumerate(parts):
            sums[number] += part * times

    def page_sums(self, paper_points: tuple[float, float]) -> PixelSums:
        """The sums over the whole paper, in the finest resolution that was used. Starts the next page."""
        across, down = max(self._sums, key=lambda each: each[0] * each[1], default=(_POINTS_PER_INCH,) * 2)
        width, height = paper_points if min(paper_points) > 0 else LETTER_POINTS
        pixels = max(1, round(width * height * across * down / _POINTS_PER_INCH**2))
        totals = [0] * 8
        for (columns, rows), sums in self._sums.items():
            scale = Fraction(across * down, columns * rows)
            totals = [total + round(part * scale) for total, part in zip(totals, sums, strict=True)]
        self._sums = {}
        whole = FULL * pixels
        red, green, blue, dark, *inks = (min(whole, total) for total in totals)
        return PixelSums(
            pixels,
            whole - red,
            whole - green,
            whole - blue,
            whole - dark,
            inks=(inks[0], inks[1], inks[2], inks[3]),
        )

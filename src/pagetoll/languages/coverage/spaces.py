# SPDX-License-Identifier: Apache-2.0
"""From pixels to ink: sums over a page's pixels, and the coverage in the color spaces of PyKota's `ink()`.

    bw    black = 1 - lightness                          rgb   mean of each channel (white paper is full of each)
    cmy   1 - red, 1 - green, 1 - blue                   cmyk  black = 1 - max(r, g, b), the rest to c, m, y
    gc    all grayscale, or all colored when a pixel is colored

Every space follows from five sums of a page, because black is taken per pixel and everything else is linear
(docs/reference/coverage.md). Sums are whole numbers and so are the results.
"""

from dataclasses import dataclass
from typing import Any

import numpy

from pagetoll.core.usage import SPACES, PageCoverage
from pagetoll.languages.pixels import TOLERANCE

FULL = 255
MILLION = 1_000_000
# ITU-R 601 lightness in thousandths, as PyKota's imaging library computed it
_RED_SHARE, _GREEN_SHARE, _BLUE_SHARE = 299, 587, 114
BAND_PIXELS = 1 << 18
"""Pixels looked at in one go: small enough for a processor's cache."""

_ROWS_IN_16_BITS = 256
_OCTETS_IN_32_BITS = 1 << 24
_SAMPLED = 64
"""Of so many pixels one tells whether looking for white ones is worth it."""
UNUSED, WHITE = numpy.frombuffer(b"\0\0\0\xff\xff\xff\xff\xff", numpy.uint32)
"""The fourth octet of a pixel of four, and a white pixel, as numbers in this machine's order."""

Pixels = numpy.ndarray[Any, numpy.dtype[numpy.uint8]]
"""(rows, columns, 3 or more channels, red green blue first) or (rows, columns) of grey; 255 is paper white."""

Places = numpy.ndarray[Any, numpy.dtype[numpy.intp]]


@dataclass(frozen=True, slots=True)
class PixelSums:
    """Sums over the pixels of a page, each channel 0 to 255; `brightest` sums the largest of red, green, blue.

    `inks`: sums of cyan, magenta, yellow and black where the data holds inks, which need no conversion then.
    """

    pixels: int
    red: int
    green: int
    blue: int
    brightest: int
    colored: bool = False
    inks: tuple[int, int, int, int] | None = None

    def __add__(self, other: "PixelSums") -> "PixelSums":
        inks = None
        if self.inks is not None and other.inks is not None:
            c, m, y, k = (ours + theirs for ours, theirs in zip(self.inks, other.inks, strict=True))
            inks = (c, m, y, k)
        return PixelSums(
            self.pixels + other.pixels,
            self.red + other.red,
            self.green + other.green,
            self.blue + other.blue,
            self.brightest + other.brightest,
            self.colored or other.colored,
            inks,
        )


def grey_sums(grey: Pixels) -> PixelSums:
    """The sums of grey pixels (rows, columns)."""
    total = _total(grey)
    return PixelSums(grey.size, total, total, total, total)


def _total(plane: Pixels) -> int:
    """The sum of (rows, columns); 256 rows of octets fit into 16 bits, which is the fastest way to add them."""
    if plane.shape[0] == 1:
        row = plane[0]
        return sum(int(row[at : at + _OCTETS_IN_32_BITS].sum(dtype=numpy.uint32))
                   for at in range(0, row.size, _OCTETS_IN_32_BITS))  # fmt: skip
    bands = (plane[top : top + _ROWS_IN_16_BITS] for top in range(0, plane.shape[0], _ROWS_IN_16_BITS))
    return sum(int(band.sum(axis=0, dtype=numpy.uint16).sum(dtype=numpy.uint64)) for band in bands)


def rgb_sums(pixels: Pixels, colored: bool = False) -> PixelSums:
    """The sums of red, green and blue pixels (rows, columns, 3 or more), and whether one of them is colored;
    `colored`: that is known already."""
    total = PixelSums(0, 0, 0, 0, 0, colored)
    columns = pixels.shape[1]
    rows = max(1, BAND_PIXELS // max(1, columns))
    for top in range(0, pixels.shape[0], rows):
        band = pixels[top : top + rows]
        inked = band.reshape(len(band), -1).min(axis=1, initial=FULL) < FULL
        marked = int(numpy.count_nonzero(inked))
        if marked:
            total += _band_sums(band if marked == len(band) else band[inked], total.colored)
        total += white_sums(columns * (len(band) - marked))
    return total


def white_sums(count: int) -> PixelSums:
    """The sums of so many white pixels."""
    light = FULL * count
    return PixelSums(count, light, light, light, light)


def _band_sums(band: Pixels, colored: bool) -> PixelSums:
    planes = [numpy.ascontiguousarray(band[..., channel]) for channel in range(3)]
    planes.append(numpy.maximum(numpy.maximum(planes[0], planes[1]), planes[2]))
    if not colored:
        darkest = numpy.minimum(numpy.minimum(planes[0], planes[1]), planes[2])
        colored = bool((planes[3] - darkest > TOLERANCE).any())
    red, green, blue, most = map(_total, planes)
    return PixelSums(planes[0].size, red, green, blue, most, colored)


def colored_sums(pixels: Pixels) -> PixelSums:
    """The sums of a picture (rows, columns, 4) that is known to be colored; the fourth channel is nothing."""
    return drawn_sums(pixels)[0]


def drawn_sums(pixels: Pixels) -> tuple[PixelSums, int]:
    """The sums of a picture (rows, columns, 4), taken as colored, and the largest distance between two of the
    channels red, green and blue of a pixel; the fourth channel is nothing."""
    words = pixels.view(numpy.uint32).reshape(-1)
    total, distance = PixelSums(0, 0, 0, 0, 0, colored=True), 0
    for first in range(0, words.size, BAND_PIXELS):
        band = words[first : first + BAND_PIXELS]
        sample = band[::_SAMPLED]
        if 2 * int(numpy.count_nonzero(sample == WHITE)) > sample.size:
            size = band.size
            band = band[band != WHITE]  # a white pixel whose fourth octet is another is as right among the others
            total += white_sums(size - band.size)
        drawn = band.view(numpy.uint8).reshape(1, -1, 4)
        planes = [numpy.ascontiguousarray(drawn[..., channel]) for channel in range(3)]
        if numpy.array_equal(planes[0], planes[1]) and numpy.array_equal(planes[1], planes[2]):
            total += grey_sums(planes[0])
            continue
        planes.append(numpy.maximum(numpy.maximum(planes[0], planes[1]), planes[2]))
        darkest = numpy.minimum(numpy.minimum(planes[0], planes[1]), planes[2])
        distance = max(distance, int((planes[3] - darkest).max(initial=0)))
        red, green, blue, most = map(_total, planes)
        total += PixelSums(band.size, red, green, blue, most, colored=True)
    return total, distance


def inked_places(pixels: Pixels) -> Places:
    """Where (rows, columns, 4) is not white, counted along the rows: mostly a tenth of a page."""
    words = pixels.view(numpy.uint32).reshape(-1)
    return numpy.flatnonzero((words | UNUSED) != WHITE)


def pixels_at(pixels: Pixels, places: Places) -> Pixels:
    """The pixels of (rows, columns, 4) at `places` as (number, 4)."""
    found: Pixels = pixels.view(numpy.uint32).reshape(-1)[places].view(numpy.uint8).reshape(-1, 4)
    return found


def distances(pixels: Pixels) -> Pixels:
    """For each pixel (number, 4) the largest distance between two of its channels red, green and blue."""
    red, green, blue = (numpy.ascontiguousarray(pixels[:, channel]) for channel in range(3))
    brightest = numpy.maximum(numpy.maximum(red, green), blue)
    apart: Pixels = brightest - numpy.minimum(numpy.minimum(red, green), blue)
    return apart


def page_coverage(space: str, sums: PixelSums) -> PageCoverage:
    """The coverage of a page in `space`, rounded to whole millionths. Raises KeyError for an unknown space."""
    if space not in SPACES:
        raise KeyError(space)
    if not sums.pixels:
        return PageCoverage(space, (0,) * len(SPACES[space]))
    whole = sums.pixels * FULL
    return PageCoverage(space, tuple(_millionths(part, of) for part, of in _parts(space, sums, whole)))


def _parts(space: str, sums: PixelSums, whole: int) -> list[tuple[int, int]]:
    if space == "gc":
        return [(0, 1), (1, 1)] if sums.colored else [(1, 1), (0, 1)]
    if space == "rgb":
        return [(sums.red, whole), (sums.green, whole), (sums.blue, whole)]
    if space == "cmy":
        return [(whole - sums.red, whole), (whole - sums.green, whole), (whole - sums.blue, whole)]
    if space == "bw":
        light = _RED_SHARE * sums.red + _GREEN_SHARE * sums.green + _BLUE_SHARE * sums.blue
        return [(1000 * whole - light, 1000 * whole)]
    if sums.inks is not None:
        return [(ink, whole) for ink in sums.inks]
    top = sums.brightest
    return [(top - sums.red, whole), (top - sums.green, whole), (top - sums.blue, whole), (whole - top, whole)]


def _millionths(part: int, of: int) -> int:
    """part / of in millionths, halves up; never out of 0 to 1,000,000."""
    return min(MILLION, max(0, (2 * MILLION * part + of) // (2 * of)))

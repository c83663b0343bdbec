# SPDX-License-Identifier: Apache-2.0
"""How much of the ink of a picture is in thin things, which PDFium may have made too heavy."""

from typing import Any

import numpy

from pagetoll.languages.coverage.spaces import FULL, UNUSED, WHITE, Pixels

_BAND_ROWS = 24
_BROAD_PIXELS = 4
"""A line that is drawn as one pixel touches three at most, be it slanted."""
_CHANNELS = 3

_Truths = numpy.ndarray[Any, numpy.dtype[numpy.bool_]]


def thin_part(pixels: Pixels) -> float:
    """The part of the ink (0 to 1) of a picture (rows, columns, 4) that is not in four inked pixels side by side and
    four one below the other. Every second band of rows is looked at."""
    rows, columns = pixels.shape[:2]
    words = pixels.view(numpy.uint32).reshape(-1)
    beside = _BROAD_PIXELS - 1
    thin_ink = whole_ink = 0
    for top in range(0, rows, 2 * _BAND_ROWS):
        first, last = max(0, top - beside), min(rows, top + _BAND_ROWS + beside)
        band = words[first * columns : last * columns]
        inked = (band | UNUSED) != WHITE
        if not inked.any():
            continue
        thin = inked & ~(_broad(inked, 1) & _broad(inked, columns))
        rows_of_band = slice((top - first) * columns, (top - first + _BAND_ROWS) * columns)
        band, inked, thin = band[rows_of_band], inked[rows_of_band], thin[rows_of_band]
        whole_ink += _ink(band[inked])
        thin_ink += _ink(band[thin])
    return thin_ink / whole_ink if whole_ink else 0.0


def _ink(words: "numpy.ndarray[Any, numpy.dtype[numpy.uint32]]") -> int:
    """Of pixels of four octets, the last of which is nothing."""
    channels = words.view(numpy.uint8)
    return _CHANNELS * FULL * len(words) - sum(int(channels[n::4].sum(dtype=numpy.uint64)) for n in range(_CHANNELS))


def _broad(inked: _Truths, step: int) -> _Truths:
    """Which belong to four in a row that are `step` apart. Rows of a page are seen as one behind the other, so its
    edges touch; that makes nothing thinner."""
    pairs = inked[:-step] & inked[step:]
    starts = pairs[: -2 * step] & pairs[2 * step :]
    broad = numpy.zeros_like(inked)
    for number in range(_BROAD_PIXELS):
        broad[number * step : number * step + len(starts)] |= starts
    return broad

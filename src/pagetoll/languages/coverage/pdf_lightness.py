# SPDX-License-Identifier: Apache-2.0
"""The sums of colored pictures of text by PDFium, with the lightness of grey ones.

It makes text too heavy on colored pictures (pdf_pages.py).
"""

from typing import Any

import numpy

from pagetoll.languages.coverage.spaces import BAND_PIXELS, FULL, UNUSED, WHITE, Pixels, PixelSums

LIGHTNESS_SHARES = (30, 59, 11)
"""PDFium's own lightness, in hundredths of red, green, blue."""
_HEAVIER = 2
"""Difference of lightness from which on a pixel is corrected."""
_TILE_PIXELS = 12


def lightened_sums(pixels: Pixels, grey: Pixels) -> PixelSums:
    """The sums of a colored picture with the lightness of a grey one; colored by definition.

    Where a tile of it differs from `grey` in lightness, the ink of the pixels that differ is scaled to that. By
    tiles, because one picture has the edge of a letter where the other has white, whose color says nothing.
    """
    columns = grey.shape[1]
    words = pixels.view(numpy.uint32).reshape(-1)
    lights = numpy.ascontiguousarray(grey).reshape(-1)
    inked = numpy.flatnonzero((words | UNUSED != WHITE) | (lights != FULL))
    light = FULL * (words.size - inked.size)
    total = PixelSums(words.size - inked.size, light, light, light, light, colored=True)
    for first in range(0, inked.size, BAND_PIXELS):
        places = inked[first : first + BAND_PIXELS]
        total += _lightened(words[places].view(numpy.uint8).reshape(-1, 4), lights[places], places, columns)
    return total


def _lightened(band: Pixels, grey: Pixels, places: Any, columns: int) -> PixelSums:
    """The sums of the pixels `band` (number, 4) at `places`, brought to the lightness `grey`."""
    planes = [numpy.ascontiguousarray(band[:, channel]) for channel in range(3)]
    brightest = numpy.maximum(numpy.maximum(planes[0], planes[1]), planes[2])
    lightness = numpy.zeros(len(band), numpy.uint16)
    for plane, share in zip(planes, LIGHTNESS_SHARES, strict=True):
        lightness += plane * numpy.uint16(share)
    lightness //= 100
    totals = [int(plane.sum(dtype=numpy.uint64)) for plane in (*planes, brightest)]
    differing = numpy.flatnonzero(abs(grey.astype(numpy.int16) - lightness.astype(numpy.int16)) > _HEAVIER)
    if differing.size:
        at = places[differing].astype(numpy.int32)  # divided by one number: numpy is quick with that, not with divmod
        rows = at // columns
        across = at - rows * columns
        tile = rows // _TILE_PIXELS * (columns // _TILE_PIXELS + 1) + across // _TILE_PIXELS
        tile -= tile.min()
        drawn = numpy.bincount(tile, FULL - lightness[differing].astype(numpy.float32))
        wanted = numpy.bincount(tile, FULL - grey[differing].astype(numpy.float32))
        too_much = (1 - wanted / numpy.maximum(drawn, 1))[tile]
        for number, plane in enumerate((*planes, brightest)):
            ink = FULL - plane[differing].astype(numpy.float32)
            totals[number] += round(float((ink * too_much).sum(dtype=numpy.float64)))
    red, green, blue, most = totals
    return PixelSums(len(band), red, green, blue, most, colored=True)

# SPDX-License-Identifier: Apache-2.0
"""Ink from pixels: every color space against the per-pixel definition, and exact millionths."""

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.core.usage import SPACES
from pagetoll.languages.coverage.spaces import (
    BAND_PIXELS,
    PixelSums,
    colored_sums,
    distances,
    grey_sums,
    inked_places,
    page_coverage,
    pixels_at,
    rgb_sums,
)

WHITE, BLACK, RED, GREY, DARK_RED = (255, 255, 255), (0, 0, 0), (255, 0, 0), (128, 128, 128), (102, 0, 0)

CASES = [
    ("cmyk", [WHITE], (0, 0, 0, 0)),
    ("cmyk", [BLACK], (0, 0, 0, 1_000_000)),
    ("cmyk", [RED], (0, 1_000_000, 1_000_000, 0)),
    ("cmyk", [DARK_RED], (0, 400_000, 400_000, 600_000)),
    ("cmyk", [WHITE, BLACK, RED, RED], (0, 500_000, 500_000, 250_000)),
    ("cmy", [BLACK], (1_000_000, 1_000_000, 1_000_000)),
    ("cmy", [RED], (0, 1_000_000, 1_000_000)),
    ("rgb", [WHITE], (1_000_000, 1_000_000, 1_000_000)),
    ("rgb", [RED, BLACK], (500_000, 0, 0)),
    ("bw", [BLACK, WHITE, WHITE, WHITE], (250_000,)),
    ("bw", [RED], (701_000,)),
    ("gc", [WHITE, BLACK, GREY], (1_000_000, 0)),
    ("gc", [WHITE, RED], (0, 1_000_000)),
    ("gc", [(100, 110, 105)], (1_000_000, 0)),
]


@pytest.mark.parametrize(("space", "pixels", "millionths"), CASES)
def test_a_space_is_what_pykota_took_it_for(space: str, pixels: list[tuple[int, int, int]], millionths):
    sums = rgb_sums(numpy.array([pixels], numpy.uint8))
    assert page_coverage(space, sums).millionths == millionths
    assert len(millionths) == len(SPACES[space])


def test_grey_pictures_and_equal_colors_have_the_same_ink():
    grey = numpy.arange(256, dtype=numpy.uint8).reshape(16, 16)
    colors = numpy.repeat(grey[..., None], 3, axis=2)
    for space in SPACES:
        assert page_coverage(space, grey_sums(grey)) == page_coverage(space, rgb_sums(colors))


def test_a_page_without_pixels_has_no_ink():
    assert page_coverage("cmyk", PixelSums(0, 0, 0, 0, 0)).millionths == (0, 0, 0, 0)


def test_an_unknown_space_is_refused():
    with pytest.raises(KeyError):
        page_coverage("lab", PixelSums(1, 0, 0, 0, 0))


def test_inks_in_the_data_are_taken_as_they_are():
    sums = PixelSums(2, 0, 0, 0, 0, inks=(51, 102, 255, 510))
    assert page_coverage("cmyk", sums).millionths == (100_000, 200_000, 500_000, 1_000_000)


def test_a_picture_larger_than_a_band_has_the_same_sums():
    rows, columns = 5, BAND_PIXELS // 2
    pixels = numpy.full((rows, columns, 3), 255, numpy.uint8)
    pixels[4, -1] = (0, 255, 0)
    sums = rgb_sums(pixels)
    assert sums == PixelSums(rows * columns, *(rows * columns * 255 - lost for lost in (255, 0, 255, 0)), True)


pixel_rows = st.lists(st.tuples(*(st.integers(0, 255),) * 3), min_size=1, max_size=60)


@given(pixel_rows, st.integers(0, 255))
def test_black_is_taken_pixel_by_pixel(pixels: list[tuple[int, int, int]], unused: int):
    whole = 255 * len(pixels)
    black = sum(255 - max(pixel) for pixel in pixels)
    inks = [sum(max(pixel) - pixel[channel] for pixel in pixels) for channel in range(3)]
    expected = [(2_000_000 * ink + whole) // (2 * whole) for ink in (*inks, black)]
    array = numpy.array([pixels], numpy.uint8)
    assert page_coverage("cmyk", rgb_sums(array)).millionths == tuple(expected)
    with_unused = numpy.concatenate([array, numpy.full((*array.shape[:2], 1), unused, numpy.uint8)], axis=2)
    inked = pixels_at(with_unused, inked_places(with_unused))
    assert len(inked) == sum(pixel != WHITE for pixel in pixels)
    assert distances(inked).tolist() == [max(pixel) - min(pixel) for pixel in pixels if pixel != WHITE]
    assert page_coverage("cmyk", colored_sums(with_unused)).millionths == tuple(expected)

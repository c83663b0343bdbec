# SPDX-License-Identifier: Apache-2.0
"""Netpbm pictures from a renderer, in whatever pieces they come, and the pages of PostScript jobs."""

import shutil
import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from languages.rendering import Ghostscript
from pagetoll.accounters.software.ghostscript import pixel_arguments
from pagetoll.core.errors import MalformedDocument
from pagetoll.core.usage import ColorClass
from pagetoll.languages import count
from pagetoll.languages.coverage import Inspector
from pagetoll.languages.coverage.postscript_pages import pictures
from pagetoll.languages.coverage.spaces import PixelSums
from pagetoll.languages.limits import FAIR_DPI

BITS = b"P4\n# made here\n10 2\n" + bytes([0xFF, 0xFF, 0x00, 0x3F])
GREY = b"P5\n2 2\n255\n" + bytes([0, 255, 255, 100])
RGB = b"P6\n# a comment\n1 2\n# another\n255\n" + bytes([255, 0, 0, 10, 10, 10])
PALE = b"P6\n1 2\n255\n" + bytes([255, 250, 255, 10, 10, 10])
KNOWN = [
    PixelSums(20, 2550, 2550, 2550, 2550),  # ten black pixels: bits behind the tenth column do not count
    PixelSums(4, 610, 610, 610, 610),
    PixelSums(2, 265, 10, 10, 265, colored=True),
]


@given(st.lists(st.integers(1, 40), max_size=60))
def test_pictures_are_read_from_any_pieces(sizes: list[int]):
    stream = BITS + GREY + RGB
    pieces, at = [], 0
    for size in sizes:
        pieces.append(stream[at : at + size])
        at += size
    assert [picture.sums for picture in pictures([*pieces, stream[at:]])] == KNOWN


def test_a_picture_cut_off_is_left_out():
    assert [picture.sums for picture in pictures([GREY, RGB[:-1]])] == KNOWN[1:2]


@pytest.mark.parametrize("stream", [b"x" * 3000, b"P6\n999999 999999\n255\n" + bytes(10)])
def test_what_is_no_picture_is_an_error(stream: bytes):
    with pytest.raises(MalformedDocument):
        list(pictures([stream]))


def painter(*answer: bytes):  # type: ignore[no-untyped-def]
    """A renderer that answers any program with the same pictures."""

    def paint(program: memoryview, resolution_dpi: int) -> Iterator[bytes]:
        assert bytes(program).startswith(b"%!PS")
        assert resolution_dpi >= 72
        yield from answer

    return paint


def colors(program: bytes, *answer: bytes) -> list[ColorClass]:
    usage = count(program, inspect_pages=Inspector(render_pixels=painter(*answer)))
    return [run.color for segment in usage.segments for run in segment.runs for _ in range(run.length)]


TWO_PAGES = b"%!PS\n1 0 0 setrgbcolor 0 0 moveto (a) show showpage (b) show showpage\n"


def test_pictures_settle_the_colors_that_the_program_left_open():
    assert colors(TWO_PAGES, GREY, RGB) == [ColorClass.MONO, ColorClass.COLOR]


def test_a_program_whose_colors_are_known_is_not_painted():
    assert colors(b"%!PS\n0 0 moveto (a) show showpage\n", RGB) == [ColorClass.MONO]


def test_pages_without_a_picture_keep_what_was_known():
    assert colors(TWO_PAGES, RGB) == [ColorClass.COLOR, ColorClass.UNKNOWN]


def test_coverage_comes_from_the_same_pictures():
    usage = count(TWO_PAGES, inspect_pages=Inspector("bw", render_pixels=painter(BITS, GREY)))
    assert [page and page.millionths for page in usage.coverage] == [(500_000,), (401_961,)]


def test_a_color_too_thin_for_the_fair_picture_is_found_on_the_small_one():
    def paint(program: memoryview, resolution_dpi: int) -> Iterator[bytes]:
        yield PALE if resolution_dpi >= FAIR_DPI else RGB
        yield GREY

    usage = count(TWO_PAGES, inspect_pages=Inspector("gc", render_pixels=paint))
    assert [page and page.millionths for page in usage.coverage] == [(0, 1_000_000), (1_000_000, 0)]


def test_a_color_that_is_too_pale_stays_grey_when_the_small_picture_shows_no_more():
    usage = count(TWO_PAGES, inspect_pages=Inspector("gc", render_pixels=painter(PALE, RGB)))
    assert [page and page.millionths for page in usage.coverage] == [(1_000_000, 0), (0, 1_000_000)]


@pytest.mark.skipif(shutil.which("gs") is None, reason="Ghostscript is not installed here")
def test_thin_colored_lines_keep_their_color_and_their_ink():
    lines = b"".join(b"100 %d.3 300 0.2 rectfill 100 %d.5 300 0.2 rectfill\n" % (y, y) for y in range(20, 700, 10))
    program = (
        b"%!PS\n1 0 0 setrgbcolor 100 300.13 300 0.05 rectfill showpage\n1 0 0 setrgbcolor " + lines + b"showpage\n"
    )

    def paint(program: memoryview, resolution_dpi: int) -> Iterator[bytes]:
        command = ["gs", *pixel_arguments(resolution_dpi)]
        yield subprocess.run(command, input=program, capture_output=True, check=True, timeout=60).stdout

    usage = count(program, inspect_pages=Inspector("cmyk", render_pixels=paint))
    assert [run.color for segment in usage.segments for run in segment.runs] == [ColorClass.COLOR]
    page = usage.coverage[1]
    area = 136 * 300 * 0.2 / (612 * 792)
    assert page is not None
    assert abs(page.millionths[1] / 1e6 - area) < 0.3 * area


SQUARE = b"100 100 200 200 rectfill"
PATTERN = (
    b"<</PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 9 9] /XStep 9 /YStep 9"
    b" /PaintProc {pop 1 0 0 setrgbcolor 0 0 5 5 rectfill}>> matrix makepattern setpattern "
)
SHADING = (
    b"<</ShadingType 2 /ColorSpace /DeviceRGB /Coords [0 0 600 0]"
    b" /Function <</FunctionType 2 /N 1 /Domain [0 1] /C0 [1 0 0] /C1 [0 0 1]>>>> shfill"
)
IMAGE = b"300 300 scale 1 1 8 [1 0 0 1 0 0] {<ff0000>} false 3 colorimage"
TYPE_3 = (
    b"<</FontType 3 /FontMatrix [.01 0 0 .01 0 0] /FontBBox [0 0 99 99] /Encoding 256 array"
    b" /BuildChar {pop pop 99 0 setcharwidth 1 0 0 setrgbcolor 0 0 50 50 rectfill}>> /T exch definefont"
    b" 99 scalefont setfont 100 100 moveto (a) show"
)


@pytest.mark.skipif(shutil.which("gs") is None, reason="Ghostscript is not installed here")
@pytest.mark.parametrize(
    ("drawing", "sure"),
    [
        (b".3 setgray " + SQUARE, True),
        (b"0 0 0 1 setcmykcolor " + SQUARE, True),
        (b".1 .05 0 setrgbcolor " + SQUARE, True),
        (b"1 0 0 setrgbcolor 0 setgray " + SQUARE, True),
        (b"1 0 0 setrgbcolor " + SQUARE, False),
        (b"1 0 0 setrgbcolor 9 9 99 99 rectstroke", False),
        (b"1 0 0 setrgbcolor 100 100 200 .01 rectfill", False),
        (PATTERN + SQUARE, False),
        (SHADING, False),
        (IMAGE, False),
        (TYPE_3, False),
    ],
)
def test_a_program_is_surely_grey_only_when_it_paints_with_no_color(drawing: bytes, sure: bool):
    usage = count(b"%!PS\n{" + drawing + b"} exec showpage\n", render_postscript=Ghostscript())
    assert [run.color for run in usage.segments[0].runs] == [ColorClass.MONO if sure else ColorClass.UNKNOWN]


def test_pages_that_are_surely_grey_are_painted_grey():
    asked = []

    def paint(program: memoryview, resolution_dpi: int, *, grey: bool = False) -> Iterator[bytes]:
        asked.append((bytes(program[:4]), resolution_dpi, grey))
        yield GREY

    count(b"%!PS\n0 0 moveto (a) show showpage\n", inspect_pages=Inspector("bw", render_pixels=paint))
    count(TWO_PAGES, inspect_pages=Inspector("bw", render_pixels=paint))
    assert asked == [(b"%!PS", FAIR_DPI, True), (b"%!PS", FAIR_DPI, False)]

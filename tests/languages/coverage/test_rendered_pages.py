# SPDX-License-Identifier: Apache-2.0
"""The pages painted from what the counting run writes are those that Ghostscript paints."""

import shutil
import subprocess
from collections.abc import Iterator
from itertools import count as counting

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from languages.rendering import SAMPLES
from pagetoll.accounters.software.ghostscript import counting_arguments, pixel_arguments
from pagetoll.core.usage import ColorClass
from pagetoll.languages import count
from pagetoll.languages.coverage import Inspector
from pagetoll.languages.coverage.postscript_pages import pictures
from pagetoll.languages.coverage.rendered_pages import Picture, RenderedPages
from pagetoll.languages.coverage.spaces import PixelSums, page_coverage
from pagetoll.languages.limits import Guard, Limits

pytestmark = pytest.mark.skipif(shutil.which("gs") is None, reason="Ghostscript is not installed here")

LETTERS = b"/Times-Roman findfont 20 scalefont setfont 100 700 moveto (Hamburgefonts 0123456789) show\n"
COLORED_LETTERS = b"0 1 40 { dup 40 div 0 1 3 -1 roll sub 0 exch setrgbcolor (many words ) show } for\n"
MANY_LETTERS = (
    b"/S 8 def 60 { /Times-Roman findfont S scalefont setfont 50 S 9 mul moveto (%s) show /S S 1 add def } repeat\n"
)
STAR = b"300 300 moveto 400 600 lineto 500 300 lineto 250 500 lineto 550 500 lineto closepath "
DRAWINGS = {
    "letters": LETTERS,
    "letters of many colors": LETTERS + COLORED_LETTERS,
    "letters of many sizes": MANY_LETTERS % (b"abcdefghijklmnopqrstuvwxyz" * 2),
    "letters over the edge": b"gsave 590 -20 translate " + LETTERS + b"grestore -130 0 translate " + LETTERS,
    "letters cut by a clip": b"100 705 150 50 rectclip " + LETTERS,
    "turned letters": b"30 rotate 200 -300 translate " + LETTERS,
    "letters over the same letters": LETTERS + LETTERS,
    "red letters over black ones": LETTERS + b"1 0 0 setrgbcolor 3 1 translate " + LETTERS,
    "a box over letters": LETTERS + b".5 setgray 120 700 60 5 rectfill",
    "letters over a box": b".8 setgray 90 690 200 30 rectfill 0 setgray " + LETTERS,
    "letters under a star": LETTERS + b"-100 120 translate " + STAR + b"fill",
    "letters over the edge of a box": b".8 setgray 90 690 93 300 rectfill 0 setgray " + LETTERS,
    "a box over some of the letters": LETTERS + b".8 setgray 150 600 300 300 rectfill",
    "letters and a rule on a box": (
        b".9 setgray 50 600 500 150 rectfill 1 0 0 setrgbcolor 60 650 99 9 rectfill 0 setgray " + LETTERS
    ),
    "letters between rules": LETTERS + b"90 690 250 2 rectfill 90 725 250 .5 rectfill 300 600 20 20 rectfill",
    "boxes": b"0 .1 1 { dup setgray 500 mul dup 40 90 rectfill } for",
    "a box over another": b"9 9 300 300 rectfill 1 setgray 50 50 99 99 rectfill 1 0 0 setrgbcolor 60 60 9 9 rectfill",
    "a star by winding": STAR + b"fill",
    "a star by turns": STAR + b"eofill",
    "a ring by turns": b"300 300 200 0 360 arc closepath 300 300 100 0 360 arc closepath eofill",
    "a disc over the edge": b"600 20 90 0 360 arc fill",
    "lines of all widths": b"0 .25 9 { dup setlinewidth dup 60 mul 20 add 50 moveto 100 600 rlineto stroke } for",
    "a bent dashed line": b"[9 5] 0 setdash 3 setlinewidth 50 50 moveto 100 700 400 -200 500 700 curveto stroke",
    "round corners": b"1 setlinejoin 1 setlinecap 20 setlinewidth 50 50 moveto 300 600 lineto 500 50 lineto stroke",
    "a polygon cut by a clip": b"300 350 150 200 rectclip " + STAR + b"fill",
    "white on black": b"clippath fill 1 setgray " + LETTERS,
    "ink of four colors": b".2 .4 .6 .1 setcmykcolor 100 100 300 300 rectfill",
}
NOT_HEARD = {
    "an image": b"300 300 scale 2 2 8 [2 0 0 2 0 0] {<ff0000ff00ff0000ff00ff00>} false 3 colorimage",
    "a round clip": b"300 300 200 0 360 arc clip newpath 0 0 500 300 rectfill",
    "a blend of colors": (
        b"0 0 600 4 rectclip <</ShadingType 2 /ColorSpace /DeviceRGB /Coords [0 0 600 0]"
        b" /Function <</FunctionType 2 /N 1 /Domain [0 1] /C0 [1 0 0] /C1 [0 0 1]>>>> shfill"
    ),
}

SAMPLED = (
    "cairo-12.ps",
    "cups-KOC451GX-trioA4.ps",
    "dvips-t-a4.ps",
    "gnuplot-6.ps",
    "grops-9.ps",
    "pdftocairo-seven.ps",
    "pdftops-land-paperA4.ps",
)


def ghostscript(arguments: tuple[str, ...], program: bytes) -> bytes:
    return subprocess.run(["gs", *arguments], input=program, capture_output=True, check=True, timeout=60).stdout


def program(drawing: bytes) -> bytes:
    """`exec` makes it a program that has to be run."""
    return b"%!PS\n{" + drawing + b"} exec showpage\n"


def heard(stream: bytes, sizes: Iterator[int]) -> RenderedPages:
    pages = RenderedPages(Guard(Limits()), 1000)
    at = 0
    while at < len(stream):
        size = next(sizes)
        pages.feed(stream[at : at + size])
        at += size
    return pages


def whole(stream: bytes) -> RenderedPages:
    return heard(stream, counting(len(stream) + 1))


def painted(document: bytes) -> list[PixelSums]:
    """The pages as Ghostscript paints them, with the same pixels."""
    arguments = pixel_arguments(150)
    fine = tuple(word for word in counting_arguments(pages_seen=True) if word.startswith("-r"))
    words = tuple(fine[0] if word.startswith("-r") else word for word in arguments)
    return [picture.sums for picture in pictures([ghostscript(words, document)])]


def far(ours: PixelSums, theirs: PixelSums) -> float:
    """How far the ink of two pages is apart, in parts of the ink."""
    inks = [page_coverage("cmyk", sums).millionths for sums in (ours, theirs)]
    return sum(abs(a - b) for a, b in zip(*inks, strict=True)) / max(100, sum(inks[1]))


def never(_program: memoryview, _resolution_dpi: int, *, grey: bool = False) -> Iterator[bytes]:
    raise AssertionError(f"a second run was made, grey: {grey}")
    yield b""


def render(document: memoryview) -> Iterator[bytes]:
    yield ghostscript(counting_arguments(pages_seen=True), bytes(document))


@pytest.fixture(scope="module")
def drawn() -> dict[str, tuple[Picture, PixelSums]]:
    """Each drawing as it is painted from PCL XL and by Ghostscript, all of them pages of one program."""
    pages = b"".join(b"/kept save def " + drawing + b" clear kept restore showpage " for drawing in DRAWINGS.values())
    document = b"%!PS\n{" + pages + b"} exec\n"
    rendered = whole(ghostscript(counting_arguments(pages_seen=True), document))
    assert not rendered.failed
    pairs = zip(rendered.pictures, painted(document), strict=True)
    return dict(zip(DRAWINGS, pairs, strict=True))


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_has_the_ink_that_ghostscript_gives_it(drawn: dict[str, tuple[Picture, PixelSums]], name: str):
    ours, theirs = drawn[name]
    assert ours.sums.colored == theirs.colored
    assert far(ours.sums, theirs) < 0.01


@pytest.mark.parametrize("name", SAMPLED)
def test_the_pages_of_a_sample_have_the_ink_that_ghostscript_gives_them(name: str):
    document = (SAMPLES / "ps" / name).read_bytes()
    pages = whole(ghostscript(counting_arguments(pages_seen=True), document))
    assert not pages.failed
    assert all(far(ours.sums, of) < 0.02 for ours, of in zip(pages.pictures, painted(document), strict=True))


@pytest.mark.parametrize("name", NOT_HEARD)
def test_what_cannot_be_painted_is_given_up(name: str):
    pages = whole(ghostscript(counting_arguments(pages_seen=True), program(LETTERS + NOT_HEARD[name])))
    assert pages.failed


@pytest.fixture(scope="module")
def stream() -> bytes:
    drawing = LETTERS + STAR + b"fill .5 .7 0 setrgbcolor 10 setlinewidth 50 50 moveto 60 700 lineto stroke showpage "
    return ghostscript(counting_arguments(pages_seen=True), program(drawing + LETTERS))


@settings(max_examples=20)
@given(sizes=st.lists(st.integers(1, 400), min_size=1, max_size=60))
def test_pages_are_painted_from_any_pieces(stream: bytes, sizes: list[int]):
    endless = (sizes[number % len(sizes)] for number in counting())
    assert heard(stream, endless).pictures == whole(stream).pictures


@settings(max_examples=50)
@given(changes=st.lists(st.tuples(st.integers(0), st.integers(0, 255)), min_size=1, max_size=30), cut=st.integers(0))
def test_a_damaged_stream_raises_nothing(stream: bytes, changes: list[tuple[int, int]], cut: int):
    damaged = bytearray(stream)
    for place, octet in changes:
        damaged[place % len(damaged)] = octet
    pages = whole(bytes(damaged[: cut % len(damaged) or None]))
    assert all(isinstance(picture, Picture) for picture in pages.pictures)


def test_the_program_is_run_once_for_its_count_its_colors_and_its_coverage():
    red = b"1 0 0 setrgbcolor 0 0 306 396 rectfill"
    document = b"%!PS\n<</NumCopies 3 /PageSize [612 792]>> setpagedevice {" + red + b" showpage "
    document += LETTERS + b"} exec showpage\n"
    usage = count(document, render_postscript=render, inspect_pages=Inspector("cmyk", render_pixels=never))
    (segment,) = usage.segments
    assert [(run.color, run.copies) for run in segment.runs] == [(ColorClass.COLOR, 3), (ColorClass.MONO, 3)]
    first, second = usage.coverage
    assert first is not None
    assert second is not None
    assert [round(millionths / 1e4) for millionths in first.millionths] == [0, 25, 25, 0]
    assert second.millionths[:3] == (0, 0, 0)
    assert second.millionths[3] > 0


def test_a_straight_line_program_is_run_once_for_its_coverage():
    document = b"%!PS\n0 0 300 300 rectfill showpage\n"
    usage = count(document, render_postscript=render, inspect_pages=Inspector("bw", render_pixels=never))
    (page,), (theirs,) = usage.coverage, painted(document)
    assert page == page_coverage("bw", theirs)


def test_a_color_that_does_not_show_is_looked_for_in_the_small_picture():
    asked = []

    def paint(document: memoryview, resolution_dpi: int, *, grey: bool = False) -> Iterator[bytes]:
        asked.append((resolution_dpi, grey))
        yield ghostscript(pixel_arguments(resolution_dpi, grey=grey), bytes(document))

    document = program(LETTERS + b"1 0 0 setrgbcolor 100 300.13 300 0.01 rectfill")
    usage = count(document, render_postscript=render, inspect_pages=Inspector("cmyk", render_pixels=paint))
    assert [run.color for run in usage.segments[0].runs] == [ColorClass.COLOR]
    assert asked == [(72, False)]


def test_a_page_with_an_image_is_painted_by_ghostscript():
    def paint(document: memoryview, resolution_dpi: int, *, grey: bool = False) -> Iterator[bytes]:
        yield ghostscript(pixel_arguments(resolution_dpi, grey=grey), bytes(document))

    document = program(NOT_HEARD["an image"])
    usage = count(document, render_postscript=render, inspect_pages=Inspector("rgb", render_pixels=paint))
    (page,), (theirs,) = usage.coverage, painted(document)
    assert page is not None
    channels = zip(page.millionths, page_coverage("rgb", theirs).millionths, strict=True)
    assert all(abs(ours - of) < 2_000 for ours, of in channels)


def test_no_more_pages_are_painted_than_will_be_looked_at():
    stream = ghostscript(counting_arguments(pages_seen=True), b"%!PS\n9 {showpage} repeat\n")
    pages = RenderedPages(Guard(Limits()), 4)
    pages.feed(stream)
    assert pages.failed
    assert len(pages.pictures) == 4


def test_painting_ends_when_half_of_the_time_is_over():
    ticks = counting()
    guard = Guard(Limits(timeout_s=10, clock=lambda: float(next(ticks))))
    pages = RenderedPages(guard, 1000)
    pages.feed(ghostscript(counting_arguments(pages_seen=True), b"%!PS\n40 {showpage} repeat\n"))
    assert pages.failed
    assert 0 < len(pages.pictures) < 10

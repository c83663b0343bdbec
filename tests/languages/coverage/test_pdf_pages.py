# SPDX-License-Identifier: Apache-2.0
"""The color and the coverage of PDF pages whose ink is known."""

import pytest

from pagetoll.core.copies import apply_spooler
from pagetoll.core.usage import ColorClass
from pagetoll.languages import Limits, count
from pagetoll.languages.coverage import Inspector, coverage

SIDE_POINTS = 600


def pdf(*contents: bytes) -> bytes:
    """A PDF of square pages, one for each content stream."""
    kids = b" ".join(b"%d 0 R" % (4 + 2 * number) for number in range(len(contents)))
    parts = [
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n",
        b"2 0 obj<</Type/Pages/Count %d/Kids[%s]>>endobj\n" % (len(contents), kids),
        b"3 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n",
    ]
    for number, content in enumerate(contents):
        page = 4 + 2 * number
        parts.append(
            b"%d 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Contents %d 0 R/Resources<</Font<</F 3 0 R>>>>>>"
            b"endobj\n" % (page, SIDE_POINTS, SIDE_POINTS, page + 1)
        )
        parts.append(b"%d 0 obj<</Length %d>>stream\n%s\nendstream endobj\n" % (page + 1, len(content), content))
    body = b"".join(parts)
    offsets = [body.index(b"%d 0 obj<<" % (number + 1)) for number in range(3 + 2 * len(contents))]
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)
    trailer = b"trailer<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n" % (len(offsets) + 1, len(body))
    return body + head + table + trailer


def colors(data: bytes, **choice: int) -> list[ColorClass]:
    usage = count(data, inspect_pages=Inspector(**choice))
    return [run.color for segment in usage.segments for run in segment.runs for _ in range(run.length)]


QUARTER = b"0 0 300 300 re f"
TEXT = b"BT /F 12 Tf 30 500 Td (black on white, as most pages are) Tj ET"

COLOR_CASES = [
    ("nothing", b"", ColorClass.MONO),
    ("black text", TEXT, ColorClass.MONO),
    ("black ink alone", b"0 0 0 1 k " + TEXT, ColorClass.MONO),
    ("grey by red, green and blue", b".5 .5 .5 rg " + QUARTER, ColorClass.MONO),
    ("almost grey", b".5 .55 .5 rg " + QUARTER, ColorClass.MONO),
    ("pale color", b".8 1 1 rg " + QUARTER, ColorClass.COLOR),
    ("color", b"1 0 0 rg " + QUARTER, ColorClass.COLOR),
    ("a colored hair", b"1 0 0 RG .1 w 30 30 m 500 430 l S", ColorClass.COLOR),
    ("a colored full stop", b"0 0 1 rg BT /F 8 Tf 30 500 Td (.) Tj ET", ColorClass.COLOR),
    ("color set and not used", b"1 0 0 rg 0 g " + TEXT, ColorClass.MONO),
    ("color off the page", b"1 0 0 rg 700 700 50 50 re f", ColorClass.MONO),
    ("color below white", b"1 0 0 rg 10 10 50 50 re f 1 g 0 0 100 100 re f", ColorClass.MONO),
    ("color clipped away", b"0 0 9 9 re W n 1 0 0 rg 20 20 50 50 re f", ColorClass.MONO),
]


@pytest.mark.parametrize(("content", "expected"), [case[1:] for case in COLOR_CASES], ids=[c[0] for c in COLOR_CASES])
def test_a_page_is_colored_when_a_pixel_is(content: bytes, expected: ColorClass):
    assert colors(pdf(content)) == [expected]


def test_each_page_has_its_own_color_and_the_totals_know_them():
    data = pdf(TEXT, b"1 0 0 rg " + QUARTER, b"")
    assert colors(data) == [ColorClass.MONO, ColorClass.COLOR, ColorClass.MONO]
    totals = apply_spooler(count(data, inspect_pages=Inspector()), outer_copies=2)
    assert (totals.impressions_color, totals.impressions_mono) == (2, 4)


def test_nothing_is_looked_at_unless_it_was_asked_for():
    usage = count(pdf(TEXT))
    assert usage.segments[0].runs[0].color is ColorClass.UNKNOWN
    assert usage.coverage == ()


def test_a_document_longer_than_asked_for_is_not_looked_at():
    assert colors(pdf(TEXT, TEXT), most_pages=1) == [ColorClass.UNKNOWN] * 2


def test_a_printer_told_to_print_grey_has_no_color():
    head = b"\x1b%-12345X@PJL SET RENDERMODE=GRAYSCALE\r\n@PJL ENTER LANGUAGE=PDF\r\n"
    assert colors(head + pdf(b"1 0 0 rg " + QUARTER)) == [ColorClass.MONO]


def test_a_forged_count_hides_no_page():
    data = pdf(TEXT, b"1 0 0 rg " + QUARTER, TEXT).replace(b"/Count 3", b"/Count 1")
    assert colors(data) == [ColorClass.MONO, ColorClass.COLOR, ColorClass.MONO]


AREA_CASES = [
    ("cmyk", QUARTER, (0, 0, 0, 250_000)),
    ("cmyk", b"1 0 0 rg " + QUARTER, (0, 250_000, 250_000, 0)),
    ("cmy", b"0 0 1 rg " + QUARTER, (250_000, 250_000, 0)),
    ("rgb", b"0 0 1 rg " + QUARTER, (750_000, 750_000, 1_000_000)),
    ("bw", QUARTER, (250_000,)),
    ("gc", QUARTER, (1_000_000, 0)),
    ("gc", b"0 1 0 rg " + QUARTER, (0, 1_000_000)),
    # lines a quarter of a point thick: PDFium draws none thinner than a pixel, so they are looked at closely
    ("bw", b".25 w " + b" ".join(b"%d 0 m %d 600 l S" % (x, x) for x in range(10, 600, 20)), (12_500,)),
]


@pytest.mark.parametrize(("space", "content", "expected"), AREA_CASES)
@pytest.mark.parametrize("resolution_dpi", [72, 150])
def test_known_areas_are_measured(space: str, content: bytes, expected: tuple[int, ...], resolution_dpi: int):
    (page,) = coverage(pdf(content), space, resolution_dpi)
    assert page is not None
    assert page.space == space
    for measured, true in zip(page.millionths, expected, strict=True):
        assert abs(measured - true) <= 0.05 * true


MANY_BOXES = b"".join(b"%d %d 10 10 re f " % (20 * x, 20 * y) for x in range(30) for y in range(30))
PLACES = [(20 * column, row) for column in range(30) for row in range(9, 600, 24)]
MANY_LINES = b".25 w " + b"".join(b"%d %d m %d %d l S " % (left, row, left + 10, row) for left, row in PLACES)
BUSY_PAGES = {
    "grey": (MANY_BOXES, (0, 0, 0, 250_000)),
    "colored": (b"1 0 0 rg " + MANY_BOXES, (0, 250_000, 250_000, 0)),
    "a hint of red": (b".5 .47 .47 rg " + MANY_BOXES, (0, 0, 0, 130_000)),
    "thin lines": (MANY_LINES, (0, 0, 0, 5_208)),
}


@pytest.mark.parametrize(("content", "expected"), BUSY_PAGES.values(), ids=BUSY_PAGES.keys())
def test_a_page_of_many_drawings_is_measured(content: bytes, expected: tuple[int, ...]):
    (page,) = coverage(pdf(content), "cmyk", 72)
    assert page is not None
    for measured, true in zip(page.millionths, expected, strict=True):
        assert abs(measured - true) <= 0.05 * true


@pytest.mark.parametrize("ink", [b"0 g ", b"0 0 1 rg 0 0 30 30 re f 0 g ", b"1 0 0 rg "])
def test_text_has_the_ink_it_has_at_a_high_resolution(ink: bytes):
    content = ink + b"BT /F 10 Tf 12 TL 20 580 Td " + b"(The quick brown fox jumps over the lazy dog) ' " * 45 + b"ET"
    (low,) = coverage(pdf(content), "cmyk", 72)
    (high,) = coverage(pdf(content), "cmyk", 600)
    assert low is not None
    assert high is not None
    for measured, true in zip(low.millionths, high.millionths, strict=True):
        assert abs(measured - true) <= 0.05 * true + 50


COLORED_PLACES = {
    "at the top": b"1 0 0 rg 300 560 200 30 re f ",
    "at the bottom": b"0 0 1 rg 10 0 200 30 re f ",
    "in the middle": b"0 1 0 rg 100 280 200 30 re f ",
    "everywhere": b"1 0 0 rg 560 0 30 600 re f ",
    "at both ends": b"1 0 0 rg 560 0 30 30 re f 0 0 1 rg 10 570 20 20 re f ",
}


@pytest.mark.parametrize("place", COLORED_PLACES.values(), ids=COLORED_PLACES.keys())
def test_color_beside_text_is_measured_wherever_it_is(place: bytes):
    content = place + b"0 g BT /F 10 Tf 12 TL 20 540 Td " + b"(The quick brown fox jumps over a dog) ' " * 40 + b"ET"
    (low,) = coverage(pdf(content), "cmyk", 72)
    (high,) = coverage(pdf(content), "cmyk", 600)
    assert low is not None
    assert high is not None
    for measured, true in zip(low.millionths, high.millionths, strict=True):
        assert abs(measured - true) <= 0.03 * true + 50


def test_pages_without_time_stay_unknown_and_it_is_said():
    ticks = iter(range(1000))
    limits = Limits(timeout_s=4, clock=lambda: float(next(ticks)))
    usage = count(pdf(*[TEXT] * 9), limits=limits, inspect_pages=Inspector("bw"))
    assert usage.input_pages == 9
    assert usage.coverage[0] is not None
    assert usage.coverage[-1] is None
    assert "coverage_incomplete" in [finding.code for finding in usage.findings]


@pytest.mark.parametrize(("space", "resolution_dpi"), [("lab", 72), ("cmyk", 5), ("cmyk", 5000)])
def test_what_cannot_be_asked_is_refused(space: str, resolution_dpi: int):
    with pytest.raises(ValueError, match=r"space|resolution"):
        Inspector(space, resolution_dpi)

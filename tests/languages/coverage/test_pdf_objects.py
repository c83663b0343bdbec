# SPDX-License-Identifier: Apache-2.0
"""Pages whose objects are asked before they are drawn: color found wherever it hides, thin lines with their ink."""

import pypdfium2
import pypdfium2.raw
import pytest

from pagetoll.core.usage import ColorClass
from pagetoll.languages import count
from pagetoll.languages.coverage import Inspector, coverage
from pagetoll.languages.coverage.pdf_objects import GreyPage, grey_page

SIDE_POINTS = 600
TEXT = b"BT /F 12 Tf 30 500 Td (black on white, as most pages are) Tj ET "
STANDARD_FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"


def page(content: bytes, resources: bytes = b"", more: bytes = b"", *objects: bytes) -> bytes:
    """A PDF of one square page; `objects` are number 6 and on, `more` goes into the page."""
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Contents 4 0 R/Resources<</Font<</F 5 0 R /G 6 0 R>>%s>>%s>>"
        % (SIDE_POINTS, SIDE_POINTS, resources, more),
        stream(content),
        STANDARD_FONT,
        *objects,
    ]
    document, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(document))
        document += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)
    trailer = b"trailer<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n" % (len(offsets) + 1, len(document))
    return document + head + table + trailer


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(content), content)


def known(document: bytes) -> GreyPage | None:
    """What the objects of the first page tell."""
    opened = pypdfium2.PdfDocument(document)
    loaded = pypdfium2.raw.FPDF_LoadPage(opened.raw, 0)
    try:
        return grey_page(loaded)
    finally:
        pypdfium2.raw.FPDF_ClosePage(loaded)
        opened.close()


def color_of(document: bytes) -> ColorClass:
    (segment,) = count(document, inspect_pages=Inspector()).segments
    return segment.runs[0].color


RED_BOX = b"1 0 0 rg 0 0 300 300 re f"
BOX = b"/BBox[0 0 300 300]"
TILES = stream(
    RED_BOX, b"/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/XStep 300/YStep 300/Resources<<>>" + BOX
)
PATTERN = b"/Pattern<</P 6 0 R>>"
RED_GLYPH = stream(b"900 0 d0 1 0 0 rg 0 0 800 800 re f")
DRAWN_FONT = (
    b"<</Type/Font/Subtype/Type3/FontBBox[0 0 900 900]/FontMatrix[.001 0 0 .001 0 0]/FirstChar 97/LastChar 97"
    b"/Widths[900]/Encoding<</Differences[97/a]>>/CharProcs<</a 7 0 R>>/Resources<<>>>>"
)
SHADING = (
    b"/Shading<</S<</ShadingType 2/ColorSpace/DeviceRGB/Coords[0 0 600 0]/Extend[true true]"
    b"/Function<</FunctionType 2/N 1/Domain[0 1]/C0[1 0 0]/C1[0 0 1]>>>>>>"
)
FORM = stream(RED_BOX, b"/Type/XObject/Subtype/Form" + BOX)
STAMP = b"/Annots[<</Type/Annot/Subtype/Stamp/F 4/Rect[100 100 400 400]/AP<</N 6 0 R>>>>]"
IMAGE = b"q 300 0 0 300 0 0 cm BI /W 1 /H 1 /BPC 8 /CS /RGB ID \xff\x00\x00 EI Q "

COLORED = {
    "a glyph that is a drawing": page(TEXT + b"BT /G 200 Tf 30 30 Td (a) Tj ET", b"", b"", DRAWN_FONT, RED_GLYPH),
    "a pattern that fills": page(TEXT + b"/Pattern cs /P scn 0 0 300 300 re f", PATTERN, b"", TILES),
    "a pattern that strokes": page(TEXT + b"/Pattern CS /P SCN 40 w 0 100 m 300 100 l S", PATTERN, b"", TILES),
    "text filled by a pattern": page(b"/Pattern cs /P scn BT /F 99 Tf 9 99 Td (text) Tj ET", PATTERN, b"", TILES),
    "outlines of text": page(b"1 0 0 RG 9 w BT /F 99 Tf 1 Tr 9 99 Td (text) Tj ET"),
    "a shading": page(TEXT + b"/S sh", SHADING),
    "a form": page(TEXT + b"/X Do", b"/XObject<</X 6 0 R>>", b"", FORM),
    "an annotation": page(TEXT, b"", STAMP, FORM),
    "a picture": page(TEXT + IMAGE),
    "the last of many objects": page(b"0 0 9 9 re f " * 200 + b"0 0 1 rg BT /F 8 Tf 99 99 Td (.) Tj ET"),
    "more objects than are asked": page(b"0 0 9 9 re f " * 300 + b"0 0 1 rg BT /F 8 Tf 99 99 Td (.) Tj ET"),
}


@pytest.mark.parametrize("document", COLORED.values(), ids=COLORED.keys())
def test_color_is_found_wherever_it_hides(document: bytes):
    assert known(document) is None
    assert color_of(document) is ColorClass.COLOR


@pytest.mark.parametrize(
    "content",
    [TEXT, b"0 0 0 1 k " + TEXT, b".3 g " + TEXT + b"0 0 99 99 re f", b"2 w 0 0 m 99 99 l 3 9 l S", b"9 9 m 4 4 l S"],
)
def test_dark_grey_text_and_paths_need_no_look(content: bytes):
    assert known(page(content)) is not None
    assert color_of(page(content)) is ColorClass.MONO


def black_share(content: bytes, resolution_dpi: int = 72) -> float:
    (measured,) = coverage(page(content), "bw", resolution_dpi)
    assert measured is not None
    return measured.millionths[0] / 1e6


ROWS = range(20, 580, 5)
LINES = {
    "stroked": b"0.3 w\n" + b"".join(b"50 %d m 550 %d l S\n" % (y, y) for y in ROWS[:60]),
    "drawn in one go": b"0.3 w\n" + b"".join(b"50 %d m 550 %d l\n" % (y, y) for y in ROWS[:60]) + b"S",
    "made thin by a matrix": b"q .1 0 0 .1 0 0 cm 3 w\n"
    + b"".join(b"500 %d m 5500 %d l S\n" % (10 * y, 10 * y) for y in ROWS[:60])
    + b"Q",
}


@pytest.mark.parametrize("lines", LINES.values(), ids=LINES.keys())
def test_lines_thinner_than_a_pixel_have_the_ink_of_their_width(lines: bytes):
    area = 60 * 500 * 0.3 / SIDE_POINTS**2
    assert abs(black_share(lines) / area - 1) < 0.1


def test_thin_bars_have_the_ink_of_a_fine_picture():
    bars = b"".join(b"50 %d 500 0.3 re f\n" % y for y in ROWS[:60])
    assert abs(black_share(bars) / black_share(bars, 300) - 1) < 0.05


def test_lines_that_cannot_be_measured_are_not_known():
    curves = b"0.3 w " + b"9 9 m 10 10 l S " * 100
    assert known(page(curves)) == GreyPage(0.0, None)
    assert GreyPage(0.0, None).too_heavy_points2(72) == float("inf")


WORDS = b"(black letters side by side, as most pages have them) '"
ACROSS, UP = b"1 0 0 1 20 560 Tm ", b"0 1 -1 0 20 20 Tm "
DIRECTIONS = {
    "across": (ACROSS + WORDS * 40, b"", True),
    "up": (UP + WORDS * 40, b"", False),
    "up on a turned page": (UP + WORDS * 40, b"/Rotate 90", True),
    "across on a turned page": (ACROSS + WORDS * 40, b"/Rotate 270", False),
    "both": (ACROSS + WORDS * 30 + UP + WORDS * 9, b"", None),
    "slanting": (b"1 1 -1 1 20 20 Tm " + WORDS * 9, b"", None),
}


@pytest.mark.parametrize(("text", "turn", "expected"), DIRECTIONS.values(), ids=DIRECTIONS.keys())
def test_letters_are_measured_as_they_stand(text: bytes, turn: bytes, expected: bool | None):
    document = page(b"BT /F 10 Tf 12 TL " + text + b" ET", b"", turn)
    grey = known(document)
    assert grey is not None
    assert grey.letters_across is expected
    (low,), (high,) = (coverage(document, "bw", dpi) for dpi in (72, 600))
    assert low is not None
    assert high is not None
    assert abs(low.millionths[0] / high.millionths[0] - 1) < 0.03


RULED = {
    "lines": b"0.3 w 20 570 m 580 570 l S 20 30 m 580 30 l S ",
    "lines of no width": b"0 w 20 570 m 580 570 l S ",
    "bars": b"20 570 560 0.4 re f 20 30 560 0.4 re f ",
    "grey bars": b"0.4 g 20 570 560 1 re f 0 g ",
    "more line than text": b"0.3 w " + b"".join(b"20 %d m 580 %d l S " % (y, y) for y in range(300, 500, 4)),
    "a line and a box": b"0.3 w 20 570 m 580 570 l S 100 100 30 31 re f ",
    "a line without end": b"q 1e30 0 0 1e30 0 0 cm 0 0 1e30 1e-38 re f Q ",
}


@pytest.mark.parametrize("ruled", RULED.values(), ids=RULED.keys())
def test_lines_beside_text_have_the_ink_of_a_fine_picture(ruled: bytes):
    content = ruled + b"BT /F 10 Tf 12 TL 20 260 Td " + WORDS * 15 + b" ET"
    assert abs(black_share(content) / black_share(content, 600) - 1) < 0.04


def test_lines_left_out_of_a_picture_are_shown_when_they_turn_out_to_matter():
    text = b"BT /F 10 Tf 20 260 Td ( . . . . . . . . . . . . . . . . . . . . . . ) Tj ET"
    content = text + b" 0.3 w 20 570 m 60 570 l S"
    assert abs(black_share(content) / black_share(content, 600) - 1) < 0.1


def scan(pixels: bytes, width: int, color_space: bytes = b"DeviceRGB", where: bytes = b"600 0 0 600 0 0") -> bytes:
    """A page that is one picture of 8 bits a channel."""
    channels = 3 if color_space == b"DeviceRGB" else 1
    height = len(pixels) // width // channels
    entries = b"/Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 8/ColorSpace/%s" % (
        width, height, color_space)  # fmt: skip
    return page(b"q " + where + b" cm /X Do Q", b"/XObject<</X 6 0 R>>", b"", stream(pixels, entries))


SCANS = {
    "grey": (scan(b"\xff\xff\x00\x00" * 900, 60, b"DeviceGray"), 0.5, ColorClass.MONO),
    "grey in three channels": (scan(b"\xff\xff\xff\x00\x00\x00" * 1800, 60), 0.5, ColorClass.MONO),
    "not quite grey": (scan(b"\x80\x78\x80" * 3600, 60), 0.513, ColorClass.MONO),
    "colored": (scan(b"\xff\xff\xff" * 3540 + b"\xff\x00\x00" * 60, 60), 0.0117, ColorClass.COLOR),
    "a stripe": (scan(b"\x00" * 3600, 60, b"DeviceGray", b"600 0 0 30 0 100"), 0.05, ColorClass.MONO),
    "a picture as thin as a line": (
        scan(b"\x00" * 60, 60, b"DeviceGray", b"600 0 0 .3 0 100"),
        0.0005,
        ColorClass.MONO,
    ),
}


@pytest.mark.parametrize(("document", "ink", "expected"), SCANS.values(), ids=SCANS.keys())
def test_pictures_have_their_ink_and_their_color(document: bytes, ink: float, expected: ColorClass):
    usage = count(document, inspect_pages=Inspector("bw"))
    assert [run.color for segment in usage.segments for run in segment.runs] == [expected]
    (measured,) = usage.coverage
    assert measured is not None
    assert abs(measured.millionths[0] / 1e6 - ink) <= 0.02 * ink + 0.0005
    (inks,) = coverage(document, "cmyk")
    assert inks is not None
    assert any(inks.millionths[:3]) is (expected is ColorClass.COLOR)
    assert coverage(document, "gc")[0].millionths == (
        (0, 1_000_000) if expected is ColorClass.COLOR else (1_000_000, 0)
    )

# SPDX-License-Identifier: Apache-2.0
"""Coverage of pages that are images between commands: from hand-made images, and beside Ghostscript's pixels."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from languages.coverage.damaged import check_damaged
from languages.coverage.drawing import DRAWING, WANTED_DPI, painted
from pagetoll.languages.coverage import coverage

LETTER_SQUARE_INCHES = 8.5 * 11


@pytest.fixture(scope="module")
def wanted() -> tuple[int, ...]:
    """The inks of the pixels of the drawing."""
    (page,) = coverage(painted(DRAWING, "ppmraw", f"-r{WANTED_DPI}"), "cmyk")
    assert page is not None
    return page.millionths


DEVICES = [
    ("escpage",), ("escpage", "-r600"), ("lp2000",), ("lp8000",),
    ("rpdl",), ("rpdl", "-r400"), ("rpdl", "-r600"), ("la50",), ("la70",), ("la75",), ("ln03",), ("lj250",),
    ("oki182",), ("oki182", "-r144x144"), ("oki4w",), ("oki4w", "-r600"),
    ("lex5700",), ("lex5700", "-r300"), ("lex7000",), ("lbp8",), ("bjc880j",), ("dl2100",),
    ("lips2p",), ("lips3",), ("lips4",), ("lips4", "-r300"), ("lbp310",), ("lbp320",),
]  # fmt: skip


@pytest.mark.parametrize("device", DEVICES, ids=" ".join)
def test_page_printers_get_the_ink_of_the_pixels(device: tuple[str, ...], wanted: tuple[int, ...]):
    (page,) = coverage(painted(DRAWING, *device), "cmyk")
    assert page is not None
    assert page.millionths == pytest.approx(wanted, rel=0.05)


def part(dots: int, across: int, down: int) -> int:
    return round(1_000_000 * dots / across / down / LETTER_SQUARE_INCHES)


ESCPAGE = b"\x1drhE\x1d0;300;300drE\x1d30psE\x1d3bcI"
LIPS = b"\x1b%@\x9031;300;0Jtest\x9c\x1b<\x9b30p"
RPDL = b"\x1b\x12!@R00\x1b \x1b4\x1b\x12YP,2 \x1b\x12YB,2 \x1b\x12YK,1 \x1b\x1251@LT\x1b \x1b\x12YW,1 \x1b\x12N1 "
SIXELS = b'\x1b[!p\x1b[7 I\x1bP0;0;1q"1;1'


def sweep(*columns: bytes, resolution: int = 1, nozzles: bytes = b"\0\0\x22\x33\x44\x55\1") -> bytes:
    """A job of Lexmark with one sweep."""
    head = struct.pack(">H", resolution) + b"\1\1\x1a\1" + struct.pack(">H4x", len(columns)) + nozzles
    drawn = head + b"".join(columns)
    page = b"\x1b*\4" + struct.pack(">I", 7 + len(drawn)) + drawn
    return b"\x1b*m\0\x40\x10\3\x10\x11\x1b*\7s0\x1b*\7c" + page + b"\x1b*\7e"


DOTS_AN_INCH = {"RPDL": 400}
PAGES = [
    ("ESC/Page, octets that come twice counted", ESCPAGE + b"\x1d5;32;2;0bi{I\xff\xff\x04\x0f\x01\x0c", 53),
    ("ESC/Page, plain", ESCPAGE + b"\x1d0bcI\x1d2;9;1;0bi{I\xff\x80\x0c", 9),
    ("LIPS, plain", LIPS + b"\x9b4;2;300.r\xff\0\0\xff\x0c", 16),
    ("LIPS, packed", LIPS + b"\x9b4;2;300;11;2.r\xfe\xff\x00\x01\x0c", 25),
    ("LIPS, counted", LIPS + b"\x9b4;2;300;10;2.r\x02\xff\x00\x01\x0c", 25),
    ("LIPS, octets that come twice counted", LIPS + b"\x9b4;2;300;9;2.r\xff\xff\x01\x01\x0c", 25),
    ("RPDL, octets that come twice counted", RPDL + b"\x1b\x12G3,32,2,,4,0,0,5@\xff\xff\x04\x0f\x01\x0c", 53),
    ("RPDL, plain", RPDL + b"\x1b\x12G3,9,2,,,0,0@\xff\x80\xff\x80\x0c", 18),
    ("sixels", SIXELS + b"!3~?@\x1b\\\x0c", 19),
    ("Lexmark, words and blanks", sweep(b"\x3f\xfa\xff\xff\x0f\x0f", b"\x3f\xff"), 24),
    ("Lexmark, words that come again", sweep(b"\x1f\xee\x00\x01\x00\x03"), 4 * 1 + 9 * 2),
    ("LIPS, a blank page", LIPS + b"\x9b1k\x0c", 0),
]


@pytest.mark.parametrize(("name", "data", "dots"), PAGES, ids=[case[0] for case in PAGES])
def test_the_dots_of_images_are_set_against_the_whole_paper(name: str, data: bytes, dots: int):
    dots_an_inch = DOTS_AN_INCH.get(name.split(",")[0], 300)
    (page,) = coverage(data, "cmyk")
    assert page is not None
    assert page.millionths == (0, 0, 0, pytest.approx(part(dots, dots_an_inch, dots_an_inch), abs=1))


UNSEEN = [
    ("text", ESCPAGE + b"Total: 1\x0c"),
    ("a line", ESCPAGE + b"\x1d0drpG\x0c"),
    ("a coding of another kind", ESCPAGE + b"\x1d2bcI\x1d2;9;1;0bi{I\xff\x80\x0c"),
    ("an image that holds less than it says", ESCPAGE + b"\x1d4;32;2;0bi{I\xff\xff\x04\x0f\x0c"),
    ("an image without a resolution", b"\x1drhE\x1d0bcI\x1d2;9;1;0bi{I\xff\x80\x0c"),
    ("grey instead of black", ESCPAGE + b"\x1d0;0;40spE\x1d0bcI\x1d2;9;1;0bi{I\xff\x80\x0c"),
    ("text of RPDL", RPDL + b"Total: 1\x0c"),
    ("sixels on a grid that is not known", b'\x1b[!p\x1bP0;0;1q"1;1!3~\x1b\\\x0c'),
    ("sixels in color", SIXELS + b"#1;2;100;0;0#1!3~\x1b\\\x0c"),
    ("sixels and text", SIXELS + b"!3~\x1b\\Total: 1\x0c"),
    ("a sweep in another resolution", sweep(b"\x3f\xfa\xff\xff\x0f\x0f", resolution=5)),
    ("a sweep for other nozzles", sweep(b"\x3f\xfa\xff\xff\x0f\x0f", nozzles=bytes(7))),
    ("a sweep with less than its columns need", sweep(b"\x3f\xfa\xff\xff\x0f")),
    ("text of LIPS", LIPS + b"Total: 1\x0c"),
    ("vectors of LIPS", LIPS + b"\x9b0&}#\x1e1A\x1e}p\x1e\x0c"),
    ("an image of LIPS in another coding", LIPS + b"\x9b4;2;300;12;2.r\xff\0\0\xff\x0c"),
]


@pytest.mark.parametrize("data", [case[1] for case in UNSEEN], ids=[case[0] for case in UNSEEN])
def test_a_page_that_is_not_images_alone_is_unseen(data: bytes):
    assert coverage(data, "cmyk") == [None]


def test_a_page_with_text_does_not_hide_the_next_one():
    first, second = coverage(LIPS + b"Total: 1\x0c\x9b4;2;300.r\xff\0\0\xff\x0c", "cmyk")
    assert first is None
    assert second is not None
    assert second.millionths[3] == part(16, 300, 300)


@settings(max_examples=60)
@given(st.data())
def test_damaged_pages_are_measured_or_refused_as_promised(drawn: st.DataObject):
    check_damaged(drawn, [case[1] for case in PAGES])

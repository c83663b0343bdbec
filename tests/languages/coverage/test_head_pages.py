# SPDX-License-Identifier: Apache-2.0
"""Coverage of pages for printers with escape commands: from hand-made images, and beside Ghostscript's pixels."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from languages.coverage.damaged import check_damaged
from languages.coverage.drawing import DRAWING, WANTED_DPI, painted
from pagetoll.core.usage import ColorClass
from pagetoll.languages import count
from pagetoll.languages.coverage import Inspector, coverage

COLORED = DRAWING + b"1 0 0 setrgbcolor 300 400 100 100 rectfill 1 1 0 setrgbcolor 72 450 100 100 rectfill\n"
LETTER_SQUARE_INCHES = 8.5 * 11


@pytest.fixture(scope="module")
def wanted() -> dict[bytes, tuple[int, ...]]:
    """The inks of the pixels of the drawings."""
    found = {}
    for program in (DRAWING, COLORED):
        (page,) = coverage(painted(program, "ppmraw", f"-r{WANTED_DPI}"), "cmyk")
        assert page is not None
        found[program] = page.millionths
    return found


BLACK_DEVICES = [
    ("epson",), ("epson", "-r120x72"), ("eps9high",), ("lq850",), ("lq850", "-r180x180"), ("lq850", "-r360x180"),
    ("necp6",), ("ap3250",), ("st800",), ("ibmpro",), ("okiibm",), ("bj10e",), ("bj200",), ("bjc600",), ("bjcgray",),
    ("md2k",), ("md50Mono",), ("pr201",), ("pr150",), ("iwhi",), ("iwlo",), ("appledmp",),
]  # fmt: skip


@pytest.mark.parametrize("device", BLACK_DEVICES, ids=" ".join)
def test_printers_in_black_get_the_ink_of_the_pixels(device: tuple[str, ...], wanted: dict[bytes, tuple[int, ...]]):
    (page,) = coverage(painted(DRAWING, *device), "cmyk")
    assert page is not None
    assert page.millionths == pytest.approx(wanted[DRAWING], rel=0.05)


@pytest.mark.parametrize("device", ["epsonc", "stcolor", "bjc600", "bjc800"])
def test_printers_in_color_get_the_ink_of_the_pixels(device: str, wanted: dict[bytes, tuple[int, ...]]):
    """Drivers make colors a little lighter or darker than they are; black they leave alone."""
    data = painted(COLORED, device)
    (page,) = coverage(data, "cmyk")
    assert page is not None
    assert page.millionths[3] == pytest.approx(wanted[COLORED][3], rel=0.05)
    assert page.millionths[1:3] == pytest.approx(wanted[COLORED][1:3], rel=0.3)
    assert [run.color for run in count(data, inspect_pages=Inspector("cmyk")).segments[0].runs] == [ColorClass.COLOR]


RESET = b"\x1b@"
FULL_COLUMNS = struct.pack("<H", 90) + b"\xff" * 270


def part(dots: int, across: int, down: int) -> int:
    return round(1_000_000 * dots / across / down / LETTER_SQUARE_INCHES)


@pytest.mark.parametrize("width", [30 * 360, 1 << 17, 1 << 31])
def test_a_paper_wider_than_any_takes_no_ink_from_the_page(width: int):
    row = b"\x1b.\x00\x0a\x0a\x01" + struct.pack("<H", 800) + b"\xff" * 100
    units = RESET + b"\x1b(G\x01\x00\x01\x1b(U\x01\x00\x0a"
    (page,) = coverage(units + b"\x1b(S\x08\x00" + struct.pack("<II", width, 3960) + row + b"\r\f", "cmyk")
    assert page is not None
    share = part(800, 360, 360)
    assert page.millionths[3] == (pytest.approx(share * 8.5 / 30, abs=1) if width == 30 * 360 else share)


PASSES = [
    ("24 pins", RESET + b"\x1b*\x27" + FULL_COLUMNS + b"\r\f", part(90 * 24, 180, 180)),
    (
        "two passes, one between the rows of the other",
        RESET + b"\x1b*\x27" + FULL_COLUMNS + b"\r\x1b+\1\n\x1b*\x27" + FULL_COLUMNS + b"\r\f",
        part(2 * 90 * 24, 180, 360),
    ),
    (
        "two passes, one below the other",
        RESET + b"\x1b*\x27" + FULL_COLUMNS + b"\r\x1bJ\x18\x1b*\x27" + FULL_COLUMNS + b"\r\f",
        part(2 * 90 * 24, 180, 180),
    ),
    ("raster", RESET + b"\x1b(U\1\0\x0a\x1b.\0\x0a\x0a\2\x10\0\xff\xff\xff\xff\r\f", part(32, 360, 360)),
    ("packed raster", RESET + b"\x1b.\1\x14\x14\1\x80\0\xf1\xff\r\f", part(128, 180, 180)),
    ("a blank page", RESET + b"\x1b.\0\x14\x14\1\x08\0\0\r\f", 0),
]


@pytest.mark.parametrize(("data", "black"), [case[1:] for case in PASSES], ids=[case[0] for case in PASSES])
def test_a_dot_is_as_large_as_the_finest_step_of_the_passes(data: bytes, black: int):
    (page,) = coverage(data, "cmyk")
    assert page is not None
    assert page.millionths == (0, 0, 0, pytest.approx(black, abs=1))


def test_dots_in_two_sizes_are_parts_of_the_largest():
    head = RESET + b"\x1b(G\1\0\1\x1b(U\5\0\1\1\1\xa0\5\x1b(D\4\0\xa0\5\4\4"
    data = head + b"\x1bi\0\0\2\2\0\1\0\xff\x55" + b"\x1bi\1\0\2\2\0\1\0\xaa\x00" + b"\r\f" + RESET
    (page,) = coverage(data, "cmyk")
    assert page is not None
    black, magenta = 4 + 4 / 3, 4 * 2 / 3
    assert page.millionths[3] == pytest.approx(black * 1e6 / 360 / 360 / LETTER_SQUARE_INCHES, abs=1)
    assert page.millionths[1] == pytest.approx(magenta * 1e6 / 360 / 360 / LETTER_SQUARE_INCHES, abs=1)


@pytest.mark.parametrize(
    "more",
    [b"printed by its own font", b"\x1b.\2\x14\x14\1\x08\0\x21\x00\xff\xe3", b"\x1b*\x23\1\0\xff\xff\xff"],
    ids=["text", "delta rows", "an unknown density"],
)
def test_a_page_that_is_not_dots_alone_is_unseen_and_the_next_one_is_not(more: bytes):
    dots = b"\x1b*\x27" + FULL_COLUMNS
    data = RESET + dots + b"\r\n" + more + b"\r\f" + dots + b"\r\f"
    first, second = coverage(data, "bw")
    assert first is None
    assert second is not None
    assert second.millionths == (pytest.approx(part(90 * 24, 180, 180), abs=1),)


def test_pixels_of_escpr_are_set_against_the_whole_paper():
    def record(kind: bytes, name: bytes, body: bytes = b"") -> bytes:
        return b"\x1b" + kind + struct.pack("<I", len(body)) + name + body

    job = struct.pack(">IIHHIIBB", 3600, 7200, 0, 0, 3600, 7200, 0, 0)
    red = b"\xff\0\0"
    plain = struct.pack(">HHBH", 0, 0, 0, 300) + red * 100
    packed = struct.pack(">HHBH", 0, 1, 1, 8) + bytes([257 - 100]) + red + bytes([257 - 50]) + b"\0\0\0"
    data = RESET + b"\x1b(R\6\0\0ESCPR" + record(b"j", b"setj", job) + record(b"p", b"sttp")
    data += record(b"d", b"dsnd", plain) + record(b"d", b"dsnd", packed) + record(b"p", b"endp", b"\0")
    (page,) = coverage(data, "cmyk")
    assert page is not None
    dots = 3600 * 7200
    assert page.millionths == (0, round(200e6 / dots), round(200e6 / dots), round(50e6 / dots))


@settings(max_examples=60)
@given(st.data())
def test_damaged_pages_are_measured_or_refused_as_promised(drawn: st.DataObject):
    check_damaged(drawn, [case[1] for case in PASSES])

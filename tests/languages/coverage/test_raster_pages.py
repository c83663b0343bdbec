# SPDX-License-Identifier: Apache-2.0
"""Coverage from the pixels of raster languages: every layout of a page has the ink of its pixels."""

import struct

import pytest

from languages.rendering import SAMPLES
from pagetoll.languages.coverage import coverage

COLUMNS, ROWS = 16, 4


def cups_page(bits: int, pixel_bits: int, order: int, space: int, line: bytes) -> bytes:
    """A CUPS raster (version 3, big-endian, not coded) of one page of ROWS equal lines."""
    head = bytearray(1796)
    fields = {372: COLUMNS, 376: ROWS, 384: bits, 388: pixel_bits, 392: len(line), 396: order, 400: space}
    for offset, number in fields.items():
        struct.pack_into(">I", head, offset, number)
    return b"RaS3" + bytes(head) + line * ROWS


RED_HALF = b"\xff\x00\x00" * 8 + b"\xff\xff\xff" * 8
LAYOUTS = [
    ("1 bit black", cups_page(1, 1, 0, 3, b"\xff\x00"), "cmyk", (0, 0, 0, 500_000)),
    ("2 bits black", cups_page(2, 2, 0, 3, b"\x55" * 4), "cmyk", (0, 0, 0, 333_333)),
    ("4 bits black", cups_page(4, 4, 0, 3, b"\x33" * 8), "cmyk", (0, 0, 0, 200_000)),
    ("8 bits white", cups_page(8, 8, 0, 0, b"\x00" * 4 + b"\xff" * 12), "bw", (250_000,)),
    ("8 bits grey", cups_page(8, 8, 0, 18, b"\x00" * 4 + b"\xff" * 12), "cmyk", (0, 0, 0, 250_000)),
    ("16 bits grey", cups_page(16, 16, 0, 18, b"\x00\x00" * 4 + b"\xff\xff" * 12), "bw", (250_000,)),
    ("red, green, blue", cups_page(8, 24, 0, 19, RED_HALF), "cmyk", (0, 500_000, 500_000, 0)),
    ("red, green, blue, spare", cups_page(8, 32, 0, 17, b"\xff\x00\x00\x00" * 16), "rgb", (1_000_000, 0, 0)),
    ("packed red", cups_page(1, 4, 0, 1, b"\x44" * 8), "rgb", (1_000_000, 0, 0)),
    ("inks", cups_page(8, 32, 0, 6, b"\x33\x66\x00\xff" * 16), "cmyk", (200_000, 400_000, 0, 1_000_000)),
    ("inks, black first", cups_page(8, 32, 0, 8, b"\xff\x33\x66\x00" * 16), "cmyk", (200_000, 400_000, 0, 1_000_000)),
    (
        "inks, yellow first",
        cups_page(8, 32, 0, 7, b"\x00\x66\x33\xff" * 16),
        "cmyk",
        (200_000, 400_000, 0, 1_000_000),
    ),
    ("inks to light", cups_page(8, 32, 0, 6, b"\xff\x00\x00\x00" * 16), "rgb", (0, 1_000_000, 1_000_000)),
    ("bands", cups_page(8, 24, 1, 19, b"\xff" * 16 + b"\x00" * 32), "rgb", (1_000_000, 0, 0)),
]


@pytest.mark.parametrize(
    ("data", "space", "millionths"), [row[1:] for row in LAYOUTS], ids=[row[0] for row in LAYOUTS]
)
def test_a_layout_has_the_ink_of_its_pixels(data: bytes, space: str, millionths: tuple[int, ...]):
    (page,) = coverage(data, space)
    assert page is not None
    assert page.millionths == millionths


def urf_page(bits: int, space: int, lines: bytes) -> bytes:
    head = bytes([bits, space]) + bytes(10) + struct.pack(">III", COLUMNS, ROWS, 72) + bytes(8)
    return b"UNIRAST\0" + struct.pack(">I", 1) + head + lines


URF = [
    ("grey, a repeated line", 8, 0, b"\x02" + b"\x07\x00" + b"\x80" + b"\x00" + b"\x0f\xff", "bw", (375_000,)),
    ("color, as it stands", 24, 1, b"\x03" + b"\xf1" + RED_HALF, "cmy", (0, 500_000, 500_000)),
    ("bits", 1, 0, b"\x03" + b"\x00\xf0\x80", "cmyk", (0, 0, 0, 250_000)),
]


@pytest.mark.parametrize(("bits", "space_number", "lines", "space", "millionths"), [row[1:] for row in URF])
def test_coded_lines_are_unpacked(
    bits: int, space_number: int, lines: bytes, space: str, millionths: tuple[int, ...]
):
    (page,) = coverage(urf_page(bits, space_number, lines), space)
    assert page is not None
    assert page.millionths == millionths


def test_a_color_space_that_is_not_read_has_no_coverage():
    assert coverage(cups_page(8, 8, 0, 32, b"\x00" * 16), "cmyk") == [None]


@pytest.mark.parametrize("name", ["urf/gs-urf-trio-tumc3.urf", "pwg/gs-pwgraster-trio-tumc3.pwg"])
def test_the_same_pages_have_the_same_ink_in_two_formats(name: str):
    first, *_rest = coverage((SAMPLES / name).read_bytes(), "bw")
    assert first is not None
    assert abs(first.millionths[0] - 4660) <= 5

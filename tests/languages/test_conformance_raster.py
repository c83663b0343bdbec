# SPDX-License-Identifier: Apache-2.0
"""Conformance cases for raster streams and PCL XL."""

import struct

import pytest

from pagetoll.core.copies import apply_spooler
from pagetoll.core.errors import DocumentError, MalformedDocument, TruncatedDocument
from pagetoll.core.usage import Confidence
from pagetoll.languages import Limits, count

WIDTH, HEIGHT = 8, 4
GREY, SRGB, CMYK = 18, 19, 6
RED, NEARLY_GREY, WHITE = bytes([200, 20, 20]), bytes([100, 110, 105]), b"\xff\xff\xff"


def header(order: str = ">", octets: int = 1796, mark: bytes = b"", **fields: int) -> bytes:
    """A page header; `fields` by name, the rest as an 8 by 4 pixel page of sRGB."""
    offsets = {"duplex": 272, "tumble": 368, "copies": 340, "width": 372, "height": 376, "bits": 384, "pixel": 388}
    offsets |= {"line": 392, "planes": 396, "space": 400, "colors": 420, "total": 452}
    values = {"copies": 1, "width": WIDTH, "height": HEIGHT, "bits": 8, "pixel": 24, "line": WIDTH * 3, "space": SRGB}
    raw = bytearray(octets)
    raw[: len(mark)] = mark
    for name, value in {**values, **fields}.items():
        if offsets[name] < octets:
            struct.pack_into(order + "I", raw, offsets[name], value)
    return bytes(raw)


def coded(*pixels: bytes) -> bytes:
    """Four lines, the first three alike; `pixels` start each line and the last one fills it."""
    body = b"".join(b"\x00" + pixel for pixel in pixels[:-1]) + bytes([WIDTH - len(pixels)]) + pixels[-1]
    return b"\x02" + body + b"\x00" + body


RAW_PAGE = WHITE * WIDTH * HEIGHT


@pytest.mark.parametrize("page_count", [1, 5])
@pytest.mark.parametrize(
    ("sync", "order", "octets"),
    [
        (b"RaSt", ">", 420),
        (b"tSaR", "<", 420),
        (b"RaS2", ">", 1796),
        (b"2SaR", "<", 1796),
        (b"RaS3", ">", 1796),
        (b"3SaR", "<", 1796),
    ],
)
def test_each_version_in_both_byte_orders(sync: bytes, order: str, octets: int, page_count: int) -> None:
    page = header(order, octets, colors=3) + (coded(WHITE) if b"2" in sync else RAW_PAGE)
    usage = count(sync + page * page_count)
    assert (usage.impressions, usage.confidence) == (page_count, Confidence.EXACT)
    assert usage.page_end_offsets[-1] == 4 + len(page) * page_count


@pytest.mark.parametrize("total", [0, 1, 99])
def test_the_page_number_of_a_pwg_file_is_never_believed(total: int) -> None:
    page = header(mark=b"PwgRaster\0", total=total, colors=3) + coded(WHITE)
    assert count(b"RaS2" + page * 5).impressions == 5


@pytest.mark.parametrize(("copies", "impressions"), [(0, 2), (1, 2), (3, 6)])
def test_no_copies_means_one(copies: int, impressions: int) -> None:
    assert count(b"RaS3" + (header(copies=copies, colors=3) + RAW_PAGE) * 2).impressions == impressions


def test_planes_hold_as_many_lines_as_colors() -> None:
    page = header(planes=2, pixel=8, line=WIDTH, colors=3) + b"\x80" * WIDTH * HEIGHT * 3
    totals = apply_spooler(count(b"RaS3" + page * 2))
    assert (totals.impressions, totals.impressions_color) == (2, 0)


def test_a_stream_cut_in_its_last_page_is_a_lower_bound() -> None:
    page = header(colors=3) + coded(WHITE)
    usage = count((b"RaS2" + page * 5)[:-1])
    assert (usage.impressions, usage.confidence) == (4, Confidence.AT_LEAST)


@pytest.mark.parametrize("cut", [4, 100, 1799, 1801])
def test_a_stream_cut_in_its_first_page_is_an_error(cut: int) -> None:
    with pytest.raises(TruncatedDocument):
        count((b"RaS2" + header(colors=3) + coded(WHITE))[:cut])


def test_lines_that_repeat_beyond_the_page_are_an_error() -> None:
    with pytest.raises(MalformedDocument):
        count(b"RaS2" + header(colors=3) + b"\xff\x80")


@pytest.mark.parametrize(
    ("sync", "body", "colored"),
    [
        (b"RaS3", RAW_PAGE, 0),
        (b"RaS3", RAW_PAGE[:-3] + RED, 1),
        (b"RaS3", NEARLY_GREY * WIDTH * HEIGHT, 0),
        (b"RaS2", coded(WHITE), 0),
        (b"RaS2", coded(NEARLY_GREY, WHITE), 0),
        (b"RaS2", coded(WHITE, RED), 1),
        (b"RaS2", coded(RED, WHITE), 1),
    ],
)
def test_a_page_is_colored_by_its_pixels(sync: bytes, body: bytes, colored: int) -> None:
    assert apply_spooler(count(sync + header(colors=3) + body)).impressions_color == colored


@pytest.mark.parametrize(
    ("pixel", "colored"), [(bytes([0, 0, 0, 255]), 0), (bytes([90, 90, 90, 0]), 0), (bytes([0, 200, 0, 0]), 1)]
)
def test_inks_of_equal_strength_are_no_color(pixel: bytes, colored: int) -> None:
    page = header(space=CMYK, pixel=32, line=WIDTH * 4, colors=4) + pixel * WIDTH * HEIGHT
    assert apply_spooler(count(b"RaS3" + page)).impressions_color == colored


@pytest.mark.parametrize(("octet", "colored"), [(0x00, 0), (0x77, 0), (0x47, 1)])
def test_one_bit_a_color_is_read_from_packed_pixels(octet: int, colored: int) -> None:
    page = header(bits=1, pixel=4, line=WIDTH // 2, colors=3) + bytes([octet]) * (WIDTH // 2) * HEIGHT
    assert apply_spooler(count(b"RaS3" + page)).impressions_color == colored


def urf(page_count: int, stated: int = 0, duplex: int = 3) -> bytes:
    page = struct.pack(">BBBB8xIII8x", 24, 1, duplex, 4, WIDTH, HEIGHT, 300) + coded(WHITE)
    return b"UNIRAST\0" + struct.pack(">I", stated) + page * page_count


@pytest.mark.parametrize("stated", [0, 1, 0xFFFFFFFF])
def test_the_page_number_of_an_apple_raster_file_is_never_believed(stated: int) -> None:
    totals = apply_spooler(count(urf(5, stated)))
    assert (totals.impressions, totals.media_sheets, totals.impressions_color) == (5, 3, 0)


# PCL XL: attribute = value, F8, name.
def attribute(name: int, number: int, order: str = "<") -> bytes:
    return b"\xc1" + struct.pack(order + "H", number) + b"\xf8" + bytes([name])


def pclxl(page: bytes, page_count: int, binding: bytes = b")") -> bytes:
    return binding + b" HP-PCL XL;3;0;test\n" + b"\x41" + page * page_count + b"\x42"


def page_of(body: bytes, copies: int = 1, order: str = "<", duplex: bytes = b"") -> bytes:
    return duplex + b"\x43" + body + attribute(0x31, copies, order) + b"\x44"


def test_copies_and_sides_of_pcl_xl() -> None:
    totals = apply_spooler(count(pclxl(page_of(b"", 3, duplex=attribute(0x35, 1)), 5)))
    assert (totals.impressions, totals.media_sheets) == (15, 9)


def test_images_full_of_page_ends_are_skipped() -> None:
    image = b"\xfa" + struct.pack("<I", 5000) + b"\x44" * 5000 + b"\xfb\x09" + b"\x44" * 9
    assert count(pclxl(page_of(image), 4)).impressions == 4


def test_pcl_xl_in_the_other_byte_order() -> None:
    image = b"\xfa" + struct.pack(">I", 300) + b"\x44" * 300
    assert count(pclxl(page_of(image, 3, ">"), 2, b"(")).impressions == 6


def test_data_of_a_vendors_own_operator_is_skipped() -> None:
    vendor = b"\xc2" + struct.pack("<I", 600) + b"\xf8\x92\x46" + b"\x44" * 600
    assert count(pclxl(page_of(vendor), 2)).impressions == 2


def test_a_page_without_its_end_is_a_lower_bound() -> None:
    usage = count(pclxl(page_of(b""), 2) + b"\x43")
    assert (usage.impressions, usage.confidence) == (3, Confidence.AT_LEAST)


def test_pages_of_no_copies_are_not_printed() -> None:
    assert count(pclxl(page_of(b"", 0), 1)[:-1] + page_of(b"", 2) + b"\x42").impressions == 2


@pytest.mark.parametrize(
    "octets",
    [
        b"\0" * 65536,
        b"\x7fELF\x01\x02\x03",
        bytes(range(256)) * 9,
        b"\x1b%-12345X@PJL ENTER LANGUAGE=WISHES\nwords\n",
    ],
    ids=["zeros", "program", "every octet", "unknown announcement"],
)
def test_what_is_no_print_language_is_an_error(octets: bytes) -> None:
    with pytest.raises(DocumentError):
        count(octets)


def test_time_running_out_within_a_page_leaves_the_pages_before_it() -> None:
    tall = header(height=2000, colors=3) + b"\x00\x80" * 2000
    ticks = iter(range(1_000_000))
    limits = Limits(timeout_s=12.0, clock=lambda: float(next(ticks)))
    usage = count(b"RaS2" + tall * 5, limits=limits)
    assert (usage.impressions, usage.confidence) == (1, Confidence.AT_LEAST)

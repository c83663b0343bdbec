# SPDX-License-Identifier: Apache-2.0
"""Coverage of Kodak's and Minolta's pages: from hand-made jobs, and beside the same page of another driver."""

import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from languages.coverage.damaged import check_damaged
from languages.rendering import SAMPLES
from pagetoll.languages.coverage import coverage

A4_DOTS = 210 / 25.4 * 600 * 297 / 25.4 * 600


def black(path: Path) -> list[int]:
    return [page.millionths[3] for page in coverage(path.read_bytes(), "cmyk") if page is not None]


def test_a_page_of_minolta_has_the_ink_that_other_lasers_get_for_it():
    folder = SAMPLES / "minolta-w"
    (ours,) = black(folder / "fm-KONICA_MINOLTA-PagePro_1300W-min12xxw-memo.prn")
    (theirs,) = black(SAMPLES / "pcl5" / "gs-ljet4d-memo.pcl")
    assert ours == pytest.approx(theirs, rel=0.05)
    first, _second = black(folder / "fm-KONICA_MINOLTA-PagePro_1300W-min12xxw-pair.prn")
    assert first == pytest.approx(black(SAMPLES / "lbp-capsl" / "gs-lbp310-pair.lbp")[0], rel=0.05)


def packet(kind: int, payload: bytes) -> bytes:
    head = struct.pack("<BBBHB", 0x1B, kind, 0, len(payload), kind ^ 0xFF)
    return head + payload + b"\0"


def minolta(band: bytes, lines: int, *, mode: bytes = b"\1\0\0\0\4\0\4\0", paper: int = 4) -> bytes:
    page = struct.pack("<4xIH", 64, lines) + b"\x08\0\x08\0\xff" + bytes([paper]) + bytes(6)
    bands = packet(0x52, struct.pack("<IH", len(band), lines)) + band
    job = packet(0x40, b"\x83\0") + packet(0x50, mode) + packet(0x51, page) + bands
    return job + packet(0x55, b"\0") + packet(0x41, b"\0")


LINES = [
    ("a repeat", b"\x80\x88\xff", 1, 64),
    ("octets as they are and a repeat", b"\x80\x01\xff\x0f\x86\0", 1, 12),
    ("numbers of frequent octets", b"\x82\x0f\0\x43\x00\x11\x01\x00", 1, 20),
    ("two lines", b"\x80\x88\xff\x80\x88\x01", 2, 72),
    ("a white line more than stated", b"\x80\x88\xff\x80\x88\0", 1, 64),
]


@pytest.mark.parametrize(("band", "lines", "dots"), [case[1:] for case in LINES], ids=[case[0] for case in LINES])
def test_lines_of_minolta_are_codes_for_octets(band: bytes, lines: int, dots: int):
    (page,) = coverage(minolta(band, lines), "cmyk")
    assert page is not None
    assert page.millionths == (0, 0, 0, pytest.approx(1e6 * dots / A4_DOTS, abs=0.6))


def test_bands_of_magicolor_are_one_ink_each_with_two_rows_in_a_line():
    page = struct.pack("<HxxIH", 0x1F0, 64, 4) + bytes([32, 0, 32, 0, 0, 4]) + bytes(12)
    bands = b""
    for ink, line in enumerate([b"\x80\x90\xff", b"\x80\x90\x0f", b"\x80\x90\x03", b"\x80\x90\x01"]):
        bands += packet(0x52, struct.pack("<IBBH", 6, ink, 1, 4)) + line * 2
    job = packet(0x40, b"\x85\x10") + packet(0x50, b"\1\1" + bytes(6)) + packet(0x51, page) + bands
    (found,) = coverage(job + packet(0x55, b"\0") + packet(0x41, b"\0"), "cmyk")
    assert found is not None
    parts = [1e6 * 32 * bits / (2 * A4_DOTS) for bits in (4, 2, 1, 8)]
    assert found.millionths == tuple(pytest.approx(part, abs=0.6) for part in parts)


def test_inks_of_magicolor_are_those_that_other_lasers_get_for_the_page():
    folder = SAMPLES / "minolta-w"
    path = folder / "fm-KONICA_MINOLTA-magicolor_2400W-m2400w-pair.prn"
    grey, colored = coverage(path.read_bytes(), "cmyk")
    assert grey is not None
    assert colored is not None
    # It mixes black of all inks; what is above the mix is the color.
    inks = [here - mixed for here, mixed in zip(colored.millionths[:3], grey.millionths[:3], strict=True)]
    assert 0 < inks[0] < inks[1] < inks[2]


RUNS = struct.pack("<HH", 40_000, 1) + struct.pack("<HH", 50_000, 0) + b"\xff" * 50_000 + b"\0" * 100_000


def kodak(runs: bytes, coding: bytes = b"GZIPTok", width: int = 300, words: bytes = b"") -> bytes:
    data = zlib.compress(runs)
    return (
        b"LockPrinterWait?Event=StartOfJob;MediaSize=iso_a4_210x297mm;Event=StartOfPage;Page=1;Resolution=600x600;"
        b"RasterObject.BitsPerPixel=8;RasterObject.Colorspace=sRGB;RasterObject.Compression=" + coding + b";"
        b"RasterObject.Width=%d;RasterObject.Height=300;"
        % width
        + words
        + b"RasterObject.Data#%d=" % len(data)
        + data
    ) + b";Event=EndOfPage;Event=EndOfJob;"


def test_runs_of_kodak_are_pixels_on_the_whole_paper():
    (page,) = coverage(kodak(RUNS), "cmyk")
    assert page is not None
    red = pytest.approx(1e6 * 50_000 / A4_DOTS, rel=1e-3)
    assert page.millionths == (0, red, red, 0)


UNSEEN = [
    ("lines of another length", minolta(b"\x80\x87\xff", 1)),
    ("a frequent octet that is not there", minolta(b"\x82\x0f\0\x43\x22\x11\x01\x00", 1)),
    ("fewer lines than stated", minolta(b"\x80\x88\xff", 2)),
    ("paper that is not known", minolta(b"\x80\x88\xff", 1, paper=9)),
    ("another resolution", minolta(b"\x80\x88\xff", 1, mode=b"\1\0\0\0\5\0\4\0")),
    ("JBIG of Kodak", kodak(RUNS, b"JBIG")),
    ("runs for another size", kodak(RUNS, width=299)),
    ("runs of an unknown kind", kodak(struct.pack("<HH", 100, 7))),
    ("a stream that grows without end", kodak(struct.pack("<HH", 65535, 1) * 1_000_000)),
]


@pytest.mark.parametrize("data", [case[1] for case in UNSEEN], ids=[case[0] for case in UNSEEN])
def test_what_is_coded_in_another_way_is_unseen(data: bytes):
    assert coverage(data, "cmyk") == [None]


@settings(max_examples=60)
@given(st.data())
def test_damaged_pages_are_measured_or_refused_as_promised(drawn: st.DataObject):
    check_damaged(drawn, [kodak(RUNS), *(minolta(case[1], case[2]) for case in LINES)])

# SPDX-License-Identifier: Apache-2.0
"""Coverage of PCL pages that hold raster only: from hand-made rows, and beside the pixels of Ghostscript."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from languages.rendering import SAMPLES
from pagetoll.core.errors import DocumentError
from pagetoll.core.usage import ColorClass
from pagetoll.languages import Limits, count
from pagetoll.languages.coverage import Inspector, coverage

DOTS = 850 * 1100
"""Of a Letter page at 100 dpi."""
ROW = b"\xff" * 50


def page(rows: bytes, setting: bytes = b"", behind: bytes = b"") -> bytes:
    """A Letter page at 100 dpi with rows of raster."""
    return b"\x1bE\x1b&l2A\x1b*t100R" + setting + b"\x1b*r1A" + rows + b"\x1b*rC" + behind + b"\f\x1bE"


def row(*planes: bytes) -> bytes:
    *first, last = planes
    return b"".join(b"\x1b*b%dV" % len(plane) + plane for plane in first) + b"\x1b*b%dW" % len(last) + last


def part(dots: float) -> int:
    return round(1_000_000 * dots / DOTS)


HALF = b"\xff" * 25 + b"\0" * 25
CRD = b"\x1b*g26W\x02\x04" + b"\0\xc8\0\xc8\0\x02" + b"\0\x64\0\x64\0\x04" * 3
PIXELS = b"\x1b*v6W\x00\x03\x08\x08\x08\x08"
PALETTE = b"\x1b*v6W\x00\x01\x08\x08\x08\x08\x1b*v255a128b0c7I"
CASES = [
    ("black", page(10 * row(ROW)), (0, 0, 0, 4000)),
    ("nothing", page(b""), (0, 0, 0, 0)),
    ("rows cut at the width", page(10 * row(ROW), b"\x1b*r100S"), (0, 0, 0, 1000)),
    ("packed bits", page(b"\x1b*b2M" + 10 * row(b"\xcf\xff")), (0, 0, 0, 4000)),
    ("run length", page(b"\x1b*b1M" + 10 * row(b"\x31\xff")), (0, 0, 0, 4000)),
    ("changes to the row before", page(b"\x1b*b3M" + row(b"\x00\xff") + 9 * row(b"")), (0, 0, 0, 80)),
    ("white rows between", page(b"\x1b*b3M" + row(b"\x00\xff") + b"\x1b*b5Y" + row(b"")), (0, 0, 0, 8)),
    (
        "blocks of rows",
        page(b"\x1b*b5M" + row(b"\x02\0\x02\xcf\xff" + b"\x05\0\x09" + b"\x04\0\x20")),
        (0, 0, 0, 4000),
    ),
    ("inks, black first", page(row(ROW, HALF, b"", HALF), b"\x1b*r-4U"), (200, 0, 200, 400)),
    ("inks without black", page(row(HALF, ROW, HALF), b"\x1b*r-3U"), (0, 200, 0, 200)),
    ("light", page(row(ROW, HALF, HALF), b"\x1b*r3U"), (0, 200, 200, 0)),
    ("pixels of colors", page(row(b"\xff\0\0" * 100 + b"\0\0\0" * 50), PIXELS), (0, 100, 100, 50)),
    ("numbers of colors", page(row(b"\x07" * 100), PALETTE), (0, 50, 100, 0)),
    (
        "black twice as fine, inks in four sizes",
        page(row(ROW, ROW, HALF, b"", HALF, HALF, b"", b""), CRD),
        (200 / 3, 200, 0, 200),
    ),
    ("rows of a macro", page(b"\x1b&f1y0X" + row(ROW) + b"\x1b&f1X\x1b&f2X\x1b&f2X"), (0, 0, 0, 800)),
]


@pytest.mark.parametrize(("data", "dots"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_page_has_the_dots_of_its_rows(data: bytes, dots: tuple[float, ...]):
    (found,) = coverage(data, "cmyk")
    assert found is not None
    assert found.millionths == tuple(map(part, dots))


@pytest.mark.parametrize(
    "behind",
    [
        b"text",
        b"\x1b*c100a100b0P",
        b"\x1b%0BPD100,100;\x1b%0A",
        b"\x1b&p1Xa",
        b"\x1b*r3A" + row(ROW),
        b"\x1b*b77M" + row(ROW),
        b"\x1b&f1y0X" + row(ROW) + b"\x1b&f1X\x1b&f4X",
    ],
    ids=["text", "rules", "vectors", "transparent text", "scaled raster", "unknown compression", "overlay"],
)
def test_a_page_with_more_than_raster_is_not_known_and_the_next_one_is(behind: bytes):
    first = page(row(ROW), b"", behind)
    assert coverage(first, "cmyk") == [None]
    unseen, seen = coverage(first.removesuffix(b"\x1bE") + page(row(ROW)), "cmyk")
    assert unseen is None
    assert seen is not None
    assert seen.millionths[3] == part(400)


def test_paper_that_is_not_stated_is_letter():
    stated, silent = page(row(ROW)), page(row(ROW)).replace(b"\x1b&l2A", b"")
    assert coverage(silent, "cmyk") == coverage(stated, "cmyk")


DRAWING = b"""%!PS
0 setgray 72 600 200 100 rectfill 1 0 0 setrgbcolor 300 600 100 100 rectfill
1 1 0 setrgbcolor 72 450 100 100 rectfill 0 0 1 setrgbcolor 72 300 100 100 rectfill
0 setgray /Times-Roman findfont 20 scalefont setfont 72 200 moveto (The quick brown fox jumps over it) show
showpage
"""
BLACK_DRAWING = b"\n".join(line for line in DRAWING.splitlines() if b"1 1 0" not in line).replace(
    b"1 0 0 setrgbcolor", b""
)


def painted(program: bytes, device: str, resolution_dpi: int) -> bytes:
    command = ["gs", "-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-sPAPERSIZE=a4", f"-sDEVICE={device}"]
    command += [f"-r{resolution_dpi}"] if resolution_dpi else []
    run = subprocess.run([*command, "-sOutputFile=-", "-"], input=program, capture_output=True, check=True)
    return run.stdout


COLOR_DEVICES = [
    ("cdj550", 300, "cmyk"),
    ("cdj1600", 300, "cmyk"),
    ("cljet5c", 300, "cmyk"),
    ("paintjet", 180, "cmyk"),
    ("pjxl300", 300, "cmyk"),
    ("dnj650c", 300, "cmyk"),
    ("chp2200", 0, "cmyk"),
    ("cdnj500", 600, "cmyk"),
    ("cdj500", 300, "bw"),
    ("cdj670", 300, "bw"),
]


@pytest.mark.parametrize(("device", "resolution_dpi", "space"), COLOR_DEVICES)
def test_printers_in_color_get_the_ink_of_the_pixels(device: str, resolution_dpi: int, space: str):
    """Within 5 %; of a printer that mixes its black from colors only the lightness can be compared."""
    (wanted,) = coverage(painted(DRAWING, "ppmraw", 300), space)
    (found,) = coverage(painted(DRAWING, device, resolution_dpi), space)
    assert found is not None
    assert wanted is not None
    assert found.millionths == pytest.approx(wanted.millionths, rel=0.05)


@pytest.mark.parametrize(
    "device", ["ljet4", "ljet3", "laserjet", "fs600", "deskjet", "djet500", "cdjmono", "pcl3", "cdj850"]
)
def test_printers_in_black_get_the_ink_of_the_pixels(device: str):
    (wanted,) = coverage(painted(BLACK_DRAWING, "pbmraw", 300), "bw")
    (found,) = coverage(painted(BLACK_DRAWING, device, 600 if device == "cdj850" else 300), "bw")
    assert found is not None
    assert wanted is not None
    assert found.millionths == pytest.approx(wanted.millionths, rel=0.05)


def test_a_page_of_pixels_without_a_black_plane_is_colored():
    usage = count(painted(DRAWING, "chp2200", 0))
    assert [run.color for segment in usage.segments for run in segment.runs] == [ColorClass.COLOR]


SOME = ["pcl3/gs-cdj850-trioA4.pcl", "pcl3gui/pcl3gui2-hp-business_inkjet_1200-pair.pcl", "pcl5/gs-ljet4d-memo.pcl"]


@pytest.mark.parametrize("name", SOME)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_damaged_rows_give_shares_or_nothing(name: str, data: st.DataObject):
    octets = bytearray((SAMPLES / name).read_bytes()[:20_000])
    for _change in range(data.draw(st.integers(1, 12))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    try:
        usage = count(bytes(octets), limits=Limits(), inspect_pages=Inspector("cmyk"))
    except DocumentError:
        return
    assert len(usage.coverage) in (0, usage.input_pages)
    for found in usage.coverage:
        assert found is None or all(0 <= share <= 1_000_000 for share in found.millionths)


def test_rows_that_grow_without_end_stop_in_time():
    """Each octet changes a row of 256 KiB, until the time of the document is over."""
    ticks = iter(range(1_000_000))
    wide = b"\x1b*b3M" + row((b"\x1f" + b"\xff" * 1000 + b"\0\0") * 2)
    data = page(wide + b"\x1b*b" + b"2w\x00\x55" * 20_000)
    usage = count(
        data, limits=Limits(timeout_s=1000, clock=lambda: float(next(ticks))), inspect_pages=Inspector("cmyk")
    )
    assert usage.coverage == ()
    assert "coverage_incomplete" in {finding.code for finding in usage.findings}


def test_very_many_pages_are_counted_and_not_measured():
    usage = count(b"\x1bE\x1b&l2A" + b"\f" * 30_000, inspect_pages=Inspector("cmyk"))
    assert (usage.input_pages, usage.coverage) == (30_000, ())
    assert "coverage_incomplete" in {finding.code for finding in usage.findings}


def test_real_pages_of_raster_are_all_known():
    for path in (SAMPLES / "pcl3").glob("*.pcl"):
        assert None not in coverage(Path(path).read_bytes(), "cmyk"), path.name

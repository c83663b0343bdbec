# SPDX-License-Identifier: Apache-2.0
"""The runs of QPDL bands, written here by hand, and beside a page by another driver."""

import struct

import pytest

from languages.rendering import SAMPLES
from pagetoll.languages.coverage import coverage
from pagetoll.languages.coverage.lasers import qpdl_runs


def test_runs_of_qpdl_are_about_as_black_as_the_page_by_another_driver():
    (runs,) = coverage((SAMPLES / "qpdl/splix-ml2165-memo.prn").read_bytes(), "bw")
    (dots,) = coverage((SAMPLES / "pcl3/gs-deskjet-memo.pcl").read_bytes(), "bw")
    assert runs is not None
    assert dots is not None
    assert runs.millionths == pytest.approx(
        dots.millionths, rel=0.15
    )  # 600 dots an inch against 300, which are larger


DISTANCES = struct.pack("<64H", 1, 3, 0, 70, *[5] * 60)
MARKED = [b"\x00", b"\xf0", b"\xff"]


@pytest.mark.parametrize(
    ("codes", "octets", "black"),
    [
        (b"", 3, 12),
        (b"\x01\x0f\x0f", 5, 20),
        (b"\x80\x00", 6, 12),
        (b"\x83\x01", 9, 36),
        (b"\xff\xc0", 3 + 514, 12),
        (b"\x81\x40\x00\x00", 3 + 132 + 1, 20),
    ],
    ids=["octets at first", "octets", "the last one again", "three again and again", "the longest", "more than 130"],
)
def test_runs_of_qpdl_repeat_what_is_so_far_before(codes: bytes, octets: int, black: int):
    band = qpdl_runs.MAGIC + struct.pack("<I", 3) + DISTANCES + b"".join(MARKED) + codes
    assert qpdl_runs.black_dots(band, octets) == black


@pytest.mark.parametrize(
    ("codes", "octets"),
    [(b"", 4), (b"", 2), (b"\x80\x02", 6), (b"\x80\x03", 6), (b"\x80", 5), (b"\xff\xc0" * 9000, 1 << 30)],
    ids=["too short", "too long", "no distance", "before the start", "half a code", "a huge band"],
)
def test_runs_that_do_not_fill_their_band_are_refused(codes: bytes, octets: int):
    band = qpdl_runs.MAGIC + struct.pack("<I", 3) + DISTANCES + b"".join(MARKED) + codes
    assert qpdl_runs.black_dots(band, octets) is None

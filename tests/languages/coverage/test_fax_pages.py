# SPDX-License-Identifier: Apache-2.0
"""Coverage of structured fax files, beside the pixels of the same page."""

import struct
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from languages.rendering import SAMPLES
from pagetoll.core.errors import DocumentError
from pagetoll.languages import count
from pagetoll.languages.coverage import Inspector, coverage

DRAWING = b"""%!PS
72 600 200 100 rectfill 300 300 200 200 rectfill
/Times-Roman findfont 20 scalefont setfont 72 200 moveto (The quick brown fox jumps over it) show showpage
"""


def painted(device: str) -> bytes:
    command = ["gs", "-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-g1728x2292", "-r204x196", f"-sDEVICE={device}"]
    return subprocess.run([*command, "-sOutputFile=-", "-"], input=DRAWING, capture_output=True, check=True).stdout


def fax(records: bytes, coding: int = 0) -> bytes:
    """A structured fax of one page, 1,728 pixels wide."""
    head = struct.pack("<4B2H2I", 1, 0, coding, 0, 1728, 0, 0, 0)
    return struct.pack("<4sBBHHHII", b"Sfff", 1, 0, 0, 1, 20, 0, 0) + b"\xfe\x10" + head + records + b"\xfe\0"


def test_a_fax_has_the_ink_of_its_pixels():
    (wanted,), (found,) = coverage(painted("pbmraw"), "bw"), coverage(painted("cfax"), "bw")
    assert wanted is not None
    assert found is not None
    assert found.millionths == pytest.approx(wanted.millionths, rel=0.01)


# White 0 (00110101), black 1728 (0000001100101), black 0 (0000110111), the lowest bit first.
BLACK_LINE = bytes([0b10101100, 0b11000000, 0b00010100, 0b01110110])


@pytest.mark.parametrize(
    ("records", "share"),
    [
        (b"\x04" + BLACK_LINE, 1_000_000),
        (b"\0\x04\0" + BLACK_LINE, 1_000_000),
        (b"\x04" + BLACK_LINE + b"\xdb", 250_000),
        (b"\xff\x03abc\x04" + BLACK_LINE + b"\xd9", 500_000),
        (b"\xfd", 0),
    ],
    ids=["short record", "long record", "three white lines", "data of the writer", "white lines only"],
)
def test_lines_are_black_or_white(records: bytes, share: int):
    (found,) = coverage(fax(records), "bw")
    assert found is not None
    assert found.millionths == (share,)


def test_another_coding_is_not_known():
    assert coverage(fax(b"\x04" + BLACK_LINE, coding=1), "bw") == [None]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_damaged_fax_gives_shares_or_nothing(data: st.DataObject):
    octets = bytearray((SAMPLES / "fax" / "gs-cfax-land.fax").read_bytes())
    for _change in range(data.draw(st.integers(1, 12))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    try:
        usage = count(bytes(octets), inspect_pages=Inspector("bw"))
    except DocumentError:
        return
    for found in usage.coverage:
        assert found is None or 0 <= found.millionths[0] <= 1_000_000

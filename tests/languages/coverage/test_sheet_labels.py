# SPDX-License-Identifier: Apache-2.0
"""Coverage of labels that hold pictures alone: the dots of hand-made pictures against the size that is stated."""

import base64
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from languages.coverage.damaged import check_damaged
from pagetoll.languages.coverage import coverage

WIDTH, LENGTH = 32, 10
BITS = bytes(range(4)) * 3 + b"\xff" * 8 + b"\0\0\xf0\0" * 5
DOTS = sum(octet.bit_count() for octet in BITS)
SIZE = b"^PW32^LL10"


def inverted(picture: bytes) -> bytes:
    return bytes(255 - octet for octet in picture)


def field(coded: bytes, kind: bytes = b"A") -> bytes:
    return b"^XA" + SIZE + b"^FO0,0^GF" + kind + b",%d,%d,4," % (len(BITS), len(BITS)) + coded + b"^FS^XZ"


def brother_rows(rows: list[bytes]) -> bytes:
    return b"".join(b"G" + struct.pack("<H", len(row)) + row for row in rows)


BROTHER = b"\x1b@\x1biz\x86\x0a\x19\x00" + struct.pack("<I", 100) + b"\0\0M\2"
FULL_ROW = bytes([257 - 90]) + b"\xff"
LABELS = [
    ("ZPL, digits", field(BITS.hex().encode()), DOTS / 320),
    (
        "ZPL, digits on lines",
        field(b"\n".join(BITS.hex()[at : at + 8].encode() for at in range(0, 80, 8))),
        DOTS / 320,
    ),
    ("ZPL, octets", field(BITS, b"B"), DOTS / 320),
    ("ZPL, base64", field(b":B64:" + base64.b64encode(BITS) + b":1234"), DOTS / 320),
    ("ZPL, a zlib stream", field(b":Z64:" + base64.b64encode(zlib.compress(BITS)) + b":1234"), DOTS / 320),
    ("ZPL, rows that are full, white and like the one before", field(b"!:,:NF,F,::"), (64 + 32 + 3 * 4) / 320),
    ("ZPL, a digit twenty times", field(b"gHF"), 88 / 320),
    (
        "ZPL, a stored picture twice as wide",
        b"~DGR:A.GRF,8,2,\nFFFFF,!^XA^PW32^LL10^FO0,0^XGR:A.GRF,2,1^FS^XZ",
        2 * (16 + 4 + 16) / 320,
    ),
    (
        "ZPL, as CUPS writes it",
        b"~DGR:A.GRF,40,4,\nFF,::::^XA^PW32^XGR:A.GRF,1,1^FS^XZ\n^XA^IDR:A.GRF^FS^XZ",
        40 / 320,
    ),
    ("EPL2", b"\nN\nq32\nQ10,24\nGW0,0,4,10\n" + inverted(BITS) + b"\nP1\n", DOTS / 320),
    ("CPCL", b"! 0 200 200 10 1\r\nPAGE-WIDTH 32\r\nCG 4 10 0 0 " + BITS + b"\r\nPRINT\r\n", DOTS / 320),
    (
        "CPCL, digits",
        b"! 0 200 200 10 1\r\nPAGE-WIDTH 32\r\nEG 4 10 0 0 " + BITS.hex().encode() + b"\r\nFORM\r\nPRINT\r\n",
        DOTS / 320,
    ),
    ("Dymo", b"\x1b\x1b\x1b@\x1bL\0\x0a\x1bD\4\x16\xff\0\xff\x01\x17\x8f\x0f\x1bE", (17 + 16) / 320),
    ("Brother", BROTHER + brother_rows([FULL_ROW] * 10) + b"Z" * 90 + b"\x1a", 7200 / (25 / 25.4 * 300 * 100)),
]


@pytest.mark.parametrize(("data", "share"), [case[1:] for case in LABELS], ids=[case[0] for case in LABELS])
def test_the_dots_of_a_label_are_set_against_its_size(data: bytes, share: float):
    (label,) = coverage(data, "bw")
    assert label is not None
    assert label.millionths == (pytest.approx(1e6 * share, rel=1e-4, abs=1),)


def test_a_label_in_two_colors_has_both_inks():
    row = b"\2" + FULL_ROW
    (label,) = coverage(BROTHER + b"w\1" + row + (b"w\2" + row) * 2 + b"Z" * 98 + b"\x1a", "cmyk")
    assert label is not None
    black = pytest.approx(1e6 * 720 / (25 / 25.4 * 300 * 100), rel=1e-4)
    assert label.millionths[3] == black
    assert label.millionths[0] == 0
    assert label.millionths[1] == label.millionths[2] == pytest.approx(2 * label.millionths[3], abs=2)


def letters(times: int) -> bytes:
    """How ZPL writes a number up to 419."""
    twenties, ones = divmod(times, 20)
    return (bytes([0x66 + twenties]) if twenties else b"") + (bytes([0x46 + ones]) if ones else b"")


@given(
    st.lists(st.binary(min_size=4, max_size=4) | st.sampled_from([b"\0" * 4, b"\xff" * 4]), min_size=1, max_size=10)
)
def test_digits_coded_by_runs_and_rows_hold_the_same_dots(rows: list[bytes]):
    coded, before = b"", b""
    for row in rows:
        digits = row.hex().upper()
        if row == before:
            coded += b":"
        elif row == b"\xff" * 4:
            coded += b"!"
        else:
            kept = digits.rstrip("0")
            while kept:
                times = len(kept) - len(kept.lstrip(kept[0]))
                coded += (letters(times) if times > 2 else kept[0].encode() * (times - 1)) + kept[0].encode()
                kept = kept[times:]
            coded += b"," if digits.endswith("0") else b""
        before = row
    (label,) = coverage(field(coded), "bw")
    assert label is not None
    assert label.millionths == (
        pytest.approx(
            1e6 * sum(b"".join(rows).hex().count(d) * int(d, 16).bit_count() for d in "0123456789abcdef") / 320, abs=1
        ),
    )


UNSEEN = [
    ("text", b"^XA" + SIZE + b"^FO0,0^GFA,4,4,4,FFFFFFFF^FS^FO0,0^A0N,30^FDTotal^FS^XZ"),
    ("a box", b"^XA" + SIZE + b"^FO0,0^GB20,5,2^FS^XZ"),
    ("no length", b"^XA^PW32^FO0,0^GFA,2,2,2,FFFF^FS^XZ"),
    ("no width", b"^XA^LL10^FO0,0^GFA,2,2,2,FFFF^FS^XZ"),
    ("more than it says", field(BITS.hex().encode() * 2)),
    ("letters that are no digits", field(b"FF?0")),
    ("a picture that is not there", b"^XA" + SIZE + b"^XGR:B.GRF,1,1^FS^XZ"),
    ("a broken zlib stream", field(b":Z64:" + base64.b64encode(b"xyz" * 9) + b":1234")),
    ("text of EPL2", b'\nN\nq32\nQ10,24\nA5,5,0,1,1,1,N,"x"\nP1\n'),
    ("EPL2 without a length", b"\nN\nq32\nGW0,0,4,10\n" + BITS + b"\nP1\n"),
    ("text of CPCL", b"! 0 200 200 10 1\r\nPAGE-WIDTH 32\r\nTEXT 4 0 30 40 Total\r\nPRINT\r\n"),
    ("CPCL without a width", b"! 0 200 200 10 1\r\nCG 4 10 0 0 " + BITS + b"\r\nPRINT\r\n"),
    ("Dymo rows of several lengths", b"\x1b\x1b\x1b@\x1bL\0\x0a\x1bD\1\x16\xff\x1bD\2\x16\xff\xff\x1bE"),
]


@pytest.mark.parametrize("data", [case[1] for case in UNSEEN], ids=[case[0] for case in UNSEEN])
def test_a_label_that_is_not_pictures_of_a_known_size_is_unseen(data: bytes):
    assert coverage(data, "bw") == [None]


def test_a_picture_that_grows_without_end_is_measured_in_little_memory():
    bomb = base64.b64encode(zlib.compress(b"\xff" * 50_000_000, 9))
    data = b"^XA^PW4000^LL1000^FO0,0^GFA,500000,500000,500,:Z64:" + bomb + b":1234^FS^XZ"
    assert coverage(data, "bw") == [None]


@settings(max_examples=60)
@given(st.data())
def test_damaged_labels_are_measured_or_refused_as_promised(drawn: st.DataObject):
    check_damaged(drawn, [case[1] for case in LABELS])

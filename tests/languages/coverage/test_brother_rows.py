# SPDX-License-Identifier: Apache-2.0
"""Blocks of rows for Brother's laser printers: what was written into them comes out, and is set against the paper."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.languages.coverage import coverage
from pagetoll.languages.coverage.brother_rows import block_rows


def further(number: int, limit: int) -> bytes:
    """What stands behind the octet of an edit whose field is full."""
    if number < limit:
        return b""
    rest = number - limit
    return b"\xff" * (rest // 255) + bytes([rest % 255])


def replacing(offset: int, octets: bytes) -> bytes:
    size = len(octets) - 1
    head = min(offset, 15) << 3 | min(size, 7)
    return bytes([head]) + further(offset, 15) + further(size, 7) + octets


def repeating(offset: int, octet: int, times: int) -> bytes:
    head = 0x80 | min(offset, 3) << 5 | min(times - 2, 31)
    return bytes([head]) + further(offset, 3) + further(times - 2, 31) + bytes([octet])


Edit = st.one_of(
    st.tuples(st.integers(0, 600), st.binary(min_size=1, max_size=600)),
    st.tuples(st.integers(0, 600), st.tuples(st.integers(0, 255), st.integers(2, 600))),
)


@given(st.lists(st.one_of(st.none(), st.lists(Edit, max_size=5)), max_size=8))
def test_rows_come_out_as_their_edits_made_them(rows: list[list[tuple[int, bytes | tuple[int, int]]] | None]):
    block, expected, row = len(rows).to_bytes(2, "big"), [], bytearray()
    for edits in rows:
        if edits is None:
            block, row = block + b"\xff", bytearray()
        else:
            block, at = block + bytes([len(edits)]), 0
            for offset, what in edits:
                piece = what if isinstance(what, bytes) else bytes([what[0]]) * what[1]
                block += replacing(offset, what) if isinstance(what, bytes) else repeating(offset, *what)
                at += offset
                row.extend(bytes(max(0, at + len(piece) - len(row))))
                row[at : at + len(piece)] = piece
                at += len(piece)
        expected.append(bytes(row))
    assert block_rows(block) == expected


@given(st.binary(max_size=200))
def test_a_block_that_does_not_hold_together_is_refused(octets: bytes):
    rows = block_rows(octets)
    assert rows is None or len(rows) == int.from_bytes(octets[:2], "big")


def test_a_small_block_of_huge_rows_is_refused():
    rows = 4096
    first = b"\x01" + repeating(200_000, 0xFF, 9)
    assert block_rows(rows.to_bytes(2, "big") + first + (b"\x01" + repeating(0, 0xFF, 9)) * (rows - 1)) is None


def job(*blocks: bytes, resolution: bytes = b"@PJL SET RESOLUTION = 600\n") -> bytes:
    head = b"\x1b%-12345X@PJL\n" + resolution + b"@PJL SET PAPER = A4\n@PJL ENTER LANGUAGE = PCL\n"
    rows = b"".join(b"%dw" % len(block) + block for block in blocks)
    return head + b"\x1bE\x1b*b1030m" + rows + b"1030M\x0c\x1b%-12345X"


BLACK = b"\0\2\1" + repeating(9, 0xFF, 100) + b"\0"


def test_dots_are_set_against_the_paper_and_resolution_of_the_job():
    (page,) = coverage(job(BLACK, BLACK), "cmyk")
    assert page is not None
    share = 2 * 2 * 800 / (595 * 842 * (600 / 72) ** 2)
    assert page.millionths == (0, 0, 0, pytest.approx(1e6 * share, abs=1))


@pytest.mark.parametrize("document", [job(BLACK[:-2]), job(BLACK, resolution=b"")], ids=["broken", "no resolution"])
def test_what_is_not_sure_is_not_known(document: bytes):
    assert coverage(document, "cmyk") in ([None], [])

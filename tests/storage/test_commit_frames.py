# SPDX-License-Identifier: Apache-2.0
"""The pending values of a directory's head: what is framed is read again, and nothing else is read at all."""

import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.storage.ldap.commits import BadFrame, Frame, framed, pack, part_names, read_changes, read_frame
from storage.row_strategies import changes

IDS = st.text("ABCdef019-", min_size=1, max_size=64)


@given(number=st.integers(1, 10**18 - 1), commit_id=IDS, previous_id=IDS, rows=st.lists(changes(), max_size=5))
def test_a_commit_is_read_as_it_was_framed(number: int, commit_id: str, previous_id: str, rows: list):
    octets, packed = pack(rows)
    frame = Frame(number=number, commit_id=commit_id, previous_id=previous_id, octets=octets, parts=(), packed=packed)
    assert read_frame(framed(frame)) == frame
    assert read_changes(frame, packed) == tuple(rows)


@given(name=IDS, count=st.integers(1, 1000))
def test_a_commit_in_parts_names_them(name: str, count: int):
    frame = Frame(number=1, commit_id="a", previous_id="b", octets=5, parts=part_names(name, count), packed=b"")
    assert read_frame(framed(frame)) == frame
    assert frame.is_large


HEADS = [
    b"",
    b"1 1 a b 2 here",
    b"2 1 a b 2 here\n",
    b"1 0 a b 2 here\n",
    b"1 -1 a b 2 here\n",
    b"1 1 a b 2 there\n",
    b"1 1 a* b 2 here\n",
    b"1 1 a b 2 parts 0 x\n",
    b"1 1 a b 2 parts 99999 x\n",
    b"1 1 a b 2 parts 1 x\nmore",
    b"1 1 a b 9999999999 here\n",
    b"1 1 " + b"a" * 65 + b" b 2 here\n",
    b"1 1 a b 2 here " + b" " * 500 + b"\n",
    "1 ١ a b 2 here\n".encode(),
]


@pytest.mark.parametrize("value", HEADS)
def test_a_head_that_no_pagetoll_wrote_is_refused(value: bytes):
    with pytest.raises(BadFrame):
        read_frame(value)


@given(value=st.binary(max_size=200) | st.binary(max_size=60).map(lambda tail: b"1 1 a b 20 here\n" + tail))
def test_any_octets_are_a_commit_or_refused(value: bytes):
    try:
        frame = read_frame(value)
        read_changes(frame, frame.packed)
    except BadFrame:
        pass


def frame_of(data: bytes, *, octets: int | None = None, tail: bytes = b"") -> Frame:
    length = len(data) if octets is None else octets
    return Frame(number=1, commit_id="a", previous_id="b", octets=length, parts=(), packed=zlib.compress(data) + tail)


ROW = ["roles", ["anna"], None]
BAD_ROWS = [
    {},
    [1],
    [["roles", [], None]],
    [["roles", [None], None]],
    [["roles", [True], None]],
    [["roles", [[1]], None]],
    [["roles", "anna", None]],
    [[1, ["anna"], None]],
    [[*ROW, 1]],
    [["roles", ["anna"], []]],
    [["roles", ["anna"], {"role": 1.5}]],
    [["roles", ["anna"], {"role": []}]],
    [["roles", ["anna"], {"role": 10**30}]],
    [["roles", ["anna"], {"role": -(2**63) - 1}]],
    [["roles", ["anna"], {"role": "\ud800"}]],
    [["roles", ["anna"], {"\udfff": "x"}]],
    [["roles", [2**63], None]],
    [["roles", ["\ud800"], None]],
    [["\ud800", ["anna"], None]],
]


@pytest.mark.parametrize("rows", BAD_ROWS)
def test_json_that_is_no_changes_is_refused(rows: object):
    frame = frame_of(json.dumps(rows).encode())
    with pytest.raises(BadFrame):
        read_changes(frame, frame.packed)


BAD_PACKS = [
    frame_of(b"[]", octets=1),
    frame_of(b"[]", octets=3),
    frame_of(b"[]", tail=b"x"),
    frame_of(b"[" * 100_000),
    frame_of(b"[NaN]"),
    frame_of(b"[" + b"9" * 10_000 + b"]"),
    frame_of(b'["\xff"]'),
    frame_of(b'[["roles", ["\xed\xa0\x80"], null]]'),
    frame_of(b" " * (1 << 24), octets=100),  # a bomb: no more than 101 octets of it are unpacked
]


@pytest.mark.parametrize("frame", BAD_PACKS)
def test_packed_octets_must_be_exactly_what_the_head_says(frame: Frame):
    with pytest.raises(BadFrame):
        read_changes(frame, frame.packed)

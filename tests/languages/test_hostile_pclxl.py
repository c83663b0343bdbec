# SPDX-License-Identifier: Apache-2.0
"""PCL XL with pages in parts that the counter steps over."""

import pytest

from pagetoll.core.usage import Confidence
from pagetoll.languages import count

BEGIN_PAGE, END_PAGE = b"\x43", b"\xc1\x01\x00\xf8\x31\x44"
STREAM_NAME = b"\xc8\xc1\x01\x00s\xf8\x8b"


def data(octets: bytes) -> bytes:
    return b"\xfa" + len(octets).to_bytes(4, "little") + octets


def job(words: bytes) -> bytes:
    return b") HP-PCL XL;3;0;test\n\x41" + BEGIN_PAGE + words + END_PAGE + b"\x42"


@pytest.mark.parametrize(
    "words",
    [
        STREAM_NAME + b"\x5b" + b"\x5c" + data((BEGIN_PAGE + END_PAGE) * 9) + b"\x5d" + (STREAM_NAME + b"\x5e") * 3,
        b"\xbf" + data(b"\x1bE" + b"Hello\x0c" * 9),
    ],
    ids=["a stored stream", "PCL 5 passed through"],
)
def test_pages_in_parts_that_are_not_read_leave_a_lower_bound(words: bytes) -> None:
    usage = count(job(words))
    assert (usage.impressions, usage.confidence) == (1, Confidence.AT_LEAST)


def test_without_such_parts_the_count_is_exact() -> None:
    usage = count(job(b""))
    assert (usage.impressions, usage.confidence) == (1, Confidence.EXACT)


def test_copies_in_two_places_are_not_sure() -> None:
    header = b"\x1b%-12345X@PJL SET QTY=30\n@PJL SET COPIES=30\n@PJL ENTER LANGUAGE=POSTSCRIPT\n"
    usage = count(header + b"%!PS\nshowpage\n")
    assert (usage.impressions, usage.confidence) == (30, Confidence.ESTIMATED)

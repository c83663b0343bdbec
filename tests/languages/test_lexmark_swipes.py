# SPDX-License-Identifier: Apache-2.0
"""Lexmark's ink-jets with commands of eight octets."""

import pytest

from pagetoll.core.errors import DocumentError
from pagetoll.core.usage import ColorClass, Confidence
from pagetoll.languages import count

START = bytes.fromhex("1b2a800000000000")


def command(octets: str) -> bytes:
    body = bytes.fromhex(octets)
    return b"\x1b" + body + bytes([sum(body) & 0xFF])


SET_UP = START + command("330000000000") + command("30800c020000") + command("210000000000")
EJECT = command("228037720000") + command("311001890000") + command("330000000000")


def swipe(dots: bytes, head: str = "400100580239") -> bytes:
    return (
        command(head) + command("420000b90180") + command("43" + len(dots).to_bytes(3, "big").hex() + "1ef2") + dots
    )


BLACK = SET_UP + command("238008c00000") + swipe(b"\x80\xff" * 90) + EJECT
COLORED = SET_UP + swipe(EJECT * 40, "408101d00119") + EJECT
BLANK = SET_UP + EJECT


def test_pages_are_counted_by_their_ejects() -> None:
    usage = count(BLACK + COLORED + BLANK)
    assert (usage.language, usage.impressions, usage.confidence) == ("lexmark-inkjet", 3, Confidence.EXACT)
    runs = usage.segments[0].runs
    assert [run.color for run in runs] == [ColorClass.MONO, ColorClass.UNKNOWN, ColorClass.MONO]
    assert [run.blank for run in runs] == [False, False, True]


@pytest.mark.parametrize("octets", range(1, len(BLACK), 7))
def test_a_job_that_is_cut_off_is_a_lower_bound_or_an_error(octets: int) -> None:
    ended = octets >= len(BLACK) - len(EJECT) + 8
    usage = count(BLACK + BLACK[:octets])
    assert usage.impressions == 1 + ended
    assert usage.confidence is Confidence.AT_LEAST or ended
    if not ended:
        with pytest.raises(DocumentError):
            count(BLACK[:octets])


def test_garbage_behind_a_page_is_not_sure() -> None:
    assert count(BLACK + b"\x1b\x40garbage of a printer").confidence is not Confidence.EXACT


def test_without_their_sums_they_are_another_printer() -> None:
    with pytest.raises(DocumentError):
        count(START + command("330000000000") + b"\x1b\x30\x80\x0c\x02\x00\x00\x00" + BLACK)

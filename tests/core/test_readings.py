# SPDX-License-Identifier: Apache-2.0
"""What lies between two readings, and how several jobs share it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.core.accounting import Charge, TrustJobSize
from pagetoll.core.jobs import ChargeRule
from pagetoll.core.measure import Evidence, Marked, chosen
from pagetoll.core.readings import Expected, Reading, difference, share

AT = datetime(2026, 3, 1, tzinfo=UTC)
counts = st.integers(0, 2**31)


def reading(impressions: int | None, **more: object) -> Reading:
    return replace(Reading(AT, impressions, None, "snmp"), **more)  # type: ignore[arg-type]


@given(before=counts, impressions=st.integers(0, 10_000))
def test_a_counter_that_moved_by_the_job_is_believed(before: int, impressions: int) -> None:
    found = difference(reading(before), reading(before + impressions), Expected(impressions, impressions))
    assert (found.impressions, found.trouble) == (impressions, "")


@given(before=st.integers(2**31, 2**32 - 1), impressions=st.integers(0, 10_000))
def test_a_counter_of_32_bits_starts_again(before: int, impressions: int) -> None:
    now = (before + impressions) % 2**32
    for first, second in (
        (reading(before, wraps_at=2**32), reading(now)),
        (reading(before), reading(now, wraps_at=2**32)),  # a first reading that the ledger kept
    ):
        assert difference(first, second, Expected(impressions, impressions)).impressions == impressions


@given(before=counts, after=counts, parsed=st.integers(0, 1000))
def test_what_is_charged_of_a_reading_is_never_negative_and_never_absurd(
    before: int, after: int, parsed: int
) -> None:
    found = difference(reading(before), reading(after), Expected(parsed, parsed))
    assert 0 <= found.impressions <= parsed * 2 + 20
    assert bool(found.trouble) == (after - before != found.impressions)


@pytest.mark.parametrize(
    ("before", "after", "expected", "trouble"),
    [
        (reading(9), reading(8), Expected(1, 1), "went back by 1"),
        (reading(9), reading(99), Expected(5, 5), "jumped by 90"),
        (reading(9), reading(99), Expected(5, 5, exact=False), ""),
        (reading(9), reading(9, moved=True), Expected(5, 5), "stood still"),
        (reading(9), reading(9, moved=True), Expected(5, 5, ended_well=False), ""),
        (reading(9), reading(9), Expected(5, 5), ""),
        (reading(9, serial="A"), reading(10, serial="B"), Expected(1, 1), "another device"),
        (reading(9, serial="A"), reading(10), Expected(1, 1), ""),
        (reading(None), reading(None), Expected(1, 1), "no counter"),
    ],
)
def test_an_impossible_reading_says_why(before: Reading, after: Reading, expected: Expected, trouble: str) -> None:
    found = difference(before, after, expected)
    assert trouble in found.trouble
    assert bool(trouble) == bool(found.trouble)


@pytest.mark.parametrize(
    ("sheets", "impressions"), [(3, 5), (2, 4), (1, 2), (0, 0)], ids=["all", "two sheets", "one", "none"]
)
def test_sheets_become_impressions_in_the_jobs_own_ratio(sheets: int, impressions: int) -> None:
    """Five impressions on three sheets."""
    first = Reading(AT, None, 100, "snmp")
    found = difference(first, replace(first, media_sheets=100 + sheets), Expected(5, 3))
    assert (found.impressions, found.media_sheets) == (impressions, sheets)


@given(total=st.integers(0, 10_000), parts=st.lists(st.integers(0, 1000), min_size=1, max_size=20))
def test_shares_sum_to_the_whole_and_follow_the_parts(total: int, parts: list[int]) -> None:
    shares = share(total, parts)
    assert sum(shares) == total
    if sum(parts):
        assert all(abs(one - total * part / sum(parts)) < 1 for one, part in zip(shares, parts, strict=True))


def test_jobs_that_came_out_whole_get_what_they_are() -> None:
    assert share(12, [4, 8]) == [4, 8]
    assert share(11, [4, 8]) == [4, 7]
    assert share(5, [0, 0]) == [3, 2]


EVIDENCE = Evidence(5, 3, backend_status=0, canceled=False, marked=Marked(8))


@pytest.mark.parametrize(
    ("charge", "trust", "impressions", "sheets", "rule"),
    [
        (Charge.REPORTED, TrustJobSize(), 8, 5, ChargeRule.DEVICE_COUNTER),
        (Charge.PARSED, TrustJobSize(), 5, 3, ChargeRule.PARSED),
        (Charge.SMALLER, TrustJobSize(), 5, 3, ChargeRule.PARSED),
        (Charge.LARGER, TrustJobSize(), 8, 5, ChargeRule.DEVICE_COUNTER),
        (Charge.REPORTED, TrustJobSize(7), 5, 3, ChargeRule.TRUSTED_SIZE),
        (Charge.REPORTED, TrustJobSize(7, 2), 2, 2, ChargeRule.TRUSTED_SIZE),
        (Charge.REPORTED, TrustJobSize(8, 2), 8, 5, ChargeRule.DEVICE_COUNTER),
    ],
)
def test_the_queue_chooses(charge: Charge, trust: TrustJobSize, impressions: int, sheets: int, rule: str) -> None:
    found = chosen(EVIDENCE, charge, trust)
    assert (found.impressions, found.media_sheets, found.rule) == (impressions, sheets, rule)


def test_without_a_word_of_the_device_there_is_nothing_to_choose() -> None:
    silent = replace(EVIDENCE, marked=None)
    assert {chosen(silent, charge, TrustJobSize(1, 1)).rule for charge in Charge} == {ChargeRule.PARSED}
    shared = replace(EVIDENCE, marked=Marked(2, shared=True))
    assert chosen(shared, Charge.REPORTED, TrustJobSize()).rule == ChargeRule.SHARED_READING

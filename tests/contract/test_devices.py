# SPDX-License-Identifier: Apache-2.0
"""Readings of devices, who measures one, and how far counts and reports are apart: on every ledger."""

from datetime import UTC, datetime

import pytest

from contract.books import Books
from pagetoll.core.jobs import ChargeRule, Outcome
from pagetoll.core.policy import ALLOWED
from pagetoll.core.readings import Reading
from pagetoll.ports import Drift, KeptReading, Settlement

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
DEVICE = "host:192.0.2.7"


def reading(impressions: int | None, sheets: int | None = None) -> Reading:
    return Reading(AT, impressions, sheets, "snmp", serial="CN1\0", state="printer idle, device running")


def settled(books: Books, key, impressions: int, reported: int | None) -> None:
    books.ledger.settle(
        key,
        Settlement(
            impressions, impressions, 0, ChargeRule.DEVICE_COUNTER, Outcome.COMPLETED, reported_impressions=reported
        ),
    )


@pytest.fixture
def books(books: Books) -> Books:
    """With a printer, a user and an entry."""
    books.printer()
    books.user()
    books.entry()
    return books


def reserved(books: Books, parsed: int):
    facts = books.facts(parsed_impressions=parsed)
    books.ledger.reserve(facts, books.plan(parsed, "anna", "hp", ""), ALLOWED, ())
    return facts.key


def test_a_reading_is_kept_once_for_each_phase(books: Books):
    key = reserved(books, 3)
    before, after = KeptReading(DEVICE, reading(1000)), KeptReading(DEVICE, reading(None, 502), "it jumped")
    for _ in range(2):
        books.ledger.keep_reading(key, "before", before)
    books.ledger.keep_reading(key, "before", KeptReading(DEVICE, reading(7)))
    books.ledger.keep_reading(key, "after", after)
    kept = books.ledger.readings(books.ledger.attempt(key).attempt_id)
    assert {
        phase: (one.reading.impressions, one.reading.media_sheets, one.trouble) for phase, one in kept.items()
    } == {
        "before": (1000, None, ""),
        "after": (None, 502, "it jumped"),
    }
    assert (kept["before"].device, kept["before"].reading.at) == (DEVICE, AT)


def test_one_open_attempt_at_a_time_measures_a_device(books: Books):
    first, second = reserved(books, 1), reserved(books, 1)
    ledger = books.ledger
    assert ledger.hold_device(DEVICE, first)
    assert ledger.hold_device(DEVICE, first)
    assert not ledger.hold_device(DEVICE, second)
    assert ledger.hold_device("host:192.0.2.8", second)
    assert ledger.leave_device(DEVICE, first)
    assert ledger.hold_device(DEVICE, second)
    assert not ledger.leave_device(DEVICE, first)


@pytest.mark.parametrize("end", ["settled", "by force"])
def test_a_device_is_taken_from_an_attempt_that_is_closed_or_by_force(books: Books, end: str):
    first, second = reserved(books, 1), reserved(books, 1)
    books.ledger.hold_device(DEVICE, first)
    if end == "settled":
        settled(books, first, 1, 1)
    assert books.ledger.hold_device(DEVICE, second, by_force=end == "by force")
    assert not books.ledger.leave_device(DEVICE, first)


def test_drift_sums_what_was_both_counted_and_reported(books: Books):
    for parsed, reported in ((3, 3), (5, 7), (4, None)):
        key = reserved(books, parsed)
        if reported is None:
            books.ledger.keep_reading(key, "after", KeptReading(DEVICE, reading(9), "its counter went back by 4"))
        settled(books, key, reported or parsed, reported)
    reserved(books, 2)
    (found,) = books.ledger.drift()
    assert found == Drift(found.printer_name, 2, 8, 10, 10, 1, 1)

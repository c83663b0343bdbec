# SPDX-License-Identifier: Apache-2.0
"""Readings of devices, who measures one, and how far counts and reports are apart: on every ledger."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from contract.books import Books
from pagetoll.core.jobs import ChargeRule, Outcome
from pagetoll.core.policy import ALLOWED
from pagetoll.core.readings import Reading
from pagetoll.ports import Drift, KeptReading, Settlement
from pagetoll.ports.devices import DeviceIdentity, DeviceSpan

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
DEVICE = "host:192.0.2.7"


def reading(impressions: int | None, sheets: int | None = None) -> Reading:
    state = "printer idle, device running"
    return Reading(AT, impressions, sheets, "snmp", serial="CN1\0", state=state, last_job_id=7)


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
    first = kept["before"]
    assert (first.device, first.reading.at, first.reading.last_job_id) == (DEVICE, AT, 7)


def members(span: DeviceSpan | None) -> list[tuple[int, bool]]:
    assert span is not None
    return sorted((member.parsed_impressions, member.ended) for member in span.members)


def test_one_open_attempt_at_a_time_measures_a_device(books: Books):
    first, second = reserved(books, 1), reserved(books, 1)
    ledger = books.ledger
    assert ledger.hold_device(DEVICE, first, 1)
    assert ledger.hold_device(DEVICE, first, 1)
    assert not ledger.hold_device(DEVICE, second, 1)
    assert ledger.hold_device("host:192.0.2.8", second, 1)
    assert ledger.close_span(first, {first.nonce: 1}, "")
    assert not ledger.close_span(first, {first.nonce: 1}, "")
    assert ledger.hold_device(DEVICE, second, 1)


def test_a_device_is_taken_from_an_attempt_that_is_closed(books: Books):
    first, second = reserved(books, 1), reserved(books, 1)
    books.ledger.hold_device(DEVICE, first, 1)
    settled(books, first, 1, 1)
    assert books.ledger.hold_device(DEVICE, second, 1)
    assert members(books.ledger.device_span(second)) == [(1, False)]
    assert books.ledger.device_span(first) is None


def test_who_joins_shares_the_first_reading_and_what_was_marked(books: Books):
    ledger = books.ledger
    first, second = reserved(books, 4), reserved(books, 8)
    ledger.hold_device(DEVICE, first, 4)
    ledger.keep_reading(first, "before", KeptReading(DEVICE, reading(1000)))
    joined = ledger.join_device(DEVICE, second, 8)
    assert ledger.join_device(DEVICE, second, 8) == joined
    assert (members(joined), joined.before.impressions) == ([(4, False), (8, False)], 1000)
    ledger.keep_reading(second, "before", KeptReading(DEVICE, reading(1002)))  # the first one printed already
    assert members(ledger.device_span(first, 3)) == [(3, True), (8, False)]
    assert members(ledger.device_span(first, 4)) == [(3, True), (8, False)]
    seen = ledger.device_span(second, 6)
    assert members(seen) == [(3, True), (6, True)]
    assert (seen.before.impressions, seen.found) == (1000, None)
    assert not ledger.close_span(second, {second.nonce: 9}, "")
    assert ledger.close_span(second, {first.nonce: 3, second.nonce: 6}, "")
    spans = [ledger.device_span(key) for key in (first, second)]
    assert [(span.found, span.trouble) for span in spans] == [(3, ""), (6, "")]
    assert ledger.hold_device(DEVICE, reserved(books, 1), 1)
    assert ledger.device_span(first).found == 3


def test_a_reading_without_impressions_is_not_taken_for_the_lowest(books: Books):
    ledger = books.ledger
    first, second = reserved(books, 4), reserved(books, 8)
    ledger.hold_device(DEVICE, first, 4)
    ledger.keep_reading(first, "before", KeptReading(DEVICE, reading(1000)))
    ledger.join_device(DEVICE, second, 8)
    ledger.keep_reading(second, "before", KeptReading(DEVICE, reading(None, 7)))
    assert ledger.device_span(second).before.impressions == 1000


def test_a_span_lasts_as_long_as_one_of_its_attempts_is_open(books: Books):
    ledger = books.ledger
    first, second, third = reserved(books, 4), reserved(books, 8), reserved(books, 1)
    ledger.hold_device(DEVICE, first, 4)
    ledger.join_device(DEVICE, second, 8)
    settled(books, first, 3, None)
    assert not ledger.hold_device(DEVICE, third, 1)
    assert members(ledger.device_span(second)) == [(3, True), (8, False)]
    ledger.void(second, Outcome.VOIDED, ())
    assert ledger.hold_device(DEVICE, third, 1)


def test_who_looks_late_for_his_part_still_finds_with_whom_he_shared(books: Books):
    ledger = books.ledger
    first, second, third = reserved(books, 4), reserved(books, 8), reserved(books, 1)
    ledger.hold_device(DEVICE, first, 4)
    ledger.join_device(DEVICE, second, 8)
    ledger.close_span(second, {first.nonce: 4, second.nonce: 8}, "")
    settled(books, second, 8, 8)
    assert ledger.hold_device(DEVICE, third, 1)
    assert (len(ledger.device_span(first).members), ledger.device_span(first).found) == (2, 4)
    settled(books, first, 4, 4)
    settled(books, third, 1, 1)
    assert ledger.hold_device(DEVICE, reserved(books, 1), 1)
    assert ledger.device_span(first) is None


def test_a_joiner_begins_a_span_where_nobody_is(books: Books):
    first, second = reserved(books, 4), reserved(books, 8)
    assert members(books.ledger.join_device(DEVICE, first, 4)) == [(4, False)]
    settled(books, first, 4, 4)
    assert members(books.ledger.join_device(DEVICE, second, 8)) == [(8, False)]


def test_a_machine_is_called_the_same_by_whatever_protocol_and_server_it_is_asked(books: Books):
    def name(address: str, source: str, serial: str = "") -> str:
        return books.ledger.name_device(DeviceIdentity(address, serial, source=source))

    assert name("192.0.2.7", "pjl") == "address:192.0.2.7"
    assert [name("192.0.2.7", "snmp", "CN1\0") for _ in range(2)] == ["serial:CN1\ufffd"] * 2
    assert name("192.0.2.7", "ipp", "urn:uuid:1") == name("192.0.2.7", "pjl") == "serial:CN1\ufffd"
    assert name("192.0.2.8", "ipp", "urn:uuid:1") == "serial:CN1\ufffd"  # at another address
    assert name("192.0.2.7", "snmp", "CN2") == name("192.0.2.7", "pjl") == "serial:CN2"  # another machine there


def test_of_many_at_once_one_has_the_device_and_all_may_join(books: Books):
    keys = [reserved(books, 1) for _ in range(8)]
    with ThreadPoolExecutor(8) as crowd:
        held = list(crowd.map(lambda key: books.ledger.hold_device(DEVICE, key, 1), keys))
        spans = list(crowd.map(lambda key: books.ledger.join_device(DEVICE, key, 1), keys))
    assert held.count(True) == 1
    assert max(len(span.members) for span in spans) == 8


def test_drift_sums_what_was_both_counted_and_reported(books: Books):
    for parsed, reported in ((3, 3), (5, 7), (4, None)):
        key = reserved(books, parsed)
        if reported is None:
            books.ledger.keep_reading(key, "after", KeptReading(DEVICE, reading(9), "its counter went back by 4"))
        settled(books, key, reported or parsed, reported)
    reserved(books, 2)
    (found,) = books.ledger.drift()
    assert found == Drift(found.printer_name, 2, 8, 10, 10, 1, 1)

# SPDX-License-Identifier: Apache-2.0
"""The life of attempts: closing, repeating, wrong orders, deletions, what was printed unreserved, history."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from contract.books import MONDAY, Books, settlement
from pagetoll.core.errors import (
    AccountClosed,
    AlreadySettled,
    AlreadyVoided,
    LimitReached,
    NoSuchAccount,
    ReservationExpired,
)
from pagetoll.core.jobs import AttemptState, ChargeRule, HistoryFilter, Identified, Outcome
from pagetoll.core.policy import ALLOWED, Decision, Verdict
from pagetoll.core.pricing import tariff_from_json
from pagetoll.storage.sql.ledger import SqlLedger


@pytest.fixture
def one(books: Books) -> Books:
    """Anna with ten credits on a printer for 0.10 a page, 100 pages."""
    books.printer(page="0.10")
    books.user(balance="10")
    books.entry(hard=100)
    return books


def test_a_settle_posts_what_came_out_and_gives_the_rest_back(one: Books) -> None:
    key = one.hold(10)
    assert (one.pages().reserved, one.credits().reserved) == (10, 1_000_000)
    one.settle(key, 4)
    record = one.ledger.attempt(key)
    assert (one.posted(), one.pages().reserved, one.balance()) == (4, 0, Decimal("9.60"))
    assert (record.state, record.outcome, record.over_reserved) == (AttemptState.CLOSED, Outcome.COMPLETED, False)
    assert (record.quoted_impressions, record.quoted_price) == (10, 1_000_000)
    assert (record.charged_impressions, record.charged_price, record.charge_rule) == (4, 400_000, "parsed")
    assert one.audit() == []


def test_more_than_was_reserved_is_posted_beyond_the_limit_and_flagged(one: Books) -> None:
    key = one.hold(100)
    one.settle(key, 130)
    assert one.posted() == 130
    assert one.ledger.attempt(key).over_reserved
    assert one.audit() == []


def test_the_price_is_the_one_of_the_reserve_even_when_it_changes_meanwhile(one: Books) -> None:
    key = one.hold(10)
    one.damage("UPDATE printers SET price_per_impression = 99000000")
    one.settle(key, 10)
    assert one.balance() == 9
    assert tariff_from_json(one.ledger.attempt(key).tariff_json).lines[0].price_per_impression == 100_000


def test_a_void_charges_nothing(one: Books) -> None:
    key = one.hold(10)
    one.void(key)
    assert (one.posted(), one.pages().reserved, one.balance()) == (0, 0, 10)
    assert one.ledger.attempt(key).outcome is Outcome.VOIDED
    assert one.audit() == []


def test_everything_may_be_said_twice(one: Books) -> None:
    facts, plan = one.facts(), one.plan(10)
    first = one.ledger.reserve(facts, plan, ALLOWED, [one.note("counted")])
    assert one.ledger.reserve(facts, plan, ALLOWED, [one.note("counted")]) == first
    for _ in range(2):
        one.ledger.mark_starting(facts.key, MONDAY)
        one.ledger.mark_started(facts.key, 4711, 99)
    one.ledger.mark_starting(facts.key, MONDAY)
    assert one.ledger.attempt(facts.key).state is AttemptState.PRINTING
    for _ in range(2):
        one.settle(facts.key, 10)
    voided = one.hold(3)
    for _ in range(2):
        one.void(voided)
    assert (one.posted(), one.balance()) == (10, 9)
    assert [note.text for note in one.ledger.notes(first.attempt_id)] == ["counted"]
    assert one.audit() == []


def test_a_repeated_reserve_tells_of_the_same_grace(books: Books) -> None:
    books.printer()
    books.user()
    books.entry(soft=2, hard=9)
    facts, plan = books.facts(), books.plan(3)
    first = books.ledger.reserve(facts, plan, ALLOWED, ())
    assert [account.reserved for account in first.in_grace] == [3]
    assert books.ledger.reserve(facts, plan, ALLOWED, ()) == first


def test_a_closed_attempt_is_never_reopened(one: Books) -> None:
    facts, plan = one.facts(), one.plan(1)
    one.ledger.reserve(facts, plan, ALLOWED, ())
    one.settle(facts.key, 1)
    with pytest.raises(AlreadySettled):
        one.void(facts.key)
    with pytest.raises(AlreadySettled):
        one.ledger.reserve(facts, plan, ALLOWED, ())
    with pytest.raises(AlreadySettled):
        one.ledger.mark_starting(facts.key, MONDAY)
    other = one.facts()
    one.ledger.reserve(other, plan, ALLOWED, ())
    one.void(other.key)
    with pytest.raises(AlreadyVoided):
        one.settle(other.key, 1)
    with pytest.raises(AlreadyVoided):
        one.ledger.reserve(other, plan, ALLOWED, ())
    assert one.posted() == 1


def test_an_attempt_nobody_knows_cannot_be_closed(one: Books) -> None:
    unknown = one.facts().key
    with pytest.raises(ReservationExpired):
        one.void(unknown)
    with pytest.raises(ReservationExpired):
        one.ledger.settle(unknown, settlement(1))
    assert one.ledger.attempt(unknown) is None


def test_a_refused_reserve_leaves_nothing_behind_not_even_the_attempt(one: Books) -> None:
    facts = one.facts()
    with pytest.raises(LimitReached):
        one.ledger.reserve(facts, one.plan(101), ALLOWED, [one.note("counted")])
    assert one.ledger.attempt(facts.key) is None
    assert (one.pages().reserved, one.credits().reserved) == (0, 0)
    decision = Decision(Verdict.REFUSE, "account-limit-reached", "no pages left")
    attempt_id = one.ledger.record_unreserved(facts, decision, Outcome.REFUSED, [one.note("refused")])
    assert one.ledger.record_unreserved(facts, decision, Outcome.REFUSED, [one.note("refused")]) == attempt_id
    record = one.ledger.attempt(facts.key)
    assert (record.verdict, record.reason, record.decision_text) == (
        "refuse",
        "account-limit-reached",
        "no pages left",
    )
    assert record.outcome is Outcome.REFUSED
    assert len(one.ledger.notes(attempt_id)) == 1
    assert one.audit() == []


def test_a_plan_from_before_a_deletion_is_refused_as_closed(one: Books) -> None:
    facts, plan = one.facts(), one.plan(1)
    one.delete_printer("hp")
    with pytest.raises(AccountClosed):
        one.ledger.reserve(facts, plan, ALLOWED, ())
    assert one.credits().reserved == 0


def test_a_plan_with_an_account_that_never_was_is_refused(one: Books) -> None:
    plan = one.plan(1)
    with pytest.raises(NoSuchAccount):
        one.ledger.reserve(one.facts(), replace(plan, legs=(replace(plan.legs[0], account_id=999),)), ALLOWED, ())


def test_a_job_open_while_its_printer_is_deleted_settles_on_the_closed_account(one: Books) -> None:
    old_id = one.entry()
    key = one.hold(5)
    one.delete_printer("hp")
    assert one.view().printer_id is None
    one.printer("hp")
    new_id = one.entry()
    one.settle(key, 5)
    assert new_id != old_id
    assert (one.account(old_id).posted, one.account(old_id).reserved, one.posted()) == (5, 0, 0)
    assert [record.facts.key for record in one.ledger.history()] == [key]
    assert list(one.ledger.history(HistoryFilter(dumped=True))) == []
    assert one.audit() == []


def test_what_was_journaled_is_booked_once_without_a_limit(one: Books) -> None:
    facts = one.facts()
    after = settlement(150, 15_000_000, rule=ChargeRule.UNRESERVED)
    ids = {one.ledger.post_unreserved(facts, one.plan(150), after) for _ in range(2)}
    assert len(ids) == 1
    assert (one.posted(), one.balance(), one.pages().reserved) == (150, -5, 0)
    assert [leg.posted for leg in one.ledger.legs(ids.pop())] == [-15_000_000, 150]
    record = one.ledger.attempt(facts.key)
    assert (record.charge_rule, record.over_reserved, record.state) == ("unreserved", False, AttemptState.CLOSED)
    assert one.audit() == []


def test_a_journaled_job_with_a_reservation_settles_that_one(one: Books) -> None:
    facts, plan = one.facts(), one.plan(10)
    one.ledger.reserve(facts, plan, ALLOWED, ())
    for _ in range(2):
        one.ledger.post_unreserved(facts, plan, settlement(10, 1_000_000))
    assert (one.posted(), one.pages().reserved, one.balance()) == (10, 0, 9)
    assert one.audit() == []


def test_a_journaled_job_that_was_voided_meanwhile_is_charged_all_the_same(one: Books) -> None:
    facts, plan = one.facts(), one.plan(10)
    one.ledger.reserve(facts, plan, ALLOWED, ())
    one.void(facts.key)
    for _ in range(2):
        one.ledger.post_unreserved(facts, plan, settlement(10, 1_000_000))
    assert (one.posted(), one.pages().reserved, one.balance()) == (10, 0, 9)
    assert one.audit() == []


def test_every_fact_comes_back_as_it_went_in(one: Books) -> None:
    facts = one.facts(
        document_octets=123,
        document_sha256="ab" * 32,
        document_md5="cd" * 16,
        declared_impressions=1,
        parsed_impressions=2,
        media_sheets=1,
        impressions_color=2,
        language="pdf",
        confidence="exact",
        findings=("blank-side@12", "two"),
        usage_json="{}",
        identified=Identified.AUTHENTICATED,
        client_pid=5,
        client_start_time_ticks=6,
        received_at=MONDAY + timedelta(microseconds=1),
    )
    ticket = replace(
        facts.ticket,
        job_name="”$(touch x)' 🖨\n",
        class_name="all",
        authenticated_user_name="anna",
        job_uuid="urn:uuid:1",
        job_originating_host_name="pc",
        options={"job-billing": "cost 42", "sides": "one-sided"},
    )
    facts = replace(facts, ticket=ticket)
    reserved = one.ledger.reserve(facts, one.plan(2), ALLOWED, ())
    assert one.ledger.attempt(facts.key).facts == facts
    assert one.ledger.attempt_by_id(reserved.attempt_id).facts == facts


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 5000, "'; DROP TABLE users; --", "𝔸" * 300])
def test_no_name_or_title_can_break_the_ledger(one: Books, name: str) -> None:
    facts = one.facts()
    facts = replace(facts, user_name=name, ticket=replace(facts.ticket, job_name=name, printer=name, class_name=name))
    one.ledger.record_unreserved(facts, ALLOWED, Outcome.REFUSED, [one.note(name, name)])
    record = one.ledger.attempt(facts.key)
    assert len(record.facts.user_name) == len(name)
    assert one.view(user=name).user_id is None


def test_open_attempts_are_found_oldest_first_and_by_job(one: Books) -> None:
    first, second, third = one.hold(1), one.hold(1), one.hold(1)
    one.settle(second, 1)
    assert [record.facts.key for record in one.ledger.open_attempts()] == [first, third]
    job = first.job
    found = one.ledger.open_attempts_of_job(job.spooler_host, job.job_id, job.time_at_creation)
    assert [record.facts.key for record in found] == [first]
    assert one.ledger.open_attempts_of_job("server", second.job.job_id, second.job.time_at_creation) == []


def test_history_filters_by_printer_user_job_and_proof_of_identity(one: Books) -> None:
    one.printer("canon")
    one.user("bert")
    one.entry("bert", "canon")
    one.print(1)
    on_canon = one.print(1, "bert", "canon")
    proved = one.facts(identified=Identified.AUTHENTICATED)
    one.ledger.record_unreserved(proved, ALLOWED, Outcome.COMPLETED, ())

    def keys(**filters: object) -> list[object]:
        return [record.facts.key for record in one.ledger.history(HistoryFilter(**filters))]

    assert keys(printer_name="canon") == keys(user_name="bert") == keys(job_id=on_canon.job.job_id) == [on_canon]
    assert keys(identified=Identified.AUTHENTICATED) == [proved.key]
    assert keys(user_name="nobody") == []


def test_history_pages_lose_and_repeat_nothing(one: Books) -> None:
    ledger = SqlLedger(one.database, history_page_rows=3)
    keys = [one.print(1) for _ in range(7)]
    assert [record.facts.key for record in ledger.history(newest_first=False)] == keys
    assert [record.facts.key for record in ledger.history()] == keys[::-1]
    assert [record.facts.key for record in ledger.history(limit=4)] == keys[:2:-1]


def test_the_printers_counter_before_each_attempt_is_kept(one: Books) -> None:
    keys = [one.print(3), one.hold(9), one.print(2), one.print(0)]
    one.void(keys[1])
    assert [one.ledger.attempt(key).lifetime_before for key in keys] == [0, 5, 3, 5]


def test_notes_stand_in_the_order_in_which_they_were_said(one: Books) -> None:
    facts = one.facts()
    attempt_id = one.ledger.reserve(facts, one.plan(1), ALLOWED, [one.note("one"), one.note("two")]).attempt_id
    one.ledger.add_notes(facts.key, [one.note("three")])
    one.ledger.settle(facts.key, settlement(1, notes=(one.note("four"),)))
    one.ledger.add_notes(facts.key, [one.note("five")])
    assert [note.text for note in one.ledger.notes(attempt_id)] == ["one", "two", "three", "four", "five"]


def test_legs_tell_what_was_set_aside_checked_and_posted(one: Books) -> None:
    key = one.hold(10)
    one.settle(key, 7)
    legs = one.ledger.legs(one.ledger.attempt(key).attempt_id)
    figures = [(str(leg.account.unit), leg.reserved, leg.posted, leg.checked, leg.state) for leg in legs]
    assert figures == [
        ("credits", 1_000_000, -700_000, False, "settled"),
        ("impressions", 10, 7, True, "settled"),
    ]


def test_an_absolute_adjustment_leaves_open_reservations(one: Books) -> None:
    key = one.hold(10)
    one.adjust_to(50)
    assert (one.posted(), one.pages().reserved) == (50, 10)
    one.settle(key, 10)
    assert one.posted() == 60
    assert one.audit() == []

# SPDX-License-Identifier: Apache-2.0
"""What an explanation and an audit read of the ledger: how accounts stood before each attempt, how much is proved."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from contract.books import MONDAY, Books, printer_id, settlement
from pagetoll.app.printers import rolling_limits
from pagetoll.core.audit import AuditExtent
from pagetoll.core.errors import LimitReached
from pagetoll.core.jobs import AttemptKey, Outcome
from pagetoll.core.money import Unit
from pagetoll.core.policy import ALLOWED
from pagetoll.core.rolling import Asking, RollingLimits, RollingUse
from pagetoll.core.standings import Standings

#: Of a reserve and a settle of one user without groups; SQLite needs no locks, and MariaDB takes them beforehand.
STATEMENTS_A_PAIR = {"sqlite": 13, "postgresql": 15, "mysql": 18}


def legs_of(books: Books, attempt_id: int) -> dict[Unit, tuple[int | None, int]]:
    return {leg.account.unit: (leg.posted_before, leg.posted) for leg in books.ledger.legs(attempt_id)}


def test_an_attempt_knows_how_its_accounts_stood_when_it_was_posted(books: Books):
    """Also after later jobs and a reset; amounts of credits in millionths."""
    books.printer("hp", page="0.5")
    books.user("anna", balance="10")
    books.entry("anna", "hp", soft=90, hard=90)
    first = books.ledger.attempt(books.print(2)).attempt_id
    open_key = books.hold(4)
    second = books.ledger.attempt(books.print(3)).attempt_id
    books.adjust_to(0)
    books.settle(open_key, 4)
    third = books.ledger.attempt(open_key).attempt_id
    assert legs_of(books, first) == {Unit.IMPRESSIONS: (0, 2), Unit.CREDITS: (10_000_000, -1_000_000)}
    assert legs_of(books, second) == {Unit.IMPRESSIONS: (2, 3), Unit.CREDITS: (9_000_000, -1_500_000)}
    assert legs_of(books, third) == {Unit.IMPRESSIONS: (0, 4), Unit.CREDITS: (7_500_000, -2_000_000)}


def test_what_was_not_posted_has_no_before(books: Books):
    books.printer("hp")
    books.user("anna")
    books.entry("anna", "hp")
    key = books.hold(4)
    attempt_id = books.ledger.attempt(key).attempt_id
    assert legs_of(books, attempt_id) == {Unit.IMPRESSIONS: (None, 0), Unit.CREDITS: (None, 0)}
    books.void(key)
    assert legs_of(books, attempt_id) == {Unit.IMPRESSIONS: (None, 0), Unit.CREDITS: (None, 0)}


def test_the_extent_of_an_audit_counts_accounts_entries_and_open_legs(books: Books):
    books.printer("hp")
    books.user("anna", balance="10")
    books.entry("anna", "hp")
    books.print(2)
    books.hold(1)
    assert books.ledger.audit_extent() == AuditExtent(accounts=2, entries=2, open_reservations=2)


def stood_of(books: Books, key: AttemptKey) -> list[tuple[str, int, int, int, str, bool]]:
    """Whose account, what was on it and set aside before the attempt, what was asked, and what became of that."""
    attempt = books.ledger.attempt(key)
    found = books.ledger.legs(attempt.attempt_id)
    return [
        (
            f"{leg.account.owner_kind} {leg.account.unit}",
            leg.stood.posted,
            leg.stood.reserved,
            leg.reserved,
            leg.state,
            leg.checked,
        )
        for leg in found
    ]


@pytest.fixture
def grouped(books: Books) -> Books:
    """Anna and Bert of the staff, who may print 12 pages together; anna 6 of them."""
    books.printer("hp", page="1")
    books.group("staff")
    books.entry("staff", of_group=True, hard=12)
    for name in ("anna", "bert"):
        books.user(name, balance="20", groups_of=("staff",))
        books.entry(name, hard=6)
    books.print(3, "bert")
    books.hold(1, "bert")
    return books


def test_an_attempt_keeps_how_its_accounts_stood_when_it_was_decided_on(grouped: Books):
    key = grouped.hold(4)
    before = [
        ("user credits", 20_000_000, 0, 4_000_000, "open", False),
        ("group impressions", 3, 1, 4, "open", True),
        ("user impressions", 0, 0, 4, "open", True),
    ]
    assert sorted(stood_of(grouped, key)) == sorted(before)
    grouped.limits(soft=None, hard=100)
    grouped.print(2)
    grouped.void(key)
    voided = [(*figures, "voided", checked) for *figures, _state, checked in before]
    assert sorted(stood_of(grouped, key)) == sorted(voided)
    (own,) = [
        leg for leg in grouped.ledger.legs(grouped.ledger.attempt(key).attempt_id) if leg.account.hard_limit == 100
    ]
    assert own.stood.hard_limit == 6


@pytest.mark.parametrize(("asked", "over"), [(7, "user impressions"), (9, "group impressions")])
def test_a_refused_attempt_keeps_what_it_asked_for_and_which_account_refused(grouped: Books, asked: int, over: str):
    facts = grouped.facts()
    with pytest.raises(LimitReached) as caught:
        grouped.ledger.reserve(facts, grouped.plan(asked), ALLOWED, ())
    standings = caught.value.standings
    assert isinstance(standings, Standings)
    grouped.hold(1, "bert")  # what others do until it is written down changes nothing
    grouped.ledger.record_unreserved(facts, ALLOWED, Outcome.REFUSED, (), standings)
    grouped.ledger.record_unreserved(facts, ALLOWED, Outcome.REFUSED, (), standings)
    wanted = [
        ("user credits", 20_000_000, 0, asked * 1_000_000, False),
        ("group impressions", 3, 1, asked, True),
        ("user impressions", 0, 0, asked, True),
    ]
    state = {who: "over_limit" if who == over else "not_taken" for who, *_ in wanted}
    assert sorted(stood_of(grouped, facts.key)) == sorted((*row[:4], state[row[0]], row[4]) for row in wanted)
    record = grouped.ledger.attempt(facts.key)
    assert (record.quoted_impressions, record.quoted_price) == (asked, asked * 1_000_000)
    assert grouped.pages().reserved == 0
    assert grouped.audit() == []


def test_an_attempt_that_is_only_watched_keeps_the_sums_of_groups_too(grouped: Books):
    wanted = grouped.plan(9)
    unchecked = replace(
        wanted,
        legs=tuple(replace(leg, checked=False) for leg in wanted.legs),
        group_checks=tuple(replace(leg, checked=False) for leg in wanted.group_checks),
    )
    facts = grouped.facts()
    grouped.ledger.reserve(facts, unchecked, ALLOWED, ())
    grouped.settle(facts.key, 9)
    assert ("group impressions", 3, 1, 9, "settled", False) in stood_of(grouped, facts.key)
    assert grouped.posted("staff", of_group=True) == 12
    assert grouped.audit() == []


def test_a_grace_that_an_attempt_began_is_kept_with_it(books: Books):
    books.printer("hp")
    books.user("anna")
    books.entry("anna", "hp", soft=2, hard=10)
    books.print(1)
    first, second = books.hold(2), books.hold(1)
    ends = MONDAY + timedelta(days=7)
    told = []
    for key in (first, second):
        legs = books.ledger.legs(books.ledger.attempt(key).attempt_id)
        told += [(leg.stood.grace_until, leg.grace_written) for leg in legs if leg.account.unit is Unit.IMPRESSIONS]
    assert told == [(None, ends), (ends, None)]


def test_the_rolling_limits_that_an_attempt_met_are_kept_with_it(books: Books):
    books.printer("hp")
    books.user("anna")
    books.entry("anna", "hp")
    limits = rolling_limits(RollingLimits(3600, 10, 100))
    books.change(lambda t: t.change_printers([printer_id(t, "hp")], limits))
    books.print(2)
    facts = books.facts(document_octets=5000)
    books.ledger.reserve(facts, books.plan(3), ALLOWED, ())
    assert books.ledger.attempt(facts.key).rolling == (
        RollingUse("hp", False, 10, 3600, 2, 3),
        RollingUse("hp", True, 100, 3600, 0, 5),
    )
    asking = Asking(facts.user_id, "anna", 6, 1024)
    uses, refusal = books.ledger.rolling_uses(asking, books.plan(6).rolling)
    assert uses == (RollingUse("hp", False, 10, 3600, 5, 6), RollingUse("hp", True, 100, 3600, 5, 1))
    with pytest.raises(LimitReached) as caught:
        books.hold(6)
    assert (refusal, uses[0]) == (caught.value.refusal, caught.value.standings.rolling[0])


def test_what_is_kept_needs_no_statement_more(sql_books: Books):
    books = sql_books
    books.printer("hp")
    books.user("anna")
    books.entry("anna", "hp", soft=100, hard=100)
    facts, wanted = books.facts(), books.plan(3)
    seen: list[str] = []
    of_all = {id(engine.pool): engine for engine in (books.database.relaxed, books.database.durable)}.values()
    for engine in of_all:
        event.listen(engine, "before_cursor_execute", lambda _c, _cursor, text, *_rest: seen.append(text))
    books.ledger.reserve(facts, wanted, ALLOWED, ())
    books.ledger.settle(facts.key, settlement(3))
    ours = [text for text in seen if text.startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"))]
    assert len(ours) == STATEMENTS_A_PAIR[books.database.durable.dialect.name]

# SPDX-License-Identifier: Apache-2.0
"""Rolling limits of a printer: each user by himself, within the last so many seconds."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event

from contract.books import LAXIST, MONDAY, Books, printer_id
from contract.test_ledger_crowd import in_processes, reserve_some
from pagetoll.app.printers import rolling_limits
from pagetoll.core.errors import LimitReached
from pagetoll.core.jobs import AttemptKey, Outcome
from pagetoll.core.policy import ALLOWED, LimitBy
from pagetoll.core.rolling import Asking, RollingLimits, RollingRefusal

HOUR_S = 3600


def limit(books: Books, impressions: int | None = None, k_octets: int | None = None, printer: str = "hp") -> None:
    change = rolling_limits(RollingLimits(HOUR_S, impressions, k_octets))
    books.change(lambda t: t.change_printers([printer_id(t, printer)], change))


@pytest.fixture
def limited(books: Books) -> Books:
    """Anna may print 10 impressions an hour on hp, and any number on canon."""
    books.printer()
    books.printer("canon")
    books.user()
    books.entry()
    books.entry(printer="canon")
    limit(books, 10)
    return books


def refused(books: Books, impressions: int, user: str = "anna") -> RollingRefusal:
    with pytest.raises(LimitReached) as caught:
        books.hold(impressions, user)
    refusal = caught.value.refusal
    assert isinstance(refusal, RollingRefusal)
    return refusal


def statements_of(books: Books, work: Callable[[], object]) -> list[str]:
    """What SQL a durable write of `work` ran."""
    seen: list[str] = []

    def keep(_connection: Connection, _cursor: object, text: str, *_rest: object) -> None:
        seen.append(" ".join(text.split()))

    event.listen(books.database.durable, "before_cursor_execute", keep)
    work()
    event.remove(books.database.durable, "before_cursor_execute", keep)
    return seen


def send(books: Books, octets: int | None, impressions: int = 1) -> AttemptKey:
    facts = books.facts(document_octets=octets)
    books.ledger.reserve(facts, books.plan(impressions), ALLOWED, ())
    return facts.key


def test_what_was_printed_and_what_is_open_must_fit_with_the_job(limited: Books) -> None:
    limited.print(4)
    limited.clock.forward(minutes=10)
    limited.hold(3)
    assert str(refused(limited, 4)) == (
        "anna on hp: 7 of 10 impressions used within 1:00:00, this job needs 4; "
        "there is room for it from 2026-03-02 09:00:00 UTC"
    )
    limited.hold(3)


def test_the_window_moves_on_and_gives_room_at_the_second_that_was_told(limited: Books) -> None:
    limited.print(4)
    limited.clock.forward(minutes=10)
    limited.print(6)
    refusal = refused(limited, 5)
    assert refusal.room_at is not None
    limited.clock.forward(seconds=(refusal.room_at - limited.clock.now).total_seconds() - 1)
    assert refused(limited, 5).room_at == refusal.room_at
    limited.clock.forward(seconds=1)
    limited.print(5)


def test_an_open_job_counts_however_old_it_is(limited: Books) -> None:
    key = limited.hold(10)
    limited.clock.forward(days=2)
    refused(limited, 1)
    limited.settle(key, 10)
    limited.hold(10)


def test_a_job_that_alone_passes_the_limit_is_told_no_time(limited: Books) -> None:
    assert refused(limited, 11).room_at is None
    limited.hold(10)


def test_a_void_a_smaller_charge_and_a_refund_give_room_back(limited: Books) -> None:
    limited.void(limited.hold(10))
    key = limited.hold(10)
    limited.settle(key, 7)
    assert refused(limited, 4).over.used == 7
    limited.refund(key, impressions=3)
    limited.hold(4)
    refused(limited, 3)


def test_what_came_out_beyond_the_limit_counts(limited: Books) -> None:
    limited.settle(limited.hold(2), 25)
    assert refused(limited, 1).over.used == 25


@pytest.fixture
def floor(limited: Books) -> Books:
    """hp and canon belong to the printer group `floor`, on which anna may print 12 impressions an hour in all."""
    limited.printer("floor")
    limited.nest("floor", "hp")
    limited.nest("floor", "canon")
    limited.entry(printer="floor")
    limit(limited, 12, printer="floor")
    return limited


def used_on(books: Books, printer: str) -> dict[int, tuple[int, int]]:
    """What counts within the last hour, by entry."""
    since = books.clock() - timedelta(hours=1)
    return dict(books.catalogue.rolling_used(printer_id(books.catalogue, printer), since))


def test_a_limit_of_a_printer_group_holds_for_all_its_printers_together(floor: Books) -> None:
    floor.print(5)
    floor.clock.forward(minutes=10)
    floor.hold(6, printer="canon")
    told = "anna on floor: 11 of 12 impressions used within 1:00:00, this job needs 2"
    assert str(refused(floor, 2)).startswith(told)
    with pytest.raises(LimitReached, match=told):
        floor.hold(2, printer="canon")
    floor.hold(1)
    assert refused(floor, 5).over.printer_name == "hp"
    floor.clock.forward(minutes=50)
    floor.hold(5)


def test_a_limit_of_a_printer_group_is_not_for_those_without_an_entry_on_it(floor: Books) -> None:
    floor.user("bert")
    floor.entry("bert", "canon")
    first = floor.hold(100, "bert", "canon")
    assert used_on(floor, "floor") == {}
    floor.hold(12, printer="canon")  # anna's room is her own
    with pytest.raises(LimitReached, match="anna on floor: 12 of 12"):
        floor.hold(1, printer="canon")
    entry = floor.entry("bert", "floor")
    assert used_on(floor, "floor").get(entry, (0, 0)) == (0, 0), "what was printed without the entry"
    floor.settle(first, 100)
    floor.hold(12, "bert", "canon")
    assert used_on(floor, "floor")[entry] == (12, 0)
    with pytest.raises(LimitReached, match="bert on floor: 12 of 12"):
        floor.hold(1, "bert", "canon")


@pytest.mark.parametrize(
    ("printer", "hours", "expected"), [("hp", 0, (9, 3)), ("hp", 2, (2, 1)), ("floor", 0, (13, 3))]
)
def test_what_counts_now_is_known_of_all_entries_at_once(
    floor: Books, printer: str, hours: int, expected: tuple[int, int]
) -> None:
    limit(floor, 100)
    limit(floor, 100, printer="floor")
    floor.settle(send(floor, 2000, 7), 7)
    floor.void(floor.hold(3))
    floor.hold(4, printer="canon")
    floor.clock.forward(hours=hours)
    send(floor, 1, 2)
    since = floor.clock() - timedelta(hours=1)
    entry = floor.entry(printer=printer)
    by_all = floor.catalogue.rolling_used(printer_id(floor.catalogue, printer), since)
    assert by_all[entry] == expected
    assert set(by_all) == {entry}
    checks = [check for check in floor.plan(1).rolling if check.account_id == entry]
    uses, _ = floor.ledger.rolling_uses(Asking(floor.view().user_id, "anna", 1), checks)
    assert uses[0].used == expected[0], "a reserve counts the same"


def test_other_users_and_other_printers_have_their_own(limited: Books) -> None:
    limited.user("bert")
    limited.entry("bert")
    limited.hold(10)
    limited.hold(10, printer="canon")
    limited.hold(10, "bert")
    refused(limited, 1, "bert")


@pytest.mark.parametrize("limitby", [LimitBy.NOQUOTA, LimitBy.BALANCE])
def test_where_the_entry_is_only_counted_the_job_counts_and_is_not_refused(books: Books, limitby: LimitBy) -> None:
    books.printer()
    books.user(limitby=limitby)
    books.entry()
    limit(books, 10)
    books.hold(30)
    (anna,) = [row.user_id for row in books.catalogue.users()]
    books.damage(f"UPDATE users SET limitby = 'quota' WHERE id = {anna}")
    assert refused(books, 1).over.used == 30


def test_jobs_of_nochange_are_not_counted(books: Books) -> None:
    books.printer()
    books.user(limitby=LimitBy.NOCHANGE)
    books.entry()
    limit(books, 10)
    books.print(30)
    open_job = books.hold(30)
    assert used_on(books, "hp") == {}
    books.damage("UPDATE users SET limitby = 'quota'")
    assert refused(books, 11).over.used == 0
    books.hold(4)
    books.settle(open_job, 30)
    assert refused(books, 7).over.used == 4, "only what was printed since then"
    books.hold(6)


def test_laxist_enforcement_refuses_only_when_the_limit_is_reached(limited: Books) -> None:
    limited.rule = LAXIST
    limited.print(9)
    limited.clock.forward(minutes=1)
    limited.print(30)
    refusal = refused(limited, 1)
    assert (refusal.over.used, refusal.room_at) == (39, MONDAY.replace(hour=9, minute=1))


@pytest.mark.parametrize(("octets", "k_octets"), [(0, 0), (1, 1), (1024, 1), (1025, 2), (10 << 20, 10240)])
def test_octets_of_documents_count_in_1024_rounded_up(limited: Books, octets: int, k_octets: int) -> None:
    limit(limited, k_octets=20_000)
    limited.settle(send(limited, octets), 1)
    with pytest.raises(LimitReached) as caught:
        send(limited, 30_000 << 10)
    over = caught.value.refusal.over
    assert (over.is_octets, over.used, over.asked) == (True, k_octets, 30_000)


def test_octets_of_what_never_came_out_or_was_refunded_give_room_back(limited: Books) -> None:
    limit(limited, k_octets=8)
    limited.void(send(limited, 8192))
    limited.settle(send(limited, 8192), 0)
    key = send(limited, 8192)
    limited.settle(key, 1)
    with pytest.raises(LimitReached):
        send(limited, 1)
    limited.refund(key)
    send(limited, 8192)


def test_octets_of_documents_whose_pages_nothing_counts_are_counted(limited: Books) -> None:
    limit(limited, k_octets=8)
    limited.settle(send(limited, 8192, 0), 0)
    with pytest.raises(LimitReached):
        send(limited, 1, 0)


def test_limits_that_were_set_or_taken_away_meanwhile_hold_at_the_reserve(limited: Books) -> None:
    facts, wanted = limited.facts(), limited.plan(8)
    limit(limited, 7)
    with pytest.raises(LimitReached):
        limited.ledger.reserve(facts, wanted, ALLOWED, ())
    limited.change(lambda t: t.change_printers([printer_id(t, "hp")], rolling_limits(None)))
    limited.ledger.reserve(facts, wanted, ALLOWED, ())
    limited.hold(1000)


def test_16_processes_of_one_user_never_pass_the_limit(ledger_url: str) -> None:
    books = Books(ledger_url, busy_timeout_s=60)
    books.printer()
    books.user()
    books.entry()
    limit(books, 20)
    facts, view = books.facts(), books.view()
    # A forked child must not inherit open connections.
    books.close()

    def work(worker: int) -> int:
        mine = Books(ledger_url, busy_timeout_s=60)
        passed = reserve_some(mine.ledger, facts, view, worker, 3)
        mine.close()
        return passed

    assert sum(in_processes(16, work)) == 20
    assert books.pages().reserved == 20
    assert books.audit() == []
    books.close()


def test_the_same_attempt_twice_gets_the_first_result_although_the_limit_is_reached(limited: Books) -> None:
    facts, wanted = limited.facts(), limited.plan(10)
    first = limited.ledger.reserve(facts, wanted, ALLOWED, ())
    assert limited.ledger.reserve(replace(facts), wanted, ALLOWED, ()) == first
    limited.ledger.void(facts.key, Outcome.VOIDED, ())


def test_only_a_printer_with_such_limits_is_asked_for_them(limited: Books) -> None:
    asked = statements_of(limited, lambda: limited.hold(1, printer="canon"))
    assert [text for text in asked if "rolling_period_s" in text and "FROM printers WHERE printers.id" in text] == []
    asked = statements_of(limited, lambda: limited.hold(1))
    assert [text for text in asked if "UNION ALL" in text and "reservations" in text] != []


def test_the_jobs_of_the_period_and_the_open_ones_are_found_by_indexes(limited: Books) -> None:
    if not limited.database.is_sqlite:
        pytest.skip("PostgreSQL reads small tables whole")
    found: list[str] = []

    def explain(connection: Connection, _cursor: object, text: str, given: Any, *_rest: object) -> None:
        if "UNION ALL" in text and "sum(" in text and not text.startswith("EXPLAIN"):
            steps = connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {text}", given)
            found.extend(step[3] for step in steps)

    event.listen(limited.database.durable, "before_cursor_execute", explain)
    limited.hold(1)
    read = [step for step in found if "attempts" in step]
    assert [step.partition("(")[0] for step in read] == [
        "SEARCH attempts USING INDEX ix_attempts_user_id_received_at ",
        "SCAN attempts USING INDEX ix_attempts_open",
    ]

# SPDX-License-Identifier: Apache-2.0
"""The worked stories of limits: strict, laxist, grace, credits (docs/concepts/ledger.md)."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest

from contract.books import LAXIST, MONDAY, Books
from pagetoll.core.errors import LimitReached
from pagetoll.core.policy import ALLOWED, LimitBy, Rule, Verdict


def refusal_text(books: Books, impressions: int, **where: str) -> str:
    with pytest.raises(LimitReached) as caught:
        books.hold(impressions, **where)
    return str(caught.value.refusal)


def test_a_three_page_job_against_soft_two_hard_two_is_refused(books: Books) -> None:
    books.printer()
    books.user()
    books.entry(soft=2, hard=2)
    assert refusal_text(books, 3) == "user anna on hp: 2 of 2 impressions left, this job needs 3 impressions"
    assert books.pages().reserved == 0
    assert list(books.ledger.history()) == []


@pytest.mark.parametrize(("soft", "hard"), [(10, 10), (None, 10), (10, None)])
def test_exactly_reaching_the_limit_is_allowed_and_one_more_is_not(
    books: Books, soft: int | None, hard: int | None
) -> None:
    books.printer()
    books.user()
    books.entry(soft=soft, hard=hard)
    books.print(4)
    books.print(6)
    refusal_text(books, 1)
    assert books.posted() == 10
    assert books.audit() == []


def test_without_limits_everything_fits(books: Books) -> None:
    books.printer()
    books.user()
    books.entry()
    books.print(1_000_000)
    assert books.posted() == 1_000_000


def test_a_laxist_limit_lets_the_last_job_run_over_and_counts_open_reservations(books: Books) -> None:
    books.rule = LAXIST
    books.printer()
    books.user()
    books.entry(hard=10)
    books.print(9)
    books.hold(50)
    refusal_text(books, 1)
    assert books.pages().reserved == 50


def test_the_reserve_that_lands_over_the_soft_limit_starts_the_grace(books: Books) -> None:
    books.printer()
    books.user()
    books.entry(soft=5, hard=20)
    books.print(5)
    assert books.pages().grace_until is None
    key, reserved = books.reserve(1)
    end = MONDAY + timedelta(days=7)
    assert [account.grace_until for account in reserved.in_grace] == [end]
    books.settle(key, 1)
    books.clock.forward(days=6)
    _, again = books.reserve(1)
    assert [account.grace_until for account in again.in_grace] == [end]


def test_an_attempt_in_the_grace_is_kept_with_its_warning(books: Books) -> None:
    books.printer()
    books.user()
    books.entry(soft=5, hard=20)
    within, between = books.print(5), books.print(1)
    kept = [books.ledger.attempt(key) for key in (within, between)]
    assert [record.verdict for record in kept] == [Verdict.ALLOW, Verdict.WARN]
    assert kept[1].decision_text == (
        "anna has used 6 impressions on hp, the soft limit is 5; "
        "printing goes on until 2026-03-09 08:00 UTC or the hard limit of 20"
    )


def test_when_the_grace_is_over_the_job_is_refused_until_the_counter_is_back(books: Books) -> None:
    books.printer()
    books.user()
    books.entry(soft=5, hard=20)
    books.print(6)
    books.clock.forward(days=7)
    assert refusal_text(books, 1).endswith("the grace time is over")
    books.adjust_to(0)
    assert books.reserve(1)[1].in_grace == ()


def test_a_job_beyond_the_hard_limit_starts_no_grace(books: Books) -> None:
    books.printer()
    books.user()
    books.entry(soft=5, hard=8)
    refusal_text(books, 9)
    assert books.pages().grace_until is None


def test_a_void_clears_the_grace_that_its_own_reserve_wrote(books: Books) -> None:
    books.printer()
    books.user()
    books.entry(soft=5, hard=20)
    books.void(books.hold(6))
    assert books.pages().grace_until is None


def test_a_void_leaves_the_grace_that_another_reserve_wrote(books: Books) -> None:
    books.printer()
    books.user()
    books.entry(soft=5, hard=20)
    books.print(6)
    books.clock.forward(days=1)
    books.void(books.hold(6))
    assert books.pages().grace_until == MONDAY + timedelta(days=7)


def test_a_balance_pays_down_to_balancezero_and_not_below(books: Books) -> None:
    books.printer(page="0.10", job="0.50")
    books.user(balance="2.00", limitby=LimitBy.BALANCE)
    books.entry()
    books.print(5)
    assert books.balance() == Decimal("1.00")
    books.print(5)
    assert books.balance() == 0
    assert refusal_text(books, 1) == "user anna: 0.00 credits left, this job needs 0.60 credits"
    assert books.audit() == []


def test_a_negative_balancezero_is_a_loan(books: Books) -> None:
    books.rule = Rule(balancezero=-1_000_000)
    books.printer(page="1.00")
    books.user(limitby=LimitBy.BALANCE)
    books.entry()
    books.print(1)
    refusal_text(books, 1)
    assert books.balance() == -1


def test_a_laxist_balance_prints_as_long_as_anything_is_left(books: Books) -> None:
    books.rule = LAXIST
    books.printer(page="1.00")
    books.user(balance="0.01", limitby=LimitBy.BALANCE)
    books.entry()
    books.print(10)
    assert books.balance() == Decimal("-9.99")
    refusal_text(books, 1)


def test_an_overcharge_of_zero_prints_for_nothing_and_is_never_checked(books: Books) -> None:
    books.printer(page="1.00")
    books.user(balance="-5", limitby=LimitBy.BALANCE, overcharge="0")
    books.entry()
    books.print(10)
    assert (books.balance(), books.posted()) == (-5, 10)


def test_a_negative_price_reserves_nothing_and_is_credited_at_settle(books: Books) -> None:
    books.printer(page="0.25")
    books.user(limitby=LimitBy.BALANCE, overcharge="-1")
    books.entry()
    key = books.hold(4)
    assert (books.credits().reserved, books.balance()) == (0, 0)
    books.settle(key, 4)
    assert books.balance() == 1
    assert books.audit() == []


def test_two_printers_cannot_spend_the_same_credit(books: Books) -> None:
    books.user(balance="1.00", limitby=LimitBy.BALANCE)
    for name in ("hp", "canon"):
        books.printer(name, page="0.80")
        books.entry(printer=name)
    ends: list[str] = []
    together = threading.Barrier(2)
    jobs = {name: (books.facts(printer=name), books.plan(1, printer=name)) for name in ("hp", "canon")}

    def run(name: str) -> None:
        together.wait()
        try:
            books.ledger.reserve(*jobs[name], ALLOWED, ())
            ends.append("reserved")
        except LimitReached:
            ends.append("refused")

    threads = [threading.Thread(target=run, args=(name,)) for name in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["refused", "reserved"]
    assert books.credits().reserved == 800_000


def test_noquota_counts_beyond_every_limit(books: Books) -> None:
    books.printer(page="1")
    books.user(limitby=LimitBy.NOQUOTA)
    books.entry(hard=1)
    books.print(5)
    assert (books.posted(), books.balance()) == (5, -5)


def test_nochange_touches_no_account_and_still_has_a_history(books: Books) -> None:
    books.printer(page="1")
    books.user(limitby=LimitBy.NOCHANGE)
    books.entry(hard=1)
    key = books.print(5)
    assert (books.posted(), books.balance()) == (0, 0)
    record = books.ledger.attempt(key)
    assert (record.charged_impressions, record.charged_price) == (5, 0)
    assert books.ledger.legs(record.attempt_id) == []


def test_new_limits_bind_the_next_reserve_and_leave_the_open_one(books: Books) -> None:
    books.printer()
    books.user()
    books.entry(hard=10)
    key = books.hold(8)
    books.limits(soft=None, hard=2)
    refusal_text(books, 1)
    books.settle(key, 8)
    assert books.posted() == 8

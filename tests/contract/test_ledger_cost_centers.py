# SPDX-License-Identifier: Apache-2.0
"""Billing codes: each job is booked on its cost centre as well, within the budget where there is one."""

import threading
from dataclasses import replace
from decimal import Decimal

import pytest

from contract.books import LAXIST, Books, settlement, ticket
from pagetoll.app.codes import CodeOrder, delete_codes, save_codes
from pagetoll.core.catalogue import CodeChange, PrinterChange
from pagetoll.core.charging import plan
from pagetoll.core.errors import AccountClosed, LimitReached, UsageError
from pagetoll.core.jobs import ChargeRule
from pagetoll.core.policy import ALLOWED, LimitBy


@pytest.fixture
def kept(books: Books) -> Books:
    """Anna has 100 credits; a page costs 0.5, a job 1."""
    books.printer(page="0.5", job="1")
    books.user(balance="100")
    books.entry()
    return books


def test_a_job_is_booked_on_the_user_and_on_its_code(kept: Books):
    kept.code()
    kept.print(4, code="physics")
    assert kept.used_by() == (4, Decimal(3))
    assert (kept.posted(), kept.balance()) == (4, Decimal(97))
    kept.print(2)
    assert kept.used_by() == (4, Decimal(3))
    assert kept.audit() == []


def test_what_comes_out_is_booked_and_not_what_was_reserved(kept: Books):
    kept.code()
    key = kept.hold(4, code="physics")
    (row,) = kept.catalogue.codes()
    assert (row.page_counter, row.reserved_impressions, row.reserved_price) == (0, 4, 3_000_000)
    kept.settle(key, 6)
    assert kept.used_by() == (6, Decimal(4))
    kept.void(kept.hold(5, code="physics"))
    (row,) = kept.catalogue.codes()
    assert (row.page_counter, row.reserved_impressions, row.reserved_price) == (6, 0, 0)
    assert kept.audit() == []


@pytest.mark.parametrize("limitby", [LimitBy.QUOTA, LimitBy.BALANCE, LimitBy.NOQUOTA])
@pytest.mark.parametrize("budget", [{"pages": 6}, {"money": "4.00"}], ids=["pages", "money"])
def test_a_budget_refuses_whoever_prints_and_nothing_is_set_aside(
    books: Books, limitby: LimitBy, budget: dict[str, object]
):
    books.printer(page="0.5", job="1")
    books.user(balance="100", limitby=limitby)
    books.entry()
    books.code(**budget)
    books.print(6, code="physics")
    with pytest.raises(LimitReached) as refused:
        books.hold(1, code="physics")
    assert refused.value.refusal.account.owner_name == "physics"
    said = {"pages": "0 of 6 impressions left, this job needs 1 impressions"}
    said["money"] = "0.00 of 4.00 credits left, this job needs 1.50 credits"
    (kind,) = budget
    assert str(refused.value) == f"cost center physics: {said[kind]}"
    assert (books.pages().reserved, books.credits().reserved) == (0, 0)
    books.print(1)
    assert books.audit() == []


def test_between_the_limits_of_a_budget_there_is_grace(kept: Books):
    kept.code(soft_pages=2, pages=5)
    assert kept.reserve(2, code="physics")[1].in_grace == ()
    key, reserved = kept.reserve(2, code="physics")
    (state,) = reserved.in_grace
    assert (state.owner_name, state.grace_until) == ("physics", kept.clock.now.replace(day=9))
    kept.clock.forward(days=8)
    with pytest.raises(LimitReached, match="the grace time is over"):
        kept.hold(1, code="physics")
    kept.void(key)
    kept.clock.forward(days=1)
    with pytest.raises(LimitReached):
        kept.hold(4, code="physics")
    assert kept.audit() == []


def test_a_new_budget_ends_a_running_grace(kept: Books):
    kept.code(soft_pages=1, pages=9)
    kept.print(2, code="physics")
    kept.clock.forward(days=30)
    kept.code(soft_pages=8, pages=9)
    kept.print(2, code="physics")
    assert kept.used_by()[0] == 4


def test_laxist_lets_the_last_job_pass_a_budget(kept: Books):
    kept.rule = LAXIST
    kept.code(pages=3, money="2")
    kept.print(5, code="physics")
    with pytest.raises(LimitReached):
        kept.hold(1, code="physics")
    assert kept.used_by() == (5, Decimal("3.5"))


def test_a_price_below_nothing_reserves_nothing_and_is_given_back_to_the_code(books: Books):
    books.printer(page="-0.5")
    books.user()
    books.entry()
    books.code(money="1")
    books.print(3, code="physics")
    assert books.used_by() == (3, Decimal("-1.5"))
    assert books.audit() == []


@pytest.mark.parametrize("free", ["nochange", "passthrough"])
def test_what_nobody_pays_counts_its_pages_on_the_code_whatever_the_budget(books: Books, free: str):
    books.printer(page="1")
    books.user(limitby=LimitBy.NOCHANGE if free == "nochange" else LimitBy.QUOTA)
    books.entry()
    books.code(pages=1, money="0")
    if free == "passthrough":
        books.change(
            lambda t: t.change_printers([row.printer_id for row in t.printers()], PrinterChange(passthrough=True))
        )
    books.print(3, code="physics")
    assert books.used_by() == (3, Decimal(0))
    assert (books.posted(), books.balance()) == (0, Decimal(0))
    assert books.audit() == []


def test_a_deleted_code_keeps_its_open_jobs_and_frees_its_name(kept: Books):
    kept.code()
    key = kept.hold(3, code="physics")
    view = kept.view(code="physics")
    delete_codes(kept.catalogue, ["physics"], "root", "test")
    assert kept.catalogue.codes() == []
    kept.settle(key, 3)
    with pytest.raises(AccountClosed, match="physics"):
        kept.ledger.reserve(kept.facts(), plan(view, 1), ALLOWED, ())
    kept.code()
    assert kept.used_by() == (0, Decimal(0))
    kept.print(1, code="physics")
    assert kept.used_by() == (1, Decimal("1.5"))
    assert kept.audit() == []


def test_a_reset_brings_both_figures_to_nothing_and_leaves_reservations(kept: Books):
    kept.code()
    kept.print(4, code="physics")
    key = kept.hold(2, code="physics")
    save_codes(kept.catalogue, CodeOrder(["phys*"], reset=True), "root", "test")
    assert kept.used_by() == (0, Decimal(0))
    kept.settle(key, 2)
    assert kept.used_by() == (2, Decimal(2))
    assert kept.audit() == []


def test_a_code_is_made_once_however_many_jobs_name_it_at_once(kept: Books):
    together = threading.Barrier(8)
    found: list[int] = []

    def run() -> None:
        together.wait()
        found.append(kept.ledger.ensure_cost_center("chemistry").cost_center_id)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert [row.name for row in kept.catalogue.codes()] == ["chemistry"]


def test_any_text_is_a_code_and_a_long_one_is_known_by_its_beginning(kept: Books):
    long = "π" * 300
    for code in (long, "O'Brien; DROP TABLE", "a\0b", "%_*"):
        kept.ledger.ensure_cost_center(code)
        kept.print(1, code=code)
    assert [row.page_counter for row in kept.catalogue.codes()] == [1, 1, 1, 1]
    assert kept.view(code="O'Brien").cost_center is None
    assert kept.view(code=long).cost_center is not None


def test_the_attempt_says_which_code_it_was_for_and_its_legs_name_it(kept: Books):
    kept.code()
    key = kept.print(2, code="physics")
    record = kept.ledger.attempt(key)
    assert record.facts.ticket.billing_code == "physics"
    legs = kept.ledger.legs(record.attempt_id)
    assert [(leg.account.owner_name, leg.posted) for leg in legs] == [
        ("anna", -2_000_000),
        ("anna", 2),
        ("physics", 2),
        ("physics", 2_000_000),
    ]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({}, ""),
        ({"job-billing": "physics"}, "physics"),
        ({"job-account-id": "chemistry"}, "chemistry"),
        ({"job-account-id": "chemistry", "job-billing": "physics"}, "physics"),
        ({"job-account-id": "chemistry", "job-billing": "  "}, "chemistry"),
        ({"job-billing": " physics "}, "physics"),
    ],
)
def test_the_code_of_a_job_is_its_job_billing_before_its_job_account_id(options: dict[str, str], code: str):
    assert replace(ticket("anna", "hp"), options=options).billing_code == code


def test_a_job_that_was_printed_without_asking_is_booked_on_its_code_beyond_the_budget(kept: Books):
    kept.code(pages=1)
    facts = kept.facts(ticket=ticket("anna", "hp", "physics"))
    done = settlement(3, 2_500_000, rule=ChargeRule.UNRESERVED)
    for _ in range(2):
        kept.ledger.post_unreserved(facts, kept.plan(3, code="physics"), done)
    assert kept.used_by() == (3, Decimal("2.5"))
    assert kept.audit() == []


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (CodeOrder(["no*"]), r"there is no billing code that matches no\*; list them with: pkbcodes --list"),
        (CodeOrder(["  "], add=True), "a billing code cannot be blank"),
        (CodeOrder(["a\nb"], add=True), "leave out control characters"),
        (CodeOrder(["x" * 256], add=True), "has 256 characters; at most 255 work"),
        (CodeOrder(["x"], add=True, change=CodeChange(hard_limit_spent=-1)), "a budget cannot be negative"),
        (
            CodeOrder(["x"], add=True, change=CodeChange(soft_limit_impressions=3, hard_limit_impressions=2)),
            "cannot be above its hard limit",
        ),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_changed(kept: Books, order: CodeOrder, said: str):
    kept.code()
    before = kept.catalogue.codes()
    with pytest.raises(UsageError, match=said):
        save_codes(kept.catalogue, order, "root", "test")
    assert kept.catalogue.codes() == before


def test_the_audit_names_a_damaged_cost_center(kept: Books):
    kept.code()
    kept.print(2, code="physics")
    kept.damage("UPDATE accounts SET posted = 9 WHERE owner_kind = 'cost_center' AND unit = 'impressions'")
    (difference,) = kept.ledger.audit()
    assert "(cost center physics, impressions): posted is 9, its entries say 2" in str(difference)

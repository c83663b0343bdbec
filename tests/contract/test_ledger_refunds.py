# SPDX-License-Identifier: Apache-2.0
"""Refunds: any part of what a job was charged goes back on every account it touched, once."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest

from contract.books import MONDAY, Books
from contract.test_ledger_crowd import in_processes
from pagetoll.app import refunds
from pagetoll.app.codes import delete_codes
from pagetoll.app.history import action
from pagetoll.core.catalogue import Figure, PaymentFilter, PrinterChange
from pagetoll.core.errors import UsageError
from pagetoll.core.jobs import HistoryFilter, Outcome
from pagetoll.core.policy import ALLOWED, LimitBy


@pytest.fixture
def kept(books: Books) -> Books:
    """Anna of staff, on a printer below floor; a page costs 1.5 in all, a job 0.25; she has 100 credits."""
    books.printer("floor", page="0.5")
    books.printer("hp", page="1", job="0.25", below="floor")
    books.group()
    books.user(balance="100", groups_of=("staff",))
    for printer in ("hp", "floor"):
        books.entry(printer=printer)
    books.entry("staff", of_group=True)
    books.code()
    return books


def figures(books: Books) -> dict[str, object]:
    """Everything that a job of anna's moves."""
    return {
        "hp": books.posted(),
        "floor": books.posted(printer="floor"),
        "staff": books.posted("staff", of_group=True),
        "balance": books.balance(),
        "staff balance": books.balance("staff", of_group=True),
        "code": books.used_by(),
    }


def test_a_whole_refund_brings_every_account_back_where_it_was(kept: Books):
    kept.print(2, code="physics")
    before = figures(kept)
    key = kept.print(4, code="physics")
    assert figures(kept) != before
    assert kept.refund(key) == (4, Decimal("6.25"))
    assert figures(kept) == before
    assert kept.audit() == []
    record = kept.ledger.attempt(key)
    assert (record.refunded_impressions, record.refunded_price) == (4, 6_250_000)
    assert action(record) == "REFUND"
    assert (record.charged_impressions, record.charged_price) == (4, 6_250_000)


@pytest.mark.parametrize(
    ("part", "given", "hp", "balance"),
    [
        ({"impressions": 1, "price": "0"}, (1, Decimal(0)), 3, Decimal("93.75")),
        ({"impressions": 0, "price": "2"}, (0, Decimal(2)), 4, Decimal("95.75")),
        ({"impressions": 3, "price": "1.25"}, (3, Decimal("1.25")), 1, Decimal(95)),
        ({"impressions": 0, "price": "0"}, (0, Decimal(0)), 4, Decimal("93.75")),
        ({"impressions": 4, "price": "6"}, (4, Decimal(6)), 0, Decimal("99.75")),
    ],
)
def test_any_part_is_given_back_and_the_rest_can_follow(
    kept: Books, part: dict[str, object], given: tuple[int, Decimal], hp: int, balance: Decimal
):
    key = kept.print(4, code="physics")
    assert kept.refund(key, **part) == given
    assert (kept.posted(), kept.posted(printer="floor"), kept.balance()) == (hp, hp, balance)
    assert kept.posted("staff", of_group=True) == hp
    assert kept.used_by() == (hp, 100 - balance)
    assert action(kept.ledger.attempt(key)) == "ALLOW"
    assert kept.audit() == []
    assert kept.refund(key) == (4 - given[0], Decimal("6.25") - given[1])
    assert (kept.posted(), kept.balance(), kept.used_by()) == (0, Decimal(100), (0, Decimal(0)))
    assert kept.refund(key) == (0, Decimal(0))
    assert kept.audit() == []


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"impressions": 5}, "only 4 impressions are left to refund, not 5"),
        ({"impressions": -1}, "only 4 impressions are left to refund, not -1"),
        ({"price": "6.26"}, r"only 6.25 credits are left to refund, not 6.26"),
        ({"price": "-1"}, r"only 6.25 credits are left to refund, not -1.00"),
        ({"write_id": "x" * 65}, "has 1 to 64 characters, not 65"),
    ],
)
def test_more_than_is_left_is_refused_and_nothing_moves(kept: Books, part: dict[str, object], said: str):
    key = kept.print(4, code="physics")
    before = figures(kept)
    with pytest.raises(UsageError, match=said):
        kept.refund(key, **part)
    assert figures(kept) == before
    assert kept.audit() == []


def test_what_was_not_charged_cannot_be_refunded(kept: Books):
    running = kept.hold(3)
    with pytest.raises(UsageError, match="is not over yet"):
        kept.refund(running)
    kept.void(running)
    with pytest.raises(UsageError, match="was never charged"):
        kept.refund(running)
    with pytest.raises(UsageError, match="there is no attempt 4711"):
        kept.ledger.refund(4711, reason="x", actor="root", at=MONDAY, write_id="w")
    assert kept.audit() == []


def test_a_repeated_call_is_done_once_and_answers_the_same(kept: Books):
    key = kept.print(4)
    for _ in range(3):
        assert kept.refund(key, impressions=1, price="1", write_id="w1") == (1, Decimal(1))
    assert (kept.posted(), kept.balance()) == (3, Decimal("94.75"))
    other = kept.print(1)
    with pytest.raises(UsageError, match="belongs to a refund of attempt"):
        kept.refund(other, write_id="w1")
    assert kept.audit() == []


def test_many_at_once_refund_a_job_once(kept: Books):
    keys = [kept.print(4, code="physics") for _ in range(2)]
    together = threading.Barrier(8)
    given: list[tuple[int, Decimal]] = []

    def run(worker: int) -> None:
        together.wait()
        given.append(kept.refund(keys[worker % 2]))

    threads = [threading.Thread(target=run, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == [(0, Decimal(0))] * 6 + [(4, Decimal("6.25"))] * 2
    assert (kept.posted(), kept.balance(), kept.used_by()) == (0, Decimal(100), (0, Decimal(0)))
    assert kept.audit() == []


def test_processes_that_refund_and_print_at_once_lose_no_page_and_no_cent(ledger_url: str):
    books = Books(ledger_url, busy_timeout_s=60)
    books.printer(page="1")
    books.user(balance="1000")
    books.entry()
    books.code()
    keys = [books.print(3, code="physics") for _ in range(6)]
    facts = [[books.facts() for _ in range(5)] for _ in range(8)]
    plan = books.plan(1, code="physics")
    books.close()

    def work(worker: int) -> int:
        mine = Books(ledger_url, busy_timeout_s=60)
        given = 0
        for number, key in enumerate(keys[:5]):
            given += mine.refund(key)[0]
            mine.ledger.reserve(facts[worker][number], plan, ALLOWED, ())
            mine.settle(facts[worker][number].key, 1)
        mine.close()
        return given

    assert sum(in_processes(8, work)) == 5 * 3
    assert books.posted() == 3 + 8 * 5
    assert books.balance() == 1000 - (3 + 8 * 5)
    assert books.used_by() == (43, Decimal(43))
    assert books.audit() == []
    books.close()


@pytest.mark.parametrize("free", ["nochange", "passthrough"])
def test_a_job_that_nobody_paid_reduces_nothing_of_the_user(books: Books, free: str):
    books.printer(page="1")
    books.user(balance="5", limitby=LimitBy.NOCHANGE if free == "nochange" else LimitBy.QUOTA)
    books.entry()
    books.code()
    if free == "passthrough":
        books.change(
            lambda t: t.change_printers([row.printer_id for row in t.printers()], PrinterChange(passthrough=True))
        )
    books.adjust_to(10)
    key = books.print(3, code="physics")
    assert books.refund(key) == (3, Decimal(0))
    assert (books.posted(), books.balance()) == (10, Decimal(5))
    assert books.used_by() == (0, Decimal(0))
    assert action(books.ledger.attempt(key)) == "REFUND"
    assert books.audit() == []


def test_a_deleted_code_user_or_entry_is_no_obstacle(kept: Books):
    key = kept.print(4, code="physics")
    delete_codes(kept.catalogue, ["physics"], "root", "test")
    kept.code()
    kept.delete_printer("floor")
    assert kept.refund(key) == (4, Decimal("6.25"))
    assert (kept.posted(), kept.balance()) == (0, Decimal(100))
    assert kept.used_by() == (0, Decimal(0))
    late = kept.print(2)
    kept.delete_user("anna")
    kept.refund(late)
    assert kept.audit() == []


def test_a_member_who_left_gets_his_own_back_and_the_group_nothing(kept: Books):
    key = kept.print(4)
    kept.leave("staff", "anna")
    kept.refund(key)
    assert (kept.posted(), kept.posted("staff", of_group=True)) == (0, 0)
    kept.join("staff", "anna")
    assert kept.balance("staff", of_group=True) == Decimal(100)
    assert kept.audit() == []


def test_a_price_below_nothing_is_taken_back(books: Books):
    books.printer(page="-0.5")
    books.user()
    books.entry()
    key = books.print(4)
    assert books.balance() == Decimal(2)
    with pytest.raises(UsageError, match=r"only -2\.00 credits are left"):
        books.refund(key, price="1")
    assert books.refund(key, impressions=1, price="-0.5") == (1, Decimal("-0.5"))
    assert books.refund(key) == (3, Decimal("-1.5"))
    assert (books.posted(), books.balance()) == (0, Decimal(0))
    assert books.audit() == []


def test_the_grace_that_a_job_began_ends_with_its_refund(kept: Books):
    kept.limits(soft=3, hard=9)
    key = kept.print(4)
    assert kept.pages().grace_until is not None
    kept.refund(key, impressions=0)
    assert kept.pages().grace_until is not None
    kept.refund(key)
    assert kept.pages().grace_until is None


def test_the_grace_stays_where_others_are_over_the_soft_limit(kept: Books):
    kept.limits(soft=3, hard=20)
    key = kept.print(4)
    kept.print(5)
    kept.refund(key)
    assert kept.pages().grace_until == MONDAY + timedelta(days=7)


def test_a_refund_is_a_payment_with_its_price_taken_off_and_the_lifetime_paid_stays(kept: Books):
    key = kept.print(4)
    kept.clock.forward(hours=1)
    kept.refund(key, impressions=1, price="0")
    kept.refund(key, price="2.25", impressions=0)
    kept.refund(key)
    rows = [(row.user_name, row.amount, row.description, row.at) for row in kept.catalogue.payments()]
    later = MONDAY + timedelta(hours=1)
    assert rows == [
        ("anna", 100_000_000, "start", MONDAY),
        ("anna", -2_250_000, "paper jam", later),
        ("anna", -4_000_000, "paper jam", later),
    ]
    (anna,) = kept.catalogue.users()
    assert (anna.balance, anna.lifetime_paid) == (100_000_000, 100_000_000)


def test_payments_are_chosen_by_user_and_time_and_read_in_pages(books: Books):
    for name in ("anna", "bert"):
        books.user(name, balance="1")
    for _ in range(3):
        books.clock.forward(days=1)
        books.user(f"user{books.clock.now.day}", balance="2")
    names = [row.user_name for row in books.catalogue.payments()]
    assert names == ["anna", "bert", "user3", "user4", "user5"]
    ids = [row.payment_id for row in books.catalogue.payments()]
    assert ids == sorted(ids)

    def chosen(**wanted: object) -> list[str]:
        return [row.user_name for row in books.catalogue.payments(PaymentFilter(**wanted))]

    assert chosen(user_name="bert") == ["bert"]
    assert chosen(user_name="nobody") == []
    assert chosen(start=MONDAY + timedelta(days=1)) == ["user3", "user4", "user5"]
    assert chosen(end=MONDAY + timedelta(days=1)) == ["anna", "bert", "user3"]
    assert chosen(start=MONDAY + timedelta(seconds=1), end=MONDAY + timedelta(days=1, seconds=-1)) == []
    books.delete_user("anna")
    assert chosen(end=MONDAY) == ["bert"]


def test_more_payments_than_a_page_are_all_read(books: Books):
    books.change(lambda t: t.add_users([f"u{number:04}" for number in range(1203)]))
    everybody = [row.user_id for row in books.catalogue.users()]
    books.change(lambda t: t.book_payments(everybody, Figure(1_000_000, relative=True), "gift"))
    assert len({row.payment_id for row in books.catalogue.payments()}) == 1203


def test_only_what_printed_something_and_is_not_given_back_whole_can_be_refunded(kept: Books):
    printed, partly, whole = (kept.print(3) for _ in range(3))
    kept.refund(partly, impressions=1, price="0")
    kept.refund(whole)
    kept.print(0)
    kept.void(kept.hold(2))
    kept.ledger.record_unreserved(kept.facts(), ALLOWED, Outcome.REFUSED, ())
    found = [row.facts.key for row in refunds.refundable(kept.ledger, HistoryFilter(dumped=True))]
    assert found == [printed, partly]


def test_a_refund_says_in_the_history_and_the_acts_who_gave_what_and_why(kept: Books):
    key = kept.print(4)
    kept.refund(key, impressions=2, price="1.5", reason="toner\0 out")
    record = kept.ledger.attempt(key)
    (note,) = [note for note in kept.ledger.notes(record.attempt_id) if note.code == "refunded"]
    assert note.text == "2 impressions and 1.50 credits given back by root: toner\N{REPLACEMENT CHARACTER} out"
    act = next(kept.ledger.acts())
    assert (act.actor, act.text.split(",")[0]) == ("root", f"refund of attempt {record.attempt_id}")


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE attempts SET refunded_impressions = 4", "refunded 4 1"),
        ("UPDATE refunds SET price = 2", "refunded 1000000 2"),
        ("UPDATE entries SET amount = -2 WHERE kind = 'refund' AND amount = -1", "posted 3 2"),
    ],
)
def test_the_audit_names_a_damaged_refund(kept: Books, statement: str, named: str):
    key = kept.print(4)
    kept.refund(key, impressions=1, price="1")
    assert kept.audit() == []
    kept.damage(statement)
    assert named in kept.audit()


def test_what_came_out_before_a_cancel_can_be_given_back(kept: Books):
    before = figures(kept)
    key = kept.hold(2)
    kept.settle(key, 2, outcome=Outcome.CANCELED)
    rows = list(refunds.refundable(kept.ledger, HistoryFilter()))
    assert [row.facts.key for row in rows] == [key]
    kept.refund(key)
    assert figures(kept) == before
    assert list(refunds.refundable(kept.ledger, HistoryFilter())) == []

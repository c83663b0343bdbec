# SPDX-License-Identifier: Apache-2.0
"""What each user was charged, summed by the database: it is the sum over the history, less what was given back."""

from contract.books import Books, settlement
from pagetoll.core.jobs import ALL_ATTEMPTS, HistoryFilter, Outcome
from pagetoll.core.policy import Decision, Verdict
from pagetoll.ports import UserCharges


def shop(books: Books) -> Books:
    """Anna and Bert with entries on a printer of 0.05 a page and 0.10 a job."""
    books.printer(page="0.05", job="0.1")
    for name in ("bert", "anna"):
        books.user(name, balance="100")
        books.entry(name)
    return books


def test_each_user_has_the_sums_of_what_was_charged_by_name(books: Books):
    shop(books)
    books.print(3, "bert")
    books.print(2)
    books.print(4)
    assert books.ledger.charges_by_user() == [
        UserCharges("anna", 2, 6, 500_000),
        UserCharges("bert", 1, 3, 250_000),
    ]


def test_what_was_never_charged_does_not_count_and_a_cancel_in_the_middle_does(books: Books):
    shop(books)
    refused = Decision(Verdict.REFUSE, "account-limit-reached", "too much")
    books.ledger.record_unreserved(books.facts(), refused, Outcome.REFUSED, ())
    books.void(books.hold(2))
    books.hold(5)
    nothing = books.hold(3)
    books.ledger.settle(nothing, settlement(0, outcome=Outcome.CANCELED))
    assert books.ledger.charges_by_user() == []
    canceled = books.hold(9)
    books.ledger.settle(canceled, settlement(1, 150_000, outcome=Outcome.CANCELED))
    assert books.ledger.charges_by_user() == [UserCharges("anna", 1, 1, 150_000)]


def give_back(books: Books, name: str, **part: int) -> None:
    record = books.ledger.attempt(books.print(4))
    assert record is not None
    books.ledger.refund(
        record.attempt_id, reason="x", actor="root", at=books.clock(), write_id=f"refund-{name}", **part
    )


def test_what_was_given_back_is_taken_off(books: Books):
    shop(books)
    give_back(books, "all")
    assert books.ledger.charges_by_user() == []
    give_back(books, "sides", impressions=3, price=0)
    assert books.ledger.charges_by_user() == [UserCharges("anna", 1, 1, 300_000)]
    give_back(books, "money", impressions=0, price=299_999)
    assert books.ledger.charges_by_user() == [UserCharges("anna", 2, 5, 300_001)]


def test_filters_choose_the_jobs(books: Books):
    shop(books)
    books.printer("laser", page="1")
    books.entry("anna", "laser")
    books.print(1)
    books.clock.forward(days=2)
    books.print(2, "anna", "laser")
    sums = {
        "laser": books.ledger.charges_by_user(HistoryFilter(printer_name="laser", dumped=True)),
        "late": books.ledger.charges_by_user(HistoryFilter(start=books.clock())),
        "bert": books.ledger.charges_by_user(HistoryFilter(user_name="bert")),
    }
    assert sums == {
        "laser": [UserCharges("anna", 1, 2, 2_000_000)],
        "late": [UserCharges("anna", 1, 2, 2_000_000)],
        "bert": [],
    }


def test_a_deleted_users_jobs_are_only_left_out_of_what_the_old_dumps_have(books: Books):
    shop(books)
    books.print(2)
    books.delete_user("anna")
    assert books.ledger.charges_by_user(HistoryFilter(dumped=True)) == []
    assert [row.user_name for row in books.ledger.charges_by_user(ALL_ATTEMPTS)] == ["anna"]

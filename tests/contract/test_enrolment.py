# SPDX-License-Identifier: Apache-2.0
"""Users who are entered when they first print: many processes at once make each thing once, on every store."""

import multiprocessing

import pytest

from contract.books import Books
from pagetoll.app.enrolment import Enrolment, enrol
from pagetoll.core.catalogue import EntrySelection
from pagetoll.core.errors import UsageError
from pagetoll.core.policy import LimitBy, OwnerKind

# Children of fork have the modules already; each opens the database anew.
PROCESSES = multiprocessing.get_context("fork")
EVERYTHING = EntrySelection(OwnerKind.USER, None, None)


def pairs(books: Books) -> list[tuple[str, str]]:
    return [(row.owner_name, row.printer_name) for row in books.catalogue.entries(EVERYTHING)]


def test_8_processes_at_once_make_everything_once(ledger_url: str) -> None:
    def work(worker: int) -> None:
        mine = Books(ledger_url, busy_timeout_s=60)
        for number in range(4):
            wanted = Enrolment(user_name=f"u{number}", printer_name=f"p{(worker + number) % 2}", balance=5_000_000)
            assert enrol(mine.catalogue, wanted, "nobody", "autopykota")
        mine.close()

    processes = [PROCESSES.Process(target=work, args=(worker,), daemon=True) for worker in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 8
    books = Books(ledger_url)
    assert sorted(pairs(books)) == [(f"u{number}", f"p{printer}") for number in range(4) for printer in range(2)]
    assert [(row.name, row.balance, row.lifetime_paid, row.limitby) for row in books.catalogue.users()] == [
        (f"u{number}", 5_000_000, 5_000_000, LimitBy.BALANCE) for number in range(4)
    ]
    assert [row.name for row in books.catalogue.printers()] == ["p0", "p1"]
    assert books.audit() == []
    books.close()


def test_a_deleted_user_is_entered_as_a_new_one(books: Books) -> None:
    wanted = Enrolment(user_name="anna", printer_name="hp", balance=1_000_000, email="@example.org")
    assert enrol(books.catalogue, wanted, "nobody", "autopykota")
    books.change(lambda transaction: transaction.delete_users([row.user_id for row in transaction.users()]))
    assert pairs(books) == []
    assert enrol(books.catalogue, wanted, "nobody", "autopykota")
    assert [(row.name, row.balance, row.email) for row in books.catalogue.users()] == [
        ("anna", 1_000_000, "anna@example.org")
    ]
    assert pairs(books) == [("anna", "hp")]
    assert books.audit() == []


@pytest.mark.parametrize(
    "wanted",
    [
        Enrolment("a/b", "hp"),
        Enrolment("anna", "h|p"),
        Enrolment("anna", "hp", email="a@b@c"),
        Enrolment("anna", "hp", balance=2**63),
    ],
    ids=["user", "printer", "address", "balance"],
)
def test_what_is_refused_leaves_nothing_behind(books: Books, wanted: Enrolment) -> None:
    with pytest.raises(UsageError):
        enrol(books.catalogue, wanted, "nobody", "autopykota")
    assert (list(books.catalogue.users()), list(books.catalogue.printers()), pairs(books)) == ([], [], [])

# SPDX-License-Identifier: Apache-2.0
"""The contract of Catalogue, on SQLite and on PostgreSQL: changes over many owners at once, with books that prove."""

import threading
from collections.abc import Callable
from decimal import Decimal

import pytest

from contract.books import Books
from pagetoll.core.catalogue import EntryChange, EntryRow, EntrySelection, Figure, OwnerChange
from pagetoll.core.errors import UsageError
from pagetoll.core.jobs import HistoryFilter
from pagetoll.core.money import LARGEST_STEPS, MILLION
from pagetoll.core.policy import LimitBy, OwnerKind
from pagetoll.ports import CatalogueTransaction
from pagetoll.storage.sql.catalogue import SqlCatalogue

DUMPED = HistoryFilter(dumped=True)


@pytest.fixture
def catalogue(books: Books) -> SqlCatalogue:
    """Two printers, two users in a group; no entries yet."""
    made = SqlCatalogue(books.database)

    def fill(transaction: CatalogueTransaction) -> None:
        transaction.add_printers(["hp", "canon"])
        transaction.add_groups(["staff"])
        transaction.add_users(["anna", "bert"])
        transaction.join_group(transaction.groups()[0].group_id, [row.user_id for row in transaction.users()])

    made.write("root", "fill", fill)
    return made


def everybody(catalogue: SqlCatalogue, *names: str, kind: OwnerKind = OwnerKind.USER) -> EntrySelection:
    if kind is OwnerKind.GROUP:
        owners = tuple(row.group_id for row in catalogue.groups() if not names or row.name in names)
    else:
        owners = tuple(row.user_id for row in catalogue.users() if not names or row.name in names)
    return EntrySelection(kind, owners, tuple(row.printer_id for row in catalogue.printers()))


def do(catalogue: SqlCatalogue, work: Callable[[CatalogueTransaction], object]) -> None:
    catalogue.write("root", "test", work)


def figures(rows: list[EntryRow]) -> dict[str, tuple[int, int]]:
    return {f"{row.owner_name}@{row.printer_name}": (row.page_counter, row.lifetime_page_counter) for row in rows}


def test_missing_entries_are_made_once_for_every_pair(books: Books, catalogue: SqlCatalogue):
    wanted = everybody(catalogue)
    do(catalogue, lambda transaction: transaction.ensure_entries(everybody(catalogue, "anna")))
    new: list[EntrySelection] = []
    do(catalogue, lambda transaction: new.append(transaction.ensure_entries(wanted)))
    assert [f"{row.owner_name}@{row.printer_name}" for row in catalogue.entries(wanted)] == [
        "anna@canon",
        "bert@canon",
        "anna@hp",
        "bert@hp",
    ]
    assert [row.owner_name for row in catalogue.entries(new[0])] == ["bert", "bert"]
    do(catalogue, lambda transaction: transaction.ensure_entries(wanted))
    assert len(catalogue.entries(wanted)) == 4
    assert books.audit() == []


def test_counters_are_booked_from_what_stands_there_and_sums_follow(books: Books, catalogue: SqlCatalogue):
    wanted = everybody(catalogue)
    of_group = everybody(catalogue, kind=OwnerKind.GROUP)
    do(catalogue, lambda transaction: (transaction.ensure_entries(wanted), transaction.ensure_entries(of_group)))
    books.print(3, "anna", "hp")
    added = EntryChange(page_counter=Figure(4, relative=True), lifetime_counter=Figure(4, relative=True))
    do(catalogue, lambda transaction: transaction.change_entries(wanted, added))
    assert figures(catalogue.entries(of_group)) == {"staff@canon": (8, 8), "staff@hp": (11, 11)}
    do(catalogue, lambda transaction: transaction.change_entries(wanted, EntryChange(page_counter=Figure(0))))
    assert figures(catalogue.entries(everybody(catalogue, "anna"))) == {"anna@canon": (0, 4), "anna@hp": (0, 7)}
    assert figures(catalogue.entries(of_group)) == {"staff@canon": (0, 8), "staff@hp": (0, 11)}
    assert books.audit() == []


def test_limits_change_for_all_at_once_and_an_increase_is_checked(catalogue: SqlCatalogue):
    wanted = everybody(catalogue)
    do(catalogue, lambda transaction: transaction.ensure_entries(wanted))
    limits = EntryChange(soft_limit=5, hard_limit=9)
    do(catalogue, lambda transaction: transaction.change_entries(everybody(catalogue, "anna"), limits))
    do(catalogue, lambda transaction: transaction.change_entries(wanted, EntryChange(increase=2)))
    found = {row.owner_name: (row.soft_limit, row.hard_limit) for row in catalogue.entries(wanted)}
    assert found == {"anna": (7, 11), "bert": (2, 2)}
    with pytest.raises(UsageError, match=r"the limit of bert on .* would become -1"):
        do(catalogue, lambda transaction: transaction.change_entries(wanted, EntryChange(increase=-3)))
    for change in (
        EntryChange(increase=LARGEST_STEPS),
        EntryChange(soft_limit=1, hard_limit=1, increase=LARGEST_STEPS),
    ):
        with pytest.raises(UsageError, match="a limit would become larger than 4611686018427387904"):
            do(catalogue, lambda transaction, change=change: transaction.change_entries(wanted, change))
    assert {row.owner_name: (row.soft_limit, row.hard_limit) for row in catalogue.entries(wanted)} == found


def test_what_a_failing_transaction_did_is_undone(catalogue: SqlCatalogue):
    def work(transaction: CatalogueTransaction) -> None:
        transaction.add_users(["carl"])
        transaction.change_users([row.user_id for row in transaction.users()], OwnerChange(limitby=LimitBy.NOPRINT))
        raise UsageError("no")

    with pytest.raises(UsageError):
        do(catalogue, work)
    assert [(row.name, row.limitby) for row in catalogue.users()] == [("anna", "quota"), ("bert", "quota")]


def test_payments_change_balances_and_the_groups_sum(books: Books, catalogue: SqlCatalogue):
    ids = [row.user_id for row in catalogue.users()]
    do(catalogue, lambda transaction: transaction.book_payments(ids, Figure(10 * MILLION), "start"))
    do(catalogue, lambda transaction: transaction.book_payments(ids[:1], Figure(-MILLION, relative=True), ""))
    assert [(row.balance, row.lifetime_paid) for row in catalogue.users()] == [
        (9 * MILLION, 9 * MILLION),
        (10 * MILLION, 10 * MILLION),
    ]
    assert [(row.balance, row.lifetime_paid) for row in catalogue.groups()] == [(19 * MILLION, 19 * MILLION)]
    assert books.audit() == []


def test_deleting_hides_frees_names_and_keeps_the_books(books: Books, catalogue: SqlCatalogue):
    of_group = everybody(catalogue, kind=OwnerKind.GROUP)
    do(catalogue, lambda transaction: transaction.ensure_entries(everybody(catalogue)))
    do(catalogue, lambda transaction: transaction.ensure_entries(of_group))
    books.print(3, "anna", "hp")
    books.print(2, "bert", "hp")
    late = books.hold(4, "anna", "hp")
    anna = catalogue.users()[0].user_id
    do(catalogue, lambda transaction: transaction.delete_users([anna]))
    do(catalogue, lambda transaction: transaction.add_users(["anna"]))
    assert [row.name for row in catalogue.users()] == ["anna", "bert"]
    assert catalogue.users()[0].user_id != anna
    assert figures(catalogue.entries(of_group))["staff@hp"] == (2, 2)
    assert [record.facts.user_name for record in books.ledger.history(DUMPED)] == ["bert"]
    books.settle(late, 4)
    assert [record.facts.user_name for record in books.ledger.history(DUMPED)] == ["bert"]
    do(catalogue, lambda transaction: transaction.delete_printers([catalogue.printers()[1].printer_id]))
    assert list(books.ledger.history(DUMPED)) == []
    do(catalogue, lambda transaction: transaction.delete_groups([catalogue.groups()[0].group_id]))
    assert (catalogue.groups(), len(catalogue.printers())) == ([], 1)
    assert books.audit() == []


def test_administration_beside_settling_jobs_loses_no_cent(books: Books, catalogue: SqlCatalogue):
    """Addresses, limits and payments change in a loop while another thread's jobs are charged."""
    do(catalogue, lambda transaction: transaction.ensure_entries(everybody(catalogue)))
    do(catalogue, lambda transaction: transaction.ensure_entries(everybody(catalogue, kind=OwnerKind.GROUP)))
    ids = [row.user_id for row in catalogue.users()]
    do(catalogue, lambda transaction: transaction.book_payments(ids, Figure(100 * MILLION), "start"))
    jobs, rounds, failures = 25, 25, []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:
            failures.append(error)

    def administer() -> None:
        wanted = everybody(catalogue)
        for number in range(rounds):
            change = EntryChange(soft_limit=1000 + number, hard_limit=1000 + number, clear_grace=True)
            do(catalogue, lambda transaction: transaction.set_emails([(ids[0], "anna@example.org")]))
            do(catalogue, lambda transaction, change=change: transaction.change_entries(wanted, change))
            do(catalogue, lambda transaction: transaction.book_payments(ids, Figure(MILLION, relative=True), ""))

    def print_jobs() -> None:
        for _ in range(jobs):
            books.settle(books.hold(1, "anna", "hp"), 1, price="0.01")

    threads = [threading.Thread(target=guarded, args=(work,)) for work in (administer, print_jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert books.balance("anna") == Decimal(100) + rounds - jobs * Decimal("0.01")
    assert books.balance("staff", of_group=True) == Decimal(200) + 2 * rounds - jobs * Decimal("0.01")
    assert books.posted("anna", "hp") == books.posted("staff", "hp", of_group=True) == jobs
    assert books.audit() == []

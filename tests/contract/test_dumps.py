# SPDX-License-Identifier: Apache-2.0
"""Dumps and listings as the store gives them: the same rows, orders and sums on every database."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from contract.books import Books
from pagetoll.app.dumps.rows import rows, summed
from pagetoll.core.catalogue import EntryChange, EntrySelection
from pagetoll.core.dumps import COLUMNS, DumpQuery, DumpType, OrderField
from pagetoll.core.jobs import HistoryFilter
from pagetoll.core.policy import OwnerKind
from pagetoll.ports import AttemptRecord
from pagetoll.storage.sql.ledger import SqlLedger

NAMES = ("Zoe", "anna", "bert", "b_rt", "çelik", "a.b(c)[d]")


@pytest.fixture
def site(books: Books) -> Books:
    """Users whose order depends on the locale, entries on two printers, a job of each of three users."""
    books.printer("all")
    for name in ("hp", "canon"):
        books.printer(name, page="0.05", below="all")
    books.group("staff")
    for name in NAMES:
        books.user(name)
        books.entry(name, "hp")
    books.join("staff", "anna")
    books.entry("staff", "hp", of_group=True)
    books.change(lambda transaction: transaction.add_codes(["physics"]))
    for number, name in enumerate(("anna", "Zoe", "bert")):
        books.print(number + 1, name)
        books.clock.forward(days=1)
    return books


def column(books: Books, query: DumpQuery, name: str) -> list[object]:
    place = list(COLUMNS[query.data]).index(name)
    return [row[place] for row in rows(books.catalogue, query)]


@pytest.mark.parametrize("data", DumpType)
def test_every_kind_of_data_can_be_read_counted_and_ordered_by_each_column(site: Books, data: DumpType):
    found = list(rows(site.catalogue, DumpQuery(data)))
    assert all(len(row) == len(COLUMNS[data]) for row in found)
    assert site.catalogue.count_dump(DumpQuery(data)) == len(found)
    assert bool(found) is (data is not DumpType.PAYMENTS)
    for name in COLUMNS[data]:
        for descending in (False, True):
            ordered = list(rows(site.catalogue, DumpQuery(data, order=(OrderField(name, descending=descending),))))
            assert sorted(map(str, ordered)) == sorted(map(str, found))


def test_texts_are_ordered_by_octets_whatever_the_locale(site: Books):
    query = DumpQuery(DumpType.USERS, order=(OrderField("username"),))
    assert column(site, query, "username") == sorted(NAMES)
    listed = site.catalogue.each_entry(EntrySelection(OwnerKind.USER, None, None))
    assert [entry.owner_name for entry in listed] == sorted(NAMES)


def test_nothing_comes_before_everything(site: Books):
    site.edit("bert", "hp", change=EntryChange(soft_limit=5, hard_limit=5))
    query = DumpQuery(DumpType.UPQUOTAS, order=(OrderField("hardlimit"),))
    assert column(site, query, "hardlimit") == [None] * 5 + [5]
    backward = DumpQuery(DumpType.UPQUOTAS, order=(OrderField("hardlimit", descending=True),))
    assert column(site, backward, "hardlimit") == [5] + [None] * 5


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("b?rt", {"bert", "b_rt"}),
        ("b_rt", {"b_rt"}),
        ("[a-b]*", {"anna", "bert", "b_rt", "a.b(c)[d]"}),
        ("[!a-z]*", {"Zoe", "çelik"}),
        ("a.b(c)[d]", {"a.b(c)[d]"}),
        ("a.b(c)*", {"a.b(c)[d]"}),
        ("[b-a]*", set()),
        ("[]a]*", {"anna", "a.b(c)[d]"}),
        ("ç*", {"çelik"}),
        ("*\\*", set()),
        ("**n**", {"anna"}),
        ("ANNA", set()),
        ("A*", set()),
    ],
)
def test_patterns_mean_the_same_on_every_database(site: Books, pattern: str, wanted: set[str]):
    assert set(column(site, DumpQuery(DumpType.USERS, names={"username": pattern}), "username")) == wanted


def test_a_line_end_of_any_kind_is_a_sign_like_others(books: Books):
    names = ["end", *(f"end{sign}" for sign in "\n\r\x85\u2028 ")]
    books.change(lambda transaction: transaction.add_users(names))
    for pattern, wanted in (("[e]nd", {"end"}), ("e?d?", {*names[1:]}), ("en*", {*names}), ("*d", {"end"})):
        asked = DumpQuery(DumpType.USERS, names={"username": pattern})
        assert set(column(books, asked, "username")) == wanted, pattern


def test_history_is_filtered_by_name_number_and_time(site: Books):
    def users(**asked: object) -> list[object]:
        return column(site, DumpQuery(DumpType.HISTORY, **asked), "username")  # type: ignore[arg-type]

    first = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    assert users() == ["anna", "Zoe", "bert"]
    assert users(names={"username": "?e*", "printername": "h[pq]"}) == ["bert"]
    assert users(job_id=2) == ["Zoe"]
    assert users(start=first, end=first) == ["anna"]
    assert users(start=first + timedelta(seconds=1)) == ["Zoe", "bert"]
    assert users(names={"hostname": "*", "billingcode": "x*"}) == []


def test_sums_group_by_what_is_filtered(site: Books):
    asked = DumpQuery(DumpType.HISTORY, names={"username": "*"}, order=(OrderField("jobsize", descending=True),))
    query = summed(asked)
    assert column(site, query, "username") == ["bert", "Zoe", "anna"]
    assert column(site, query, "jobsize") == [3, 2, 1]
    assert column(site, summed(DumpQuery(DumpType.HISTORY)), "jobsizebytes") == [0], "nothing is known of any"
    assert site.catalogue.count_dump(query) == 3
    assert column(site, summed(DumpQuery(DumpType.HISTORY, job_id=99)), "jobsize") == []


def test_a_refunded_job_is_called_so(site: Books):
    first = next(iter(site.ledger.history(newest_first=False)))
    site.ledger.refund(first.attempt_id, reason="torn", actor="root", at=site.clock(), write_id="r" * 32)
    assert column(site, DumpQuery(DumpType.HISTORY), "action") == ["REFUND", "ALLOW", "ALLOW"]
    (amount,) = column(site, DumpQuery(DumpType.PAYMENTS, names={"username": "anna"}), "amount")
    assert amount == -Decimal("0.05"), "as the old dumps have it"


def test_a_dump_that_is_left_early_holds_nothing_up(site: Books):
    begun = rows(site.catalogue, DumpQuery(DumpType.UPQUOTAS))
    assert next(begun)
    site.edit("anna", "hp", change=EntryChange(soft_limit=7, hard_limit=7))
    begun.close()
    assert len(list(rows(site.catalogue, DumpQuery(DumpType.UPQUOTAS)))) == len(NAMES)


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("limit", [None, 0, 1, 3, 4])
def test_the_history_of_one_user_or_printer_comes_whole_in_pages(site: Books, newest_first: bool, limit: int | None):
    for _ in range(5):
        site.print(1, "anna")
    ledger = SqlLedger(site.database, history_page_rows=2)
    for wanted in (HistoryFilter(user_name="anna"), HistoryFilter(printer_name="hp"), HistoryFilter(job_id=1)):
        every = [row.attempt_id for row in ledger.history() if fits(row, wanted)]
        in_order = sorted(every, reverse=newest_first)[:limit]
        found = ledger.history(wanted, newest_first=newest_first, limit=limit)
        assert [row.attempt_id for row in found] == in_order


def fits(row: AttemptRecord, wanted: HistoryFilter) -> bool:
    ticket = row.facts.ticket
    pairs = (
        (wanted.user_name, row.facts.user_name),
        (wanted.printer_name, ticket.printer),
        (wanted.job_id, row.facts.key.job.job_id),
    )
    return all(asked in (None, had) for asked, had in pairs)

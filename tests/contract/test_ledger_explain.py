# SPDX-License-Identifier: Apache-2.0
"""What an explanation and an audit read of the ledger: how accounts stood before each attempt, how much is proved."""

from contract.books import Books
from pagetoll.core.audit import AuditExtent
from pagetoll.core.money import Unit


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

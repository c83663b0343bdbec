# SPDX-License-Identifier: Apache-2.0
"""The audit names each kind of damage that is done to the tables past all rules."""

import pytest

from contract.books import Books


@pytest.fixture
def kept(books: Books) -> Books:
    """Anna of staff with 4 impressions posted and 3 reserved, checked on the group too; credits 10 - 4."""
    books.printer(page="1")
    books.group()
    books.user(balance="10", groups_of=("staff",))
    books.entry()
    books.entry("staff", of_group=True)
    books.print(4)
    books.hold(3)
    assert books.audit() == []
    return books


PAGES = "owner_kind = 'user' AND unit = 'impressions'"
A_NEW_ENTRY = "INSERT INTO entries (account_id, write_id, kind, amount, lifetime_amount, reason, actor, at)"
STAFF = "owner_kind = 'group' AND unit = 'impressions'"


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (f"UPDATE accounts SET posted = 5 WHERE {PAGES}", ["posted 5 4", "group_sum_posted 4 5"]),
        (f"UPDATE accounts SET lifetime = 9 WHERE {PAGES}", ["lifetime 9 4", "group_sum_lifetime 4 9"]),
        (f"UPDATE accounts SET reserved = 2 WHERE {PAGES}", ["reserved 2 3", "group_sum_reserved 3 2"]),
        (f"UPDATE accounts SET posted = 0 WHERE {STAFF}", ["group_sum_posted 0 4"]),
        (f"UPDATE accounts SET lifetime = 0 WHERE {STAFF}", ["group_sum_lifetime 0 4"]),
        (f"UPDATE accounts SET reserved = 0 WHERE {STAFF}", ["group_sum_reserved 0 3"]),
        (
            "DELETE FROM group_members",
            [
                "group_sum_posted 6000000 0",
                "group_sum_posted 4 0",
                "group_sum_lifetime 10000000 0",
                "group_sum_lifetime 4 0",
                "group_sum_reserved 3000000 0",
                "group_sum_reserved 3 0",
            ],
        ),
        ("UPDATE entries SET amount = 3 WHERE amount = 4", ["posted 4 3"]),
        ("UPDATE entries SET lifetime_amount = 3 WHERE lifetime_amount = 4", ["lifetime 4 3"]),
        (
            "UPDATE reservations SET state = 'voided' WHERE state = 'open' AND amount = 3",
            ["reserved 3 0", "reservation_state 3 0", "reservation_state 3 0"],
        ),
        (
            "UPDATE attempts SET state = 'closed' WHERE state = 'reserved'",
            ["reserved 3000000 0", "reserved 3 0", "reservation_state 3000000 0", *["reservation_state 3 0"] * 2],
        ),
        ("UPDATE printers SET counted_impressions = 1", ["counted_impressions 1 4"]),
        (
            f"{A_NEW_ENTRY} SELECT id, 'x', 'job', 7, 7, '', '', 1 FROM accounts WHERE {STAFF}",
            ["entries_of_group 0 7"],
        ),
    ],
)
def test_a_damage_is_named_with_what_is_kept_and_what_is_proved(
    kept: Books, statement: str, named: list[str]
) -> None:
    kept.damage(statement)
    assert kept.audit() == named


def test_a_difference_says_whose_account_it_is(kept: Books) -> None:
    kept.damage(f"UPDATE accounts SET posted = 5 WHERE {PAGES}")
    first = next(kept.ledger.audit())
    assert str(first) == "account 3 (user anna on hp, impressions): posted is 5, its entries say 4"


def test_the_books_of_a_closed_account_are_proved_too(kept: Books) -> None:
    account_id = kept.entry()
    kept.delete_user("anna")
    assert kept.audit() == []
    kept.damage(f"UPDATE accounts SET posted = 5 WHERE id = {account_id}")
    assert kept.audit() == ["posted 5 4"]

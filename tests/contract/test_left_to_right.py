# SPDX-License-Identifier: Apache-2.0
"""MySQL and MariaDB set the columns of an UPDATE one after the other. Each one that a contract test runs is looked at
(conftest), and here how it is looked at."""

import pytest
from sqlalchemy import Update, bindparam, select, update

from contract.books import Books
from contract.left_to_right import read_after_change
from pagetoll.storage.sql.schema import accounts, printers

_a = accounts.c
BY_POSTED = (_a.grace_until, _a.posted + 1)
POSTED = (_a.posted, _a.posted + bindparam("more"))


@pytest.mark.parametrize(
    ("statement", "given", "found"),
    [
        (update(accounts).values({"posted": 1, "lifetime": 2}), (), []),
        (update(accounts).values(dict([POSTED])), ("more",), []),
        (update(accounts).ordered_values(BY_POSTED, POSTED), (), []),
        (update(accounts).ordered_values(POSTED, BY_POSTED), (), ["accounts.posted for grace_until"]),
        (update(accounts).values(dict([BY_POSTED, POSTED])), (), ["accounts.posted for grace_until"]),
        (update(accounts).values(dict([BY_POSTED])), ("posted",), ["accounts.posted for grace_until"]),
        (update(accounts).values(dict([BY_POSTED])), ("reserved",), []),
        (update(accounts).values(posted=select(printers.c.id).scalar_subquery(), id=3), (), []),
        (
            update(accounts).values(posted=select(printers.c.id + _a.lifetime).scalar_subquery(), lifetime=0),
            (),
            ["accounts.lifetime for posted"],
        ),
    ],
)
def test_what_is_read_after_it_was_set_is_found(statement: Update, given: tuple[str, ...], found: list[str]) -> None:
    assert read_after_change(statement, given) == found


def test_a_statement_that_needs_the_row_as_it_was_is_refused(ledger_url: str) -> None:
    books = Books(ledger_url)
    books.printer()
    books.user()
    account_id = books.entry()
    wrong = update(accounts).where(_a.id == account_id).values(posted=_a.posted + 1, lifetime=_a.posted)
    with pytest.raises(AssertionError, match="ordered_values"):
        books.database.write(lambda connection: connection.execute(wrong))
    with pytest.raises(AssertionError, match="ordered_values"):
        books.database.write(
            lambda connection: connection.execute(update(accounts).values(dict([BY_POSTED])), [{"posted": 5}])
        )
    assert books.account(account_id).posted == 0
    books.close()

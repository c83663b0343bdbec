# SPDX-License-Identifier: Apache-2.0
"""The limit rule as an UPDATE's condition is the rule of core.policy, for every figure, on each database."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select, update

from contract.books import MONDAY, Books
from lab.databases import SERVERS
from pagetoll.core.money import Unit
from pagetoll.core.policy import Enforcement, Rule, Standing, credits_suffice, stand
from pagetoll.storage.sql.accounts import accounts_named, state_of
from pagetoll.storage.sql.guard import grace_end, taking
from pagetoll.storage.sql.instants import from_micros, to_micros
from pagetoll.storage.sql.migrate import upgrade
from pagetoll.storage.sql.schema import accounts

NOW = to_micros(MONDAY)
figures = st.integers(-3, 12)
margins = st.sampled_from([None, -1, 0, 1, 2])
rules = st.builds(
    Rule, enforcement=st.sampled_from(Enforcement), grace_delay_s=st.integers(0, 9), balancezero=st.integers(-5, 5)
)
graces = st.sampled_from([None, -1, 0, 1])
large = 2**61


@pytest.fixture(scope="module", params=["sqlite", *SERVERS])
def books(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    if request.param == "sqlite":
        folder: Path = tmp_path_factory.mktemp("guard")
        url = f"sqlite:///{folder}/pagetoll.db"
    else:
        url = request.getfixturevalue(SERVERS[request.param]).new_database()
    upgrade(url)
    opened = Books(url)
    opened.printer()
    opened.user()
    opened.entry()
    yield opened
    opened.close()


class Undo(Exception):
    """Ends a transaction without its changes."""


def try_taking(
    books: Books, unit: Unit, columns: dict[str, int | None], amount: int, rule: Rule
) -> tuple[bool, object]:
    """Whether the statement took the amount, and (the state before, the grace_until after)."""
    account_id = (books.credits() if unit is Unit.CREDITS else books.pages()).account_id
    seen: list[tuple[bool, object]] = []

    def work(connection: Connection) -> None:
        connection.execute(update(accounts).where(accounts.c.id == account_id).values(**columns))
        before = state_of(connection.execute(accounts_named().where(accounts.c.id == account_id)).one())
        statement, parameters = taking(before, amount, rule, NOW)
        took = connection.execute(statement, parameters).rowcount == 1
        after = connection.execute(
            select(accounts.c.reserved, accounts.c.grace_until).where(accounts.c.id == account_id)
        ).one()
        assert after.reserved == before.reserved + (amount if took else 0)
        seen.append((took, (before, after.grace_until)))
        raise Undo

    with pytest.raises(Undo):
        books.database.write(work)
    return seen[0]


quick = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@quick
@given(
    posted=figures, reserved=st.integers(0, 9), soft=margins, hard=margins, grace=graces,
    amount=st.integers(0, 9), rule=rules,
)  # fmt: skip
@example(posted=large, reserved=large, soft=-1, hard=0, grace=None, amount=large, rule=Rule())
@example(posted=5, reserved=0, soft=-1, hard=4, grace=0, amount=1, rule=Rule())
def test_a_page_account_takes_what_the_rule_allows(
    books: Books,
    posted: int,
    reserved: int,
    soft: int | None,
    hard: int | None,
    grace: int | None,
    amount: int,
    rule: Rule,
) -> None:
    """The limits are drawn as distances from the figure that they are compared with."""
    after = posted + reserved + (amount if rule.enforcement is Enforcement.STRICT else 1)
    columns = {
        "posted": posted,
        "reserved": reserved,
        "soft_limit": None if soft is None else after + soft,
        "hard_limit": None if hard is None else after + hard,
        "grace_until": None if grace is None else to_micros(MONDAY + timedelta(microseconds=grace)),
    }
    took, (before, grace_after) = try_taking(books, Unit.IMPRESSIONS, columns, amount, rule)
    standing = stand(before, amount, rule, from_micros(NOW))
    assert took == (standing is not Standing.REFUSED)
    expected = grace_end(NOW, rule) if standing is Standing.GRACE_STARTS else columns["grace_until"]
    assert grace_after == expected


@quick
@given(left=st.integers(-2, 2), reserved=st.integers(0, 9), price=st.integers(-4, 12), rule=rules)
@example(left=0, reserved=large, price=large, rule=Rule(balancezero=-1))
def test_a_credit_account_takes_what_the_rule_allows(
    books: Books, left: int, reserved: int, price: int, rule: Rule
) -> None:
    """The balance is drawn as what would be left above balancezero."""
    strict_price = max(price, 0) if rule.enforcement is Enforcement.STRICT else 0
    balance = rule.balancezero + reserved + strict_price + left
    columns: dict[str, int | None] = {"posted": balance, "reserved": reserved}
    took, _ = try_taking(books, Unit.CREDITS, columns, max(price, 0), rule)
    assert took == credits_suffice(balance, reserved, price, rule)

# SPDX-License-Identifier: Apache-2.0
"""One fsync lies on a job's way: the reserve waits for the disk, what comes after it does not.

In a directory there is no such choice: each commit waits for the server, which has its own setting.
"""

import pytest
from sqlalchemy import Connection, Engine, event

from contract.books import MONDAY, Books
from pagetoll.core.errors import LimitReached
from pagetoll.core.jobs import Outcome
from pagetoll.core.policy import ALLOWED


def asked(engine: Engine, statement: str) -> object:
    with engine.begin() as connection:
        return connection.exec_driver_sql(statement).scalar_one()


def test_the_two_connections_differ_in_what_a_commit_waits_for(sql_books: Books) -> None:
    database = sql_books.database
    if database.is_sqlite:
        full, normal = 2, 1
        assert asked(database.durable, "PRAGMA synchronous") == full
        assert asked(database.relaxed, "PRAGMA synchronous") == normal
        for engine in (database.durable, database.relaxed):
            assert asked(engine, "PRAGMA journal_mode") == "wal"
            assert asked(engine, "PRAGMA foreign_keys") == 1
            assert asked(engine, "PRAGMA busy_timeout") == 10_000
    elif database.durable.dialect.name == "mysql":
        assert asked(database.durable, "SELECT @@innodb_lock_wait_timeout") == 10
        with database.durable.connect() as connection:
            assert connection.get_isolation_level() == "READ COMMITTED"
        assert database.relaxed.pool is database.durable.pool, "only the whole server can be told not to wait"
    else:
        assert asked(database.durable, "SHOW synchronous_commit") == "on"
        assert asked(database.relaxed, "SHOW synchronous_commit") == "off"
        assert asked(database.durable, "SHOW lock_timeout") == "10s"


@pytest.fixture
def durable_commits(sql_books: Books) -> list[Connection]:
    books = sql_books
    books.printer(page="1")
    books.user()
    books.entry(hard=10)
    seen: list[Connection] = []

    def note(connection: Connection) -> None:
        if not connection.get_execution_options().get("relaxed", False):
            seen.append(connection)

    event.listen(books.database.durable, "commit", note)
    return seen


def test_a_job_from_view_to_settle_has_one_durable_commit(
    sql_books: Books, durable_commits: list[Connection]
) -> None:
    books = sql_books
    facts, plan = books.facts(), books.plan(2)
    books.ledger.reserve(facts, plan, ALLOWED, [books.note("counted")])
    assert len(durable_commits) == 1
    books.ledger.mark_starting(facts.key, MONDAY)
    books.ledger.mark_started(facts.key, 4711, 99)
    books.ledger.add_notes(facts.key, [books.note("printing")])
    books.settle(facts.key, 2)
    assert len(durable_commits) == 1


def test_a_refused_and_a_voided_job_need_no_more(sql_books: Books, durable_commits: list[Connection]) -> None:
    books = sql_books
    books.void(books.hold(1))
    assert len(durable_commits) == 1
    with pytest.raises(LimitReached):
        books.hold(11)
    books.ledger.record_unreserved(books.facts(), ALLOWED, Outcome.REFUSED, ())
    assert len(durable_commits) == 1

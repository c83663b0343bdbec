# SPDX-License-Identifier: Apache-2.0
"""Each contract test runs once on SQLite, once on a PostgreSQL and once on a MariaDB database of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.books import Books
from lab.mariadb import MariadbServer
from lab.postgres import PostgresServer
from pagetoll.storage.sql.migrate import upgrade


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """A database with the tables, to be copied."""
    url = postgres_server.new_database()
    upgrade(url)
    return url.rpartition("/")[2]


@pytest.fixture(scope="session")
def mariadb_schema(mariadb_server: MariadbServer) -> str:
    """The statements that make the tables, for they are made faster than migrated."""
    url = mariadb_server.new_database()
    upgrade(url)
    return mariadb_server.dump_schema(url)


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty ledger with its tables."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/pagetoll.db"
        upgrade(url)
        yield url
        return
    if request.param == "mariadb":
        mariadb = request.getfixturevalue("mariadb_server")
        url = mariadb.borrow_database(request.getfixturevalue("mariadb_schema"))
        yield url
        mariadb.give_back(url)
        return
    server = request.getfixturevalue("postgres_server")
    url = server.new_database(request.getfixturevalue("postgres_template"))
    yield url
    server.drop_database(url)


@pytest.fixture
def books(ledger_url: str) -> Iterator[Books]:
    opened = Books(ledger_url)
    yield opened
    opened.close()

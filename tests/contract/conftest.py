# SPDX-License-Identifier: Apache-2.0
"""Each contract test runs on SQLite, PostgreSQL, MariaDB and in an LDAP directory, in a ledger of its own."""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from contract.books import Books
from contract.left_to_right import refuse
from contract.mirrors import another_print_server
from lab.databases import SERVERS
from lab.mariadb import MariadbServer
from lab.mysql import MysqlServer
from lab.postgres import PostgresServer
from lab.slapd import SUFFIX, SlapdServer
from pagetoll import plugins
from pagetoll.storage.ldap.mirror import make_mirror
from pagetoll.storage.sql.migrate import upgrade

_NUMBERS = itertools.count(1)


@pytest.fixture(autouse=True)
def updates_that_mean_the_same_everywhere() -> Iterator[None]:
    """Each UPDATE that a test runs may be read from left to right."""
    event.listen(Engine, "before_execute", refuse)
    yield
    event.remove(Engine, "before_execute", refuse)


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


@pytest.fixture
def postgres_ledger(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """An empty ledger with its tables."""
    url = postgres_server.new_database(postgres_template)
    yield url
    postgres_server.drop_database(url)


@pytest.fixture
def mariadb_ledger(mariadb_server: MariadbServer, mariadb_schema: str) -> Iterator[str]:
    """An empty ledger with its tables."""
    url = mariadb_server.borrow_database(mariadb_schema)
    yield url
    mariadb_server.give_back(url)


@pytest.fixture(scope="session")
def empty_mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a mirror that has nothing yet, to be copied."""
    file = tmp_path_factory.mktemp("mirror") / "empty.sqlite"
    make_mirror(file)
    return file


@pytest.fixture
def ldap_ledger(slapd_server: SlapdServer, empty_mirror: Path) -> str:
    """An empty ledger with its entries, and a mirror. It stays until the server goes: deleting it takes longer."""
    url = slapd_server.url(f"ou=contract_{next(_NUMBERS)},{SUFFIX}")
    shutil.copyfile(empty_mirror, slapd_server.mirror(url))
    plugins.upgrade_schema(url)
    return url


@pytest.fixture(scope="session")
def mysql_schema(mysql_server: MysqlServer) -> str:
    """The same of MySQL."""
    url = mysql_server.new_database()
    upgrade(url)
    return mysql_server.dump_schema(url)


@pytest.fixture
def mysql_ledger(mysql_server: MysqlServer, mysql_schema: str) -> Iterator[str]:
    """An empty ledger with its tables."""
    url = mysql_server.borrow_database(mysql_schema)
    yield url
    mysql_server.give_back(url)


@pytest.fixture
def sqlite_ledger(tmp_path: Path) -> str:
    """An empty ledger with its tables."""
    url = f"sqlite:///{tmp_path}/pagetoll.db"
    upgrade(url)
    return url


@pytest.fixture(params=["sqlite", *SERVERS, "ldap"])
def ledger_url(request: pytest.FixtureRequest) -> str:
    """An empty ledger with its tables, on each database."""
    return _ledger_on(request)


@pytest.fixture(params=["sqlite", *SERVERS])
def sql_ledger_url(request: pytest.FixtureRequest) -> str:
    """The same on those where SQL reaches the ledger itself."""
    return _ledger_on(request)


@pytest.fixture(params=[*SERVERS])
def server_ledger_url(request: pytest.FixtureRequest) -> str:
    """The same on those that are servers."""
    return _ledger_on(request)


def _ledger_on(request: pytest.FixtureRequest) -> str:
    fixtures = {
        "sqlite": "sqlite_ledger",
        "postgresql": "postgres_ledger",
        "mariadb": "mariadb_ledger",
        "mysql": "mysql_ledger",
        "ldap": "ldap_ledger",
    }
    return str(request.getfixturevalue(fixtures[request.param]))


@pytest.fixture
def books(ledger_url: str) -> Iterator[Books]:
    opened = Books(ledger_url)
    yield opened
    opened.close()


@pytest.fixture
def sql_books(sql_ledger_url: str) -> Iterator[Books]:
    opened = Books(sql_ledger_url)
    yield opened
    opened.close()


@pytest.fixture
def there(slapd_server: SlapdServer, here: Books) -> Iterator[Books]:
    """The books of a test's own `here`, in a directory, on another print server."""
    opened = another_print_server(slapd_server, here)
    yield opened
    opened.close()

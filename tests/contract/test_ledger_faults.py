# SPDX-License-Identifier: Apache-2.0
"""A database that is away, locked, read-only, full, or of another version: a clear error, nothing half done."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import Connection, create_engine, inspect, text, update

from contract.books import Books
from lab.databases import FAMILY, SERVERS
from lab.mysql_family import FamilyServer
from lab.postgres import PostgresServer
from pagetoll import plugins
from pagetoll.core.errors import SchemaMismatch, StorageConflict, StorageError, StorageUnavailable, UsageError
from pagetoll.core.policy import ALLOWED
from pagetoll.ports import CatalogueTransaction
from pagetoll.storage.sql.engine import parse_url
from pagetoll.storage.sql.migrate import upgrade
from pagetoll.storage.sql.schema import accounts


def a_ledger(url: str, busy_timeout_s: float = 0.2) -> Books:
    books = Books(url, busy_timeout_s=busy_timeout_s)
    books.printer()
    books.user()
    books.entry(hard=10)
    return books


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Path:
    upgrade(f"sqlite:///{tmp_path}/pagetoll.db")
    return tmp_path / "pagetoll.db"


def test_the_check_of_a_good_ledger_says_nothing_and_upgrading_again_is_harmless(ledger_url: str) -> None:
    plugins.upgrade_schema(ledger_url)
    Books(ledger_url).ledger.check()


@pytest.fixture(params=[*SERVERS])
def server_url(request: pytest.FixtureRequest) -> str:
    """An empty database of a server."""
    return str(request.getfixturevalue("postgres_url" if request.param == "postgresql" else f"{request.param}_url"))


def test_a_ledger_without_tables_says_what_to_run(server_url: str) -> None:
    with pytest.raises(SchemaMismatch, match="run: pagetoll init"):
        Books(server_url).ledger.check()


def test_tables_of_another_version_are_refused(sql_ledger_url: str) -> None:
    books = Books(sql_ledger_url)
    books.damage("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaMismatch, match="9999"):
        books.ledger.check()
    with pytest.raises(SchemaMismatch):
        Books(sql_ledger_url).view()


def test_a_column_that_is_gone_is_another_version_too(sql_ledger_url: str) -> None:
    books = Books(sql_ledger_url)
    books.damage("ALTER TABLE attempts RENAME COLUMN findings TO faults")
    with pytest.raises(SchemaMismatch):
        list(books.ledger.history())


def test_a_missing_file_is_not_created_by_use(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable, match="pagetoll init"):
        Books(f"sqlite:///{tmp_path}/none.db").ledger.check()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "pagetoll.db").write_text("Dear diary, " * 1000)
    with pytest.raises(StorageUnavailable, match="no database"):
        Books(f"sqlite:///{tmp_path}/pagetoll.db").ledger.check()


def test_a_lock_that_another_program_keeps_is_waited_for_and_then_named(sqlite_file: Path) -> None:
    books = a_ledger(f"sqlite:///{sqlite_file}")
    facts, plan = books.facts(), books.plan(1)
    other = sqlite3.connect(sqlite_file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageUnavailable, match="locked"):
        books.ledger.reserve(facts, plan, ALLOWED, ())
    assert books.view().entries
    other.execute("ROLLBACK")
    books.ledger.reserve(facts, plan, ALLOWED, ())
    assert books.pages().reserved == 1


def test_a_row_that_another_session_keeps_is_waited_for_and_then_named(server_ledger_url: str) -> None:
    books = a_ledger(server_ledger_url)
    facts, plan = books.facts(), books.plan(1)
    other = create_engine(server_ledger_url)
    with other.begin() as connection:
        connection.execute(text("SELECT id FROM users FOR UPDATE"))
        with pytest.raises(StorageUnavailable, match=r"(?i)lock (wait )?timeout"):
            books.ledger.reserve(facts, plan, ALLOWED, ())
    other.dispose()
    books.ledger.reserve(facts, plan, ALLOWED, ())
    assert books.pages().reserved == 1


def test_a_read_only_postgresql_fails_the_check(postgres_server: PostgresServer, postgres_url: str) -> None:
    upgrade(postgres_url)
    name = postgres_url.rpartition("/")[2]
    postgres_server.run_sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with pytest.raises(StorageUnavailable, match="read-only"):
        Books(postgres_url).ledger.check()


@pytest.fixture(params=FAMILY)
def family_server(request: pytest.FixtureRequest) -> FamilyServer:
    """MariaDB, and MySQL where there is one."""
    server: FamilyServer = request.getfixturevalue(SERVERS[request.param])
    return server


@pytest.fixture
def reader_url(family_server: FamilyServer) -> Iterator[str]:
    """A ledger by the URL of a login that may only read it."""
    ledger = family_server.new_database()
    upgrade(ledger)
    name = ledger.rpartition("/")[2]
    family_server.run_sql("CREATE USER reader@localhost IDENTIFIED BY 'secret'")
    family_server.run_sql(f"GRANT SELECT ON {name}.* TO reader@localhost")
    yield ledger.replace("root@", "reader:secret@")
    family_server.run_sql("SET GLOBAL read_only = 0; DROP USER reader@localhost")
    family_server.drop_database(ledger)


def test_a_server_that_may_not_be_written_fails_the_check(family_server: FamilyServer, reader_url: str) -> None:
    with pytest.raises(StorageUnavailable, match=r"(UPDATE|SELECT with locking clause) command denied"):
        Books(reader_url).ledger.check()
    family_server.run_sql(f"GRANT ALL ON {reader_url.rpartition('/')[2]}.* TO reader@localhost")
    Books(reader_url).ledger.check()
    family_server.run_sql("SET GLOBAL read_only = 1")
    with pytest.raises(StorageUnavailable, match="--read-only"):
        Books(reader_url).ledger.check()


def test_what_a_server_does_not_let_in_is_named_without_its_password(reader_url: str) -> None:
    where, _slash, name = reader_url.rpartition("@")[2].partition("/")
    for login, database, said in (
        ("reader:secret-guess", name, "Access denied"),
        ("reader:secret", "mysql", "Access denied"),
        ("root", "elsewhere", "Unknown database"),
    ):
        with pytest.raises(StorageUnavailable, match=said) as caught:
            Books(f"mysql://{login}@{where}/{database}", busy_timeout_s=2).ledger.check()
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_server_that_is_away_is_named_without_its_password(scheme: str) -> None:
    books = Books(f"{scheme}://anna:secret@127.0.0.1:1/ledger", busy_timeout_s=2)
    with pytest.raises(StorageUnavailable, match=r"127\.0\.0\.1.*refused") as caught:
        books.ledger.check()
    assert "secret" not in str(caught.value)


def test_files_and_sockets_that_a_mysql_url_names_and_are_not_there_are_named(tmp_path: Path) -> None:
    for option in ("ssl_ca", "unix_socket"):
        books = Books(f"mysql://anna:secret@localhost/ledger?{option}={tmp_path}/none")
        with pytest.raises(StorageUnavailable, match="No such file") as caught:
            books.ledger.check()
        assert quote(str(tmp_path), safe="") in str(caught.value)


def drop_connections(request: pytest.FixtureRequest, url: str) -> None:
    """What a restarted server or a firewall does to the connections to a database."""
    name = url.rpartition("/")[2]
    if url.startswith("postgresql"):
        server = request.getfixturevalue("postgres_server")
        server.run_sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    else:
        request.getfixturevalue(SERVERS[url.partition("+")[0]]).send_away(name)


def test_a_connection_that_the_server_dropped_costs_no_job(
    request: pytest.FixtureRequest, server_ledger_url: str
) -> None:
    books = a_ledger(server_ledger_url)
    facts, plan = books.facts(), books.plan(1)
    drop_connections(request, server_ledger_url)
    books.ledger.reserve(facts, plan, ALLOWED, ())
    assert books.pages().reserved == 1


READ_ONLY_PROBE = """
import os, sys
os.setuid(65534)
from contract.books import Books
from pagetoll.core.errors import StorageUnavailable
try:
    Books(sys.argv[1], busy_timeout_s=0.2).ledger.check()
except StorageUnavailable as error:
    print(error)
"""


def test_a_file_that_may_not_be_written_is_named(sqlite_file: Path, tmp_path: Path) -> None:
    """As another user, for root may write everything."""
    folder = Path("/tmp") / f"read-only-{os.getpid()}"
    folder.mkdir(mode=0o755)
    try:
        copy = folder / "pagetoll.db"
        with sqlite3.connect(sqlite_file) as source, sqlite3.connect(copy) as target:
            source.backup(target)
        copy.chmod(0o444)
        said = run_as_nobody(READ_ONLY_PROBE, f"sqlite:///{copy}")
    finally:
        shutil.rmtree(folder)
    assert "check its owner, mode and file system" in said


def run_as_nobody(script: str, url: str) -> str:
    # The interpreter may lie where only root can read, so everything is loaded before.
    loaded = "from contract.books import Books\nBooks('sqlite:////no/ledger')\n"
    command = [sys.executable, "-c", loaded + script, url]
    done = subprocess.run(
        command, env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True, check=False, cwd="/"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_refuses_the_reserve_and_the_books_stay_clean(tiny_disk: Path) -> None:
    url = f"sqlite:///{tiny_disk}/pagetoll.db"
    upgrade(url)
    books = a_ledger(url)
    facts, plan = books.facts(), books.plan(1)
    filler = tiny_disk / "filler"
    with pytest.raises(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1024))
    with pytest.raises(StorageUnavailable, match="full"):
        for _ in range(200):
            books.hold(0)
    filler.unlink()
    assert books.audit() == []
    books.ledger.reserve(facts, plan, ALLOWED, ())


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "mysql://x",
        "mysql://x/y?port=1",
        "mysql://x/y?ssl_check_hostname=1",
        "oracle://x/y",
        "sqlite://",
        "sqlite:///:memory:",
    ],
)
def test_a_url_that_is_no_ledger_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        parse_url(url)


@pytest.mark.parametrize(("scheme", "package"), [("postgresql", "psycopg"), ("mysql", "pymysql")])
def test_a_driver_that_is_not_installed_is_named(scheme: str, package: str) -> None:
    opened = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from pagetoll.core.errors import PluginError\nfrom contract.books import Books\n"
        f"try: Books('{scheme}://x/y')\nexcept PluginError as error: print(error)"
    )
    environment = {"PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run([sys.executable, "-c", opened], env=environment, capture_output=True, text=True, check=True)
    assert f"pip install {package}" in done.stdout


def test_a_store_is_found_by_the_scheme_of_its_url(ledger_url: str) -> None:
    books = Books(ledger_url)
    ledger = plugins.open_ledger(ledger_url, clock=books.clock)
    ledger.check()
    plugins.open_catalogue(ledger_url, clock=books.clock).printers()
    ledger.close()
    with pytest.raises(UsageError, match="ldap, ldapi, ldaps, mariadb, mysql, postgresql, sqlite"):
        plugins.open_ledger("oracle://x", clock=books.clock)


def test_nothing_is_left_of_the_tables_of_a_broken_upgrade(tmp_path: Path) -> None:
    """All or nothing: a table of one of our names is in the way of the last step."""
    file = tmp_path / "pagetoll.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE reservations (x)")
    with pytest.raises(Exception, match="already exists"):
        upgrade(f"sqlite:///{file}")
    engine = create_engine(f"sqlite:///{file}")
    assert inspect(engine).get_table_names() == ["reservations"]
    engine.dispose()


LOST_RACE = {
    "postgresql": "DO $$ BEGIN RAISE EXCEPTION 'could not serialize' USING ERRCODE = '40001'; END $$",
    "mysql": "SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'Deadlock found'",
}


@pytest.mark.parametrize(("races_lost", "written"), [(0, True), (3, True), (99, False)])
def test_a_lost_race_is_tried_again_but_not_for_ever(server_ledger_url: str, races_lost: int, written: bool) -> None:
    books = a_ledger(server_ledger_url)
    account_id = books.entry()
    left = iter(range(races_lost))

    def work(connection: Connection) -> None:
        connection.execute(update(accounts).where(accounts.c.id == account_id).values(hard_limit=77))
        if next(left, None) is not None:
            connection.exec_driver_sql(LOST_RACE[connection.dialect.name])

    if written:
        books.database.write(work)
    else:
        with pytest.raises(StorageConflict):
            books.database.write(work)
    assert books.account(account_id).hard_limit == (77 if written else 10)


def test_the_same_new_name_from_two_sides_is_a_conflict_that_the_next_try_can_see(ledger_url: str) -> None:
    books = a_ledger(ledger_url)
    tries = 0

    def work(transaction: CatalogueTransaction) -> None:
        nonlocal tries
        tries += 1
        transaction.add_users(["anna" if tries < 3 else "anna2"])

    books.change(work)
    assert books.view("anna2").user_id is not None
    assert tries == 3


def test_what_a_statement_of_ours_gets_wrong_is_no_reason_to_wait(ledger_url: str) -> None:
    books = a_ledger(ledger_url)
    with pytest.raises(StorageError) as caught:
        books.damage("UPDATE accounts SET reserved = -1")
    assert not caught.value.retryable
    assert books.audit() == []

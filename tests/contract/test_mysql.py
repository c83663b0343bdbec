# SPDX-License-Identifier: Apache-2.0
"""What is MySQL's and MariaDB's alone: upgrades that stop halfway, tables of others, servers that are too old."""

import contextlib
import itertools
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine, event, inspect, text
from sqlalchemy.engine import Engine

from contract.books import Books
from lab.databases import FAMILY, SERVERS
from lab.mariadb import MariadbServer
from lab.mysql_family import FamilyServer
from pagetoll.core.errors import StorageError, StorageUnavailable
from pagetoll.storage.sql.migrate import upgrade
from pagetoll.storage.sql.schema import metadata


class PowerCut(Exception):
    """Ends an upgrade at a statement."""


def is_cut_after(url: str, statements: int) -> bool:
    """Runs an upgrade up to so many statements that change tables; whether it was to have more."""
    seen = 0

    def count(_connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        nonlocal seen
        if statement.strip().startswith(("CREATE TABLE", "CREATE INDEX", "ALTER TABLE")):
            seen += 1
            if seen > statements:
                raise PowerCut

    event.listen(Engine, "before_cursor_execute", count)
    try:
        upgrade(url)
    except PowerCut:
        return True
    finally:
        event.remove(Engine, "before_cursor_execute", count)
    return False


@pytest.fixture(params=FAMILY)
def server(request: pytest.FixtureRequest) -> FamilyServer:
    found: FamilyServer = request.getfixturevalue(SERVERS[request.param])
    return found


@pytest.fixture
def empty_url(server: FamilyServer) -> Iterator[str]:
    """A database without tables."""
    url = server.new_database()
    yield url
    server.drop_database(url)


def test_an_upgrade_that_stopped_anywhere_goes_on_when_repeated(
    request: pytest.FixtureRequest, server: FamilyServer, empty_url: str
) -> None:
    whole = request.getfixturevalue("mariadb_schema" if isinstance(server, MariadbServer) else "mysql_schema")
    cuts = list(itertools.takewhile(lambda statements: is_cut_after(empty_url, statements), itertools.count(1, 7)))
    assert len(cuts) > 3
    assert server.dump_schema(empty_url) == whole
    books = Books(empty_url)
    books.printer()
    books.user()
    books.entry()
    books.print(1)
    assert books.audit() == []
    books.close()


def test_a_table_of_another_program_is_not_taken_for_the_ledger_s(empty_url: str) -> None:
    engine = create_engine(empty_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE users (name TEXT)"))
    with pytest.raises(StorageError, match="“users” already exists"):
        upgrade(empty_url)
    assert inspect(engine).get_table_names() == ["users"]
    engine.dispose()


def test_all_tables_are_transactional_and_compare_octets(server: FamilyServer, empty_url: str) -> None:
    upgrade(empty_url)
    engine = create_engine(empty_url)
    with engine.begin() as connection:
        asked = text(
            "SELECT table_name, engine, table_collation FROM information_schema.tables"
            " WHERE table_schema = database()"
        )
        found = {name: (kind, collation) for name, kind, collation in connection.execute(asked)}
    engine.dispose()
    assert set(found) == {*metadata.tables, "alembic_version"}
    del found["alembic_version"]
    octets = "utf8mb4_nopad_bin" if isinstance(server, MariadbServer) else "utf8mb4_0900_bin"
    assert set(found.values()) == {("InnoDB", octets)}


def test_a_database_may_have_the_longest_name_that_there_is(server: FamilyServer) -> None:
    name = "d" * 64
    server.run_sql(f"CREATE DATABASE {name}")
    try:
        upgrade(server.url(name))
        books = Books(server.url(name))
        books.ledger.check()
        books.close()
    finally:
        server.drop_database(server.url(name))


def greeting(version: str, login: str = "mysql_native_password") -> bytes:
    """The first packet of a server (protocol version 10) that offers no TLS."""
    capabilities = 0x0000_8000 | 0x0000_0200 | 0x0008_0000  # secure connection, 4.1 protocol, plugins
    hello = b"".join(
        (
            b"\x0a",
            version.encode() + b"\0",
            (1).to_bytes(4, "little"),
            b"12345678\0",
            (capabilities & 0xFFFF).to_bytes(2, "little"),
            b"\x2d\x02\x00",
            (capabilities >> 16).to_bytes(2, "little"),
            b"\x15" + bytes(10),
            b"123456789012\0",
            login.encode() + b"\0",
        )
    )
    return len(hello).to_bytes(3, "little") + b"\0" + hello


def answer(connection: socket.socket, version: str) -> None:
    """Greets, and finds everything good that is said, until the other side goes. One whose version ends with "sha2"
    wants the password encrypted by its key first; one that ends with "lost" has lost count of its packets."""
    step = 0 if version.endswith("lost") else 1
    wishes = [b"\x01\x04", b"\x01" + b"its key"] if version.endswith("sha2") else []
    with connection, connection.makefile("rb") as reader:
        connection.sendall(greeting(version, "caching_sha2_password" if wishes else "mysql_native_password"))
        while header := reader.read(4):
            reader.read(int.from_bytes(header[:3], "little"))
            said = wishes.pop(0) if wishes else b"\x00\x00\x00\x02\x00\x00\x00"
            connection.sendall(len(said).to_bytes(3, "little") + bytes([header[3] + step]) + said)


@pytest.fixture
def server_that_says(request: pytest.FixtureRequest) -> Iterator[int]:
    """The port of one that says it is of a version and lets everybody in."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _address = listening.accept()
            except OSError:
                return
            with contextlib.suppress(ConnectionError):  # gone without listening to the last answer
                answer(connection, request.param)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join()


@pytest.mark.parametrize(
    ("server_that_says", "named"),
    [
        ("5.7.44-log", "the server is MySQL 5.7.44-log"),
        ("8.0.16", "the server is MySQL 8.0.16"),
        ("8.0.11-TiDB-v7.5.0", "the server is MySQL 8.0.11-TiDB-v7.5.0"),
        ("5.5.5-10.5.23-MariaDB-1:10.5.23+maria~deb11", "the server is 5.5.5-10.5.23-MariaDB"),
    ],
    indirect=["server_that_says"],
)
def test_a_server_that_the_ledger_cannot_use_is_named(server_that_says: int, named: str) -> None:
    books = Books(f"mysql://anna:secret@127.0.0.1:{server_that_says}/ledger", busy_timeout_s=2)
    with pytest.raises(StorageError, match=f"{named}.*needs MySQL 8.0.17 or MariaDB 10.6") as caught:
        books.ledger.check()
    assert not isinstance(caught.value, StorageUnavailable), "waiting does not help"
    books.close()


WITHOUT_CRYPTOGRAPHY = """
import sys
sys.modules["cryptography"] = None
from contract.books import Books
from pagetoll.core.errors import StorageUnavailable
try:
    Books(sys.argv[1], busy_timeout_s=2).ledger.check()
except StorageUnavailable as error:
    print(error)
"""


@pytest.mark.parametrize("server_that_says", ["8.4.0-sha2"], indirect=True)
def test_a_password_that_only_tls_or_another_package_can_carry_is_told(server_that_says: int) -> None:
    command = [sys.executable, "-c", WITHOUT_CRYPTOGRAPHY, f"mysql://anna:secret@127.0.0.1:{server_that_says}/ledger"]
    environment = {"PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "'cryptography' package is required" in done.stdout
    assert "or install that package" in done.stdout
    assert "secret" not in done.stdout


@pytest.mark.parametrize("server_that_says", ["8.4.0-lost"], indirect=True)
def test_a_login_that_breaks_off_in_the_middle_may_be_tried_again(server_that_says: int) -> None:
    books = Books(f"mysql://anna:secret@127.0.0.1:{server_that_says}/ledger", busy_timeout_s=2)
    with pytest.raises(StorageUnavailable, match="Packet sequence number wrong"):
        books.ledger.check()
    books.close()

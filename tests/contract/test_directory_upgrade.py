# SPDX-License-Identifier: Apache-2.0
"""A ledger of an older version in a directory is brought up with all that is in it; later mirrors read it, too."""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import URL, MetaData, create_engine

from contract.books import Books
from contract.mirrors import another_print_server, neighbour, of_directory, prove
from contract.test_ledger_crowd import a_crowded_printer
from lab.slapd import SlapdServer
from pagetoll.storage.ldap.attributes import attribute_name
from pagetoll.storage.ldap.commits import Change, framed, pack, read_changes, read_frame
from pagetoll.storage.ldap.directory import Directory
from pagetoll.storage.ldap.migrate import upgrade
from pagetoll.storage.sql.migrate import alembic_config
from pagetoll.storage.sql.schema import SCHEMA_VERSION, metadata

Columns = dict[str, frozenset[str]]


@pytest.fixture
def old_books(ldap_ledger: str) -> Iterator[Books]:
    """A ledger with jobs in it, which is going to be an older one."""
    books = a_crowded_printer(ldap_ledger, hard=None)
    books.close()
    books = neighbour(ldap_ledger)
    yield books
    books.close()


def columns_at(version: str, folder: Path) -> Columns:
    """Of each table that the version had."""
    engine = create_engine(URL.create("sqlite", database=str(folder / f"{version}.db")))
    found = MetaData()
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), version)
    found.reflect(engine)
    engine.dispose()
    return {table.name: frozenset(table.columns.keys()) for table in found.tables.values()}


def make_older(server: SlapdServer, url: str, version: str, columns: Columns) -> None:
    """Leaves the rows as that version wrote them, pending ones and entries."""
    base = server.base(url)
    head = f"cn=ledger,{base}"
    found = server.search(head, "-s", "base", "(objectClass=*)", "pagetollPending")
    values = [b64decode(text) for text in re.findall(r"^pagetollPending:: (.*)$", found, re.MULTILINE)]
    assert values
    server.change(
        f"dn: {head}\nchangetype: modify\nreplace: pagetollSchemaVersion\npagetollSchemaVersion: {version}\n-\n"
        "replace: pagetollPending\n"
        + "".join(f"pagetollPending:: {b64encode(as_then(value, columns)).decode()}\n" for value in values)
    )
    for table, now in metadata.tables.items():
        then = columns.get(table, frozenset(now.columns.keys()))
        for name in (column.name for column in now.columns if column.name not in then):
            attribute = attribute_name(name)
            entries = server.search(f"ou={table},{base}", f"({attribute}=*)", "1.1")
            names = re.findall(r"^dn: (.*)$", entries, re.MULTILINE)
            changes = [f"dn: {dn}\nchangetype: modify\ndelete: {attribute}\n" for dn in names]
            if changes:
                server.change("\n".join(changes))


def as_then(value: bytes, columns: Columns) -> bytes:
    """A pending value without what the tables did not have."""
    frame = read_frame(value)
    octets, packed = pack([narrow(change, columns) for change in read_changes(frame, frame.packed)])
    return framed(replace(frame, octets=octets, packed=packed))


def narrow(change: Change, columns: Columns) -> Change:
    if change.row is None:
        return change
    return replace(change, row={name: value for name, value in change.row.items() if name in columns[change.table]})


@pytest.mark.parametrize("version", ["0001", "0004", "0006"])
@pytest.mark.parametrize("is_written_out", [False, True], ids=["all pending", "in the row entries"])
def test_a_mirror_that_comes_after_an_upgrade_reads_rows_of_before_it(
    slapd_server: SlapdServer, old_books: Books, tmp_path: Path, version: str, is_written_out: bool
) -> None:
    """The older version's rows lack columns, those that may be NULL and others."""
    old_books.print(3)
    old_books.user("gone")
    old_books.delete_user("gone")
    if is_written_out:
        for _ in range(6):
            old_books.print(1)
        of_directory(old_books).tidy()
    posted = old_books.posted()
    old_books.close()
    make_older(slapd_server, old_books.url, version, columns_at(version, tmp_path))
    upgrade(slapd_server.with_new_mirror(old_books.url))
    first, second = (another_print_server(slapd_server, old_books) for _ in range(2))
    assert first.posted() == posted
    first.print(1)
    assert second.posted() == posted + 1
    prove(first, second)
    first.close()
    second.close()


def test_what_a_killed_upgrade_left_behind_goes_with_the_next_one(
    slapd_server: SlapdServer, old_books: Books, tmp_path: Path
) -> None:
    """And nothing else, and nothing where a link leads."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "letter").touch()
    home = slapd_server.mirror(old_books.url).parent
    (home / "pagetoll-upgrade-killed").mkdir()
    (home / "pagetoll-upgrade-killed" / "old.db").touch()
    (home / "pagetoll-upgrade-link").symlink_to(elsewhere)
    old_books.close()
    make_older(slapd_server, old_books.url, "0006", columns_at("0006", tmp_path))
    upgrade(old_books.url)
    assert [file.name for file in home.glob("pagetoll-upgrade-*")] == ["pagetoll-upgrade-link"]
    assert (elsewhere / "letter").exists()
    (home / "pagetoll-upgrade-link").unlink()


@pytest.mark.parametrize("version", ["0004", "0006"])
def test_an_older_ledger_is_brought_up_with_all_that_is_in_it(
    slapd_server: SlapdServer, ldap_ledger: str, version: str
) -> None:
    books = a_crowded_printer(ldap_ledger, hard=None)
    books.print(3)
    key = books.hold(2)
    of_directory(books).tidy()
    books.print(1)
    head = f"cn=ledger,{slapd_server.base(ldap_ledger)}"
    slapd_server.change(
        f"dn: {head}\nchangetype: modify\nreplace: pagetollSchemaVersion\npagetollSchemaVersion: {version}\n"
    )
    books.close()
    for _ in range(2):
        upgrade(ldap_ledger)
    books = Books(ldap_ledger)
    assert list(books.ledger.print_servers()) == []
    books.ledger.beat("server")
    books.settle(key, 2)
    assert books.posted() == 6
    there = another_print_server(slapd_server, books)
    prove(books, there)
    assert isinstance(of_directory(books).directory, Directory)
    assert of_directory(books).directory.head().schema_version == SCHEMA_VERSION
    there.close()
    books.close()

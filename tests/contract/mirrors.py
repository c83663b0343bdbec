# SPDX-License-Identifier: Apache-2.0
"""What tests of several print servers on one directory share."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, select

from contract.books import Books
from lab.slapd import SlapdServer
from pagetoll.storage.ldap.database import DirectoryDatabase
from pagetoll.storage.sql.schema import metadata

_FIRST_JOBS = itertools.count(1001, 1000)
Rows = dict[tuple[str, tuple[object, ...]], dict[str, object]]


def rows_in(books: Books) -> Rows:
    """All rows as this print server's mirror has them."""

    def read(connection: Connection) -> Rows:
        rows: Rows = {}
        for table in metadata.sorted_tables:
            for row in connection.execute(select(table)).mappings():
                rows[table.name, tuple(row[key.name] for key in table.primary_key.columns)] = dict(row)
        return rows

    return books.database.read(read)


def rows_in_entries(books: Books) -> Rows:
    """All rows as the directory's row entries have them."""
    changes = (change for _number, change in of_directory(books).directory.rows_since(0))
    return {(change.table, change.key): dict(change.row) for change in changes if change.row is not None}


def of_directory(books: Books) -> DirectoryDatabase:
    assert isinstance(books.database, DirectoryDatabase)
    return books.database


def prove(*mirrors: Books) -> None:
    """The books are right, all mirrors have the same, and so have the row entries when they are written."""
    assert [books.audit() for books in mirrors] == [[]] * len(mirrors)
    first, *others = [rows_in(books) for books in mirrors]
    assert others == [first] * len(others)
    of_directory(mirrors[0]).tidy()
    assert rows_in_entries(mirrors[0]) == first


@contextmanager
def doing(wrapped: Callable[[], None], books: Books, step: str, *, before: bool) -> Iterator[None]:
    """Runs `wrapped` before or after each such step that the ledger takes at the directory."""
    directory = of_directory(books).directory
    real = getattr(directory, step)

    def stepping(*words: object, **named: object) -> object:
        if before:
            wrapped()
        result = real(*words, **named)
        wrapped()
        return result

    setattr(directory, step, stepping)
    try:
        yield
    finally:
        delattr(directory, step)


def another_print_server(server: SlapdServer, books: Books) -> Books:
    """The same ledger through a mirror of its own."""
    return neighbour(server.with_new_mirror(books.url))


def neighbour(url: str) -> Books:
    """The books of a ledger that others write too: with job numbers of its own."""
    return Books(url, busy_timeout_s=60, first_job=next(_FIRST_JOBS))

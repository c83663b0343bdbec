# SPDX-License-Identifier: Apache-2.0
"""Brings a mirror to the directory's newest commit, from the commits that are pending in its head or, where those do
not reach back far enough, from the row entries.

Row entries are no snapshot: while they are read, others write them. What makes them one: every commit that is not
pending is completely in them, an image is of a whole row and has its commit's number, the newest image wins,
and reading goes on until no row was seen that is newer than the head.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from sqlalchemy import Connection, MetaData, Table, delete
from sqlalchemy.exc import IntegrityError

from pagetoll.core.errors import StorageConflict, StorageError
from pagetoll.core.messages import _
from pagetoll.storage.ldap.commits import Change, Commit, Value
from pagetoll.storage.ldap.directory import Directory
from pagetoll.storage.ldap.head_entry import Head
from pagetoll.storage.ldap.mirror import Position, set_position
from pagetoll.storage.ldap.row_writes import RowKey
from pagetoll.storage.sql.schema import metadata


class _RowsPurged(StorageConflict):
    """Entries of deleted rows went while, or before, the row entries were read."""


def bring_up(connection: Connection, directory: Directory, mine: Position, head: Head) -> Head:
    """Inside a transaction that nobody watches: brings the mirror, which is at `mine`, to `head` or a newer one, and
    returns that. The head's pending commits may be those after `mine` only.

    Raises StorageUnavailable, StorageConflict, and StorageError for a directory whose rows do not fit together.
    """
    if (mine.ledger_id, mine.number, mine.commit_id) == (head.ledger_id, head.number, head.commit_id):
        return head
    connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")  # rows come in any order
    if _is_ahead_of(head, mine):
        try:
            return _caught_up(connection, directory, mine, head)
        except _RowsPurged:
            pass  # what was deleted meanwhile nobody tells any more
    for table in reversed(metadata.sorted_tables):
        connection.execute(delete(table))
    head = directory.head()
    return _caught_up(connection, directory, Position("", 0, "", head.number), head)


def _caught_up(connection: Connection, directory: Directory, mine: Position, head: Head) -> Head:
    rows = Rows(connection)
    missing = sorted((each for each in head.pending if each.number > mine.number), key=lambda each: each.number)
    if [each.number for each in missing] != list(range(mine.number + 1, head.number + 1)):
        head, missing = read_rows(rows, directory, head, mine.number)
    for commit in missing:
        for change in commit.changes:
            rows.put(commit.number, change)
    try:
        rows.finish()
    except StorageError:
        for _row in directory.rows_since(mine.number):
            pass  # names the entry, where one is damaged
        raise
    set_position(connection, Position(head.ledger_id, head.number, head.commit_id, mine.written_out))
    return head


def _is_ahead_of(head: Head, mine: Position) -> bool:
    """Whether the mirror's state is one that the directory's came from, as far as can be told."""
    if mine.ledger_id != head.ledger_id or mine.number >= head.number or mine.number < head.purged:
        return False
    known = {commit.number: commit.commit_id for commit in head.pending}
    known |= {commit.number - 1: commit.previous_id for commit in head.pending}
    return known.get(mine.number, mine.commit_id) == mine.commit_id


def read_rows(rows: "Rows", directory: Directory, head: Head, since: int) -> tuple[Head, list[Commit]]:
    """Puts the row entries; the head that they are complete for with the commits to be put after them.

    Raises StorageConflict where deletions that have to be known may be gone.
    """
    pending = {commit.number: commit for commit in head.pending}
    rows.floor = min(pending, default=head.number + 1)
    oldest_needed = since or head.number
    while True:
        newest = 0
        # An upgrade writes anew only the rows that it changes: older ones may lack what the table has by now.
        for number, change in directory.rows_since(since, complete=False):
            rows.put(number, change)
            newest = max(newest, number)
        now = directory.head(after=head.number)
        if now.purged > oldest_needed:
            raise _RowsPurged(_("{where}: another writer was faster; try again").format(where=directory.where))
        if newest <= head.number:
            return head, [pending[number] for number in sorted(pending)]
        since, head = head.number, now
        pending |= {commit.number: commit for commit in head.pending}


class Rows:
    """Puts rows into a database of these tables, the newest image of each.

    An image may be in the way of another one, for a name that went from row to row, or of before an upgrade: what
    does not go in waits for the end. Then only newest images are left, which do not conflict and have all columns.
    """

    def __init__(
        self, connection: Connection, tables: MetaData = metadata, *, of_older_version: bool = False
    ) -> None:
        """`of_older_version`: what these tables do not have yet is passed over."""
        self._connection = connection
        self._tables = tables
        self.of_older_version = of_older_version
        #: Of images older than this there is no second one.
        self.floor = 0
        self._newest: dict[RowKey, int] = {}
        self._waiting: dict[RowKey, Change] = {}

    def put(self, number: int, change: Change) -> None:
        """Takes the image of a row from commit `number`. Raises StorageError for what is no row of the tables."""
        if self.of_older_version:
            if change.table not in self._tables.tables:
                return
            change = self._as_it_was(change)
        key = (change.table, change.key)
        if number < self._newest.get(key, 0):
            return
        if number >= self.floor:
            self._newest[key] = number
        self._waiting.pop(key, None)
        if not self._goes_in(change):
            self._waiting[key] = change

    def finish(self) -> None:
        """Puts what waits."""
        for change in self._waiting.values():
            self._run(self._statements(change.table).replace, change)

    def _as_it_was(self, change: Change) -> Change:
        known = self._tables.tables[change.table].columns.keys()
        row = None if change.row is None else {name: change.row[name] for name in known if name in change.row}
        return replace(change, row=row)

    def _goes_in(self, change: Change) -> bool:
        statements = self._statements(change.table)
        if len(change.key) != len(statements.key):
            raise _other_columns(change.table)
        if change.row is None:
            self._connection.exec_driver_sql(statements.delete, change.key)
            return True
        if not statements.fit(change.row):
            return False
        try:
            self._run(statements.upsert, change)
        except IntegrityError as error:
            if getattr(error.orig, "sqlite_errorname", "") != "SQLITE_CONSTRAINT_UNIQUE":
                raise
            return False
        return True

    def _run(self, statement: str, change: Change) -> None:
        statements = self._statements(change.table)
        if change.row is None or not statements.fit(change.row):
            raise _other_columns(change.table)
        values = tuple(change.row.get(column) for column in statements.columns)
        self._connection.exec_driver_sql(statement, values)

    def _statements(self, name: str) -> "_Statements":
        table = self._tables.tables.get(name)
        if table is None:
            raise StorageError(_("the ledger has no table {table}").format(table=repr(name[:80])))
        return _statements(table)


@dataclass(frozen=True, slots=True)
class _Statements:
    """Of one table; the parameters are the columns or the key's, in their order."""

    columns: tuple[str, ...]
    never_null: frozenset[str]
    key: tuple[str, ...]
    upsert: str
    replace: str
    delete: str

    def fit(self, row: Mapping[str, Value]) -> bool:
        """Whether the row is one of this table. What it lacks, or has beyond it, is NULL."""
        beyond = row.keys() - set(self.columns)
        return self.never_null <= row.keys() and all(row[column] is None for column in beyond)


@cache
def _statements(table: Table) -> _Statements:
    columns = tuple(column.name for column in table.columns)
    key = tuple(column.name for column in table.primary_key.columns)
    into = f"INTO {table.name} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    others = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key)
    conflict = f"ON CONFLICT ({', '.join(key)}) DO {f'UPDATE SET {others}' if others else 'NOTHING'}"
    return _Statements(
        columns=columns,
        never_null=frozenset(column.name for column in table.columns if not column.nullable or column.primary_key),
        key=key,
        upsert=f"INSERT {into} {conflict}",
        replace=f"INSERT OR REPLACE {into}",
        delete=f"DELETE FROM {table.name} WHERE {' AND '.join(f'{name} = ?' for name in key)}",  # noqa: S608
    )


def _other_columns(table: str) -> StorageError:
    return StorageError(
        _("a row of {table} has other columns than the table; upgrade Pagetoll on all print servers").format(
            table=table
        )
    )

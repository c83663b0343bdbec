# SPDX-License-Identifier: Apache-2.0
"""Creates a ledger in a directory, or brings one of an older version up to this one.

The migrations run on a copy of the ledger in a file of its own; the rows that they change become one commit, which
also says the new version. So an upgrade is done or not, and a writer who comes in between makes it start again.
"""

import fcntl
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, MetaData, Table, create_engine, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from pagetoll.core.errors import SchemaMismatch, StorageConflict
from pagetoll.core.messages import _
from pagetoll.storage.ldap.catching_up import Rows, read_rows
from pagetoll.storage.ldap.commits import Change, Value
from pagetoll.storage.ldap.database import DirectoryDatabase
from pagetoll.storage.ldap.directory import Directory
from pagetoll.storage.ldap.head_entry import Head
from pagetoll.storage.ldap.stores import open_database
from pagetoll.storage.sql.engine import CONFLICT_TRIES
from pagetoll.storage.sql.faults import storage_error
from pagetoll.storage.sql.migrate import alembic_config
from pagetoll.storage.sql.schema import SCHEMA_VERSION, metadata

BUSY_TIMEOUT_S = 60.0
_PREFIX = "pagetoll-upgrade-"


def upgrade(url: str) -> None:
    """Brings the ledger at `url` to the newest schema; creates its entries where there are none, and the mirror.

    All or nothing, harmless when repeated. Raises UsageError for a wrong URL, StorageUnavailable, StorageError.
    """
    with closing(open_database(url, clock=lambda: datetime.now(UTC), busy_timeout_s=BUSY_TIMEOUT_S)) as database:
        database.directory.create(SCHEMA_VERSION)
        for tries_left in reversed(range(CONFLICT_TRIES)):
            head = database.directory.head()
            if head.schema_version == SCHEMA_VERSION:
                break
            try:
                _bring_up(database, head)
                break
            except StorageConflict:
                if not tries_left:
                    raise
        database.check()


def _bring_up(database: DirectoryDatabase, head: Head) -> None:
    with _room(database.mirror.file.parent) as folder:
        try:
            changes = list(_changes(database.directory, head, folder))
        except DBAPIError as error:
            raise storage_error(error, database.where) from error
    after = (head.number, head.commit_id)
    database.directory.commit(after, uuid.uuid4().hex, changes, schema_version=SCHEMA_VERSION)


@contextmanager
def _room(home: Path) -> Iterator[Path]:
    """A folder for the copies, for one upgrade at a time; what those that were killed left behind goes first."""
    descriptor = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        for leftover in home.glob(f"{_PREFIX}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=home, prefix=_PREFIX) as folder:
            yield Path(folder)
    finally:
        os.close(descriptor)


def _changes(directory: Directory, head: Head, folder: Path) -> Iterator[Change]:
    """What the migrations make of the ledger at `head`. Raises StorageConflict where it goes on meanwhile."""
    old_file, new_file = folder / "old.db", folder / "new.db"
    with _transaction(old_file) as connection:
        _check_known(connection, directory, head)
        command.upgrade(alembic_config(connection), head.schema_version)
    with _transaction(old_file) as connection:
        old = MetaData()
        old.reflect(connection)
        rows = Rows(connection, old, of_older_version=True)
        newest, pending = read_rows(rows, directory, head, 0)
        if newest.number != head.number:
            raise StorageConflict(_("{where}: another writer was faster; try again").format(where=directory.where))
        for commit in pending:
            for change in commit.changes:
                rows.put(commit.number, change)
        rows.finish()
    shutil.copyfile(old_file, new_file)
    with _transaction(new_file) as connection:
        command.upgrade(alembic_config(connection), SCHEMA_VERSION)
    with _transaction(old_file) as before, _transaction(new_file) as after:
        for table in metadata.sorted_tables:
            yield from _differences(_in_order(before, old.tables.get(table.name)), _in_order(after, table))


def _check_known(connection: Connection, directory: Directory, head: Head) -> None:
    known = ScriptDirectory.from_config(alembic_config(connection))
    if head.schema_version not in {script.revision for script in known.walk_revisions()}:
        raise SchemaMismatch(
            _("{where}: the ledger is of version {found}, newer than this program; upgrade Pagetoll here").format(
                where=directory.where, found=head.schema_version
            )
        )


@contextmanager
def _transaction(file: Path) -> Iterator[Connection]:
    """On a file that nobody else uses. What it holds is complete when it is made; keys are not looked after."""
    engine = create_engine(URL.create("sqlite", database=str(file)), poolclass=NullPool)
    with engine.begin() as connection:
        yield connection


def _in_order(connection: Connection, table: Table | None) -> Iterator[Change]:
    """The rows of a table by their keys."""
    if table is None:
        return
    keys = list(table.primary_key.columns)
    for row in connection.execute(select(table).order_by(*keys)):
        values = row._mapping
        yield Change(
            table.name, tuple(values[key] for key in keys), {column.name: values[column] for column in table.columns}
        )


def _differences(before: Iterator[Change], after: Iterator[Change]) -> Iterator[Change]:
    """What makes the rows before those after; both are in the order of their keys."""
    old, new = next(before, None), next(after, None)
    while old is not None or new is not None:
        if new is None or (old is not None and old.key < new.key):
            assert old is not None
            yield Change(old.table, old.key, None)
            old = next(before, None)
        elif old is None or new.key < old.key:
            yield new
            new = next(after, None)
        else:
            if _filled(old) != _filled(new):
                yield new
            old, new = next(before, None), next(after, None)


def _filled(change: Change) -> dict[str, Value]:
    """The columns that are something: an entry has no others."""
    return {name: value for name, value in (change.row or {}).items() if value is not None}

# SPDX-License-Identifier: Apache-2.0
"""The mirror: an SQLite file with the ledger's tables as they stand in the directory at one commit.

It is a cache. It may be deleted, damaged or old at any time; then it is made anew and filled from the directory. All
processes of a print server share one: its write lock (BEGIN IMMEDIATE) is the lock of that host. A file that is of no
use is replaced by another one under an flock of the file beside it; who still has the old one open notices by its
inode when he next takes a connection.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.pool import NullPool

from pagetoll.core.errors import StorageUnavailable
from pagetoll.core.messages import _
from pagetoll.storage.ldap.capture import begin
from pagetoll.storage.sql.engine import sqlite_engine
from pagetoll.storage.sql.schema import SCHEMA_VERSION, metadata, schema_version

#: One row. `written_out`: the number of the commit up to which this host has looked after the row entries.
_position = Table(
    "mirror",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("ledger_id", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("commit_id", Text, nullable=False),
    Column("written_out", BigInteger, nullable=False),
)
MIRROR_TABLE = _position.name
_READ = select(_position.c.ledger_id, _position.c.number, _position.c.commit_id, _position.c.written_out)
_WRITE = update(_position)


@dataclass(frozen=True, slots=True)
class Position:
    """Which state of which ledger a mirror holds: the one after commit `number`. An empty ledger's is 0."""

    ledger_id: str
    number: int
    commit_id: str
    written_out: int = 0


class _Opened(sqlite3.Connection):
    """A connection that knows its file."""

    inode: int | None = None


class Mirror:
    """A mirror's file, and the engine on it."""

    def __init__(self, file: Path, busy_timeout_s: float) -> None:
        self.file = file
        engine = sqlite_engine(str(file), busy_timeout_s, begin=begin, factory=self._open)
        event.listen(engine, "connect", _note_file)
        event.listen(engine, "checkout", self._refuse_another_file)
        # They wait for no disk: what a power cut takes is in the directory.
        self.watched = engine.execution_options(relaxed=True, watched=True)
        self.engine = engine.execution_options(relaxed=True)

    def inode(self) -> int | None:
        """The file's; None when there is none."""
        try:
            return self.file.stat().st_ino
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable(error) from error

    def replace(self, inode: int | None) -> None:
        """Puts an empty mirror in the place of the file with that inode; nothing when another one is there by now.

        Raises StorageUnavailable.
        """
        try:
            with self._alone():
                if self.inode() != inode:
                    return
                new = self.file.with_name(f"{self.file.name}.new")
                make_mirror(new)
                # What is left of the old one would be taken for the new one's.
                for leftover in (
                    self.file,
                    *(self.file.with_name(f"{self.file.name}-{end}") for end in ("wal", "shm")),
                ):
                    leftover.unlink(missing_ok=True)
                new.replace(self.file)
        except OSError as error:
            raise self._unusable(error) from error
        finally:
            self.engine.dispose()

    def is_sound(self) -> bool:
        """Whether the file has the tables of this version."""
        try:
            with closing(sqlite3.connect(f"{self.file.as_uri()}?mode=ro", uri=True)) as connection:
                versions = connection.execute("SELECT version_num FROM alembic_version").fetchall()
                names = {
                    name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
                }
                rows = connection.execute("SELECT number FROM mirror").fetchall()
        except sqlite3.Error:
            return False
        return versions == [(SCHEMA_VERSION,)] and len(rows) == 1 and metadata.tables.keys() <= names

    @contextmanager
    def _alone(self) -> Iterator[None]:
        descriptor = os.open(
            self.file.with_name(f"{self.file.name}.lock"),
            os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW,
            0o600,
        )
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _open(self, *words: Any, **named: Any) -> sqlite3.Connection:
        # Looked at first: a file that is replaced while it is opened counts as the old one.
        inode = self.inode()
        connection = _Opened(*words, **named)
        connection.inode = inode
        return connection

    def _refuse_another_file(self, _connection: Any, record: Any, _proxy: Any) -> None:
        if record.info.get("inode") != self.inode():
            raise DisconnectionError("the mirror was replaced")

    def _unusable(self, error: OSError) -> StorageUnavailable:
        return StorageUnavailable(
            _("the ledger's mirror {file} cannot be used: {error}; check its folder's owner, mode and room").format(
                file=self.file, error=error.strerror
            )
        )


def _note_file(connection: _Opened, record: Any) -> None:
    record.info["inode"] = connection.inode


def make_mirror(file: Path) -> None:
    """Makes an empty one, in the place of what is there. Raises OSError."""
    from pagetoll.storage.sql.partial_indexes import whole_schema  # reads other databases' dialects

    for name in (file.name, f"{file.name}-journal", f"{file.name}-wal", f"{file.name}-shm"):
        file.with_name(name).unlink(missing_ok=True)
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    engine = create_engine(URL.create("sqlite", database=str(file)), poolclass=NullPool)
    try:
        with engine.begin() as connection:
            whole_schema.create_all(connection)
            schema_version.create(connection)
            connection.execute(insert(schema_version).values(version_num=SCHEMA_VERSION))
            _add_position(connection)
        with engine.connect() as connection:
            # Kept in the file: many who open it at once need not change it, which only one can.
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    except DBAPIError as error:
        raise OSError(0, str(error.orig)) from error


def _add_position(connection: Connection) -> None:
    """Makes a database of the ledger's tables a mirror that has nothing yet."""
    _position.create(connection)
    connection.execute(insert(_position).values(id=1, ledger_id="", number=0, commit_id="", written_out=0))


def read_position(connection: Connection) -> Position:
    return Position(*connection.execute(_READ).one())


def set_position(connection: Connection, position: Position) -> None:
    connection.execute(
        _WRITE.values(
            ledger_id=position.ledger_id,
            number=position.number,
            commit_id=position.commit_id,
            written_out=position.written_out,
        )
    )

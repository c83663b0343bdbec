# SPDX-License-Identifier: Apache-2.0
"""A Database whose truth is a directory: each transaction runs on this host's mirror and becomes one commit there.

Write: under the mirror's write lock bring it to the directory's commit n, run the work, ask the directory to take
what it changed as commit n + 1, and only then commit the mirror. Whatever dies in between, nothing is in the mirror
that the directory did not accept, and what the directory accepted comes back with the next reading of its head. Read:
ask for the head's number, bring the mirror there if it is elsewhere, read it.
"""

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TypeVar

from sqlalchemy import Connection, Engine, event

from pagetoll.core.errors import SchemaMismatch, StorageConflict, StorageError, StorageUnavailable, UsageError
from pagetoll.core.messages import _
from pagetoll.ports import Clock
from pagetoll.storage.ldap.address import Address
from pagetoll.storage.ldap.capture import taken
from pagetoll.storage.ldap.catching_up import bring_up
from pagetoll.storage.ldap.commits import Change
from pagetoll.storage.ldap.directory import Directory
from pagetoll.storage.ldap.head_entry import Head
from pagetoll.storage.ldap.mirror import Mirror, Position, read_position, set_position
from pagetoll.storage.sql.engine import CONFLICT_PAUSE_S, CONFLICT_TRIES, Database
from pagetoll.storage.sql.faults import UPGRADE
from pagetoll.storage.sql.schema import SCHEMA_VERSION

Result = TypeVar("Result")
#: After so many commits of this host's it looks whether the row entries are to be written.
COMMITS_A_CHECKPOINT = 32
WRITING_OUT_S = 2.0
TIDYING_S = 20.0
PURGES_APART_S = 3600.0
#: A mirror that was away for longer is built anew; a commit's parts are there before it.
KEPT_GONE = timedelta(days=7)
KEPT_PARTS = timedelta(days=1)
#: SQLite's names for what a new file mends.
_MOVED = "SQLITE_READONLY_DBMOVED"
_CANTOPEN = "SQLITE_CANTOPEN"
_CONSTRAINT = "SQLITE_CONSTRAINT"
_DAMAGES = ("SQLITE_NOTADB", "SQLITE_CORRUPT", _CANTOPEN)


class MirrorDamaged(StorageUnavailable):
    """The mirror's file is missing or of no use."""


class Overtaken(StorageConflict):
    """Another print server's commit came first."""


class _Behind(Exception):
    """The mirror is not at the directory's commit."""


class DirectoryDatabase(Database):
    """The ledger of a directory, by way of this host's mirror."""

    def __init__(self, address: Address, *, clock: Clock, busy_timeout_s: float) -> None:
        """Connects at the first use. Raises UsageError for an address without a mirror."""
        if address.mirror is None:
            raise UsageError(
                _("{where}: say where this machine keeps its copy: add the option mirror=/path/of/a/file").format(
                    where=address.where
                )
            )
        self.directory = Directory(address, timeout_s=busy_timeout_s)
        self.mirror = Mirror(address.mirror, busy_timeout_s)
        self._has_written = False
        self._writing_out = threading.Lock()
        self._purged_at = float("-inf")
        super().__init__(
            self.mirror.watched,
            self.mirror.engine,
            where=_("{where}, its mirror {file}").format(where=address.where, file=address.mirror),
            clock=clock,
            busy_timeout_s=busy_timeout_s,
        )
        event.listen(self.mirror.engine, "connect", self._look_again)

    # --- reading and writing

    def write(self, work: Callable[[Connection], Result], *, durable: bool = True) -> Result:  # noqa: ARG002
        """As `Database.write`; every commit waits for the directory."""
        deadline = time.monotonic() + self._busy_timeout_s
        tries = 0
        while True:
            tries += 1
            try:
                with self._turn():
                    result, is_due = self._repairing(lambda: self._committed(work))
                break
            except StorageConflict as conflict:
                # Somebody wins each race: as long as there is time, it may be we the next time.
                if tries >= CONFLICT_TRIES and (not isinstance(conflict, Overtaken) or time.monotonic() > deadline):
                    raise
            time.sleep(CONFLICT_PAUSE_S * random.random())  # noqa: S311
        if is_due or self.directory.checkpoint_due():
            self._write_out_if_nobody_does()
        return result

    def read(self, work: Callable[[Connection], Result], *, snapshot: bool = False) -> Result:  # noqa: ARG002
        """As `Database.read`, of the directory's newest commit; all statements see one state."""

        def look() -> Result:
            with self._reading() as connection:
                return work(connection)

        return self._repairing(look)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """As `Database.reading`; keeps nobody from writing."""
        self.read(read_position)  # mends the mirror
        with self._reading() as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        asked = self.directory.position()
        reader = self.relaxed.execution_options(reading=True)
        while True:
            with self.transaction(reader) as connection:
                mine = read_position(connection)
                is_newer = mine.number > asked[0]
                # Newer: written since we asked, unless the directory went back.
                if (mine.number, mine.commit_id) == asked or (
                    is_newer and mine.number <= self.directory.position()[0]
                ):
                    yield connection
                    return
            with self._turn():
                self._catch_up()
            asked = self.directory.position()  # another one than before, where the directory went back

    def check(self) -> None:
        self.directory.check()
        self._repairing(self._check_mirror)

    def tidy(self) -> None:
        # A mirror near the head needs no row search at its next job, and tells by the commits' ids when another
        # server has taken over that lacks some.
        self.read(read_position)
        self.directory.checkpoint(large=True, deadline_s=TIDYING_S)
        if time.monotonic() - self._purged_at > PURGES_APART_S:
            self._purged_at = time.monotonic()  # also for one that fails: it searches much
            now = self.clock()
            self.directory.purge(gone_before=now - KEPT_GONE, parts_before=now - KEPT_PARTS)

    def close(self) -> None:
        if self._has_written:
            self._write_out_if_nobody_does()
        self.directory.close()
        super().close()

    @contextmanager
    def transaction(self, engine: Engine) -> Iterator[Connection]:
        """As `Database.transaction`; raises MirrorDamaged for what a new file would mend."""
        try:
            with super().transaction(engine) as connection:
                yield connection
        except StorageError as error:
            name = _sqlite_name(error)
            if (
                name == _MOVED
                or "_".join(name.split("_")[:2]) in _DAMAGES
                or (name and isinstance(error, SchemaMismatch))
            ):
                raise MirrorDamaged(str(error)) from error
            raise

    # --- one try

    def _committed(self, work: Callable[[Connection], Result]) -> tuple[Result, bool]:
        """The result, and whether the row entries are due."""
        try:
            return self._attempt(work, is_asked=True)
        except _Behind:
            self._catch_up()
        # What is newer still is found by the directory when it is asked to take the commit.
        return self._attempt(work, is_asked=False)

    def _attempt(self, work: Callable[[Connection], Result], *, is_asked: bool) -> tuple[Result, bool]:
        landed: Position | None = None
        is_due = False
        try:
            with self.transaction(self.durable) as connection:
                mine = read_position(connection)
                if is_asked and (mine.number, mine.commit_id) != self.directory.position():
                    raise _Behind
                result = work(connection)
                if changes := taken(connection):
                    landed = self._landed(mine, changes)
                    is_due = landed.written_out == landed.number
                    set_position(connection, landed)
        except StorageError:
            if landed is None:
                raise
            # It is in the directory: the mirror lacks it, and will read it there.
        return result, is_due

    def _landed(self, mine: Position, changes: Sequence[Change]) -> Position:
        """Where the ledger stands when the directory has taken the changes."""
        commit_id = uuid.uuid4().hex
        try:
            number = self.directory.commit((mine.number, mine.commit_id), commit_id, changes)
        except StorageConflict as conflict:
            raise Overtaken(str(conflict)) from conflict
        self._has_written = True
        is_due = number - mine.written_out >= COMMITS_A_CHECKPOINT
        return Position(mine.ledger_id, number, commit_id, number if is_due else mine.written_out)

    def _catch_up(self) -> None:
        """For who has the turn: brings the mirror to the directory's newest commit."""
        try:
            with self.transaction(self.mirror.engine) as connection:
                # With the lock, for only then a mirror that is ahead of the head tells that the directory went back.
                mine = read_position(connection)
                head = self.directory.head(after=mine.number)
                self._check_version(head)
                self._check_version(bring_up(connection, self.directory, mine, head))
        except StorageError as error:
            if _sqlite_name(error).startswith(_CONSTRAINT):
                # What the directory says does not fit what the mirror had.
                raise MirrorDamaged(str(error)) from error
            raise

    def _write_out_if_nobody_does(self) -> None:
        """For who has just written: the row entries, for a short time; what does not work now, upkeep does."""
        if self._writing_out.acquire(blocking=False):
            try:
                with suppress(StorageError):
                    self.directory.checkpoint(large=False, deadline_s=WRITING_OUT_S)
            finally:
                self._writing_out.release()

    # --- the mirror's file

    def _repairing(self, attempt: Callable[[], Result]) -> Result:
        """Makes the attempt again with a new mirror when the file is of no use."""
        for is_last in (False, False, True):
            inode = self.mirror.inode()
            try:
                return attempt()
            except MirrorDamaged as damage:
                if is_last:
                    raise damage.__cause__ or damage  # noqa: B904 (it has its own cause)
                self._repair(inode, damage)
        raise AssertionError("unreachable")

    def _repair(self, inode: int | None, damage: MirrorDamaged) -> None:
        self._check_version(self.directory.head())
        if self.mirror.inode() != inode:
            return  # somebody else has done it
        said = damage.__cause__
        if isinstance(said, SchemaMismatch) and self.mirror.is_sound():
            raise said  # the statement is wrong, not the file
        if inode is not None and _sqlite_name(said).startswith(_CANTOPEN):
            raise damage
        self.mirror.replace(inode)

    def _check_mirror(self) -> None:
        with self._turn():
            self._catch_up()
            with self.transaction(self.mirror.engine) as connection:
                set_position(connection, read_position(connection))

    def _check_version(self, head: Head) -> None:
        if head.schema_version != SCHEMA_VERSION:
            raise SchemaMismatch(
                _("{where}: {what} (found {versions})").format(
                    where=self.directory.where, what=_(UPGRADE), versions=head.schema_version
                )
            )

    def _look_again(self, _connection: object, _record: object) -> None:
        self._schema_seen = False  # the file may be another one

    def _see_schema(self, connection: Connection) -> None:
        try:
            super()._see_schema(connection)
        except SchemaMismatch as error:
            raise MirrorDamaged(str(error)) from error


def _sqlite_name(error: BaseException | None) -> str:
    """SQLite's name for what made an error of ours; empty: something else did."""
    cause = error.__cause__ if error is not None else None
    return str(getattr(getattr(cause, "orig", None), "sqlite_errorname", ""))

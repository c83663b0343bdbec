# SPDX-License-Identifier: Apache-2.0
"""Pending commits written into the row entries and dropped from the head, and what nobody needs any more removed.

Any process may do it at any time, and several at once. Dropping is by value, after the rows are there: whoever ends
in between leaves a commit both pending and in the row entries, which means the same.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence, Set

from pagetoll.core.errors import SchemaMismatch, StorageConflict
from pagetoll.core.messages import _
from pagetoll.storage.ldap.attributes import CHANGED, GONE, Attributes, damaged, number_of
from pagetoll.storage.ldap.commits import Commit, Frame
from pagetoll.storage.ldap.connection import Connection, dropping, replacing
from pagetoll.storage.ldap.head_entry import HeadEntry, head_dn
from pagetoll.storage.ldap.parts import delete_parts, parts_dn
from pagetoll.storage.ldap.pool import Connections
from pagetoll.storage.ldap.refusals import AssertionFailed, NoSuchEntry, NoSuchValue
from pagetoll.storage.ldap.row_writes import Image, RowKey, write_rows
from pagetoll.storage.ldap.schema_files import PART_CLASS, PENDING, PURGED
from pagetoll.storage.sql.faults import UPGRADE
from pagetoll.storage.sql.schema import SCHEMA_VERSION

#: So many of the newest stay pending although they are in the row entries: other mirrors find them in the head.
KEPT_COMMITS = 8
KEPT_OCTETS = 64 * 1024
#: Values to drop stand in the request as they are: no server takes a message of any size.
_DROPPED_OCTETS = 1024 * 1024
_TRIES_TO_DROP = 5


class Checkpoints:
    """Checkpoints of one ledger. `read_head` reads its head; `read_commit` a pending commit, NoSuchEntry where its
    parts are gone. All methods raise StorageError."""

    def __init__(
        self,
        connections: Connections,
        base: str,
        where: str,
        *,
        read_head: Callable[[], HeadEntry],
        read_commit: Callable[[Frame], Commit],
    ) -> None:
        self._connections = connections
        self._base = base
        self._where = where
        self._read_head = read_head
        self._read_commit = read_commit
        # What this process wrote, of commits that are pending still: their ids, and rows by the id of the commit
        # that their image is from.
        self._written: set[str] = set()
        self._rows: set[tuple[str, RowKey]] = set()
        self._losses = 0
        self._lock = threading.Lock()

    def write(self, *, large: bool, deadline: float | None) -> int:
        """How many pending commits came into the row entries; those in parts only if `large`. Where a row is refused,
        everything else is written before the error is raised. One at a time: who waits for another until `deadline`
        (time.monotonic) leaves it to him."""
        if not self._lock.acquire(timeout=-1 if deadline is None else max(0.0, deadline - time.monotonic())):
            return 0
        try:
            return self._write(large=large, deadline=deadline)
        finally:
            self._lock.release()

    def _write(self, *, large: bool, deadline: float | None) -> int:
        entry, losses = self._read_head_and_losses()
        if entry.schema_version != SCHEMA_VERSION:
            # Another version's rows have other columns: written by that version, or after the upgrade.
            raise SchemaMismatch(f"{self._where}: {_(UPGRADE)}")
        self._forget(entry, losses)
        commits = list(self._unwritten(entry, large=large))
        if not commits:
            return 0
        images: dict[RowKey, Image] = {}
        for commit in commits:
            for change in commit.changes:
                images[change.table, change.key] = Image(commit.number, change)
        ids = {commit.number: commit.commit_id for commit in commits}
        written = {key for key, image in images.items() if (ids[image.number], key) in self._rows}
        missing = {key: image for key, image in images.items() if key not in written}
        # One connection for rows and dropping: never is something dropped where another server's rows were written.
        with self._connections.own() as connection:
            refused = write_rows(connection, self._base, missing, written, deadline=deadline)
            self._rows |= {(ids[image.number], key) for key, image in missing.items() if key in written}
            done = self._finish(connection, entry, commits, written)
        if refused is not None:
            raise refused
        return done

    def _read_head_and_losses(self) -> tuple[HeadEntry, int]:
        """The head, read while no connection was lost; and how many were before."""
        while True:
            losses = self._connections.losses
            entry = self._read_head()
            if losses == self._connections.losses:
                return entry, losses

    def _forget(self, entry: HeadEntry, losses: int) -> None:
        """What is pending no more; and after an outage everything, for a stand-by may answer now."""
        if self._losses != losses:
            self._losses = losses
            self._written.clear()
            self._rows.clear()
        pending = {frame.commit_id for frame in entry.frames.values()}
        self._written &= pending
        self._rows = {row for row in self._rows if row[0] in pending - self._written}

    def _unwritten(self, entry: HeadEntry, *, large: bool) -> Iterable[Commit]:
        for frame in entry.frames.values():
            if frame.commit_id in self._written or (frame.is_large and not large):
                continue
            try:
                yield self._read_commit(frame)
            except NoSuchEntry as error:
                if frame.number in self._read_head().frames:
                    raise damaged(head_dn(self._base), f"{PENDING} {frame.number}") from error

    def _finish(
        self, connection: Connection, entry: HeadEntry, commits: Sequence[Commit], written: Set[RowKey]
    ) -> int:
        """Drops the commits whose rows are written; how many of `commits` are. After an outage nobody knows: 0."""
        if self._losses != self._connections.losses:
            return 0
        whole = [each for each in commits if all((change.table, change.key) in written for change in each.changes)]
        self._written |= {commit.commit_id for commit in whole}
        numbers = [number for number, frame in entry.frames.items() if frame.commit_id in self._written]
        droppable = _droppable(entry, numbers)
        for chunk in _chunks(entry, droppable):
            self._drop(connection, chunk)
        delete_parts(connection, self._base, [name for number in droppable for name in entry.frames[number].parts])
        return len(whole)

    def _drop(self, connection: Connection, values: Sequence[bytes]) -> None:
        """Takes pending values out of the head, whoever else does so at the same time."""
        for _attempt in range(_TRIES_TO_DROP):
            if not values:
                return
            try:
                connection.modify(head_dn(self._base), [dropping(PENDING, values)])
                return
            except NoSuchValue:
                present = set(self._read_head().values.values())
                values = [value for value in values if value in present]
        raise StorageConflict(_("{where}: another writer was faster; try again").format(where=self._where))

    def purge(self, *, gone_before: str, parts_before: str) -> int:
        """Removes the entries of rows that were deleted, and parts that no commit names, before those generalized
        times; how many."""
        entry = self._read_head()
        # A pending commit may still have the row as it was before.
        oldest_pending = min(entry.frames, default=entry.number + 1)
        with self._connections.own() as connection:
            found = connection.search(self._base, f"(&({GONE}=TRUE)(modifyTimestamp<={gone_before}))", [CHANGED])
            gone = {dn: _number(dn, attributes) for dn, attributes in found}
            gone = {dn: number for dn, number in gone.items() if number < oldest_pending}
            parts = self._unnamed_parts(connection, entry, parts_before)
            if gone:
                self._announce(connection, max(gone.values()))
            assertions = {dn: f"(&({GONE}=TRUE)({CHANGED}={number}))" for dn, number in gone.items()}
            return sum(_is_removed(connection, dn, assertions.get(dn)) for dn in [*gone, *parts])

    def _unnamed_parts(self, connection: Connection, entry: HeadEntry, before: str) -> list[str]:
        named = {name for frame in entry.frames.values() for name in frame.parts}
        condition = f"(&(objectClass={PART_CLASS})(createTimestamp<={before}))"
        return [
            dn
            for dn, attributes in connection.search(parts_dn(self._base), condition, ["cn"])
            if not named & {value.decode("ascii", "replace") for value in attributes.get("cn", [])}
        ]

    def _announce(self, connection: Connection, newest: int) -> None:
        """Before entries go: which deletions a mirror can no longer learn of."""
        try:
            connection.modify(
                head_dn(self._base), [replacing(PURGED, [str(newest).encode()])], f"(!({PURGED}>={newest}))"
            )
        except AssertionFailed as error:
            if self._read_head().purged < newest:  # the directory's rules hide it from the assertion
                raise damaged(head_dn(self._base), PURGED) from error


def _droppable(entry: HeadEntry, written: Sequence[int]) -> list[int]:
    """All that are written but the newest few."""
    kept: set[int] = set()
    octets = 0
    for number in sorted(written, reverse=True):
        octets += len(entry.values[number])
        if entry.frames[number].is_large or len(kept) == KEPT_COMMITS or octets > KEPT_OCTETS:
            break
        kept.add(number)
    return [number for number in written if number not in kept]


def _chunks(entry: HeadEntry, numbers: Sequence[int]) -> list[list[bytes]]:
    chunks: list[list[bytes]] = []
    room = 0
    for value in (entry.values[number] for number in numbers):
        if not chunks or len(value) > room:
            chunks.append([])
            room = _DROPPED_OCTETS
        chunks[-1].append(value)
        room -= len(value)
    return chunks


def _is_removed(connection: Connection, dn: str, assertion: str | None) -> bool:
    try:
        connection.delete(dn, assertion)
    except (AssertionFailed, NoSuchEntry):
        return False  # it lives again, or somebody else did it
    return True


def _number(dn: str, attributes: Attributes) -> int:
    try:
        return number_of(attributes, CHANGED)
    except ValueError as error:
        raise damaged(dn, CHANGED) from error

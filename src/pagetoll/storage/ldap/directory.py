# SPDX-License-Identifier: Apache-2.0
"""The ledger as a directory keeps it: a head entry that commits are swapped into, and an entry for each row.

A commit is one modify of the head, which asserts that the head is still the one that the writer saw (RFC 4528): it
gets the next number and puts its changes, packed, among the head's pending values. A checkpoint writes pending
commits into the row entries, then drops them from the head. So each commit that is not pending is in the row entries
as a whole, whoever is killed when.
"""

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from pagetoll.core.errors import SchemaMismatch, StorageConflict, StorageError, StorageUnavailable
from pagetoll.core.messages import _
from pagetoll.storage.ldap.address import Address
from pagetoll.storage.ldap.attributes import CHANGED, change_of, check_change, damaged, shapes, table_dn
from pagetoll.storage.ldap.checkpoints import Checkpoints
from pagetoll.storage.ldap.commits import (
    LARGEST_INLINE_OCTETS,
    PART_OCTETS,
    BadFrame,
    Change,
    Commit,
    Frame,
    framed,
    is_commit_id,
    pack,
    part_names,
    read_changes,
)
from pagetoll.storage.ldap.connection import Connection, adding, escaped, replacing
from pagetoll.storage.ldap.head_entry import (
    FORMAT_NUMBER,
    HEAD_ATTRIBUTES,
    POSITION_ATTRIBUTES,
    Head,
    HeadEntry,
    head_dn,
    head_of,
    position_of,
)
from pagetoll.storage.ldap.parts import add_parts, delete_parts, parts_dn, read_parts
from pagetoll.storage.ldap.pool import Connections
from pagetoll.storage.ldap.refusals import AssertionFailed, ConnectionLost, EntryExists, NoSuchEntry
from pagetoll.storage.ldap.row_writes import container
from pagetoll.storage.ldap.schema_check import check_schema
from pagetoll.storage.ldap.schema_files import (
    COMMIT_ID,
    FORMAT,
    HEAD,
    LEDGER_CLASS,
    LEDGER_ID,
    PENDING,
    PURGED,
    VERSION,
)
from pagetoll.storage.sql.faults import UPGRADE
from pagetoll.storage.sql.schema import SCHEMA_VERSION

MOST_PENDING_COMMITS = 32
MOST_PENDING_OCTETS = 512 * 1024
#: Where one leaves much, because the directory refuses rows or a large commit is among it, the next can wait.
COMMITS_BETWEEN_CHECKPOINTS = 8
#: Then checkpoints fail, and nobody looks at what they say.
MOST_WAITING_COMMITS = 2000
MOST_WAITING_OCTETS = 16 * 1024 * 1024
_TRIES_TO_READ = 5
_PAUSE_S = 0.05
_MODIFIED = "modifyTimestamp"


def _now() -> datetime:
    return datetime.now(UTC)


class Directory:
    """One ledger in a directory. Connects at the first use; any thread may use it.

    All methods raise StorageUnavailable where the directory does not answer or refuses to, SchemaMismatch where there
    is no ledger, and StorageError where it is damaged or the server lacks something.
    """

    def __init__(self, address: Address, *, timeout_s: float, clock: Callable[[], datetime] = _now) -> None:
        self._clock = clock
        self.where = address.where
        self._base = address.base
        self._head_dn = head_dn(address.base)
        self._timeout_s = timeout_s
        self._connections = Connections(address, timeout_s=timeout_s)
        self._checkpoints = Checkpoints(
            self._connections,
            address.base,
            address.where,
            read_head=self._head_entry,
            read_commit=self._commit,
        )
        self._pending_commits = 0
        self._pending_octets = 0
        self._commits_since_checkpoint = COMMITS_BETWEEN_CHECKPOINTS

    def position(self) -> tuple[int, str]:
        """The newest commit's number and id; those of a new ledger are 0 and its own id without hyphens."""
        return position_of(self._head_dn, self._read_head(POSITION_ATTRIBUTES))

    def head(self, after: int = 0) -> Head:
        """The head, with the pending commits whose number is greater than `after`."""
        lost: StorageError | None = None
        for _attempt in range(_TRIES_TO_READ):
            entry = self._head_entry()
            try:
                pending = tuple(self._commit(frame) for number, frame in entry.frames.items() if number > after)
            except NoSuchEntry as error:
                lost = error  # checkpointed and removed since the head was read
                continue
            return Head(
                number=entry.number,
                commit_id=entry.commit_id,
                ledger_id=entry.ledger_id,
                schema_version=entry.schema_version,
                pending=pending,
                purged=entry.purged,
            )
        raise damaged(self._head_dn, PENDING) from lost

    def create(self, schema_version: str) -> None:
        """Makes an empty ledger; leaves the one that is there as it is. Also adds the entries of new tables."""
        with self._connections.one() as connection:
            check_schema(connection, self.where)
            self._add_base(connection)
            for table in shapes():
                _add_once(connection, table_dn(table, self._base), container(table))
            _add_once(connection, parts_dn(self._base), container("parts"))
            ledger_id = uuid.uuid4()
            _add_once(
                connection,
                self._head_dn,
                {
                    "objectClass": [LEDGER_CLASS.encode()],
                    "cn": [b"ledger"],
                    HEAD: [b"0"],
                    COMMIT_ID: [ledger_id.hex.encode()],
                    LEDGER_ID: [str(ledger_id).encode()],
                    VERSION: [schema_version.encode()],
                    FORMAT: [str(FORMAT_NUMBER).encode()],
                    PURGED: [b"0"],
                },
            )

    def check(self) -> None:
        """Raises when the ledger cannot be written now."""
        self._read_head(POSITION_ATTRIBUTES)
        with self._connections.one() as connection:
            # Sets what is so already, and only where an assertion says so: all that a commit needs.
            connection.modify(
                self._head_dn, [replacing(FORMAT, [str(FORMAT_NUMBER).encode()])], f"({FORMAT}={FORMAT_NUMBER})"
            )

    def commit(
        self,
        after: tuple[int, str],
        commit_id: str,
        changes: Sequence[Change],
        *,
        schema_version: str | None = None,
    ) -> int:
        """Makes `changes` the commit behind `after`, another's number and id, and returns its number. `commit_id`:
        1 to 64 letters, digits and hyphens that no commit had, another one at each try.

        Raises StorageConflict where another writer was faster (nothing is written); StorageUnavailable where it is
        unknown whether it is written; a new table or column needs the schema loaded (StorageError).
        """
        assert is_commit_id(commit_id), commit_id
        for change in changes:
            check_change(change)
        octets, packed = pack(changes)
        if schema_version is not None:
            self._connections.read(lambda connection: check_schema(connection, self.where))
        self._check_room()
        is_large = len(packed) > LARGEST_INLINE_OCTETS
        names = part_names(uuid.uuid4().hex, -(-len(packed) // PART_OCTETS)) if is_large else ()
        frame = Frame(
            number=after[0] + 1,
            commit_id=commit_id,
            previous_id=after[1],
            octets=octets,
            parts=names,
            packed=b"" if is_large else packed,
        )
        if is_large:
            with self._connections.own() as connection:
                add_parts(connection, self._base, names, packed)
        try:
            self._swap(after, frame, schema_version)
        except StorageConflict:
            # After any other error it may have landed; upkeep removes parts that no commit names.
            if names:
                with suppress(StorageError), self._connections.own() as connection:
                    delete_parts(connection, self._base, names)
            raise
        self._pending_commits += 1
        self._commits_since_checkpoint += 1
        self._pending_octets += len(frame.packed)
        return frame.number

    def checkpoint_due(self) -> bool:
        """That so much is pending, as far as this process has seen, that the one who commits has to checkpoint."""
        is_much = self._pending_commits > MOST_PENDING_COMMITS or self._pending_octets > MOST_PENDING_OCTETS
        return is_much and self._commits_since_checkpoint >= COMMITS_BETWEEN_CHECKPOINTS

    def rows_since(self, number: int, *, complete: bool = True) -> Iterator[tuple[int, Change]]:
        """The row entries from commits after `number`, each with the number of its commit, in no order. `row` None:
        it was deleted. What is pending need not be in them. Unless `complete`, columns that the table did not have
        before an upgrade may lack."""
        newest, newest_dn = 0, ""
        tables = {shape.object_class.lower(): shape.table for shape in shapes().values()}
        with self._connections.own() as connection:
            for dn, attributes in connection.search(self._base, f"({CHANGED}>={number + 1})", ["*"]):
                classes = (value.decode("ascii", "replace").lower() for value in attributes.get("objectclass", ()))
                table = next((tables[name] for name in classes if name in tables), None)
                if table is None:
                    raise damaged(dn, "objectClass")
                found, change = change_of(dn, attributes, table, complete=complete)
                if found > newest:
                    newest, newest_dn = found, dn
                yield found, change
        if newest > number and newest > self.position()[0]:
            raise damaged(newest_dn, CHANGED)  # of a commit that there never was

    def checkpoint(self, *, large: bool, deadline_s: float | None) -> int:
        """Writes pending commits into the row entries, those in parts only if `large`; returns how many. Gives up
        after `deadline_s` seconds, leaving the rest pending. The newest few stay pending all the same."""
        deadline = None if deadline_s is None else time.monotonic() + deadline_s
        try:
            return self._checkpoints.write(large=large, deadline=deadline)
        finally:
            self._commits_since_checkpoint = 0
            with suppress(StorageError):
                self._head_entry()  # how much is pending now

    def purge(self, *, gone_before: datetime, parts_before: datetime) -> int:
        """Removes the entries of rows that were deleted, and of parts that no commit names, before those times;
        returns how many. Both are earlier by what this clock may be ahead of the directory's: the age that the newest
        commit has by it."""
        ahead = max(timedelta(), self._clock() - self._newest_at())
        return self._checkpoints.purge(
            gone_before=_generalized(gone_before - ahead), parts_before=_generalized(parts_before - ahead)
        )

    def _newest_at(self) -> datetime:
        """When the head was written, by the directory's clock."""
        said = self._read_head([_MODIFIED]).get(_MODIFIED.lower(), [])
        try:
            return datetime.strptime(said[0][:14].decode("ascii", "replace"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        except (IndexError, ValueError) as error:
            raise damaged(self._head_dn, _MODIFIED) from error

    def close(self) -> None:
        self._connections.close()

    def _read_head(self, names: Sequence[str]) -> dict[str, list[bytes]]:
        try:
            return self._connections.read(lambda connection: connection.read(self._head_dn, names))
        except NoSuchEntry as error:
            raise SchemaMismatch(f"{self.where}: {_(UPGRADE)}") from error

    def _head_entry(self) -> HeadEntry:
        entry = head_of(self._head_dn, self._read_head(HEAD_ATTRIBUTES), self.where)
        self._pending_commits = len(entry.frames)
        self._pending_octets = entry.octets
        return entry

    def _commit(self, frame: Frame) -> Commit:
        """Raises NoSuchEntry where its parts are gone."""
        packed = frame.packed
        if frame.is_large:
            packed = self._connections.read(lambda connection: read_parts(connection, self._base, frame))
        try:
            changes = read_changes(frame, packed)
        except BadFrame as error:
            raise damaged(self._head_dn, f"{PENDING} {frame.number}: {error}") from error
        return Commit(number=frame.number, commit_id=frame.commit_id, previous_id=frame.previous_id, changes=changes)

    def _check_room(self) -> None:
        """The head is read and written as a whole: where checkpoints fail, it must not grow for ever."""
        if self._pending_octets > MOST_WAITING_OCTETS or self._pending_commits > MOST_WAITING_COMMITS:
            raise StorageUnavailable(
                _("{where}: {changes} changes wait for their entries; see what this says: pagetoll upkeep").format(
                    where=self.where, changes=self._pending_commits
                )
            )

    def _swap(self, after: tuple[int, str], frame: Frame, schema_version: str | None) -> None:
        """The modify of the head; where no answer comes, the very same again, which does nothing twice."""
        modifications = [
            replacing(HEAD, [str(frame.number).encode()]),
            replacing(COMMIT_ID, [frame.commit_id.encode()]),
            adding(PENDING, framed(frame)),
        ]
        if schema_version is not None:
            modifications.append(replacing(VERSION, [schema_version.encode()]))
        assertion = f"({HEAD}={after[0]})({COMMIT_ID}={escaped(after[1])})"
        if schema_version is None:
            assertion += f"({VERSION}={SCHEMA_VERSION})"
        is_sent = is_lost = False
        give_up = time.monotonic() + self._timeout_s
        while True:
            try:
                with self._connections.one() as connection:
                    is_sent = True
                    connection.modify(self._head_dn, modifications, f"(&{assertion})")
                return
            except ConnectionLost:
                if not is_sent or time.monotonic() >= give_up:
                    raise
                is_lost = True
                time.sleep(_PAUSE_S)
            except AssertionFailed as error:
                if is_lost and self._has_landed(frame.number, frame.commit_id):
                    return
                self._check_moved(after, error, is_upgrade=schema_version is not None)
                raise StorageConflict(
                    _("{where}: another writer was faster; try again").format(where=self.where)
                ) from error
            except StorageError as error:
                if is_lost:
                    raise self._unknown() from error
                if isinstance(error, NoSuchEntry):
                    raise SchemaMismatch(f"{self.where}: {_(UPGRADE)}") from error
                raise

    def _has_landed(self, number: int, commit_id: str) -> bool:
        """Whether the commit of this number is ours. Raises StorageUnavailable where nobody knows any more."""
        try:
            entry = self._head_entry()
        except StorageError as error:
            raise self._unknown() from error
        if entry.number < number:
            return False
        if entry.number == number:
            return entry.commit_id == commit_id
        if number in entry.frames:
            return entry.frames[number].commit_id == commit_id
        if number + 1 in entry.frames:
            return entry.frames[number + 1].previous_id == commit_id
        raise self._unknown()

    def _unknown(self) -> StorageUnavailable:
        return StorageUnavailable(
            _("{where}: the connection was lost, and it is unknown whether the change is written; try again").format(
                where=self.where
            )
        )

    def _check_moved(self, after: tuple[int, str], error: AssertionFailed, *, is_upgrade: bool) -> None:
        """An assertion also fails where the directory's rules hide the attribute from it."""
        attributes = self._read_head((*POSITION_ATTRIBUTES, VERSION))
        if not is_upgrade and attributes.get(VERSION.lower()) != [SCHEMA_VERSION.encode()]:
            raise SchemaMismatch(f"{self.where}: {_(UPGRADE)}") from error
        if position_of(self._head_dn, attributes) == after:
            raise StorageError(
                _("{where}: the directory refuses a change that nobody else made; check its rules").format(
                    where=self.where
                )
            ) from error

    def _add_base(self, connection: Connection) -> None:
        try:
            connection.read(self._base, ["1.1"])
            return
        except NoSuchEntry as error:
            kind, _equals, name = self._base.partition(",")[0].partition("=")
            if kind.strip().lower() != "ou" or "\\" in name or "+" in name:
                raise StorageError(
                    _("{where}: add the entry {dn} to the directory first").format(where=self.where, dn=self._base)
                ) from error
        _add_once(connection, self._base, {"objectClass": [b"organizationalUnit"], "ou": [name.strip().encode()]})


def _add_once(connection: Connection, dn: str, attributes: dict[str, list[bytes]]) -> None:
    try:
        connection.add(dn, attributes)
    except EntryExists:
        return


def _generalized(moment: datetime) -> str:
    """RFC 4517 §3.3.13."""
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%SZ")

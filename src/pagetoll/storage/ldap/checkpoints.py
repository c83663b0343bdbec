# SPDX-License-Identifier: Apache-2.0
"""Pending commits written into the row entries, and what nobody needs any more removed."""

from collections.abc import Callable, Sequence
from contextlib import suppress

from pagetoll.storage.ldap.attributes import CHANGED, GONE, damaged
from pagetoll.storage.ldap.commits import Commit, Frame
from pagetoll.storage.ldap.connection import dropping, replacing
from pagetoll.storage.ldap.head_entry import HeadEntry, head_dn
from pagetoll.storage.ldap.parts import delete_parts, parts_dn
from pagetoll.storage.ldap.pool import Connections
from pagetoll.storage.ldap.refusals import AssertionFailed, NoSuchEntry, NoSuchValue
from pagetoll.storage.ldap.row_writes import Image, RowKey, write_rows
from pagetoll.storage.ldap.schema_files import PART_CLASS, PENDING, PURGED

#: So many of the newest stay pending although they are in the row entries: other mirrors find them in the head.
KEPT_COMMITS = 8
KEPT_OCTETS = 64 * 1024
_TRIES_TO_DROP = 5


def checkpoint(
    connections: Connections,
    base: str,
    head: Callable[[], HeadEntry],
    commit: Callable[[Frame], Commit],
    large: bool,
    deadline: float | None,
) -> int:
    """How many pending commits are in the row entries now. `head` reads the head, `commit` a pending commit."""
    entry = head()
    commits: list[Commit] = []
    for frame in entry.frames.values():
        if frame.is_large and not large:
            continue
        try:
            commits.append(commit(frame))
        except NoSuchEntry:
            if frame.number in head().frames:
                raise damaged(head_dn(base), f"{PENDING} {frame.number}") from None
    images: dict[RowKey, Image] = {}
    for each in commits:
        for change in each.changes:
            images[change.table, change.key] = Image(each.number, change)
    with connections.own() as connection:
        written = write_rows(connection, base, images, deadline=deadline)
    done = [each.number for each in commits if all((change.table, change.key) in written for change in each.changes)]
    _drop(connections, base, entry, _droppable(entry, done), head)
    return len(done)


def _droppable(entry: HeadEntry, done: Sequence[int]) -> list[int]:
    """All but the newest few."""
    kept, octets = 0, 0
    for number in sorted(done, reverse=True):
        octets += len(entry.values[number])
        if entry.frames[number].is_large or kept == KEPT_COMMITS or octets > KEPT_OCTETS:
            break
        kept += 1
    return sorted(done)[: len(done) - kept]


def _drop(
    connections: Connections, base: str, entry: HeadEntry, numbers: Sequence[int], head: Callable[[], HeadEntry]
) -> None:
    """Takes pending values out of the head, whoever else does so at the same time."""
    gone = [name for number in numbers for name in entry.frames[number].parts]
    values = [entry.values[number] for number in numbers]
    for _attempt in range(_TRIES_TO_DROP):
        if not values:
            break
        try:
            with connections.one() as connection:
                connection.modify(head_dn(base), [dropping(PENDING, values)])
            break
        except NoSuchValue:
            present = set(head().values.values())
            values = [value for value in values if value in present]
    else:
        return  # others drop them all the time; what is left is dropped with the next
    delete_parts(connections, base, gone)


def purge(
    connections: Connections, base: str, head: Callable[[], HeadEntry], *, gone_before: str, parts_before: str
) -> int:
    """How many entries were removed. The times are generalized times."""
    entry = head()
    oldest_pending = min(entry.frames, default=entry.number + 1)
    with connections.own() as connection:
        found = connection.search(base, f"(&({GONE}=TRUE)(modifyTimestamp<={gone_before}))", [CHANGED])
        gone = [(dn, _number(dn, attributes.get(CHANGED.lower(), []))) for dn, attributes in found]
        # A pending commit may still have the row as it was before.
        gone = [(dn, number) for dn, number in gone if number < oldest_pending]
        parts_filter = f"(&(objectClass={PART_CLASS})(createTimestamp<={parts_before}))"
        named = {name for frame in entry.frames.values() for name in frame.parts}
        parts = [
            dn
            for dn, attributes in connection.search(parts_dn(base), parts_filter, ["cn"])
            if not named & {value.decode("ascii", "replace") for value in attributes.get("cn", [])}
        ]
        if gone:
            newest = max(number for _dn, number in gone)
            with suppress(AssertionFailed):
                connection.modify(
                    head_dn(base), [replacing(PURGED, [str(newest).encode()])], f"(!({PURGED}>={newest}))"
                )
        removed = 0
        for dn, assertion in [
            *((dn, f"(&({GONE}=TRUE)({CHANGED}={number}))") for dn, number in gone),
            *((dn, None) for dn in parts),
        ]:
            try:
                connection.delete(dn, assertion)
                removed += 1
            except (AssertionFailed, NoSuchEntry):
                continue  # it lives again, or somebody else did it
        return removed


def _number(dn: str, values: Sequence[bytes]) -> int:
    if len(values) != 1 or not values[0].isdigit() or len(values[0]) > 18:
        raise damaged(dn, CHANGED)
    return int(values[0])

# SPDX-License-Identifier: Apache-2.0
"""Row entries brought up to commits, many requests on their way at once.

Any order is right, and any number of writers: a row is written as a whole, and only where no newer one is there.
"""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pagetoll.core.errors import StorageError
from pagetoll.core.messages import _
from pagetoll.storage.ldap.attributes import CHANGED, damaged, entry_of, number_of, replacements, row_dn, table_dn
from pagetoll.storage.ldap.commits import Change
from pagetoll.storage.ldap.connection import Connection, replacing
from pagetoll.storage.ldap.refusals import AssertionFailed, ConnectionLost, EntryExists, NoSuchEntry

ON_THEIR_WAY = 32
#: Brought up together: changed, and added where there were none.
BATCH_ROWS = 128
#: Another writer adds a row, upkeep purges it, …: each step back is somebody else's step forward.
_ROUNDS = 6

RowKey = tuple[str, tuple[str | int, ...]]


@dataclass(frozen=True, slots=True)
class Image:
    """A row as commit `number` left it."""

    number: int
    change: Change


def container(table: str) -> dict[str, list[bytes]]:
    """The entry that a table's rows are below."""
    return {"objectClass": [b"organizationalUnit"], "ou": [table.encode()]}


def write_rows(
    connection: Connection,
    base: str,
    images: Mapping[RowKey, Image],
    written: set[RowKey],
    *,
    deadline: float | None,
) -> StorageError | None:
    """Notes in `written` the rows that are in the directory now, in these or newer images: all, unless `deadline`
    (time.monotonic) comes first, but always some. What the first one met that the directory refuses, if there is
    one; raises ConnectionLost."""
    keys = list(images)
    refusals: list[StorageError] = []
    for at in range(0, len(keys), BATCH_ROWS):
        _write_batch(connection, base, {key: images[key] for key in keys[at : at + BATCH_ROWS]}, written, refusals)
        if deadline is not None and time.monotonic() >= deadline:
            break
    return refusals[0] if refusals else None


def _write_batch(
    connection: Connection,
    base: str,
    images: Mapping[RowKey, Image],
    written: set[RowKey],
    refusals: list[StorageError],
) -> None:
    waiting = dict(images)
    for turn in range(_ROUNDS):
        waiting = _one_round(connection, base, waiting, written, refusals, adding=turn % 2 == 1)
    refusals += (
        StorageError(
            _("the entry {dn} can neither be added nor changed; check the directory's rules").format(
                dn=row_dn(*key, base)[:400]
            )
        )
        for key in waiting
    )


def _one_round(
    connection: Connection,
    base: str,
    images: Mapping[RowKey, Image],
    written: set[RowKey],
    refusals: list[StorageError],
    *,
    adding: bool,
) -> dict[RowKey, Image]:
    """Modifies (or adds) all; what is left for the other way."""
    left: dict[RowKey, Image] = {}
    for key, image, error in _sent(connection, base, images.items(), adding=adding):
        try:
            if isinstance(error, AssertionFailed):
                _check_newer(connection, row_dn(*key, base), image)
            elif isinstance(error, NoSuchEntry | EntryExists):
                if adding and isinstance(error, NoSuchEntry):
                    _add_container(connection, image.change.table, base)
                left[key] = image
                continue
            elif error is not None:
                raise error
        except ConnectionLost:
            raise
        except StorageError as refused:
            refusals.append(refused)
        else:
            written.add(key)
    return left


def _sent(
    connection: Connection,
    base: str,
    images: Iterable[tuple[RowKey, Image]],
    *,
    adding: bool,
) -> Iterator[tuple[RowKey, Image, StorageError | None]]:
    """Each with what the directory answered; raises ConnectionLost alone."""
    underway: deque[tuple[int, RowKey, Image]] = deque()

    def answer() -> tuple[RowKey, Image, StorageError | None]:
        message_id, key, image = underway.popleft()
        try:
            connection.finish(message_id)
        except ConnectionLost:
            raise
        except StorageError as error:
            return key, image, error
        return key, image, None

    for key, image in images:
        try:
            message_id = _send(connection, row_dn(*key, base), image, adding=adding)
        except ConnectionLost:
            raise
        except StorageError as error:
            yield key, image, error  # of a row that no entry can hold
            continue
        underway.append((message_id, key, image))
        if len(underway) >= ON_THEIR_WAY:
            yield answer()
    while underway:
        yield answer()


def _send(connection: Connection, dn: str, image: Image, *, adding: bool) -> int:
    if adding:
        return connection.start_add(dn, entry_of(image.change, image.number))
    changes = [replacing(name, values) for name, values in replacements(image.change, image.number).items()]
    return connection.start_modify(dn, changes, f"(!({CHANGED}>={image.number}))")


def _check_newer(connection: Connection, dn: str, image: Image) -> None:
    """An assertion also fails where the directory's rules hide the attribute: then nothing was written."""
    try:
        number = number_of(connection.read(dn, [CHANGED]), CHANGED)
    except NoSuchEntry:
        return  # purged since: only what is long gone is
    except ValueError as error:
        raise damaged(dn, CHANGED) from error
    if number < image.number:
        raise damaged(dn, CHANGED)


def _add_container(connection: Connection, table: str, base: str) -> None:
    try:
        connection.add(table_dn(table, base), container(table))
    except EntryExists:
        return

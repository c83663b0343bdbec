# SPDX-License-Identifier: Apache-2.0
"""What tests of a ledger's directory share: rows, commits, and what the directory says of them all."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from itertools import count

from pagetoll.storage.ldap.address import Address
from pagetoll.storage.ldap.commits import Change
from pagetoll.storage.ldap.directory import Directory
from pagetoll.storage.sql.schema import SCHEMA_VERSION

Rows = dict[tuple[str, tuple[str | int, ...]], dict[str, object]]


def directory(url: str, *, port: int | None = None, timeout_s: float = 30.0) -> Directory:
    """The directory of a URL, through another port of this host if one is given."""
    address = Address.parse(url)
    if port is not None:
        address = replace(address, server=f"ldap://127.0.0.1:{port}")
    return Directory(address, timeout_s=timeout_s)


def new_ledger(url: str) -> Directory:
    made = directory(url)
    made.create(SCHEMA_VERSION)
    return made


def role(user_name: str, role_name: str = "admin", by: str = "root", at: int = 1) -> Change:
    row = {"user_name": user_name, "role": role_name, "granted_by": by, "granted_at": at}
    return Change(table="roles", key=(user_name, role_name), row=row)


def no_role(user_name: str, role_name: str = "admin") -> Change:
    return Change(table="roles", key=(user_name, role_name), row=None)


#: Packs badly, so that a few of them make a commit too large for the head.
NOISE = "".join(uuid.uuid5(uuid.NAMESPACE_OID, str(number)).hex for number in range(5000))


def large_changes() -> list[Change]:
    return [role(f"user{number}", by=NOISE[number:]) for number in range(12)]


def commit(made: Directory, *changes: Change) -> int:
    """After whatever is the newest."""
    return made.commit(made.position(), uuid.uuid4().hex, changes)


def ledger(made: Directory, after: int = 0) -> Rows:
    """All rows as a print server learns of them: the row entries, and what is pending where it is newer, until no
    row was seen that is newer than the head."""
    for _attempt in count():
        head = made.head()
        rows = {(change.table, change.key): (number, change) for number, change in made.rows_since(after)}
        for each in head.pending:
            for change in each.changes:
                place = (change.table, change.key)
                if place not in rows or rows[place][0] <= each.number:
                    rows[place] = (each.number, change)
        if all(number <= head.number for number, _change in rows.values()):
            return {place: dict(change.row) for place, (_n, change) in rows.items() if change.row is not None}
    raise AssertionError("unreachable")


def replayed(commits: Sequence[Sequence[Change]]) -> Rows:
    """What the rows must be after these commits."""
    rows: Rows = {}
    for changes in commits:
        for change in changes:
            if change.row is None:
                rows.pop((change.table, change.key), None)
            else:
                rows[change.table, change.key] = dict(change.row)
    return rows

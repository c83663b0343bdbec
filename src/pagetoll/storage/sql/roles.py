# SPDX-License-Identifier: Apache-2.0
"""Roles of login names inside a transaction."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select

from pagetoll.core.catalogue import RoleRow
from pagetoll.core.roles import Role
from pagetoll.storage.sql.catalogue_entries import Writing
from pagetoll.storage.sql.instants import from_micros
from pagetoll.storage.sql.schema import NAME_LENGTH, roles
from pagetoll.storage.sql.texts import clean

PORTION = 1000


def read_roles(connection: Connection) -> list[RoleRow]:
    rows = [
        RoleRow(
            user_name=row.user_name,
            role=Role(row.role),
            granted_by=row.granted_by,
            granted_at=from_micros(row.granted_at),
        )
        for row in connection.execute(select(roles))
    ]
    return sorted(rows, key=lambda row: (row.user_name, row.role))


def grant_role(writing: Writing, user_names: Sequence[str], role: Role) -> None:
    names = {clean(name, NAME_LENGTH) for name in user_names}
    present = writing.connection.execute(select(roles.c.user_name).where(roles.c.role == role.value)).scalars()
    rows = [
        {"user_name": name, "role": role.value, "granted_by": writing.actor, "granted_at": writing.now}
        for name in sorted(names - set(present))
    ]
    if rows:
        writing.connection.execute(insert(roles), rows)


def revoke_role(writing: Writing, user_names: Sequence[str], role: Role) -> None:
    names = sorted({clean(name, NAME_LENGTH) for name in user_names})
    for start in range(0, len(names), PORTION):
        portion = names[start : start + PORTION]
        writing.connection.execute(delete(roles).where(roles.c.role == role.value, roles.c.user_name.in_(portion)))

# SPDX-License-Identifier: Apache-2.0
"""The kept sums of users groups, computed anew from their present members, by statements over sets.

The members have changed and are locked before; under the lock of the group's account another member's change of it
either is committed and seen, or waits and then adds to the new sum.
"""

from collections.abc import Sequence

from sqlalchemy import BigInteger, ColumnElement, Connection, and_, bindparam, func, select, update

from pagetoll.core.money import Unit
from pagetoll.core.policy import OwnerKind
from pagetoll.storage.sql.accounts import member_accounts
from pagetoll.storage.sql.catalogue_reads import chunks
from pagetoll.storage.sql.schema import accounts, group_members

_FIGURES = ("posted", "lifetime", "reserved")
_SET = (
    update(accounts)
    .where(accounts.c.id == bindparam("account", type_=BigInteger))
    .values({name: bindparam(f"new_{name}", type_=BigInteger) for name in _FIGURES})
)


def refresh_sums(connection: Connection, group_accounts: ColumnElement[bool]) -> None:
    """Computes the kept sums of these open accounts of users groups anew; the condition is on `accounts`."""
    found = connection.execute(
        select(accounts.c.id, accounts.c.printer_id.is_(None).label("everywhere"))
        .where(accounts.c.owner_kind == OwnerKind.GROUP.value, accounts.c.closed_at.is_(None), group_accounts)
        .order_by(accounts.c.id)
        .with_for_update(of=accounts, key_share=True)
    ).all()
    for everywhere in (False, True):
        for portion in chunks([row.id for row in found if bool(row.everywhere) is everywhere]):
            _refresh(connection, portion, everywhere=everywhere)


def _refresh(connection: Connection, account_ids: Sequence[int], *, everywhere: bool) -> None:
    """Sets the figures of accounts that are all for a printer, or `everywhere`: so an index finds the members'."""
    if everywhere:
        same_scope: ColumnElement[bool] = and_(
            member_accounts.c.printer_id.is_(None), accounts.c.printer_id.is_(None)
        )
    else:
        same_scope = member_accounts.c.printer_id == accounts.c.printer_id
    members = and_(
        member_accounts.c.user_id == group_members.c.user_id,
        same_scope,
        member_accounts.c.unit == accounts.c.unit,
        member_accounts.c.period_kind == accounts.c.period_kind,
        member_accounts.c.period_spec == accounts.c.period_spec,
        member_accounts.c.closed_at.is_(None),
    )
    joined = accounts.outerjoin(group_members, group_members.c.group_id == accounts.c.group_id).outerjoin(
        member_accounts, members
    )
    sums = [func.coalesce(func.sum(member_accounts.c[name]), 0).label(f"new_{name}") for name in _FIGURES]
    statement = (
        select(accounts.c.id, *(accounts.c[name] for name in _FIGURES), *sums)
        .select_from(joined)
        .where(accounts.c.id.in_(account_ids))
        .group_by(accounts.c.id, *(accounts.c[name] for name in _FIGURES))
        .order_by(accounts.c.id)
    )
    changed = [
        {"account": row[0], **{f"new_{name}": int(new) for name, new in zip(_FIGURES, row[4:], strict=True)}}
        for row in connection.execute(statement)
        if tuple(row[1:4]) != tuple(map(int, row[4:]))
    ]
    if changed:
        connection.execute(_SET, changed)


def refresh_sums_of_users(connection: Connection, user_ids: Sequence[int] | None, unit: Unit) -> None:
    """Computes the sums of `unit` anew for the groups of these users; None for all users."""
    owned = accounts.c.unit == unit.value
    if user_ids is None:
        refresh_sums(connection, owned)
        return
    group_ids = {
        group_id
        for portion in chunks(user_ids)
        for group_id in connection.execute(
            select(group_members.c.group_id).where(group_members.c.user_id.in_(portion)).distinct()
        ).scalars()
    }
    if group_ids:
        refresh_sums(connection, and_(owned, accounts.c.group_id.in_(sorted(group_ids))))

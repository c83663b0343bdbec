# SPDX-License-Identifier: Apache-2.0
"""Printers, users and groups as owners of accounts, inside a transaction: adding, joining, leaving, deleting.

Deleting closes the accounts and frees the name; rows and history stay (design.md chapter 2).
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Table, and_, delete, insert, or_, select, update

from pagetoll.core.errors import UsageError
from pagetoll.core.money import Unit
from pagetoll.core.policy import OwnerKind
from pagetoll.storage.sql.accounts import (
    Change,
    accounts_named,
    lock_owners,
    lock_users,
    member_accounts,
    move,
    move_with_sums,
    new_id,
    open_account,
    same_kind,
)
from pagetoll.storage.sql.schema import (
    accounts,
    attempts,
    group_members,
    groups,
    printer_members,
    printers,
    users,
)


def live_id(connection: Connection, table: Table, name: str) -> int | None:
    """The id of the printer, user or group (by `table`) that now has this name."""
    return connection.execute(select(table.c.id).where(table.c.live_name == name)).scalar_one_or_none()


def add_printer(connection: Connection, name: str, now: int, **columns: Any) -> int:
    """A new printer or printer group; the name is free (checked by a unique index)."""
    return _add(connection, printers, name, now, columns)


def add_user(connection: Connection, name: str, now: int, **columns: Any) -> int:
    """A new user with an empty credit account."""
    user_id = _add(connection, users, name, now, columns)
    open_account(connection, OwnerKind.USER, user_id, Unit.CREDITS, None, now)
    return user_id


def add_group(connection: Connection, name: str, now: int, **columns: Any) -> int:
    """A new users group with its credit account, the sum of its members' balances."""
    group_id = _add(connection, groups, name, now, columns)
    open_account(connection, OwnerKind.GROUP, group_id, Unit.CREDITS, None, now)
    return group_id


def _add(connection: Connection, table: Table, name: str, now: int, columns: dict[str, Any]) -> int:
    return new_id(connection.execute(insert(table).values(name=name, live_name=name, created_at=now, **columns)))


def join_printer_group(connection: Connection, group_id: int, printer_id: int) -> bool:
    """Puts a printer or printer group below a group; False where it is already. Raises UsageError for a loop."""
    if group_id == printer_id or group_id in _below(connection, printer_id):
        raise UsageError("a printer group cannot be a member of itself, also not by way of another group")
    known = select(printer_members).where(
        printer_members.c.group_id == group_id, printer_members.c.printer_id == printer_id
    )
    if connection.execute(known).first() is not None:
        return False
    connection.execute(insert(printer_members).values(group_id=group_id, printer_id=printer_id))
    return True


def _below(connection: Connection, group_id: int) -> set[int]:
    below = select(printer_members.c.printer_id).where(printer_members.c.group_id == group_id)
    tree = below.cte("tree", recursive=True)
    tree = tree.union(
        select(printer_members.c.printer_id).join(tree, printer_members.c.group_id == tree.c.printer_id)
    )
    return set(connection.execute(select(tree.c.printer_id)).scalars())


def leave_printer_group(connection: Connection, group_id: int, printer_id: int) -> bool:
    gone = connection.execute(
        delete(printer_members).where(
            printer_members.c.group_id == group_id, printer_members.c.printer_id == printer_id
        )
    )
    return gone.rowcount == 1


def join_group(connection: Connection, group_id: int, user_id: int) -> bool:
    """Makes the user a member and adds the user's accounts to the group's sums; False for a member already."""
    lock_users(connection, [user_id])
    if _is_member(connection, group_id, user_id):
        return False
    connection.execute(insert(group_members).values(group_id=group_id, user_id=user_id))
    _move_membership(connection, group_id, user_id, joining=True)
    return True


def leave_group(connection: Connection, group_id: int, user_id: int) -> bool:
    """Ends the membership and takes the user's accounts out of the group's sums; False for no member."""
    lock_users(connection, [user_id])
    if not _is_member(connection, group_id, user_id):
        return False
    _move_membership(connection, group_id, user_id, joining=False)
    connection.execute(
        delete(group_members).where(group_members.c.group_id == group_id, group_members.c.user_id == user_id)
    )
    return True


def _is_member(connection: Connection, group_id: int, user_id: int) -> bool:
    found = select(group_members).where(group_members.c.group_id == group_id, group_members.c.user_id == user_id)
    return connection.execute(found).first() is not None


def _move_membership(connection: Connection, group_id: int, user_id: int, *, joining: bool) -> None:
    pairs = (
        select(accounts.c.id, member_accounts.c.posted, member_accounts.c.lifetime, member_accounts.c.reserved)
        .select_from(accounts.join(member_accounts, same_kind()))
        .where(
            accounts.c.group_id == group_id,
            accounts.c.closed_at.is_(None),
            member_accounts.c.user_id == user_id,
            member_accounts.c.closed_at.is_(None),
        )
    )
    changes: dict[int, Change] = {}
    for row in connection.execute(pairs):
        figures = Change(row.posted, row.lifetime, row.reserved)
        changes[row.id] = figures if joining else -figures
    move(connection, changes)


def close_accounts(connection: Connection, account_ids: Collection[int], now: int) -> None:
    """Closes open accounts and takes users' ones out of their groups' sums. Open attempts settle on them yet."""
    if not account_ids:
        return
    lock_owners(connection, account_ids)
    held = connection.execute(
        accounts_named()
        .where(accounts.c.id.in_(sorted(account_ids)), accounts.c.closed_at.is_(None))
        .order_by(accounts.c.id)
        .with_for_update(of=accounts, key_share=True)
    ).all()
    own = {
        row.id: Change(-row.posted, -row.lifetime, -row.reserved) for row in held if row.owner_kind == OwnerKind.USER
    }
    # The sums move by what the accounts have; the accounts themselves keep it.
    move_with_sums(connection, own)
    move(connection, {account_id: -change for account_id, change in own.items()})
    connection.execute(
        update(accounts).where(accounts.c.id.in_([row.id for row in held])).values(closed_at=now, live_key=None)
    )


def delete_entry(connection: Connection, account_id: int, now: int) -> None:
    """Closes a quota entry and hides its attempts from the old commands' lists."""
    row = connection.execute(select(accounts).where(accounts.c.id == account_id)).one()
    close_accounts(connection, [account_id], now)
    if row.user_id is not None:
        _hide(connection, and_(attempts.c.user_id == row.user_id, attempts.c.printer_id == row.printer_id))


def delete_user(connection: Connection, user_id: int, now: int) -> None:
    """Closes the user's accounts, ends the memberships, frees the name, hides the history."""
    lock_users(connection, [user_id])
    close_accounts(connection, _accounts_where(connection, accounts.c.user_id == user_id), now)
    connection.execute(delete(group_members).where(group_members.c.user_id == user_id))
    _close(connection, users, user_id, now)
    _hide(connection, attempts.c.user_id == user_id)


def delete_group(connection: Connection, group_id: int, now: int) -> None:
    """Closes the users group's accounts, ends the memberships, frees the name."""
    close_accounts(connection, _accounts_where(connection, accounts.c.group_id == group_id), now)
    connection.execute(delete(group_members).where(group_members.c.group_id == group_id))
    _close(connection, groups, group_id, now)


def delete_printer(connection: Connection, printer_id: int, now: int) -> None:
    """Closes all entries on the printer (group), takes it out of all groups, frees the name, hides the history."""
    # The groups' entries go first: their sums need not follow the members' ones any more.
    on_printer = accounts.c.printer_id == printer_id
    for kind in (accounts.c.group_id.is_not(None), accounts.c.group_id.is_(None)):
        close_accounts(connection, _accounts_where(connection, and_(on_printer, kind)), now)
    connection.execute(
        delete(printer_members).where(
            or_(printer_members.c.group_id == printer_id, printer_members.c.printer_id == printer_id)
        )
    )
    _close(connection, printers, printer_id, now)
    _hide(connection, attempts.c.printer_id == printer_id)


def _accounts_where(connection: Connection, condition: Any) -> list[int]:
    return list(connection.execute(select(accounts.c.id).where(condition, accounts.c.closed_at.is_(None))).scalars())


def _close(connection: Connection, table: Table, row_id: int, now: int) -> None:
    connection.execute(update(table).where(table.c.id == row_id).values(live_name=None, closed_at=now))


def _hide(connection: Connection, condition: Any) -> None:
    connection.execute(update(attempts).where(condition).values(hidden=True))

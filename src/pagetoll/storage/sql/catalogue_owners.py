# SPDX-License-Identifier: Apache-2.0
"""Creating, changing, joining and deleting printers, users and users groups inside a transaction.

A deleted one keeps its row and its accounts are closed; its name is free again, and a new one of that name is
another row with other accounts.
"""

from collections.abc import Sequence

from sqlalchemy import (
    Table,
    and_,
    delete,
    insert,
    or_,
    select,
    update,
)

from pagetoll.core.catalogue import UNCHANGED, OwnerChange, PrinterChange
from pagetoll.core.money import Unit
from pagetoll.core.policy import OwnerKind
from pagetoll.storage.sql.catalogue_entries import (
    Writing,
    close_accounts,
    lock_users_where,
    new_account,
)
from pagetoll.storage.sql.catalogue_reads import chunks
from pagetoll.storage.sql.group_sums import refresh_sums
from pagetoll.storage.sql.schema import accounts, attempts, group_members, groups, printer_members, printers, users


def add_named(writing: Writing, table: Table, names: Sequence[str]) -> None:
    """New rows with the table's defaults."""
    if names:
        rows = [{"name": name, "live_name": name, "created_at": writing.now} for name in names]
        writing.connection.execute(insert(table), rows)


def open_credit_accounts(writing: Writing, kind: OwnerKind, names: Sequence[str]) -> None:
    """The credit account of each owner of these names who has none yet."""
    if not names:
        return
    owners = groups if kind is OwnerKind.GROUP else users
    values = new_account(writing, kind, Unit.CREDITS, None)
    # All rows of this moment without an account: no list of names, which would be bounded.
    owned = accounts.c.group_id if kind is OwnerKind.GROUP else accounts.c.user_id
    without = owners.outerjoin(accounts, and_(owned == owners.c.id, accounts.c.unit == Unit.CREDITS.value))
    missing = (
        select(*values.values()).select_from(without).where(accounts.c.id.is_(None), owners.c.live_name.is_not(None))
    )
    writing.connection.execute(insert(accounts).from_select(list(values), missing, include_defaults=False))


def change_rows(writing: Writing, table: Table, numbers: Sequence[int], change: PrinterChange | OwnerChange) -> None:
    """Sets the columns that the change names; a field is called as its column."""
    values = {
        name: value
        for name in change.__dataclass_fields__
        if (value := getattr(change, name)) is not UNCHANGED and name in table.c
    }
    if values:
        for portion in chunks(numbers):
            writing.connection.execute(update(table).where(table.c.id.in_(portion)).values(**values))


def join_printer_group(writing: Writing, group_id: int, printer_ids: Sequence[int]) -> None:
    _join(writing, printer_members, "printer_id", group_id, printer_ids)


def leave_printer_group(writing: Writing, group_id: int, printer_ids: Sequence[int]) -> None:
    for portion in chunks(printer_ids):
        writing.connection.execute(
            delete(printer_members).where(
                printer_members.c.group_id == group_id, printer_members.c.printer_id.in_(portion)
            )
        )


def join_group(writing: Writing, group_id: int, user_ids: Sequence[int]) -> None:
    _lock_all(writing, user_ids)
    _join(writing, group_members, "user_id", group_id, user_ids)
    refresh_sums(writing.connection, accounts.c.group_id == group_id)


def leave_group(writing: Writing, group_id: int, user_ids: Sequence[int]) -> None:
    _lock_all(writing, user_ids)
    for portion in chunks(user_ids):
        writing.connection.execute(
            delete(group_members).where(group_members.c.group_id == group_id, group_members.c.user_id.in_(portion))
        )
    refresh_sums(writing.connection, accounts.c.group_id == group_id)


def _join(writing: Writing, table: Table, column: str, group_id: int, numbers: Sequence[int]) -> None:
    present = set(writing.connection.execute(select(table.c[column]).where(table.c.group_id == group_id)).scalars())
    rows = [{"group_id": group_id, column: number} for number in sorted(set(numbers) - present)]
    if rows:
        writing.connection.execute(insert(table), rows)


def _lock_all(writing: Writing, user_ids: Sequence[int]) -> None:
    for portion in chunks(user_ids):
        lock_users_where(writing.connection, users.c.id.in_(portion))


def delete_printers(writing: Writing, printer_ids: Sequence[int]) -> None:
    connection = writing.connection
    for portion in chunks(printer_ids):
        owners = select(accounts.c.user_id).where(accounts.c.printer_id.in_(portion), accounts.c.closed_at.is_(None))
        lock_users_where(connection, users.c.id.in_(owners))
    for portion in chunks(printer_ids):
        close_accounts(writing, accounts.c.printer_id.in_(portion))
        members = printer_members.c
        connection.execute(
            delete(printer_members).where(or_(members.group_id.in_(portion), members.printer_id.in_(portion)))
        )
        connection.execute(update(attempts).where(attempts.c.printer_id.in_(portion)).values(hidden=True))
    _free_names(writing, printers, printer_ids)


def delete_users(writing: Writing, user_ids: Sequence[int]) -> None:
    connection = writing.connection
    _lock_all(writing, user_ids)
    group_ids: set[int] = set()
    for portion in chunks(user_ids):
        of_users = group_members.c.user_id.in_(portion)
        group_ids |= set(connection.execute(select(group_members.c.group_id).where(of_users).distinct()).scalars())
        connection.execute(delete(group_members).where(of_users))
        close_accounts(writing, accounts.c.user_id.in_(portion))
        connection.execute(update(attempts).where(attempts.c.user_id.in_(portion)).values(hidden=True))
    if group_ids:
        refresh_sums(connection, accounts.c.group_id.in_(sorted(group_ids)))
    _free_names(writing, users, user_ids)


def delete_groups(writing: Writing, group_ids: Sequence[int]) -> None:
    connection = writing.connection
    for portion in chunks(group_ids):
        members = select(group_members.c.user_id).where(group_members.c.group_id.in_(portion))
        lock_users_where(connection, users.c.id.in_(members))
    for portion in chunks(group_ids):
        connection.execute(delete(group_members).where(group_members.c.group_id.in_(portion)))
        close_accounts(writing, accounts.c.group_id.in_(portion))
    _free_names(writing, groups, group_ids)


def _free_names(writing: Writing, table: Table, numbers: Sequence[int]) -> None:
    for portion in chunks(numbers):
        writing.connection.execute(
            update(table).where(table.c.id.in_(portion)).values(live_name=None, closed_at=writing.now)
        )

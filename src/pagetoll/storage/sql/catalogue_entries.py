# SPDX-License-Identifier: Apache-2.0
"""Quota entries and balances of many owners at once, by statements over sets.

Locks as everywhere: the users in id order, then accounts in id order. Users groups' kept sums
follow once the members have changed (`group_sums`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    String,
    and_,
    case,
    cast,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from pagetoll.core.catalogue import UNCHANGED, EntryChange, EntrySelection, Figure
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.core.money import LARGEST_STEPS, Unit
from pagetoll.core.policy import OwnerKind
from pagetoll.storage.sql.accounts import UNTIL_RESET, bounded
from pagetoll.storage.sql.catalogue_reads import (
    OPEN_CREDIT,
    chunks,
    newest_account_id,
    portions,
    selected,
    selections,
)
from pagetoll.storage.sql.group_sums import refresh_sums, refresh_sums_of_users
from pagetoll.storage.sql.instants import MICROSECONDS_PER_S
from pagetoll.storage.sql.schema import accounts, attempts, entries, group_members, groups, printers, users

NO_STEPS = literal(0, BigInteger)


@dataclass(slots=True)
class Writing:
    """One administrative transaction: its connection, time (microseconds), actor, and ids for its entries."""

    connection: Connection
    now: int
    actor: str
    write_id: str
    bookings: int = field(default=0)

    def next_write_id(self) -> str:
        """The same sequence in every try, so that a repeated try posts nothing twice."""
        self.bookings += 1
        return f"{self.write_id}.{self.bookings}"


def lock_users_where(connection: Connection, condition: ColumnElement[bool]) -> None:
    """Holds the users that `condition` selects until the end of the transaction, in id order."""
    if connection.dialect.name != "sqlite":
        statement = select(users.c.id).where(condition).order_by(users.c.id).with_for_update(key_share=True)
        connection.execute(statement).all()


def lock_owners_of(connection: Connection, selection: EntrySelection) -> None:
    """Holds the users whose accounts a selection means, or the members of the groups it means."""
    if selection.owner_kind is OwnerKind.USER:
        for portion in portions(selection):
            owned = users.c.live_name.is_not(None) if portion is None else users.c.id.in_(portion)
            lock_users_where(connection, owned)
        return
    members = select(group_members.c.user_id)
    if selection.owner_ids is not None:
        members = members.where(group_members.c.group_id.in_(selection.owner_ids))
    lock_users_where(connection, users.c.id.in_(members))


# --- booking ------------------------------------------------------------------------------------------------------


def book(
    writing: Writing,
    where: ColumnElement[bool],
    amount: ColumnElement[int],
    lifetime_amount: ColumnElement[int],
    kind: str,
    reason: str,
) -> None:
    """An entry for each account that `where` selects, and its figures moved; the group sums are the caller's.

    Amounts are computed from the figures as they stand, inside the statement. Accounts with nothing to book are
    passed over. Raises UsageError when a figure would leave the 64-bit columns.
    """
    connection, write_id = writing.connection, writing.next_write_id()
    connection.execute(
        insert(entries).from_select(
            ["account_id", "write_id", "kind", "amount", "lifetime_amount", "reason", "actor", "at"],
            select(
                accounts.c.id,
                literal(write_id),
                literal(kind),
                amount,
                lifetime_amount,
                literal(reason),
                literal(writing.actor),
                literal(writing.now, BigInteger),
            ).where(where, or_(amount != 0, lifetime_amount != 0)),
        )
    )
    # Lifetime first: a database that sets columns one after the other (MySQL) would compute from the new `posted`.
    connection.execute(
        update(accounts)
        .where(where, or_(amount != 0, lifetime_amount != 0))
        .ordered_values(
            (accounts.c.lifetime, accounts.c.lifetime + lifetime_amount),
            (accounts.c.posted, accounts.c.posted + amount),
        )
    )
    # Below and not at the bound: so the difference of any two figures still fits into 64 bits.
    too_large = or_(func.abs(accounts.c.posted) >= LARGEST_STEPS, func.abs(accounts.c.lifetime) >= LARGEST_STEPS)
    if connection.execute(select(accounts.c.id).where(where, too_large).limit(1)).first():
        raise UsageError(
            _("the new figure is too large to be booked; the largest is {largest} steps").format(
                largest=LARGEST_STEPS
            )
        )


def difference(figure: Figure | None, stored: ColumnElement[int]) -> ColumnElement[int]:
    """What to add to a stored figure to reach or change it as asked."""
    if figure is None:
        return NO_STEPS
    steps = literal(bounded(figure.steps), BigInteger)
    return steps if figure.relative else steps - stored


def book_payments(writing: Writing, user_ids: Sequence[int], balance: Figure, comment: str) -> None:
    connection = writing.connection
    for portion in chunks(user_ids):
        lock_users_where(connection, users.c.id.in_(portion))
    for portion in chunks(user_ids):
        where = and_(accounts.c.user_id.in_(portion), OPEN_CREDIT)
        lock_accounts_where(connection, where)
        amount = difference(balance, accounts.c.posted)
        book(writing, where, amount, amount, "payment", comment)
    refresh_sums_of_users(connection, user_ids, Unit.CREDITS)


def lock_accounts_where(connection: Connection, where: ColumnElement[bool]) -> None:
    """Holds the accounts in id order, so that what is computed from them and what is written are of one state."""
    if connection.dialect.name != "sqlite":
        statement = select(accounts.c.id).where(where).order_by(accounts.c.id).with_for_update(key_share=True)
        connection.execute(statement).all()


# --- entries ------------------------------------------------------------------------------------------------------


def new_account(
    writing: Writing, kind: OwnerKind, unit: Unit, printer_id: ColumnElement[int] | None
) -> dict[str, ColumnElement[Any]]:
    """The columns of a new account of each row of `users` or `groups` (by `kind`); no printer: for all printers."""
    owners = groups if kind is OwnerKind.GROUP else users
    scope = literal("0") if printer_id is None else cast(printer_id, String)
    columns: dict[str, ColumnElement[Any]] = {
        "live_key": literal(f"{kind}:")
        + cast(owners.c.id, String)
        + literal(f":{unit}:")
        + scope
        + literal(f":{UNTIL_RESET}"),
        "unit": literal(unit.value),
        "owner_kind": literal(kind.value),
        "owner_name": literal(""),
        "group_id" if kind is OwnerKind.GROUP else "user_id": owners.c.id,
        "period_kind": literal(UNTIL_RESET),
        "period_spec": literal(""),
        "posted": NO_STEPS,
        "lifetime": NO_STEPS,
        "reserved": NO_STEPS,
        "warn_banners": NO_STEPS,
        "created_at": literal(writing.now, BigInteger),
    }
    return columns if printer_id is None else columns | {"printer_id": printer_id}


def ensure_entries(writing: Writing, selection: EntrySelection) -> EntrySelection:
    connection = writing.connection
    newest = newest_account_id(connection)
    lock_owners_of(connection, selection)
    is_group = selection.owner_kind is OwnerKind.GROUP
    owners = groups if is_group else users
    values = new_account(writing, selection.owner_kind, Unit.IMPRESSIONS, printers.c.id)
    key = values["live_key"]
    for portion in portions(selection):
        conditions = [
            owners.c.live_name.is_not(None),
            printers.c.live_name.is_not(None),
            ~exists(select(accounts.c.id).where(accounts.c.live_key == key).correlate(owners, printers)),
        ]
        if portion is not None:
            conditions.append(owners.c.id.in_(portion))
        if selection.printer_ids is not None:
            conditions.append(printers.c.id.in_(selection.printer_ids))
        missing = select(*values.values()).select_from(owners.join(printers, literal(True))).where(*conditions)
        connection.execute(insert(accounts).from_select(list(values), missing, include_defaults=False))
    if is_group:
        refresh_sums(connection, accounts.c.id > newest)
    return replace(selection, newer_than=newest)


def change_entries(writing: Writing, selection: EntrySelection, change: EntryChange) -> None:
    connection = writing.connection
    booked = change.page_counter is not None or change.lifetime_counter is not None
    columns = _columns(change)
    if not (booked or columns):
        return
    if booked and selection.owner_kind is OwnerKind.GROUP and not selection.of_members:
        raise UsageError(_("a users group has no counter of its own; change its members' instead"))
    lock_owners_of(connection, selection)
    for where in selections(connection, selection):
        lock_accounts_where(connection, where)
        if booked:
            amount = difference(change.page_counter, accounts.c.posted)
            lifetime_amount = difference(change.lifetime_counter, accounts.c.lifetime)
            book(writing, where, amount, lifetime_amount, "adjustment", change.reason)
        if change.increase < 0:
            _refuse_negative_limits(connection, where, columns)
        elif change.increase:
            _refuse_endless_limits(connection, where, change)
        if columns:
            connection.execute(update(accounts).where(where).values(**columns))
    if booked and selection.owner_kind is OwnerKind.USER:
        refresh_sums_of_users(connection, selection.owner_ids, Unit.IMPRESSIONS)
    elif booked:
        # A member may be in other groups as well, so all sums on these printers.
        on_printers = accounts.c.unit == Unit.IMPRESSIONS.value
        if selection.printer_ids is not None:
            on_printers = and_(on_printers, accounts.c.printer_id.in_(selection.printer_ids))
        refresh_sums(connection, on_printers)


def _columns(change: EntryChange) -> dict[str, Any]:
    """New values of an account's columns; None removes a limit."""
    columns: dict[str, Any] = {
        name: value
        for name, value in (
            ("soft_limit", change.soft_limit),
            ("hard_limit", change.hard_limit),
            ("max_job_impressions", change.max_job_impressions),
        )
        if value is not UNCHANGED
    }
    if change.increase:
        for name in ("soft_limit", "hard_limit"):
            columns[name] = _before_increase(change, name) + literal(change.increase, BigInteger)
    if change.clear_grace:
        columns["grace_until"] = None
    if change.clear_warnings:
        columns["warn_banners"] = 0
    return columns


def _before_increase(change: EntryChange, name: str) -> ColumnElement[int]:
    """A limit as set beside the increase, or as stored; 0 where there is none."""
    given = getattr(change, name)
    return func.coalesce(accounts.c[name] if given is UNCHANGED else literal(given, BigInteger), 0)


def _refuse_endless_limits(connection: Connection, where: ColumnElement[bool], change: EntryChange) -> None:
    room = LARGEST_STEPS - change.increase  # compared before it is added, which could exceed the column
    too_large = or_(*(_before_increase(change, name) > room for name in ("soft_limit", "hard_limit")))
    if connection.execute(select(accounts.c.id).where(where, too_large).limit(1)).first() is not None:
        raise UsageError(
            _("a limit would become larger than {largest}; give a smaller increase").format(largest=LARGEST_STEPS)
        )


def _refuse_negative_limits(connection: Connection, where: ColumnElement[bool], columns: dict[str, Any]) -> None:
    lower = case((columns["soft_limit"] < columns["hard_limit"], columns["soft_limit"]), else_=columns["hard_limit"])
    found = connection.execute(
        select(users.c.name, printers.c.name.label("printer"), lower.label("limit"))
        .select_from(
            accounts.outerjoin(users, accounts.c.user_id == users.c.id).join(
                printers, accounts.c.printer_id == printers.c.id
            )
        )
        .where(where, lower < 0)
        .limit(1)
    ).first()
    if found is not None:
        raise UsageError(
            _("the limit of {name} on {printer} would become {limit}; give a smaller decrease").format(
                name=found.name, printer=found.printer, limit=found.limit
            )
        )


def start_grace(writing: Writing, account_ids: Sequence[int], delay_s: int) -> None:
    """The grace of a reserve (`guard.grace_after`), begun without one."""
    used = accounts.c.posted + accounts.c.reserved
    between = and_(accounts.c.soft_limit <= used, used < accounts.c.hard_limit)
    ends_at = writing.now + delay_s * MICROSECONDS_PER_S
    for portion in chunks(account_ids):
        due = and_(
            accounts.c.id.in_(portion), accounts.c.closed_at.is_(None), accounts.c.grace_until.is_(None), between
        )
        lock_accounts_where(writing.connection, due)
        writing.connection.execute(update(accounts).where(due).values(grace_until=ends_at))


def delete_entries(writing: Writing, selection: EntrySelection) -> None:
    connection = writing.connection
    lock_owners_of(connection, selection)
    for portion in portions(selection):
        where = selected(selection, portion)
        if selection.owner_kind is OwnerKind.USER:
            owned = exists(
                select(accounts.c.id)
                .where(
                    where, accounts.c.user_id == attempts.c.user_id, accounts.c.printer_id == attempts.c.printer_id
                )
                .correlate(attempts)
            )
            hide = update(attempts).where(owned, attempts.c.hidden.is_(False))
            if portion is not None:
                hide = hide.where(attempts.c.user_id.in_(portion))
            connection.execute(hide.values(hidden=True))
        close_accounts(writing, where)
    if selection.owner_kind is OwnerKind.USER:
        refresh_sums_of_users(connection, selection.owner_ids, Unit.IMPRESSIONS)


def close_accounts(writing: Writing, where: ColumnElement[bool]) -> None:
    """Ends the accounts and frees their keys; open attempts still settle on them. The sums are the caller's."""
    lock_accounts_where(writing.connection, where)
    writing.connection.execute(
        update(accounts).where(where, accounts.c.closed_at.is_(None)).values(closed_at=writing.now, live_key=None)
    )

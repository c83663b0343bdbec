# SPDX-License-Identifier: Apache-2.0
"""Looking up printers, users, groups, quota entries and history inside a transaction; deleted ones are not seen.

Names are put in order here and not by the database, whose collation depends on its locale.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select

from pagetoll.core.catalogue import EntryRow, EntrySelection, GroupRow, PrinterRow, UserRow
from pagetoll.core.money import Unit
from pagetoll.core.policy import LimitBy, OwnerKind
from pagetoll.storage.sql.accounts import accounts_named
from pagetoll.storage.sql.engine import Database
from pagetoll.storage.sql.instants import maybe_instant
from pagetoll.storage.sql.schema import accounts, group_members, groups, printer_members, printers, users

#: How many numbers one statement names; databases bound their parameters (SQLite 32,766, PostgreSQL 65,535).
CHUNK = 10_000
by_name = attrgetter("name")


def chunks(numbers: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """The numbers, ascending, in portions that fit into one statement."""
    ordered = sorted(set(numbers))
    for start in range(0, len(ordered), CHUNK):
        yield tuple(ordered[start : start + CHUNK])


#: The account with a user's or users group's balance.
OPEN_CREDIT = and_(
    accounts.c.unit == Unit.CREDITS.value, accounts.c.printer_id.is_(None), accounts.c.closed_at.is_(None)
)


def read_printers(connection: Connection) -> list[PrinterRow]:
    found = connection.execute(select(printers).where(printers.c.live_name.is_not(None)))
    return sorted(map(printer_of, found), key=by_name)


def printer_of(row: Row[Any]) -> PrinterRow:
    """A row of the table of printers as a value."""
    return PrinterRow(
        printer_id=row.id,
        name=row.name,
        description=row.description,
        price_per_impression=row.price_per_impression,
        price_per_job=row.price_per_job,
        passthrough=row.passthrough,
        max_job_impressions=row.max_job_impressions,
        counted_impressions=row.counted_impressions,
        rolling_period_s=row.rolling_period_s,
        rolling_impressions=row.rolling_impressions,
        rolling_k_octets=row.rolling_k_octets,
    )


def read_printer_members(connection: Connection) -> list[tuple[int, int]]:
    found = connection.execute(
        select(printer_members.c.group_id, printer_members.c.printer_id)
        .join(printers, printers.c.id == printer_members.c.group_id)
        .order_by(printers.c.name, printer_members.c.printer_id)
    )
    return [(row.group_id, row.printer_id) for row in found]


def read_users(connection: Connection) -> list[UserRow]:
    return sorted(users_where(connection, users.c.live_name.is_not(None)), key=by_name)


def users_where(connection: Connection, condition: ColumnElement[bool]) -> list[UserRow]:
    """Users with the figures of their balances, in no order; deleted ones too, where the condition lets them."""
    found = connection.execute(
        select(users, accounts.c.posted, accounts.c.lifetime, accounts.c.reserved)
        .select_from(users.outerjoin(accounts, and_(accounts.c.user_id == users.c.id, OPEN_CREDIT)))
        .where(condition)
    )
    return [
        UserRow(
            user_id=row.id,
            name=row.name,
            email=row.email,
            description=row.description,
            limitby=LimitBy(row.limitby),
            overcharge=row.overcharge,
            balance=row.posted or 0,
            lifetime_paid=row.lifetime or 0,
            reserved=row.reserved or 0,
        )
        for row in found
    ]


def read_groups(connection: Connection) -> list[GroupRow]:
    found = connection.execute(
        select(groups, accounts.c.posted, accounts.c.lifetime, accounts.c.reserved)
        .select_from(groups.outerjoin(accounts, and_(accounts.c.group_id == groups.c.id, OPEN_CREDIT)))
        .where(groups.c.live_name.is_not(None))
    )
    rows = [
        GroupRow(
            group_id=row.id,
            name=row.name,
            description=row.description,
            limitby=LimitBy(row.limitby),
            balance=row.posted or 0,
            lifetime_paid=row.lifetime or 0,
            reserved=row.reserved or 0,
        )
        for row in found
    ]
    return sorted(rows, key=by_name)


def read_group_members(connection: Connection) -> list[tuple[int, int]]:
    found = connection.execute(
        select(group_members.c.group_id, group_members.c.user_id).order_by(
            group_members.c.group_id, group_members.c.user_id
        )
    )
    return [(row.group_id, row.user_id) for row in found]


def selected(selection: EntrySelection, owner_ids: tuple[int, ...] | None) -> ColumnElement[bool]:
    """The condition on `accounts` for the open entries of a selection, or of a portion of its owners."""
    owner = accounts.c.group_id if selection.owner_kind is OwnerKind.GROUP else accounts.c.user_id
    conditions = [
        accounts.c.unit == Unit.IMPRESSIONS.value,
        accounts.c.printer_id.is_not(None),
        accounts.c.closed_at.is_(None),
    ]
    conditions.append(accounts.c.owner_kind == selection.owner_kind.value)
    if owner_ids is not None:
        conditions.append(owner.in_(owner_ids))
    if selection.newer_than is not None:
        conditions.append(accounts.c.id > selection.newer_than)
    if selection.printer_ids is not None:
        conditions.append(accounts.c.printer_id.in_(selection.printer_ids))
    return and_(*conditions)


def selections(connection: Connection, selection: EntrySelection) -> Iterator[ColumnElement[bool]]:
    """The conditions on `accounts` that together mean a selection, each fit for one statement."""
    if selection.of_members:
        yield from _members_by_printer(connection, selection)
        return
    for portion in portions(selection):
        yield selected(selection, portion)


def _members_by_printer(connection: Connection, selection: EntrySelection) -> Iterator[ColumnElement[bool]]:
    """The entries of present members, printer by printer, where one of the groups has an entry."""
    of_groups = replace(selection, of_members=False)
    groups_on: dict[int, list[int]] = {}
    for portion in portions(selection):
        pairs = select(accounts.c.printer_id, accounts.c.group_id).where(selected(of_groups, portion))
        for printer_id, group_id in connection.execute(pairs):
            groups_on.setdefault(printer_id, []).append(group_id)
    for printer_id, group_ids in sorted(groups_on.items()):
        of_members = [
            accounts.c.user_id.in_(select(group_members.c.user_id).where(group_members.c.group_id.in_(portion)))
            for portion in chunks(group_ids)
        ]
        yield and_(
            accounts.c.unit == Unit.IMPRESSIONS.value,
            accounts.c.printer_id == printer_id,
            accounts.c.closed_at.is_(None),
            or_(*of_members),
        )


def portions(selection: EntrySelection) -> Iterator[tuple[int, ...] | None]:
    """The owners of a selection in portions that fit into one statement; one None for all owners."""
    if selection.owner_ids is None:
        yield None
    else:
        yield from chunks(selection.owner_ids)


def read_entries(connection: Connection, selection: EntrySelection) -> list[EntryRow]:
    rows = [
        entry_of(row)
        for where in selections(connection, selection)
        for row in connection.execute(accounts_named().where(where))
    ]
    return sorted(rows, key=lambda row: (row.printer_name, row.owner_name))


def each_entry(database: Database, selection: EntrySelection) -> Iterator[EntryRow]:
    """The same rows in the same order, printers in portions with some 10,000 entries at most."""
    found = [row.printer_id for row in database.read(read_printers)]
    if selection.printer_ids is not None:
        wanted = set(selection.printer_ids)
        found = [printer_id for printer_id in found if printer_id in wanted]
    owners = selection.owner_ids
    step = max(1, CHUNK // max(1, database.read(_owners) if owners is None else len(owners)))
    for start in range(0, len(found), step):
        portion = replace(selection, printer_ids=tuple(found[start : start + step]))
        yield from database.read(partial(read_entries, selection=portion))


def _owners(connection: Connection) -> int:
    """How many users there are."""
    return int(
        connection.execute(select(func.count()).select_from(users).where(users.c.live_name.is_not(None))).scalar_one()
    )


def entry_of(row: Row[Any]) -> EntryRow:
    return EntryRow(
        account_id=row.id,
        owner_name=row.owner,
        printer_name=row.scope,
        page_counter=row.posted,
        lifetime_page_counter=row.lifetime,
        reserved=row.reserved,
        soft_limit=row.soft_limit,
        hard_limit=row.hard_limit,
        grace_until=maybe_instant(row.grace_until),
        max_job_impressions=row.max_job_impressions,
        warn_banners=row.warn_banners,
    )


def newest_account_id(connection: Connection) -> int:
    return int(connection.execute(select(func.coalesce(func.max(accounts.c.id), 0))).scalar_one())

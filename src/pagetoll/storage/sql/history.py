# SPDX-License-Identifier: Apache-2.0
"""Reading attempts: one by one, the open ones, the history in pages of flat memory, the legs of one."""

from array import array
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, Select, Table, and_, bindparam, func, or_, select, text

from pagetoll.core.jobs import AttemptKey, AttemptState, HistoryFilter, Outcome
from pagetoll.core.policy import Verdict
from pagetoll.ports import Act, AttemptRecord, LegRecord, UserCharges
from pagetoll.storage.sql import schema
from pagetoll.storage.sql.accounts import accounts_named, job_write_id, state_of
from pagetoll.storage.sql.attempts import record_of, records
from pagetoll.storage.sql.engine import Database
from pagetoll.storage.sql.instants import from_micros, maybe_instant, to_micros
from pagetoll.storage.sql.schema import OPEN_ATTEMPTS, accounts, attempts, entries, printers, reservations, users
from pagetoll.storage.sql.standings import stood_of
from pagetoll.storage.sql.texts import clean

MICROSECONDS_OF_LAST_SECOND = 999_999
OPEN_STATES = tuple(state.value for state in AttemptState if state is not AttemptState.CLOSED)

_FORBIDDEN = (Verdict.REFUSE.value, Verdict.HOLD.value)


def by_key(connection: Connection, key: AttemptKey) -> AttemptRecord | None:
    row = connection.execute(select(attempts).where(attempts.c.nonce == key.nonce)).one_or_none()
    return None if row is None else record_of(row)


def by_id(connection: Connection, attempt_id: int) -> AttemptRecord | None:
    row = connection.execute(select(attempts).where(attempts.c.id == attempt_id)).one_or_none()
    return None if row is None else record_of(row)


def open_attempts(connection: Connection) -> Sequence[AttemptRecord]:
    # The partial index's own condition, and the states one by one: else SQLite reads all that ever was, by number.
    found = select(attempts).where(text(OPEN_ATTEMPTS.text), attempts.c.state.in_(OPEN_STATES))
    return records(connection.execute(found.order_by(attempts.c.id)))


#: Built once: it is on each job's way, and mostly finds nothing.
_OPEN_OF_JOB = (
    select(attempts)
    .where(
        attempts.c.job_id == bindparam("job"),
        attempts.c.spooler_host == bindparam("host"),
        attempts.c.time_at_creation == bindparam("created"),
        attempts.c.state != "closed",
    )
    .order_by(attempts.c.id)
)


def open_attempts_of_job(
    connection: Connection, spooler_host: str, job_id: int, time_at_creation: int
) -> Sequence[AttemptRecord]:
    asked = {"job": job_id, "host": spooler_host, "created": time_at_creation}
    return records(connection.execute(_OPEN_OF_JOB, asked))


def selection(wanted: HistoryFilter) -> Select[Any]:
    """The attempts that fit; names also find those of deleted printers and users, and of unknown ones."""
    c = attempts.c
    equal = (
        (c.host_name, wanted.host_name),
        (c.billing_code, wanted.billing_code),
        (c.job_id, wanted.job_id),
        (c.identified, wanted.identified),
    )
    conditions = [
        column == (clean(value) if isinstance(value, str) else value) for column, value in equal if value is not None
    ]
    conditions += [
        _named(table, number, name, clean(value))
        for table, number, name, value in (
            (printers, c.printer_id, c.printer_name, wanted.printer_name),
            (users, c.user_id, c.user_name, wanted.user_name),
        )
        if value is not None
    ]
    if wanted.forbidden:
        conditions.append(c.verdict.in_(_FORBIDDEN))
    if wanted.dumped:
        conditions += [c.state == "closed", c.hidden.is_(False), c.user_id.is_not(None), c.printer_id.is_not(None)]
    if wanted.start is not None:
        conditions.append(c.closed_at >= to_micros(wanted.start))
    if wanted.end is not None:
        conditions.append(c.closed_at <= to_micros(wanted.end) + MICROSECONDS_OF_LAST_SECOND)
    return select(attempts).where(*conditions)


def _named(table: Table, number: Column[Any], name: Column[Any], value: str) -> ColumnElement[bool]:
    """That the attempt is of a row of this name, or of no row and was said to be."""
    known = select(table.c.id).where(table.c.name == value)
    return or_(number.in_(known), and_(number.is_(None), name == value))


_NEVER_PRINTED = (Outcome.REFUSED.value, Outcome.PENDING_HELD.value, Outcome.VOIDED.value)


def charges_by_user(connection: Connection, wanted: HistoryFilter) -> Sequence[UserCharges]:
    """See `ports.Ledger.charges_by_user`. The sums are made by the database: a year has millions of jobs."""
    c = attempts.c
    impressions, price = c.charged_impressions - c.refunded_impressions, c.charged_price - c.refunded_price
    found = (
        selection(wanted)
        .where(c.charged_impressions != 0, c.outcome.not_in(_NEVER_PRINTED), or_(impressions != 0, price != 0))
        .with_only_columns(c.user_name, func.count(), func.sum(impressions), func.sum(price))
        .group_by(c.user_name)
    )
    rows = connection.execute(found).all()
    # The database's order of names depends on its locale.
    return sorted(
        (UserCharges(name, jobs, int(sides), int(paid)) for name, jobs, sides, paid in rows),
        key=lambda row: row.user_name,
    )


def pages(
    database: Database, wanted: HistoryFilter, *, newest_first: bool, limit: int | None, page_rows: int
) -> Iterator[AttemptRecord]:
    """The attempts by number; each page is a short transaction, so that a slow reader holds nothing up."""
    found = selection(wanted).order_by(attempts.c.id.desc() if newest_first else attempts.c.id)
    if wanted.user_name is not None or wanted.printer_name is not None or wanted.job_id is not None:
        yield from _pages_of_numbers(database, found, limit, page_rows)
        return
    last: int | None = None
    left = limit
    while left is None or left > 0:
        page = found
        if last is not None:
            page = page.where(attempts.c.id < last if newest_first else attempts.c.id > last)
        asked = page_rows if left is None else min(page_rows, left)
        batch = database.read(partial(_page, statement=page.limit(asked)))
        yield from batch
        if len(batch) < asked:
            return
        last = batch[-1].attempt_id
        left = None if left is None else left - len(batch)


def _pages_of_numbers(
    database: Database, found: Select[Any], limit: int | None, page_rows: int
) -> Iterator[AttemptRecord]:
    """The same where an index finds the attempts, in another order: their numbers are read and sorted once, at eight
    octets each, and not for every page."""
    numbers = database.read(partial(_numbers, statement=found.with_only_columns(attempts.c.id).limit(limit)))
    for start in range(0, len(numbers), page_rows):
        page = found.where(attempts.c.id.in_(numbers[start : start + page_rows].tolist()))
        yield from database.read(partial(_page, statement=page))


def _numbers(connection: Connection, statement: Select[Any]) -> "array[int]":
    return array("q", connection.execute(statement).scalars())


def _page(connection: Connection, statement: Select[Any]) -> list[AttemptRecord]:
    return records(connection.execute(statement))


def acts(database: Database, page_rows: int) -> Iterator[Act]:
    """Administrative acts, the newest first, in pages as above."""
    table = schema.acts
    found = select(table).order_by(table.c.id.desc()).limit(page_rows)
    batch = database.read(partial(_rows, statement=found))
    while batch:
        yield from (Act(from_micros(row.at), row.actor, row.text) for row in batch)
        older = found.where(table.c.id < batch[-1].id)
        batch = database.read(partial(_rows, statement=older))


def _rows(connection: Connection, statement: Select[Any]) -> Sequence[Row[Any]]:
    return connection.execute(statement).all()


def legs(connection: Connection, attempt_id: int) -> Sequence[LegRecord]:
    """The accounts of an attempt, in account order, as they are now, with what it set aside and posted."""
    mine = and_(entries.c.write_id == job_write_id(attempt_id), entries.c.account_id == accounts.c.id)
    posted = select(func.coalesce(func.sum(entries.c.amount), 0)).where(mine).scalar_subquery()
    first = select(func.min(entries.c.id)).where(mine).scalar_subquery()
    earlier = entries.alias("earlier")
    before = (
        select(func.coalesce(func.sum(earlier.c.amount), 0))
        .where(earlier.c.account_id == accounts.c.id, earlier.c.id < first)
        .scalar_subquery()
    )
    found = (
        accounts_named()
        .add_columns(
            reservations.c.amount,
            reservations.c.state,
            reservations.c.checked,
            reservations.c.grace_written,
            *(column for column in reservations.c if column.name.startswith("stood_")),
            posted.label("posted_here"),
            first.label("first_entry"),
            before.label("posted_before"),
        )
        .join(reservations, reservations.c.account_id == accounts.c.id)
        .where(reservations.c.attempt_id == attempt_id)
        .order_by(accounts.c.id)
    )
    return [
        LegRecord(
            account=(account := state_of(row)),
            reserved=row.amount,
            state=row.state,
            checked=row.checked,
            posted=int(row.posted_here),
            posted_before=None if row.first_entry is None else int(row.posted_before),
            stood=stood_of(account, row),
            grace_written=maybe_instant(row.grace_written),
        )
        for row in connection.execute(found)
    ]

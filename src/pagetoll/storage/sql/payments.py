# SPDX-License-Identifier: Apache-2.0
"""The payments of users, read in pages: entries of their balances; refunds have the sign of the old dumps."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, Select, case, literal, select, text, tuple_

from pagetoll.core.catalogue import PaymentFilter, PaymentRow
from pagetoll.core.money import Unit
from pagetoll.storage.sql.engine import Database
from pagetoll.storage.sql.instants import MICROSECONDS_PER_S, from_micros, to_micros
from pagetoll.storage.sql.schema import PAID_ENTRIES, accounts, entries, users
from pagetoll.storage.sql.texts import clean

#: The kind of an entry that gives back what a job cost.
REFUND = "refund"


def payments(database: Database, wanted: PaymentFilter, page_rows: int) -> Iterator[PaymentRow]:
    """Oldest first; each page is a short transaction, so that a slow reader holds nothing up."""
    found = _selection(wanted).order_by(entries.c.at, entries.c.id).limit(page_rows)
    batch = database.read(partial(_rows, statement=found))
    while batch:
        yield from map(_payment_of, batch)
        if len(batch) < page_rows:
            return
        last = tuple_(literal(batch[-1].at, BigInteger), literal(batch[-1].id, BigInteger))
        # The first condition for MariaDB, which finds no rows of an index by a comparison of pairs.
        later = found.where(entries.c.at >= batch[-1].at, tuple_(entries.c.at, entries.c.id) > last)
        batch = database.read(partial(_rows, statement=later))


def _selection(wanted: PaymentFilter) -> Select[Any]:
    """The payments that fit. The partial index's own condition stands as it is written there, so that it is used."""
    conditions: list[ColumnElement[bool]] = [
        accounts.c.unit == Unit.CREDITS.value,
        users.c.live_name.is_not(None),
    ]
    if wanted.user_name is not None:
        conditions.append(users.c.live_name == clean(wanted.user_name))
    if wanted.start is not None:
        conditions.append(entries.c.at >= to_micros(wanted.start))
    if wanted.end is not None:
        conditions.append(entries.c.at < to_micros(wanted.end) + MICROSECONDS_PER_S)
    return (
        select(
            entries.c.id,
            entries.c.at,
            case((entries.c.kind == REFUND, -entries.c.amount), else_=entries.c.amount).label("amount"),
            entries.c.reason,
            users.c.id.label("user_id"),
            users.c.name,
        )
        .select_from(
            entries.join(accounts, accounts.c.id == entries.c.account_id).join(
                users, users.c.id == accounts.c.user_id
            )
        )
        .where(text(PAID_ENTRIES.text), *conditions)
    )


def _rows(connection: Connection, statement: Select[Any]) -> Sequence[Row[Any]]:
    return connection.execute(statement).all()


def _payment_of(row: Row[Any]) -> PaymentRow:
    return PaymentRow(
        payment_id=row.id,
        user_id=row.user_id,
        user_name=row.name,
        amount=int(row.amount),
        description=row.reason,
        at=from_micros(row.at),
    )

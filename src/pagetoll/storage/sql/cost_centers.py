# SPDX-License-Identifier: Apache-2.0
"""Cost centres inside a transaction: what billing codes name, with an account of impressions and one of money spent.

They are locked as all accounts are, in id order behind the users. A deleted one keeps its row, its figures and its
open jobs; its name is free again.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    String,
    and_,
    cast,
    exists,
    insert,
    literal,
    select,
    update,
)

from pagetoll.core.catalogue import UNCHANGED, CodeChange, CodeRow
from pagetoll.core.money import Unit
from pagetoll.core.policy import OwnerKind
from pagetoll.storage.sql.accounts import UNTIL_RESET
from pagetoll.storage.sql.catalogue_entries import NO_STEPS, Writing, book, close_accounts, lock_accounts_where
from pagetoll.storage.sql.catalogue_reads import by_name, chunks
from pagetoll.storage.sql.schema import NAME_LENGTH, accounts, cost_centers
from pagetoll.storage.sql.texts import clean

UNITS = (Unit.IMPRESSIONS, Unit.CREDITS)
#: Column of a limit -> the account's unit and column.
_LIMITS = {
    "soft_limit_impressions": (Unit.IMPRESSIONS, "soft_limit"),
    "hard_limit_impressions": (Unit.IMPRESSIONS, "hard_limit"),
    "soft_limit_spent": (Unit.CREDITS, "soft_limit"),
    "hard_limit_spent": (Unit.CREDITS, "hard_limit"),
}


def stored_name(billing_code: str) -> str:
    """How a cost centre of this code is called: codes are free text, names are bounded."""
    return clean(billing_code, NAME_LENGTH)


def add_codes(connection: Connection, names: Sequence[str], now: int) -> None:
    """New cost centres with their accounts."""
    if not names:
        return
    rows = [{"name": name, "live_name": name, "created_at": now} for name in names]
    connection.execute(insert(cost_centers), rows)
    for unit in UNITS:
        values = _new_account(unit, now)
        owned = exists(
            select(accounts.c.id)
            .where(accounts.c.cost_center_id == cost_centers.c.id, accounts.c.unit == unit.value)
            .correlate(cost_centers)
        )
        # All of this moment without an account: no list of names, which would be bounded.
        missing = select(*values.values()).where(cost_centers.c.live_name.is_not(None), ~owned)
        connection.execute(insert(accounts).from_select(list(values), missing, include_defaults=False))


def _new_account(unit: Unit, now: int) -> dict[str, ColumnElement[Any]]:
    kind = OwnerKind.COST_CENTER.value
    return {
        "live_key": literal(f"{kind}:") + cast(cost_centers.c.id, String) + literal(f":{unit}:0:{UNTIL_RESET}"),
        "unit": literal(unit.value),
        "owner_kind": literal(kind),
        "owner_name": cost_centers.c.name,
        "cost_center_id": cost_centers.c.id,
        "period_kind": literal(UNTIL_RESET),
        "period_spec": literal(""),
        "posted": NO_STEPS,
        "lifetime": NO_STEPS,
        "reserved": NO_STEPS,
        "warn_banners": NO_STEPS,
        "created_at": literal(now, BigInteger),
    }


def read_codes(connection: Connection) -> list[CodeRow]:
    pages, money = accounts.alias("pages"), accounts.alias("money")

    def of(table: Any, unit: Unit) -> ColumnElement[bool]:
        return and_(
            table.c.cost_center_id == cost_centers.c.id, table.c.unit == unit.value, table.c.closed_at.is_(None)
        )

    found = connection.execute(
        select(
            cost_centers.c.id,
            cost_centers.c.name,
            cost_centers.c.description,
            *(pages.c[name].label(f"pages_{name}") for name in ("posted", "reserved", "soft_limit", "hard_limit")),
            *(money.c[name].label(f"money_{name}") for name in ("posted", "reserved", "soft_limit", "hard_limit")),
        )
        .select_from(cost_centers.join(pages, of(pages, Unit.IMPRESSIONS)).join(money, of(money, Unit.CREDITS)))
        .where(cost_centers.c.live_name.is_not(None))
    )
    rows = [
        CodeRow(
            code_id=row.id,
            name=row.name,
            description=row.description,
            page_counter=row.pages_posted,
            spent=row.money_posted,
            reserved_impressions=row.pages_reserved,
            reserved_price=row.money_reserved,
            soft_limit_impressions=row.pages_soft_limit,
            hard_limit_impressions=row.pages_hard_limit,
            soft_limit_spent=row.money_soft_limit,
            hard_limit_spent=row.money_hard_limit,
        )
        for row in found
    ]
    return sorted(rows, key=by_name)


def change_codes(writing: Writing, code_ids: Sequence[int], change: CodeChange) -> None:
    """Sets the description and the budgets that the change names; a new limit ends a running grace time."""
    limits: dict[Unit, dict[str, int | None]] = {}
    for field, (unit, column) in _LIMITS.items():
        if (value := getattr(change, field)) is not UNCHANGED:
            limits.setdefault(unit, {"grace_until": None})[column] = value
    for portion in chunks(code_ids):
        if change.description is not UNCHANGED:
            writing.connection.execute(
                update(cost_centers).where(cost_centers.c.id.in_(portion)).values(description=change.description)
            )
        lock_accounts_where(writing.connection, _open_accounts(portion))
        for unit in UNITS:
            if unit in limits:
                writing.connection.execute(
                    update(accounts)
                    .where(_open_accounts(portion), accounts.c.unit == unit.value)
                    .values(**limits[unit])
                )


def reset_codes(writing: Writing, code_ids: Sequence[int], reason: str) -> None:
    """See `ports.CatalogueTransaction`; what was ever spent stays in the accounts' lifetime."""
    for portion in chunks(code_ids):
        where = _open_accounts(portion)
        lock_accounts_where(writing.connection, where)
        book(writing, where, -accounts.c.posted, NO_STEPS, "reset", reason)
        writing.connection.execute(update(accounts).where(where).values(grace_until=None))


def delete_codes(writing: Writing, code_ids: Sequence[int]) -> None:
    """Closes them and frees their names; open jobs settle on the closed accounts, the history stays."""
    for portion in chunks(code_ids):
        close_accounts(writing, accounts.c.cost_center_id.in_(portion))
        writing.connection.execute(
            update(cost_centers).where(cost_centers.c.id.in_(portion)).values(live_name=None, closed_at=writing.now)
        )


def _open_accounts(code_ids: Sequence[int]) -> ColumnElement[bool]:
    return and_(accounts.c.cost_center_id.in_(code_ids), accounts.c.closed_at.is_(None))

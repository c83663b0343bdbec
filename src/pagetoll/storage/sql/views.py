# SPDX-License-Identifier: Apache-2.0
"""What the rules need to know of a user on a printer, in three short queries: it is on each job's way.

A fourth finds the cost centre of a job that names one.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, or_, select

from pagetoll.core.charging import ChargeView, CostCenter, GroupView, PageEntry
from pagetoll.core.money import MILLION, Unit
from pagetoll.core.policy import LimitBy, Rule
from pagetoll.storage.sql.job_cost_centers import find_cost_center
from pagetoll.storage.sql.rolling import rolling_limits_of
from pagetoll.storage.sql.schema import accounts, group_members, groups, printer_members, printers, users


def _printer_and_ancestors() -> Any:
    """The printer and every printer group above it, each once, whatever loops the memberships have."""
    above = (
        select(printers.c.id).where(printers.c.live_name == bindparam("printer_name")).cte("above", recursive=True)
    )
    above = above.union(
        select(printer_members.c.group_id).select_from(
            printer_members.join(above, printer_members.c.printer_id == above.c.id)
        )
    )
    return select(printers).join(above, above.c.id == printers.c.id).where(printers.c.closed_at.is_(None))


_PRINTERS = _printer_and_ancestors()

_counted_here = or_(
    and_(
        accounts.c.unit == Unit.IMPRESSIONS.value,
        accounts.c.printer_id.in_(bindparam("printer_ids", expanding=True)),
    ),
    and_(accounts.c.unit == Unit.CREDITS.value, accounts.c.printer_id.is_(None)),
)

_USER = (
    select(
        users.c.id.label("user_id"),
        users.c.limitby,
        users.c.overcharge,
        accounts.c.id.label("account_id"),
        accounts.c.unit,
        accounts.c.printer_id,
        accounts.c.max_job_impressions,
    )
    .select_from(
        users.outerjoin(
            accounts, and_(accounts.c.user_id == users.c.id, accounts.c.closed_at.is_(None), _counted_here)
        )
    )
    .where(users.c.live_name == bindparam("user_name"))
)

_GROUPS = (
    select(
        groups.c.id.label("group_id"),
        groups.c.name,
        groups.c.limitby,
        accounts.c.id.label("account_id"),
        accounts.c.unit,
        accounts.c.printer_id,
    )
    .select_from(
        group_members.join(groups, groups.c.id == group_members.c.group_id).join(
            accounts, and_(accounts.c.group_id == groups.c.id, accounts.c.closed_at.is_(None), _counted_here)
        )
    )
    .where(group_members.c.user_id == bindparam("user_id"), groups.c.closed_at.is_(None))
    .order_by(groups.c.name, accounts.c.id)
)


def charge_view(
    connection: Connection,
    printer_name: str,
    user_name: str,
    rules: dict[str, Rule],
    default: Rule,
    billing_code: str = "",
) -> ChargeView:
    """See `ports.Ledger.charge_view`."""
    near = {row.id: row for row in connection.execute(_PRINTERS, {"printer_name": printer_name})}
    own = next((row for row in near.values() if row.live_name == printer_name), None)
    # An empty list would make another statement of it.
    printer_ids = sorted(near) or [0]
    account_rows = connection.execute(_USER, {"user_name": user_name, "printer_ids": printer_ids}).all()
    user = account_rows[0] if account_rows else None
    entries = _page_entries(account_rows, near, own, rules, default)
    group_rows: Sequence[Any] = (
        connection.execute(_GROUPS, {"user_id": user.user_id, "printer_ids": printer_ids}).all()
        if user is not None and entries
        else []
    )
    entry_printers = {entry.printer_name for entry in entries}
    counted = {row.id: row.name for row in near.values() if row.name in entry_printers}
    return ChargeView(
        printer_name=printer_name,
        printer_id=None if own is None else own.id,
        passthrough=own is not None and own.passthrough,
        printer_max_job_impressions=None if own is None else own.max_job_impressions,
        user_name=user_name,
        user_id=None if user is None else user.user_id,
        limitby=LimitBy.QUOTA if user is None else LimitBy(user.limitby),
        overcharge=MILLION if user is None else user.overcharge,
        credit_account_id=next((row.account_id for row in account_rows if row.unit == Unit.CREDITS), None),
        entries=entries,
        groups=_group_views(group_rows, counted, rules, default),
        cost_center=_cost_center(connection, billing_code),
    )


def _cost_center(connection: Connection, billing_code: str) -> CostCenter | None:
    return find_cost_center(connection, billing_code) if billing_code else None


def _page_entries(
    rows: Any, near: dict[int, Row[Any]], own: Row[Any] | None, rules: dict[str, Rule], default: Rule
) -> tuple[PageEntry, ...]:
    """The user's entries, the printer's own first, the ancestors' by name; none without the printer's own."""
    by_printer = {row.printer_id: row for row in rows if row.unit == Unit.IMPRESSIONS}
    if own is None or own.id not in by_printer:
        return ()
    ancestors = sorted(
        (near[printer_id] for printer_id in by_printer if printer_id != own.id), key=lambda printer: str(printer.name)
    )
    return tuple(
        PageEntry(
            account_id=by_printer[printer.id].account_id,
            printer_name=printer.name,
            price_per_impression=printer.price_per_impression,
            price_per_job=printer.price_per_job,
            rule=rules.get(printer.name, default),
            max_job_impressions=by_printer[printer.id].max_job_impressions,
            printer_id=printer.id,
            rolling=rolling_limits_of(printer),
        )
        for printer in (own, *ancestors)
    )


def _group_views(
    rows: Sequence[Any], counted: dict[int, str], rules: dict[str, Rule], default: Rule
) -> tuple[GroupView, ...]:
    """One view a group; only entries on printers where the user's own entry counts, for only those move."""
    views = []
    for group_id in dict.fromkeys(row.group_id for row in rows):
        mine = [row for row in rows if row.group_id == group_id]
        credit_id = next((row.account_id for row in mine if row.unit == Unit.CREDITS), None)
        if credit_id is None:
            continue
        entries = tuple(
            (row.account_id, rules.get(counted[row.printer_id], default))
            for row in mine
            if row.unit == Unit.IMPRESSIONS and row.printer_id in counted
        )
        views.append(GroupView(LimitBy(mine[0].limitby), credit_id, entries))
    return tuple(views)

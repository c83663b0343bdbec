# SPDX-License-Identifier: Apache-2.0
"""Proves the kept figures: what cannot be derived from entries, open reservations and memberships is named.

One statement a kind, over sets; all see one state of the database.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, literal, or_, select

from pagetoll.core.audit import AuditDifference, AuditExtent
from pagetoll.core.messages import _
from pagetoll.core.money import Unit
from pagetoll.core.policy import OwnerKind
from pagetoll.storage.sql.accounts import accounts_named, member_accounts, same_kind
from pagetoll.storage.sql.schema import accounts, attempts, entries, group_members, printers, refunds, reservations

FIGURES = ("posted", "lifetime", "reserved")
_IS_GROUP = accounts.c.owner_kind == OwnerKind.GROUP.value


def audit(connection: Connection) -> list[AuditDifference]:
    """Every difference, in account order a kind."""
    return [difference for check in _CHECKS for difference in check(connection)]


def extent(connection: Connection) -> AuditExtent:
    """How much there is to prove."""
    is_open = reservations.c.state == "open"
    return AuditExtent(
        accounts=connection.execute(select(func.count()).select_from(accounts)).scalar_one(),
        entries=connection.execute(select(func.count()).select_from(entries)).scalar_one(),
        open_reservations=connection.execute(
            select(func.count()).select_from(reservations).where(is_open)
        ).scalar_one(),
    )


def _name(row: Any) -> str:
    where = _(" on {printer}").format(printer=row.scope) if row.scope else ""
    owner = f"{_(row.owner_kind.replace('_', ' '))} {row.owner}{where}"
    return _("account {number} ({owner}, {unit})").format(
        number=row.id, owner=owner, unit=_(row.unit.replace("_", " "))
    )


def _differences(connection: Connection, what: str, statement: Select[Any]) -> list[AuditDifference]:
    return [
        AuditDifference(what, _name(row), int(row.kept), int(row.derived), Unit(row.unit))
        for row in connection.execute(statement.order_by(accounts.c.id))
    ]


def _compare(kept: ColumnElement[int], sums: Any, derived: ColumnElement[int]) -> Select[Any]:
    """Accounts whose `kept` is not `derived` (0 where `sums` has no row for them)."""
    proved = func.coalesce(derived, 0)
    return (
        accounts_named()
        .add_columns(kept.label("kept"), proved.label("derived"))
        .outerjoin(sums, sums.c.account_id == accounts.c.id)
        .where(kept != proved)
    )


def _posted(connection: Connection) -> list[AuditDifference]:
    sums = (
        select(
            entries.c.account_id,
            func.sum(entries.c.amount).label("amount"),
            func.sum(entries.c.lifetime_amount).label("lifetime_amount"),
        )
        .group_by(entries.c.account_id)
        .subquery()
    )
    own = ~_IS_GROUP
    return [
        *_differences(connection, "posted", _compare(accounts.c.posted, sums, sums.c.amount).where(own)),
        *_differences(connection, "lifetime", _compare(accounts.c.lifetime, sums, sums.c.lifetime_amount).where(own)),
        *_differences(
            connection,
            "entries_of_group",
            accounts_named()
            .add_columns(literal(0).label("kept"), sums.c.amount.label("derived"))
            .join(sums, sums.c.account_id == accounts.c.id)
            .where(_IS_GROUP),
        ),
    ]


def _reserved(connection: Connection) -> list[AuditDifference]:
    """Only open reservations of open attempts justify what is set aside."""
    sums = (
        select(reservations.c.account_id, func.sum(reservations.c.amount).label("amount"))
        .join(attempts, attempts.c.id == reservations.c.attempt_id)
        .where(reservations.c.state == "open", attempts.c.state != "closed")
        .group_by(reservations.c.account_id)
        .subquery()
    )
    return _differences(connection, "reserved", _compare(accounts.c.reserved, sums, sums.c.amount).where(~_IS_GROUP))


def _group_sums(connection: Connection) -> list[AuditDifference]:
    """The members' accounts are summed first, in one pass, and only their few sums are laid beside the groups'."""
    member = member_accounts.c
    kind = (member.unit, member.printer_id, member.period_kind, member.period_spec)
    sums = (
        select(group_members.c.group_id, *kind, *(func.sum(member[figure]).label(figure) for figure in FIGURES))
        .select_from(group_members.join(member_accounts, member.user_id == group_members.c.user_id))
        .where(member.closed_at.is_(None))
        .group_by(group_members.c.group_id, *kind)
        .subquery()
    )
    proved = {figure: func.coalesce(sums.c[figure], 0) for figure in FIGURES}
    rows = connection.execute(
        accounts_named()
        .add_columns(*(proved[figure].label(f"derived_{figure}") for figure in FIGURES))
        .outerjoin(sums, and_(sums.c.group_id == accounts.c.group_id, same_kind(sums=sums)))
        .where(_IS_GROUP, accounts.c.closed_at.is_(None))
        .where(or_(*(accounts.c[figure] != proved[figure] for figure in FIGURES)))
        .order_by(accounts.c.id)
    ).all()
    return [
        AuditDifference(f"group_sum_{figure}", _name(row), kept, derived, Unit(row.unit))
        for figure in FIGURES
        for row in rows
        if (kept := int(row._mapping[figure])) != (derived := int(row._mapping[f"derived_{figure}"]))
    ]


def _stray_reservations(connection: Connection) -> list[AuditDifference]:
    """Legs whose state is not their attempt's: open under a closed one, or closed under an open one."""
    is_open, runs = reservations.c.state == "open", attempts.c.state != "closed"
    statement = (
        accounts_named()
        .add_columns(reservations.c.amount.label("kept"), literal(0).label("derived"))
        .join(reservations, reservations.c.account_id == accounts.c.id)
        .join(attempts, attempts.c.id == reservations.c.attempt_id)
        .where(or_(and_(is_open, ~runs), and_(~is_open, runs)))
    )
    return _differences(connection, "reservation_state", statement)


def _counted(connection: Connection) -> list[AuditDifference]:
    """A printer's running counter is the sum of what came out of its attempts."""
    sums = (
        select(attempts.c.printer_id, func.sum(attempts.c.charged_impressions).label("impressions"))
        .group_by(attempts.c.printer_id)
        .subquery()
    )
    proved = func.coalesce(sums.c.impressions, 0)
    statement = (
        select(printers.c.id, printers.c.name, printers.c.counted_impressions, proved.label("derived"))
        .outerjoin(sums, sums.c.printer_id == printers.c.id)
        .where(printers.c.counted_impressions != proved)
        .order_by(printers.c.id)
    )
    return [
        AuditDifference(
            "counted_impressions",
            _("printer {name}").format(name=row.name),
            int(row.counted_impressions),
            int(row.derived),
            Unit.IMPRESSIONS,
        )
        for row in connection.execute(statement)
    ]


def _refunded(connection: Connection) -> list[AuditDifference]:
    """What was given back of an attempt is the sum of its refunds."""
    return [
        difference
        for figure, unit in (("impressions", Unit.IMPRESSIONS), ("price", Unit.CREDITS))
        for difference in _refunded_figure(connection, figure, unit)
    ]


def _refunded_figure(connection: Connection, figure: str, unit: Unit) -> list[AuditDifference]:
    kept = attempts.c[f"refunded_{figure}"]
    sums = (
        select(refunds.c.attempt_id, func.sum(refunds.c[figure]).label("derived"))
        .group_by(refunds.c.attempt_id)
        .subquery()
    )
    proved = func.coalesce(sums.c.derived, 0)
    statement = (
        select(attempts.c.id, kept.label("kept"), proved.label("derived"))
        .outerjoin(sums, sums.c.attempt_id == attempts.c.id)
        .where(kept != proved)
        .order_by(attempts.c.id)
    )
    return [
        AuditDifference("refunded", f"attempt {row.id}", int(row.kept), int(row.derived), unit)
        for row in connection.execute(statement)
    ]


_CHECKS: tuple[Callable[[Connection], list[AuditDifference]], ...] = (
    _posted,
    _reserved,
    _group_sums,
    _stray_reservations,
    _counted,
    _refunded,
)

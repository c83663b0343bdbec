# SPDX-License-Identifier: Apache-2.0
"""Rolling limits at a reserve: what the user's jobs within the period count with, and the refusal.

The user's row is held by the caller, so that no other job of his is reserved or settled meanwhile. What is read are
his attempts of the period by their index, and the open ones: however old the ledger is, it takes the same time.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
    TextClause,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    union_all,
)

from pagetoll.core.charging import Plan
from pagetoll.core.errors import LimitReached
from pagetoll.core.jobs import AttemptState
from pagetoll.core.policy import OwnerKind
from pagetoll.core.rolling import (
    OCTETS_PER_K,
    Asking,
    RollingCheck,
    RollingLimits,
    RollingRefusal,
    RollingUse,
    Used,
    k_octets_of,
    room_at,
    uses_of,
)
from pagetoll.core.standings import Standings, asked_of, stood_for
from pagetoll.ports import AttemptFacts
from pagetoll.storage.sql.accounts import read_states
from pagetoll.storage.sql.instants import MICROSECONDS_PER_S, from_micros
from pagetoll.storage.sql.schema import OPEN_ATTEMPTS, accounts, attempts, printers, reservations

_a = attempts.c
_CLOSED = AttemptState.CLOSED.value
_LIMITS: Select[Any] = select(
    printers.c.id, printers.c.rolling_period_s, printers.c.rolling_impressions, printers.c.rolling_k_octets
).where(printers.c.id.in_(bindparam("printer_ids", expanding=True)))


_came_out = _a.charged_impressions - _a.refunded_impressions
# A document whose pages nothing can count has octets all the same.
_has_octets = and_(_a.charge_rule != "", or_(_came_out > 0, _a.quoted_impressions == 0))
_octets_k = (func.coalesce(_a.document_octets, 0) + (OCTETS_PER_K - 1)) // OCTETS_PER_K
_is_open = _a.state != _CLOSED
_FIGURES = (
    _a.received_at,
    case((_is_open, _a.quoted_impressions), else_=_came_out).label("impressions"),
    case((or_(_is_open, _has_octets), _octets_k), else_=0).label("k_octets"),
)


def _counted(*conditions: ColumnElement[bool] | TextClause) -> Select[Any]:
    """The attempts that have a leg on the user's entry: passthrough printers and nochange have none."""
    is_leg = exists().where(
        reservations.c.attempt_id == _a.id, reservations.c.account_id == bindparam("entry", type_=BigInteger)
    )
    return select(*_FIGURES).where(*conditions, is_leg)


_since = bindparam("since", type_=BigInteger)
_user = bindparam("user", type_=BigInteger)
_USED = union_all(
    _counted(_a.user_id == _user, _a.received_at > _since),
    # Of the few open ones of all users, by their own index: the sum keeps planners from reading all of the user's.
    _counted(OPEN_ATTEMPTS, _a.user_id + 0 == _user, _a.received_at <= _since),
).subquery()
_SUMS = select(
    func.coalesce(func.sum(_USED.c.impressions), 0).label("impressions"),
    func.coalesce(func.sum(_USED.c.k_octets), 0).label("k_octets"),
)
_JOBS = select(_USED).order_by(_USED.c.received_at)


def _counted_of_all(*conditions: ColumnElement[bool] | TextClause) -> Select[Any]:
    """The same for the entries of all users on a printer, with whose entry it is."""
    return (
        select(accounts.c.id.label("account_id"), *_FIGURES)
        .select_from(
            accounts.join(attempts, _a.user_id == accounts.c.user_id).join(
                reservations,
                and_(reservations.c.attempt_id == _a.id, reservations.c.account_id == accounts.c.id),
            )
        )
        .where(
            accounts.c.printer_id == bindparam("printer", type_=BigInteger),
            accounts.c.owner_kind == OwnerKind.USER.value,
            accounts.c.closed_at.is_(None),
            *conditions,
        )
    )


_open = attempts.alias("open_ones")
_ALL = union_all(
    _counted_of_all(_a.received_at > _since),
    _counted_of_all(_a.id.in_(select(_open.c.id).where(OPEN_ATTEMPTS)), _a.received_at <= _since),
).subquery()
_SUMS_OF_ALL = select(_ALL.c.account_id, func.sum(_ALL.c.impressions), func.sum(_ALL.c.k_octets)).group_by(
    _ALL.c.account_id
)


def rolling_used(connection: Connection, printer_id: int, since: int) -> dict[int, tuple[int, int]]:
    """What each user's entry on a printer was used for since then (microseconds): impressions and K octets by the
    entry's account; those that are not named were not used."""
    found = connection.execute(_SUMS_OF_ALL, {"printer": printer_id, "since": since})
    return {account_id: (int(impressions), int(k_octets)) for account_id, impressions, k_octets in found}


def rolling_limits_of(printer: Row[Any]) -> RollingLimits | None:
    """The limits in a printer's row."""
    if printer.rolling_period_s is None:
        return None
    return RollingLimits(printer.rolling_period_s, printer.rolling_impressions, printer.rolling_k_octets)


def check_rolling(connection: Connection, facts: AttemptFacts, plan: Plan, now: int) -> tuple[RollingUse, ...]:
    """That the job fits into the limits that it meets, as they are now, `now` in microseconds; how they stand before
    it.

    Raises LimitReached.
    """
    if not plan.rolling:
        return ()
    printer_ids = sorted(check.printer_id for check in plan.rolling)
    limits = {row.id: rolling_limits_of(row) for row in connection.execute(_LIMITS, {"printer_ids": printer_ids})}
    checks = [replace(check, limits=now_set) for check in plan.rolling if (now_set := limits[check.printer_id])]
    asking = Asking(facts.user_id, facts.user_name, plan.impressions, facts.document_octets)
    uses, refusal = look_at(connection, asking, checks, now)
    if refusal is not None and all(check.checked for check in checks):
        accounts_now = read_states(connection, asked_of(plan))  # read only for a refusal
        raise LimitReached(refusal, Standings(stood_for(plan, accounts_now), uses, plan))
    return uses


def look_at(
    connection: Connection, asking: Asking, checks: Sequence[RollingCheck], now: int
) -> tuple[tuple[RollingUse, ...], RollingRefusal | None]:
    """How the limits stand before the job, and why it does not fit the first one that it does not; `now` in
    microseconds."""
    uses: list[RollingUse] = []
    refusal = None
    asked = (asking.impressions, k_octets_of(asking.document_octets))
    for check in checks:
        since = now - check.limits.period_s * MICROSECONDS_PER_S
        parameters = {"user": asking.user_id, "entry": check.account_id, "since": since}
        used = connection.execute(_SUMS, parameters).one()
        found, over = uses_of(check, (int(used.impressions), int(used.k_octets)), asked)
        uses += found
        if over is not None and refusal is None:
            jobs = _jobs(connection, parameters)
            counts = [(job.at, job.k_octets if over.is_octets else job.impressions) for job in jobs]
            again = room_at(counts, over.asked, over.limit, over.period_s, check.rule)
            refusal = RollingRefusal(asking.user_name, over, again)
    return tuple(uses), refusal


def _jobs(connection: Connection, parameters: dict[str, Any]) -> Sequence[Used]:
    """The jobs one by one, the oldest first: read only for a refusal."""
    return [
        Used(from_micros(row.received_at), int(row.impressions), int(row.k_octets))
        for row in connection.execute(_JOBS, parameters)
    ]

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
from pagetoll.core.rolling import (
    OCTETS_PER_K,
    Asking,
    RollingCheck,
    RollingLimits,
    RollingRefusal,
    RollingUse,
    Used,
    fits,
    k_octets_of,
    room_at,
)
from pagetoll.core.standings import Standings, Stood
from pagetoll.ports import AttemptFacts
from pagetoll.storage.sql.accounts import read_states
from pagetoll.storage.sql.instants import MICROSECONDS_PER_S, from_micros
from pagetoll.storage.sql.schema import OPEN_ATTEMPTS, attempts, printers, reservations

_a = attempts.c
_CLOSED = AttemptState.CLOSED.value
_LIMITS = select(
    printers.c.name, printers.c.rolling_period_s, printers.c.rolling_impressions, printers.c.rolling_k_octets
).where(printers.c.id == bindparam("printer"))


def _counted(*conditions: ColumnElement[bool] | TextClause) -> Select[Any]:
    """The attempts that have a leg on the user's entry: passthrough printers and nochange have none."""
    is_leg = exists().where(
        reservations.c.attempt_id == _a.id, reservations.c.account_id == bindparam("entry", type_=BigInteger)
    )
    came_out = _a.charged_impressions - _a.refunded_impressions
    # A document whose pages nothing can count has octets all the same.
    has_octets = and_(_a.charge_rule != "", or_(came_out > 0, _a.quoted_impressions == 0))
    octets_k = (func.coalesce(_a.document_octets, 0) + (OCTETS_PER_K - 1)) // OCTETS_PER_K
    is_open = _a.state != _CLOSED
    return select(
        _a.received_at,
        case((is_open, _a.quoted_impressions), else_=came_out).label("impressions"),
        case((or_(is_open, has_octets), octets_k), else_=0).label("k_octets"),
    ).where(*conditions, is_leg)


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


def check_rolling(
    connection: Connection, facts: AttemptFacts, plan: Plan, check: RollingCheck, now: int
) -> tuple[RollingUse, ...]:
    """That the job fits into the printer's limits as they are now, `now` in microseconds; how they stand before it.

    Raises LimitReached.
    """
    row = connection.execute(_LIMITS, {"printer": facts.printer_id}).one()
    if row.rolling_period_s is None:
        return ()
    limits = RollingLimits(row.rolling_period_s, row.rolling_impressions, row.rolling_k_octets)
    asking = Asking(facts.user_id, facts.user_name, row.name, plan.impressions, facts.document_octets)
    uses, refusal = look_at(connection, asking, replace(check, limits=limits), now)
    if refusal is not None and check.checked:
        raise LimitReached(refusal, Standings(_accounts(connection, plan), uses, plan))
    return uses


def _accounts(connection: Connection, plan: Plan) -> tuple[Stood, ...]:
    """How the accounts stand that the refused job asked for, too: read only for a refusal."""
    asked = {leg.account_id: leg for leg in (*plan.legs, *plan.group_checks)}
    return tuple(
        Stood(account, asked[account.account_id].amount, checked=asked[account.account_id].checked)
        for account in read_states(connection, asked.keys())
    )


def look_at(
    connection: Connection, asking: Asking, check: RollingCheck, now: int
) -> tuple[tuple[RollingUse, ...], RollingRefusal | None]:
    """How the limits stand before the job, and why it does not fit, if so; `now` in microseconds."""
    limits = check.limits
    since = now - limits.period_s * MICROSECONDS_PER_S
    parameters = {"user": asking.user_id, "entry": check.account_id, "since": since}
    used = connection.execute(_SUMS, parameters).one()
    uses = tuple(
        RollingUse(is_octets, limit, limits.period_s, int(so_far), asked)
        for is_octets, limit, so_far, asked in (
            (False, limits.impressions, used.impressions, asking.impressions),
            (True, limits.k_octets, used.k_octets, k_octets_of(asking.document_octets)),
        )
        if limit is not None
    )
    over = next((use for use in uses if not fits(use.used, use.asked, use.limit, check.rule)), None)
    if over is None:
        return uses, None
    jobs = [(job.at, job.k_octets if over.is_octets else job.impressions) for job in _jobs(connection, parameters)]
    again = room_at(jobs, over.asked, over.limit, over.period_s, check.rule)
    return uses, RollingRefusal(
        asking.user_name,
        asking.printer_name,
        over.is_octets,
        over.limit,
        over.period_s,
        over.used,
        over.asked,
        again,
    )


def _jobs(connection: Connection, parameters: dict[str, Any]) -> Sequence[Used]:
    """The jobs one by one, the oldest first: read only for a refusal."""
    return [
        Used(from_micros(row.received_at), int(row.impressions), int(row.k_octets))
        for row in connection.execute(_JOBS, parameters)
    ]

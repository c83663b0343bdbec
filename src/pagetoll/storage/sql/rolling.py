# SPDX-License-Identifier: Apache-2.0
"""Rolling limits at a reserve: what the user's jobs within the period count with, and the refusal.

The user's row is held by the caller, so that no other job of his is reserved or settled meanwhile. What is read are
his attempts of the period by their index, and the open ones: however old the ledger is, it takes the same time.
"""

from collections.abc import Sequence
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

from pagetoll.core.errors import LimitReached
from pagetoll.core.jobs import AttemptState
from pagetoll.core.rolling import (
    OCTETS_PER_K,
    RollingCheck,
    RollingLimits,
    RollingRefusal,
    Used,
    fits,
    k_octets_of,
    room_at,
)
from pagetoll.ports import AttemptFacts
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


def check_rolling(connection: Connection, facts: AttemptFacts, check: RollingCheck, asked: int, now: int) -> None:
    """That a job of `asked` impressions fits into the printer's limits as they are now, `now` in microseconds.

    Raises LimitReached.
    """
    row = connection.execute(_LIMITS, {"printer": facts.printer_id}).one()
    if row.rolling_period_s is None:
        return
    limits = RollingLimits(row.rolling_period_s, row.rolling_impressions, row.rolling_k_octets)
    since = now - limits.period_s * MICROSECONDS_PER_S
    parameters = {"user": facts.user_id, "entry": check.account_id, "since": since}
    used = connection.execute(_SUMS, parameters).one()
    asked_k = k_octets_of(facts.document_octets)
    for is_octets, limit, so_far, more in (
        (False, limits.impressions, int(used.impressions), asked),
        (True, limits.k_octets, int(used.k_octets), asked_k),
    ):
        if limit is None or fits(so_far, more, limit, check.rule):
            continue
        jobs = [(job.at, job.k_octets if is_octets else job.impressions) for job in _jobs(connection, parameters)]
        again = room_at(jobs, more, limit, limits.period_s, check.rule)
        raise LimitReached(
            RollingRefusal(facts.user_name, row.name, is_octets, limit, limits.period_s, so_far, more, again)
        )


def _jobs(connection: Connection, parameters: dict[str, Any]) -> Sequence[Used]:
    """The jobs one by one, the oldest first: read only for a refusal."""
    return [
        Used(from_micros(row.received_at), int(row.impressions), int(row.k_octets))
        for row in connection.execute(_JOBS, parameters)
    ]

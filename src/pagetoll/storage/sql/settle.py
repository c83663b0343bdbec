# SPDX-License-Identifier: Apache-2.0
"""Settle and void: what was set aside goes back, what came out is posted, the attempt closes.

Both work on closed accounts and beyond limits. Entries carry the attempt's own write_id, so that nothing is posted
twice.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, Select, bindparam, insert, select, update

from pagetoll.core.charging import Plan
from pagetoll.core.errors import AlreadySettled, AlreadyVoided, ReservationExpired
from pagetoll.core.jobs import AttemptKey, AttemptState, Outcome
from pagetoll.core.money import Unit
from pagetoll.core.policy import Decision, OwnerKind, Verdict
from pagetoll.core.standings import Standings
from pagetoll.ports import AttemptFacts, Note, Settlement
from pagetoll.storage.sql.accounts import (
    Change,
    Posting,
    insert_entries,
    job_write_id,
    lock_accounts,
    lock_owners,
    lock_users,
    locks_joined_rows,
    move_with_sums,
)
from pagetoll.storage.sql.attempts import (
    PRINTER_COUNTER,
    decision_columns,
    fact_columns,
    find_attempt,
    get_attempt,
    insert_attempt,
    insert_notes,
    plan_columns,
)
from pagetoll.storage.sql.reserve import reserved_of
from pagetoll.storage.sql.schema import accounts, attempts, printers, reservations
from pagetoll.storage.sql.standings import insert_refused_legs, rolling_to_json, unchecked_leg

JOB = "job"
_CLOSED = AttemptState.CLOSED.value
#: Of a closed attempt nobody asks whether its processes may still live.
NO_BOOT = ""


def settle(connection: Connection, key: AttemptKey, settlement: Settlement, now: int) -> None:
    """See `ports.Ledger.settle`; `now` in microseconds."""
    mine = {"nonce": key.nonce}
    if locks_joined_rows(connection):
        find_attempt(connection, key)
        rows = connection.execute(_ATTEMPT_WITH_LEGS, mine).all()
    else:
        rows = connection.execute(_LOCKED_WITH_LEGS, mine).all()
    if not rows:
        raise ReservationExpired(f"attempt {key} is not in the ledger; nothing was reserved for it")
    attempt = rows[0]
    if attempt.attempt_state == _CLOSED:
        if attempt.charge_rule:
            return
        raise AlreadyVoided(f"attempt {key} was voided; nothing can be posted for it")
    legs = [row for row in rows if row.account_id is not None]
    _settle_legs(connection, attempt, legs, settlement, now)


#: The attempt's row, to be held, with its legs: one row a leg, one without an account where it has none. Legs change
#: only under the attempt's lock and when it closes, so those of an attempt that is still open are as they are now.
_ATTEMPT_WITH_LEGS: Select[Any] = (
    select(
        attempts.c.id,
        attempts.c.state.label("attempt_state"),
        attempts.c.charge_rule,
        attempts.c.printer_id,
        reservations.c.account_id,
        reservations.c.amount,
        reservations.c.state,
        accounts.c.unit,
        accounts.c.owner_kind,
        accounts.c.user_id,
    )
    .select_from(
        attempts.outerjoin(reservations, reservations.c.attempt_id == attempts.c.id).outerjoin(
            accounts, accounts.c.id == reservations.c.account_id
        )
    )
    .where(attempts.c.nonce == bindparam("nonce"))
    .order_by(reservations.c.account_id)
)
_LOCKED_WITH_LEGS = _ATTEMPT_WITH_LEGS.with_for_update(of=attempts, key_share=True)


def _settle_legs(
    connection: Connection, attempt: Row[Any], legs: Sequence[Row[Any]], settlement: Settlement, now: int
) -> None:
    over = _post_legs(connection, attempt.id, legs, settlement, now)
    if legs:
        connection.execute(_END_RESERVATIONS, {"attempt": attempt.id, "state": "settled"})
    _close_charged(connection, attempt.id, attempt.printer_id, settlement, over, now)


def _post_legs(
    connection: Connection, attempt_id: int, legs: Sequence[Row[Any]], settlement: Settlement, now: int
) -> bool:
    """Posts the users' and the cost centre's legs; returns whether more came out than was set aside."""
    own = [leg for leg in legs if leg.owner_kind != OwnerKind.GROUP]
    lock_users(connection, [leg.user_id for leg in own if leg.user_id is not None])
    postings = [posting_of(attempt_id, leg.account_id, leg, settlement) for leg in own]
    changes = {
        posting.account_id: Change(
            posted=posting.amount,
            lifetime=posting.lifetime_amount,
            reserved=-leg.amount if leg.state == "open" else 0,
        )
        for leg, posting in zip(own, postings, strict=True)
    }
    insert_entries(connection, [posting for posting in postings if posting.amount], now)
    move_with_sums(connection, changes)
    return any(used_of(leg.unit, settlement) > leg.amount for leg in own if leg.state == "open")


def used_of(unit: str, settlement: Settlement) -> int:
    """What a leg of this unit uses up, in its steps; a price may be negative."""
    if unit == Unit.CREDITS:
        return settlement.price
    if unit == Unit.MEDIA_SHEETS:
        return settlement.media_sheets
    if unit == Unit.JOBS:
        return int(settlement.impressions > 0)
    return settlement.impressions


def posting_of(attempt_id: int, account_id: int, account: Row[Any], settlement: Settlement) -> Posting:
    """The entry of an attempt on an account, of which the row says unit and kind of owner."""
    used = used_of(account.unit, settlement)
    # A balance goes down, and its lifetime is what was ever paid in.
    is_balance = account.unit == Unit.CREDITS and account.owner_kind != OwnerKind.COST_CENTER
    return Posting(
        account_id=account_id,
        write_id=job_write_id(attempt_id),
        kind=JOB,
        amount=-used if is_balance else used,
        lifetime_amount=0 if is_balance else used,
        attempt_id=attempt_id,
    )


_COUNT = (
    update(printers)
    .where(printers.c.id == bindparam("counted_printer", type_=BigInteger))
    .values(counted_impressions=printers.c.counted_impressions + bindparam("impressions", type_=BigInteger))
)
_END_RESERVATIONS = update(reservations).where(reservations.c.attempt_id == bindparam("attempt"))
_CLOSE_CHARGED = (
    update(attempts)
    .where(attempts.c.id == bindparam("attempt"))
    .values(printer_counter_before=PRINTER_COUNTER - bindparam("impressions", type_=BigInteger))
)
_CLOSE_VOIDED = (
    update(attempts).where(attempts.c.id == bindparam("attempt")).values(printer_counter_before=PRINTER_COUNTER)
)


def _close_charged(
    connection: Connection, attempt_id: int, printer_id: int | None, settlement: Settlement, over: bool, now: int
) -> None:
    counted = {"counted_printer": printer_id, "impressions": settlement.impressions}
    if printer_id is not None and settlement.impressions:
        connection.execute(_COUNT, counted)
    columns = {
        "state": _CLOSED,
        "outcome": settlement.outcome.value,
        "charged_impressions": settlement.impressions,
        "charged_media_sheets": settlement.media_sheets,
        "charged_price": settlement.price,
        "charge_rule": settlement.rule.value,
        "over_reserved": over,
        "reported_impressions": settlement.reported_impressions,
        "backend_status": settlement.backend_status,
        "closed_at": now,
        "boot_id": NO_BOOT,
    }
    connection.execute(_CLOSE_CHARGED, {"attempt": attempt_id, **counted, **columns})
    insert_notes(connection, attempt_id, settlement.notes)


_CLEAR_GRACE = (
    update(accounts)
    .where(
        accounts.c.id == bindparam("account", type_=BigInteger),
        accounts.c.grace_until == bindparam("written", type_=BigInteger),
    )
    .values(grace_until=None)
)


def void(
    connection: Connection,
    key: AttemptKey,
    outcome: Outcome,
    notes: Sequence[Note],
    now: int,
    *,
    only_unstarted: bool = False,
) -> bool:
    """See `ports.Ledger.void`."""
    attempt = get_attempt(connection, key)
    if attempt.state == _CLOSED:
        if not attempt.charge_rule:
            return True
        raise AlreadySettled(f"attempt {key} was settled; what it posted is corrected by a refund")
    if only_unstarted and attempt.state != AttemptState.RESERVED.value:
        return False
    legs = reserved_of(connection, attempt.id)
    own = [leg for leg in legs if leg.owner_kind != OwnerKind.GROUP]
    lock_users(connection, [leg.user_id for leg in own if leg.user_id is not None])
    graceful = [leg for leg in legs if leg.grace_written is not None]
    if graceful:
        # Keeps the order of accounts: these are touched once more below.
        lock_accounts(connection, {leg.account_id for leg in legs})
    move_with_sums(connection, {leg.account_id: Change(reserved=-leg.amount) for leg in own})
    for leg in graceful:
        connection.execute(_CLEAR_GRACE, {"account": leg.account_id, "written": leg.grace_written})
    if legs:
        connection.execute(_END_RESERVATIONS, {"attempt": attempt.id, "state": "voided"})
    columns = {"state": _CLOSED, "outcome": outcome.value, "closed_at": now, "boot_id": NO_BOOT}
    connection.execute(_CLOSE_VOIDED, {"attempt": attempt.id, "counted_printer": attempt.printer_id, **columns})
    insert_notes(connection, attempt.id, notes)
    return True


def record_unreserved(
    connection: Connection,
    facts: AttemptFacts,
    decision: Decision,
    outcome: Outcome,
    notes: Sequence[Note],
    standings: Standings,
    now: int,
) -> int:
    """See `ports.Ledger.record_unreserved`."""
    if (known := find_attempt(connection, facts.key)) is not None:
        return int(known.id)
    attempt_id = insert_attempt(
        connection,
        fact_columns(facts)
        | decision_columns(decision)
        | ({} if standings.plan is None else plan_columns(standings.plan))
        | {
            "state": _CLOSED,
            "outcome": outcome.value,
            "closed_at": now,
            "rolling_json": rolling_to_json(standings.rolling),
        },
        closed=True,
    )
    insert_notes(connection, attempt_id, notes, first=True)
    insert_refused_legs(connection, attempt_id, standings.accounts)
    return attempt_id


def post_unreserved(connection: Connection, facts: AttemptFacts, plan: Plan, settlement: Settlement, now: int) -> int:
    """See `ports.Ledger.post_unreserved`."""
    known = find_attempt(connection, facts.key)
    if known is not None and known.state != _CLOSED:
        _settle_legs(connection, known, reserved_of(connection, known.id), settlement, now)
        return int(known.id)
    if known is not None and known.charge_rule:
        return int(known.id)
    if known is None:
        lock_owners(connection, [leg.account_id for leg in plan.legs])
        decision = Decision(Verdict.ALLOW)
        columns = fact_columns(facts) | decision_columns(decision) | {"state": _CLOSED}
        attempt_id = insert_attempt(connection, columns | plan_columns(plan))
    else:
        # Voided by a daemon that lost sight of it, yet printed: nothing was posted, so it is charged now.
        attempt_id = int(known.id)
    _add_settled_legs(connection, attempt_id, plan)
    legs = reserved_of(connection, attempt_id)
    _post_legs(connection, attempt_id, legs, settlement, now)
    _close_charged(connection, attempt_id, facts.printer_id, settlement, False, now)
    return attempt_id


def _add_settled_legs(connection: Connection, attempt_id: int, plan: Plan) -> None:
    """Rows that say which accounts the attempt touched, with nothing set aside."""
    known = {leg.account_id for leg in reserved_of(connection, attempt_id)}
    new = sorted({leg.account_id for leg in plan.legs} - known)
    if new:
        stood = connection.execute(select(accounts).where(accounts.c.id.in_(new)))
        connection.execute(insert(reservations), [unchecked_leg(attempt_id, account) for account in stood])

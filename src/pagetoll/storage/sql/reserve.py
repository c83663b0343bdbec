# SPDX-License-Identifier: Apache-2.0
"""Reserve: the attempt and all its legs, or nothing (docs/concepts/ledger.md).

The user's row is held and the printer's rolling limits are checked, then come the accounts in id order: the user's
own, and the sums of the groups that the user is a member of now. Each is changed by one statement that is also its
check.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, insert, select, update

from pagetoll.core.charging import Plan
from pagetoll.core.errors import AccountClosed, AlreadySettled, AlreadyVoided, DocumentRepeated, LimitReached
from pagetoll.core.jobs import AttemptState
from pagetoll.core.messages import _
from pagetoll.core.policy import (
    AccountState,
    Decision,
    OwnerKind,
    Refusal,
    Rule,
    Standing,
    leaves_little,
    stand,
    warned,
)
from pagetoll.core.standings import Standings, Stood
from pagetoll.ports import AttemptFacts, NoCopy, Note, Reserved
from pagetoll.storage.sql.accounts import (
    accounts_named,
    bounded,
    lock_accounts_with_sums,
    lock_owners,
    lock_users,
    state_of,
    sum_key,
)
from pagetoll.storage.sql.attempts import (
    decision_columns,
    fact_columns,
    find_attempt,
    insert_attempt,
    insert_notes,
    plan_columns,
)
from pagetoll.storage.sql.guard import grace_end, taking
from pagetoll.storage.sql.instants import EPOCH, from_micros, maybe_micros, to_micros
from pagetoll.storage.sql.job_figures import same_document
from pagetoll.storage.sql.rolling import check_rolling
from pagetoll.storage.sql.schema import accounts, attempts, reservations
from pagetoll.storage.sql.standings import rolling_to_json, stood_columns


@dataclass(frozen=True, slots=True)
class Taking:
    """What one account gives: `rule` None where it only counts; `kept` where a reservation row tells of it."""

    account_id: int
    amount: int
    rule: Rule | None
    kept: bool


_INSERT_RESERVATIONS = insert(reservations)


def reserve(
    connection: Connection,
    facts: AttemptFacts,
    plan: Plan,
    decision: Decision,
    notes: Sequence[Note],
    now: int,
    no_copy: NoCopy | None = None,
) -> Reserved:
    """See `ports.Ledger.reserve`; `now` in microseconds."""
    if (known := find_attempt(connection, facts.key)) is not None:
        return _first_result(connection, known, facts)
    if no_copy is not None and facts.user_id is not None:
        _refuse_copy(connection, facts, facts.user_id, no_copy)
    lock_owners(connection, [leg.account_id for leg in plan.legs])
    rolling = check_rolling(connection, facts, plan, now)
    attempt_id = insert_attempt(
        connection,
        fact_columns(facts)
        | plan_columns(plan)
        | decision_columns(decision)
        | {"state": AttemptState.RESERVED.value, "reserved_at": now, "rolling_json": rolling_to_json(rolling)},
    )
    insert_notes(connection, attempt_id, notes, first=True)
    own = [leg.account_id for leg in plan.legs]
    states = lock_accounts_with_sums(connection, own) if own else []
    takings = _takings(states, plan)
    rows: list[dict[str, Any]] = []
    warn_of: list[AccountState] = []
    for row in states:
        account = _take(connection, row, takings[row.id], now)
        if isinstance(account, Refusal):
            raise LimitReached(account, Standings(_stood(states, takings, row.id), rolling, plan))
        if account is None:
            continue
        grace_written = maybe_micros(account.grace_until) if row.grace_until is None else None
        taken = takings[row.id]
        warn = _needs_grace(state_of(row), taken)
        warn = warn or (taken.rule is not None and leaves_little(account, taken.amount, taken.rule))
        if warn:
            warn_of.append(account)
        if taken.kept:
            rows.append(_reservation(attempt_id, taken, row, grace_written, warn))
    if rows:
        connection.execute(_INSERT_RESERVATIONS, rows)
    if warn_of:
        warning = decision_columns(warned(warn_of[0]))
        connection.execute(update(attempts).where(attempts.c.id == attempt_id).values(**warning))
    return Reserved(attempt_id, tuple(warn_of))


def _refuse_copy(connection: Connection, facts: AttemptFacts, user_id: int, no_copy: NoCopy) -> None:
    """While the user's row is held, no other job of his comes between this look and the attempt's row. Raises
    DocumentRepeated."""
    lock_users(connection, (user_id,))
    since = to_micros(no_copy.since)
    earlier = same_document(connection, facts.key, user_id, facts.document_sha256, since, no_copy.beyond)
    if earlier is not None:
        raise DocumentRepeated(earlier)


def _takings(states: Sequence[Row[Any]], plan: Plan) -> dict[int, Taking]:
    """What each account gives: the plan's legs, and the sums of the user's groups as much as his accounts."""
    takings = {
        leg.account_id: Taking(leg.account_id, bounded(leg.amount), leg.rule if leg.checked else None, kept=True)
        for leg in plan.legs
    }
    checks = {leg.account_id: leg.rule if leg.checked else None for leg in plan.group_checks}
    amounts = {sum_key(row): takings[row.id].amount for row in states if row.owner_kind == OwnerKind.USER}
    for row in states:
        if row.owner_kind == OwnerKind.GROUP:
            takings[row.id] = Taking(row.id, amounts[sum_key(row)], checks.get(row.id), kept=row.id in checks)
    return takings


def _stood(states: Sequence[Row[Any]], takings: Mapping[int, Taking], refused_by: int) -> tuple[Stood, ...]:
    """How the accounts stood before a job that one of them refused: nothing of what was set aside stays."""
    return tuple(
        Stood(state_of(row), taken.amount, checked=taken.rule is not None, over=row.id == refused_by)
        for row in states
        if (taken := takings[row.id]).kept
    )


def _take(connection: Connection, row: Row[Any], taken: Taking, now: int) -> AccountState | Refusal | None:
    """Sets the amount aside; returns the account's new state, None for a group's account closed meanwhile.

    Raises AccountClosed.
    """
    account = state_of(row)
    if row.closed_at is not None:
        if account.owner_kind is OwnerKind.GROUP:
            return None
        where = _(" on {printer}").format(printer=account.scope_name) if account.scope_name else ""
        raise AccountClosed(
            _("the {unit} account of {name}{where} was deleted meanwhile; print the job again").format(
                unit=account.unit, name=account.owner_name, where=where
            )
        )
    statement, parameters = taking(account, taken.amount, taken.rule, now)
    if connection.execute(statement, parameters).rowcount != 1:
        return _refusal(account, taken)
    grace_until = account.grace_until
    if grace_until is None and taken.rule is not None and _needs_grace(account, taken):
        grace_until = from_micros(grace_end(now, taken.rule))
    return replace(account, reserved=account.reserved + taken.amount, grace_until=grace_until)


def _needs_grace(account: AccountState, taken: Taking) -> bool:
    """Whether the amount lands between the soft and the hard limit of `account` as it was before."""
    if account.is_balance or taken.rule is None:
        return False
    # Without a grace begun, the rule's answer does not depend on the time.
    return stand(replace(account, grace_until=None), taken.amount, taken.rule, EPOCH) is Standing.GRACE_STARTS


def _refusal(account: AccountState, taken: Taking) -> Refusal:
    rule = taken.rule if taken.rule is not None else Rule()
    return Refusal(account, taken.amount, rule, grace_over=_needs_grace(account, taken))


def _reservation(
    attempt_id: int, taken: Taking, account: Row[Any], grace_written: int | None, warn: bool
) -> dict[str, Any]:
    return {
        "attempt_id": attempt_id,
        "account_id": taken.account_id,
        "amount": taken.amount,
        "state": "open",
        "checked": taken.rule is not None,
        "grace_written": grace_written,
        "in_grace": warn,
    } | stood_columns(account)


def _first_result(connection: Connection, known: Row[Any], facts: AttemptFacts) -> Reserved:
    if known.state == AttemptState.CLOSED.value:
        kind = AlreadySettled if known.charge_rule else AlreadyVoided
        raise kind(f"attempt {facts.key} is closed; a new run of the job is a new attempt")
    graceful = (
        accounts_named()
        .join(reservations, reservations.c.account_id == accounts.c.id)
        .where(reservations.c.attempt_id == known.id, reservations.c.in_grace)
        .order_by(accounts.c.id)
    )
    return Reserved(known.id, tuple(state_of(row) for row in connection.execute(graceful)))


_RESERVED: Select[Any] = (
    select(reservations, accounts.c.unit, accounts.c.owner_kind, accounts.c.user_id)
    .join(accounts, accounts.c.id == reservations.c.account_id)
    .where(reservations.c.attempt_id == bindparam("attempt"))
    .order_by(reservations.c.account_id)
)


def reserved_of(connection: Connection, attempt_id: int) -> Sequence[Row[Any]]:
    """An attempt's reservations with what their accounts are, in account order."""
    return connection.execute(_RESERVED, {"attempt": attempt_id}).all()

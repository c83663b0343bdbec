# SPDX-License-Identifier: Apache-2.0
"""Refund: a part of what an attempt was charged goes back on every account that it was posted to, once.

The attempt's row is held first, so refunds of one job come one behind the other and see what is left; then the
users and the accounts in id order, as everywhere. What is taken back are new entries with reason and actor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, Select, and_, bindparam, insert, select, update

from pagetoll.core.errors import UsageError
from pagetoll.core.jobs import AttemptState
from pagetoll.core.messages import _
from pagetoll.core.money import Unit, credits_text
from pagetoll.core.policy import OwnerKind
from pagetoll.ports import Note, Refund
from pagetoll.storage.sql.accounts import (
    Change,
    Posting,
    insert_entries,
    job_write_id,
    lock_accounts,
    lock_users,
    move_with_sums,
)
from pagetoll.storage.sql.attempts import insert_notes
from pagetoll.storage.sql.instants import from_micros
from pagetoll.storage.sql.payments import REFUND
from pagetoll.storage.sql.schema import (
    NAME_LENGTH,
    accounts,
    acts,
    attempts,
    entries,
    refunds,
    reservations,
)
from pagetoll.storage.sql.texts import clean

WRITE_ID_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted back: impressions and price (millionths), None for all that is left; `at` in microseconds."""

    impressions: int | None
    price: int | None
    reason: str
    actor: str
    at: int
    write_id: str


def refund(connection: Connection, attempt_id: int, wish: Wish) -> Refund:
    """See `ports.Ledger.refund`."""
    if not 0 < len(wish.write_id) <= WRITE_ID_LENGTH:
        raise UsageError(
            _("a refund's write_id has 1 to {most} characters, not {length}").format(
                most=WRITE_ID_LENGTH, length=len(wish.write_id)
            )
        )
    attempt = _charged_attempt(connection, attempt_id)
    done = connection.execute(select(refunds).where(refunds.c.write_id == wish.write_id)).one_or_none()
    if done is not None:
        return _first_result(done, attempt_id)
    impressions = _part(
        wish.impressions, attempt.charged_impressions - attempt.refunded_impressions, "impressions", str
    )
    price = _part(wish.price, attempt.charged_price - attempt.refunded_price, "credits", credits_text)
    given = Refund(attempt_id, impressions, price)
    if (impressions, price) == (0, 0):
        return given
    _give_back(connection, attempt, given, wish)
    _write_down(connection, given, wish)
    return given


def _charged_attempt(connection: Connection, attempt_id: int) -> Row[Any]:
    """The attempt's row, held. Raises UsageError where nothing was charged."""
    found: Select[Any] = select(
        attempts.c.id,
        attempts.c.state,
        attempts.c.charge_rule,
        attempts.c.charged_impressions,
        attempts.c.charged_price,
        attempts.c.refunded_impressions,
        attempts.c.refunded_price,
    ).where(attempts.c.id == attempt_id)
    row = connection.execute(found.with_for_update(key_share=True)).one_or_none()
    if row is None:
        raise UsageError(
            _("there is no attempt {attempt_id}; see the numbers with: pagetoll job list").format(
                attempt_id=attempt_id
            )
        )
    if row.state != AttemptState.CLOSED.value:
        raise UsageError(
            _("attempt {attempt_id} is not over yet; refund it when it is printed").format(attempt_id=attempt_id)
        )
    if not row.charge_rule:
        raise UsageError(
            _("attempt {attempt_id} was never charged; there is nothing to refund").format(attempt_id=attempt_id)
        )
    return row


def _first_result(done: Row[Any], attempt_id: int) -> Refund:
    if done.attempt_id != attempt_id:
        raise UsageError(
            _("write_id {write_id} belongs to a refund of attempt {attempt_id}; draw a new one").format(
                write_id=done.write_id, attempt_id=done.attempt_id
            )
        )
    return Refund(attempt_id, done.impressions, done.price)


def _part(asked: int | None, left: int, unit: str, shown: Any) -> int:
    if asked is None:
        return left
    if asked and ((asked > 0) != (left > 0) or abs(asked) > abs(left)):
        raise UsageError(
            _("only {left} {unit} are left to refund, not {asked}; give at most that").format(
                left=shown(left), unit=unit, asked=shown(asked)
            )
        )
    return asked


#: The accounts that the attempt was posted to, with what each was posted and the grace that its reserve began.
_POSTED: Select[Any] = (
    select(
        entries.c.account_id,
        entries.c.amount,
        accounts.c.unit,
        accounts.c.owner_kind,
        accounts.c.user_id,
    )
    .join(accounts, accounts.c.id == entries.c.account_id)
    .where(entries.c.write_id == bindparam("job"))
    .order_by(entries.c.account_id)
)


def _give_back(connection: Connection, attempt: Row[Any], given: Refund, wish: Wish) -> None:
    posted = connection.execute(_POSTED, {"job": job_write_id(attempt.id)}).all()
    lock_users(connection, [row.user_id for row in posted if row.user_id is not None])
    all_pages = attempt.refunded_impressions + given.impressions == attempt.charged_impressions
    graceful = _graceful(connection, attempt.id) if all_pages and given.impressions else []
    if graceful:
        # Keeps the order of accounts: these are touched once more below.
        lock_accounts(connection, {row.account_id for row in posted} | {row.account_id for row in graceful})
    postings = [posting for row in posted if (posting := _posting(row, given, wish, all_pages=all_pages)).amount != 0]
    insert_entries(connection, postings, wish.at)
    changes = {p.account_id: Change(posted=p.amount, lifetime=p.lifetime_amount) for p in postings}
    move_with_sums(connection, changes)
    for row in graceful:
        connection.execute(_END_GRACE, {"account": row.account_id, "written": row.grace_written})


def _posting(row: Row[Any], given: Refund, wish: Wish, *, all_pages: bool) -> Posting:
    is_balance = row.unit == Unit.CREDITS and row.owner_kind != OwnerKind.COST_CENTER
    if row.unit == Unit.CREDITS:
        amount = given.price if is_balance else -given.price
    elif row.unit == Unit.IMPRESSIONS:
        amount = -given.impressions
    else:
        # Sheets and jobs cannot be told from a part of the impressions: they go back with the last of these.
        amount = -row.amount if all_pages and given.impressions else 0
    return Posting(
        account_id=row.account_id,
        write_id=wish.write_id,
        kind=REFUND,
        amount=amount,
        lifetime_amount=0 if is_balance else amount,
        reason=clean(wish.reason),
        actor=clean(wish.actor, NAME_LENGTH),
        attempt_id=given.attempt_id,
    )


def _graceful(connection: Connection, attempt_id: int) -> Sequence[Row[Any]]:
    found: Select[Any] = select(reservations.c.account_id, reservations.c.grace_written).where(
        reservations.c.attempt_id == attempt_id, reservations.c.grace_written.is_not(None)
    )
    return connection.execute(found).all()


#: The grace that this attempt began ends with it, unless others are over the soft limit now.
_END_GRACE = (
    update(accounts)
    .where(
        and_(
            accounts.c.id == bindparam("account", type_=BigInteger),
            accounts.c.grace_until == bindparam("written", type_=BigInteger),
            accounts.c.posted + accounts.c.reserved <= accounts.c.soft_limit,
        )
    )
    .values(grace_until=None)
)


def _write_down(connection: Connection, given: Refund, wish: Wish) -> None:
    connection.execute(
        update(attempts)
        .where(attempts.c.id == given.attempt_id)
        .values(
            refunded_impressions=attempts.c.refunded_impressions + given.impressions,
            refunded_price=attempts.c.refunded_price + given.price,
        )
    )
    actor, reason = clean(wish.actor, NAME_LENGTH), clean(wish.reason)
    connection.execute(
        insert(refunds).values(
            attempt_id=given.attempt_id,
            write_id=wish.write_id,
            impressions=given.impressions,
            price=given.price,
            reason=reason,
            actor=actor,
            at=wish.at,
        )
    )
    what = f"{given.impressions} impressions and {credits_text(given.price)} credits"
    tail = f": {reason}" if reason else ""
    note = Note(from_micros(wish.at), "refunded", f"{what} given back by {actor}{tail}")
    insert_notes(connection, given.attempt_id, (note,))
    text = f"refund of attempt {given.attempt_id}, {what}{tail}"
    connection.execute(insert(acts).values(at=wish.at, actor=actor, text=text))

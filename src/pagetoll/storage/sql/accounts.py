# SPDX-License-Identifier: Apache-2.0
"""Accounts inside a transaction: locks, sums, entries. The ledger and the catalogue are built on these.

A users group's account has no entries of its own: it is the sum of its present members' open accounts of the same
unit, scope and period, and moves with each of them in the same transaction. Who changes a user's accounts or
memberships locks the user's row first, then accounts in id order.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    CursorResult,
    FromClause,
    Row,
    Select,
    and_,
    bindparam,
    func,
    insert,
    or_,
    select,
    union,
    update,
)

from pagetoll.core.errors import NoSuchAccount, UsageError
from pagetoll.core.messages import _
from pagetoll.core.money import LARGEST_STEPS, Unit
from pagetoll.core.policy import AccountState, OwnerKind
from pagetoll.storage.sql.instants import maybe_instant
from pagetoll.storage.sql.mysql import DIALECT
from pagetoll.storage.sql.schema import accounts, entries, group_members, groups, printers, users

UNTIL_RESET = "until_reset"
member_accounts = accounts.alias("member_accounts")


@dataclass(frozen=True, slots=True)
class Change:
    """What is added to an account's kept figures, in steps of its unit."""

    posted: int = 0
    lifetime: int = 0
    reserved: int = 0

    def __add__(self, other: "Change") -> "Change":
        return Change(self.posted + other.posted, self.lifetime + other.lifetime, self.reserved + other.reserved)

    def __neg__(self) -> "Change":
        return Change(-self.posted, -self.lifetime, -self.reserved)


@dataclass(frozen=True, slots=True)
class Posting:
    """A new entry. `write_id` is made before the first try: the same one is posted once per account."""

    account_id: int
    write_id: str
    kind: str  # job, adjustment, payment, refund, reset
    amount: int
    lifetime_amount: int
    reason: str = ""
    actor: str = ""
    attempt_id: int | None = None


def job_write_id(attempt_id: int) -> str:
    """The write_id of an attempt's entries; short, for each job has several."""
    return f"a{attempt_id}"


def new_id(created: CursorResult[Any]) -> int:
    """The id of the row that an insert made."""
    key = created.inserted_primary_key
    if key is None:
        raise TypeError("not an insert of one row")
    return int(key[0])


_LOCKED_USERS = (
    select(users.c.id)
    .where(users.c.id.in_(bindparam("user_ids", expanding=True)))
    .order_by(users.c.id)
    .with_for_update(key_share=True)
)
_OWNERS = (
    select(users.c.id)
    .where(
        users.c.id.in_(select(accounts.c.user_id).where(accounts.c.id.in_(bindparam("account_ids", expanding=True))))
    )
    .order_by(users.c.id)
    .with_for_update(key_share=True)
)


def lock_users(connection: Connection, user_ids: Iterable[int]) -> None:
    """Holds the users' rows until the end of the transaction, in id order."""
    wanted = sorted(set(user_ids))
    if wanted and connection.dialect.name != "sqlite":
        connection.execute(_LOCKED_USERS, {"user_ids": wanted}).all()


def lock_owners(connection: Connection, account_ids: Collection[int]) -> None:
    """Holds the users who own these accounts."""
    if account_ids and connection.dialect.name != "sqlite":
        connection.execute(_OWNERS, {"account_ids": sorted(account_ids)}).all()


def accounts_named() -> Select[Any]:
    """Accounts with their owner's and scope's names: the columns that `state_of` reads."""
    return select(
        accounts,
        func.coalesce(users.c.name, groups.c.name, accounts.c.owner_name).label("owner"),
        func.coalesce(printers.c.name, "").label("scope"),
    ).select_from(
        accounts.outerjoin(users, accounts.c.user_id == users.c.id)
        .outerjoin(groups, accounts.c.group_id == groups.c.id)
        .outerjoin(printers, accounts.c.printer_id == printers.c.id)
    )


_NAMED = accounts_named().where(accounts.c.id.in_(bindparam("account_ids", expanding=True))).order_by(accounts.c.id)
_LOCKED = _NAMED.with_for_update(of=accounts, key_share=True)
_ONLY_LOCKED = (
    select(accounts.c.id)
    .where(accounts.c.id.in_(bindparam("account_ids", expanding=True)))
    .order_by(accounts.c.id)
    .with_for_update()
)


def locks_joined_rows(connection: Connection) -> bool:
    """Whether a lock on one table's rows takes the rows that are joined to them too: so on MariaDB. MySQL
    can tell them apart, but would go through all accounts for a lock whose rows a union names. There the rows are
    locked first and read with what belongs to them by a second statement."""
    return connection.dialect.name == DIALECT


def _lock_named(connection: Connection, account_ids: Collection[int]) -> list[Row[Any]]:
    wanted = {"account_ids": sorted(account_ids)}
    if locks_joined_rows(connection):
        connection.execute(_ONLY_LOCKED, wanted).all()
        return list(connection.execute(_NAMED, wanted))
    return list(connection.execute(_LOCKED, wanted))


def lock_accounts(connection: Connection, account_ids: Collection[int]) -> list[Row[Any]]:
    """The accounts in id order, held until the end of the transaction. Raises NoSuchAccount."""
    rows = _lock_named(connection, account_ids)
    if len(rows) != len(set(account_ids)):
        unknown = set(account_ids) - {row.id for row in rows}
        raise NoSuchAccount(f"account {min(unknown)} is not in the ledger; ask for the job's price again")
    return rows


def lock_accounts_with_sums(connection: Connection, account_ids: Collection[int]) -> list[Row[Any]]:
    """The accounts and the open sums of the groups that their owners are in now, in id order, held until the end of
    the transaction. The owners are held by the caller. Raises NoSuchAccount."""
    wanted = {"account_ids": sorted(account_ids)}
    if locks_joined_rows(connection):
        rows = _lock_named(connection, connection.execute(_WITH_SUMS, wanted).scalars().all())
    else:
        rows = list(connection.execute(_LOCKED_WITH_SUMS, wanted))
    if unknown := set(account_ids) - {row.id for row in rows}:
        raise NoSuchAccount(f"account {min(unknown)} is not in the ledger; ask for the job's price again")
    return rows


def sum_key(row: Row[Any]) -> tuple[object, ...]:
    """What an account has in common with the groups' accounts that sum it up."""
    return row.unit, row.printer_id, row.period_kind, row.period_spec


def state_of(row: Row[Any]) -> AccountState:
    """A row of `accounts_named` in the rules' words."""
    return AccountState(
        account_id=row.id,
        unit=Unit(row.unit),
        owner_kind=OwnerKind(row.owner_kind),
        owner_name=row.owner,
        scope_name=row.scope,
        posted=row.posted,
        reserved=row.reserved,
        soft_limit=row.soft_limit,
        hard_limit=row.hard_limit,
        grace_until=maybe_instant(row.grace_until),
    )


def read_states(connection: Connection, account_ids: Collection[int]) -> list[AccountState]:
    """These accounts in id order, without holding them."""
    found = accounts_named().where(accounts.c.id.in_(sorted(account_ids))).order_by(accounts.c.id)
    return [state_of(row) for row in connection.execute(found)] if account_ids else []


def same_kind(of_group: FromClause = accounts, sums: FromClause = member_accounts) -> Any:
    """That `of_group` (a group's account) and `sums` (members') are of one unit, scope and period."""
    group, member = of_group.c, sums.c
    return and_(
        group.unit == member.unit,
        or_(
            group.printer_id == member.printer_id,
            and_(group.printer_id.is_(None), member.printer_id.is_(None)),
        ),
        group.period_kind == member.period_kind,
        group.period_spec == member.period_spec,
    )


_SUMS_OF_ACCOUNTS = (
    select(member_accounts.c.id.label("member_account_id"), accounts.c.id)
    .select_from(
        member_accounts.join(group_members, group_members.c.user_id == member_accounts.c.user_id).join(
            accounts, and_(accounts.c.group_id == group_members.c.group_id, same_kind())
        )
    )
    .where(
        member_accounts.c.id.in_(bindparam("account_ids", expanding=True)),
        member_accounts.c.closed_at.is_(None),
        accounts.c.closed_at.is_(None),
    )
)


_these = accounts.alias("these")
_sums = accounts.alias("sums")
# A union, and not an OR: each side finds its rows by an index.
_WITH_SUMS = union(
    select(_these.c.id).where(_these.c.id.in_(bindparam("account_ids", expanding=True))),
    select(_sums.c.id)
    .select_from(
        member_accounts.join(group_members, group_members.c.user_id == member_accounts.c.user_id).join(
            _sums, and_(_sums.c.group_id == group_members.c.group_id, same_kind(_sums))
        )
    )
    .where(
        member_accounts.c.id.in_(bindparam("account_ids", expanding=True)),
        member_accounts.c.closed_at.is_(None),
        _sums.c.closed_at.is_(None),
    ),
)
_LOCKED_WITH_SUMS = (
    accounts_named()
    .where(accounts.c.id.in_(_WITH_SUMS))
    .order_by(accounts.c.id)
    .with_for_update(of=accounts, key_share=True)
)


def group_sums(connection: Connection, account_ids: Collection[int]) -> list[tuple[int, int]]:
    """(account, group account that sums it up) for the open ones of these accounts, by present membership."""
    if not account_ids:
        return []
    found = connection.execute(_SUMS_OF_ACCOUNTS, {"account_ids": sorted(account_ids)})
    return [(row.member_account_id, row.id) for row in found]


_MOVE = (
    update(accounts)
    .where(accounts.c.id == bindparam("account", type_=BigInteger))
    .values(
        posted=accounts.c.posted + bindparam("posted_change", type_=BigInteger),
        lifetime=accounts.c.lifetime + bindparam("lifetime_change", type_=BigInteger),
        reserved=accounts.c.reserved + bindparam("reserved_change", type_=BigInteger),
    )
)


def move(connection: Connection, changes: Mapping[int, Change]) -> None:
    """Adds to kept figures, in account order. Without the group sums: see `move_with_sums`."""
    rows = [
        {
            "account": account_id,
            "posted_change": change.posted,
            "lifetime_change": change.lifetime,
            "reserved_change": change.reserved,
        }
        for account_id, change in sorted(changes.items())
        if change != Change()
    ]
    if rows:
        connection.execute(_MOVE, rows)


def move_with_sums(connection: Connection, changes: Mapping[int, Change]) -> None:
    """Adds to users' accounts and to their groups' sums. The users are locked by the caller."""
    total = dict(changes)
    for account_id, group_account_id in group_sums(connection, changes.keys()):
        total[group_account_id] = total.get(group_account_id, Change()) + changes[account_id]
    move(connection, total)


_INSERT_ENTRIES = insert(entries)


def insert_entries(connection: Connection, postings: Iterable[Posting], now: int) -> None:
    """Entries alone: the caller moves the figures."""
    rows = [
        {
            "account_id": posting.account_id,
            "write_id": posting.write_id,
            "kind": posting.kind,
            "amount": bounded(posting.amount),
            "lifetime_amount": bounded(posting.lifetime_amount),
            "attempt_id": posting.attempt_id,
            "reason": posting.reason,
            "actor": posting.actor,
            "at": now,
        }
        for posting in postings
    ]
    if rows:
        connection.execute(_INSERT_ENTRIES, rows)


def bounded(steps: int) -> int:
    """The same number. Raises UsageError where sums would leave the 64-bit columns."""
    if abs(steps) > LARGEST_STEPS:
        raise UsageError(
            _("{steps} is too large to be booked; the largest amount is {largest} steps").format(
                steps=steps, largest=LARGEST_STEPS
            )
        )
    return steps

# SPDX-License-Identifier: Apache-2.0
"""Administrative changes of accounts, inside a transaction: adjustments, resets, limits.

Each is a new entry with a reason and an actor; absolute values are turned into differences under the account's
lock, so that a job that settles meanwhile is not lost. Reservations stay.
"""

from sqlalchemy import Connection, select, update

from pagetoll.core.errors import UsageError
from pagetoll.core.policy import OwnerKind
from pagetoll.storage.sql.accounts import Posting, lock_accounts, lock_owners, post
from pagetoll.storage.sql.schema import accounts, group_members


def adjust_by(
    connection: Connection,
    account_id: int,
    amount: int,
    lifetime_amount: int,
    *,
    write_id: str,
    now: int,
    kind: str = "adjustment",
    reason: str = "",
    actor: str = "",
) -> bool:
    """Adds to a user's account; False where this write_id is posted already. Raises UsageError for a group's."""
    _only_users(connection, account_id)
    return post(
        connection, Posting(account_id, write_id, kind, amount, lifetime_amount, reason=reason, actor=actor), now
    )


def adjust_to(
    connection: Connection,
    account_id: int,
    *,
    posted: int | None,
    lifetime: int | None = None,
    write_id: str,
    now: int,
    kind: str = "adjustment",
    reason: str = "",
    actor: str = "",
) -> tuple[int, int]:
    """Sets a user's account to `posted` and `lifetime` (None: as they are); returns what that added to each."""
    _only_users(connection, account_id)
    lock_owners(connection, [account_id])
    (row,) = lock_accounts(connection, [account_id])
    added = (
        0 if posted is None else posted - row.posted,
        0 if lifetime is None else lifetime - row.lifetime,
    )
    if added != (0, 0):
        posting = Posting(account_id, write_id, kind, added[0], added[1], reason=reason, actor=actor)
        if not post(connection, posting, now):
            return 0, 0
    return added


def reset(
    connection: Connection, account_id: int, *, hard: bool, write_id: str, now: int, reason: str = "", actor: str = ""
) -> tuple[int, int]:
    """Sets the counter to 0 (`hard`: the lifetime counter too) and ends the grace; returns what that added."""
    added = adjust_to(
        connection,
        account_id,
        posted=0,
        lifetime=0 if hard else None,
        write_id=write_id,
        now=now,
        kind="reset",
        reason=reason,
        actor=actor,
    )
    clear_grace(connection, account_id)
    return added


def clear_grace(connection: Connection, account_id: int) -> None:
    """Ends the grace of one account."""
    connection.execute(update(accounts).where(accounts.c.id == account_id).values(grace_until=None))


def set_limits(connection: Connection, account_id: int, soft_limit: int | None, hard_limit: int | None) -> None:
    """New limits for the next reserve; a grace that runs ends, warnings start anew."""
    connection.execute(
        update(accounts)
        .where(accounts.c.id == account_id)
        .values(soft_limit=soft_limit, hard_limit=hard_limit, grace_until=None, warn_banners=0)
    )


def member_entries(connection: Connection, group_account_id: int) -> list[int]:
    """The open accounts of a group's present members that its account sums up: whom a reset of the group resets."""
    group = connection.execute(select(accounts).where(accounts.c.id == group_account_id)).one()
    found = (
        select(accounts.c.id)
        .join(group_members, group_members.c.user_id == accounts.c.user_id)
        .where(
            group_members.c.group_id == group.group_id,
            accounts.c.closed_at.is_(None),
            accounts.c.unit == group.unit,
            accounts.c.printer_id.is_not_distinct_from(group.printer_id),
        )
        .order_by(accounts.c.id)
    )
    return list(connection.execute(found).scalars())


def _only_users(connection: Connection, account_id: int) -> None:
    kind = connection.execute(select(accounts.c.owner_kind).where(accounts.c.id == account_id)).scalar_one_or_none()
    if kind == OwnerKind.GROUP:
        raise UsageError("a users group has no counter of its own; change its members' instead")

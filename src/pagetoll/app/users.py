# SPDX-License-Identifier: Apache-2.0
"""Users and users groups as an administrator sees them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from pagetoll.app.names import all_matching, matching, new_names
from pagetoll.core.catalogue import Figure, GroupRow, OwnerChange, UserRow
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.ports import Catalogue, CatalogueReader, CatalogueTransaction

NO_CHANGE = OwnerChange()
Row = TypeVar("Row", UserRow, GroupRow)


@dataclass(frozen=True, slots=True)
class UserOrder:
    """What is wanted of users. With `add`, `words` are names, created where missing, and existing ones change too
    unless `skip_existing`; without, they are patterns.

    `email` is stored for all, and when it begins with @ the user's name is put in front; `emails` by name go before.
    `groups` are patterns of users groups to join, or to leave when `leave_groups`.
    """

    words: Sequence[str]
    add: bool = False
    skip_existing: bool = False
    change: OwnerChange = NO_CHANGE
    email: str | None = None
    emails: Mapping[str, str] = field(default_factory=dict)
    balance: Figure | None = None
    comment: str = ""
    groups: Sequence[str] = ()
    leave_groups: bool = False


@dataclass(frozen=True, slots=True)
class GroupOrder:
    """What is wanted of users groups; fields as in `UserOrder`."""

    words: Sequence[str]
    add: bool = False
    skip_existing: bool = False
    change: OwnerChange = NO_CHANGE


def save_users(catalogue: Catalogue, order: UserOrder, actor: str, act: str) -> list[str]:
    """Create and change users in one transaction; returns the names of those that the order meant.

    Raises UsageError when nothing matches, a name or address is refused, or a group is missing: then nothing was
    changed.
    """

    def work(transaction: CatalogueTransaction) -> list[str]:
        rows = transaction.users()
        if order.add:
            new = new_names(_("user"), order.words, (row.name for row in rows))
            transaction.add_users(new)
            wanted = set(new if order.skip_existing else order.words)
            meant = [row for row in transaction.users() if row.name in wanted]
        else:
            meant = _found(rows, order.words, "user")
        ids = [row.user_id for row in meant]
        transaction.change_users(ids, order.change)
        transaction.set_emails(_emails(meant, order))
        if order.balance is not None:
            transaction.book_payments(ids, order.balance, order.comment)
        _change_memberships(transaction, ids, order)
        return [row.name for row in meant]

    return catalogue.write(actor, act, work)


def known_names(words: Sequence[str], is_known: Callable[[str], bool]) -> tuple[list[str], list[str]]:
    """The names that the system knows, and the others (`reject_unknown`). Raises UsageError when it knows none."""
    known = [word for word in words if is_known(word)]
    if words and not known:
        raise UsageError(
            _("the system knows none of: {names}; make them there first, or set reject_unknown = false").format(
                names=", ".join(words)
            )
        )
    return known, [word for word in words if word not in known]


def delete_users(catalogue: Catalogue, words: Sequence[str], actor: str, act: str) -> list[str]:
    """Delete the users that match; returns their names. Raises UsageError when nothing matches."""

    def work(transaction: CatalogueTransaction) -> list[str]:
        found = _found(transaction.users(), words, "user")
        transaction.delete_users([row.user_id for row in found])
        return [row.name for row in found]

    return catalogue.write(actor, act, work)


def list_users(catalogue: CatalogueReader, words: Sequence[str]) -> list[UserRow]:
    """The users that match. Raises UsageError when none does."""
    return _found(catalogue.users(), words, "user")


def save_groups(catalogue: Catalogue, order: GroupOrder, actor: str, act: str) -> list[str]:
    """Create and change users groups in one transaction; returns the names of those that the order meant.

    Raises UsageError as `save_users` does.
    """

    def work(transaction: CatalogueTransaction) -> list[str]:
        rows = transaction.groups()
        if order.add:
            new = new_names(_("users group"), order.words, (row.name for row in rows))
            transaction.add_groups(new)
            wanted = set(new if order.skip_existing else order.words)
            meant = [row for row in transaction.groups() if row.name in wanted]
        else:
            meant = _found(rows, order.words, "users group")
        transaction.change_groups([row.group_id for row in meant], order.change)
        return [row.name for row in meant]

    return catalogue.write(actor, act, work)


def delete_groups(catalogue: Catalogue, words: Sequence[str], actor: str, act: str) -> list[str]:
    """Delete the users groups that match; returns their names. Raises UsageError when nothing matches."""

    def work(transaction: CatalogueTransaction) -> list[str]:
        found = _found(transaction.groups(), words, "users group")
        transaction.delete_groups([row.group_id for row in found])
        return [row.name for row in found]

    return catalogue.write(actor, act, work)


def list_groups(catalogue: CatalogueReader, words: Sequence[str]) -> list[GroupRow]:
    """The users groups that match. Raises UsageError when none does."""
    return _found(catalogue.groups(), words, "users group")


def check_email(address: str) -> str:
    """The address itself where it can be one: empty, or with exactly one @. Raises UsageError otherwise."""
    if address and address.count("@") != 1:
        raise UsageError(
            _("invalid email address {address!r}: give one with exactly one @, or an empty one").format(
                address=address
            )
        )
    if not address.isprintable():
        raise UsageError(
            _("invalid email address {address!r}: leave out line ends and control characters").format(address=address)
        )
    return address


def _emails(users: Sequence[UserRow], order: UserOrder) -> list[tuple[int, str]]:
    wanted = [(row, order.emails.get(row.name, order.email)) for row in users]
    return [
        (row.user_id, f"{row.name}{email}" if email.startswith("@") else email)
        for row, email in wanted
        if email is not None
    ]


def _change_memberships(transaction: CatalogueTransaction, user_ids: Sequence[int], order: UserOrder) -> None:
    groups = all_matching(transaction.groups(), order.groups, lambda row: row.name, _("users group"))
    for group in groups:
        if order.leave_groups:
            transaction.leave_group(group.group_id, user_ids)
        else:
            transaction.join_group(group.group_id, user_ids)


def _found(rows: Sequence[Row], words: Sequence[str], kind: str) -> list[Row]:
    found = matching(rows, words or ["*"], lambda row: row.name)
    if not found:
        if kind == "user":
            text = _("there is no user that matches {words}; list them with: pkusers --list")
        else:
            text = _("there is no users group that matches {words}; list them with: pkusers --groups --list")
        raise UsageError(text.format(words=", ".join(words) or "*"))
    return found

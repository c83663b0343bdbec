# SPDX-License-Identifier: Apache-2.0
"""`pagetoll user`: who prints, what they have, and the roles they have beside that."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from pagetoll.app import roles, users
from pagetoll.app.users import UserOrder, check_email
from pagetoll.core.catalogue import UNCHANGED, OwnerChange, RoleRow, UserRow
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.core.policy import LimitBy
from pagetoll.core.roles import Role
from pagetoll.frontends import values
from pagetoll.frontends.cli.nouns.noun import Noun, Verb, Work, done, names_of
from pagetoll.frontends.cli.options import Option, Parsed, comma_list
from pagetoll.frontends.cli.rows import Column, Row, credits_of, show
from pagetoll.frontends.known_names import only_known_users
from pagetoll.frontends.session import Session

CHANGES = (
    Option("D", "description", "TEXT", "description; an empty one clears it"),
    Option("e", "email", "ADDRESS", "mail address; one that begins with @ gets the user's name put in front"),
    Option("l", "limitby", "MODE", "what limits the user: quota, balance, noquota, nochange or noprint"),
    Option("o", "overcharge", "FACTOR", "factor on the price of the user's jobs"),
    Option("b", "balance", "[+|-]AMOUNT", "set the balance, or add to it when there is a sign; a payment is booked"),
    Option("C", "comment", "TEXT", "comment of the payment that --balance books"),
    Option("i", "join", "GROUP[,GROUP…]", "put the users into these users groups (patterns)"),
)
LEAVE = Option("x", "leave", "GROUP[,GROUP…]", "take the users out of these users groups (patterns)")
SKIP = Option("s", "skip-existing", "", "leave users who exist as they are")
COLUMNS = (
    Column("name", "NAME"),
    Column("limitby", "LIMITED BY"),
    Column("balance", "BALANCE", right=True),
    Column("paid", "PAID", right=True),
    Column("overcharge", "OVERCHARGE", right=True),
    Column("email", "EMAIL"),
    Column("description", "DESCRIPTION"),
)
ROLE_COLUMNS = (
    Column("name", "NAME"),
    Column("role", "ROLE"),
    Column("granted_by", "GRANTED BY"),
    Column("at", "SINCE"),
)


def row_of(user: UserRow) -> Row:
    """A user for a table or for programs; amounts in credits."""
    return {
        "name": user.name,
        "limitby": user.limitby,
        "balance": credits_of(user.balance),
        "paid": credits_of(user.lifetime_paid),
        "reserved": credits_of(user.reserved),
        "overcharge": credits_of(user.overcharge),
        "email": user.email,
        "description": user.description,
    }


def _order(parsed: Parsed, *, add: bool) -> UserOrder:
    overcharge, email = parsed.text("overcharge"), parsed.text("email")
    return UserOrder(
        names_of(parsed, _("users")),
        add=add,
        skip_existing="skip-existing" in parsed,
        change=OwnerChange(
            description=values.description(parsed),
            limitby=values.limitby(parsed, tuple(LimitBy)),
            overcharge=UNCHANGED if overcharge is None else values.amount("overcharge", overcharge),
        ),
        email=None if email is None else check_email(email),
        balance=values.balance(parsed, "balance"),
        comment=values.free_text(parsed, "comment") or "",
        groups=values.listed(parsed, "join"),
    )


def _add(parsed: Parsed) -> Work:
    order = _order(parsed, add=True)

    def work(session: Session) -> int:
        known = only_known_users(session.settings, order)
        names = users.save_users(session.catalogue, known, session.actor, session.act)
        return done(_("There are now: {names}").format(names=", ".join(known.words)), parsed, "added", names)

    return work


def _change(parsed: Parsed) -> Work:
    order = _order(parsed, add=False)
    left = values.listed(parsed, "leave")
    if left and order.groups:
        raise UsageError(_("--join and --leave cannot go together; give one of them"))
    if left:
        order = replace(order, groups=left, leave_groups=True)

    def work(session: Session) -> int:
        names = users.save_users(session.catalogue, order, session.actor, session.act)
        return done(_("Changed: {names}").format(names=", ".join(order.words)), parsed, "changed", names)

    return work


def _delete(parsed: Parsed) -> Work:
    names = names_of(parsed, _("users"))

    def work(session: Session) -> int:
        gone = users.delete_users(session.catalogue, names, session.actor, session.act)
        return done(
            _("Deleted: {names}; their history stays").format(names=", ".join(names)), parsed, "deleted", gone
        )

    return work


def _list(parsed: Parsed) -> Work:
    def work(session: Session) -> int:
        found = users.list_users(session.catalogue, comma_list(",".join(parsed.words)))
        show(COLUMNS, map(row_of, found), as_json="json" in parsed)
        return 0

    return work


def _role_change(parsed: Parsed) -> tuple[Role, Sequence[str]]:
    word, *names = names_of(parsed, _("role"))
    role = roles.role_of(word)
    if not names:
        raise UsageError(_("say the role and then the logins; see --help"))
    return role, names


def _grant(parsed: Parsed) -> Work:
    role, names = _role_change(parsed)

    def work(session: Session) -> int:
        roles.grant(session.catalogue, names, role, session.actor, session.act)
        return done(
            _("{names}: now {role}").format(names=", ".join(names), role=role),
            parsed,
            "granted",
            names,
            role=str(role),
        )

    return work


def _revoke(parsed: Parsed) -> Work:
    role, names = _role_change(parsed)

    def work(session: Session) -> int:
        roles.revoke(session.catalogue, names, role, session.actor, session.act)
        return done(
            _("{names}: no longer {role}").format(names=", ".join(names), role=role),
            parsed,
            "revoked",
            names,
            role=str(role),
        )

    return work


def _roles(parsed: Parsed) -> Work:
    def work(session: Session) -> int:
        show(ROLE_COLUMNS, _role_rows(session.catalogue.roles()), as_json="json" in parsed)
        return 0

    return work


def _role_rows(found: Sequence[RoleRow]) -> Iterator[Row]:
    for row in found:
        at: datetime = row.granted_at.astimezone(UTC)
        yield {"name": row.user_name, "role": row.role, "granted_by": row.granted_by, "at": at}


NOUN = Noun(
    "user",
    "Users: who may print, what limits them, what they have and owe, and their roles.",
    (
        Verb("add", "NAME…", "Create users. Users who exist are changed too.", _add, (*CHANGES, SKIP), changes=True),
        Verb("change", "PATTERN…", "Change users.", _change, (*CHANGES, LEAVE), changes=True),
        Verb(
            "delete",
            "PATTERN…",
            "Delete users with their accounts and memberships. Their history is hidden, not lost.",
            _delete,
            changes=True,
        ),
        Verb("list", "[PATTERN…]", "Show users.", _list),
        Verb("grant", "ROLE NAME…", "Give logins a role: " + ", ".join(Role) + ".", _grant, changes=True),
        Verb("revoke", "ROLE NAME…", "Take a role from logins.", _revoke, changes=True),
        Verb("roles", "", "Show who has which role.", _roles),
    ),
)
main = NOUN.run

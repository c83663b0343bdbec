# SPDX-License-Identifier: Apache-2.0
"""`pagetoll group`: users groups and their members."""

from pagetoll.app import users
from pagetoll.app.users import GroupOrder, UserOrder
from pagetoll.core.catalogue import GroupRow, OwnerChange
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.core.policy import GROUP_LIMITBY
from pagetoll.frontends import values
from pagetoll.frontends.cli.nouns.noun import Noun, Verb, Work, done, names_of
from pagetoll.frontends.cli.options import Option, Parsed, comma_list
from pagetoll.frontends.cli.rows import Column, Row, credits_of, show
from pagetoll.frontends.known_names import only_known_groups
from pagetoll.frontends.session import Session

CHANGES = (
    Option("D", "description", "TEXT", "description; an empty one clears it"),
    Option("l", "limitby", "MODE", "what limits the group: quota, balance or noquota"),
)
SKIP = Option("s", "skip-existing", "", "leave groups that exist as they are")
COLUMNS = (
    Column("name", "NAME"),
    Column("limitby", "LIMITED BY"),
    Column("balance", "BALANCE", right=True),
    Column("paid", "PAID", right=True),
    Column("members", "MEMBERS", right=True, text=lambda members: str(len(members or ()))),  # type: ignore[arg-type]
    Column("description", "DESCRIPTION"),
)


def _save(parsed: Parsed, *, add: bool) -> Work:
    order = GroupOrder(
        names_of(parsed, _("users groups")),
        add=add,
        skip_existing="skip-existing" in parsed,
        change=OwnerChange(
            description=values.description(parsed), limitby=values.limitby(parsed, tuple(GROUP_LIMITBY))
        ),
    )

    def work(session: Session) -> int:
        known = only_known_groups(session.settings, order)
        names = users.save_groups(session.catalogue, known, session.actor, session.act)
        said = _("There are now: {names}") if add else _("Changed: {names}")
        return done(said.format(names=", ".join(known.words)), parsed, "added" if add else "changed", names)

    return work


def _members(parsed: Parsed, *, leave: bool) -> Work:
    group, *members = names_of(parsed, _("users group"))
    if not members:
        raise UsageError(_("say the group and then the users; see --help"))
    order = UserOrder(members, groups=[group], leave_groups=leave)

    def work(session: Session) -> int:
        names = users.save_users(session.catalogue, order, session.actor, session.act)
        said = _("Out of {group}: {names}") if leave else _("In {group}: {names}")
        return done(
            said.format(group=group, names=", ".join(members)),
            parsed,
            "left" if leave else "joined",
            names,
            group=group,
        )

    return work


def _delete(parsed: Parsed) -> Work:
    names = names_of(parsed, _("users groups"))

    def work(session: Session) -> int:
        gone = users.delete_groups(session.catalogue, names, session.actor, session.act)
        return done(_("Deleted: {names}").format(names=", ".join(names)), parsed, "deleted", gone)

    return work


def _list(parsed: Parsed) -> Work:
    def work(session: Session) -> int:
        found = users.list_groups(session.catalogue, comma_list(",".join(parsed.words)))
        name_of = {user.user_id: user.name for user in session.catalogue.users()}
        members: dict[int, list[str]] = {}
        for group_id, user_id in session.catalogue.group_members():
            if user_id in name_of:
                members.setdefault(group_id, []).append(name_of[user_id])
        rows = (row_of(group, members.get(group.group_id, [])) for group in found)
        show(COLUMNS, rows, as_json="json" in parsed)
        return 0

    return work


def row_of(group: GroupRow, members: list[str]) -> Row:
    """A users group for a table or for programs; amounts in credits."""
    return {
        "name": group.name,
        "limitby": group.limitby,
        "balance": credits_of(group.balance),
        "paid": credits_of(group.lifetime_paid),
        "members": sorted(members),
        "description": group.description,
    }


NOUN = Noun(
    "group",
    "Users groups: what limits their members together, and who is in them.",
    (
        Verb(
            "add",
            "NAME…",
            "Create users groups. Groups that exist are changed too.",
            lambda parsed: _save(parsed, add=True),
            (*CHANGES, SKIP),
            changes=True,
        ),
        Verb("change", "PATTERN…", "Change users groups.", lambda parsed: _save(parsed, add=False), CHANGES, True),
        Verb("delete", "PATTERN…", "Delete users groups. Their members stay.", _delete, changes=True),
        Verb("list", "[PATTERN…]", "Show users groups.", _list),
        Verb(
            "join",
            "GROUP USER…",
            "Put users into a group.",
            lambda parsed: _members(parsed, leave=False),
            changes=True,
        ),
        Verb(
            "leave",
            "GROUP USER…",
            "Take users out of a group.",
            lambda parsed: _members(parsed, leave=True),
            changes=True,
        ),
    ),
)
main = NOUN.run

# SPDX-License-Identifier: Apache-2.0
"""`pkusers`: users and users groups, with PyKota's letters."""

import sys
from collections.abc import Callable

from pagetoll.app import users
from pagetoll.app.names import on_one_line
from pagetoll.app.notices import address_of
from pagetoll.app.users import GroupOrder, UserOrder, check_email
from pagetoll.core.catalogue import UNCHANGED, GroupRow, OwnerChange, UserRow
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.core.policy import GROUP_LIMITBY, LimitBy
from pagetoll.frontends import values
from pagetoll.frontends.cli.options import Command, Option, Parsed
from pagetoll.frontends.known_names import only_known_groups, only_known_users
from pagetoll.frontends.pykota.output import two_places, write
from pagetoll.frontends.pykota.program import EXIT_DONE, EXIT_REMARK, TOGETHER_REMARK, Program, run
from pagetoll.frontends.session import Act, Opening
from pagetoll.ports import Catalogue

COMMAND = Command(
    name="pkusers",
    usage="[options] user1 user2 ...  |  --groups [options] group1 group2 ...",
    summary="Creates, changes, deletes and lists users, and with -g users groups. Names may be shell patterns and "
    "comma lists; without a name, all are meant. With -a a user may be given as name/address.",
    rows=(
        Option("a", "add", "", "create the named users or groups; existing ones are changed too, unless -s"),
        Option(
            "b", "balance", "[+|-]AMOUNT", "set the balance, or add to it when there is a sign; a payment is booked"
        ),
        Option("C", "comment", "TEXT", "comment of the payment that -b books"),
        Option(
            "d", "delete", "", "delete users with their accounts and memberships, and hide their history; or groups"
        ),
        Option("D", "description", "TEXT", "description; an empty one clears it"),
        Option("e", "email", "ADDRESS", "mail address; one that begins with @ gets the user's name put in front"),
        Option("g", "groups", "", "work on users groups instead of users"),
        Option("i", "ingroups", "GROUP[,GROUP...]", "put the users into these users groups (patterns)"),
        Option("l", "limitby", "MODE", "quota, balance, noquota, nochange or noprint; for groups the first three"),
        Option("L", "list", "", "show the users or groups"),
        Option("o", "overcharge", "FACTOR", "factor on the price of the user's jobs"),
        Option("r", "remove", "", "with -i: take the users out of these groups"),
        Option("s", "skipexisting", "", "with -a: leave existing users or groups as they are"),
    ),
    remarks=(TOGETHER_REMARK, EXIT_REMARK),
)
CHANGES = (
    "limitby",
    "balance",
    "email",
    "remove",
    "overcharge",
    "ingroups",
    "description",
    "skipexisting",
    "comment",
)
USERS_ONLY = ("ingroups", "balance", "email", "remove", "overcharge", "comment")


def plan(parsed: Parsed) -> Act:
    """The act for a command line. Raises UsageError."""
    names = values.names_of(parsed)
    values.one_of(parsed, ("add", "delete", "list"))
    for option in ("list", "delete"):
        if option in parsed:
            values.refuse_together(parsed, f"--{option}", CHANGES)
    for option in ("add", "delete"):
        if option in parsed and not names:
            raise UsageError(_("--{option} needs the names of users or groups; see --help").format(option=option))
    if "groups" in parsed:
        values.refuse_together(parsed, "--groups", USERS_ONLY)
        return _plan_groups(parsed, names)
    if "list" in parsed:
        return lambda opening: _list_users(opening, names)
    if "delete" in parsed:
        return _doing(lambda catalogue, actor, act: users.delete_users(catalogue, names, actor, act))
    order = _user_order(parsed, names)

    def save(opening: Opening) -> int:
        session = opening()
        known = only_known_users(session.settings, order)
        users.save_users(session.catalogue, known, session.actor, session.act)
        return EXIT_DONE

    return save


def _plan_groups(parsed: Parsed, names: list[str]) -> Act:
    if "list" in parsed:
        return lambda opening: _list_groups(opening, names)
    if "delete" in parsed:
        return _doing(lambda catalogue, actor, act: users.delete_groups(catalogue, names, actor, act))
    order = GroupOrder(
        names,
        add="add" in parsed,
        skip_existing="skipexisting" in parsed,
        change=OwnerChange(description=values.description(parsed), limitby=values.limitby(parsed, GROUP_LIMITBY)),
    )

    def save(opening: Opening) -> int:
        session = opening()
        known = only_known_groups(session.settings, order)
        users.save_groups(session.catalogue, known, session.actor, session.act)
        return EXIT_DONE

    return save


def _doing(work: Callable[[Catalogue, str, str], object]) -> Act:
    def act(opening: Opening) -> int:
        session = opening()
        work(session.catalogue, session.actor, session.act)
        return EXIT_DONE

    return act


def _user_order(parsed: Parsed, names: list[str]) -> UserOrder:
    groups = values.listed(parsed, "ingroups")
    if "remove" in parsed and not groups:
        raise UsageError(_("--remove needs --ingroups; see --help"))
    email = parsed.text("email")
    if email is not None:
        check_email(email)
    emails: dict[str, str] = {}
    if "add" in parsed:
        names, emails = _with_emails(names)
    overcharge = parsed.text("overcharge")
    return UserOrder(
        names,
        add="add" in parsed,
        skip_existing="skipexisting" in parsed,
        change=OwnerChange(
            description=values.description(parsed),
            limitby=values.limitby(parsed, tuple(LimitBy)),
            overcharge=UNCHANGED if overcharge is None else values.amount("overcharge", overcharge),
        ),
        email=email,
        emails=emails,
        balance=values.balance(parsed, "balance"),
        comment=values.free_text(parsed, "comment") or "",
        groups=groups,
        leave_groups="remove" in parsed,
    )


def _with_emails(words: list[str]) -> tuple[list[str], dict[str, str]]:
    """Names, and the addresses of those that were given as name/address."""
    emails = {}
    for word in words:
        name, slash, address = word.partition("/")
        if slash:
            emails[name] = check_email(address)
    return [word.partition("/")[0] for word in words], emails


def _list_users(opening: Opening, names: list[str]) -> int:
    session = opening()
    for row in users.list_users(session.catalogue, names):
        _show_user(row, address_of(row.name, row.email, session.settings))
    return EXIT_DONE


def _show_user(user: UserRow, address: str) -> None:
    tail = f" - {on_one_line(user.description)}" if user.description else ""
    write(f"{user.name} - <{address}>{tail}")
    write(_("    Limited by : {limitby}").format(limitby=user.limitby))
    write(_("    Account balance : {balance}").format(balance=two_places(user.balance)))
    write(_("    Total paid so far : {lifetime_paid}").format(lifetime_paid=two_places(user.lifetime_paid)))
    write(_("    Overcharging factor : {overcharge}").format(overcharge=two_places(user.overcharge)))
    write("")


def _list_groups(opening: Opening, names: list[str]) -> int:
    for row in users.list_groups(opening().catalogue, names):
        _show_group(row)
    return EXIT_DONE


def _show_group(group: GroupRow) -> None:
    write(group.name + (f" - {on_one_line(group.description)}" if group.description else ""))
    write(_("    Limited by : {limitby}").format(limitby=group.limitby))
    write(_("    Group balance : {balance}").format(balance=two_places(group.balance)))
    write(_("    Total paid so far : {lifetime_paid}").format(lifetime_paid=two_places(group.lifetime_paid)))
    write("")


def main() -> int:
    """The program; returns the exit status."""
    return run(Program(COMMAND, plan))


if __name__ == "__main__":
    sys.exit(main())

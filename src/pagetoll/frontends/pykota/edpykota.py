# SPDX-License-Identifier: Apache-2.0
"""`edpykota`: print quota entries of users and users groups on printers, with PyKota's letters."""

import sys
from dataclasses import replace

from pagetoll.app.quotas import EntryOrder, delete_entries, list_entries, save_entries
from pagetoll.core.catalogue import EntryChange, EntryRow
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.core.policy import OwnerKind
from pagetoll.frontends import values
from pagetoll.frontends.cli.options import Command, Option, Parsed
from pagetoll.frontends.pykota.output import largest_job, limit, local_time, write
from pagetoll.frontends.pykota.program import EXIT_DONE, EXIT_REMARK, TOGETHER_REMARK, Program, run
from pagetoll.frontends.remarks import tell
from pagetoll.frontends.session import Act, Opening

COMMAND = Command(
    name="edpykota",
    usage="[options] user1 user2 ...  |  --groups [options] group1 group2 ...",
    summary="Creates, changes, deletes and lists quota entries: what a user, or with -g a users group, may print on "
    "a printer. Names and printers may be shell patterns and comma lists; without a name, all are meant. Users, "
    "groups and printers must exist (pkusers, pkprinters).",
    rows=(
        Option(
            "a", "add", "", "create the missing entries for every name and printer; existing ones are changed too"
        ),
        Option("d", "delete", "", "delete entries, and hide the history of these users on these printers"),
        Option("g", "groups", "", "work on users groups' entries; their counters are the sums of the members'"),
        Option("H", "hardlimit", "N", "number of pages that is never passed"),
        Option("I", "increase", "[+|-]N", "add N to both limits; a missing limit counts as 0"),
        Option("L", "list", "", "show the entries"),
        Option("m", "maxjobsize", "N|unlimited", "refuse a user's jobs with more than N pages; 0 refuses all"),
        Option("n", "noquota", "", "remove both limits"),
        Option("P", "printer", "PRINTER[,PRINTER...]", "the printers and printer groups (patterns); all without it"),
        Option("r", "reset", "", "set the page counter to 0; with -g those of all members"),
        Option("R", "hardreset", "", "set both counters to 0; with -g those of all members"),
        Option("s", "skipexisting", "", "with -a: leave existing entries as they are"),
        Option("S", "softlimit", "N", "number of pages behind which the grace time begins"),
        Option("U", "used", "[+|-]N", "set both counters of users' entries, or add to them when there is a sign"),
    ),
    remarks=(TOGETHER_REMARK, EXIT_REMARK),
    # PyKota before 1.24 did all with this one command.
    elsewhere={
        **dict.fromkeys(("c", "charge", "G", "pgroups"), "pkprinters"),
        **dict.fromkeys(
            ("o", "overcharge", "i", "ingroups", "l", "limitby", "b", "balance", "C", "comment", "e", "email"),
            "pkusers",
        ),
    },
)
CHANGES = (
    "used",
    "softlimit",
    "hardlimit",
    "reset",
    "hardreset",
    "noquota",
    "increase",
    "maxjobsize",
    "skipexisting",
)
USERS_ONLY = ("used", "maxjobsize", "increase")


def plan(parsed: Parsed) -> Act:
    """The act for a command line. Raises UsageError."""
    names = values.names_of(parsed)
    printers = values.listed(parsed, "printer")
    kind = OwnerKind.GROUP if "groups" in parsed else OwnerKind.USER
    values.one_of(parsed, ("add", "delete", "list"))
    for option in ("list", "delete"):
        if option in parsed:
            values.refuse_together(parsed, f"--{option}", CHANGES)
    if kind is OwnerKind.GROUP:
        values.refuse_together(parsed, "--groups", USERS_ONLY)
    if "noquota" in parsed:
        values.refuse_together(parsed, "--noquota", ("softlimit", "hardlimit", "increase"))
    if "list" in parsed:
        return lambda opening: _list(opening, kind, names, printers)
    if "delete" in parsed:
        if not names:
            raise UsageError(_("--delete needs the names of users or groups; see --help"))
        return lambda opening: _delete(opening, kind, names, printers)
    order = EntryOrder(
        kind,
        names,
        printers,
        add="add" in parsed,
        skip_existing="skipexisting" in parsed,
        change=_change(parsed),
        used=values.signed(parsed, "used"),
        reset="reset" in parsed,
        hard_reset="hardreset" in parsed,
    )
    return lambda opening: _save(opening, order)


def _change(parsed: Parsed) -> EntryChange:
    """Limits and largest job; says on stderr how limits were made to fit."""
    increase = values.signed(parsed, "increase")
    change = EntryChange(
        increase=0 if increase is None else increase.steps,
        max_job_impressions=values.most_pages(parsed, "maxjobsize"),
    )
    if "noquota" in parsed:
        return replace(change, soft_limit=None, hard_limit=None)
    return values.with_limits(change, parsed, "softlimit", "hardlimit")


def _save(opening: Opening, order: EntryOrder) -> int:
    session = opening()
    order = replace(order, change=replace(order.change, reason=session.act))
    outcome = save_entries(session.catalogue, order, session.actor, session.act)
    if order.add and not outcome.owners:
        if order.owner_kind is OwnerKind.GROUP:
            tell("WARN", _("no users group matches; create them first with: pkusers --groups --add"))
        else:
            tell("WARN", _("no user matches; create them first with: pkusers --add"))
    if order.add and not outcome.printers:
        tell("WARN", _("no printer matches; create them first with: pkprinters --add"))
    return EXIT_DONE


def _delete(opening: Opening, kind: OwnerKind, names: list[str], printers: list[str]) -> int:
    session = opening()
    delete_entries(session.catalogue, kind, (names, printers), session.actor, session.act)
    return EXIT_DONE


def _list(opening: Opening, kind: OwnerKind, names: list[str], printers: list[str]) -> int:
    for row in list_entries(opening().catalogue, kind, names, printers):
        _show(row, of_user=kind is OwnerKind.USER)
    return EXIT_DONE


def _show(entry: EntryRow, *, of_user: bool) -> None:
    write(f"{entry.owner_name}@{entry.printer_name}")
    write(_("    Page counter : {page_counter}").format(page_counter=entry.page_counter))
    write(
        _("    Lifetime page counter : {lifetime_page_counter}").format(
            lifetime_page_counter=entry.lifetime_page_counter
        )
    )
    write(_("    Soft limit : {soft_limit}").format(soft_limit=limit(entry.soft_limit)))
    write(_("    Hard limit : {hard_limit}").format(hard_limit=limit(entry.hard_limit)))
    write(_("    Date limit : {grace_until}").format(grace_until=local_time(entry.grace_until)))
    if of_user:
        write(
            _("    Maximum job size : {max_job_impressions}").format(
                max_job_impressions=largest_job(entry.max_job_impressions)
            )
        )
        write(_("    Warning banners printed : {warn_banners}").format(warn_banners=entry.warn_banners))
    write("")


def main() -> int:
    """The program; returns the exit status."""
    return run(Program(COMMAND, plan))


if __name__ == "__main__":
    sys.exit(main())

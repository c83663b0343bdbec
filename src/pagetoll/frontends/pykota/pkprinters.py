# SPDX-License-Identifier: Apache-2.0
"""`pkprinters`: printers and printer groups, with PyKota's letters."""

import sys
from collections.abc import Callable

from pagetoll.app.names import on_one_line
from pagetoll.app.printers import PrinterListing, PrinterOrder, delete_printers, list_printers, save_printers
from pagetoll.core.catalogue import UNCHANGED, PrinterChange, Unchanged
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.frontends import values
from pagetoll.frontends.cli.options import Command, Option, Parsed
from pagetoll.frontends.pykota.output import largest_job, plain_float, write
from pagetoll.frontends.pykota.program import EXIT_DONE, EXIT_REMARK, TOGETHER_REMARK, Program, run
from pagetoll.frontends.pykota.routing import routed_queues, then_route
from pagetoll.frontends.session import Act, Opening

COMMAND = Command(
    name="pkprinters",
    usage="[options] printer1 printer2 ...",
    summary="Creates, changes, deletes and lists printers and printer groups. A group is a printer that has members; "
    "it needs no queue in CUPS. Names may be shell patterns and comma lists; without a name, all printers are meant.",
    rows=(
        Option(
            "a", "add", "", "create the named printers; existing ones are changed by the other options, unless -s"
        ),
        Option("c", "charge", "PAGE[,JOB]", "price per page and, behind a comma, per job, in credits"),
        Option("C", "cups", "", "lead the queue in CUPS through Pagetoll; with -d, give it its own device back"),
        Option("d", "delete", "", "delete printers with their quota entries and memberships, and hide their history"),
        Option("D", "description", "TEXT", "description; an empty one clears it"),
        Option("g", "groups", "GROUP[,GROUP...]", "put the printers into these printer groups (patterns)"),
        Option("l", "list", "", "show the printers"),
        Option("m", "maxjobsize", "N|unlimited", "refuse jobs with more than N pages; 0 refuses all, unlimited none"),
        Option("n", "nopassthrough", "", "count, limit and charge again"),
        Option("p", "passthrough", "", "let all jobs through uncounted and uncharged, as for an examination"),
        Option("r", "remove", "", "with -g: take the printers out of these groups"),
        Option("s", "skipexisting", "", "with -a: leave existing printers as they are"),
    ),
    remarks=(TOGETHER_REMARK, EXIT_REMARK),
)
CHANGES = ("charge", "groups", "remove", "description", "skipexisting", "passthrough", "nopassthrough", "maxjobsize")


def plan(parsed: Parsed) -> Act:
    """The act for a command line. Raises UsageError."""
    names = values.names_of(parsed)
    values.one_of(parsed, ("add", "delete", "list"))
    for option in ("list", "delete"):
        if option in parsed:
            values.refuse_together(parsed, f"--{option}", CHANGES)
    if "list" in parsed:
        values.refuse_together(parsed, "--list", ("cups",))
        return lambda opening: _list(opening, names)
    for option in ("add", "delete"):
        if option in parsed and not names:
            raise UsageError(_("--{option} needs the names of printers; see --help").format(option=option))
    if "delete" in parsed:
        return _deleting(names, cups="cups" in parsed)
    return _saving(_order(parsed, names), cups="cups" in parsed)


def _saving(order: PrinterOrder, *, cups: bool) -> Act:
    def act(opening: Opening) -> int:
        def save() -> list[str]:
            session = opening()
            return save_printers(session.catalogue, order, session.actor, session.act)

        return _do(save, cups=cups, undo=False)

    return act


def _deleting(names: list[str], *, cups: bool) -> Act:
    def act(opening: Opening) -> int:
        def delete() -> list[str]:
            session = opening()
            return delete_printers(session.catalogue, names, session.actor, session.act)

        return _do(delete, cups=cups, undo=True)

    return act


def _do(work: Callable[[], list[str]], *, cups: bool, undo: bool) -> int:
    if cups:
        return then_route(work, undo=undo)
    work()
    return EXIT_DONE


def _order(parsed: Parsed, names: list[str]) -> PrinterOrder:
    groups = values.listed(parsed, "groups")
    if "remove" in parsed and not groups:
        raise UsageError(_("--remove needs --groups; see --help"))
    page, job = _prices(parsed.text("charge"))
    passthrough: bool | Unchanged = UNCHANGED
    if "passthrough" in parsed or "nopassthrough" in parsed:
        passthrough = "passthrough" in parsed
    change = PrinterChange(
        description=values.description(parsed),
        price_per_impression=page,
        price_per_job=job,
        passthrough=passthrough,
        max_job_impressions=values.most_pages(parsed, "maxjobsize"),
    )
    return PrinterOrder(
        names,
        add="add" in parsed,
        skip_existing="skipexisting" in parsed,
        change=change,
        groups=groups,
        leave_groups="remove" in parsed,
    )


def _prices(text: str | None) -> tuple[int | Unchanged, int | Unchanged]:
    if text is None:
        return UNCHANGED, UNCHANGED
    page, comma, job = text.partition(",")
    return values.amount("charge", page), values.amount("charge", job) if comma else UNCHANGED


def _list(opening: Opening, names: list[str]) -> int:
    listings = list_printers(opening().catalogue, names)
    routed = routed_queues()
    for number, listing in enumerate(listings):
        if number:
            write("")
        _show(listing, routed=listing.printer.name in routed)
    return EXIT_DONE


def _show(listing: PrinterListing, *, routed: bool) -> None:
    printer = listing.printer
    per_job, per_page = plain_float(printer.price_per_job), plain_float(printer.price_per_impression)
    write(f"{printer.name} [{on_one_line(printer.description)}] ({per_job} + #*{per_page})")
    write(_("    Passthrough mode : {value}").format(value=_("ON") if printer.passthrough else _("OFF")))
    write(
        _("    Maximum job size : {max_job_impressions}").format(
            max_job_impressions=largest_job(printer.max_job_impressions)
        )
    )
    write(_("    Routed through PyKota : {value}").format(value=_("YES") if routed else _("NO")))
    if listing.ancestors:
        write(_("    in {names}").format(names=", ".join(listing.ancestors)))


def main() -> int:
    """The program; returns the exit status."""
    return run(Program(COMMAND, plan))


if __name__ == "__main__":
    sys.exit(main())

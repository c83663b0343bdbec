# SPDX-License-Identifier: Apache-2.0
"""`pkbcodes`: billing codes, with PyKota's letters, and their budgets."""

import sys

from pagetoll.app import codes
from pagetoll.app.codes import CodeOrder, change_with_budgets
from pagetoll.app.names import on_one_line
from pagetoll.core.catalogue import CodeRow
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _, marked
from pagetoll.frontends import values
from pagetoll.frontends.cli.options import Command, Option, Parsed
from pagetoll.frontends.pykota.output import two_places, write
from pagetoll.frontends.pykota.program import EXIT_DONE, EXIT_REMARK, TOGETHER_REMARK, Program, run
from pagetoll.frontends.session import Act, Opening

UNLIMITED = marked("unlimited")

COMMAND = Command(
    name="pkbcodes",
    usage="[options] code1 code2 ...",
    summary="Creates, changes, deletes and lists billing codes: what jobs are booked on besides the user who prints "
    "them. Names may be shell patterns and comma lists; without a name, all codes are meant.",
    rows=(
        Option("a", "add", "", "create the named codes; existing ones are changed by the other options, unless -s"),
        Option("b", "budget", "CREDITS|unlimited", "refuse jobs that would bring the money spent above this"),
        Option("B", "pagebudget", "N|unlimited", "refuse jobs that would bring the page counter above this"),
        Option("d", "delete", "", "delete codes; the history keeps them"),
        Option("D", "description", "TEXT", "description; an empty one clears it"),
        Option("l", "list", "", "show the codes"),
        Option("r", "reset", "", "bring the page counter and the money spent to 0"),
        Option("s", "skipexisting", "", "with -a: leave existing codes as they are"),
    ),
    remarks=(TOGETHER_REMARK, EXIT_REMARK),
)
CHANGES = ("description", "reset", "skipexisting", "budget", "pagebudget")


def plan(parsed: Parsed) -> Act:
    """The act for a command line. Raises UsageError."""
    names = values.names_of(parsed)
    values.one_of(parsed, ("add", "delete", "list"))
    for option in ("list", "delete"):
        if option in parsed:
            values.refuse_together(parsed, f"--{option}", CHANGES)
    if "list" in parsed:
        return lambda opening: _list(opening, names)
    for option in ("add", "delete"):
        if option in parsed and not names:
            raise UsageError(_("--{option} needs the names of billing codes; see --help").format(option=option))
    if "delete" in parsed:
        return lambda opening: _delete(opening, names)
    order = _order(parsed, names)
    return lambda opening: _save(opening, order)


def _order(parsed: Parsed, names: list[str]) -> CodeOrder:
    return CodeOrder(
        names,
        add="add" in parsed,
        skip_existing="skipexisting" in parsed,
        change=change_with_budgets(
            values.description(parsed), values.most_pages(parsed, "pagebudget"), values.budget(parsed)
        ),
        reset="reset" in parsed,
    )


def _save(opening: Opening, order: CodeOrder) -> int:
    session = opening()
    codes.save_codes(session.catalogue, order, session.actor, session.act)
    return EXIT_DONE


def _delete(opening: Opening, names: list[str]) -> int:
    session = opening()
    codes.delete_codes(session.catalogue, names, session.actor, session.act)
    return EXIT_DONE


def _list(opening: Opening, names: list[str]) -> int:
    for row in codes.list_codes(opening().catalogue, names):
        _show(row)
    return EXIT_DONE


def _show(row: CodeRow) -> None:
    """PyKota's line; a second one where there is a budget, which PyKota did not have."""
    figures = _("{pages} pages and {credits} credits").format(pages=row.page_counter, credits=two_places(row.spent))
    write(f"{on_one_line(row.name)} [{on_one_line(row.description)}] {figures}")
    pages, money = row.hard_limit_impressions, row.hard_limit_spent
    if pages is not None or money is not None:
        budget = _("Budget : {pages} pages and {credits} credits").format(
            pages=_(UNLIMITED) if pages is None else pages,
            credits=_(UNLIMITED) if money is None else two_places(money),
        )
        write(f"    {budget}")


def main() -> int:
    """The program; returns the exit status."""
    return run(Program(COMMAND, plan))


if __name__ == "__main__":
    sys.exit(main())

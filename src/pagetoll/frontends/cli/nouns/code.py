# SPDX-License-Identifier: Apache-2.0
"""`pagetoll code`: billing codes, which are cost centres with budgets."""

from pagetoll.app import codes
from pagetoll.app.codes import CodeOrder, change_with_budgets
from pagetoll.core.catalogue import CodeRow
from pagetoll.core.messages import _
from pagetoll.frontends import values
from pagetoll.frontends.cli.nouns.noun import Noun, Verb, Work, done, names_of
from pagetoll.frontends.cli.options import Option, Parsed, comma_list
from pagetoll.frontends.cli.rows import Column, Row, credits_of, show
from pagetoll.frontends.session import Session

CHANGES = (
    Option("D", "description", "TEXT", "description; an empty one clears it"),
    Option("b", "budget", "CREDITS|unlimited", "refuse jobs that would bring the money spent above this"),
    Option("B", "page-budget", "N|unlimited", "refuse jobs that would bring the page counter above this"),
)
SKIP = Option("s", "skip-existing", "", "leave codes that exist as they are")
COLUMNS = (
    Column("name", "NAME"),
    Column("pages", "PAGES", right=True),
    Column("page_budget", "PAGE BUDGET", right=True),
    Column("spent", "SPENT", right=True),
    Column("budget", "BUDGET", right=True),
    Column("description", "DESCRIPTION"),
)


def row_of(code: CodeRow) -> Row:
    """A billing code for a table or for programs; money in credits."""
    return {
        "name": code.name,
        "pages": code.page_counter,
        "page_budget": code.hard_limit_impressions,
        "spent": credits_of(code.spent),
        "budget": None if code.hard_limit_spent is None else credits_of(code.hard_limit_spent),
        "description": code.description,
    }


def _order(parsed: Parsed, *, add: bool, reset: bool = False) -> CodeOrder:
    return CodeOrder(
        names_of(parsed, _("billing codes")),
        add=add,
        skip_existing="skip-existing" in parsed,
        change=change_with_budgets(
            values.description(parsed), values.most_pages(parsed, "page-budget"), values.budget(parsed)
        ),
        reset=reset,
    )


def _save(parsed: Parsed, *, add: bool, reset: bool = False) -> Work:
    order = _order(parsed, add=add, reset=reset)

    def work(session: Session) -> int:
        names = codes.save_codes(session.catalogue, order, session.actor, session.act)
        said = _("There are now: {names}") if add else _("Changed: {names}")
        return done(said.format(names=", ".join(names)), parsed, "added" if add else "changed", names)

    return work


def _delete(parsed: Parsed) -> Work:
    names = names_of(parsed, _("billing codes"))

    def work(session: Session) -> int:
        gone = codes.delete_codes(session.catalogue, names, session.actor, session.act)
        return done(_("Deleted: {names}; their history stays").format(names=", ".join(gone)), parsed, "deleted", gone)

    return work


def _list(parsed: Parsed) -> Work:
    def work(session: Session) -> int:
        found = codes.list_codes(session.catalogue, comma_list(",".join(parsed.words)))
        show(COLUMNS, map(row_of, found), as_json="json" in parsed)
        return 0

    return work


NOUN = Noun(
    "code",
    "Billing codes: cost centres that jobs are booked on besides their user, and their budgets.",
    (
        Verb(
            "add",
            "CODE…",
            "Create billing codes. Codes that exist are changed too.",
            lambda parsed: _save(parsed, add=True),
            (*CHANGES, SKIP),
            changes=True,
        ),
        Verb("change", "PATTERN…", "Change billing codes.", lambda parsed: _save(parsed, add=False), CHANGES, True),
        Verb(
            "reset",
            "PATTERN…",
            "Bring the page counter and the money spent to 0.",
            lambda parsed: _save(parsed, add=False, reset=True),
            changes=True,
        ),
        Verb("delete", "PATTERN…", "Delete billing codes. The history keeps them.", _delete, changes=True),
        Verb("list", "[PATTERN…]", "Show billing codes.", _list),
    ),
)
main = NOUN.run

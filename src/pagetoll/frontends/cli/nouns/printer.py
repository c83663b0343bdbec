# SPDX-License-Identifier: Apache-2.0
"""`pagetoll printer`: printers and printer groups, their prices and limits."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from pagetoll.app import printers
from pagetoll.app.dumps.filters import parse_filter
from pagetoll.app.printers import PrinterListing, PrinterOrder
from pagetoll.app.reports.drift import drift_rows
from pagetoll.core.catalogue import UNCHANGED, PrinterChange
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.core.rolling import RollingLimits
from pagetoll.frontends import values
from pagetoll.frontends.cli.nouns.noun import Noun, Verb, Work, done, names_of
from pagetoll.frontends.cli.options import Option, Parsed, comma_list
from pagetoll.frontends.cli.rows import Column, Row, credits_of, show
from pagetoll.frontends.session import Session

CHANGES = (
    Option("D", "description", "TEXT", "description; an empty one clears it"),
    Option("c", "price-per-page", "CREDITS", "price of each impression; may be negative"),
    Option("j", "price-per-job", "CREDITS", "price of each job that prints something; may be negative"),
    Option("m", "max-job", "N|unlimited", "refuse jobs with more impressions; 0 forbids printing"),
    Option("p", "passthrough", "yes|no", "whether jobs pass uncounted and uncharged"),
    Option("i", "join", "GROUP[,GROUP…]", "put the printers into these printer groups (patterns)"),
)
LEAVE = Option("x", "leave", "GROUP[,GROUP…]", "take the printers out of these printer groups (patterns)")
SKIP = Option("s", "skip-existing", "", "leave printers that exist as they are")
COLUMNS = (
    Column("name", "NAME"),
    Column("price_per_page", "PER PAGE", right=True),
    Column("price_per_job", "PER JOB", right=True),
    Column("max_job", "LARGEST JOB", right=True),
    Column("passthrough", "PASSTHROUGH"),
    Column("groups", "IN"),
    Column("description", "DESCRIPTION"),
)


def row_of(listing: PrinterListing) -> Row:
    """A printer for a table or for programs; prices in credits."""
    printer = listing.printer
    return {
        "name": printer.name,
        "price_per_page": credits_of(printer.price_per_impression),
        "price_per_job": credits_of(printer.price_per_job),
        "max_job": printer.max_job_impressions,
        "passthrough": printer.passthrough,
        "groups": listing.ancestors,
        "description": printer.description,
        "period_s": printer.rolling_period_s,
        "pages_in_period": printer.rolling_impressions,
        "k_octets_in_period": printer.rolling_k_octets,
    }


def _order(parsed: Parsed, *, add: bool) -> PrinterOrder:
    page, job = parsed.text("price-per-page"), parsed.text("price-per-job")
    return PrinterOrder(
        names_of(parsed, _("printers")),
        add=add,
        skip_existing="skip-existing" in parsed,
        change=PrinterChange(
            description=values.description(parsed),
            price_per_impression=UNCHANGED if page is None else values.amount("price-per-page", page),
            price_per_job=UNCHANGED if job is None else values.amount("price-per-job", job),
            passthrough=values.switch(parsed, "passthrough"),
            max_job_impressions=values.most_pages(parsed, "max-job"),
        ),
        groups=values.listed(parsed, "join"),
    )


def _add(parsed: Parsed) -> Work:
    order = _order(parsed, add=True)

    def work(session: Session) -> int:
        names = printers.save_printers(session.catalogue, order, session.actor, session.act)
        return done(_("There are now: {names}").format(names=", ".join(names)), parsed, "added", names)

    return work


def _change(parsed: Parsed) -> Work:
    order = _order(parsed, add=False)
    left = values.listed(parsed, "leave")
    if left and order.groups:
        raise UsageError(_("--join and --leave cannot go together; give one of them"))
    if left:
        order = replace(order, groups=left, leave_groups=True)

    def work(session: Session) -> int:
        names = printers.save_printers(session.catalogue, order, session.actor, session.act)
        return done(_("Changed: {names}").format(names=", ".join(names)), parsed, "changed", names)

    return work


def _delete(parsed: Parsed) -> Work:
    names = names_of(parsed, _("printers"))

    def work(session: Session) -> int:
        gone = printers.delete_printers(session.catalogue, names, session.actor, session.act)
        return done(_("Deleted: {names}; their history stays").format(names=", ".join(gone)), parsed, "deleted", gone)

    return work


def _list(parsed: Parsed) -> Work:
    def work(session: Session) -> int:
        found = printers.list_printers(session.catalogue, comma_list(",".join(parsed.words)))
        show(COLUMNS, map(row_of, found), as_json="json" in parsed)
        return 0

    return work


LIMITS = (
    Option("n", "pages", "N", "impressions that each user may print within the period"),
    Option("k", "k-octets", "N", "the same in KiB of documents"),
    Option("t", "period", "SECONDS", "the period, which ends now at any time"),
    Option("0", "none", "", "take the limits away"),
)


def _limit(parsed: Parsed) -> Work:
    names = names_of(parsed, _("printers"))
    pages, k_octets, period_s = (values.whole(parsed, option) for option in ("pages", "k-octets", "period"))
    if "none" in parsed:
        values.refuse_together(parsed, "none", ("pages", "k-octets", "period"))
    elif not period_s or (pages is None and k_octets is None) or 0 in (pages, k_octets):
        raise UsageError(_("give --period with --pages, --k-octets or both, each 1 or more; or --none"))
    change = printers.rolling_limits(None if period_s is None else RollingLimits(period_s, pages, k_octets))

    def work(session: Session) -> int:
        order = PrinterOrder(names, change=change)
        changed = printers.save_printers(session.catalogue, order, session.actor, session.act)
        return done(_("Changed: {names}").format(names=", ".join(changed)), parsed, "changed", changed)

    return work


DRIFT_COLUMNS = (
    Column("name", "NAME"),
    Column("jobs", "JOBS", right=True),
    Column("counted", "COUNTED", right=True),
    Column("reported", "REPORTED", right=True),
    Column("charged", "CHARGED", right=True),
    Column("apart", "APART", right=True),
    Column("percent", "%", right=True),
    Column("differing", "DIFFERING", right=True),
    Column("set_aside", "SET ASIDE", right=True),
)
SINCE = Option("S", "since", "DATE", "only jobs that ended since then, such as 20260101")


def _drift(parsed: Parsed) -> Work:
    since = parsed.text("since")
    asked = parse_filter([f"start={since}"] if since else [], datetime.now().astimezone())
    if asked.remarks:
        raise UsageError(asked.remarks[0])

    def work(session: Session) -> int:
        found = drift_rows(session.ledger, asked.wanted, comma_list(",".join(parsed.words)))
        rows: Iterator[Row] = (
            {
                "name": row.drift.printer_name,
                "jobs": row.drift.attempts,
                "counted": row.drift.parsed_impressions,
                "reported": row.drift.reported_impressions,
                "charged": row.drift.charged_impressions,
                "apart": row.apart_impressions,
                "percent": None if row.apart_percent is None else str(row.apart_percent),
                "differing": row.drift.differing,
                "set_aside": row.drift.set_aside,
            }
            for row in found
        )
        show(DRIFT_COLUMNS, rows, as_json="json" in parsed)
        return 0

    return work


NOUN = Noun(
    "printer",
    "Printers and printer groups: prices, largest jobs, groups. A group is a printer that others join.",
    (
        Verb("add", "NAME…", "Create printers. Printers that exist are changed too.", _add, (*CHANGES, SKIP), True),
        Verb("change", "PATTERN…", "Change printers.", _change, (*CHANGES, LEAVE), changes=True),
        Verb(
            "delete",
            "PATTERN…",
            "Delete printers with the quota entries on them. Their history is hidden, not lost.",
            _delete,
            changes=True,
        ),
        Verb(
            "limit",
            "PATTERN…",
            "Limit what each user may print on printers within a rolling period. They replace all earlier ones.",
            _limit,
            LIMITS,
            changes=True,
        ),
        Verb("list", "[PATTERN…]", "Show printers.", _list),
        Verb(
            "drift",
            "[PATTERN…]",
            "Show how far what was counted in documents and what the devices reported are apart.",
            _drift,
            (SINCE,),
        ),
    ),
)
main = NOUN.run

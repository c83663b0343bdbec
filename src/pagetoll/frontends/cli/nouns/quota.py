# SPDX-License-Identifier: Apache-2.0
"""`pagetoll quota`: how much users and users groups may print on printers, and what they have used."""

from dataclasses import replace

from pagetoll.app import quotas
from pagetoll.app.quotas import EntryOrder
from pagetoll.core.catalogue import EntryChange, EntryRow
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.core.policy import OwnerKind
from pagetoll.frontends import values
from pagetoll.frontends.cli.nouns.noun import Noun, Verb, Work, done, names_of
from pagetoll.frontends.cli.options import Option, Parsed, comma_list
from pagetoll.frontends.cli.rows import Column, Row, show
from pagetoll.frontends.session import Session

WHERE = (
    Option("P", "printer", "PATTERN[,PATTERN…]", "only on these printers and printer groups; all without it"),
    Option("g", "groups", "", "the names are users groups"),
)
LIMITS = (
    Option("S", "soft", "N", "soft limit in impressions: warn from there on, for the grace time"),
    Option("H", "hard", "N", "hard limit in impressions: refuse from there on"),
    Option("n", "no-limit", "", "take both limits away"),
    Option("I", "increase", "[+|-]N", "add to both limits; a missing one counts as 0"),
    Option("U", "used", "[+|-]N", "set both counters, or add to them"),
    Option("m", "max-job", "N|unlimited", "refuse larger jobs; 0 forbids printing"),
)
SKIP = Option("s", "skip-existing", "", "leave entries that exist as they are")
LIFETIME = Option("R", "lifetime", "", "the lifetime counter too")
COLUMNS = (
    Column("owner", "OWNER"),
    Column("printer", "PRINTER"),
    Column("used", "USED", right=True),
    Column("lifetime", "LIFETIME", right=True),
    Column("reserved", "RESERVED", right=True),
    Column("soft", "SOFT", right=True),
    Column("hard", "HARD", right=True),
    Column("grace_until", "GRACE UNTIL"),
    Column("max_job", "LARGEST JOB", right=True),
)


def row_of(entry: EntryRow) -> Row:
    """An entry for a table or for programs; figures in impressions."""
    return {
        "owner": entry.owner_name,
        "printer": entry.printer_name,
        "used": entry.page_counter,
        "lifetime": entry.lifetime_page_counter,
        "reserved": entry.reserved,
        "soft": entry.soft_limit,
        "hard": entry.hard_limit,
        "grace_until": entry.grace_until,
        "max_job": entry.max_job_impressions,
    }


def _kind(parsed: Parsed) -> OwnerKind:
    return OwnerKind.GROUP if "groups" in parsed else OwnerKind.USER


def _change(parsed: Parsed) -> EntryChange:
    increase = values.signed(parsed, "increase")
    change = EntryChange(
        increase=0 if increase is None else increase.steps,
        max_job_impressions=values.most_pages(parsed, "max-job"),
    )
    if "no-limit" in parsed:
        values.refuse_together(parsed, "--no-limit", ("soft", "hard", "increase"))
        return replace(change, soft_limit=None, hard_limit=None)
    return values.with_limits(change, parsed, "soft", "hard")


def _save(parsed: Parsed, *, add: bool) -> Work:
    if "groups" in parsed:
        values.refuse_together(parsed, "--groups", ("used", "max-job"))
    names = names_of(parsed, _("users or groups"))
    order = EntryOrder(
        _kind(parsed),
        names,
        values.listed(parsed, "printer"),
        add=add,
        skip_existing="skip-existing" in parsed,
        change=_change(parsed),
        used=values.signed(parsed, "used"),
    )
    return _saving(order, parsed)


def _reset(parsed: Parsed) -> Work:
    names = names_of(parsed, _("users or groups"))
    lifetime = "lifetime" in parsed
    order = EntryOrder(
        _kind(parsed), names, values.listed(parsed, "printer"), reset=not lifetime, hard_reset=lifetime
    )
    return _saving(order, parsed)


def _saving(order: EntryOrder, parsed: Parsed) -> Work:
    def work(session: Session) -> int:
        booked = replace(order, change=replace(order.change, reason=session.act))
        outcome = quotas.save_entries(session.catalogue, booked, session.actor, session.act)
        _check(outcome.owners, outcome.printers)
        return _told(_("Done for {owners} owners on {printers} printers."), parsed, "saved", outcome)

    return work


def _delete(parsed: Parsed) -> Work:
    names, printers = names_of(parsed, _("users or groups")), values.listed(parsed, "printer")
    kind = _kind(parsed)

    def work(session: Session) -> int:
        outcome = quotas.delete_entries(session.catalogue, kind, (names, printers), session.actor, session.act)
        _check(outcome.owners, outcome.printers)
        return _told(_("Deleted for {owners} owners on {printers} printers."), parsed, "deleted", outcome)

    return work


def _told(text: str, parsed: Parsed, act: str, outcome: quotas.EntryOutcome) -> int:
    """Say for how many it was done; the entries themselves may be hundreds of thousands."""
    if "json" in parsed and "dry-run" not in parsed:
        show((), [{"done": act, "owners": outcome.owners, "printers": outcome.printers}], as_json=True)
        return 0
    return done(text.format(owners=outcome.owners, printers=outcome.printers), parsed, act, ())


def _check(owners: int, printers: int) -> None:
    if not owners:
        raise UsageError(_("no user or group matches; list them with: pagetoll user list"))
    if not printers:
        raise UsageError(_("no printer matches; list them with: pagetoll printer list"))


def _list(parsed: Parsed) -> Work:
    printers, kind = values.listed(parsed, "printer"), _kind(parsed)

    def work(session: Session) -> int:
        found = quotas.list_entries(session.catalogue, kind, comma_list(",".join(parsed.words)), printers)
        show(COLUMNS, map(row_of, found), as_json="json" in parsed)
        return 0

    return work


NOUN = Noun(
    "quota",
    "Quota entries: how much a user or users group may print on a printer or printer group, and has printed.",
    (
        Verb(
            "add",
            "PATTERN…",
            "Create the entries that are missing, and set limits. A user needs an entry to print on a printer.",
            lambda parsed: _save(parsed, add=True),
            (*WHERE, *LIMITS, SKIP),
            changes=True,
        ),
        Verb(
            "change",
            "PATTERN…",
            "Change entries that exist.",
            lambda parsed: _save(parsed, add=False),
            (*WHERE, *LIMITS),
            changes=True,
        ),
        Verb(
            "reset",
            "PATTERN…",
            "Bring the page counters to 0. Of groups, those of the members.",
            _reset,
            (*WHERE, LIFETIME),
            changes=True,
        ),
        Verb("delete", "PATTERN…", "Delete entries.", _delete, WHERE, changes=True),
        Verb("list", "[PATTERN…]", "Show entries.", _list, WHERE),
    ),
    entries=True,
)
main = NOUN.run

# SPDX-License-Identifier: Apache-2.0
"""`pagetoll job list|show|explain`: what was printed, and why it cost what it cost."""

import json
import sys
from collections.abc import Iterable

from pagetoll.app import jobs
from pagetoll.app.explanation.job import explain, spoken
from pagetoll.app.explanation.sections import Explanation, to_json
from pagetoll.app.figures import moment
from pagetoll.core.errors import UsageError
from pagetoll.core.jobs import HistoryFilter, Identified
from pagetoll.core.messages import _, figure, marked
from pagetoll.core.money import credits_text
from pagetoll.frontends.cli.ledger_access import owners_ledger
from pagetoll.frontends.cli.options import Command, Option, Parsed
from pagetoll.frontends.cli.screen import printable, table, tolerant_output
from pagetoll.frontends.cli.subcommand import parse_or_show, say
from pagetoll.ports import Ledger

COMMAND = Command(
    name="pagetoll job",
    usage="list [OPTION…] | show JOB | explain JOB",
    summary="list shows what was printed, newest first. show has the runs of one job, explain everything the ledger "
    "knows of one: who, what was counted and by which rule, the prices, each account before and after. JOB is the "
    "spooler's job number (the newest job that had it) or attempt:N, one run of a job.",
    rows=(
        Option("P", "printer", "NAME", "list: only this printer's"),
        Option("u", "user", "NAME", "list: only this user's"),
        Option("j", "job", "NUMBER", "list: only jobs of this number"),
        Option("l", "limit", "NUMBER", "list: at most so many (50; 0 for all)"),
        Option("i", "identified", "HOW", "list: only where the user is so known: " + ", ".join(Identified)),
        Option("J", "json", "", "write JSON, for list one object a line"),
    ),
    remarks=(
        "Impressions, sheets and price are what was charged. Times are UTC.",
        "Short forms: pagetoll jobs for list, pagetoll explain for explain.",
    ),
)
OPTIONS = COMMAND.options

LISTED_BY_DEFAULT = 50
LIST_OPTIONS = ("printer", "user", "job", "limit", "identified")
HEAD = (
    marked("TIME (UTC)"), marked("JOB"), marked("ATTEMPT"), marked("PRINTER"), marked("USER"), marked("TITLE"),
    marked("IMPRESSIONS"), marked("SHEETS"), marked("PRICE"), marked("OUTCOME"),
)  # fmt: skip
NUMBERS = frozenset(("JOB", "ATTEMPT", "IMPRESSIONS", "SHEETS", "PRICE"))
TITLE_CHARACTERS_MAX = 40
LABEL_WIDTH = 24


def main(arguments: list[str]) -> int:
    """Run a word of the command. Raises UsageError, ConfigError, LedgerError, StorageError."""
    parsed = parse_or_show(COMMAND, arguments)
    if parsed is None:
        return 0
    word, *names = parsed.words or ("",)
    if word not in ("list", "show", "explain"):
        raise UsageError(_("say list, show or explain; see: {name} --help").format(name=COMMAND.name))
    if len(names) != (word != "list"):
        wanted = _("takes no names") if word == "list" else _("takes one job")
        raise UsageError(_("{word} {wanted}; see: {name} --help").format(word=word, wanted=wanted, name=COMMAND.name))
    tolerant_output()
    if word == "list":
        filtered, limit = filter_of(parsed), limit_of(parsed)
        with owners_ledger() as ledger:
            _show_rows(map(jobs.row_of, ledger.history(filtered, limit=limit)), as_json="json" in parsed)
        return 0
    if given := parsed.given(LIST_OPTIONS):
        raise UsageError(_("{given} belongs to list; see: {name} --help").format(given=given[0], name=COMMAND.name))
    jobs.number_of(names[0].removeprefix(jobs.ATTEMPT_PREFIX), names[0])
    with owners_ledger() as ledger:
        perform = _show if word == "show" else _explain
        perform(ledger, names[0], as_json="json" in parsed)
    return 0


def filter_of(parsed: Parsed) -> HistoryFilter:
    """What the options of list ask for. Raises UsageError."""
    job = parsed.text("job")
    try:
        identified = Identified(parsed.values["identified"]) if "identified" in parsed else None
    except ValueError:
        known = ", ".join(Identified)
        raise UsageError(
            _("--identified {values!r} is not one of: {known}").format(
                values=parsed.values["identified"], known=known
            )
        ) from None
    return HistoryFilter(
        printer_name=parsed.text("printer") or None,
        user_name=parsed.text("user") or None,
        job_id=None if job is None else _whole(job, "--job"),
        identified=identified,
    )


def limit_of(parsed: Parsed) -> int | None:
    """How many jobs are listed at most, None for all. Raises UsageError."""
    limit = parsed.text("limit")
    return LISTED_BY_DEFAULT if limit is None else _whole(limit, "--limit") or None


def _whole(text: str, option: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > jobs.LARGEST_NUMBER_DIGITS:
        raise UsageError(_("{option} takes a whole number such as 12, not {text!r}").format(option=option, text=text))
    return int(text)


def _show(ledger: Ledger, reference: str, *, as_json: bool) -> None:
    _show_rows((jobs.row_of(record) for record in jobs.attempts_meant(ledger, reference)), as_json=as_json)


def _explain(ledger: Ledger, reference: str, *, as_json: bool) -> None:
    records = jobs.attempts_meant(ledger, reference)
    explained = explain(ledger, records[0], records)
    if as_json:
        say(to_json(explained))
    else:
        sys.stdout.write(rendered(explained))


def _show_rows(rows: Iterable[jobs.JobRow], *, as_json: bool) -> None:
    if as_json:
        for row in rows:
            say(json_line(row))
    else:
        sys.stdout.write(table(HEAD, [cells(row) for row in rows], right=NUMBERS))


def cells(row: jobs.JobRow) -> tuple[str, ...]:
    """The line of a table."""
    title = printable(row.title)
    if len(title) > TITLE_CHARACTERS_MAX:
        title = title[: TITLE_CHARACTERS_MAX - 1] + "…"
    why = f" ({row.reason})" if row.reason else ""
    return (
        moment(row.received_at).removesuffix(" UTC"),
        str(row.job_id),
        str(row.attempt_id),
        printable(row.printer),
        printable(row.user),
        title,
        str(row.impressions),
        str(row.media_sheets),
        figure(credits_text(row.price)),
        f"{_(spoken(row.ended))}{why}",
    )


def json_line(row: jobs.JobRow) -> str:
    """The row for programs; the price as exact decimal text."""
    return json.dumps(
        {
            "received_at": row.received_at.isoformat(),
            "job_id": row.job_id,
            "attempt": row.attempt_id,
            "printer": row.printer,
            "user": row.user,
            "identified": row.identified,
            "job_name": row.title,
            "impressions": row.impressions,
            "media_sheets": row.media_sheets,
            "price": credits_text(row.price),
            "outcome": row.ended,
            "verdict": row.verdict,
            "reason": row.reason,
        }
    )


def rendered(explained: Explanation) -> str:
    """The explanation for people: a sentence, then a block a section."""
    lines = [printable(explained.summary)]
    for section in explained.sections:
        rows = [row for row in section.rows if row.text]
        if rows:
            lines += ["", _(section.title)]
            lines += [f"  {printable(_(row.label)):<{LABEL_WIDTH}}{printable(row.text)}" for row in rows]
        elif section.empty:
            lines += ["", _(section.title), f"  {_(section.empty)}"]
    return "\n".join(lines) + "\n"

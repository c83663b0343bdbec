# SPDX-License-Identifier: Apache-2.0
"""`pagetoll refund`: give back what jobs cost, all of it or a part."""

import sys
from collections.abc import Callable
from datetime import datetime

from pagetoll.app import jobs, refunds
from pagetoll.app.dumps.filters import parse_filter
from pagetoll.app.refund_texts import check_reason
from pagetoll.core.errors import UsageError
from pagetoll.core.jobs import HistoryFilter
from pagetoll.core.messages import _
from pagetoll.frontends import values
from pagetoll.frontends.cli.cmd_job import HEAD, NUMBERS, cells, json_line
from pagetoll.frontends.cli.nouns.noun import Noun, Verb, Work, names_of
from pagetoll.frontends.cli.options import Option, Parsed
from pagetoll.frontends.cli.rows import Row, credits_of, show
from pagetoll.frontends.cli.screen import printable, table
from pagetoll.frontends.cli.subcommand import say
from pagetoll.frontends.remarks import tell
from pagetoll.frontends.session import Session
from pagetoll.frontends.wiring import now_utc
from pagetoll.ports import AttemptRecord

GIVE = (
    Option("r", "reason", "TEXT", "why; it is needed"),
    Option("p", "pages", "N", "give back at most so many impressions, with their price"),
    Option("c", "credits", "AMOUNT", "give back at most so much of the price; no impressions without --pages"),
    Option("y", "yes", "", "do not ask first"),
    Option("N", "dry-run", "", "change nothing, show what would be given back"),
)


def _give(parsed: Parsed) -> Work:
    references = names_of(parsed, _("jobs"))
    reason = check_reason(parsed.text("reason"))
    text = parsed.text("credits")
    part = refunds.Part(values.whole(parsed, "pages"), None if text is None else values.amount("credits", text))
    ask: Callable[[AttemptRecord], bool] = (lambda _row: True) if "yes" in parsed else _asked
    silent = "json" in parsed or not sys.stdin.isatty()
    if "yes" not in parsed and "dry-run" not in parsed and silent:
        raise UsageError(_("there is no terminal to ask at; give --yes to refund without a question"))

    def work(session: Session) -> int:
        given = 0
        for row in _meant(session, references):
            share = refunds.share_of(row, part)
            if "dry-run" in parsed:
                _say(
                    _("{job}: {impressions} impressions and {price} credits would be given back"), row, share, parsed
                )
            elif ask(row):
                refund = refunds.refund(
                    session.ledger,
                    row,
                    impressions=share.impressions,
                    price=share.price,
                    reason=reason,
                    actor=session.actor,
                    at=now_utc(),
                )
                given += 1
                back = refunds.Share(refund.impressions, refund.price)
                _say(_("{job}: gave back {impressions} impressions and {price} credits"), row, back, parsed)
        if "dry-run" not in parsed:
            return 0 if given else 1
        if "json" not in parsed:
            say(_("Nothing was given back."))
        return 0

    return work


def _say(text: str, row: AttemptRecord, back: refunds.Share, parsed: Parsed) -> None:
    """What goes back of a run, or in a rehearsal would."""
    if "json" not in parsed:
        shown = text.format(job=_described(row), impressions=back.impressions, price=credits_of(back.price))
        say(shown)
        return
    figures: Row = {
        "done": "nothing" if "dry-run" in parsed else "refunded",
        "job": row.facts.key.job.job_id,
        "attempt": row.attempt_id,
        "user": row.facts.user_name,
        "printer": row.facts.ticket.printer,
        "impressions": back.impressions,
        "price": credits_of(back.price),
    }
    show((), [figures], as_json=True)


def _meant(session: Session, references: list[str]) -> list[AttemptRecord]:
    """The runs of the jobs that can be given back. Raises UsageError when a job has none."""
    found = []
    for reference in references:
        rows = [row for row in jobs.attempts_meant(session.ledger, reference) if refunds.is_refundable(row)]
        if not rows:
            raise UsageError(_("job {job} has nothing left to give back").format(job=reference))
        found += rows
    return found


def _described(row: AttemptRecord) -> str:
    shown = _("job {job} of {user} on {printer}, {impressions} impressions, {price} credits")
    return printable(
        shown.format(
            job=row.facts.key.job.job_id,
            user=row.facts.user_name,
            printer=row.facts.ticket.printer,
            impressions=row.charged_impressions,
            price=credits_of(row.charged_price),
        )
    )


def _asked(row: AttemptRecord) -> bool:
    sys.stdout.write(_("Refund {job}? (y/n) ").format(job=_described(row)))
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes", _("yes"))


def _list(parsed: Parsed) -> Work:
    asked = parse_filter(parsed.words, datetime.now().astimezone())
    for remark in asked.remarks:
        tell("WARN", remark)
    wanted: HistoryFilter = asked.wanted

    def work(session: Session) -> int:
        rows = (jobs.row_of(row) for row in refunds.refundable(session.ledger, wanted))
        if "json" in parsed:
            for row in rows:
                say(json_line(row))
        else:
            sys.stdout.write(table(HEAD, map(cells, rows), right=NUMBERS))
        return 0

    return work


NOUN = Noun(
    "refund",
    "Refunds: give back what jobs cost. Every account that a job touched gets its part back, once.",
    (
        Verb(
            "give",
            "JOB…",
            "Give back jobs, by their number or as attempt:N. Asks before each one.",
            _give,
            GIVE,
        ),
        Verb(
            "list",
            "[KEY=VALUE…]",
            "Show the jobs that can be given back, oldest first. Filters are those of pkrefund.",
            _list,
        ),
    ),
)
main = NOUN.run

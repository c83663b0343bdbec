# SPDX-License-Identifier: Apache-2.0
"""`pkrefund`: gives jobs back, all or a part, with PyKota's letters; asks for each job unless told not to."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from pagetoll.app.dumps.filters import parse_filter
from pagetoll.app.receipts import ReceiptTerms, Refunded, job_lines, receipt_sheets, summary
from pagetoll.app.refund_texts import RefundFacts, check_reason, check_template, refund_reason
from pagetoll.app.refunds import ALL, Part, Share, refund, refundable, share_of
from pagetoll.config.home import name_of
from pagetoll.core.errors import PagetollError, UsageError
from pagetoll.core.jobs import HistoryFilter
from pagetoll.core.messages import _
from pagetoll.frontends import values
from pagetoll.frontends.cli.options import Command, Option, Parsed
from pagetoll.frontends.cli.screen import printable
from pagetoll.frontends.pykota import papers
from pagetoll.frontends.pykota.output import write
from pagetoll.frontends.pykota.papers import LOGO, PAGESIZE, Output, PageOptions
from pagetoll.frontends.pykota.program import EXIT_DONE, EXIT_REMARK, Program, run
from pagetoll.frontends.remarks import tell
from pagetoll.frontends.session import Act, Opening, Session
from pagetoll.ports import AttemptRecord

ANSWER_OCTETS_MAX = 1000

COMMAND = Command(
    name="pkrefund",
    usage="--reason TEXT [options] [KEY=VALUE ...]",
    summary="Gives printed jobs back: to the user's balance and page counters, and to the billing code. Filters "
    "choose the jobs; their keys are username, printername, hostname, billingcode, jobid, start and end. Without a "
    "filter all jobs are meant.",
    rows=(
        Option("f", "force", "", "do not ask for each job"),
        Option("i", "info", "TEMPLATE", "what is booked before the reason; an empty one means nothing"),
        LOGO,
        PAGESIZE,
        Option("n", "number", "NUMBER", "number of the first receipt (1); each page has the next one"),
        Option("o", "output", "FILE", "write receipts into FILE as PDF; - is standard output; none where left out"),
        Option("r", "reason", "TEXT", "why, which is booked with each refund; it must be given"),
        Option("u", "unit", "TEXT", "the currency's name (Credits)"),
        Option("", "sides", "NUMBER", "give back at most this many pages of each job, with their price"),
        Option("", "credits", "AMOUNT", "give back at most this much of each job's price; no pages without --sides"),
    ),
    remarks=(
        (
            "A template may have %(nbpages)i %(nbcredits).3f %(effectiveuser)s %(loginname)s %(date)s, and %% for a "
            "percent sign."
        ),
        (
            "Each job is booked by itself: after an interruption, what was given back stays so, and is told. With "
            "--output FILE a line with the sums goes to standard output."
        ),
        EXIT_REMARK,
    ),
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What to give back, how it is booked, and where receipts go (None: there are none)."""

    wanted: HistoryFilter
    part: Part
    ask: bool
    template: str
    terms: ReceiptTerms
    login_name: str
    effective_user: str
    page: PageOptions
    output: Output | None

    @property
    def screen(self) -> int:
        """Where questions go: standard output, unless a document does."""
        return 2 if self.output is not None and not self.output.is_file else 1


def plan(parsed: Parsed) -> Act:
    """The act for a command line; logo and output file are open then. Raises UsageError."""
    now = datetime.now().astimezone()
    asked = parse_filter(parsed.words, now)
    terms = ReceiptTerms(
        first_number=papers.number_or(parsed, "number", 1, lambda number: number >= 0),
        unit=(parsed.text("unit") or "").strip() or _("Credits"),
        reason=check_reason(parsed.text("reason")),
        at=now,
    )
    template = parsed.text("info")
    if template is None:
        template = _(
            "%(nbpages)i pages and %(nbcredits).3f credits refunded by %(effectiveuser)s (%(loginname)s) on %(date)s:"
        )
    check_template(template)
    part = _part(parsed)
    page = papers.page_options(parsed)
    for remark in asked.remarks:
        tell("WARN", remark)
    name = parsed.text("output")
    wish = Wish(
        wanted=asked.wanted,
        part=part,
        ask="force" not in parsed,
        template=template,
        terms=terms,
        login_name=os.environ.get("SUDO_USER", "") or name_of(os.getuid()),
        effective_user=name_of(os.geteuid()),
        page=page,
        output=None if name is None else papers.open_output(name or papers.STANDARD_OUTPUT),
    )
    return lambda opening: _refund(opening, wish)


def _part(parsed: Parsed) -> Part:
    price = parsed.text("credits")
    part = Part(values.whole(parsed, "sides"), None if price is None else values.amount("credits", price))
    if part.impressions == 0 or part.price == 0:
        raise UsageError(_("--sides 0 and --credits 0 give nothing back; leave the option out to give all back"))
    return part


def _refund(opening: Opening, wish: Wish) -> int:
    done: list[Refunded] = []
    try:
        session = opening()
        if wish.output is not None:
            wish.page.look()  # a logo that cannot be read is said before anything is booked
        found = _refund_all(session, wish, done)
    except (KeyboardInterrupt, PagetollError):
        if done:
            tell("INFO", _("{summary}; these refunds stay").format(summary=summary(done)))
        _write_receipts(wish, done)
        raise
    _write_receipts(wish, done)
    if not found:
        raise UsageError(_("there is no such job to refund; see which there are with: dumpykota -d history"))
    if wish.output is not None and wish.output.is_file:
        write(summary(done))
    return EXIT_DONE


def _refund_all(session: Session, wish: Wish, done: list[Refunded]) -> bool:
    """Gives back what fits, and keeps book in `done`; whether there was anything to ask for."""
    found = False
    for row in refundable(session.ledger, wish.wanted):
        share = share_of(row, wish.part)
        if share == Share(0, 0):
            continue
        found = True
        answer = _asks(row, share, wish.screen) if wish.ask else True
        if answer is None:
            break
        if answer:
            _refund_one(session, wish, row, share, done)
    return found


def _refund_one(session: Session, wish: Wish, row: AttemptRecord, share: Share, done: list[Refunded]) -> None:
    login = wish.login_name if session.caller is None else session.caller.name
    facts = RefundFacts(share.impressions, share.price, wish.effective_user, login, datetime.now().astimezone())
    with _not_interrupted():
        given = refund(
            session.ledger,
            row,
            impressions=None if wish.part == ALL else share.impressions,
            price=None if wish.part == ALL else share.price,
            reason=refund_reason(wish.template, wish.terms.reason, facts),
            actor=session.actor,
            at=facts.at,
        )
        if (given.impressions, given.price) != (0, 0):
            done.append(Refunded(row, given.impressions, given.price))


@contextmanager
def _not_interrupted() -> Iterator[None]:
    """An interruption waits until a refund is booked and noted: it is told of all that were."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _asks(row: AttemptRecord, share: Share, screen: int) -> bool | None:
    """Shows a job and asks until the answer is one; None when there is nobody who answers."""
    lines = "".join(f"{label} : {printable(value)}\n" for label, value in job_lines(row, share))
    yes, no = _("Y"), _("N")
    stream = sys.stderr if screen == 2 else sys.stdout
    stream.write(f"{lines}\n")
    while True:
        stream.write(_("Refund ({yes}/{no}) ?").format(yes=yes, no=no) + " ")
        stream.flush()
        answer = sys.stdin.buffer.readline(ANSWER_OCTETS_MAX) if sys.stdin is not None else b""
        if not answer:
            stream.write("\n")
            return None
        word = answer.decode("utf-8", "replace").strip().casefold()
        if word[:1] in (yes.casefold(), no.casefold()):
            stream.write("\n")
            return word[:1] == yes.casefold()


def _write_receipts(wish: Wish, done: list[Refunded]) -> None:
    if wish.output is None:
        return
    if not done:
        wish.output.discard()
        return
    from pagetoll.integrations.papers.pdf import draw

    sheets = receipt_sheets(done, wish.terms)
    wish.output.write(draw(sheets, wish.page.look(), title=sheets[0].title))


def main() -> int:
    """The program; returns the exit status."""
    return run(Program(COMMAND, plan))


if __name__ == "__main__":
    sys.exit(main())

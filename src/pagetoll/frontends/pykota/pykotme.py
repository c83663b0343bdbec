# SPDX-License-Identifier: Apache-2.0
"""`pykotme`: what documents would cost on the printers, before they are printed."""

import os
import sys
from collections.abc import Sequence

from pagetoll.app.quotes import Quote, Size, is_free, quoted_user, quotes
from pagetoll.config.home import name_of
from pagetoll.core.catalogue import UserRow
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.core.policy import LimitBy, Verdict
from pagetoll.core.usage import Confidence
from pagetoll.frontends import values
from pagetoll.frontends.cli.documents import STANDARD_INPUT, Answer, Opened, Wish, count_all, open_document
from pagetoll.frontends.cli.options import Command, Option, Parsed
from pagetoll.frontends.pykota.output import two_places, write
from pagetoll.frontends.pykota.program import EXIT_DONE, EXIT_FAILED, EXIT_REMARK, Program, run
from pagetoll.frontends.remarks import tell
from pagetoll.frontends.session import Act, Opening
from pagetoll.frontends.wiring import now_utc

COMMAND = Command(
    name="pykotme",
    usage="[options] [files]",
    summary="Says how many pages the files have together, what they would cost on each printer where you have a "
    "quota entry, and whether you may print them there now. - is standard input, which is also read when it is no "
    "terminal.",
    rows=(
        Option("P", "printer", "PRINTER[,PRINTER...]", "the printers (patterns); all without it"),
        Option("u", "user", "USER", "for this user instead of yourself; for administrators"),
    ),
    remarks=(
        "Copies that a document itself asks for are counted; those that the print dialog adds are not known here.",
        "A file that cannot be counted is named on stderr and left out; the status is 255 then.",
        EXIT_REMARK,
    ),
)
#: Counts that a job would not be believed either.
UNSURE = (Confidence.UNKNOWN, Confidence.REFUSED, Confidence.AT_LEAST)


def plan(parsed: Parsed) -> Act:
    """The act for a command line; the documents are open then. Raises UsageError."""
    printers = values.listed(parsed, "printer")
    user_name = parsed.text("user")
    if user_name is not None and not user_name:
        raise UsageError(_("--user needs a name; see --help"))
    opened = _open(parsed.words)
    if not opened:
        raise UsageError(_("there is no document: name files, or give one as standard input; see --help"))
    login = name_of(os.getuid())
    return lambda opening: _quote(opening, opened, printers, user_name, login)


def _open(names: Sequence[str]) -> list[Opened]:
    """The documents, standard input behind the others unless it is a terminal or there is nothing in it."""
    opened = [open_document(name) for name in dict.fromkeys(names)]
    if STANDARD_INPUT in names or sys.stdin is None or sys.stdin.isatty():
        return opened
    extra = open_document(STANDARD_INPUT)
    if extra.descriptor >= 0 and extra.document_octets:
        return [*opened, extra]
    if extra.descriptor >= 0:
        os.close(extra.descriptor)
    return opened


def _quote(
    opening: Opening, opened: Sequence[Opened], printers: Sequence[str], user_name: str | None, login: str
) -> int:
    session = opening()
    asking = session.caller.name if session.caller is not None else login
    user = quoted_user(session.catalogue, user_name or asking)
    impressions, document_octets, failed = 0, 0, False
    for document, answer in zip(opened, count_all(opened, Wish()), strict=True):
        why = _why_not(answer)
        if why:
            failed = True
            tell("ERROR", _("{file}: {why}; it was left out").format(file=answer.name, why=why))
        elif answer.usage is not None:
            impressions += answer.usage.impressions
            document_octets += document.document_octets
    if failed and len(opened) == 1:
        return EXIT_FAILED
    if user.limitby is LimitBy.BALANCE:
        write(_("Your account balance : {balance}").format(balance=two_places(user.balance)))
    write(_("Job size : {size} pages").format(size=impressions))
    books = (session.ledger, session.catalogue)
    size = Size(impressions, document_octets)
    for quote in quotes(books, user, printers, size, session.settings, now_utc()):
        write(_line(user, quote, impressions))
    if user.limitby is LimitBy.NOPRINT:
        write(_("Printing is forbidden for your account at present."))
    return EXIT_FAILED if failed else EXIT_DONE


def _why_not(answer: Answer) -> str:
    """Why an answer has no number that can be used; "" where it has."""
    if answer.usage is None:
        return answer.error or _("it cannot be counted")
    if answer.usage.confidence in UNSURE:
        return _("its pages cannot be counted")
    return ""


def _line(user: UserRow, quote: Quote, impressions: int) -> str:
    if quote.decision.verdict is Verdict.REFUSE and user.limitby is not LimitBy.NOPRINT:
        refused = _("You may not print {size} pages on printer {name} now: {why}")
        return refused.format(size=impressions, name=quote.printer_name, why=quote.decision.text)
    line = _("Cost on printer {name} : {price}").format(name=quote.printer_name, price=two_places(quote.price))
    if not is_free(user, quote):
        return line
    remark = (
        _("(nothing will be charged: the printer is in passthrough mode)")
        if quote.passthrough
        else _("(nothing will be charged: your account is in mode nochange)")
    )
    return f"{line} {remark}"


def main() -> int:
    """The program; returns the exit status."""
    return run(Program(COMMAND, plan))


if __name__ == "__main__":
    sys.exit(main())

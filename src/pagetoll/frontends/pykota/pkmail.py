# SPDX-License-Identifier: Apache-2.0
"""`pkmail`: answers mails. Stands behind a bar in the mail server's aliases; the subject of a mail is the command.

printquota: "|sudo -u pagetoll pkmail"
"""

import sys
from contextlib import closing

from pagetoll.app.mail_gateway import MAIL_OCTETS_MAX, Asked, NotAnswered, Sender, command_of, read_mail, sender_of
from pagetoll.app.reports.quota_report import ReportOrder, quota_reports
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.core.notices import Mail
from pagetoll.frontends.cli.options import Command, Parsed
from pagetoll.frontends.pykota.program import EXIT_DONE, EXIT_REMARK, Program, run
from pagetoll.frontends.pykota.repykota import report_lines
from pagetoll.frontends.remarks import tell
from pagetoll.frontends.session import Act, Opening, Session
from pagetoll.frontends.wiring import now_utc
from pagetoll.notifiers.mail import SmtpMailSender

COMMAND = Command(
    name="pkmail",
    usage="< MAIL",
    summary="Reads a mail from standard input and answers it by mail. The subject is the command: report gives the "
    "sender's own report of print quotas, as repykota writes it; the administrator (adminmail) gets everybody's, or "
    "with report NAME ... that of these users.",
    rows=(),
    remarks=(
        (
            "Only users of the ledger are answered, at the address that it has of them. A mail that was sent "
            "automatically, came from a list or is a delivery report gets no answer; why is said on stderr, and the "
            "status is 0, so that the mail server sends nothing back."
        ),
        EXIT_REMARK,
    ),
)


def plan(parsed: Parsed) -> Act:
    """The act for a command line; the mail is read then. Raises UsageError."""
    if parsed.words:
        raise UsageError(_("pkmail takes no names; it reads a mail from standard input, see --help"))
    data = sys.stdin.buffer.read(MAIL_OCTETS_MAX) if sys.stdin is not None else b""
    if not data.strip():
        raise UsageError(_("there is no mail on standard input; see --help"))
    return lambda opening: _answer(opening, data)


def _answer(opening: Opening, data: bytes) -> int:
    try:
        asked = read_mail(data)
        session = opening()
        sender = sender_of(asked, session.catalogue, session.settings)
    except NotAnswered as error:
        tell("INFO", str(error))
        return EXIT_DONE
    mail = Mail(
        sender=session.settings.defaults.adminmail,
        recipient=sender.address,
        subject=_("Your print quota report"),
        body=_body(session, asked, sender),
        in_reply_to=asked.message_id,
    )
    with closing(SmtpMailSender(session.settings.smtpserver)) as mails:
        mails.send(mail)
    return EXIT_DONE


def _body(session: Session, asked: Asked, sender: Sender) -> str:
    """The report, or why there is none."""
    try:
        order = ReportOrder(owners=sender.names(command_of(asked.words)))
        reports = quota_reports(session.catalogue, order, session.settings, now_utc())
        lines = [line for report in reports for line in report_lines(report, of_groups=False)]
    except UsageError as error:
        return f"{error}\n"
    return "\n".join(lines) + "\n"


def main() -> int:
    """The program; returns the exit status."""
    return run(Program(COMMAND, plan))


if __name__ == "__main__":
    sys.exit(main())

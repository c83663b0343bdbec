# SPDX-License-Identifier: Apache-2.0
"""`warnpykota`: tells users who may not print any more or soon, by mail or the site's own command. Meant for cron."""

import sys
from contextlib import closing

from pagetoll.app.notices import Teller
from pagetoll.app.quota_warnings import Site, quota_warnings
from pagetoll.app.reports.quota_report import ReportOrder
from pagetoll.core.policy import OwnerKind
from pagetoll.frontends import values
from pagetoll.frontends.cli.options import Command, Option, Parsed
from pagetoll.frontends.pykota.program import EXIT_DONE, EXIT_FAILED, EXIT_REMARK, Program, run
from pagetoll.frontends.remarks import tell
from pagetoll.frontends.session import Act, Opening
from pagetoll.frontends.wiring import now_utc
from pagetoll.integrations.site_commands import SiteCommandRunner
from pagetoll.notifiers.mail import SmtpMailSender

COMMAND = Command(
    name="warnpykota",
    usage="[options] [user1 user2 ...]  |  --groups [options] [group1 group2 ...]",
    summary="Checks the print quotas as a job would, and tells the users, or with -g all members of users groups, "
    "who may not print any more or are near a limit; how, and who else, is said by mailto in the configuration. "
    "A soft limit that was passed since the last check starts its grace time. Names may be shell patterns and comma "
    "lists; without a name, all are meant.",
    rows=(
        Option("g", "groups", "", "check users groups, and tell all members of those that are near or over a limit"),
        Option("P", "printer", "PRINTER[,PRINTER...]", "the printers and printer groups (patterns); all without it"),
        Option("u", "users", "", "check users; this is what is done without -g"),
    ),
    remarks=(
        (
            "Nothing is written when all could be told. What could not be sent is reported when its turn comes, the "
            "others are told all the same, and the status is 255 then."
        ),
        EXIT_REMARK,
    ),
)


def plan(parsed: Parsed) -> Act:
    """The act for a command line. Raises UsageError."""
    values.one_of(parsed, ("groups", "users"))
    order = ReportOrder(
        kind=OwnerKind.GROUP if "groups" in parsed else OwnerKind.USER,
        owners=values.names_of(parsed),
        printers=values.listed(parsed, "printer"),
    )
    return lambda opening: _warn(opening, order)


def _warn(opening: Opening, order: ReportOrder) -> int:
    session = opening()
    site = Site(session.ledger, session.catalogue, session.settings, now_utc, session.actor, session.act)
    failed = False
    with closing(SmtpMailSender(session.settings.smtpserver)) as mails:
        teller = Teller(session.settings, mails, SiteCommandRunner())
        for notice in quota_warnings(site, order):
            for failure in teller.tell(notice):
                failed = True
                tell("ERROR", failure)
    return EXIT_FAILED if failed else EXIT_DONE


def main() -> int:
    """The program; returns the exit status."""
    return run(Program(COMMAND, plan, works_alone=True))


if __name__ == "__main__":
    sys.exit(main())

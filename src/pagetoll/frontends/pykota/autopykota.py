# SPDX-License-Identifier: Apache-2.0
"""`autopykota`: make known who prints, and where, when it happens; for `policy: external(autopykota ...)`."""

import os
import sys

from pagetoll.app.enrolment import Enrolment, enrol
from pagetoll.app.users import check_email
from pagetoll.core.errors import PagetollError, UsageError
from pagetoll.core.messages import _
from pagetoll.frontends import values
from pagetoll.frontends.cli.options import Command, Option, Parsed
from pagetoll.frontends.pykota.program import EXIT_DONE, EXIT_FAILED, EXIT_REMARK, Program, run
from pagetoll.frontends.session import Act, Opening

COMMAND = Command(
    name="autopykota",
    usage="[--initbalance AMOUNT] [--email ADDRESS]",
    summary="Creates the printer and the user that PYKOTAPRINTERNAME and PYKOTAUSERNAME in the environment name, and "
    "the user's entries on the printer and all printer groups above it, where they are missing. A new user is "
    "limited by balance. For the directive policy: external(autopykota ...).",
    rows=(
        Option("e", "email", "ADDRESS", "mail address of a new user; one that begins with @ gets the name in front"),
        Option("i", "initbalance", "AMOUNT", "first balance of a new user (0)"),
    ),
    remarks=("What exists stays as it is, a user's balance too.", EXIT_REMARK),
)
USER_VARIABLE = "PYKOTAUSERNAME"
PRINTER_VARIABLE = "PYKOTAPRINTERNAME"


class NotEnrolled(PagetollError):
    """The user can have no entry on the printer."""


def plan(parsed: Parsed) -> Act:
    """The act for a command line. Raises UsageError."""
    if parsed.words:
        raise UsageError(
            _("autopykota takes no names; it reads {user} and {printer} from the environment").format(
                user=USER_VARIABLE, printer=PRINTER_VARIABLE
            )
        )
    email = check_email(parsed.text("email") or "")
    balance = parsed.text("initbalance")
    wanted = Enrolment(
        user_name=os.environ.get(USER_VARIABLE, ""),
        printer_name=os.environ.get(PRINTER_VARIABLE, ""),
        balance=0 if balance is None else values.amount("initbalance", balance),
        email=email,
    )
    return lambda opening: _enrol(opening, wanted)


def _enrol(opening: Opening, wanted: Enrolment) -> int:
    session = opening()
    missing = [
        variable
        for variable, value in ((USER_VARIABLE, wanted.user_name), (PRINTER_VARIABLE, wanted.printer_name))
        if not value
    ]
    if missing:
        raise NotEnrolled(
            _("{variables} is not set; autopykota is started by: policy: external(autopykota ...)").format(
                variables=", ".join(missing)
            )
        )
    act = f"{session.act} ({USER_VARIABLE}={wanted.user_name} {PRINTER_VARIABLE}={wanted.printer_name})"
    try:
        there = enrol(session.catalogue, wanted, session.actor, act)
    except UsageError as error:  # the words of a job, not of the command line
        raise NotEnrolled(str(error)) from error
    return EXIT_DONE if there else EXIT_FAILED


def main() -> int:
    """The program; returns the exit status."""
    return run(Program(COMMAND, plan))


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""`pagetoll demo`: see it work, on this machine, without touching its own print queues."""

import signal
import sys
from types import FrameType

from pagetoll.core.errors import PagetollError
from pagetoll.core.messages import _
from pagetoll.frontends.cli.demo import story
from pagetoll.frontends.cli.demo.stage import Stage
from pagetoll.frontends.cli.options import Command, Option
from pagetoll.frontends.cli.subcommand import no_words, parse_or_show, say

COMMAND = Command(
    name="pagetoll demo",
    usage="[--user NAME]",
    summary="Starts a private CUPS with a virtual IPP printer in a temporary folder, makes a home there, prints a "
    "PDF, a PostScript program and a text as two users, one of whom runs out of quota, explains one charge, and "
    "takes everything down. The machine's own queues and ledger are not touched.",
    rows=(Option("u", "user", "NAME", "as root: who owns the demonstration's home and runs its daemon (pagetoll)"),),
    remarks=("Exit status: 0 all was as shown, 1 a step failed, 2 wrong usage, 130 interrupted.",),
)
OPTIONS = COMMAND.options


def main(arguments: list[str]) -> int:
    """1 with what failed when a step does not do what it shows; nothing is left behind either way."""
    parsed = parse_or_show(COMMAND, arguments)
    if parsed is None:
        return 0
    no_words(COMMAND, parsed)
    signal.signal(signal.SIGTERM, interrupt)  # so that everything is taken down
    try:
        with Stage() as stage:
            say(_("Everything happens in {folder} and goes away in the end.").format(folder=stage.folder))
            story.perform(stage, parsed.text("user") or "")
    except PagetollError as error:
        sys.stdout.flush()
        sys.stderr.write(f"pagetoll demo: {error}\n")
        return 1
    say(_("All taken down. Next: pagetoll init makes the real home, as docs/tutorial/first-counted-page.md shows."))
    return 0


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM ends the demonstration as Ctrl-C does."""
    raise KeyboardInterrupt

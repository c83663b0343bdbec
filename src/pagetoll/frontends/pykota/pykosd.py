# SPDX-License-Identifier: Apache-2.0
"""`pykosd`: shows the caller, again and again, what is left to print: on the desktop, else on the terminal.

The loop runs as the caller, for whose screen it is. Each look at the books is a run of this same program of its own
(`ONE_LOOK` in its environment), so that it may go through the daemon and holds nothing open in between.
"""

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass

from pagetoll.app.own_state import StateLine, state_lines
from pagetoll.config.home import name_of
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.frontends import streams, values
from pagetoll.frontends.cli.options import Command, Option, Parsed, parse
from pagetoll.frontends.language import speak
from pagetoll.frontends.pykota.output import write
from pagetoll.frontends.pykota.program import EXIT_DONE, EXIT_FAILED, EXIT_REMARK, Program, guarded, run
from pagetoll.frontends.remarks import tell
from pagetoll.frontends.served import works_for_another
from pagetoll.frontends.session import Act, Opening
from pagetoll.notifiers.desktop import desktop_of, show_on_desktop

COMMAND = Command(
    name="pykosd",
    usage="[options]",
    summary="Shows you in a loop what you have printed or what is left of your balance: as a message on your desktop "
    "where there is one (notify-send), else on the terminal.",
    rows=(
        Option("c", "color", "#RRGGBB", "color of the text on a terminal (#00FF00); also --colour"),
        Option("d", "duration", "SECONDS", "how long a message stays on the desktop (3)"),
        Option("f", "font", "FONT", "accepted for PyKota's sake; the desktop chooses the font"),
        Option("l", "loop", "N", "how often to show it; 0, the default, is for ever"),
        Option("s", "sleep", "SECONDS", "how long to wait between two times (180)"),
    ),
    remarks=(EXIT_REMARK,),
)
ONE_LOOK = "PAGETOLL_PYKOSD_LOOK"
ALARM = "!"  # in front of a line of one look that says that printing is over
RED, GREEN = "#FF0000", "#00FF00"
SECONDS_MAX = 10_000_000
_BRITISH = re.compile(r"^--colour?(?==|$)")
_COLOR = re.compile(r"#?([0-9a-fA-F]{6})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Showing:
    """How the state is shown: color as #RRGGBB, seconds, and how many times (0: for ever)."""

    color: str
    shown_s: int
    times: int
    pause_s: int


def plan_look(parsed: Parsed) -> Act:
    """One look at the books, written line by line."""
    login = name_of(os.getuid())
    if parsed.words:
        raise UsageError(_("pykosd takes no names; it shows your own state, see --help"))
    return lambda opening: _look(opening, login)


def _look(opening: Opening, login: str) -> int:
    session = opening()
    name = session.caller.name if session.caller is not None else login
    for line in state_lines(session.catalogue, name, session.settings):
        write(f"{ALARM if line.alarming else ' '}{line.text}")
    return EXIT_DONE


def _showing(parsed: Parsed) -> Showing:
    """The options; one that is none of its kind is reported, and its default taken, as PyKota did."""
    color = _COLOR.fullmatch(parsed.text("color") or GREEN)
    if color is None:
        tell(
            "WARN",
            _("invalid --color {text!r}: give one such as {color}").format(text=parsed.text("color"), color=GREEN),
        )
    return Showing(
        color=f"#{color[1]}" if color is not None else GREEN,
        shown_s=_number(parsed, "duration", 3),
        times=_number(parsed, "loop", 0),
        pause_s=_number(parsed, "sleep", 180),
    )


def _number(parsed: Parsed, option: str, default: int) -> int:
    try:
        number = values.whole(parsed, option)
    except UsageError as error:
        tell("WARN", _("{error}; {default} is taken").format(error=error, default=default))
        return default
    return default if number is None else min(number, SECONDS_MAX)


def _show_again_and_again(showing: Showing) -> int:
    shown = 0
    while True:
        status, lines = _lines()
        if status not in (EXIT_DONE, EXIT_FAILED):
            return status
        # Books that cannot be read now may be readable the next time.
        _show(lines, showing)
        shown += 1
        if shown == showing.times:
            return status
        time.sleep(showing.pause_s)


def _lines() -> tuple[int, list[StateLine]]:
    """A look at the books: its exit status, and the lines. What it has to complain goes to our stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "pagetoll.frontends.pykota.pykosd", "--loop", "1"],
        env={**os.environ, ONE_LOOK: sys.argv[0]},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        check=False,
        start_new_session=True,  # an interruption is ours alone to answer
    )
    if done.returncode < 0:
        return EXIT_FAILED, []
    text = done.stdout.decode(errors="replace").splitlines()
    return done.returncode, [StateLine(line[1:], alarming=line[:1] == ALARM) for line in text]


def _show(lines: list[StateLine], showing: Showing) -> None:
    if not lines:
        return
    alarming = any(line.alarming for line in lines)
    program = desktop_of(os.environ)
    text = "\n".join(line.text for line in lines)
    title = _("Printing")
    if program and show_on_desktop(program, title, text, shown_s=showing.shown_s, alarming=alarming):
        return
    for line in lines:
        write(_colored(line.text, RED if line.alarming else showing.color) if sys.stdout.isatty() else line.text)
    sys.stdout.flush()


def _colored(text: str, color: str) -> str:
    """The text in a color of the terminal (ECMA-48 SGR 38;2)."""
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return f"\033[38;2;{red};{green};{blue}m{text}\033[0m"


def _run(words: list[str]) -> int:
    # getopt finds --color by its beginnings only, and people write it both ways.
    words = [_BRITISH.sub("--color", word) for word in words]
    parsed = parse(COMMAND, words)
    if "help" in parsed or "version" in parsed:
        return run(Program(COMMAND, plan_look), words)
    for complaint in parsed.complaints:
        tell("ERROR", complaint)
    if parsed.words:
        raise UsageError(_("pykosd takes no names; it shows your own state, see --help"))
    return _show_again_and_again(_showing(parsed))


def main() -> int:
    """The program; returns the exit status."""
    if us := os.environ.get(ONE_LOOK):
        sys.argv[0] = us
    if us or works_for_another():
        return run(Program(COMMAND, plan_look))
    streams.complete()
    speak(os.environ)
    return guarded(lambda: _run(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())

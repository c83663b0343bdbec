# SPDX-License-Identifier: Apache-2.0
"""The frame of the PyKota-compatible commands: parse, open what the words name, become the home's owner, work, exit.

Exit status: 0 done (help and version too), 253 interrupted, 254 wrong words, nothing matches or not allowed,
255 anything else. With 254 and 255 stderr says `PROGRAM : what, where, what to do`.
"""

import io
import os
import shlex
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from pagetoll import __version__
from pagetoll.config.home import Home, name_of
from pagetoll.config.load import load_home
from pagetoll.config.options import Settings
from pagetoll.core.errors import PagetollError, UsageError
from pagetoll.core.messages import _
from pagetoll.core.rights import RIGHTS, Caller, NotAllowed
from pagetoll.frontends.asking import ask, stranger_to
from pagetoll.frontends.cli.options import Command, Parsed, parse, words_of
from pagetoll.frontends.identity import become_owner
from pagetoll.frontends.language import speak
from pagetoll.frontends.pykota.output import complain, tell
from pagetoll.frontends.served import granted, refuse_served
from pagetoll.frontends.wiring import open_storage
from pagetoll.ports import Catalogue, Ledger

EXIT_DONE = 0
EXIT_INTERRUPTED = 253
EXIT_REFUSED = 254
EXIT_FAILED = 255
ACT_LENGTH_MAX = 4000
TOGETHER_REMARK = "All changes of one call are made together or not at all."
EXIT_REMARK = "Exit status: 0 done, 253 interrupted, 254 wrong words, nothing matches or not allowed, 255 failed."


@dataclass(frozen=True, slots=True)
class Session:
    """What a command works with: the open books, who acts, by which words (for the list of acts), the settings.

    `caller` is for whom the daemon runs the command: then the books show and change only what he may. None for root
    and the home's owner, who may do all.
    """

    ledger: Ledger
    catalogue: Catalogue
    actor: str
    act: str
    settings: Settings
    caller: Caller | None = None


#: Becomes the home's owner and opens the session.
Opening = Callable[[], Session]
#: What is to be done: opens the session, writes listings to stdout and remarks to stderr, returns the exit status.
Act = Callable[[Opening], int]


@dataclass(frozen=True, slots=True)
class Program:
    """A command and how its words become an act. `plan` opens the files that the words name, still as the caller,
    and raises UsageError for words that do not go together."""

    command: Command
    plan: Callable[[Parsed], Act]


def run(program: Program, arguments: list[str] | None = None) -> int:
    """Runs a program with the words of its command line; returns the exit status. Nothing uncaught leaves."""
    words = sys.argv[1:] if arguments is None else arguments
    speak(os.environ)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    return guarded(lambda: _run(program, words))


def guarded(work: Callable[[], int]) -> int:
    """The exit status of `work`, or of what it raises, after saying why on stderr."""
    try:
        status = work()
        sys.stdout.flush()
    except KeyboardInterrupt:
        complain(_("interrupted; a change that was not complete was not made"))
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # whoever read the listing has seen enough; nothing may complain at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_DONE
    except (UsageError, NotAllowed) as error:
        complain(str(error))
        return EXIT_REFUSED
    except PagetollError as error:
        complain(str(error))
        return EXIT_FAILED
    except Exception:
        lines = [f"pagetoll {__version__}", *traceback.format_exc().splitlines()]
        sys.stderr.write("".join(f"ERROR: {line}\n" for line in lines))
        return EXIT_FAILED
    return status


def _run(program: Program, words: list[str]) -> int:
    command = program.command
    parsed = parse(command, words)
    if "help" in parsed or (not words and sys.stdin is not None and sys.stdin.isatty()):
        sys.stdout.write(command.help())
        return EXIT_DONE
    if "version" in parsed:
        sys.stdout.write(f"{command.name} (Pagetoll) {__version__}\n")
        return EXIT_DONE
    for complaint in parsed.complaints:
        tell("ERROR", complaint)
    if parsed.complaints and not parsed.words:
        raise UsageError(_("without the names in that file this would mean all; nothing was done"))
    return carry_out(command, parsed, words, program.plan)


def carry_out(command: Command, parsed: Parsed, words: list[str], plan: Callable[[Parsed], Act]) -> int:
    """Do what a command line says: here, or by the daemon where the caller may not open the books himself, and in the
    daemon's child as far as he may go. Returns the exit status.

    `words` are as they were given. Raises what `plan` and its act raise, and NotAllowed.
    """
    if command.name in RIGHTS and (home := stranger_to()) is not None:
        return ask(home, command.name, parsed, words_of(command, parsed))
    mine = granted(command.name, parsed)
    if mine is None:
        act = plan(parsed)
        return act(lambda: open_session(command.name, words))
    for option in sorted(mine.permit.dropped):
        tell("WARN", _("--{option} is for administrators; it was left out").format(option=option))
    session = Session(
        mine.ledger, mine.catalogue, mine.caller.name, _act_of(command.name, words), mine.settings, mine.caller
    )
    act = plan(mine.parsed)
    return act(lambda: session)


def open_session(name: str, words: list[str]) -> Session:
    """Become the home's owner and open its books. Raises NotAllowed for anybody but root and the owner."""
    refuse_served()
    actor = acting_user()
    home = Home.from_environment(os.environ)
    if not become_owner(home):
        raise NotAllowed(
            _("{login} : you are not allowed to use this command; run it as root or as {owner}").format(
                login=actor, owner=home.owner().name
            )
        )
    settings = load_home(home)
    ledger, catalogue = open_storage(home, settings)
    return Session(ledger, catalogue, actor, _act_of(name, words), settings)


def _act_of(name: str, words: list[str]) -> str:
    """The command line as the list of acts keeps it."""
    act = shlex.join([*name.split(), *words])
    return act if len(act) <= ACT_LENGTH_MAX else act[:ACT_LENGTH_MAX] + "…"


def acting_user() -> str:
    """The login of who started this program; behind sudo also who that was."""
    login = name_of(os.getuid())
    before_sudo = os.environ.get("SUDO_USER", "")
    return f"{login} ({before_sudo})" if os.getuid() == 0 and before_sudo else login

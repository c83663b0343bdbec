# SPDX-License-Identifier: Apache-2.0
"""The command `pagetoll`: a table of sub-commands, each a module that is imported when it is asked for.

Exit status: 0 done, 1 failed or found something, 2 usage, 130 interrupted, 141 when its reader has gone.
"""

import difflib
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from pagetoll import __version__
from pagetoll.core.errors import PagetollError, UsageError
from pagetoll.core.messages import _
from pagetoll.frontends import streams
from pagetoll.frontends.cli.ledger_access import by_daemon
from pagetoll.frontends.language import speak

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
DEBUG_VARIABLE = "PAGETOLL_DEBUG"


@dataclass(frozen=True, slots=True)
class Subcommand:
    """A row: the module (below this package) whose `main` gets `words` and then the arguments; its help in a line."""

    module: str
    help: str
    words: tuple[str, ...] = ()


SUBCOMMANDS: dict[str, Subcommand] = {
    "init": Subcommand("cmd_init", "make the home: folders, configuration, ledger, system user"),
    "doctor": Subcommand("cmd_doctor", "look for what is wrong and say how to mend it"),
    "demo": Subcommand("cmd_demo", "print real documents through a private CUPS, one charged, one refused"),
    "cups": Subcommand("cmd_cups", "install the CUPS backend, put queues behind it, give them back"),
    "lprng": Subcommand("cmd_lprng", "install the program for LPRng's lpd, show the printcap lines"),
    "daemon": Subcommand("cmd_daemon", "run, start, stop, reload the daemon, or ask how it is"),
    "config": Subcommand("cmd_config", "check the configuration, show what holds for a queue"),
    "user": Subcommand("nouns.user", "create, change, list users; give and take roles"),
    "group": Subcommand("nouns.group", "users groups and their members"),
    "printer": Subcommand("nouns.printer", "printers and printer groups, their prices"),
    "quota": Subcommand("nouns.quota", "how much users and groups may print, and have printed"),
    "code": Subcommand("nouns.code", "billing codes and their budgets"),
    "payment": Subcommand("nouns.payment", "book and list payments"),
    "refund": Subcommand("nouns.refund", "give back what jobs cost"),
    "report": Subcommand("nouns.report", "how quotas stand, what was printed"),
    "import": Subcommand("nouns.imports", "book what the logs of print servers say was printed"),
    "watch": Subcommand("cmd_watch", "book what a scheduler's jobs were, without touching a queue"),
    "job": Subcommand("cmd_job", "list, show and explain print jobs"),
    "jobs": Subcommand("cmd_job", "short for: job list", ("list",)),
    "explain": Subcommand("cmd_job", "short for: job explain", ("explain",)),
    "count": Subcommand("cmd_count", "count what printing documents would use"),
    "audit": Subcommand("cmd_audit", "prove balances and counters from the ledger's entries"),
    "completion": Subcommand("cmd_completion", "completions of all programs for bash, zsh and fish"),
    "upkeep": Subcommand("cmd_upkeep", "settle what dead processes left behind, release held jobs"),
}


def usage() -> str:
    """The text of `pagetoll --help`."""
    rows = "".join(f"  {name:<12}{_(row.help)}\n" for name, row in SUBCOMMANDS.items())
    return _(
        "usage: pagetoll COMMAND [OPTION…] [NAME…]\n\n"
        "Counts what is printed, says beforehand whether it may be printed, and books it once.\n\n"
        "commands:\n{rows}\n"
        "options:\n"
        "  -h, --help     show this help, or that of a command: pagetoll COMMAND --help\n"
        "  -v, --version  show the version\n\n"
        "PAGETOLL_HOME names the folder that holds configuration, ledger and spool; without it they are in\n"
        "/etc/pagetoll, /var/lib/pagetoll and /var/spool/pagetoll.\n\n"
        "Exit status: 0 done, 1 failed or found something, 2 wrong usage, 130 interrupted.\n"
    ).format(rows=rows)


def main(arguments: list[str] | None = None) -> int:
    """Run a sub-command and map what it raises to an exit status; nothing uncaught leaves."""
    words = sys.argv[1:] if arguments is None else arguments
    streams.complete()
    return streams.until_reader_goes(lambda: _main(words))


def _main(words: list[str]) -> int:
    try:
        speak(os.environ)
        status = _run(words)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except UsageError as error:
        return _complain(words, error, USAGE)
    except PagetollError as error:
        return _complain(words, error, FAILED)
    except Exception as error:
        if streams.is_about_reader(error):
            raise
        if isinstance(error, OSError) and streams.is_about_output(error):
            streams.give_output_up()
            return _complain(words, _("the output cannot be written whole: {why}").format(why=error.strerror), FAILED)
        if os.environ.get(DEBUG_VARIABLE):
            traceback.print_exc()
        from pagetoll.frontends.crashes import tell_of_crash

        tell_of_crash("pagetoll", words, error)
        return _complain(
            words,
            _("unexpected {kind}: {error}; {variable}=1 shows where").format(
                kind=type(error).__name__, error=error, variable=DEBUG_VARIABLE
            ),
            FAILED,
        )
    return status


def _run(words: list[str]) -> int:
    if not words:
        sys.stderr.write(usage())
        return USAGE
    name, *others = words
    if name in ("-h", "--help", "help"):
        if name == "help" and others:
            return _run([others[0], "--help"])
        sys.stdout.write(usage())
        return DONE
    if name in ("-v", "--version"):
        sys.stdout.write(f"pagetoll {__version__}\n")
        return DONE
    row = SUBCOMMANDS.get(name)
    if row is None:
        close = difflib.get_close_matches(name, SUBCOMMANDS, n=1)
        hint = _("did you mean {close}?").format(close=close[0]) if close else _("see: pagetoll --help")
        raise UsageError(_("there is no command {name!r}; {hint}").format(name=name, hint=hint))
    module = import_module(f"pagetoll.frontends.cli.{row.module}")
    arguments = [*row.words, *others]
    status = by_daemon(module.COMMAND, arguments) if hasattr(module, "COMMAND") else None
    if status is not None:
        return status
    run = cast(Callable[[list[str]], int], module.main)
    return run(arguments)


def _complain(words: list[str], what: object, status: int) -> int:
    name = f"pagetoll {words[0]}" if words and words[0] in SUBCOMMANDS else "pagetoll"
    sys.stderr.write("".join(f"{name}: {line}\n" for line in str(what).splitlines() or [_("failed")]))
    return status


if __name__ == "__main__":
    sys.exit(main())

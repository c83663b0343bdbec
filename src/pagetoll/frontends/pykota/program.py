# SPDX-License-Identifier: Apache-2.0
"""The frame of the PyKota-compatible commands: parse, open what the words name, become the home's owner, work, exit.

Exit status: 0 done (help and version too), 253 interrupted, 254 wrong words, nothing matches or not allowed,
255 anything else, 141 when its reader has gone. With 254 and 255 stderr says `PROGRAM : what, where, what to do`.
"""

import io
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pagetoll import __version__
from pagetoll.core.errors import PagetollError, UsageError
from pagetoll.core.messages import _
from pagetoll.core.rights import NotAllowed
from pagetoll.frontends import streams
from pagetoll.frontends.cli.options import Command, Parsed, parse
from pagetoll.frontends.language import speak
from pagetoll.frontends.remarks import complain, tell
from pagetoll.frontends.session import Act, carry_out

EXIT_DONE = 0
EXIT_INTERRUPTED = 253
EXIT_REFUSED = 254
EXIT_FAILED = 255
TOGETHER_REMARK = "All changes of one call are made together or not at all."
EXIT_REMARK = "Exit status: 0 done, 253 interrupted, 254 wrong words, nothing matches or not allowed, 255 failed."


@dataclass(frozen=True, slots=True)
class Program:
    """A command and how its words become an act. `plan` opens the files that the words name, still as the caller,
    and raises UsageError for words that do not go together. `works_alone`: without any word it works as well on a
    terminal, where the others show their help."""

    command: Command
    plan: Callable[[Parsed], Act]
    works_alone: bool = False


def run(program: Program, arguments: list[str] | None = None) -> int:
    """Runs a program with the words of its command line; returns the exit status. Nothing uncaught leaves."""
    words = sys.argv[1:] if arguments is None else arguments
    streams.complete()
    speak(os.environ)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    return guarded(lambda: _run(program, words), program.command.name, words)


def guarded(work: Callable[[], int], name: str = "", words: Sequence[str] = ()) -> int:
    """The exit status of `work`, or of what it raises, after saying why on stderr; a failure of our own is mailed to
    `crashrecipient`. 141 where nobody reads what it writes any more."""
    return streams.until_reader_goes(lambda: _guarded(work, name, words))


def _guarded(work: Callable[[], int], name: str, words: Sequence[str]) -> int:
    try:
        status = work()
        sys.stdout.flush()
    except KeyboardInterrupt:
        complain(_("interrupted; a change that was not complete was not made"))
        return EXIT_INTERRUPTED
    except (UsageError, NotAllowed) as error:
        complain(str(error))
        return EXIT_REFUSED
    except PagetollError as error:
        complain(str(error))
        return EXIT_FAILED
    except Exception as error:
        if streams.is_about_reader(error):
            raise
        if isinstance(error, OSError) and streams.is_about_output(error):
            streams.give_output_up()
            complain(_("the output cannot be written whole: {why}").format(why=error.strerror))
            return EXIT_FAILED
        lines = [f"pagetoll {__version__}", *traceback.format_exc().splitlines()]
        sys.stderr.write("".join(f"ERROR: {line}\n" for line in lines))
        from pagetoll.frontends.crashes import tell_of_crash

        tell_of_crash(name, words, error)
        return EXIT_FAILED
    return status


def _run(program: Program, words: list[str]) -> int:
    command = program.command
    parsed = parse(command, words)
    is_lost = not words and not program.works_alone and sys.stdin.isatty()
    if "help" in parsed or is_lost:
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

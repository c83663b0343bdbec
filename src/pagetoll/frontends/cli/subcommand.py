# SPDX-License-Identifier: Apache-2.0
"""What the sub-commands of `pagetoll` share: reading a command line with its --help and --version, and writing."""

import json
import sys
from collections.abc import Mapping

from pagetoll import __version__
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.frontends.cli.options import Command, Option, Parsed, parse

JSON = Option("J", "json", "", "write JSON, one object a line")


def parse_or_show(command: Command, arguments: list[str]) -> Parsed | None:
    """The command line; None when it asked for help or the version, which was shown. Raises UsageError."""
    parsed = parse(command, arguments)
    if parsed.complaints:
        raise UsageError("; ".join(parsed.complaints))
    if "help" in parsed:
        sys.stdout.write(command.help())
        return None
    if "version" in parsed:
        sys.stdout.write(f"{command.name} {__version__}\n")
        return None
    return parsed


def no_words(command: Command, parsed: Parsed) -> None:
    """Raise UsageError when words stand where none are expected."""
    if parsed.words:
        raise UsageError(
            _("{words!r} is not expected here; see: {name} --help").format(words=parsed.words[0], name=command.name)
        )


def say(line: str) -> None:
    """A line for the person who asked."""
    sys.stdout.write(f"{line}\n")


def say_done(parsed: Parsed, line: str, facts: Mapping[str, object]) -> None:
    """What was done: `line` for the person who asked, or with --json `facts` for programs."""
    if "json" in parsed:
        say(json.dumps(facts, ensure_ascii=False))
    else:
        say(line)


def advise(parsed: Parsed, line: str) -> None:
    """What to do next, for people only."""
    if "json" not in parsed:
        say(line)

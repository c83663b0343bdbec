# SPDX-License-Identifier: Apache-2.0
"""All programs and their command lines, as they stand in their tables: for completions, man pages and tests."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from pagetoll.frontends.cli.options import COMMON, Command
from pagetoll.frontends.cli.pagetoll import SUBCOMMANDS

#: PyKota's commands, by name; each is a module of `frontends.pykota`.
PYKOTA_PROGRAMS = (
    "autopykota",
    "dumpykota",
    "edpykota",
    "pkbanner",
    "pkbcodes",
    "pkhint",
    "pkinvoice",
    "pkmail",
    "pknotify",
    "pkpgcounter",
    "pkprinters",
    "pkrefund",
    "pksetup",
    "pkturnkey",
    "pkusers",
    "pykosd",
    "pykotme",
    "repykota",
    "warnpykota",
)
_FIXED_WORD = re.compile("[a-z]+(-[a-z]+)*")


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A command line up to its options: its words, what may follow them, and what it does."""

    path: tuple[str, ...]
    command: Command | None
    next_words: tuple[str, ...] = ()
    summary: str = ""

    @property
    def options(self) -> tuple[str, ...]:
        """Every option with its dashes, long ones first."""
        rows = self.command.options if self.command else COMMON[:1]
        return (*(f"--{row.name}" for row in rows), *(f"-{row.letter}" for row in rows if row.letter))


def module_of(program: str) -> str:
    """The module that is this program."""
    return f"pagetoll.frontends.{'pykota' if program in PYKOTA_PROGRAMS else 'cli'}.{program}"


def command_of(program: str) -> Command:
    """The command line of one of PyKota's commands."""
    found = import_module(module_of(program)).COMMAND
    assert isinstance(found, Command)
    return found


def pagetoll_lines() -> Iterator[CommandLine]:
    """`pagetoll` itself, its sub-commands, and the verbs of its nouns."""
    yield CommandLine(("pagetoll",), None, tuple(SUBCOMMANDS))
    for name, row in SUBCOMMANDS.items():
        module: Any = import_module(f"pagetoll.frontends.cli.{row.module}")
        noun = getattr(module, "NOUN", None)
        if noun is None:
            command: Command = module.COMMAND
            words = () if row.words else _words_of(command)
            yield CommandLine(("pagetoll", name), command, words, row.help)
            continue
        yield CommandLine(("pagetoll", name), None, tuple(verb.name for verb in noun.verbs), noun.summary)
        for verb in noun.verbs:
            yield CommandLine(("pagetoll", name, verb.name), noun.command(verb), (), verb.summary)


def all_lines() -> Iterator[CommandLine]:
    """The command lines of all programs."""
    yield from pagetoll_lines()
    for program in PYKOTA_PROGRAMS:
        command = command_of(program)
        yield CommandLine((program,), command, (), command.summary)


def _words_of(command: Command) -> tuple[str, ...]:
    """The fixed words that a usage offers: `status | import-quotas [QUEUE…]` gives status and import-quotas."""
    parts = [part.split() for part in command.usage.split(" | ")]
    words = [part[0] for part in parts if part]
    return tuple(word for word in words if _FIXED_WORD.fullmatch(word))

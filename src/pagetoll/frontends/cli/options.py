# SPDX-License-Identifier: Apache-2.0
"""Command lines as tables: each command is a `Command` with rows of `Option`; --help and the reference page follow
from the rows.

PyKota's conventions: GNU long and short options before or between the names, long ones abbreviated to a unique
prefix, and `-A FILE`, whose lines are put where the option stands (a line in double quotes loses the two quotes).
"""

import errno
import getopt
import os
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _

ARGUMENT_FILES_NESTED_MAX = 8
ARGUMENT_OCTETS_MAX = 16 << 20
_HELP_COLUMN = 34
_HELP_WIDTH = 100


@dataclass(frozen=True, slots=True)
class Option:
    """One row: letter ("" for none), long name, the word for its argument ("" for a switch), what it does."""

    letter: str
    name: str
    argument: str
    help: str


COMMON = (
    Option("h", "help", "", "show this help and exit"),
    Option("v", "version", "", "show the version and exit"),
    Option("A", "arguments", "FILE", "read more options and names from FILE, one a line, put in at this place"),
)


@dataclass(frozen=True, slots=True)
class Command:
    """A program: its name, the words behind it, what it does, its own options, and remarks for the help's end.

    `elsewhere` names options, by letter and long name, that another program has now.
    """

    name: str
    usage: str
    summary: str
    rows: tuple[Option, ...]
    remarks: tuple[str, ...] = ()
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    @property
    def options(self) -> tuple[Option, ...]:
        return (*self.rows, *COMMON)

    def help(self) -> str:
        """The text of --help."""
        lines = [
            _("usage: {command}").format(command=f"{self.name} {_(self.usage)}".rstrip()),
            "",
            *textwrap.wrap(_(self.summary), _HELP_WIDTH),
            "",
            _("options:"),
        ]
        for option in self.options:
            letter = f"-{option.letter}, " if option.letter else "    "
            left = f"  {letter}--{option.name}" + (f" {option.argument}" if option.argument else "")
            room = max(_HELP_COLUMN, len(left) + 2)
            wrapped = textwrap.wrap(_(option.help), _HELP_WIDTH - _HELP_COLUMN)
            lines.append(left.ljust(room) + wrapped[0])
            lines += [" " * _HELP_COLUMN + more for more in wrapped[1:]]
        for remark in self.remarks:
            lines += ["", *textwrap.wrap(_(remark), _HELP_WIDTH)]
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Parsed:
    """What was given: `values` by long name (the last one wins, "" for a switch), the other words, and what could
    not be read (`complaints`)."""

    values: dict[str, str]
    words: tuple[str, ...]
    complaints: tuple[str, ...] = field(default=())

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def text(self, name: str) -> str | None:
        """The option's argument, None where the option was not given."""
        return self.values.get(name)

    def given(self, names: Iterable[str]) -> list[str]:
        """Those of `names` that were given, with their dashes, for messages."""
        return [f"--{name}" for name in names if name in self.values]


def parse(command: Command, arguments: list[str]) -> Parsed:
    """The options and words of a command line. Raises UsageError for an unknown or incomplete option."""
    values: dict[str, str] = {}
    words: list[str] = []
    complaints: list[str] = []
    _collect(command, arguments, values, words, complaints, depth=0)
    return Parsed(values, tuple(words), tuple(complaints))


def words_of(command: Command, parsed: Parsed) -> list[str]:
    """A command line that means what `parsed` says, without files of arguments."""
    takes_argument = {option.name for option in command.options if option.argument}
    options = [
        f"--{name}={value}" if name in takes_argument else f"--{name}" for name, value in parsed.values.items()
    ]
    return [*options, *(["--", *parsed.words] if parsed.words else [])]


def _collect(
    command: Command,
    arguments: list[str],
    values: dict[str, str],
    words: list[str],
    complaints: list[str],
    depth: int,
) -> None:
    letters = "".join(option.letter + (":" if option.argument else "") for option in command.options if option.letter)
    names = [option.name + ("=" if option.argument else "") for option in command.options]
    long_of = {f"-{option.letter}": option.name for option in command.options}
    try:
        found, others = getopt.gnu_getopt(arguments, letters, names)
    except getopt.GetoptError as error:
        other = command.elsewhere.get(error.opt)
        hint = (
            _("it is an option of {program} now").format(program=other)
            if other
            else _("see {program} --help").format(program=command.name)
        )
        raise UsageError(f"{_what_is_wrong(error)}; {hint}") from None
    for flag, argument in found:
        name = long_of.get(flag, flag.removeprefix("--"))
        if name != "arguments":
            values[name] = argument
            continue
        if depth == ARGUMENT_FILES_NESTED_MAX:
            raise UsageError(
                _("{file}: files of arguments are nested too deeply; does one name itself?").format(file=argument)
            )
        try:
            lines = arguments_of_file(Path(argument))
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else _("it is no text")
            complaints.append(_("the arguments in {file} were left out: {why}").format(file=argument, why=why))
            continue
        _collect(command, lines, values, words, complaints, depth + 1)
    words += others


def _what_is_wrong(error: getopt.GetoptError) -> str:
    """The sentence of `getopt`, which has no catalogue, in the reader's language; in English it is the same."""
    option = f"--{error.opt}" if f"option --{error.opt}" in error.msg else f"-{error.opt}"
    for ending, sentence in (
        ("not recognized", _("option {option} not recognized")),
        ("requires argument", _("option {option} requires argument")),
        ("must not have an argument", _("option {option} must not have an argument")),
        ("not a unique prefix", _("option {option} not a unique prefix")),
    ):
        if error.msg.endswith(ending):
            return sentence.format(option=option)
    return error.msg


def arguments_of_file(path: Path) -> list[str]:
    """The arguments in a file: its lines without surrounding blanks, and without a pair of double quotes around all.

    Raises OSError, also for a file without end, or ValueError for octets that are no text.
    """
    with path.open("rb") as file:
        octets = file.read(ARGUMENT_OCTETS_MAX + 1)
    if len(octets) > ARGUMENT_OCTETS_MAX:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    text = octets.decode(errors="strict")
    lines = [line.strip() for line in text.split(os.linesep)]
    if lines and not lines[-1]:
        lines.pop()
    return [line[1:-1] if len(line) > 1 and line[0] == line[-1] == '"' else line for line in lines]


def comma_list(text: str) -> list[str]:
    """The parts of a comma list without empty ones."""
    return [part for part in (piece.strip() for piece in text.split(",")) if part]

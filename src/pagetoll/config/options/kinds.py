# SPDX-License-Identifier: Apache-2.0
"""The row of an option, and the kinds of values: TOML value in, setting out, ValueError for anything else."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.core.money import MILLION, micros
from pagetoll.core.site_commands import SiteCommand, placeholders, scripts_inside

Parser = Callable[[object], object]


class Forbidden(ValueError):
    """A value that is of the right kind, but must not be so; its text says why ("must not …")."""


COMMAND = 'a list of words such as ["/usr/local/bin/tell", "-v"], or { shell = "…" } for a line of shell'
COMMAND_OCTETS_MAX = 64_000


@dataclass(frozen=True, slots=True)
class Option:
    """A row: `parse` takes the TOML value and raises ValueError for a wrong one; `allowed` says what is right.

    `unit` is what a number counts; `example` is the default as TOML text.
    """

    name: str
    parse: Parser
    allowed: str
    default: object
    example: str
    per_queue: bool
    help: str
    unit: str = ""


def choice(kind: type[StrEnum]) -> Parser:
    """The parser of one of the words of `kind`."""

    def parse(value: object) -> StrEnum:
        if not isinstance(value, str):
            raise ValueError
        return kind(value)

    return parse


def integer(least: int, most: int) -> Parser:
    """The parser of a whole number from `least` to `most`, both allowed."""

    def parse(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError
        return value

    return parse


def boolean(value: object) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise ValueError
    return value


def amount(value: object) -> int:
    """Credits, in millionths."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise ValueError
    try:
        return micros(Decimal(value))
    except UsageError as error:
        raise ValueError(str(error)) from error


def text(value: object) -> str:
    """One line."""
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError
    return value


def lines(value: object) -> str:
    """A text of one or more lines."""
    if not isinstance(value, str) or not value.replace("\n", "").replace("\t", "").isprintable():
        raise ValueError
    return value


def command(names: Iterable[str] = ()) -> Callable[[object], SiteCommand]:
    """A parser of commands that may hold these placeholders."""
    known = frozenset(names)

    def parse(value: object) -> SiteCommand:
        match value:
            case [str(program), *rest] if program and all(isinstance(word, str) for word in rest):
                words = (program, *map(str, rest))
                _check_command(words, known)
                return SiteCommand(words=words)
            case {"shell": str(line), **others} if not others and line.strip():
                _check_command((line,), known)
                if known and (inside := scripts_inside(line)):
                    raise Forbidden(
                        _(
                            "must not have %({name})s inside an argument of eval or -c, which is a script: hand it "
                            "on as an argument of its own, or take the environment variable"
                        ).format(name=inside[0])
                    )
                return SiteCommand(shell=line)
        raise ValueError

    return parse


def _check_command(texts: tuple[str, ...], known: frozenset[str]) -> None:
    if sum(map(len, texts)) > COMMAND_OCTETS_MAX or any("\0" in each for each in texts):
        raise ValueError
    if known:
        for name in (name for each in texts for name in placeholders(each) if name not in known):
            allowed = " ".join(f"%({each})s" for each in sorted(known))
            text = _("must not have %({name})s; the placeholders are {allowed}").format(name=name, allowed=allowed)
            raise Forbidden(text)


# --- rows of the usual kinds --------------------------------------------------------------------------------------


def quoted_words(kind: type[StrEnum]) -> str:
    """The words to choose from, as a person reads them."""
    *first, last = (f'"{word}"' for word in kind)
    return f"{', '.join(first)} or {last}"


def word_option(name: str, default: StrEnum, per_queue: bool, help_text: str) -> Option:
    """A row whose value is one of the words of the default's kind."""
    kind = type(default)
    return Option(name, choice(kind), quoted_words(kind), default, f'"{default}"', per_queue, help_text)


def number_option(
    name: str, default: int, limits: tuple[int, int], unit: str, per_queue: bool, help_text: str
) -> Option:
    """A row whose value is a whole number of `unit` within `limits`, both allowed."""
    least, most = limits
    allowed = f"a whole number of {unit} from {least} to {most}"
    return Option(name, integer(least, most), allowed, default, str(default), per_queue, help_text, unit)


def credit_option(name: str, default: int, help_text: str) -> Option:
    """A row whose value is a number of credits, in millionths; so is `default`."""
    allowed = "a number of credits, such as 0.05"
    return Option(name, amount, allowed, default, str(Decimal(default) / MILLION), False, help_text, "credits")


def switch_option(name: str, default: bool, per_queue: bool, help_text: str) -> Option:
    """A row whose value is true or false."""
    return Option(name, boolean, "true or false", default, str(default).lower(), per_queue, help_text)


def text_option(name: str, what: str, default: str, per_queue: bool, help_text: str) -> Option:
    """`what` completes "a text: …"."""
    return Option(name, text, f"a text: {what}", default, f'"{default}"', per_queue, help_text)


def message_option(name: str, help_text: str, per_queue: bool) -> Option:
    """A row whose value is a text of any number of lines, empty where the built-in one is meant."""
    allowed = "a text of one or more lines, or empty for the built-in one"
    return Option(name, lines, allowed, "", '""', per_queue, help_text)

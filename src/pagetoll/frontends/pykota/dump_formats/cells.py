# SPDX-License-Identifier: Apache-2.0
"""A dumped value as text, and one kind of data with its rows: what all formats share."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from pagetoll.app.names import is_control
from pagetoll.core.dumps import DumpType, Value

Row = Sequence[Value]


@dataclass(frozen=True, slots=True)
class Section:
    """One kind of data: its columns' names, and its rows, which can be read once."""

    data: DumpType
    columns: tuple[str, ...]
    rows: Iterator[Row]


def visible(text: str) -> str:
    """The text with a question mark for each character that starts a line, moves a cursor or is none."""
    if text.isprintable():
        return text
    return "".join("?" if is_control(character) or is_no_character(character) else character for character in text)


def is_no_character(character: str) -> bool:
    """Whether Unicode keeps it free for ever; XML cannot have the two at the end."""
    return character in "\ufffe\uffff"


def decimal_text(value: Decimal) -> str:
    """The shortest decimal with at least one place (0.0, 0.05, 12.5)."""
    text = format(value, "f")
    if "." not in text:
        return f"{text}.0"
    text = text.rstrip("0")
    return f"{text}0" if text.endswith(".") else text


def time_text(value: datetime) -> str:
    """A time to the second, without its zone."""
    return value.isoformat(" ", "seconds")[:19]


_PLAIN: dict[type, Callable[[Any], str]] = {
    str: visible,
    int: str,
    bool: lambda flag: "t" if flag else "f",
    Decimal: decimal_text,
    datetime: time_text,
    type(None): str,
}


def plain(value: Value) -> str:
    """A value as the old programs wrote it."""
    return _PLAIN[type(value)](value)

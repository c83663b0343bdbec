# SPDX-License-Identifier: Apache-2.0
"""Rows of figures for people and for programs: a table, on a terminal drawn with rich, or JSON, one object a line.

Rows are shown as they come: after the first portion the columns keep the widths that it gave them.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice

from pagetoll.core.messages import _, figure, moment_text
from pagetoll.core.money import credits_text, decimal_of, micros
from pagetoll.frontends.cli.screen import GAP, printable

PORTION = 1000

#: A figure as a verb gives it; amounts of money as Decimal credits, times with their zone.
Value = str | int | bool | Decimal | datetime | Sequence[str] | None
Row = Mapping[str, Value]


def credits_of(millionths: int) -> Decimal:
    """An amount of money as exact credits without zeros at its end."""
    return decimal_of(millionths).normalize() + 0


def shown(value: Value) -> str:
    """A figure for people, in the forms of their language: credits with two places or more, times local; nothing
    for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return moment_text(value.astimezone())
    if isinstance(value, Decimal):
        return figure(credits_text(micros(value)))
    if isinstance(value, str | int):
        return str(value)
    return ", ".join(value)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: the key in the row, the word above it, whether it stands to the right, how it reads for people."""

    key: str
    head: str
    right: bool = False
    text: Callable[[Value], str] = shown


def show(columns: Sequence[Column], rows: Iterable[Row], *, as_json: bool) -> int:
    """Write the rows to stdout; returns how many there were. JSON has all keys of a row, a table only the columns."""
    if as_json:
        return sum(_write_json(row) for row in rows)
    if sys.stdout.isatty():
        return _show_on_terminal(columns, rows)
    return _show_plain(columns, rows)


def _write_json(row: Row) -> int:
    sys.stdout.write(json.dumps(row, default=_for_programs, ensure_ascii=False) + "\n")
    return 1


def _for_programs(value: object) -> object:
    """Money as exact decimal text without zeros at its end, times in ISO 8601."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError(type(value).__name__)


def _cells(columns: Sequence[Column], row: Row) -> list[str]:
    return [printable(column.text(row.get(column.key))) for column in columns]


def _portions(columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[list[list[str]]]:
    remaining = iter(rows)
    while portion := [_cells(columns, row) for row in islice(remaining, PORTION)]:
        yield portion


def _show_plain(columns: Sequence[Column], rows: Iterable[Row]) -> int:
    number = 0
    widths: list[int] = []
    for portion in _portions(columns, rows):
        if not widths:
            heads = [_(column.head) for column in columns]
            widths = [max(map(len, (head, *cells))) for head, *cells in zip(heads, *portion, strict=True)]
            sys.stdout.write(_line(columns, heads, widths))
        sys.stdout.writelines(_line(columns, cells, widths) for cells in portion)
        number += len(portion)
    return number


def _line(columns: Sequence[Column], cells: Sequence[str], widths: Sequence[int]) -> str:
    placed = [
        cell.rjust(width) if column.right else cell.ljust(width)
        for column, cell, width in zip(columns, cells, widths, strict=True)
    ]
    return GAP.join(placed).rstrip() + "\n"


def _show_on_terminal(columns: Sequence[Column], rows: Iterable[Row]) -> int:
    # Imported here: scripts and pipes need not wait for it.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console, number = Console(), 0
    for portion in _portions(columns, rows):
        table = Table(box=None, header_style="bold", pad_edge=False)
        for column in columns:
            table.add_column(_(column.head), justify="right" if column.right else "left", overflow="fold")
        for cells in portion:
            table.add_row(*map(Text, cells))  # as Text, so that no name is taken for markup
        console.print(table)
        number += len(portion)
    return number

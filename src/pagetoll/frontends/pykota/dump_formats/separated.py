# SPDX-License-Identifier: Apache-2.0
"""Separated values as PyKota writes them: texts in double quotes, in which the separator and the quote have a
backslash in front; numbers bare; nothing is "None"."""

from collections.abc import Iterable
from decimal import Decimal
from typing import IO

from pagetoll.core.dumps import Value
from pagetoll.frontends.pykota.dump_formats.cells import Row, Section, plain

_BARE = (int, Decimal)


def write_csv(sections: Iterable[Section], file: IO[str]) -> None:
    """Commas."""
    _write(sections, file, ",")


def write_ssv(sections: Iterable[Section], file: IO[str]) -> None:
    """Semicolons."""
    _write(sections, file, ";")


def write_tsv(sections: Iterable[Section], file: IO[str]) -> None:
    """Tabulators."""
    _write(sections, file, "\t")


def _write(sections: Iterable[Section], file: IO[str], separator: str) -> None:
    for section in sections:
        file.write(line(section.columns, separator))
        for row in section.rows:
            file.write(line(row, separator))


def line(row: Row, separator: str) -> str:
    """A line of separated values, with its end."""
    return separator.join([_cell(value, separator) for value in row]) + "\n"


def _cell(value: Value, separator: str) -> str:
    text = plain(value)
    if type(value) in _BARE:
        return text
    if separator in text or '"' in text:
        text = text.replace(separator, f"\\{separator}").replace('"', '\\"')
    return f'"{text}"'

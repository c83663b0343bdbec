# SPDX-License-Identifier: Apache-2.0
"""`dumpykota`: the history of print jobs as separated values, with PyKota's letters and columns."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TextIO

from pagetoll.app.history import (
    COLUMNS,
    FILTER_KEYS,
    OrderField,
    Value,
    history_rows,
    parse_filter,
    parse_order,
)
from pagetoll.app.names import is_control
from pagetoll.core.errors import UsageError
from pagetoll.core.jobs import HistoryFilter
from pagetoll.core.money import micros
from pagetoll.frontends.cli.options import Command, Option, Parsed, comma_list
from pagetoll.frontends.pykota.output import plain_float, tell
from pagetoll.frontends.pykota.program import EXIT_DONE, EXIT_REMARK, Act, Opening, Program, run

SEPARATORS = {"csv": ",", "ssv": ";", "tsv": "\t"}
TYPES = ("history",)

COMMAND = Command(
    name="dumpykota",
    usage="--data history [options] [KEY=VALUE ...]",
    summary="Writes the history of print jobs as separated values, one line a job that has ended, below a line with "
    f"the columns' names. Filters choose the jobs; their keys are {', '.join(FILTER_KEYS)}.",
    rows=(
        Option("d", "data", "TYPE", "what to dump: history"),
        Option("f", "format", "FORMAT", "csv (commas, the default), ssv (semicolons) or tsv (tabulators)"),
        Option("o", "output", "FILE", "write into FILE, which is emptied first; - or nothing is standard output"),
        Option("O", "orderby", "COLUMNS", "sort by these columns: +column ascending, -column descending"),
    ),
    remarks=(
        (
            "start and end take YYYY up to YYYYMMDDhhmmss, or yesterday, today, now, tomorrow with +N or -N days "
            "behind; both are inclusive and in local time."
        ),
        EXIT_REMARK,
    ),
)


@dataclass(frozen=True, slots=True)
class Dump:
    """What to write, and where to: an open file with its path, or standard output."""

    wanted: HistoryFilter
    order: Sequence[OrderField]
    separator: str
    file: TextIO
    path: Path | None


def plan(parsed: Parsed) -> Act:
    """The act for a command line; the output file is open then. Raises UsageError."""
    data, form = parsed.text("data"), (parsed.text("format") or "csv").lower()
    if data is None:
        raise UsageError(f"--data is needed: {', '.join(TYPES)}; see --help")
    if data.lower() not in TYPES:
        raise UsageError(f"invalid --data {data!r}: give {', '.join(TYPES)}")
    if form not in SEPARATORS:
        raise UsageError(f"invalid --format {form!r}: give one of {', '.join(SEPARATORS)}")
    asked = parse_filter(parsed.words, datetime.now().astimezone())
    order, remarks = parse_order(comma_list(parsed.text("orderby") or ""))
    for remark in (*asked.remarks, *remarks):
        tell("WARN", remark)
    name = parsed.text("output") or "-"
    path = None if name == "-" else Path(name)
    file = sys.stdout if path is None else _open(path)
    dump = Dump(asked.wanted, order, SEPARATORS[form], file, path)
    return lambda opening: _write(opening, dump)


def _open(path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8", errors="replace", newline="\n")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; give another --output") from error


def _write(opening: Opening, dump: Dump) -> int:
    rows = history_rows(opening().ledger, dump.wanted, dump.order)
    found = False
    for row in rows:
        if not found:
            dump.file.write(line(tuple(COLUMNS), dump.separator))
            found = True
        dump.file.write(line(row, dump.separator))
    if dump.path is not None:
        dump.file.close()
        if not found:
            with suppress(OSError):  # the folder may be the caller's alone; an empty file is as good
                dump.path.unlink()
    return EXIT_DONE


def line(row: Sequence[Value], separator: str) -> str:
    """A line of separated values: texts in double quotes, numbers bare, nothing as "None"."""
    return separator.join(_cell(value, separator) for value in row) + "\n"


def _cell(value: Value, separator: str) -> str:
    if isinstance(value, Decimal):
        return plain_float(micros(value))
    if isinstance(value, int):
        return str(value)
    text = "".join("?" if is_control(character) else character for character in str(value))
    escaped = text.replace(separator, f"\\{separator}").replace('"', '\\"')
    return f'"{escaped}"'


def main() -> int:
    """The program; returns the exit status."""
    return run(Program(COMMAND, plan))


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""`dumpykota`: what the ledger holds, in PyKota's columns and formats, and as JSON and workbooks."""

import io
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import IO

from pagetoll.app.dumps.filters import parse_dump_filter
from pagetoll.app.dumps.rows import parse_order, rows, summed
from pagetoll.core.dumps import COLUMNS, FILTER_KEYS, SUMMED, DumpQuery, DumpType, OrderField
from pagetoll.core.errors import PagetollError, UsageError
from pagetoll.core.messages import _
from pagetoll.frontends.cli.options import Command, Option, Parsed, comma_list
from pagetoll.frontends.cli.progress import Progress
from pagetoll.frontends.open_files import open_to_write, remove_empty
from pagetoll.frontends.pykota.dump_formats import FORMATS, Format
from pagetoll.frontends.pykota.dump_formats.cells import Row, Section
from pagetoll.frontends.pykota.program import EXIT_DONE, EXIT_REMARK, Program, run
from pagetoll.frontends.remarks import tell
from pagetoll.frontends.session import Act, Opening
from pagetoll.ports import Catalogue

ALL = "all"
TYPES = (*sorted(DumpType), ALL)
ADVANCE_EVERY_ROWS = 1_000

COMMAND = Command(
    name="dumpykota",
    usage="--data TYPE [options] [KEY=VALUE ...]",
    summary="Writes what the ledger holds: the history of print jobs, printers, users, groups, quota entries, "
    "payments, memberships or billing codes. Filters choose the rows; their values may be shell patterns.",
    rows=(
        Option("d", "data", "TYPE", f"what to dump: {', '.join(TYPES)} (all in one XML document)"),
        Option(
            "f",
            "format",
            "FORMAT",
            "csv (commas, the default), ssv (semicolons), tsv (tabulators), xml, json (an object a line), xlsx (a "
            "workbook), or for the history cups (a page_log with 8 fields) or cups11 (with the 11 of today)",
        ),
        Option("o", "output", "FILE", "write into FILE, which is emptied first; - or nothing is standard output"),
        Option("O", "orderby", "COLUMNS", "sort by these columns: +column ascending, -column descending"),
        Option(
            "s",
            "sum",
            "",
            f"add up ({' and '.join(sorted(SUMMED))} only): payments by user, the history by those of username, "
            "printername, hostname and billingcode that are filters",
        ),
    ),
    remarks=(
        "The keys of filters: "
        + "; ".join(f"{data}: {', '.join(keys)}" for data, keys in sorted(FILTER_KEYS.items()))
        + "; payments and history also start and end.",
        (
            "start and end take YYYY up to YYYYMMDDhhmmss, or yesterday, today, now, tomorrow with +N or -N days "
            "behind; both are inclusive and in local time."
        ),
        EXIT_REMARK,
    ),
)


@dataclass(frozen=True, slots=True)
class Dump:
    """What to write, how, and where to: an open file with the name it was given by, or standard output."""

    queries: Sequence[DumpQuery]
    form: Format
    file: IO[bytes] | None
    name: str


def plan(parsed: Parsed) -> Act:
    """The act for a command line; the output file is open then. Raises UsageError."""
    data, name = (parsed.text("data") or "").lower(), (parsed.text("format") or "csv").lower()
    if not data:
        raise UsageError(_("--data is needed: {types}; see --help").format(types=", ".join(TYPES)))
    if data not in TYPES:
        raise UsageError(
            _("invalid --data {word}: give one of {types}").format(
                word=repr(parsed.text("data")), types=", ".join(TYPES)
            )
        )
    if name not in FORMATS:
        raise UsageError(
            _("invalid --format {word}: give one of {formats}").format(
                word=repr(parsed.text("format")), formats=", ".join(FORMATS)
            )
        )
    if data == ALL:
        name, queries = "xml", _all_queries(parsed, name)
    else:
        queries = [_query(parsed, DumpType(data), name)]
    output = parsed.text("output") or "-"
    if output == "-" and FORMATS[name].write is None and sys.stdout.isatty():
        raise UsageError(_("a workbook cannot be shown on a terminal; give --output FILE"))
    dump = Dump(queries, FORMATS[name], None if output == "-" else _open(output), output)
    return lambda opening: _write(opening, dump)


def _all_queries(parsed: Parsed, name: str) -> list[DumpQuery]:
    """A query for each kind of data; says what of the words is not for all."""
    left_out = [f"--format {name}"] if "format" in parsed and name != "xml" else []
    left_out += [f"--{option}" for option in ("orderby", "sum") if option in parsed]
    left_out += parsed.words
    if left_out:
        tell("WARN", _("--data all is XML with everything; left out: {words}").format(words=", ".join(left_out)))
    return [DumpQuery(data) for data in DumpType]


def _query(parsed: Parsed, data: DumpType, name: str) -> DumpQuery:
    asked = parse_dump_filter(data, parsed.words, datetime.now().astimezone())
    order, remarks = parse_order(data, comma_list(parsed.text("orderby") or ""))
    query = replace(asked.query, order=order)
    if FORMATS[name].is_page_log:
        if data is not DumpType.HISTORY:
            raise UsageError(_("--format {name} is for --data history only").format(name=name))
        if "sum" in parsed:
            raise UsageError(_("--sum cannot go with --format {name}").format(name=name))
        if order:
            remark = _("--format {name} is always in the order of time; --orderby was left out")
            remarks += (remark.format(name=name),)
        query = replace(query, order=(OrderField("jobdate"),))
    for remark in (*asked.remarks, *remarks):
        tell("WARN", remark)
    return summed(query) if "sum" in parsed else query


def _open(name: str) -> IO[bytes]:
    try:
        return open_to_write(name)
    except OSError as error:
        raise UsageError(_("{file}: {why}; give another --output").format(file=name, why=error.strerror)) from error


def _write(opening: Opening, dump: Dump) -> int:
    catalogue = opening().catalogue
    beside = dump.file is not None or not sys.stdout.isatty()
    total = sum(catalogue.count_dump(query) for query in dump.queries) if beside and sys.stderr.isatty() else 0
    with Progress(total, shown=total > 0) as progress:
        sections = _sections(catalogue, dump.queries, progress.advance)
        first = next(sections, None)
        if first is not None:
            _write_to_the_end(chain([first], sections), dump)
    if dump.file is not None and first is None:
        dump.file.close()
        remove_empty(dump.name)
    return EXIT_DONE


def _sections(
    catalogue: Catalogue, queries: Sequence[DumpQuery], advance: Callable[[int], None]
) -> Iterator[Section]:
    """The kinds of data that have rows."""
    for query in queries:
        found = rows(catalogue, query)
        first = next(found, None)
        if first is not None:
            yield Section(query.data, tuple(COLUMNS[query.data]), _told(chain([first], found), advance))


def _told(found: Iterator[Row], advance: Callable[[int], None]) -> Iterator[Row]:
    """The same rows; says now and then how many there were."""
    for number, row in enumerate(found, 1):
        yield row
        if not number % ADVANCE_EVERY_ROWS:
            advance(ADVANCE_EVERY_ROWS)


def _write_to_the_end(sections: Iterator[Section], dump: Dump) -> None:
    """Write and close the file of --output. Raises PagetollError where it does not take all."""
    if dump.file is None:
        _write_sections(sections, dump)
        return
    try:
        with dump.file:
            _write_sections(sections, dump)
    except OSError as error:
        raise PagetollError(
            _("{file} cannot be written: {why}; what is in it is not all").format(file=dump.name, why=error.strerror)
        ) from error


def _write_sections(sections: Iterator[Section], dump: Dump) -> None:
    if dump.form.write_binary is not None:
        target = sys.stdout.buffer if dump.file is None else dump.file
        dump.form.write_binary(sections, target)
        return
    assert dump.form.write is not None
    if dump.file is None and not dump.form.is_utf8:
        dump.form.write(sections, sys.stdout)
        return
    binary = sys.stdout.buffer if dump.file is None else dump.file
    text = io.TextIOWrapper(binary, encoding="utf-8", errors="replace", newline="\n")
    try:
        dump.form.write(sections, text)
    finally:
        text.detach()


def main() -> int:
    """The program; returns the exit status."""
    return run(Program(COMMAND, plan))


if __name__ == "__main__":
    sys.exit(main())

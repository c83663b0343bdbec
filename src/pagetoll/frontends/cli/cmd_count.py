# SPDX-License-Identifier: Apache-2.0
"""`pagetoll count FILE…`: what documents would use, counted as the daemon counts them: in locked-down children."""

import json
import os
import resource
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace

from pagetoll.accounters.software.counter import SoftwareCounter
from pagetoll.config.home import Home
from pagetoll.core.copies import apply_spooler
from pagetoll.core.errors import ConfigError, DocumentError, UsageError
from pagetoll.core.usage import Duplex, Usage
from pagetoll.frontends import identity
from pagetoll.frontends.cli.options import Command, Option
from pagetoll.frontends.cli.screen import printable, table, tolerant_output
from pagetoll.frontends.cli.subcommand import parse_or_show, say

COMMAND = Command(
    name="pagetoll count",
    usage="[--json] FILE…",
    summary="Counts what printing the files would use; - is standard input. Pages are those of the data, impressions "
    "and sheets include the copies and the two-sided printing that the data itself asks for. A file that cannot be "
    "counted does not keep the others; the exit status is 1 then.",
    rows=(
        Option("J", "json", "", "write one JSON object a file and line"),
        Option("d", "trust-dsc", "", "believe PostScript comments: every octet was written by a filter"),
    ),
)
OPTIONS = COMMAND.options

STANDARD_INPUT = "-"
SPOOLED_OCTETS = 1 << 20
HEAD = ("FILE", "LANGUAGE", "PAGES", "COPIES", "IMPRESSIONS", "SHEETS", "DUPLEX", "COLOR", "CONFIDENCE", "FINDINGS")
NUMBERS = frozenset(("PAGES", "COPIES", "IMPRESSIONS", "SHEETS", "COLOR"))


@dataclass(frozen=True, slots=True)
class Counted:
    """One file's line. None where it is not known or, for copies, not the same for all pages; `error` says why
    there is no number at all."""

    file: str
    language: str | None = None
    pages: int | None = None
    copies: int | None = None
    impressions: int | None = None
    sheets: int | None = None
    duplex: str | None = None
    colour_pages: int | None = None
    mono_pages: int | None = None
    confidence: str | None = None
    findings: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A file from the command line: its descriptor, or why it cannot be read."""

    name: str
    descriptor: int
    error: str = ""


def main(arguments: list[str]) -> int:
    """1 when a file could not be counted. Raises UsageError."""
    parsed = parse_or_show(COMMAND, arguments)
    if parsed is None:
        return 0
    if not parsed.words:
        raise UsageError(f"name the files to count, or - for standard input; see: {COMMAND.name} --help")
    tolerant_output()
    opened: Iterable[Opened] = map(open_document, parsed.words)
    if os.geteuid() == 0:  # only root may be able to open them
        _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        opened = list(opened)
        leave_root()
    failed = False
    rows = []
    for row in count_all(opened, trust_dsc="trust-dsc" in parsed):
        failed |= row.error is not None
        if "json" in parsed:
            say(json.dumps(asdict(row)))
        else:
            rows.append(row)
    if rows:
        show(rows)
    return int(failed)


def leave_root() -> None:
    """Become the owner of the home, where there is one; the counting children give root up in any case."""
    try:
        identity.become_owner(Home.from_environment(os.environ))
    except ConfigError:
        return


def open_document(name: str) -> Opened:
    """A regular file to count; what is none (a pipe) is copied into one."""
    try:
        descriptor = os.dup(0) if name == STANDARD_INPUT else os.open(name, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        return Opened(name, -1, error.strerror or "cannot be opened")
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return Opened(name, descriptor)
    if stat.S_ISDIR(mode):
        os.close(descriptor)
        return Opened(name, -1, "is a folder, no document")
    with open(descriptor, "rb") as source:  # noqa: PTH123 - a descriptor
        try:
            with tempfile.TemporaryFile() as copy:
                shutil.copyfileobj(source, copy, SPOOLED_OCTETS)
                copy.flush()
                return Opened(name, os.dup(copy.fileno()))
        except OSError as error:
            return Opened(name, -1, error.strerror or "cannot be read")


def count_all(opened: Iterable[Opened], *, trust_dsc: bool) -> Iterator[Counted]:
    """A line for each file, in order; nothing about a file ends the run."""
    counter = SoftwareCounter()
    try:
        for document in opened:
            if document.descriptor < 0:
                yield Counted(document.name, error=document.error)
                continue
            try:
                yield counted(document.name, counter.count(document.descriptor, trust_dsc=trust_dsc))
            except DocumentError as error:
                yield Counted(document.name, error=str(error))
            finally:
                os.close(document.descriptor)
    finally:
        counter.close()


def counted(name: str, usage: Usage) -> Counted:
    """The figures of a usage. Colours are of one copy's pages."""
    one_copy = apply_spooler(_single(usage))
    totals = apply_spooler(usage)
    duplexes = {run.duplex for segment in usage.segments for run in segment.runs if run.duplex is not Duplex.UNSTATED}
    return Counted(
        file=name,
        language=usage.language,
        pages=usage.input_pages,
        copies=_copies(usage),
        impressions=totals.impressions,
        sheets=totals.media_sheets,
        duplex=str(duplexes.pop()) if len(duplexes) == 1 else "mixed" if duplexes else str(Duplex.NONE),
        colour_pages=one_copy.impressions_color,
        mono_pages=one_copy.impressions_mono,
        confidence=str(usage.confidence),
        findings=tuple(finding.code for finding in usage.findings),
    )


def _single(usage: Usage) -> Usage:
    """The same document printed once."""
    segments = tuple(
        replace(segment, sets=1, runs=tuple(replace(run, copies=1) for run in segment.runs))
        for segment in usage.segments
    )
    return replace(usage, segments=segments)


def _copies(usage: Usage) -> int | None:
    """How often every page comes out, None where that is not the same for all."""
    found = {segment.sets * run.copies for segment in usage.segments for run in segment.runs if run.length}
    return found.pop() if len(found) == 1 else None if found else 1


def show(rows: list[Counted]) -> None:
    """A table of what was counted; complaints follow on stderr."""
    good = [row for row in rows if row.error is None]
    if good:
        sys.stdout.write(table(HEAD, [cells(row) for row in good], right=NUMBERS))
        sys.stdout.flush()
    for row in rows:
        if row.error is not None:
            sys.stderr.write(f"{COMMAND.name}: {printable(row.file)}: {printable(row.error)}\n")


def cells(row: Counted) -> tuple[str, ...]:
    """The line of a table; ? stands for what is not known."""
    figures = (row.pages, row.copies, row.impressions, row.sheets)
    return (
        printable(row.file),
        row.language or "?",
        *("?" if figure is None else str(figure) for figure in figures),
        row.duplex or "?",
        "?" if row.colour_pages is None else str(row.colour_pages),
        row.confidence or "?",
        ", ".join(dict.fromkeys(row.findings)),
    )

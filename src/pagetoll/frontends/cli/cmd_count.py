# SPDX-License-Identifier: Apache-2.0
"""`pagetoll count FILE…`: what documents would use, counted as the daemon counts them: in locked-down children."""

import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from pagetoll.accounters.software.counter import PageLook
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _, figure, marked
from pagetoll.core.usage import SPACES
from pagetoll.frontends.cli.count_rows import (
    Counted,
    as_json,
    coverage_error,
    mean_coverage,
    page_runs,
    paper,
    percent,
    row_of,
)
from pagetoll.frontends.cli.count_words import explanation
from pagetoll.frontends.cli.documents import STANDARD_INPUT, Answer, Wish, count_all, open_all
from pagetoll.frontends.cli.options import Command, Option, Parsed
from pagetoll.frontends.cli.progress import Progress
from pagetoll.frontends.cli.screen import printable, table, tolerant_output
from pagetoll.frontends.cli.subcommand import parse_or_show, say
from pagetoll.languages.copies import CopiesRule

RESOLUTION_DPI = (10, 1200)
LOOKED_AT_OCTETS = 16 << 20

LOOKED_AT_PAGES = 500
SMALL_ENOUGH = (
    "Without --color and --coverage the pages of PDF and PostScript documents of more than 500 pages or 16 MiB are "
    "not looked at; whether they have color is not known then."
)

COMMAND = Command(
    name="pagetoll count",
    usage="[OPTION…] FILE…",
    summary="Counts what printing the files would use; - is standard input. Pages are those of the data, impressions "
    "and sheets include the copies and the two-sided printing that the data itself asks for. A file that cannot be "
    "counted does not keep the others; the exit status is 1 then.",
    rows=(
        Option("J", "json", "", "write one JSON object a file and line"),
        Option("p", "pages", "", "also list the pages, equal neighbors in one line"),
        Option("c", "coverage", "SPACE", "measure how much of each page is covered: cmyk, cmy, rgb, bw or gc"),
        Option("r", "resolution", "DPI", "draw pages at so many dots per inch to measure them (72)"),
        Option("C", "color", "", "look at all pages for color, however large the document is"),
        Option("n", "no-color", "", "look at no page for color; what the data states is still shown"),
        Option("e", "explain", "", "say in words how sure each number is and what was found"),
        Option(
            "R",
            "copies-rule",
            "RULE",
            "how copies of PJL and of the language combine: inner_wins (as most "
            "printers do, the default), max, product",
        ),
        Option("d", "trust-dsc", "", "believe PostScript comments: every octet was written by a filter"),
    ),
    remarks=(SMALL_ENOUGH,),
)
OPTIONS = COMMAND.options

HEAD = (
    marked("FILE"), marked("LANGUAGE"), marked("PAGES"), marked("COPIES"), marked("IMPRESSIONS"), marked("SHEETS"),
    marked("DUPLEX"), marked("COLOR"), marked("MEDIA"), marked("CONFIDENCE"), marked("FINDINGS"),
)  # fmt: skip
NUMBERS = frozenset(("PAGES", "COPIES", "IMPRESSIONS", "SHEETS", "COLOR"))


def main(arguments: list[str]) -> int:
    """1 when a file could not be counted, or not be measured where that was asked. Raises UsageError."""
    parsed = parse_or_show(COMMAND, arguments)
    if parsed is None:
        return 0
    if not parsed.words:
        raise UsageError(
            _("name the files to count, or - for standard input; see: {name} --help").format(name=COMMAND.name)
        )
    tolerant_output()
    wish = wish_of(parsed)
    failed = False
    answers = []
    with Progress(sum(map(_octets, parsed.words))) as progress:
        for answer in count_all(open_all(parsed.words), wish):
            failed |= answer.usage is None or ("coverage" in parsed and coverage_error(answer.usage) is not None)
            progress.advance(_octets(answer.name))
            if "json" in parsed:
                progress.wipe()
                channels = SPACES.get(parsed.text("coverage") or "", ())
                say(json.dumps(as_json(answer, pages="pages" in parsed, channels=channels)))
                sys.stdout.flush()
            else:
                answers.append(answer)
    show(answers, parsed)
    return int(failed)


def wish_of(parsed: Parsed) -> Wish:
    """How to count. Raises UsageError for options that contradict each other or are out of range."""
    space = parsed.text("coverage")
    if space is not None and space not in SPACES:
        raise UsageError(
            _("{space!r} is no color space; --coverage takes {spaces}").format(space=space, spaces=", ".join(SPACES))
        )
    if "no-color" in parsed and (space is not None or "color" in parsed):
        raise UsageError(_("--no-color does not go together with --color and --coverage; give one of them"))
    text = parsed.text("resolution") or "72"
    if not text.isdecimal() or not RESOLUTION_DPI[0] <= int(text) <= RESOLUTION_DPI[1]:
        raise UsageError(
            _("{text!r} is no resolution; --resolution takes {least} to {most}").format(
                text=text, least=RESOLUTION_DPI[0], most=RESOLUTION_DPI[1]
            )
        )
    wish = Wish("trust-dsc" in parsed, copies_rule=_copies_rule(parsed.text("copies-rule") or "inner_wins"))
    if "no-color" in parsed:
        return wish
    if space is not None or "color" in parsed:
        return replace(wish, look=PageLook(space, int(text)))
    return replace(wish, look=PageLook(most_pages=LOOKED_AT_PAGES), looked_at_octets=LOOKED_AT_OCTETS)


def _copies_rule(text: str) -> CopiesRule:
    try:
        return CopiesRule(text)
    except ValueError as error:
        raise UsageError(
            _("{rule!r} is no rule for copies; --copies-rule takes {rules}").format(
                rule=text, rules=", ".join(CopiesRule)
            )
        ) from error


def _octets(name: str) -> int:
    """How much work a file is, for the progress bar only."""
    try:
        return 1 if name == STANDARD_INPUT else Path(name).stat().st_size
    except (OSError, ValueError):
        return 0


def show(answers: list[Answer], parsed: Parsed) -> None:
    """A table of what was counted, then what was asked for besides; complaints follow on stderr."""
    good = [(answer, row_of(answer)) for answer in answers if answer.usage is not None]
    channels = SPACES.get(parsed.text("coverage") or "", ())
    if good:
        names = tuple(f"{_(channel).upper()} %" for channel in channels)
        head = (*HEAD[:-2], *names, *HEAD[-2:])
        lines = [cells(row, _mean_cells(answer, channels)) for answer, row in good]
        sys.stdout.write(table(head, lines, right=NUMBERS | frozenset(names)))
    for answer, row in good:
        if "pages" in parsed:
            sys.stdout.write(f"\n{printable(row.file)}\n" + _page_table(answer, channels))
        if "explain" in parsed:
            sys.stdout.write("\n" + explanation(answer, row))
    sys.stdout.flush()
    for answer in answers:
        error = answer.error
        if answer.usage is not None and channels:
            error = coverage_error(answer.usage)
        if error is not None:
            sys.stderr.write(f"{COMMAND.name}: {printable(answer.name)}: {printable(error)}\n")


def cells(row: Counted, coverage: Iterable[str]) -> tuple[str, ...]:
    """The line of a table; ? stands for what is not known."""
    figures = (row.pages, row.copies, row.impressions, row.sheets)
    return (
        printable(row.file),
        row.language or "?",
        *("?" if figure is None else str(figure) for figure in figures),
        _(row.duplex or "?"),
        "?" if row.colour_pages is None else str(row.colour_pages),
        _media_cell(row.media),
        *coverage,
        row.confidence or "?",
        ", ".join(row.findings),
    )


def _media_cell(media: dict[str, int] | None) -> str:
    if not media:
        return "?"
    if len(media) == 1:
        return next(iter(media))
    return ", ".join(f"{count} {name}" for name, count in media.items())


def _mean_cells(answer: Answer, channels: tuple[str, ...]) -> tuple[str, ...]:
    mean = mean_coverage(answer.usage) if answer.usage is not None and channels else None
    return (
        tuple("?" for _channel in channels) if mean is None else tuple(figure(f"{percent(one):.4f}") for one in mean)
    )


def _page_table(answer: Answer, channels: tuple[str, ...]) -> str:
    assert answer.usage is not None
    names = tuple(f"{_(channel).upper()} %" for channel in channels)
    lines = []
    for alike in page_runs(answer.usage):
        inks = tuple("?" for _channel in channels)
        if channels and alike.coverage is not None:
            inks = tuple(figure(f"{percent(one):.4f}") for one in alike.coverage.millionths)
        lines.append(
            (
                str(alike.first) if alike.first == alike.last else f"{alike.first}-{alike.last}",
                str(alike.run.copies),
                _(str(alike.run.duplex)),
                str(alike.run.color),
                paper(alike.run.media_points) or "?",
                *inks,
            )
        )
    return table(
        (marked("PAGE"), "COPIES", "DUPLEX", "COLOR", "MEDIA", *names), lines, right=frozenset(("COPIES", *names))
    )

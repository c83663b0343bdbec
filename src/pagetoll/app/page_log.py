# SPDX-License-Identifier: Apache-2.0
"""Imports page_log files: one or several of one server, in the order of their times, each line counted once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from pagetoll.app.logged_jobs import LoggedJobs
from pagetoll.core.logged_jobs import LARGEST_JOB_IMPRESSIONS, PageLine
from pagetoll.wire.page_log import Format

LINES_LOOKED_AT = 100  # for a file's first time
NUMBERS_KEPT = 20

#: The lines of a file, with their numbers.
NumberedLines = Iterable[tuple[int, str]]


@dataclass(slots=True)
class OddLines:
    """Lines that are none of the log: how many, and the numbers of the first ones."""

    name: str
    count: int = 0
    numbers: list[int] = field(default_factory=list)

    def add(self, number: int) -> None:
        self.count += 1
        if len(self.numbers) < NUMBERS_KEPT:
            self.numbers.append(number)


def first_time(lines: NumberedLines, log_format: Format) -> datetime | None:
    """When a file begins, by its first lines; None where none of them is a line of the log."""
    for seen, (_number, text) in enumerate(lines):
        if seen == LINES_LOOKED_AT:
            break
        if (line := read_line(text, log_format)) is not None:
            return line.at
    return None


def read_line(text: str, log_format: Format) -> PageLine | None:
    """The line; None where it is odd: of another format, or of a job that nobody prints."""
    line = log_format.read(text)
    return line if line is not None and line.impressions <= LARGEST_JOB_IMPRESSIONS else None


def take_lines(jobs: LoggedJobs, lines: NumberedLines, log_format: Format, odd: OddLines) -> None:
    """Give a file's lines to `jobs`, which books them, and the numbers of the odd ones to `odd`. Empty ones are none.

    Raises what `LoggedJobs.take` raises, and what reading the lines raises.
    """
    for number, text in _filled(lines):
        line = read_line(text, log_format)
        if line is None:
            odd.add(number)
        else:
            jobs.take(line)


def _filled(lines: NumberedLines) -> Iterator[tuple[int, str]]:
    return ((number, text) for number, text in lines if text.strip())

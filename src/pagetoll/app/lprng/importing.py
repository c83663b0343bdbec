# SPDX-License-Identifier: Apache-2.0
"""Jobs of an old accounting file of lpd's, as lines of a log: `END` lines with their pages, `jobend` lines without.

What is booked of them is unverified, and nothing is booked twice (app.logged_jobs). A page counter's `start` and
`end` lines are left out: the END line has what they say.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from pagetoll.core.logged_jobs import LARGEST_JOB_IMPRESSIONS, PageLine
from pagetoll.core.lprng_records import Record, parse
from pagetoll.wire.lprng import number_of, seconds_of

LINE_CHARACTERS_MAX = 16_384
_NUMBER = re.compile(r"\+(\d{1,9})$")


def log_lines(lines: Iterable[str], queue: str) -> Iterator[PageLine]:
    """The jobs of the file's lines, in their order; `queue` is whose file it is, for lines that do not say."""
    ended: set[str] = set()
    for text in lines:
        record = parse(text[:LINE_CHARACTERS_MAX])
        if record is None:
            continue
        line = _of_end(record, queue) if record.word == "END" else _of_jobend(record, queue)
        if line is None:
            continue
        # lpd writes jobend beside the END line of a site's own program: the one with pages counts
        identifier = record.parts.get("A", "")
        if record.word == "END" and identifier:
            ended.add(identifier)
        elif identifier in ended:
            continue
        yield line


def _of_end(record: Record, queue: str) -> PageLine | None:
    seconds = number_of(record.parts.get("D", ""))
    pages = record.parts.get("p", "")
    impressions = number_of(pages) if pages.isdigit() else -1
    if not 0 <= impressions <= LARGEST_JOB_IMPRESSIONS:
        return None
    return _line(record, queue, seconds, impressions)


def _of_jobend(record: Record, queue: str) -> PageLine | None:
    if record.word != "jobend":
        return None
    return _line(record, queue, seconds_of(record.parts.get("t", "")), 0)


def _line(record: Record, queue: str, seconds: int, impressions: int) -> PageLine | None:
    """None where the line says no time or no user."""
    user = record.parts.get("n", "")
    if not user or not 0 < seconds < 1 << 34:
        return None
    found = _NUMBER.search(record.parts.get("A", ""))
    number = number_of(record.parts.get("j", "")) or (int(found[1]) if found else 0)
    at = datetime.fromtimestamp(seconds, UTC)
    # numbers come again every thousand jobs: with its time in the title no job is taken for a part of another
    title = record.parts.get("J", "") or record.parts.get("A", "")
    return PageLine(
        printer=record.parts.get("P", "") or queue,
        user=user,
        job_id=number,
        at=at,
        page=None,
        impressions=impressions,
        job_billing=record.parts.get("R", ""),
        host=record.parts.get("H", ""),
        job_name=f"{title} ({at:%Y-%m-%d %H:%M:%S})".lstrip(),
    )

# SPDX-License-Identifier: Apache-2.0
"""The history as a page_log of CUPS, one line a page: the 8 fields of CUPS 1.1, or the 11 of today (cupsd.conf(5),
PageLogFormat).

    printer user job-id [date] page copies billing host            and then   name media sides

A job's pages already contain its copies, which stand in each line all the same.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import IO

from pagetoll.core.dumps import Value
from pagetoll.frontends.pykota.dump_formats.cells import Section, plain
from pagetoll.wire.cups_options import parse_options

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def write_8_fields(sections: Iterable[Section], file: IO[str]) -> None:
    """Lines of 8 fields; the host may be missing."""
    for section in sections:
        for row in section.rows:
            job = dict(zip(section.columns, row, strict=True))
            _write_pages(job, file, _word(job["hostname"], ""))


def write_11_fields(sections: Iterable[Section], file: IO[str]) -> None:
    """Lines of 11 fields; what is missing is a dash. The name may have blanks, as in CUPS."""
    for section in sections:
        for row in section.rows:
            job = dict(zip(section.columns, row, strict=True))
            options = parse_options(str(job["options"] or ""))
            media, sides = (_word(options.get(name), "-") for name in ("media", "sides"))
            tail = " ".join((_word(job["hostname"], "-"), _word(job["title"], "-"), media, sides))
            _write_pages(job, file, tail)


def _write_pages(job: dict[str, Value], file: IO[str], tail: str) -> None:
    size, at = job["jobsize"], job["jobdate"]
    if not isinstance(size, int) or not isinstance(at, datetime):
        return
    head = f"{plain(job['printername'])} {plain(job['username'])} {plain(job['jobid'])} [{log_time(at)}]"
    code = _word(job["billingcode"], "-")
    for page in range(1, size + 1):
        file.write(f"{head} {page} {job['copies']} {code} {tail}\n")


def log_time(at: datetime) -> str:
    """A local time with its zone, whose month is English in every language."""
    return f"{at.day:02}/{MONTHS[at.month - 1]}/{at.year:04}:{at:%H:%M:%S %z}"


def _word(value: Value, missing: str) -> str:
    return plain(value) if value else missing

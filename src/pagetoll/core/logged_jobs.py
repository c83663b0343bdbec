# SPDX-License-Identifier: Apache-2.0
"""Jobs that are known from a log only: its lines, and what of them is to be booked.

A spooler writes a line for each page, or one with the total for each attempt, or both. Totals add up over the
attempts of a job, so the job has marked as much as its largest total says, and where it has totals its page lines
are not added. What is booked of a job already is known as spans of time: the log is written in order, so a line that
lies in such a span was counted.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

#: Two lines of the same job number, user and title that lie further apart are of two jobs: numbers come again when
#: a spool is cleared.
SAME_JOB_WITHIN = timedelta(days=7)
#: A line that says more is none: far above what anybody prints at once.
LARGEST_JOB_IMPRESSIONS = 10_000_000


@dataclass(frozen=True, slots=True)
class PageLine:
    """One line: `page` is None where `impressions` is the job's total so far; `at` has its zone.

    What the log does not say is "".
    """

    printer: str
    user: str
    job_id: int
    at: datetime
    page: int | None
    impressions: int
    job_billing: str = ""
    host: str = ""
    job_name: str = ""
    media: str = ""
    sides: str = ""


@dataclass(frozen=True, slots=True)
class KnownRun:
    """What the ledger has of a job number: a span of its log, or an attempt that it counted by itself (`ours`)."""

    printer: str
    user: str
    job_name: str
    first_at: datetime
    last_at: datetime
    impressions: int
    created_s: int  # the job's time-at-creation in seconds since 1970, or what stands for it
    ours: bool = False
    of_total: bool = False


@dataclass(frozen=True, slots=True)
class LoggedRun:
    """What is to be booked: lines of one job on one printer, with the impressions that they add to the job's."""

    last: PageLine
    first_at: datetime
    impressions: int
    created_s: int
    of_total: bool
    lines: int

    def nonce(self, server: str) -> str:
        """32 hex digits that are the same each time this span of the server's log is read."""
        line = self.last
        told = (server, str(line.job_id), line.user, line.job_name, line.printer, self.first_at.isoformat())
        return hashlib.sha256("\0".join(told).encode("utf-8", "replace")).hexdigest()[:32]

    @property
    def media_sheets(self) -> int:
        """Sheets of paper, an odd one rounded up; the log does not say how many copies there were."""
        return -(-self.impressions // 2) if self.last.sides.startswith("two-sided") else self.impressions


def runs_of_job(lines: Iterable[PageLine], known: Iterable[KnownRun]) -> list[LoggedRun]:
    """What of these lines of one server and job number is not booked yet, in the order of time.

    Lines on a printer where the ledger counts the job by itself are left out.
    """
    known = sorted(known, key=lambda run: run.first_at)
    jobs = _jobs_of(known)
    for line in sorted(lines, key=lambda line: line.at):
        if any(_has(run, line) for run in known):
            continue
        # Lines of one second go together: each run needs a beginning of its own.
        job = next((job for job in jobs if job.at_once_with(line)), None)
        job = job or next((job for job in reversed(jobs) if job.may_have(line)), None)
        if job is None:
            job = _Job(line.user, line.job_name)
            jobs.append(job)
        job.lines.append(line)
    ours = [run for run in known if run.ours]
    return sorted((run for job in jobs for run in job.runs(ours)), key=lambda run: (run.last.at, run.first_at))


def _has(run: KnownRun, line: PageLine) -> bool:
    """Whether the line is counted by this run."""
    if run.printer != line.printer:
        return False
    return _near(run, line.at) if run.ours else run.first_at <= line.at <= run.last_at


def _near(run: KnownRun, at: datetime) -> bool:
    return run.first_at - SAME_JOB_WITHIN <= at <= run.last_at + SAME_JOB_WITHIN


class _Job:
    """The runs and new lines of one job, as far as it can be told from another with the same number."""

    def __init__(self, user: str, job_name: str) -> None:
        self.user, self.job_name = user, job_name
        self.known: list[KnownRun] = []
        self.lines: list[PageLine] = []

    def at_once_with(self, line: PageLine) -> bool:
        """Whether the job's last line is of the same instant."""
        return (
            bool(self.lines)
            and self.lines[-1].at == line.at
            and (line.user, line.job_name) == (self.user, self.job_name)
        )

    def may_have(self, line: PageLine) -> bool:
        """Whether the line can be of this job: a total that is smaller than one of an earlier second is another's."""
        if (line.user, line.job_name) != (self.user, self.job_name):
            return False
        near = any(_near(run, line.at) for run in self.known)
        near = near or (bool(self.lines) and line.at - self.lines[-1].at <= SAME_JOB_WITHIN)
        return near and not (line.page is None and line.impressions < self._total_before(line.at))

    def _total_before(self, at: datetime) -> int:
        booked = sum(run.impressions for run in self.known if run.of_total and run.last_at < at)
        seen = [line.impressions for line in self.lines if line.page is None and line.at < at]
        return max(booked, *seen) if seen else booked

    def runs(self, ours: Sequence[KnownRun]) -> list[LoggedRun]:
        if not self.lines:
            return []
        first_at = self.lines[0].at
        has_total = any(line.page is None for line in self.lines) or any(run.of_total for run in self.known)
        booked = sum(run.impressions for run in self.known)
        booked += sum(run.impressions for run in ours if _near(run, first_at))
        created_s = min([run.created_s for run in self.known] or [int(first_at.timestamp())])
        runs = []
        for part in _parts(self.lines):
            totals = [line.impressions for line in part if line.page is None]
            if totals:
                added = max(0, max(totals) - booked)
            else:
                added = 0 if has_total else sum(line.impressions for line in part)
            booked += added
            runs.append(LoggedRun(part[-1], part[0].at, added, created_s, bool(totals), len(part)))
        return runs


def _jobs_of(known: Sequence[KnownRun]) -> list[_Job]:
    """The jobs that the ledger knows from the log."""
    jobs: dict[tuple[str, str, int], _Job] = {}
    for run in known:
        if not run.ours:
            job = jobs.setdefault((run.user, run.job_name, run.created_s), _Job(run.user, run.job_name))
            job.known.append(run)
    return list(jobs.values())


def _parts(lines: Sequence[PageLine]) -> list[list[PageLine]]:
    """The lines cut where a total ends an attempt, and where the job went to another printer.

    Attempts of the same second are one: nothing tells them apart when they are read again.
    """
    parts: list[list[PageLine]] = []
    for line in lines:
        last = parts[-1][-1] if parts else None
        ended = last is None or last.printer != line.printer or (last.page is None and last.at != line.at)
        if ended:
            parts.append([])
        parts[-1].append(line)
    return parts

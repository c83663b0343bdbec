# SPDX-License-Identifier: Apache-2.0
"""Books jobs that nobody sent through us, from what their spooler says of them: lines of a log, or job events.

Nothing is checked or refused, and nothing was counted or measured by us: such jobs are marked as unverified. Users
and printers that the ledger does not know are recorded uncharged, or created where that is wanted.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta

from pagetoll.app.enrolment import enrol_seen
from pagetoll.app.printing.decide import HIDDEN
from pagetoll.app.printing.identify import name_in_books
from pagetoll.config.options import Settings
from pagetoll.core import charging
from pagetoll.core.charging import ChargeView, Plan
from pagetoll.core.identity import without_realm
from pagetoll.core.jobs import AttemptKey, ChargeRule, Identified, JobKey, Outcome, Ticket
from pagetoll.core.logged_jobs import KnownRun, LoggedRun, PageLine, runs_of_job
from pagetoll.core.pricing import FREE
from pagetoll.ports import AttemptFacts, Catalogue, Clock, Ledger, LoggedPosting, Note, Settlement

JOBS_AT_ONCE = 500  # booked in one transaction
JOBS_HELD_MAX = 4 * JOBS_AT_ONCE
SETTLE_S = 60
VIEWS_KEPT_MAX = 20_000


@dataclass(slots=True)
class Tally:
    """What became of the lines: `waiting` ones are too young, `ours` are of queues that are counted here.

    `runs` were booked now, `uncharged` of them to nobody; `impressions` were charged.
    """

    lines: int = 0
    waiting: int = 0
    ours: int = 0
    runs: int = 0
    uncharged: int = 0
    impressions: int = 0


@dataclass(frozen=True, slots=True)
class Enrolling:
    """That missing users, printers and entries are to be created: in this catalogue, by whom, by which words."""

    catalogue: Catalogue
    actor: str
    act: str


@dataclass(slots=True)
class LoggedJobs:
    """Takes what is said of the jobs of one `server`, and books it: the jobs in portions, in the order of their last
    line, and all that are left with `finish`.

    `managed` are the queues whose jobs are counted by ourselves. `settle_s`: a job whose last line is younger is left
    for the next time, since more may follow.
    """

    ledger: Ledger
    settings: Settings
    server: str
    clock: Clock
    source: str
    managed: Collection[str] = ()
    settle_s: float = SETTLE_S
    enrolling: Enrolling | None = None
    tally: Tally = field(default_factory=Tally)
    _held: dict[int, list[PageLine]] = field(default_factory=dict)
    _views: dict[tuple[str, str, str], ChargeView] = field(default_factory=dict)

    def take(self, line: PageLine) -> None:
        """One more line, later than those before it. Raises what `Ledger.import_runs` raises."""
        self.tally.lines += 1
        if line.printer in self.managed:
            self.tally.ours += 1
            return
        if self.settings.privacy:
            line = replace(line, job_name=HIDDEN)
        lines = self._held.pop(line.job_id, [])
        lines.append(line)
        self._held[line.job_id] = lines  # at the end now: the first ones are those that were silent longest
        if len(self._held) > JOBS_HELD_MAX:
            self._book(list(self._held)[:JOBS_AT_ONCE])

    def finish(self) -> Tally:
        """Book what is left and complete; returns what became of all lines."""
        young = self.clock() - timedelta(seconds=self.settle_s)
        for job_id, lines in list(self._held.items()):
            if lines[-1].at > young:
                self.tally.waiting += len(self._held.pop(job_id))
        while self._held:
            self._book(list(self._held)[:JOBS_AT_ONCE])
        return self.tally

    def _book(self, job_ids: Sequence[int]) -> None:
        held = {job_id: self._held.pop(job_id) for job_id in job_ids}
        self._look_up(line for lines in held.values() for line in lines)

        def planner(known: Mapping[int, Sequence[KnownRun]]) -> Sequence[LoggedPosting]:
            return [
                self._posting(run)
                for job_id, lines in held.items()
                for run in runs_of_job(lines, known.get(job_id, ()))
            ]

        booked = self.ledger.import_runs(self.server, job_ids, planner)
        self.tally.runs += len(booked)
        self.tally.uncharged += sum(not posting.plan.legs for posting in booked)
        self.tally.impressions += sum(posting.settlement.impressions for posting in booked)

    def _look_up(self, lines: Iterable[PageLine]) -> None:
        """Know each user on each printer; create what is missing, where that is wanted."""
        if len(self._views) > VIEWS_KEPT_MAX:
            self._views.clear()
        wanted = {self._place(line) for line in lines} - set(self._views)
        self._views |= {place: self._view(place) for place in wanted}
        missing = {place for place in wanted if charging.missing(self._views[place])}
        if self.enrolling is None or not missing:
            return
        seen = {(user, printer) for printer, user, _code in missing}
        enrol_seen(self.enrolling.catalogue, seen, self.enrolling.actor, self.enrolling.act)
        self._views |= {place: self._view(place) for place in missing}

    def _place(self, line: PageLine) -> tuple[str, str, str]:
        return line.printer, name_in_books(self.settings, without_realm(line.user)), line.job_billing

    def _view(self, place: tuple[str, str, str]) -> ChargeView:
        printer, user, code = place
        return self.ledger.charge_view(printer, user, self.settings.rules, self.settings.default_rule, code)

    def _posting(self, run: LoggedRun) -> LoggedPosting:
        line = run.last
        place = self._place(line)
        view = self._views[place]
        remark = charging.missing(view)
        plan = Plan(FREE, run.impressions, 0, (), ()) if remark else charging.plan(view, run.impressions)
        charged = run.impressions if plan.legs else 0
        settlement = Settlement(
            impressions=charged,
            media_sheets=run.media_sheets if charged else 0,
            price=plan.tariff.price(charged),
            rule=ChargeRule.LOGGED_TOTAL if run.of_total else ChargeRule.LOGGED_PAGES,
            outcome=Outcome.COMPLETED,
            reported_impressions=run.impressions,
            notes=(Note(line.at.astimezone(UTC), "logged", self._told(run)),),
        )
        if remark:
            remark = f"recorded uncharged: {remark}"
        return LoggedPosting(self._facts(run, view, place[1]), plan, settlement, remark, line.at.astimezone(UTC))

    def _told(self, run: LoggedRun) -> str:
        told = f"total {run.last.impressions}" if run.last.page is None else f"page {run.last.page}"
        return f"{self.source} of {self.server}; lines: {run.lines}, the last one says {told}"

    def _facts(self, run: LoggedRun, view: ChargeView, user_name: str) -> AttemptFacts:
        line = run.last
        said = {"job-billing": line.job_billing, "media": line.media, "sides": line.sides}
        return AttemptFacts(
            key=AttemptKey(JobKey(self.server, line.job_id, run.created_s), run.nonce(self.server)),
            ticket=Ticket(
                printer=line.printer,
                class_name="",
                job_originating_user_name=line.user,
                authenticated_user_name="",
                job_name=line.job_name,
                copies=1,
                options={name: value for name, value in said.items() if value},
                document_from_file=False,
                device_uri="",
                content_type="",
                final_content_type="",
                job_originating_host_name=line.host,
            ),
            identified=Identified.CLAIMED,
            user_name=user_name,
            user_id=view.user_id,
            printer_id=view.printer_id,
            boot_id="",
            received_at=run.first_at.astimezone(UTC),
            media_sheets=run.media_sheets,
        )

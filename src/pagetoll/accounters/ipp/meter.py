# SPDX-License-Identifier: Apache-2.0
"""A device's counters and state by IPP (RFC 8011; PWG 5100.13 and 5100.22 for the counters).

A printer with printer-impressions-completed is read like a counter. Any other has the counters of its jobs: the sum
of job-impressions-completed (and job-media-sheets-completed) of the jobs that came after the last one we knew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from pagetoll.accounters.ipp import supplies
from pagetoll.accounters.quirks import Treatment, treatment_of
from pagetoll.accounters.rest import Activity, RestWatch, Sample
from pagetoll.core.errors import DeviceRefused
from pagetoll.core.messages import _
from pagetoll.core.plain_text import plain
from pagetoll.core.readings import Reading
from pagetoll.ports.devices import DeviceIdentity, MeterLimits, Wait
from pagetoll.wire.ipp import ENDED, Content, PrinterState

Attributes = Mapping[str, Sequence[Content]]
PRINTER_ATTRIBUTES = (
    "printer-state",
    "printer-state-reasons",
    "printer-impressions-completed",
    "printer-media-sheets-completed",
    "printer-make-and-model",
    "printer-uuid",
    "printer-device-id",
    *supplies.ATTRIBUTES,
)
JOB_ATTRIBUTES = ("job-id", "job-state", "job-impressions-completed", "job-media-sheets-completed")
#: Reasons that stop a printer; those of others are told only (RFC 8011 §5.4.12).
STOPPING = (
    "media-empty",
    "media-needed",
    "media-jam",
    "door-open",
    "cover-open",
    "paused",
    "shutdown",
    "output-area-full",
    "input-tray-missing",
    "marker-supply-empty",
    "toner-empty",
)


class IppQuestions(Protocol):
    """A printer that can be asked. Raises DeviceError, ProtocolError."""

    @property
    def host(self) -> str: ...
    @property
    def address(self) -> str: ...
    def printer(self, requested: Sequence[str], /) -> Attributes: ...
    def jobs(self, requested: Sequence[str], /) -> Sequence[Attributes]:
        """All jobs that the printer still knows, finished ones too."""
        ...


@dataclass(slots=True)
class _Jobs:
    """The jobs of a printer without a counter, since the meter was made: what each has marked, at its most."""

    known_until: int | None = None
    impressions: dict[int, int] = field(default_factory=dict)
    media_sheets: dict[int, int] = field(default_factory=dict)


class IppMeter:
    """See `ports.DeviceMeter`."""

    def __init__(self, printer: IppQuestions, limits: MeterLimits) -> None:
        self._printer = printer
        self._limits = limits
        self._jobs = _Jobs()
        self._model = ""
        self._serial = ""

    def identity(self) -> DeviceIdentity:
        self._look()
        return DeviceIdentity(self._printer.address, self._serial, self._model, "ipp")

    def at_work(self) -> bool:
        return self._sample().activity is Activity.PRINTING

    def before(self, wait: Wait) -> Reading:
        return self._watch().before(wait)

    def after(self, before: Reading, wait: Wait) -> Reading:
        if before.last_job_id is not None:  # another meter may have read it
            self._jobs.known_until = before.last_job_id
        return self._watch().after(before, wait)

    @property
    def _treatment(self) -> Treatment:
        return treatment_of(self._model)

    def _watch(self) -> RestWatch:
        return RestWatch(self._sample, self._printer.host, self._limits, self._treatment.late_s)

    def _look(self) -> Attributes:
        found = self._printer.printer(PRINTER_ATTRIBUTES)
        self._model = _text(found, "printer-make-and-model") or self._model
        self._serial = _text(found, "printer-uuid") or self._serial
        return found

    def _sample(self) -> Sample:
        found = self._look()
        impressions, sheets = (
            _number(found, f"printer-{unit}-completed") for unit in ("impressions", "media-sheets")
        )
        at_work = False
        if impressions is None and sheets is None:
            impressions, sheets, at_work = self._count_jobs()
        state = _number(found, "printer-state")
        reasons = tuple(str(reason) for reason in found.get("printer-state-reasons", ()) if reason != "none")
        stopping = tuple(reason for reason in reasons if reason.removesuffix("-error").startswith(STOPPING))
        reading = Reading(
            at=datetime.now(UTC),
            impressions=impressions,
            media_sheets=sheets,
            source="ipp",
            serial=self._serial,
            model=self._model,
            last_job_id=self._jobs.known_until,
            state=_in_words(state, reasons, supplies.supplies_in_words(found)),
        )
        if state == PrinterState.STOPPED:
            return Sample(reading, Activity.STOPPED, stopping or reasons or (_("it is stopped"),))
        if state == PrinterState.PROCESSING or at_work:
            return Sample(reading, Activity.PRINTING, stopping)
        return Sample(reading, Activity.IDLE)

    def _count_jobs(self) -> tuple[int | None, int | None, bool]:
        """What the jobs since the first look have marked, and whether one of them is not over."""
        if not self._treatment.job_counts:
            said = _("{host} tells nothing of what it has marked; use another accounter for it")
            raise DeviceRefused(said.format(host=self._printer.host))
        rows = self._printer.jobs(JOB_ATTRIBUTES)
        numbers = [number for row in rows if (number := _number(row, "job-id")) is not None]
        if self._jobs.known_until is None:
            if any(_number(row, "job-state") not in ENDED for row in rows):
                return 0, None, True  # another job is on its way: it is waited for
            self._jobs.known_until = max(numbers, default=0)
        at_work, told_sheets = False, False
        for row in rows:
            number = _number(row, "job-id")
            if number is None or number <= self._jobs.known_until:
                continue
            at_work = at_work or _number(row, "job-state") not in ENDED
            sheets_told = _keep(self._jobs.media_sheets, number, _number(row, "job-media-sheets-completed"))
            told_sheets = told_sheets or sheets_told
            _keep(self._jobs.impressions, number, _number(row, "job-impressions-completed"))
        sheets = sum(self._jobs.media_sheets.values()) if told_sheets and self._jobs.media_sheets else None
        return sum(self._jobs.impressions.values()), sheets, at_work


def _keep(counts: dict[int, int], number: int, count: int | None) -> bool:
    """The largest count of a job; whether one was told."""
    if count is None:
        return False
    counts[number] = max(count, counts.get(number, 0))
    return True


def _in_words(state: int | None, reasons: Sequence[str], left: str) -> str:
    words = " ".join((PrinterState(state).name.lower() if state in set(PrinterState) else "unknown", *reasons))
    return f"{words}; {left}" if left else words


def _number(attributes: Attributes, name: str) -> int | None:
    value = next(iter(attributes.get(name, ())), None)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _text(attributes: Attributes, name: str) -> str:
    value = next(iter(attributes.get(name, ())), "")
    return plain(str(value))[:200]

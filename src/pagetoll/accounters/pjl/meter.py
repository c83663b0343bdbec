# SPDX-License-Identifier: Apache-2.0
"""A device's counter and state by PJL (INFO PAGECOUNT, INFO STATUS, INFO ID). While a job's connection is open many
printers answer nobody else: no answer is waited out like any other trouble.

Between two questions the printer may say unasked what it does (USTATUS): a page that comes out is work, whatever its
state says; its row in the quirks says which messages it knows. They are switched off with each connection's end."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from pagetoll.accounters.quirks import Treatment, treatment_of
from pagetoll.accounters.rest import Activity, RestWatch, Sample
from pagetoll.core.errors import DeviceError, DeviceRefused
from pagetoll.core.messages import _
from pagetoll.core.readings import Reading
from pagetoll.ports.devices import DeviceIdentity, MeterLimits, Wait
from pagetoll.wire.pjl_answers import PrinterState, reasons_of, state_name


class PjlQuestions(Protocol):
    """A printer that can be asked. Raises DeviceError."""

    @property
    def host(self) -> str: ...
    @property
    def address(self) -> str: ...
    def ask(self, answer_timeout_s: float, unasked: Sequence[str], /) -> PrinterState:
        """State, counter and model, with what `unasked` messages told since the last answer; with 0 the usual time is
        waited for an answer."""
        ...

    def listen(self, seconds: float, /) -> None:
        """Let time go by, and hear what it says unasked."""
        ...

    def hang_up(self) -> None:
        """Have it say nothing more, and leave it to others. Raises nothing."""
        ...


class PjlMeter:
    """See `ports.DeviceMeter`."""

    def __init__(self, printer: PjlQuestions, limits: MeterLimits) -> None:
        self._printer = printer
        self._limits = limits
        self._model = ""
        self._last: Reading | None = None

    def identity(self) -> DeviceIdentity:
        return DeviceIdentity(self._printer.address, model=self._model)

    def at_work(self) -> bool:
        return False  # a second connection would stand in the way of the job's own

    def before(self, wait: Wait) -> Reading:
        try:
            return self._watch().before(wait)
        finally:
            self._printer.hang_up()

    def after(self, before: Reading, wait: Wait) -> Reading:
        self._model = self._model or before.model
        try:
            return self._watch().after(before, wait)
        finally:
            self._printer.hang_up()

    @property
    def _treatment(self) -> Treatment:
        return treatment_of(self._model)

    def _watch(self) -> RestWatch:
        return RestWatch(
            self._sample, self._printer.host, self._limits, self._treatment.late_s, pause=self._printer.listen
        )

    def _sample(self) -> Sample:
        treatment = self._treatment
        try:
            # Who has not told its model yet may be one that knows no such messages.
            state = self._printer.ask(treatment.answer_timeout_s, treatment.ustatus if self._model else ())
        except DeviceError:
            if not treatment.silent_when_busy or self._last is None:
                raise
            return Sample(self._last, Activity.PRINTING)
        self._model = state.model or self._model
        if state.marker_life_count is None:
            said = _("{host} does not tell its page counter in PJL; use another accounter for it")
            raise DeviceRefused(said.format(host=self._printer.host))
        self._last = Reading(
            at=datetime.now(UTC),
            impressions=state.marker_life_count,
            media_sheets=None,
            source="pjl",
            model=self._model,
            state=state_name(state.code),
            wraps_at=treatment.wraps_at,
            stored_in_steps=treatment.stored_in_steps,
        )
        if state.is_printing:
            return Sample(self._last, Activity.PRINTING, under_way=state.under_way)
        if state.is_idle or state.code is None:
            activity = Activity.PRINTING if state.under_way else Activity.IDLE
            return Sample(self._last, activity, under_way=state.under_way)
        troubles = (state_name(state.code),)
        return Sample(self._last, Activity.STOPPED, troubles, reasons_of(state.code), state.under_way)

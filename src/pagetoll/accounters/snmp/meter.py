# SPDX-License-Identifier: Apache-2.0
"""A device's counters and state by SNMP (RFC 3805 prtMarkerLifeCount, RFC 2790 hrPrinterTable).

Which objects there are is found once, by walking: the printer's own row among the agent's devices, and its markers
with their units. Then one request asks for all of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from pagetoll.accounters.quirks import Treatment, treatment_of
from pagetoll.accounters.rest import Activity, RestWatch, Sample
from pagetoll.core.errors import DeviceRefused
from pagetoll.core.messages import _
from pagetoll.core.plain_text import one_line
from pagetoll.core.readings import Reading
from pagetoll.ports.devices import DeviceIdentity, MeterLimits, Wait
from pagetoll.wire import printer_mib as mib
from pagetoll.wire.printer_mib import CounterUnit, DeviceStatus, PrinterStatus
from pagetoll.wire.snmp import Binding, Oid, Value

COUNTER32 = 2**32
#: Counters from here on are none: no ledger could keep the sum of a few.
NUMBER_LIMIT = 10**18
TEXT_MOST = 200
NO_SERIALS = frozenset({"n/a", "none", "null", "unknown", "not set", "not available", "undefined"})


class SnmpQuestions(Protocol):
    """An agent that can be asked. Raises DeviceError."""

    @property
    def host(self) -> str: ...
    @property
    def address(self) -> str: ...
    def get(self, oids: tuple[Oid, ...], /) -> Mapping[Oid, Value | None]: ...
    def walk(self, root: Oid, /) -> Sequence[Binding]: ...


@dataclass(frozen=True, slots=True)
class Layout:
    """Which objects of an agent are the printer's."""

    counters: tuple[Oid, ...]
    unit: CounterUnit
    status: Oid
    device_status: Oid
    error_state: Oid
    serial: str
    model: str
    treatment: Treatment


class SnmpMeter:
    """See `ports.DeviceMeter`."""

    def __init__(self, agent: SnmpQuestions, limits: MeterLimits) -> None:
        self._agent = agent
        self._limits = limits
        self._found: Layout | None = None

    def identity(self) -> DeviceIdentity:
        layout = self._layout()
        return DeviceIdentity(self._agent.address, layout.serial, layout.model, "snmp")

    def at_work(self) -> bool:
        return self._sample().activity is Activity.PRINTING

    def before(self, wait: Wait) -> Reading:
        return self._watch().before(wait)

    def after(self, before: Reading, wait: Wait) -> Reading:
        return self._watch().after(before, wait)

    def _watch(self) -> RestWatch:
        late_s = treatment_of(self._found.model).late_s if self._found else 0.0
        return RestWatch(self._sample, self._agent.host, self._limits, late_s)

    def _layout(self) -> Layout:
        if self._found is None:
            self._found = find_layout(self._agent)
        return self._found

    def _sample(self) -> Sample:
        layout = self._layout()
        wanted = (*layout.counters, layout.status, layout.device_status, layout.error_state)
        values = self._agent.get(wanted)
        counts = [_number(values.get(oid)) for oid in layout.counters]
        if None in counts:
            raise DeviceRefused(
                _("{host} has no page counter any more; is it another device?").format(host=self._agent.host)
            )
        total = sum(count for count in counts if count is not None)
        in_sheets = layout.unit is CounterUnit.SHEETS
        status = _number(values.get(layout.status)) or PrinterStatus.UNKNOWN
        device = _number(values.get(layout.device_status)) or DeviceStatus.UNKNOWN
        errors = values.get(layout.error_state)
        bits = mib.error_bits(
            errors.content if errors is not None and isinstance(errors.content, bytes) else b"",
            self._limits.snmperrormask,
            reversed_in_octet=layout.treatment.error_bits_reversed,
        )
        reading = Reading(
            at=datetime.now(UTC),
            impressions=None if in_sheets else total,
            media_sheets=total if in_sheets else None,
            source="snmp",
            serial=layout.serial,
            model=layout.model,
            state=state_name(status, device),
            wraps_at=layout.treatment.wraps_at or COUNTER32,
            stored_in_steps=layout.treatment.stored_in_steps,
        )
        names, reasons = tuple(bit.name for bit in bits), tuple(bit.reason for bit in bits)
        return Sample(reading, activity_of(status, device, layout.treatment), names, reasons)


def activity_of(status: int, device: int, treatment: Treatment) -> Activity:
    """What a printer does that says so (RFC 3805 §2.2.13.2: other with a device that runs is standby)."""
    if status in (PrinterStatus.PRINTING, PrinterStatus.WARMUP):
        return Activity.PRINTING
    if status == PrinterStatus.IDLE:
        return Activity.STOPPED if device == DeviceStatus.DOWN else Activity.IDLE
    usable = device in (DeviceStatus.RUNNING, DeviceStatus.WARNING)
    if status == PrinterStatus.OTHER and usable and treatment.other_is_idle:
        return Activity.IDLE
    # an agent without any state: its counter has to tell
    if status == PrinterStatus.UNKNOWN and device != DeviceStatus.DOWN:
        return Activity.IDLE
    return Activity.STOPPED


def state_name(status: int, device: int) -> str:
    """Both states as words."""
    printer = PrinterStatus(status).name.lower() if status in set(PrinterStatus) else str(status)
    machine = DeviceStatus(device).name.lower() if device in set(DeviceStatus) else str(device)
    return f"printer {printer}, device {machine}"


def find_layout(agent: SnmpQuestions) -> Layout:
    """Look at everything the agent has of a printer. Raises DeviceRefused where nothing counts pages."""
    states = [one.oid for one in agent.walk(mib.HR_PRINTER_STATUS)]
    index = states[0][len(mib.HR_PRINTER_STATUS) :] if states else (mib.FIRST_DEVICE,)
    description = (*mib.HR_DEVICE_DESCR, *index)
    texts = agent.get((mib.SYS_DESCR, description))
    model = " ".join(filter(None, (_text(texts.get(description)), _text(texts.get(mib.SYS_DESCR)))))[:TEXT_MOST]
    treatment = treatment_of(model)
    counters, unit = _counters(agent, treatment)
    if not counters:
        said = _("the SNMP agent of {host} has no counter of impressions or sheets; use another accounter for it")
        raise DeviceRefused(said.format(host=agent.host))
    serials = [_text(one.value) for one in agent.walk(mib.PRT_GENERAL_SERIAL_NUMBER)]
    return Layout(
        counters=counters,
        unit=unit,
        status=(*mib.HR_PRINTER_STATUS, *index),
        device_status=(*mib.HR_DEVICE_STATUS, *index),
        error_state=(*mib.HR_PRINTER_DETECTED_ERROR_STATE, *index),
        serial=next(filter(_is_serial, serials), ""),
        model=model,
        treatment=treatment,
    )


def _counters(agent: SnmpQuestions, treatment: Treatment) -> tuple[tuple[Oid, ...], CounterUnit]:
    """The objects whose sum is the printer's counter, and what they count."""
    sheets_said = CounterUnit.SHEETS if treatment.unit_sheets else None
    if treatment.counters:
        known = agent.get(treatment.counters)
        if all(_number(known.get(oid)) is not None for oid in treatment.counters):
            return treatment.counters, sheets_said or CounterUnit.IMPRESSIONS
    rows = [one.oid for one in agent.walk(mib.PRT_MARKER_LIFE_COUNT) if _number(one.value) is not None]
    units = {
        one.oid[len(mib.PRT_MARKER_COUNTER_UNIT) :]: _number(one.value)
        for one in agent.walk(mib.PRT_MARKER_COUNTER_UNIT)
    }
    if not rows:  # some agents can be asked by name only
        first = (*mib.PRT_MARKER_LIFE_COUNT, *mib.FIRST_MARKER)
        rows = [first] if _number(agent.get((first,)).get(first)) is not None else []
    by_unit: dict[CounterUnit, list[Oid]] = {CounterUnit.IMPRESSIONS: [], CounterUnit.SHEETS: []}
    for oid in rows:
        unit = units.get(oid[len(mib.PRT_MARKER_LIFE_COUNT) :])
        if unit == CounterUnit.SHEETS:
            by_unit[CounterUnit.SHEETS].append(oid)
        elif unit in (None, 0, CounterUnit.OTHER, CounterUnit.UNKNOWN, CounterUnit.IMPRESSIONS):
            by_unit[CounterUnit.IMPRESSIONS].append(oid)
    for unit_found, found in by_unit.items():
        if found:
            chosen = tuple(found) if treatment.all_markers else (found[0],)
            return chosen, sheets_said or unit_found
    return (), CounterUnit.UNKNOWN


def _number(value: Value | None) -> int | None:
    number = value.number if value is not None else None
    return number if number is not None and 0 <= number < NUMBER_LIMIT else None


def _is_serial(text: str) -> bool:
    """Whether it tells one machine from others: not what a board says that was never given a number."""
    return len({*text} - {*" -./"}) > 1 and text.lower() not in NO_SERIALS


def _text(value: Value | None) -> str:
    content = value.content if value is not None else None
    if not isinstance(content, bytes):
        return ""
    text = content.decode("utf-8", "replace")
    return one_line(text)[:TEXT_MOST]

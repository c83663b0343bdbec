# SPDX-License-Identifier: Apache-2.0
"""Meters read real laboratory printers over the network: what they mark, and what they wait for."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from pagetoll.accounters.command.meter import first_number
from pagetoll.accounters.pjl.meter import PjlMeter
from pagetoll.accounters.snmp.meter import SnmpMeter
from pagetoll.core.errors import DeviceRefused, DeviceTimeout
from pagetoll.core.readings import Expected, difference
from pagetoll.integrations import pjl_client, snmp_client
from pagetoll.integrations.pjl_client import PjlPrinter
from pagetoll.integrations.printlab.engine import EngineHabits, PrintEngine
from pagetoll.integrations.printlab.processes import wait_until
from pagetoll.integrations.printlab.snmp_agent import AgentFaults, SnmpAgent
from pagetoll.integrations.snmp_client import Agent
from pagetoll.ports import Interrupted
from pagetoll.ports.devices import DeviceMeter, MeterLimits
from pagetoll.wire import printer_mib as mib
from pagetoll.wire.snmp import Kind, Oid, Value, Version

QUICK = MeterLimits(
    noprintingmaxdelay_s=1.5, statusstabilizationloops=2, statusstabilizationdelay_s=0.1, measure_max_s=20
)


@dataclass
class Waiter:
    """Whoever waits for a device; `gives_up_at` is a line at which it does, `hears` one at which it mends it."""

    expected_impressions: int | None = None
    gives_up_at: str = "never"
    lines: list[str] = field(default_factory=list)
    hears: str = "never"
    then: Callable[[], None] = lambda: None  # what is done about the first line with these words

    def say(self, line: str) -> None:
        is_first = self.hears in line and not any(self.hears in known for known in self.lines)
        self.lines.append(line)
        if is_first:
            self.then()

    def interrupted(self) -> bool:
        return any(self.gives_up_at in line for line in self.lines)

    def variables(self) -> dict[str, str]:
        return {"PYKOTAJOBID": "7"}


@contextmanager
def agent_of(engine: PrintEngine, model: str = "Laboratory printer", **options: object) -> Iterator[SnmpAgent]:
    objects = engine.objects(model)
    with SnmpAgent(objects, awake=lambda: engine.powered, **options) as agent:  # type: ignore[arg-type]
        yield agent


def snmp_meter(agent: SnmpAgent, limits: MeterLimits = QUICK, version: Version = Version.V1) -> SnmpMeter:
    asked = Agent(agent.address, agent.port, version=version, timeout_s=2.0, tries=2)
    return SnmpMeter(snmp_client.AgentQuestions(asked), limits)


def pjl_meter(engine: PrintEngine, limits: MeterLimits = QUICK, *, ustatus: bool = True) -> PjlMeter:
    printer = PjlPrinter(engine.address, engine.port, answer_timeout_s=1.0, ustatus=ustatus)
    return PjlMeter(pjl_client.PrinterQuestions(printer), limits)


def send(engine: PrintEngine, impressions: int) -> None:
    with socket.create_connection((engine.address, engine.port)) as talk:
        talk.sendall(b"%!PS\n" + b"showpage\n" * impressions)


def power_comes_back(engine: PrintEngine) -> None:
    """Somebody switches it on half a second after its power was lost."""

    def wait() -> None:
        wait_until(lambda: not engine.powered, 60, "its power is gone")
        time.sleep(0.5)
        engine.switch_on()

    threading.Thread(target=wait, daemon=True).start()


def measured(meter: DeviceMeter, engine: PrintEngine, impressions: int, sheets: int = 0) -> tuple[int, str]:
    """Print, and what the meter makes of it."""
    before = meter.before(Waiter())
    send(engine, impressions)
    after = meter.after(before, Waiter(impressions))
    found = difference(before, after, Expected(impressions, sheets or impressions))
    return found.impressions, found.trouble


@pytest.mark.parametrize("version", [Version.V1, Version.V2C])
def test_what_a_printer_marks_is_what_snmp_says(version: Version) -> None:
    with PrintEngine() as engine, agent_of(engine) as agent:
        assert measured(snmp_meter(agent, version=version), engine, 7) == (7, "")


@pytest.mark.parametrize(
    "habits",
    [
        EngineHabits(late_counter_s=0.6),
        EngineHabits(warm_up_s=0.5),
        EngineHabits(idle_while_printing=True, late_counter_s=0.3),
        EngineHabits(counts_sheets=True),
        EngineHabits(sleeps_as_other=True),
    ],
    ids=["late", "warms up", "lies", "sheets", "sleeps"],
)
def test_the_habits_of_printers_change_nothing(habits: EngineHabits) -> None:
    with PrintEngine(habits=habits) as engine, agent_of(engine) as agent:
        sheets = 3 if habits.counts_sheets else 6
        assert measured(snmp_meter(agent), engine, 6, sheets) == (6, "")


@pytest.mark.parametrize(
    ("habits", "trouble"),
    [
        (EngineHabits(jumps_by=5000), "jumped by 5004"),
        (EngineHabits(stands_still=True, impression_s=0.1), "stood still"),
    ],
    ids=["jumps", "stands still"],
)
def test_an_impossible_reading_is_told_and_not_used(habits: EngineHabits, trouble: str) -> None:
    with PrintEngine(habits=habits) as engine, agent_of(engine) as agent:
        impressions, said = measured(snmp_meter(agent), engine, 4)
        assert impressions == 0
        assert trouble in said


def test_a_counter_that_was_reset_is_an_impossible_reading() -> None:
    with PrintEngine() as engine, agent_of(engine) as agent:
        meter = snmp_meter(agent)
        before = meter.before(Waiter())
        engine.forget_counter()
        after = meter.after(before, Waiter(0))
        assert "went back by 1000" in difference(before, after, Expected(0, 0)).trouble


@pytest.mark.parametrize(
    ("habits", "said", "reason"),
    [
        (EngineHabits(jams_after=2), "jam", "media-jam"),
        (EngineHabits(out_of_paper_after=2), "no paper", "media-empty"),
    ],
)
def test_a_stop_in_the_middle_is_said_and_waited_out(habits: EngineHabits, said: str, reason: str) -> None:
    with PrintEngine(habits=habits) as engine, agent_of(engine) as agent:
        meter, waiter = snmp_meter(agent), Waiter(5, hears="STATE: +", then=engine.clear)
        before = meter.before(Waiter())
        send(engine, 5)
        after = meter.after(before, waiter)
        assert difference(before, after, Expected(5, 5)).impressions == engine.marked == 5
        assert any(line.startswith("INFO: Waiting") and said in line for line in waiter.lines)
        states = [line for line in waiter.lines if line.startswith("STATE")]
        assert states == [f"STATE: +{reason}", f"STATE: -{reason}"]


@pytest.mark.parametrize(("delay_s", "impressions"), [(0.3, 0), (0, 3)], ids=["0.3 s", "for ever"])
def test_a_device_that_does_not_begin_is_waited_for_as_long_as_the_site_says(
    delay_s: float, impressions: int
) -> None:
    with PrintEngine() as engine, agent_of(engine) as agent:
        meter = snmp_meter(agent, replace(QUICK, noprintingmaxdelay_s=delay_s))
        before = meter.before(Waiter())
        late = threading.Timer(1.5, send, (engine, 3))
        if not delay_s:
            late.start()
        after = meter.after(before, Waiter(3))
    assert difference(before, after, Expected(3, 3)).impressions == impressions


def test_a_masked_error_does_not_keep_anybody_waiting() -> None:
    with PrintEngine() as engine, agent_of(engine) as agent:
        agent.objects[*mib.HR_PRINTER_DETECTED_ERROR_STATE, 1] = Value(Kind.OCTET_STRING, b"\x40")  # no paper
        unmasked = MeterLimits(0.5, 1, 0.1, False, 0x4FCC, 1.0)
        with pytest.raises(DeviceTimeout, match="no paper"):
            snmp_meter(agent, unmasked).before(Waiter())
        masked = MeterLimits(0.5, 1, 0.1, False, 0x0FCC, 60.0)
        assert snmp_meter(agent, masked).before(Waiter()).impressions == 1000


def test_pages_lost_with_the_power_are_not_counted() -> None:
    with PrintEngine(habits=EngineHabits(power_lost_after=3)) as engine, agent_of(engine) as agent:
        meter = snmp_meter(agent)
        before = meter.before(Waiter())
        send(engine, 8)
        power_comes_back(engine)
        after = meter.after(before, Waiter(8))
        assert difference(before, after, Expected(8, 8)).impressions == engine.marked == 3


def test_a_device_that_never_comes_to_rest_is_given_up_in_time() -> None:
    with PrintEngine(habits=EngineHabits(jams_after=1)) as engine, agent_of(engine) as agent:
        meter = snmp_meter(agent, MeterLimits(1.0, 2, 0.1, False, 0x4FCC, 1.0))
        before = meter.before(Waiter())
        send(engine, 3)
        with pytest.raises(DeviceTimeout, match="jammed"):
            meter.after(before, Waiter(3))


def test_whoever_waits_can_give_up() -> None:
    with PrintEngine(habits=EngineHabits(jams_after=0)) as engine, agent_of(engine) as agent:
        meter = snmp_meter(agent)
        before = meter.before(Waiter())
        send(engine, 3)
        with pytest.raises(Interrupted):
            meter.after(before, Waiter(3, gives_up_at="jammed"))


@pytest.mark.parametrize(("skip", "answers"), [(True, 1), (False, 3)])
def test_one_idle_answer_is_enough_before_a_job_where_the_site_says_so(skip: bool, answers: int) -> None:
    asked: list[tuple[Oid, ...]] = []

    class Overheard(snmp_client.AgentQuestions):
        def get(self, oids: tuple[Oid, ...]) -> dict[Oid, Value | None]:
            asked.append(oids)
            return super().get(oids)

    with PrintEngine() as engine, agent_of(engine) as agent:
        meter = SnmpMeter(Overheard(Agent(agent.address, agent.port)), MeterLimits(1.0, 3, 0.1, skip))
        meter.identity()
        asked.clear()
        meter.before(Waiter())
        assert len(asked) == answers


def test_nothing_is_waited_for_that_was_not_handed_over() -> None:
    with PrintEngine() as engine, agent_of(engine) as agent:
        meter = snmp_meter(
            agent, MeterLimits(noprintingmaxdelay_s=0, statusstabilizationdelay_s=0.1, measure_max_s=9)
        )
        before = meter.before(Waiter())
        after = meter.after(before, Waiter(0))
        assert (after.impressions, after.moved) == (1000, False)


@pytest.mark.parametrize(
    ("units", "counts", "impressions"),
    [
        ({}, {(1, 1): 5}, 5),
        ({(1, 1): 7}, {(1, 1): 5}, 5),
        ({(1, 1): 3, (1, 2): 7}, {(1, 1): 9000, (1, 2): 6}, 6),
        ({(2, 1): 7}, {(2, 1): 8}, 8),
        ({(1, 1): 8, (1, 2): 7}, {(1, 1): 4, (1, 2): 8}, 8),
    ],
)
def test_the_counter_is_found_among_all_markers(
    units: dict[tuple[int, int], int], counts: dict[tuple[int, int], int], impressions: int
) -> None:
    objects = {(*mib.PRT_MARKER_COUNTER_UNIT, *place): Value(Kind.INTEGER, unit) for place, unit in units.items()}
    objects |= {(*mib.PRT_MARKER_LIFE_COUNT, *place): Value(Kind.COUNTER32, n) for place, n in counts.items()}
    with SnmpAgent(objects) as agent:
        assert snmp_meter(agent).before(Waiter()).impressions == impressions


@pytest.mark.parametrize("faults", [AgentFaults(backward=True), AgentFaults(one_at_a_time=True), AgentFaults(lost=1)])
def test_agents_that_cannot_be_walked_or_lose_something_are_read_all_the_same(faults: AgentFaults) -> None:
    with PrintEngine() as engine, agent_of(engine, faults=faults) as agent:
        assert snmp_meter(agent).before(Waiter()).impressions == 1000


def test_a_device_without_a_page_counter_is_refused_by_name() -> None:
    objects = {(*mib.PRT_MARKER_COUNTER_UNIT, 1, 1): Value(Kind.INTEGER, 11), (*mib.PRT_MARKER_LIFE_COUNT, 1, 1): 5}
    with SnmpAgent(objects) as agent, pytest.raises(DeviceRefused, match="no counter of impressions or sheets"):
        snmp_meter(agent).identity()


@pytest.mark.parametrize("number", [2**63, 2**64 - 1])
def test_a_counter_that_no_ledger_could_keep_is_none(number: int) -> None:
    objects = {(*mib.PRT_MARKER_LIFE_COUNT, 1, 1): Value(Kind.COUNTER64, number)}
    with SnmpAgent(objects) as agent, pytest.raises(DeviceRefused, match="no counter of impressions or sheets"):
        snmp_meter(agent).before(Waiter())


@pytest.mark.parametrize(
    ("told", "serial"),
    [("CNBK123", "CNBK123"), ("0000000000", ""), ("XXXXXXXXXX", ""), ("", ""), (" N/A ", ""), ("--", "")],
)
def test_a_serial_number_that_all_boards_have_is_none(told: str, serial: str) -> None:
    with PrintEngine() as engine, SnmpAgent(engine.objects(serial=told)) as agent:
        assert snmp_meter(agent).identity().serial == serial


def test_a_machine_is_known_by_address_serial_number_and_model() -> None:
    with PrintEngine() as engine, agent_of(engine, "HP LaserJet 4050") as agent:
        known = snmp_meter(agent).identity()
        assert (known.address, known.serial, known.model) == (
            "127.0.0.1",
            "LAB1",
            "HP LaserJet 4050 HP LaserJet 4050",
        )


@pytest.mark.parametrize(
    ("output", "number"),
    [
        (["12345"], 12345),
        (["pages: 77 of 90"], 77),
        (["v1.2", "3.4", "counter 5"], 5),
        (["nothing"], None),
        ([], None),
        (["9" * 50], None),
    ],
)
def test_the_first_whole_number_of_a_command_is_the_counter(output: list[str], number: int | None) -> None:
    assert first_number(output) == number

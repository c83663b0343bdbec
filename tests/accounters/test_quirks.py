# SPDX-License-Identifier: Apache-2.0
"""Each row of the quirks, with the switch of the laboratory's printers that behaves like the device."""

import re
from dataclasses import replace

import pytest

from accounters.test_meters import QUICK, Waiter, agent_of, measured, pjl_meter, power_comes_back, send, snmp_meter
from pagetoll.accounters.ipp.meter import IppMeter
from pagetoll.accounters.quirks import QUIRKS, Quirk, Treatment, treatment_of
from pagetoll.core.errors import DeviceRefused, DeviceTimeout
from pagetoll.core.readings import Expected, difference
from pagetoll.integrations.printlab.engine import EngineHabits, PrintEngine
from pagetoll.wire import printer_mib as mib
from pagetoll.wire.snmp import Kind, Value

#: A model that each row is about, in the order of the rows.
MODELS = (
    "HP LaserJet 4000",
    "HP LaserJet 8100",
    "HP LaserJet 4050",
    "HP Color LaserJet 4500",
    "HP Color LaserJet 4550",
    "ECOSYS P3155dn",
    "KYOCERA TASKalfa 2500ci",
    "Xerox(R) C315 Color MFP",
    "HPE NonStop host resources",
    "Canon, varioPRINT 6250",
    "HP LaserJet 4 ",
    "HP Color LaserJet 4550",
    "HP Color LaserJet 3500",
    "Xerox ColorQube 8870DN",
    "EVOLIS Primacy 2",
    "HP LaserJet 4250",
)


def test_there_are_enough_rows_and_each_says_where_it_is_known_from() -> None:
    assert len(QUIRKS) >= 15
    assert len(MODELS) == len(QUIRKS)
    for row in QUIRKS:
        assert row.source.startswith("https://")
        assert row.behaviour[0].islower()
        assert row.behaviour[-1] != "."


@pytest.mark.parametrize(("row", "model"), zip(QUIRKS, MODELS, strict=True), ids=MODELS)
def test_a_row_fits_its_model_and_says_what_is_done(row: Quirk, model: str) -> None:
    assert re.search(row.models, model, re.IGNORECASE)
    treated = treatment_of(model)
    for name in Treatment.__dataclass_fields__:
        said = getattr(row.treatment, name)
        if said != getattr(Treatment(), name):
            assert getattr(treated, name) == said


def test_any_other_model_is_treated_as_usual() -> None:
    assert treatment_of("Laboratory printer") == Treatment()
    assert treatment_of("") == Treatment()


def counted(model: str, habits: EngineHabits, impressions: int, life_count: int = 1000) -> tuple[int, str]:
    with PrintEngine(habits=habits, life_count=life_count) as engine, agent_of(engine, model) as agent:
        return measured(snmp_meter(agent), engine, impressions)


def test_marks_lost_with_the_power_are_made_up_for() -> None:
    """Stored every ten impressions."""
    found = {}
    for model in ("HP LaserJet 4000", "Laboratory printer"):
        habits = EngineHabits(stored_in_steps=10, power_lost_after=0)
        with PrintEngine(habits=habits, life_count=1009) as engine, agent_of(engine, model) as agent:
            meter = snmp_meter(agent)
            before = meter.before(Waiter())
            send(engine, 5)
            power_comes_back(engine)
            after = meter.after(before, Waiter(5))
            found[model] = difference(before, after, Expected(5, 5, ended_well=False))
    assert found["HP LaserJet 4000"].impressions == 1  # what it forgot is not the job's to gain by more than a step
    assert "went back by 9" in found["Laboratory printer"].trouble


@pytest.mark.parametrize(
    ("model", "wraps_at"),
    [
        ("HP LaserJet 8100", 1_000_000),
        ("HP LaserJet 4050", 2**24),
        ("HP Color LaserJet 4500", 2**24),
        ("Laboratory printer", 2**32),
    ],
)
def test_a_counter_that_starts_again_goes_on(model: str, wraps_at: int) -> None:
    assert counted(model, EngineHabits(wraps_at=wraps_at), 6, wraps_at - 3) == (6, "")


def test_a_counter_that_starts_again_without_a_row_is_set_aside() -> None:
    _impressions, trouble = counted("Laboratory printer", EngineHabits(wraps_at=1_000_000), 6, 999_997)
    assert "went back" in trouble


@pytest.mark.parametrize(("model", "ready"), [("HP Color LaserJet 4550", False), ("Laboratory printer", True)])
def test_other_means_trouble_for_some_and_sleep_for_most(model: str, ready: bool) -> None:
    with PrintEngine(habits=EngineHabits(sleeps_as_other=True)) as engine, agent_of(engine, model) as agent:
        meter = snmp_meter(agent, QUICK if ready else replace(QUICK, measure_max_s=0.5))
        if ready:
            assert meter.before(Waiter()).impressions == 1000
        else:
            with pytest.raises(DeviceTimeout):
                meter.before(Waiter())


def test_private_counters_are_added_up() -> None:
    (row,) = [row for row in QUIRKS if row.treatment.counters]
    with PrintEngine() as engine, agent_of(engine, "ECOSYS P3155dn") as agent:
        first, second = row.treatment.counters
        agent.objects[first] = lambda: Value(Kind.COUNTER32, 500 + engine.marked // 2)
        agent.objects[second] = lambda: Value(Kind.COUNTER32, 700 + engine.marked - engine.marked // 2)
        agent.objects[*mib.PRT_MARKER_LIFE_COUNT, 1, 1] = 3
        assert measured(snmp_meter(agent), engine, 5) == (5, "")


@pytest.mark.parametrize(("model", "impressions"), [("KYOCERA TASKalfa 2500ci", 6), ("Laboratory printer", 3)])
def test_markers_of_one_device_are_added_up_where_each_has_a_part(model: str, impressions: int) -> None:
    with PrintEngine(habits=EngineHabits(markers=2)) as engine, agent_of(engine, model) as agent:
        meter = snmp_meter(agent)
        before = meter.before(Waiter())
        send(engine, 6)
        after = meter.after(before, Waiter(impressions))
        assert difference(before, after, Expected(6, 6)).impressions == impressions


def test_a_makers_own_objects_are_not_asked_where_they_are_behind() -> None:
    with PrintEngine() as engine, agent_of(engine, "Xerox(R) C315 Color MFP") as agent:
        agent.objects[1, 3, 6, 1, 4, 1, 253, 1, 0] = lambda: Value(Kind.COUNTER32, max(engine.life_count - 4, 0))
        assert measured(snmp_meter(agent), engine, 5) == (5, "")


@pytest.mark.parametrize(
    ("model", "octet", "said"),
    [
        ("HPE NonStop host resources", b"\x02", "no paper"),
        ("HPE NonStop host resources", b"\x40", "offline"),
        ("Laboratory printer", b"\x40", "no paper"),
        ("Laboratory printer", b"\x02", "offline"),
    ],
)
def test_error_bits_are_counted_from_the_side_that_the_agent_counts_from(model: str, octet: bytes, said: str) -> None:
    with PrintEngine() as engine, agent_of(engine, model) as agent:
        agent.objects[*mib.HR_PRINTER_DETECTED_ERROR_STATE, 1] = Value(Kind.OCTET_STRING, octet)
        with pytest.raises(DeviceTimeout, match=said):
            snmp_meter(agent, replace(QUICK, measure_max_s=0.3)).before(Waiter())


def test_a_device_that_says_idle_while_it_warms_up_is_waited_for_longer() -> None:
    model = "Canon, varioPRINT 6250"
    assert treatment_of(model).late_s > QUICK.noprintingmaxdelay_s
    habits = EngineHabits(warm_up_s=2.5, idle_while_printing=True)
    with PrintEngine(habits=habits) as engine, agent_of(engine, model) as agent:
        assert measured(snmp_meter(agent, replace(QUICK, noprintingmaxdelay_s=1.0)), engine, 4) == (4, "")


@pytest.mark.parametrize("model", [b"HP LaserJet 4 ", b"LABORATORY"])
def test_no_answer_in_the_middle_is_work_for_some(model: bytes) -> None:
    """Silent while another interface prints: either way the pages are counted; only what is said differs."""
    with PrintEngine(habits=EngineHabits(impression_s=0.3), answers_pjl=True) as engine:
        engine.pjl_model = model
        waiter = Waiter(4)
        meter = pjl_meter(engine)
        before = meter.before(Waiter())
        send(engine, 4)
        engine.silent_to_others = True
        after = meter.after(before, waiter)
        assert difference(before, after, Expected(4, 4)).impressions == 4
        troubled = any("does not answer" in line for line in waiter.lines)
        assert troubled == (not treatment_of(model.decode()).silent_when_busy)


@pytest.mark.parametrize("model", [b"HP COLOR LASERJET 4550", b"HP COLOR LASERJET 3500"])
def test_what_printers_say_unasked_is_not_taken_for_the_counter(model: bytes) -> None:
    with PrintEngine(answers_pjl=True) as engine:
        engine.pjl_model = model
        engine.pjl_before = b'@PJL USTATUS JOB\r\nSTART\r\nNAME="99"\r\nPAGES=99\r\n\x0c'
        assert measured(pjl_meter(engine), engine, 3) == (3, "")


def test_a_counter_that_comes_long_after_the_paper_is_waited_for() -> None:
    model = "Xerox ColorQube 8870DN"
    late_s = 2.5
    assert treatment_of(model).late_s >= late_s
    habits = EngineHabits(late_counter_s=late_s)
    with PrintEngine(habits=habits) as engine, agent_of(engine, model) as agent:
        assert measured(snmp_meter(agent, replace(QUICK, noprintingmaxdelay_s=1.0)), engine, 4) == (4, "")


class IppModel:
    """A printer without a counter of its own, as IPP shows it; `job_impressions` is what its jobs say."""

    host = address = "127.0.0.1"

    def __init__(self, model: str, job_impressions: int) -> None:
        self.model = model
        self.jobs_done = 0
        self.job_impressions = job_impressions

    def printer(self, _requested: object) -> dict[str, tuple[object, ...]]:
        return {"printer-state": (3,), "printer-make-and-model": (self.model,), "printer-state-reasons": ("none",)}

    def jobs(self, _requested: object) -> list[dict[str, tuple[object, ...]]]:
        return [
            {"job-id": (number,), "job-state": (9,), "job-impressions-completed": (self.job_impressions,)}
            for number in range(1, self.jobs_done + 1)
        ]


@pytest.mark.parametrize("model", ["EVOLIS Primacy 2", "HP LaserJet 4250"])
def test_jobs_that_always_say_0_are_not_asked(model: str) -> None:
    with pytest.raises(DeviceRefused, match="nothing of what it has marked"):
        IppMeter(IppModel(model, 0), QUICK).before(Waiter())  # type: ignore[arg-type]


def test_jobs_of_others_are_added_up() -> None:
    printer = IppModel("Laboratory printer", 3)
    printer.jobs_done = 7
    meter = IppMeter(printer, QUICK)  # type: ignore[arg-type]
    before = meter.before(Waiter())
    printer.jobs_done = 9
    after = meter.after(before, Waiter(6))
    assert difference(before, after, Expected(6, 6)).impressions == 6


def test_another_meter_goes_on_from_the_job_that_the_first_one_knew_last() -> None:
    """The first reading may be from another print server, or from a daemon that died."""
    printer = IppModel("Laboratory printer", 3)
    printer.jobs_done = 7
    before = IppMeter(printer, QUICK).before(Waiter())  # type: ignore[arg-type]
    printer.jobs_done = 9
    after = IppMeter(printer, QUICK).after(before, Waiter(6))  # type: ignore[arg-type]
    assert difference(before, after, Expected(6, 6)).impressions == 6


def test_the_switches_that_rows_name_are_there() -> None:
    with PrintEngine() as engine:
        engine_switches = vars(engine)
    known = {*EngineHabits.__dataclass_fields__, *engine_switches, *vars(IppModel("", 0)), "objects"}
    assert {row.simulator for row in QUIRKS} <= known

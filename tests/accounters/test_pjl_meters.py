# SPDX-License-Identifier: Apache-2.0
"""The PJL meter reads a real laboratory printer: its counter, its codes, and what it says unasked."""

import time
from dataclasses import replace

import pytest

from accounters.test_meters import QUICK, Waiter, measured, pjl_meter, send
from pagetoll.core.errors import DeviceTimeout
from pagetoll.core.readings import Expected, difference
from pagetoll.integrations.printlab.engine import EngineHabits, PrintEngine
from pagetoll.ports import Interrupted
from pagetoll.ports.devices import MeterLimits


@pytest.mark.parametrize(
    "habits",
    [
        EngineHabits(),
        EngineHabits(warm_up_s=0.8),
        EngineHabits(refuses_second=True, impression_s=0.1),
        EngineHabits(late_counter_s=0.5),
    ],
    ids=["plain", "warms up", "refuses a second connection", "late"],
)
def test_what_a_printer_marks_is_what_pjl_says(habits: EngineHabits) -> None:
    with PrintEngine(habits=habits, answers_pjl=True) as engine:
        assert measured(pjl_meter(engine), engine, 5) == (5, "")


def test_pages_that_a_pjl_printer_tells_of_by_itself_are_work_whatever_its_state_says() -> None:
    """It says idle all the time, and takes longer for a side than a counter that stands is watched."""
    habits = EngineHabits(
        idle_while_printing=True, answers_while_printing=True, waits_for_listener=True, impression_s=1.0
    )
    limits = replace(QUICK, noprintingmaxdelay_s=60.0, measure_max_s=200.0)
    with PrintEngine(habits=habits, answers_pjl=True) as engine:
        meter, waiter = pjl_meter(engine, limits), Waiter(5)
        before = meter.before(Waiter())
        send(engine, 3)  # less than was expected, so that only the job's end ends the waiting
        after = meter.after(before, waiter)
        assert (difference(before, after, Expected(5, 5)).impressions, after.moved) == (3, True)
        assert any("it is at work" in line for line in waiter.lines)
        assert engine.unasked_ever == {"DEVICE", "JOB", "PAGE"}


def silent(engine: PrintEngine) -> bool:
    """Whether the printer was told to say nothing unasked any more; it may still be reading that."""
    until_s = time.monotonic() + 60
    while engine.unasked and time.monotonic() < until_s:
        time.sleep(0.01)
    return not engine.unasked


def test_a_pjl_printer_says_nothing_unasked_behind_a_reading_however_that_ended() -> None:
    with PrintEngine(answers_pjl=True) as engine:
        meter = pjl_meter(engine, replace(QUICK, measure_max_s=1.0))
        before = meter.before(Waiter())
        assert engine.unasked_ever
        assert silent(engine)
        engine.code = 41021
        with pytest.raises(DeviceTimeout):
            meter.after(before, Waiter(3))
        assert silent(engine)
        with pytest.raises(Interrupted):
            meter.after(before, Waiter(3, gives_up_at="no paper"))
        assert silent(engine)


@pytest.mark.parametrize(
    ("model", "ustatus", "kinds"),
    [
        (b"LABORATORY PRINTER", True, {"DEVICE", "JOB", "PAGE"}),
        (b"HP COLOR LASERJET 4550", True, {"DEVICE", "JOB"}),
        (b"HP COLOR LASERJET 3500", True, {"DEVICE", "JOB"}),
        (b"", True, set()),
        (b"LABORATORY PRINTER", False, set()),
    ],
    ids=["any", "no pages", "no pages either", "tells no model", "the site wants none"],
)
def test_a_pjl_printer_is_told_to_talk_as_far_as_its_row_and_the_site_allow(
    model: bytes, ustatus: bool, kinds: set[str]
) -> None:
    with PrintEngine(answers_pjl=True) as engine:
        engine.pjl_model = model
        assert measured(pjl_meter(engine, ustatus=ustatus), engine, 2) == (2, "")
        assert engine.unasked_ever == kinds


def test_a_pjl_printer_that_is_switched_off_is_waited_for() -> None:
    with PrintEngine(habits=EngineHabits(power_lost_after=2), answers_pjl=True) as engine:
        meter, waiter = pjl_meter(engine), Waiter(6, hears="does not answer", then=engine.switch_on)
        before = meter.before(Waiter())
        send(engine, 6)
        after = meter.after(before, waiter)
        assert difference(before, after, Expected(6, 6)).impressions == engine.marked == 2
        assert any("does not answer" in line for line in waiter.lines)


@pytest.mark.parametrize(
    ("code", "said"), [(41021, "no paper"), (42010, "paper jam"), (40021, "cover open"), (10002, "offline")]
)
def test_codes_are_said_by_name(code: int, said: str) -> None:
    with PrintEngine(answers_pjl=True) as engine:
        engine.code = code
        waiter = Waiter()
        with pytest.raises(DeviceTimeout, match=said):
            pjl_meter(engine, MeterLimits(1.0, 1, 0.1, False, 0, 0.5)).before(waiter)
        assert any(said in line and str(code) in line for line in waiter.lines)

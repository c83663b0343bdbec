# SPDX-License-Identifier: Apache-2.0
"""One machine and several print servers with one ledger: no pages are mixed up, and what cannot be told apart is
split to the page."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from app.measured_shop import Machine, machine, measured_by, print_at_once
from app.print_shop import Shop, page_end, pages
from app.thin_caller import Caller
from pagetoll.app.printing.attempt import Services
from pagetoll.app.printing.devices import DeviceGate
from pagetoll.app.printing.floors import MeasuringFloor
from pagetoll.app.printing.spans import name_in_ledger
from pagetoll.app.upkeep import run_upkeep
from pagetoll.core.accounting import SoftwareAccounter
from pagetoll.core.jobs import ChargeRule, Outcome
from pagetoll.core.lifecycle import Command
from pagetoll.integrations.printlab.engine import EngineHabits
from pagetoll.integrations.printlab.processes import wait_until
from pagetoll.wire import frames


def share(shop: Shop, place: Machine, **options: object) -> None:
    """The device is measured with patience: several daemons work at once, on a machine that may be busy."""
    measured_by(shop, place, statusstabilizationloops=4, **options)


def until(gate: Path) -> str:
    """What a device backend does that begins when the test says so, as a shell command."""
    return f"while [ ! -e {gate} ]; do sleep 0.05; done"


def another_server(shop: Shop, name: str = "server2") -> Services:
    """A daemon on another machine, with the same ledger and nothing else in common."""
    return replace(shop.services, devices=DeviceGate(), floor=MeasuringFloor(), spooler_host=name, shared_ledger=True)


def hand_in_there(shop: Shop, there: Services, place: Machine, count: int, **job: object) -> Caller:
    here, shop.services = shop.services, there
    try:
        return shop.hand_in(shop.job(queue="hp2", uri=place.uri, **job), pages(count))  # type: ignore[arg-type]
    finally:
        shop.services = here


def charges(shop: Shop) -> list[tuple[int, str]]:
    assert (shop.reserved, shop.audit()) == (0, [])
    records = shop.records()
    assert shop.posted == sum(record.charged_impressions for record in records)
    return [(record.charged_impressions, record.charge_rule) for record in records]


def test_another_server_waits_for_the_measuring_of_the_first(shop: Shop) -> None:
    with machine(EngineHabits(impression_s=0.1)) as place:
        share(shop, place)
        first = shop.hand_in(shop.job(uri=place.uri), pages(3))
        first.begin(place.backend)
        first.backend_ends()
        second = hand_in_there(shop, another_server(shop), place, 5)
        second.wait_for_word("INFO: Waiting for serial:LAB1: another print server measures a job there")
        first.conclude()
        second.print(place.backend)
        assert place.engine.marked == 8
    assert charges(shop) == [(3, ChargeRule.DEVICE_COUNTER), (5, ChargeRule.DEVICE_COUNTER)]


@pytest.mark.parametrize("first_to_end", ["first", "second"])
def test_servers_that_could_not_wait_split_what_was_marked_between_both_readings(
    shop: Shop, first_to_end: str
) -> None:
    """The device marks one page more than was counted: 13 pages for jobs of 4 and 8."""
    with machine(EngineHabits(jams_after=2, impression_s=0.05, jumps_by=1)) as place:
        share(shop, place, measure_wait_s=0)
        first = shop.hand_in(shop.job(uri=place.uri), pages(4))
        first.begin(place.backend)
        first.backend_ends()
        first.wait_for_word("STATE: +media-jam")
        second = hand_in_there(shop, another_server(shop), place, 8)
        second.begin(place.backend)
        place.engine.clear()
        callers = [first, second] if first_to_end == "first" else [second, first]
        second.backend_ends()
        threads = [threading.Thread(target=caller.conclude) for caller in callers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        marked = place.engine.life_count - 1000
        assert (place.engine.marked, marked) == (12, 14)
    assert charges(shop) == [(5, ChargeRule.SHARED_READING), (9, ChargeRule.SHARED_READING)]
    notes = [note.text for record in shop.records() for note in shop.services.ledger.notes(record.attempt_id)]
    assert sum("2 jobs share what the device marked" in text for text in notes) == 2


def test_a_job_of_one_server_canceled_in_the_middle_leaves_its_part_to_nobody_else(shop: Shop) -> None:
    with machine(EngineHabits(impression_s=0.05)) as place:
        share(shop, place, measure_wait_s=0)
        first = shop.hand_in(shop.job(uri=place.uri), pages(6))
        first.begin(f"head -c {page_end(2)} | {place.backend}")
        second = hand_in_there(shop, another_server(shop), place, 8)
        second.begin(place.backend)
        first.backend_ends(canceled=True)
        second.end()
        first.join()
        assert place.engine.marked == 10
    assert charges(shop) == [(2, ChargeRule.SHARED_READING), (8, ChargeRule.SHARED_READING)]


def test_a_job_withdrawn_before_it_printed_has_no_part(shop: Shop) -> None:
    with machine(EngineHabits(impression_s=0.05)) as place:
        share(shop, place, measure_wait_s=0)
        first = shop.hand_in(shop.job(uri=place.uri), pages(3))
        first.expect(frames.Print)
        second = hand_in_there(shop, another_server(shop), place, 5)
        second.begin(place.backend)
        first.leave()
        first.join()
        second.end()
    assert charges(shop) == [(0, ""), (5, ChargeRule.SHARED_READING)]


def test_an_unmeasured_job_that_is_there_already_is_counted_among_those_that_share(shop: Shop) -> None:
    gate = shop.folder / "gate"
    with machine(EngineHabits(impression_s=0.1)) as place:
        share(shop, place, measure_wait_s=0)
        plain = replace(shop.settings.defaults, accounter=SoftwareAccounter())
        shop.settings = replace(shop.settings, queues={"hp2": plain})
        first = shop.hand_in(shop.job(queue="hp2", uri=f"lpd://{place.engine.address}/x"), pages(4))
        first.begin(f"{until(gate)}; {place.backend}")
        second = shop.hand_in(shop.job(uri=place.uri), pages(8))
        second.begin(place.backend)
        gate.touch()
        first.end()
        second.end()
        assert place.engine.marked == 12
    assert charges(shop) == [(4, ChargeRule.PARSED), (8, ChargeRule.SHARED_READING)]


def test_a_server_that_died_in_the_middle_keeps_the_others_no_longer_than_the_measuring_may_take(shop: Shop) -> None:
    with machine() as place:
        share(shop, place, measure_wait_s=0, measure_max_s=2)
        shop.die_at = Command.WATCH_BACKEND
        first = shop.hand_in(shop.job(uri=place.uri), pages(3))
        first.begin(place.backend)
        first.join()
        assert first.daemon_died
        shop.die_at = None
        there = another_server(shop)
        second = hand_in_there(shop, there, place, 5)
        second.begin(place.backend)
        second.end()
        assert run_upkeep(there).closed == 0  # it is not theirs to guess at
        first.adopt("ended")
        first.conclude()
    assert charges(shop) == [(3, ChargeRule.SHARED_READING), (5, ChargeRule.PARSED)]


def test_upkeep_leaves_the_attempts_of_other_servers_alone(shop: Shop) -> None:
    shop.die_at = Command.WATCH_BACKEND
    caller = shop.hand_in(shop.job(), pages(3))
    caller.begin("true")
    caller.join()
    caller.leave()
    there = another_server(shop)
    there.processes.boot_id = "another boot"
    try:
        report = run_upkeep(there)
        assert (report.closed, report.running, shop.reserved) == (0, 0, 3)
    finally:
        there.processes.boot_id = type(there.processes)().boot_id
    assert shop.record.outcome is not Outcome.COMPLETED


@pytest.mark.parametrize(
    ("device", "name"),
    [
        ("serial:LAB1", "serial:LAB1"),
        ("address:192.0.2.7", "address:192.0.2.7"),
        ("address:2001:db8::7", "address:2001:db8::7"),
        ("address:printer.example.org", "address:printer.example.org"),
        ("address:127.0.0.1", "address:127.0.0.1 at server"),
        ("address:::1", "address:::1 at server"),
        ("address:usb://HP/LaserJet", "address:usb://HP/LaserJet at server"),
    ],
)
def test_an_address_that_only_one_server_knows_is_no_device_of_the_others(shop: Shop, device: str, name: str) -> None:
    assert name_in_ledger(shop.services, device) == name


def test_the_second_of_two_waits_until_the_first_is_over_before_anything_is_split(shop: Shop) -> None:
    gate = shop.folder / "gate"
    with machine(EngineHabits(impression_s=0.02)) as place:
        share(shop, place, measure_wait_s=0)
        first = shop.hand_in(shop.job(uri=place.uri), pages(4))
        first.begin(f"{until(gate)}; {place.backend}")
        second = hand_in_there(shop, another_server(shop), place, 2)
        second.begin(place.backend)
        second.backend_ends()
        second.wait_for_word("INFO: Waiting for serial:LAB1: another job there is not over yet")
        gate.touch()
        wait_until(lambda: place.engine.marked == 6, 60, "both are on paper")
        first.end()
        second.conclude()
    assert charges(shop) == [(4, ChargeRule.SHARED_READING), (2, ChargeRule.SHARED_READING)]


@pytest.mark.parametrize("measure_wait_s", [0, 60], ids=["nobody waits", "all wait"])
def test_twelve_jobs_over_two_servers_sum_to_the_counter(shop: Shop, measure_wait_s: int) -> None:
    """The device marks one more for each job than was counted."""
    sizes = [1 + number % 4 for number in range(12)]
    with machine(EngineHabits(impression_s=0.005, jumps_by=1)) as place:
        quick = {"skipinitialwait": True, "statusstabilizationdelay_s": 0.1, "device_linger_s": 60}
        share(shop, place, measure_wait_s=measure_wait_s, **quick)
        there = another_server(shop)
        callers = [
            hand_in_there(shop, there, place, size)
            if number % 2
            else shop.hand_in(shop.job(uri=place.uri), pages(size))
            for number, size in enumerate(sizes)
        ]
        print_at_once(callers, place)
        assert place.engine.marked == sum(sizes)
        found = charges(shop)
        assert sum(impressions for impressions, _rule in found) == place.engine.life_count - 1000
    rules = {rule for _impressions, rule in found}
    assert rules <= {ChargeRule.DEVICE_COUNTER, ChargeRule.SHARED_READING}
    assert measure_wait_s == 0 or rules == {ChargeRule.DEVICE_COUNTER}

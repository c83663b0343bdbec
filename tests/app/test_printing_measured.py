# SPDX-License-Identifier: Apache-2.0
"""Jobs measured by their device: real counters over SNMP, real backends that send, several queues to one machine."""

from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal

import pytest

from app.measured_shop import QUICK, Machine, machine, measured_by, print_at_once, share_a_reading
from app.print_shop import Shop, page_end, pages
from app.thin_caller import Caller
from pagetoll.config.options import QueueSettings
from pagetoll.config.options.choices import OnAccounterError
from pagetoll.core.accounting import Charge, PjlAccounter, TrustJobSize
from pagetoll.core.jobs import ChargeRule, Outcome
from pagetoll.core.lifecycle import Command
from pagetoll.frontends.meters import open_meter
from pagetoll.integrations.printlab.engine import EngineHabits, PrintEngine
from pagetoll.integrations.printlab.processes import wait_until
from pagetoll.integrations.printlab.snmp_agent import SnmpAgent
from pagetoll.wire import frames


def charged(shop: Shop) -> tuple[int, str, int | None]:
    assert shop.reserved == 0
    assert shop.audit() == []
    record = shop.record
    assert shop.posted == record.charged_impressions
    assert shop.balance == Decimal(10) - shop.posted * Decimal("0.05")
    return record.charged_impressions, record.charge_rule, record.reported_impressions


@pytest.mark.parametrize(
    ("habits", "impressions", "rule", "reported"),
    [
        (EngineHabits(), 5, ChargeRule.DEVICE_COUNTER, 5),
        (EngineHabits(late_counter_s=0.5), 5, ChargeRule.DEVICE_COUNTER, 5),
        (EngineHabits(jumps_by=3), 8, ChargeRule.DEVICE_COUNTER, 8),
        (EngineHabits(jumps_by=9000), 5, ChargeRule.PARSED, None),
        (EngineHabits(stands_still=True, impression_s=0.1), 5, ChargeRule.PARSED, None),
    ],
    ids=["plain", "late", "three more", "jumps", "stands still"],
)
def test_what_the_device_marked_is_charged_and_an_impossible_reading_is_not(
    shop: Shop, habits: EngineHabits, impressions: int, rule: str, reported: int | None
) -> None:
    with machine(habits) as place:
        measured_by(shop, place)
        assert shop.print(pages(5), place.backend, uri=place.uri).status == 0
    assert charged(shop) == (impressions, rule, reported)
    assert "serial:LAB1 by snmp: 1000 impressions before" in shop.notes()
    kept = shop.services.ledger.readings(shop.record.attempt_id)
    assert (kept["before"].reading.impressions, kept["before"].reading.serial) == (1000, "LAB1")
    assert bool(kept["after"].trouble) == (rule == ChargeRule.PARSED)
    assert ("reading_set_aside" in shop.notes()) == (rule == ChargeRule.PARSED)


def test_a_counter_that_is_reset_in_the_middle_is_set_aside(shop: Shop) -> None:
    with machine(EngineHabits(impression_s=0.2)) as place:
        measured_by(shop, place)
        caller = shop.hand_in(shop.job(uri=place.uri), pages(4))
        caller.begin(place.backend)
        wait_until(lambda: place.engine.marked > 0, 60, "it prints")
        place.engine.forget_counter()
        caller.end()
    assert charged(shop) == (4, ChargeRule.PARSED, None)
    assert "went back by" in shop.notes()


def test_a_failed_backend_that_marked_nothing_is_charged_nothing(shop: Shop) -> None:
    with machine() as place:
        measured_by(shop, place)
        assert shop.print(pages(5), "cat >/dev/null; exit 1", uri=place.uri).status == 1
    assert charged(shop) == (0, ChargeRule.DEVICE_COUNTER, 0)
    assert shop.record.outcome is Outcome.ABORTED


@pytest.mark.parametrize("leaves", [False, True], ids=["says so", "is killed"])
def test_a_cancel_while_the_counter_settles_prints_nothing_for_free(shop: Shop, leaves: bool) -> None:
    with machine(EngineHabits(impression_s=0.3)) as place:
        measured_by(shop, place)
        caller = shop.hand_in(shop.job(uri=place.uri), pages(6))
        caller.begin(place.backend)
        caller.backend_ends()
        caller.wait_for_word("INFO: Waiting for")
        if not leaves:
            caller.send(frames.Canceled())
        caller.leave()
        caller.join()
        assert place.engine.marked == 6
    assert charged(shop) == (6, ChargeRule.DEVICE_COUNTER, 6)


def test_a_cancel_in_the_middle_costs_what_came_out(shop: Shop) -> None:
    with machine() as place:
        measured_by(shop, place)
        caller = shop.hand_in(shop.job(uri=place.uri), pages(6))
        caller.begin(f"head -c {page_end(2)} | {place.backend}")
        caller.end(canceled=True)
        assert place.engine.marked == 2
    assert charged(shop) == (2, ChargeRule.DEVICE_COUNTER, 2)
    assert shop.record.outcome is Outcome.CANCELED


def test_paper_taken_out_and_a_wait_do_not_print_for_free(shop: Shop) -> None:
    with machine(EngineHabits(out_of_paper_after=2)) as place:
        measured_by(shop, place, measure_max_s=1)
        assert shop.print(pages(6), place.backend, uri=place.uri).status == 0
        assert (place.engine.marked, charged(shop)) == (2, (6, ChargeRule.PARSED, None))
        assert "no paper" in shop.notes()


def test_paper_filled_in_in_time_is_waited_for_and_said(shop: Shop) -> None:
    with machine(EngineHabits(out_of_paper_after=2)) as place:
        measured_by(shop, place)
        caller = shop.hand_in(shop.job(uri=place.uri), pages(6))
        caller.begin(place.backend)
        caller.backend_ends()
        caller.wait_for_word("STATE: +media-empty")
        place.engine.clear()
        caller.conclude()
        assert any("no paper" in line for line in caller.said)
    assert charged(shop) == (6, ChargeRule.DEVICE_COUNTER, 6)


@pytest.mark.parametrize(
    ("options", "impressions", "rule"),
    [
        ({"charge": Charge.REPORTED}, 8, ChargeRule.DEVICE_COUNTER),
        ({"charge": Charge.PARSED}, 5, ChargeRule.PARSED),
        ({"charge": Charge.SMALLER}, 5, ChargeRule.PARSED),
        ({"charge": Charge.LARGER}, 8, ChargeRule.DEVICE_COUNTER),
        ({"trustjobsize": TrustJobSize(7, None)}, 5, ChargeRule.TRUSTED_SIZE),
        ({"trustjobsize": TrustJobSize(7, 6)}, 6, ChargeRule.TRUSTED_SIZE),
        ({"trustjobsize": TrustJobSize(8, 6)}, 8, ChargeRule.DEVICE_COUNTER),
    ],
)
def test_the_queue_says_which_number_is_charged_and_all_are_kept(
    shop: Shop, options: dict[str, object], impressions: int, rule: str
) -> None:
    with machine(EngineHabits(jumps_by=3)) as place:
        measured_by(shop, place, **options)
        shop.print(pages(5), place.backend, uri=place.uri)
    assert charged(shop) == (impressions, rule, 8)
    assert shop.record.facts.parsed_impressions == 5


@pytest.mark.parametrize(
    ("choice", "status", "posted"), [(OnAccounterError.STOP, None, 0), (OnAccounterError.CONTINUE, 0, 3)]
)
def test_a_device_that_cannot_be_measured_stops_the_job_or_the_document_is_charged(
    shop: Shop, choice: OnAccounterError, status: int | None, posted: int
) -> None:
    with machine() as place:
        place.agent.objects = {}
        measured_by(shop, place, onaccountererror=choice)
        caller = shop.hand_in(shop.job(uri=place.uri), pages(3))
        if status is None:
            caller.conclude()
            assert "no counter of impressions" in caller.failure
        else:
            caller.print(place.backend)
            assert caller.status == status
    assert (shop.posted, shop.reserved) == (posted, 0)


# --- one machine, several queues


def test_two_queues_to_one_machine_are_measured_one_after_the_other(shop: Shop) -> None:
    with machine(EngineHabits(impression_s=0.1)) as place:
        measured_by(shop, place)
        first = shop.hand_in(shop.job(uri=place.uri), pages(3))
        first.begin(place.backend)
        first.backend_ends()
        second = shop.hand_in(shop.job(queue="hp2", uri=f"lpd://{place.engine.address}/x"), pages(5))
        second.wait_for_word("INFO: Waiting for serial:LAB1")
        first.conclude()
        second.print(place.backend)
        assert [record.charged_impressions for record in shop.records()] == [3, 5]
        assert place.engine.marked == 8


def test_two_addresses_with_one_serial_number_are_one_machine(shop: Shop) -> None:
    with ExitStack() as stack:
        place = stack.enter_context(machine(EngineHabits(impression_s=0.2)))
        other = stack.enter_context(SnmpAgent(place.engine.objects(), address="127.0.0.2", port=place.agent.port))
        measured_by(shop, place)
        first = shop.hand_in(shop.job(uri=place.uri), pages(3))
        first.begin(place.backend)
        first.backend_ends()
        second = shop.hand_in(shop.job(queue="hp2", uri=f"socket://{other.address}:9100"), pages(2))
        second.wait_for_word("INFO: Waiting for serial:LAB1")
        first.conclude()
        second.print(place.backend)
        assert [record.charged_impressions for record in shop.records()] == [3, 2]


def test_who_has_waited_long_enough_shares_what_the_machine_marked(shop: Shop) -> None:
    with machine(EngineHabits(jams_after=2, impression_s=0.05)) as place:
        share_a_reading(shop, place)
        assert place.engine.marked == 12
    records = shop.records()
    assert [(record.charged_impressions, record.charge_rule) for record in records] == [
        (4, ChargeRule.SHARED_READING),
        (8, ChargeRule.SHARED_READING),
    ]
    assert shop.audit() == []


def test_an_unmeasured_queue_keeps_out_of_the_readings_of_a_measured_one(shop: Shop) -> None:
    with machine(EngineHabits(impression_s=0.2)) as place:
        measured_by(shop, place)
        plain = QueueSettings(measure_wait_s=10)
        shop.settings = replace(shop.settings, queues={"hp2": plain})
        first = shop.hand_in(shop.job(uri=place.uri), pages(3))
        first.begin(place.backend)
        first.backend_ends()
        second = shop.hand_in(shop.job(queue="hp2", uri=f"ipp://{place.engine.address}/ipp"), pages(5))
        second.wait_for_word("INFO: Waiting for")
        first.conclude()
        second.print(place.backend)
    assert [(record.charged_impressions, record.charge_rule) for record in shop.records()] == [
        (3, ChargeRule.DEVICE_COUNTER),
        (5, ChargeRule.PARSED),
    ]


def test_ten_jobs_over_two_queues_sum_to_the_counter(shop: Shop) -> None:
    sizes = [1 + number % 4 for number in range(10)]
    with machine(EngineHabits(impression_s=0.005)) as place:
        quick = {"skipinitialwait": True, "statusstabilizationdelay_s": 0.05}  # no thin client waits that long here
        measured_by(shop, place, measure_wait_s=60, device_linger_s=60, **quick)
        callers = [
            shop.hand_in(shop.job(queue=("hp", "hp2")[number % 2], uri=place.uri), pages(size))
            for number, size in enumerate(sizes)
        ]
        print_at_once(callers, place)
        assert place.engine.marked == sum(sizes)
        assert place.engine.life_count == 1000 + shop.posted
    assert sorted(record.charged_impressions for record in shop.records()) == sorted(sizes)


# --- daemons die


def test_a_daemon_that_comes_back_goes_on_with_the_first_reading(shop: Shop) -> None:
    with machine(EngineHabits(impression_s=0.2)) as place:
        measured_by(shop, place)
        shop.die_at = Command.WATCH_BACKEND
        caller: Caller = shop.hand_in(shop.job(uri=place.uri), pages(4))
        caller.begin(place.backend)
        caller.join()
        assert caller.daemon_died
        shop.die_at = None
        caller.adopt("printing")
        caller.end()
    assert charged(shop) == (4, ChargeRule.DEVICE_COUNTER, 4)


def test_a_pjl_printer_that_warms_up_is_measured_too(shop: Shop) -> None:
    with PrintEngine(habits=EngineHabits(warm_up_s=0.5), answers_pjl=True) as engine:
        place = Machine(engine, None)  # type: ignore[arg-type]
        shop.limits(soft=1000, hard=1000)
        commands = shop.services.commands
        shop.queue(accounter=PjlAccounter(engine.port), **QUICK)
        shop.services = replace(shop.services, meter_of=lambda uri, queue: open_meter(uri, queue, commands))
        assert shop.print(pages(4), place.backend, uri=place.uri).status == 0
    assert charged(shop) == (4, ChargeRule.DEVICE_COUNTER, 4)

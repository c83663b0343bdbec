# SPDX-License-Identifier: Apache-2.0
"""A print server that is gone for good: the others end what keeps their device, charge what came out, and nothing
twice when it comes back.
"""

from dataclasses import replace

import pytest

from app.measured_shop import machine
from app.print_shop import Shop, page_end, pages
from app.test_printing_remeasured import die, forget
from app.test_printing_shared_devices import another_server, charges, hand_in_there, share
from app.thin_caller import Caller, dead_process
from pagetoll.app.printing.attempt import Services
from pagetoll.app.printing.print_servers import ServerWatch
from pagetoll.app.upkeep import run_upkeep
from pagetoll.core.accounting import SoftwareAccounter
from pagetoll.core.jobs import ChargeRule, Outcome
from pagetoll.core.lifecycle import Command
from pagetoll.integrations.printlab.engine import EngineHabits
from pagetoll.integrations.printlab.processes import wait_until
from pagetoll.wire import frames

GONE_S = 600.0


class Office:
    """A server `server`, which dies, and another one, whose clock a test moves."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.now_s = shop, 1000.0
        watch = ServerWatch("server2", lambda: GONE_S, lambda: self.now_s)
        self.there: Services = replace(another_server(shop), servers=watch)
        shop.services.ledger.beat("server")

    def lose(self) -> None:
        """The first server does not beat for so long that it is gone."""
        for _ in range(11):
            self.there.servers.look(self.there.ledger.print_servers())
            self.now_s += GONE_S / 10
        assert self.there.servers.is_gone("server")

    def comes_back(self) -> None:
        """It beats, and does its upkeep."""
        self.shop.services.ledger.beat("server")
        forget(self.shop)
        self.shop.services = replace(self.shop.services, shared_ledger=True)
        assert self.shop.upkeep().problems == ()
        assert run_upkeep(self.there).problems == ()

    def upkeep(self) -> int:
        """A round of the other server's; how many attempts it closed."""
        report = run_upkeep(self.there)
        assert report.problems == ()
        return report.closed


def notes_of(shop: Shop, place: int) -> str:
    record = shop.records()[place]
    return "\n".join(f"{note.code}: {note.text}" for note in shop.services.ledger.notes(record.attempt_id))


@pytest.mark.parametrize("at", [Command.WATCH_BACKEND, Command.MEASURE, Command.SETTLE])
def test_what_a_server_marked_that_is_gone_is_charged_by_another_one_once(shop: Shop, at: Command) -> None:
    with machine(EngineHabits(impression_s=0.1)) as place:
        share(shop, place)
        office = Office(shop)
        die(shop, place, at, f"head -c {page_end(4)} | {place.backend}")
        assert office.upkeep() == 0, "as long as it may come back, that is its own work"
        office.lose()
        assert office.upkeep() == 1
        assert charges(shop) == [(4, ChargeRule.DEVICE_COUNTER)]
        assert "its print server server is gone; its device was read again" in notes_of(shop, 0)
        office.comes_back()
        assert charges(shop) == [(4, ChargeRule.DEVICE_COUNTER)]


def test_jobs_of_both_split_what_was_marked_without_the_server_that_is_gone(shop: Shop) -> None:
    """The device marks one more for each job: 14 for jobs of 4 and 8."""
    with machine(EngineHabits(impression_s=0.05, jumps_by=1)) as place:
        share(shop, place, measure_wait_s=0)
        office = Office(shop)
        die(shop, place, Command.MEASURE, count=4)
        second = hand_in_there(shop, office.there, place, 8)
        second.begin(place.backend)
        second.backend_ends()
        second.wait_for_word("INFO: Waiting for serial:LAB1: another job there is not over yet")
        office.lose()
        second.conclude()
        assert [record.charged_impressions for record in shop.records()] == [0, 9]
        assert office.upkeep() == 1
        expected = [(5, ChargeRule.SHARED_READING), (9, ChargeRule.SHARED_READING)]
        assert charges(shop) == expected
        office.comes_back()
        assert charges(shop) == expected


def test_a_server_that_comes_back_after_its_part_was_found_books_it_itself(shop: Shop) -> None:
    with machine(EngineHabits(impression_s=0.05)) as place:
        share(shop, place, measure_wait_s=0)
        office = Office(shop)
        die(shop, place, Command.MEASURE, count=4)
        office.lose()
        for count in (8, 3):  # the second one is printed after the span of the first is over
            job = hand_in_there(shop, office.there, place, count)
            job.begin(place.backend)
            job.end()
        office.comes_back()
        found = charges(shop)
    assert found[0] == (4, ChargeRule.SHARED_READING)
    assert sum(impressions for impressions, _rule in found) == 15


def test_a_job_waits_no_longer_for_a_server_that_is_gone(shop: Shop) -> None:
    with machine() as place:
        share(shop, place, measure_wait_s=60)
        office = Office(shop)
        die(shop, place, Command.MEASURE, count=4)
        second = hand_in_there(shop, office.there, place, 8)
        second.wait_for_word("INFO: Waiting for serial:LAB1: another print server measures a job there")
        office.lose()
        assert office.upkeep() == 1
        second.print(place.backend)
    assert charges(shop) == [(4, ChargeRule.DEVICE_COUNTER), (8, ChargeRule.DEVICE_COUNTER)]


def test_a_queue_that_only_the_lost_server_knew_is_measured_as_an_own_one_of_that_device(shop: Shop) -> None:
    with machine() as place:
        share(shop, place, measure_wait_s=0)
        office = Office(shop)
        die(shop, place, Command.MEASURE, f"head -c {page_end(3)} | {place.backend}", count=4)
        measured = shop.settings.defaults
        shop.settings = replace(
            shop.settings, defaults=replace(measured, accounter=SoftwareAccounter()), queues={"hp2": measured}
        )
        own = hand_in_there(shop, office.there, place, 2)
        own.begin(place.backend)
        own.backend_ends()
        own.wait_for_word("INFO: Waiting for serial:LAB1: another job there is not over yet")
        office.lose()
        own.conclude()
        assert office.upkeep() == 1
        found = charges(shop)
        assert sum(impressions for impressions, _rule in found) == place.engine.marked == 5
    assert {rule for _impressions, rule in found} == {ChargeRule.SHARED_READING}


def test_a_device_that_cannot_be_read_costs_the_whole_reservation(shop: Shop) -> None:
    with machine() as place:
        share(shop, place)
        office = Office(shop)
        die(shop, place, Command.MEASURE, f"head -c {page_end(3)} | {place.backend}")
        shop.settings = replace(
            shop.settings, defaults=replace(shop.settings.defaults, accounter=SoftwareAccounter())
        )
        office.lose()
        assert office.upkeep() == 1
    assert charges(shop) == [(6, ChargeRule.HANDED_OVER_UNKNOWN)]
    assert "server is gone; nobody knows how much came out" in notes_of(shop, 0)


def test_a_job_of_a_lost_server_that_was_not_started_is_given_back_and_never_started(shop: Shop) -> None:
    with machine() as place:
        share(shop, place)
        office = Office(shop)
        first = shop.hand_in(shop.job(uri=place.uri), pages(4))
        first.expect(frames.Print)  # the device is its own; now the machine stands still
        office.lose()
        assert office.upkeep() == 1
        assert (shop.records()[0].outcome, shop.reserved) == (Outcome.VOIDED, 0)
        first.make_pipes()
        first.send(frames.Starting(), first.life[0], first.errors[0])
        first.conclude()
        assert "was voided" in first.failure or "is closed" in first.failure
        assert place.engine.marked == 0
    assert charges(shop) == [(0, "")]


def test_a_server_that_only_stood_still_finds_its_job_booked(shop: Shop) -> None:
    with machine(EngineHabits(impression_s=0.05)) as place:
        share(shop, place)
        office = Office(shop)
        first = shop.hand_in(shop.job(uri=place.uri), pages(4))
        first.begin(place.backend)
        wait_until(lambda: place.engine.marked == 4, 30, "all is on paper")
        office.lose()
        assert office.upkeep() == 1
        assert charges(shop) == [(4, ChargeRule.DEVICE_COUNTER)]
        first.end()
        assert first.status == 0
        office.comes_back()
    assert charges(shop) == [(4, ChargeRule.DEVICE_COUNTER)]


def unmeasured_and_dead(shop: Shop) -> Caller:
    shop.die_at = Command.WATCH_BACKEND
    caller = shop.hand_in(shop.job(process=dead_process()), pages(3))
    caller.begin("true")
    caller.join()
    caller.leave()
    shop.die_at = None
    return caller


def test_what_keeps_nobody_is_ended_by_others_only_when_the_server_was_given_up(shop: Shop) -> None:
    office = Office(shop)
    unmeasured_and_dead(shop)
    office.lose()
    assert (office.upkeep(), shop.reserved) == (0, 3)
    shop.services.ledger.give_up_server("server", "root")
    assert (office.upkeep(), shop.reserved) == (1, 0)
    assert charges(shop) == [(3, ChargeRule.HANDED_OVER_UNKNOWN)]
    office.comes_back()
    assert charges(shop) == [(3, ChargeRule.HANDED_OVER_UNKNOWN)]


def test_a_device_that_only_the_lost_server_finds_is_not_looked_for(shop: Shop) -> None:
    """A printer at its USB port has no serial number to be known by; the same name leads elsewhere here."""
    with machine(serial="") as place:
        share(shop, place)
        office = Office(shop)
        die(shop, place, Command.MEASURE, f"head -c {page_end(3)} | {place.backend}")
        office.lose()
        assert (office.upkeep(), shop.reserved) == (0, 6)
        shop.services.ledger.give_up_server("server", "root")
        assert office.upkeep() == 1
    assert charges(shop) == [(6, ChargeRule.HANDED_OVER_UNKNOWN)]

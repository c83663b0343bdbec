# SPDX-License-Identifier: Apache-2.0
"""The daemon and the client die in the middle of a measured job: the device is read again, and says what came out."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from app.measured_shop import Machine, machine, measured_by
from app.print_shop import Shop, page_end, pages
from app.test_printing_shared_devices import another_server, hand_in_there, share
from app.thin_caller import Caller, dead_process
from pagetoll.app.printing.devices import DeviceGate
from pagetoll.app.printing.floors import MeasuringFloor
from pagetoll.app.printing.remeasure import impatient
from pagetoll.core.accounting import CommandAccounter, SoftwareAccounter
from pagetoll.core.jobs import AttemptState, ChargeRule
from pagetoll.core.lifecycle import Command
from pagetoll.core.site_commands import SiteCommand
from pagetoll.integrations.printlab.engine import EngineHabits
from pagetoll.integrations.printlab.processes import wait_until
from pagetoll.wire import frames


def die(shop: Shop, place: Machine, at: Command, backend: str = "", count: int = 6) -> Caller:
    """A job whose client is dead, and whose daemon dies at a command."""
    shop.die_at = at
    caller = shop.hand_in(shop.job(uri=place.uri, process=dead_process()), pages(count))
    caller.begin(backend or place.backend)
    assert caller.backend is not None
    caller.backend.wait(60)
    if at is not Command.WATCH_BACKEND:
        caller.send(frames.Ended(status=0, canceled=False, signal_number=0))
    caller.join()
    assert caller.daemon_died
    caller.leave()
    shop.die_at = None
    forget(shop)
    return caller


def forget(shop: Shop) -> None:
    """The next daemon knows nothing but the ledger."""
    shop.services = replace(shop.services, devices=DeviceGate(), floor=MeasuringFloor())


def charged(shop: Shop) -> tuple[int, str]:
    assert (shop.reserved, shop.audit()) == (0, [])
    assert shop.record.state is AttemptState.CLOSED
    assert shop.posted == shop.record.charged_impressions
    return shop.posted, shop.record.charge_rule


@pytest.mark.parametrize("at", [Command.WATCH_BACKEND, Command.MEASURE, Command.SETTLE])
def test_what_the_device_marked_is_charged_and_nothing_twice(shop: Shop, at: Command) -> None:
    with machine(EngineHabits(impression_s=0.1)) as place:
        measured_by(shop, place)
        die(shop, place, at, f"head -c {page_end(4)} | {place.backend}")
        assert shop.upkeep().closed == 1
        assert charged(shop) == (place.engine.marked, ChargeRule.DEVICE_COUNTER) == (4, ChargeRule.DEVICE_COUNTER)
        assert "its device was read again" in shop.notes()
        assert (shop.upkeep().closed, charged(shop)) == (0, (4, ChargeRule.DEVICE_COUNTER))


def stands_open(place: Machine) -> None:
    """Its paper is out, for good."""
    wait_until(lambda: place.engine.error_bits != 0, 60, "its paper is out")


def is_gone(place: Machine) -> None:
    place.engine.powered = False


def is_reset(place: Machine) -> None:
    wait_until(lambda: place.engine.marked == 6, 60, "all is on paper")
    place.engine.forget_counter()


@pytest.mark.parametrize(
    ("habits", "accident"),
    [
        (EngineHabits(out_of_paper_after=2), stands_open),
        (EngineHabits(), is_gone),
        (EngineHabits(), is_reset),
        (EngineHabits(jumps_by=5000), lambda _place: None),
    ],
    ids=["no paper", "switched off", "reset", "jumps"],
)
def test_a_device_that_tells_nothing_to_be_used_costs_the_whole_reservation(
    shop: Shop, habits: EngineHabits, accident: Callable[[Machine], None]
) -> None:
    with machine(habits) as place:
        measured_by(shop, place, measure_max_s=2)
        die(shop, place, Command.WATCH_BACKEND)
        accident(place)
        shop.upkeep()
        assert charged(shop) == (6, ChargeRule.HANDED_OVER_UNKNOWN)
        assert "its device tells nothing to be used" in shop.notes()


def test_a_job_that_nobody_measured_there_meanwhile_makes_the_reading_worthless(shop: Shop) -> None:
    with machine() as place:
        measured_by(shop, place)
        die(shop, place, Command.WATCH_BACKEND, f"head -c {page_end(2)} | {place.backend}")
        shop.settings = replace(
            shop.settings, queues={"hp2": replace(shop.settings.defaults, accounter=SoftwareAccounter())}
        )
        assert shop.print(pages(3), place.backend, queue="hp2", uri=place.uri).status == 0
        wait_until(lambda: place.engine.marked == 5, 60, "both are on paper")
        shop.upkeep()
    assert [(record.charged_impressions, record.charge_rule) for record in shop.records()] == [
        (6, ChargeRule.HANDED_OVER_UNKNOWN),
        (3, ChargeRule.PARSED),
    ]
    first = shop.services.ledger.notes(shop.records()[0].attempt_id)
    assert any("printed there meanwhile, and was not measured" in note.text for note in first)


def test_a_measured_job_waits_for_the_reading_that_the_dead_daemon_owes(shop: Shop) -> None:
    """The ledger still has the device for the dead attempt, and upkeep reads it while the next job waits."""
    threads: list[threading.Thread] = []

    def aside(work: Callable[[], None]) -> None:
        threads.append(threading.Thread(target=work))
        threads[-1].start()

    with machine(EngineHabits(impression_s=0.1)) as place:
        share(shop, place)
        die(shop, place, Command.MEASURE, f"head -c {page_end(4)} | {place.backend}")
        second = shop.hand_in(shop.job(queue="hp2", uri=place.uri), pages(3))
        second.wait_for_word("INFO: Waiting for serial:LAB1: another print server measures a job there")
        shop.services = replace(shop.services, aside=aside)
        report = shop.upkeep()
        assert (report.closed, report.running) == (0, 2)
        assert shop.upkeep().running == 2
        second.print(place.backend)
        for thread in threads:
            thread.join()
        assert (len(threads), place.engine.marked) == (1, 7)
    assert [(record.charged_impressions, record.charge_rule) for record in shop.records()] == [
        (4, ChargeRule.DEVICE_COUNTER),
        (3, ChargeRule.DEVICE_COUNTER),
    ]


def test_a_server_that_did_not_want_to_wait_shares_with_the_dead_attempt(shop: Shop) -> None:
    with machine() as place:
        share(shop, place, measure_wait_s=0, measure_max_s=20)
        die(shop, place, Command.MEASURE, f"head -c {page_end(4)} | {place.backend}", count=4)
        second = hand_in_there(shop, another_server(shop), place, 8)
        second.begin(place.backend)
        second.backend_ends()
        second.wait_for_word("INFO: Waiting for serial:LAB1: another job there is not over yet")
        shop.upkeep()
        second.conclude()
        assert place.engine.marked == 12
    assert [(record.charged_impressions, record.charge_rule) for record in shop.records()] == [
        (4, ChargeRule.SHARED_READING),
        (8, ChargeRule.SHARED_READING),
    ]
    assert (shop.reserved, shop.audit()) == (0, [])


def test_an_end_that_the_client_wrote_down_is_measured_too(shop: Shop) -> None:
    """No daemon came back in time; the document was not all sent, and the device marked what was."""
    with machine() as place:
        measured_by(shop, place)
        caller = die(shop, place, Command.WATCH_BACKEND, f"head -c {page_end(3)} | {place.backend}")
        write_journal(shop, caller)
        shop.upkeep()
        assert charged(shop) == (3, ChargeRule.DEVICE_COUNTER)
        assert shop.journal_names() == []
        shop.upkeep()
        assert charged(shop) == (3, ChargeRule.DEVICE_COUNTER)


def write_journal(shop: Shop, caller: Caller) -> None:
    """What a thin client leaves when its daemon does not come back until half a minute after the backend's end."""
    ended = frames.Ended(status=0, canceled=False, signal_number=0)
    path = shop.folder / "journal" / f"{caller.job.arguments[1].decode()}-{caller.job.nonce}"
    path.write_bytes(frames.encode(caller.job) + frames.encode(ended))


def test_a_command_of_the_sites_is_asked_again_too(shop: Shop) -> None:
    counter = shop.folder / "counter"
    with machine() as place:
        measured_by(shop, place, accounter=CommandAccounter(SiteCommand(words=("/bin/cat", str(counter)))))
        counter.write_text("100\n")
        die(shop, place, Command.MEASURE)
        counter.write_text("104\n")
        assert shop.upkeep().closed == 1
        assert charged(shop) == (4, ChargeRule.DEVICE_COUNTER)


def test_upkeep_without_a_daemon_has_little_patience_with_a_device(shop: Shop) -> None:
    """All queues, also those with settings of their own."""
    with machine(EngineHabits(out_of_paper_after=2)) as place:
        measured_by(shop, place, measure_max_s=3600)
        shop.settings = replace(shop.settings, queues={"hp": shop.settings.defaults})
        die(shop, place, Command.WATCH_BACKEND)
        stands_open(place)
        shop.settings = impatient(shop.settings, 1)
        assert shop.upkeep().closed == 1
        assert charged(shop) == (6, ChargeRule.HANDED_OVER_UNKNOWN)

# SPDX-License-Identifier: Apache-2.0
"""Jobs through the real lpd to printers with counters of their own: what is charged is what the device marked."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.lprng_shop import Shop, document, furnished, packages
from pagetoll.core.jobs import ChargeRule, Outcome
from pagetoll.integrations.printlab.engine import EngineHabits, PrintEngine
from pagetoll.integrations.printlab.processes import wait_until
from pagetoll.integrations.printlab.snmp_agent import SnmpAgent
from pagetoll.ports import AttemptRecord

__all__ = ["packages"]

OPTIONS = """
[queue.NAME]
accounter = ACCOUNTER
statusstabilizationloops = 2
statusstabilizationdelay_s = 0.25
noprintingmaxdelay_s = 2
measure_max_s = 120
measure_wait_s = 60
skipinitialwait = true
"""
#: The last two are no printers in a network, and the second of them prints all the same.
QUEUES = ("metered", "twin", "blind", "lenient")


@dataclass
class Place:
    """An lpd with a printer behind its queues."""

    shop: Shop
    engine: PrintEngine

    def begin(self, queue: str, pages: int, words: tuple[str, ...] = ()) -> None:
        self.shop.lpd.print(queue, document(self.shop.folder, pages), words=words)

    def print(self, queue: str, pages: int, words: tuple[str, ...] = ()) -> AttemptRecord:
        """One job to its end."""
        before = len(self.shop.attempts(queue))
        self.begin(queue, pages, words)
        self.shop.lpd.wait_idle(queue, 60)
        (attempt,) = self.shop.closed(queue)[before:]
        return attempt


@pytest.fixture(scope="module")
def place(packages: Path) -> Iterator[Place]:
    with (
        PrintEngine() as engine,
        SnmpAgent(engine.objects(serial="LPD1"), awake=lambda: engine.powered) as agent,
        PrintEngine(address="127.0.9.200", answers_pjl=True, habits=EngineHabits(refuses_second=True)) as talker,
    ):
        device = f"127.0.0.1%{engine.port}"
        devices = dict(zip(QUEUES, (device, device, "/dev/null", "/dev/null"), strict=True))
        devices["pjl"] = f"127.0.9.200%{talker.port}"
        snmp = f'{{ snmp = {{ version = "2c", port = {agent.port} }} }}'
        asked = dict.fromkeys(QUEUES, snmp) | {"pjl": f'"hardware(pjl:{talker.port})"'}
        options = "".join(
            OPTIONS.replace("NAME", name).replace("ACCOUNTER", accounter) for name, accounter in asked.items()
        )
        options = options.replace("[queue.lenient]\n", '[queue.lenient]\nonaccountererror = "continue"\n')
        with furnished(packages, devices, options) as shop:
            yield Place(shop, engine)


@pytest.fixture(autouse=True)
def plain(place: Place) -> Iterator[None]:
    """The printer is a plain one, unless a test says otherwise, and the books are right."""
    place.engine.habits = EngineHabits()
    yield
    place.shop.site.audit()


@pytest.mark.parametrize(
    ("habits", "charged", "rule"),
    [
        (EngineHabits(), 6, ChargeRule.DEVICE_COUNTER),
        (EngineHabits(late_counter_s=0.5), 6, ChargeRule.DEVICE_COUNTER),
        (EngineHabits(jumps_by=2), 8, ChargeRule.DEVICE_COUNTER),
        (EngineHabits(jumps_by=9000), 6, ChargeRule.PARSED),
    ],
    ids=["plain", "late", "two more", "jumps"],
)
def test_what_the_device_marked_is_charged(place: Place, habits: EngineHabits, charged: int, rule: str) -> None:
    place.engine.habits = habits
    attempt = place.print("metered", 3, words=("-K2",))
    assert (attempt.charged_impressions, attempt.charge_rule, attempt.outcome) == (charged, rule, Outcome.COMPLETED)


def test_a_printer_that_takes_one_connection_at_a_time_is_asked_when_lpd_has_left_it(place: Place) -> None:
    attempt = place.print("pjl", 3)
    assert (attempt.charged_impressions, attempt.charge_rule) == (3, ChargeRule.DEVICE_COUNTER)


def test_two_queues_to_one_device_never_mix_their_counters(place: Place) -> None:
    before = place.engine.marked
    for pages in (1, 2, 3):
        place.begin("metered", pages)
        place.begin("twin", pages + 3)
    for queue in ("metered", "twin"):
        place.shop.lpd.wait_idle(queue, 100)
    found = [place.shop.closed(queue)[-3:] for queue in ("metered", "twin")]
    assert [one.charged_impressions for one in found[0]] == [1, 2, 3]
    assert [one.charged_impressions for one in found[1]] == [4, 5, 6]
    assert place.engine.marked - before == 21


def test_a_job_removed_in_the_middle_is_charged_what_the_device_marked(place: Place) -> None:
    place.engine.habits = EngineHabits(impression_s=0.3)
    before, marked = len(place.shop.attempts("metered")), place.engine.marked
    place.begin("metered", 40)
    wait_until(lambda: place.engine.marked >= marked + 2, 60, "two pages have come out")
    place.shop.lpd.run("lprm", "-Pmetered", "-Uanna@localhost", "all", status=None)
    (attempt,) = place.shop.closed("metered")[before:]
    assert attempt.charge_rule == ChargeRule.DEVICE_COUNTER
    assert attempt.charged_impressions == place.engine.marked - marked


def test_a_daemon_that_is_started_anew_in_the_middle_knows_the_first_reading(place: Place) -> None:
    place.engine.habits = EngineHabits(impression_s=0.2)
    before, marked = len(place.shop.attempts("metered")), place.engine.marked
    place.begin("metered", 12)
    wait_until(lambda: place.engine.marked > marked, 60, "a page has come out")
    place.shop.site.kill_daemon()
    wait_until(lambda: place.shop.site.daemon_pid() is None, 60, "the killed daemon has gone")
    place.shop.site.daemon = None
    place.shop.site.start_daemon()
    place.shop.lpd.wait_idle("metered", 60)
    (attempt,) = place.shop.closed("metered")[before:]
    assert (attempt.charged_impressions, attempt.charge_rule) == (12, ChargeRule.DEVICE_COUNTER)


def test_a_device_that_nobody_can_ask_leaves_the_documents_count_where_the_queue_says_so(place: Place) -> None:
    attempt = place.print("lenient", 2)
    assert (attempt.charged_impressions, attempt.charge_rule) == (2, ChargeRule.PARSED)
    with place.shop.site.ledger() as ledger:
        notes = [note.text for note in ledger.notes(attempt.attempt_id)]
    assert any("cannot be measured" in text for text in notes)


def test_a_job_whose_device_nobody_can_ask_is_held_and_nothing_stays_set_aside(place: Place) -> None:
    place.begin("blind", 2)
    wait_until(lambda: "hold" in place.shop.lpd.jobs("blind"), 60, "the job is held")
    (attempt,) = place.shop.closed("blind")
    assert (attempt.charged_impressions, attempt.outcome) == (0, Outcome.VOIDED)

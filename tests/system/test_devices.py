# SPDX-License-Identifier: Apache-2.0
"""Jobs under a real scheduler, measured by the device: what is charged is what it marked, whatever it does and
whatever the user tries.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from lab.documents import postscript_document
from lab.fixtures import INDEPENDENT_COUNT
from lab.net_snmp import NetSnmpAgent
from lab.shared_site import shared_site
from lab.site import SCHEME, Site
from pagetoll.core.jobs import ChargeRule, Outcome
from pagetoll.integrations.printlab.engine import EngineHabits, PrintEngine
from pagetoll.integrations.printlab.ippprinter import VirtualIppPrinter, counting_program
from pagetoll.integrations.printlab.processes import wait_until
from pagetoll.integrations.printlab.snmp_agent import SnmpAgent
from pagetoll.ports import AttemptRecord
from pagetoll.wire.ipp import JobState

CONFIGURATION = """
statusstabilizationloops = 2
statusstabilizationdelay_s = 0.25
noprintingmaxdelay_s = 2
measure_max_s = 120
measure_wait_s = 60
skipinitialwait = true
"""


@pytest.fixture(scope="module")
def shared() -> Iterator[Site]:
    with shared_site(CONFIGURATION) as site:
        site.run("pkusers", "-a", "anna")
        yield site


@dataclass
class Queue:
    """A queue of the site."""

    site: Site
    queue: str

    def submit(self, pages: int, queue: str = "") -> int:
        path = self.site.folder / f"document-{pages}.ps"
        path.write_bytes(postscript_document(pages))
        return self.site.cups.submit(queue or self.queue, path, user="anna")

    def print(self, pages: int) -> AttemptRecord:
        """One job to its end."""
        return self.ended(self.submit(pages))

    def ended(self, job_id: int, state: JobState = JobState.COMPLETED) -> AttemptRecord:
        assert self.site.cups.wait_job(job_id, timeout_s=120) is state
        wait_until(self.site.nothing_is_open, 60, "everything is settled")
        self.site.audit()
        (attempt,) = self.site.attempts(job_id)
        return attempt


@dataclass
class Device(Queue):
    """The same with the printer behind it."""

    engine: PrintEngine


_NUMBERS = iter(range(1, 1000))


def add_queue(site: Site, name: str, device_uri: str, options: str) -> None:
    site.run("pkprinters", "-a", name)
    site.run("edpykota", "-a", "-P", name, "anna")
    with site.home.configuration.open("a") as file:
        file.write(f'\n[queue."{name}"]\n{options}\n')
    if site.daemon_pid() is None:
        site.start_daemon()
    else:
        site.stop_daemon()
        site.start_daemon()
    site.cups.add_queue(name, f"{SCHEME}:{device_uri}")


@contextmanager
def snmp_device(
    site: Site, habits: EngineHabits, options: str = "", said: str = 'version = "2c"'
) -> Iterator[Device]:
    """A raw printer with net-snmp's agent at an address of its own, and a queue to it; `said` is how it is asked."""
    number = next(_NUMBERS)
    address, name = f"127.0.9.{number}", f"snmp{number}"
    with (
        PrintEngine(address=address, habits=habits) as engine,
        NetSnmpAgent(
            engine.objects(serial=name), site.folder / name, address=address, awake=lambda: engine.powered
        ) as agent,
    ):
        accounter = f"accounter = {{ snmp = {{ {said}, port = {agent.port} }} }}"
        add_queue(site, name, engine.device_uri, f"{accounter}\n{options}")
        yield Device(site, name, engine)
        site.cups.run("cancel", "-a", name)


@contextmanager
def pjl_device(site: Site, habits: EngineHabits, options: str = "") -> Iterator[Device]:
    number = next(_NUMBERS)
    with PrintEngine(address=f"127.0.9.{number}", habits=habits, answers_pjl=True) as engine:
        name = f"pjl{number}"
        add_queue(site, name, engine.device_uri, f'accounter = "hardware(pjl:{engine.port})"\n{options}')
        yield Device(site, name, engine)
        site.cups.run("cancel", "-a", name)


# --- SNMP


@pytest.mark.parametrize(
    ("habits", "rule"),
    [
        (EngineHabits(impression_s=0.1), ChargeRule.DEVICE_COUNTER),
        (EngineHabits(late_counter_s=1.0), ChargeRule.DEVICE_COUNTER),
        (EngineHabits(jumps_by=5000), ChargeRule.PARSED),
        (EngineHabits(stands_still=True, impression_s=0.3), ChargeRule.PARSED),
    ],
    ids=["plain", "late", "jumps", "stands still"],
)
def test_an_snmp_printers_counter_is_charged_where_it_can_be_believed(
    shared: Site, habits: EngineHabits, rule: ChargeRule
) -> None:
    with snmp_device(shared, habits) as device:
        attempt = device.print(6)
        assert (attempt.charged_impressions, attempt.charge_rule) == (device.engine.marked, rule) == (6, rule)
        assert attempt.facts.parsed_impressions == 6


@pytest.mark.parametrize(
    "said",
    [
        'version = "1"',
        'user = "hidden", password = "authpass123", authentication = "SHA", privacy_password = "privpass123"',
    ],
    ids=["1", "3"],
)
def test_an_snmp_printer_is_asked_in_the_version_that_the_site_says(shared: Site, said: str) -> None:
    with snmp_device(shared, EngineHabits(impression_s=0.1), said=said) as device:
        attempt = device.print(3)
        assert (attempt.charged_impressions, attempt.charge_rule) == (3, ChargeRule.DEVICE_COUNTER)


def test_an_snmp_printer_that_forgets_its_counter_costs_what_it_marked(shared: Site) -> None:
    with snmp_device(shared, EngineHabits(impression_s=0.3)) as device:
        job_id = device.submit(6)
        wait_until(lambda: device.engine.marked > 1, 60, "it prints")
        device.engine.forget_counter()
        attempt = device.ended(job_id)
        assert attempt.charged_impressions == device.engine.marked == 6
        assert attempt.charge_rule == ChargeRule.PARSED


def test_paper_out_is_waited_for_and_does_not_print_for_free(shared: Site) -> None:
    with snmp_device(shared, EngineHabits(out_of_paper_after=2)) as device:
        job_id = device.submit(5)
        wait_until(lambda: device.engine.error_bits != 0, 60, "its paper is out")
        device.engine.clear()
        attempt = device.ended(job_id)
        assert attempt.charged_impressions == device.engine.marked == 5


def test_paper_that_is_never_filled_in_does_not_print_for_free(shared: Site) -> None:
    """The job is canceled, its document in the printer's memory; it would be printed as soon as there is paper."""
    with snmp_device(shared, EngineHabits(out_of_paper_after=2), "measure_max_s = 3") as device:
        job_id = device.submit(5)
        wait_until(lambda: device.engine.error_bits != 0, 60, "its paper is out")
        shared.cups.cancel(job_id)
        attempt = device.ended(job_id, JobState.CANCELED)
        assert (attempt.charged_impressions, attempt.charge_rule) == (5, ChargeRule.HANDED_OVER_UNKNOWN)
        with shared.ledger() as ledger:
            notes = " ".join(note.text for note in ledger.notes(attempt.attempt_id))
        assert "no paper" in notes


def test_a_cancel_while_the_counter_settles_does_not_print_for_free(shared: Site) -> None:
    """The document is sent, the counter still moves: the spooler's kill does not end the measuring."""
    with snmp_device(shared, EngineHabits(impression_s=0.4)) as device:
        job_id = device.submit(8)
        wait_until(lambda: device.engine.marked > 0, 60, "it prints")
        shared.cups.cancel(job_id)
        attempt = device.ended(job_id, JobState.CANCELED)
        assert attempt.outcome is Outcome.CANCELED
        assert attempt.charged_impressions == device.engine.marked == 8


def test_a_print_that_fails_is_not_counted(shared: Site) -> None:
    """The counter is read before and after, and says that nothing came out."""
    number = next(_NUMBERS)
    with (
        PrintEngine(address=f"127.0.9.{number}") as engine,
        SnmpAgent(engine.objects(), address=engine.address) as agent,
    ):
        options = f"accounter = {{ snmp = {{ port = {agent.port} }} }}"
        add_queue(shared, f"fails{number}", f"ipp://{engine.address}:{engine.port}/ipp/print?waitjob=false", options)
        device = Device(shared, f"fails{number}", engine)
        engine.powered = False  # its port hangs up; its network card answers
        job_id = device.submit(4)
        wait_until(lambda: any(one.started_at for one in shared.attempts(job_id)), 60, "it is tried")
        shared.cups.cancel(job_id)
        wait_until(shared.nothing_is_open, 60, "everything is settled")
        assert [attempt.charged_impressions for attempt in shared.attempts(job_id)] == [0]
        assert engine.marked == 0


# --- PJL


@pytest.mark.parametrize(
    "habits",
    [EngineHabits(warm_up_s=1.5), EngineHabits(refuses_second=True, impression_s=0.2)],
    ids=["warms up", "answers nobody else"],
)
def test_a_pjl_printers_counter_is_charged(shared: Site, habits: EngineHabits) -> None:
    with pjl_device(shared, habits) as device:
        attempt = device.print(5)
        assert (attempt.charged_impressions, attempt.charge_rule) == (5, ChargeRule.DEVICE_COUNTER)
        assert device.engine.marked == 5


def test_a_pjl_printer_that_jams_is_waited_for(shared: Site) -> None:
    with pjl_device(shared, EngineHabits(jams_after=3)) as device:
        job_id = device.submit(5)
        wait_until(lambda: device.engine.code == 42010, 60, "it jams")
        threading.Timer(2.0, device.engine.clear).start()
        attempt = device.ended(job_id)
        assert attempt.charged_impressions == device.engine.marked == 5


def test_a_pjl_printer_that_is_switched_off_costs_what_it_marked(shared: Site) -> None:
    with pjl_device(shared, EngineHabits(power_lost_after=3, impression_s=0.2)) as device:
        job_id = device.submit(7)
        wait_until(lambda: not device.engine.powered, 60, "its power is gone")
        threading.Timer(2.0, device.engine.switch_on).start()
        attempt = device.ended(job_id)
        assert attempt.charged_impressions == device.engine.marked == 3


# --- IPP


@contextmanager
def ipp_device(site: Site, **habits: object) -> Iterator[tuple[str, VirtualIppPrinter]]:
    number = next(_NUMBERS)
    printer = VirtualIppPrinter(
        site.folder / f"ipp{number}",
        impressions=counting_program(INDEPENDENT_COUNT),
        name=f"Lab {number}",
        **habits,  # type: ignore[arg-type]
    )
    printer.start()
    try:
        add_queue(site, f"ipp{number}", printer.device_uri, 'accounter = "ipp()"')
        yield f"ipp{number}", printer
        site.cups.run("cancel", "-a", f"ipp{number}")
    finally:
        printer.stop()


def test_an_ipp_printer_that_stops_in_the_middle_is_waited_for(shared: Site) -> None:
    with ipp_device(shared, stops_after=2, impression_delay_s=0.1) as (queue, printer):
        device = Queue(shared, queue)
        job_id = device.submit(5)
        wait_until(lambda: printer.marked() == 2, 60, "it stops")
        printer.add_paper()
        attempt = device.ended(job_id)
        assert attempt.charged_impressions == attempt.reported_impressions == printer.marked() == 5
        assert attempt.charge_rule == ChargeRule.DEVICE_COUNTER
        with shared.ledger() as ledger:
            assert "Black" in ledger.readings(attempt.attempt_id)["after"].reading.state  # what is left of it


def test_a_job_canceled_in_the_middle_costs_what_came_out(shared: Site) -> None:
    """This printer finishes what it has been sent."""
    with ipp_device(shared, impression_delay_s=0.3) as (queue, printer):
        device = Queue(shared, queue)
        job_id = device.submit(10)
        wait_until(lambda: printer.marked() >= 3, 60, "some sides are out")
        shared.cups.cancel(job_id)
        attempt = device.ended(job_id, JobState.CANCELED)
        assert 3 <= attempt.charged_impressions == printer.marked()


# --- two queues, one machine


def test_twenty_jobs_over_two_queues_agree_with_the_counter(shared: Site) -> None:
    with snmp_device(shared, EngineHabits(impression_s=0.02)) as device:
        accounter = shared.home.configuration.read_text().rpartition("accounter = ")[2].splitlines()[0]
        other = f"{device.queue}b"
        add_queue(shared, other, f"{device.engine.device_uri}/?waiteof=true", f"accounter = {accounter}")
        before = device.engine.life_count
        sizes = [1 + number % 5 for number in range(20)]
        jobs = [device.submit(size, (device.queue, other)[number % 2]) for number, size in enumerate(sizes)]
        for job_id in jobs:
            assert shared.cups.wait_job(job_id, timeout_s=120) is JobState.COMPLETED
        wait_until(shared.nothing_is_open, 60, "everything is settled")
        shared.audit()
        attempts = [attempt for job_id in jobs for attempt in shared.attempts(job_id)]
        assert sum(attempt.charged_impressions for attempt in attempts) == device.engine.life_count - before
        assert device.engine.marked == sum(sizes)
        assert [attempt.charged_impressions for attempt in attempts] == sizes

# SPDX-License-Identifier: Apache-2.0
"""Two print servers, each with a scheduler and a daemon of its own, with one PostgreSQL ledger and one SNMP printer:
what they charge is what it marked, whoever waits, shares, or is killed in the middle.
"""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.documents import postscript_document
from lab.fixtures import new_lab_folder
from lab.postgres import PostgresServer
from lab.site import SCHEME, Site
from pagetoll.core.jobs import ChargeRule
from pagetoll.integrations.printlab.engine import EngineHabits, PrintEngine
from pagetoll.integrations.printlab.processes import is_alive, wait_until
from pagetoll.integrations.printlab.snmp_agent import SnmpAgent
from pagetoll.ports import AttemptRecord
from pagetoll.wire.ipp import JobState

CONFIGURATION = """
database = "{url}"
server_name = "{name}"
upkeep_interval_s = 5
statusstabilizationloops = 2
statusstabilizationdelay_s = 0.25
noprintingmaxdelay_s = 2
measure_max_s = 60
measure_wait_s = {measure_wait_s}
server_gone_s = {server_gone_s}
skipinitialwait = true
accounter = {{ snmp = {{ version = "2c", port = {port} }} }}
"""
_NUMBERS = iter(range(1, 200))


@dataclass
class Office:
    """Both servers, each with a queue of its own name to the same printer."""

    servers: list[Site]
    engine: PrintEngine
    before: int

    def submit(self, server: int, pages: int) -> int:
        site = self.servers[server]
        path = site.folder / f"document-{pages}.ps"
        path.write_bytes(postscript_document(pages))
        return site.cups.submit(f"queue{server}", path, user="anna")

    def ended(self, server: int, job_id: int, state: JobState = JobState.COMPLETED) -> None:
        assert self.servers[server].cups.wait_job(job_id, timeout_s=120) is state

    def lose(self, server: int) -> None:
        """Its machine is switched off: nothing of it acts any more, or tells anybody."""
        site = self.servers[server]
        site.kill_daemon(signal.SIGSTOP)
        site.cups.close()
        pid = site.daemon_pid()
        site.kill_daemon()
        wait_until(lambda: pid is None or not is_alive(pid), 60, "the daemon is dead")

    def records(self, jobs: int) -> list[AttemptRecord]:
        """All attempts so far, once they are closed; the books are right."""
        site = self.servers[0]
        wait_until(lambda: len(site.attempts()) == jobs and site.nothing_is_open(), 90, "everything is settled")
        site.audit()
        return site.attempts()

    def charges(self, jobs: int) -> list[tuple[int, str]]:
        found = self.records(jobs)
        assert sum(record.charged_impressions for record in found) == self.engine.life_count - self.before
        return sorted((record.charged_impressions, record.charge_rule) for record in found)


@contextmanager
def office(url: str, habits: EngineHabits, measure_wait_s: int, server_gone_s: int = 600) -> Iterator[Office]:
    number = next(_NUMBERS)
    address, folders = f"127.0.11.{number}", [new_lab_folder(), new_lab_folder()]
    servers = [Site(folder) for folder in folders]
    with (
        PrintEngine(address=address, habits=habits) as engine,
        SnmpAgent(engine.objects(serial=f"S{number}"), address=address) as agent,
    ):
        try:
            for place, site in enumerate(servers):
                site.set_up()
                site.configure(
                    CONFIGURATION.format(
                        url=url,
                        name=f"server{place}",
                        measure_wait_s=measure_wait_s,
                        server_gone_s=server_gone_s,
                        port=agent.port,
                    )
                )
                site.run("pagetoll", "init")
                site.run("pkprinters", "-a", f"queue{place}")
                site.run("pkusers", "-a", "anna", status=None)
                site.run("edpykota", "-a", "-P", f"queue{place}", "anna")
                site.cups.add_queue(f"queue{place}", f"{SCHEME}:{engine.device_uri}")
                site.start_daemon()
            yield Office(servers, engine, engine.life_count)
        finally:
            for site in servers:
                site.close()
            for folder in folders:
                shutil.rmtree(folder)


@pytest.fixture
def url(postgres_server: PostgresServer) -> Iterator[str]:
    made = postgres_server.new_database()
    yield made
    postgres_server.drop_database(made)


def test_a_job_of_one_server_waits_for_the_measuring_of_the_others_and_is_charged_its_own(url: str) -> None:
    with office(url, EngineHabits(impression_s=0.05), measure_wait_s=60) as place:
        jobs = [(server, place.submit(server, 1 + number % 4)) for number in range(4) for server in (0, 1)]
        for server, job_id in jobs:
            place.ended(server, job_id)
        expected = [(1 + number % 4, ChargeRule.DEVICE_COUNTER) for number in range(4) for _server in (0, 1)]
        assert place.charges(len(jobs)) == sorted(expected)


def test_what_two_servers_printed_at_once_is_split_in_the_ratio_of_what_was_counted(url: str) -> None:
    """The printer counts one more for each job: 14 for jobs of 4 and 8."""
    with office(url, EngineHabits(impression_s=0.05, jams_after=3, jumps_by=1), measure_wait_s=1) as place:
        first = place.submit(0, 4)
        wait_until(lambda: place.engine.error_bits != 0, 60, "it jams")
        second = place.submit(1, 8)
        wait_until(lambda: len(place.servers[0].attempts()) == 2, 60, "the second job is on its way")
        wait_until(lambda: all(one.started_at for one in place.servers[0].attempts()), 60, "both have started")
        place.engine.clear()
        place.ended(0, first)
        place.ended(1, second)
        assert place.charges(2) == [(5, ChargeRule.SHARED_READING), (9, ChargeRule.SHARED_READING)]


def test_a_server_whose_daemon_is_killed_while_another_one_shares_gets_its_part(url: str) -> None:
    """kill -9 of the daemon; its thin client finds the next one, which knows the readings from the ledger."""
    with office(url, EngineHabits(impression_s=0.05, jams_after=3, jumps_by=1), measure_wait_s=1) as place:
        first = place.submit(0, 4)
        wait_until(lambda: place.engine.error_bits != 0, 60, "it jams")
        second = place.submit(1, 8)
        wait_until(lambda: len(place.servers[0].attempts()) == 2, 60, "the second job is on its way")
        wait_until(lambda: all(one.started_at for one in place.servers[0].attempts()), 60, "both have started")
        place.servers[0].kill_daemon()
        place.engine.clear()
        place.ended(0, first)
        place.ended(1, second)
        assert place.charges(2) == [(5, ChargeRule.SHARED_READING), (9, ChargeRule.SHARED_READING)]


def test_a_server_that_loses_daemon_and_client_while_it_measures_charges_what_came_out(url: str) -> None:
    """Whoever is killed, in whatever order: the next daemon reads the printer again, and nobody else touches it."""
    with office(url, EngineHabits(impression_s=0.3), measure_wait_s=60) as place:
        site = place.servers[0]
        place.submit(0, 6)
        wait_until(lambda: bool(site.attempts()) and place.engine.marked >= 2, 60, "it prints")
        (record,) = site.attempts()
        wait_until(lambda: backend_is_over(site), 60, "its backend is over")
        site.kill_daemon()
        os.kill(record.facts.client_pid, signal.SIGKILL)
        second = place.submit(1, 3)
        site.start_daemon()
        place.ended(1, second)
        found = {record.facts.ticket.printer: record for record in place.records(2)}
        assert [(found[name].charged_impressions, found[name].charge_rule) for name in ("queue0", "queue1")] == [
            (6, ChargeRule.DEVICE_COUNTER),
            (3, ChargeRule.DEVICE_COUNTER),
        ]
        assert place.engine.marked == 9
        with site.ledger() as ledger:
            notes = [note.text for note in ledger.notes(found["queue0"].attempt_id)]
        assert any("its device was read again" in text for text in notes)


def test_a_server_that_never_comes_back_keeps_no_other_and_is_charged_its_part_once(url: str) -> None:
    """The printer counts one more for each job: 14 for jobs of 4 and 8. The other server sees for ten seconds that
    the first one does not beat, before it ends its own job without it."""
    habits = EngineHabits(impression_s=0.05, jams_after=3, jumps_by=1)
    with office(url, habits, measure_wait_s=1, server_gone_s=10) as place:
        lost, left = place.servers
        place.submit(0, 4)
        wait_until(lambda: place.engine.error_bits != 0, 60, "it jams, so that its server is not done with it")
        place.lose(0)
        place.engine.clear()
        place.ended(1, place.submit(1, 8))
        charges = [(5, ChargeRule.SHARED_READING), (9, ChargeRule.SHARED_READING)]
        assert place.charges(2) == charges
        with left.ledger() as ledger:
            notes = [note.text for note in ledger.notes(left.attempts()[0].attempt_id)]
        assert any("its print server server0 is gone" in text for text in notes)
        lost.start_daemon()
        for site in (lost, left):
            assert site.run("pagetoll", "upkeep").stdout.startswith("0 attempts closed, 0 journal entries booked")
        assert place.charges(2) == charges


def backend_is_over(site: Site) -> bool:
    (record,) = site.attempts()
    return bool(record.backend_pid) and not Path(f"/proc/{record.backend_pid}").exists()

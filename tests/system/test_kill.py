# SPDX-License-Identifier: Apache-2.0
"""Death at any point: whatever is killed, each printed page is charged once and nothing stays reserved.

What was printed is what the sink received, counted independently; a job that was cut off in the middle prints the
pages that arrived whole.
"""

import contextlib
import itertools
import os
import random
import signal
import time
from collections.abc import Iterator

import pytest

from lab.documents import postscript_document
from lab.independent_count import count_raw
from lab.shared_site import shared_site
from lab.site import Site
from lab.way import WAY_OF_A_PRINTED_JOB
from pagetoll.core.jobs import AttemptState
from pagetoll.core.lifecycle import Command
from pagetoll.integrations.printlab.processes import command_line, is_alive, wait_until
from pagetoll.integrations.printlab.sink import RawSink
from pagetoll.ports import AttemptRecord
from pagetoll.wire.ipp import JobState

PAGES = 3
USER = "anna"


@pytest.fixture(scope="module")
def killing_site() -> Iterator[Site]:
    """One site for all: each case has a queue and a device of its own."""
    with shared_site() as site:
        site.run("pkprinters", "-a", *(f"q{number}" for number in range(60)))
        site.add_user(USER, ["*"])
        for pages in (1, 2):
            (site.folder / f"document{pages}.ps").write_bytes(postscript_document(PAGES))
        yield site


class Case:
    """A queue of its own, and the jobs that go through it."""

    numbers = itertools.count()

    def __init__(self, site: Site, sink: RawSink) -> None:
        self.site, self.sink = site, sink
        self.queue = f"q{next(self.numbers)}"
        site.cups.add_queue(self.queue, f"cupspykota:{sink.device_uri}")

    def submit(self, files: int) -> int:
        """One file makes a file job, two make a job on standard input."""
        documents = [str(self.site.folder / f"document{number}.ps") for number in range(1, files + 1)]
        said = self.site.cups.run("lp", "-d", self.queue, "-U", USER, *documents)
        return int(said.split(f"{self.queue}-")[1].split()[0])

    def attempts(self) -> list[AttemptRecord]:
        return [one for one in self.site.attempts() if one.facts.ticket.printer == self.queue]

    def charged(self) -> int:
        return sum(attempt.charged_impressions for attempt in self.attempts())

    def printed(self) -> int:
        return sum(count_raw(job.document).impressions for job in self.sink.jobs())

    def is_over(self, job_id: int) -> None:
        """Wait until the job has ended (released when it was held), no process of it lives, no attempt is open."""

        def ended() -> bool:
            state = self.site.cups.job_state(job_id)
            if state is JobState.PENDING_HELD:
                self.site.cups.release(job_id)
            return state in (JobState.COMPLETED, JobState.CANCELED, JobState.ABORTED)

        wait_until(ended, 60, f"job {job_id} ends")
        wait_until(lambda: not any(is_alive(pid) for pid in self.site.cups.job_pids()), 60, "its processes end")
        if self.site.daemon_pid() is None:
            self.site.start_daemon()
        self.site.settled()
        # a client that died before the reserve is found out only then
        wait_until(self._all_closed, 60, "all attempts are closed")

    def _all_closed(self) -> bool:
        attempts = self.attempts()
        return bool(attempts) and all(one.state is AttemptState.CLOSED for one in attempts)


@pytest.mark.parametrize("files", [1, 2], ids=["file", "stdin"])
@pytest.mark.parametrize("command", WAY_OF_A_PRINTED_JOB)
@pytest.mark.parametrize("who", ["daemon", "client"])
def test_a_kill_at_any_command_charges_each_printed_page_once(
    killing_site: Site, raw_sink: RawSink, who: str, command: Command, files: int
) -> None:
    case = Case(killing_site, raw_sink)
    killing_site.stop_daemon()
    killing_site.start_daemon(f"{who}@{command}")
    case.is_over(case.submit(files))
    assert case.charged() == case.printed()


def test_the_books_prove_themselves_after_all_these_deaths(killing_site: Site) -> None:
    killing_site.audit()


def kill_at_random(case: Case, seed: int) -> None:
    """One job; at a random time of its life its client or the daemon is killed."""
    choice = random.Random(seed)
    who = choice.choice(["client", "daemon"])
    delay_s = choice.uniform(0, 0.25)
    job_id = case.submit(choice.choice([1, 2]))
    time.sleep(delay_s)
    if who == "daemon":
        case.site.kill_daemon()
    else:
        pids = case.site.cups.job_pids()
        for pid in [pid for pid in pids if "cupspykota" in " ".join(command_line(pid))][:1]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    case.is_over(job_id)


def kill_again_and_again(site: Site, runs: int) -> None:
    with RawSink(octets_per_s=4000) as sink:
        case = Case(site, sink)
        for seed in range(runs):
            kill_at_random(case, seed)
            assert case.charged() == case.printed(), f"run {seed}"
    site.audit()


def test_kills_at_random_times_charge_each_printed_page_once(killing_site: Site) -> None:
    kill_again_and_again(killing_site, 12)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_hundred_kills_at_random_times_charge_each_printed_page_once(killing_site: Site) -> None:
    kill_again_and_again(killing_site, 100)

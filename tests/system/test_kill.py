# SPDX-License-Identifier: Apache-2.0
"""Death at any point: whatever is killed, each printed page is charged once and nothing stays reserved.

What was printed is what the sink received, counted independently; a job that was cut off in the middle prints the
pages that arrived whole.
"""

import contextlib
import os
import random
import signal
import time
from pathlib import Path

import pytest

from lab.documents import postscript_document
from lab.independent_count import count_raw
from lab.site import Site
from lab.way import WAY_OF_A_PRINTED_JOB
from pagetoll.core.jobs import AttemptState
from pagetoll.core.lifecycle import Command
from pagetoll.integrations.printlab.processes import command_line, is_alive, wait_until
from pagetoll.integrations.printlab.sink import RawSink
from pagetoll.wire.ipp import JobState

PAGES = 3


def charged(site: Site) -> int:
    return sum(attempt.charged_impressions for attempt in site.attempts())


def printed(sink: RawSink) -> int:
    return sum(count_raw(job.document).impressions for job in sink.jobs())


def prepare(site: Site, sink: RawSink, files: int) -> list[Path]:
    """A queue and a user; one file makes a file job, two make a job on standard input."""
    site.run("pkprinters", "-a", "lab")
    site.add_user("anna", ["lab"])
    site.cups.add_queue("lab", f"cupspykota:{sink.device_uri}")
    documents = [site.folder / f"document{number}.ps" for number in range(files)]
    for document in documents:
        document.write_bytes(postscript_document(PAGES))
    return documents


def submit(site: Site, documents: list[Path]) -> int:
    said = site.cups.run("lp", "-d", "lab", "-U", "anna", *map(str, documents))
    return int(said.split("lab-")[1].split()[0])


def all_is_over(site: Site, job_id: int) -> None:
    """The job has ended (released when it was held), no process of it lives, and no attempt is open."""

    def ended() -> bool:
        state = site.cups.job_state(job_id)
        if state is JobState.PENDING_HELD:
            site.cups.release(job_id)
        return state in (JobState.COMPLETED, JobState.CANCELED, JobState.ABORTED)

    wait_until(ended, 30, f"job {job_id} ends")
    wait_until(lambda: not any(is_alive(pid) for pid in site.cups.job_pids()), 20, "the job's processes end")
    if site.daemon_pid() is None:
        site.start_daemon()
    site.settled()
    # a client that died before the reserve is found out only then
    wait_until(
        lambda: [one.state for one in site.attempts()].count(AttemptState.CLOSED) == len(site.attempts()) > 0,
        10,
        "all attempts are closed",
    )


@pytest.mark.parametrize("files", [1, 2], ids=["file", "stdin"])
@pytest.mark.parametrize("command", WAY_OF_A_PRINTED_JOB)
@pytest.mark.parametrize("who", ["daemon", "client"])
def test_a_kill_at_any_command_charges_each_printed_page_once(
    site: Site, raw_sink: RawSink, who: str, command: Command, files: int
) -> None:
    documents = prepare(site, raw_sink, files)
    site.start_daemon(f"{who}@{command}")
    job_id = submit(site, documents)
    all_is_over(site, job_id)
    assert charged(site) == printed(raw_sink)
    site.audit()


def kill_at_random(site: Site, documents: list[Path], seed: int) -> None:
    """One job; at a random time of its life its client or the daemon is killed."""
    choice = random.Random(seed)
    who = choice.choice(["client", "daemon"])
    delay_s = choice.uniform(0, 0.25)
    job_id = submit(site, documents[: choice.choice([1, 2])])
    time.sleep(delay_s)
    if who == "daemon":
        site.kill_daemon()
    else:
        clients = [pid for pid in site.cups.job_pids() if "cupspykota" in " ".join(command_line(pid))]
        for pid in clients[:1]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    all_is_over(site, job_id)


def kill_again_and_again(site: Site, sink: RawSink, runs: int) -> None:
    documents = prepare(site, sink, 2)
    site.start_daemon()
    for seed in range(runs):
        kill_at_random(site, documents, seed)
        assert charged(site) == printed(sink), f"run {seed}"
    site.audit()


def test_kills_at_random_times_charge_each_printed_page_once(site: Site) -> None:
    with RawSink(octets_per_s=4000) as sink:
        kill_again_and_again(site, sink, 12)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_hundred_kills_at_random_times_charge_each_printed_page_once(site: Site) -> None:
    with RawSink(octets_per_s=4000) as sink:
        kill_again_and_again(site, sink, 100)

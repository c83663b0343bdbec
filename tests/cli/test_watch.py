# SPDX-License-Identifier: Apache-2.0
"""`pagetoll watch` beside a real scheduler whose queues nobody manages."""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.site import Site
from pagetoll.integrations.cups_events import EndedJobs, line_of
from pagetoll.integrations.printlab.cupsd import PrivateCups
from pagetoll.wire import ipp

#: A device that marks as many sides as the first word of the document says.
DEVICE = """#!/bin/sh
[ $# = 0 ] && exit 0
read sides rest < "${6:-/dev/stdin}"
echo "PAGE: total $sides" >&2
exit 0
"""


@pytest.fixture
def queue(cups: PrivateCups, lab_folder: Path) -> PrivateCups:
    device = lab_folder / "device"
    device.write_text(DEVICE, encoding="utf-8")
    cups.install_backend("marks", device, mode=0o755)
    cups.add_queue("hp", "marks:/1")
    return cups


def run(cups: PrivateCups, sides: int, **options: object) -> int:
    """A job, when it has ended."""
    job_id = cups.submit("hp", f"{sides} sides".encode(), **options)  # type: ignore[arg-type]
    assert cups.wait_job(job_id) is ipp.JobState.COMPLETED
    return job_id


def printed(site: Site) -> dict[object, object]:
    rows = map(json.loads, site.do("pagetoll", "report", "printed", "--json", "--by", "user").splitlines())
    return {row["user"]: row["impressions"] for row in rows}


def wait_for(condition: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.2)


@pytest.fixture
def watching(site: Site, queue: PrivateCups) -> Iterator[subprocess.Popen[str]]:
    run(queue, 2, user="before")
    process = site.start("pagetoll", "watch", "--create", "--interval", "1", CUPS_SERVER=queue.server)
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def test_jobs_are_booked_once_as_they_end_also_over_a_restart_of_the_scheduler(
    site: Site, queue: PrivateCups, watching: subprocess.Popen[str]
):
    wait_for(lambda: printed(site) == {"before": 2})
    job_id = run(queue, 5, user="anna", title="a  title", options={"sides": "two-sided-long-edge"})
    wait_for(lambda: printed(site) == {"before": 2, "anna": 5})
    queue.stop()
    assert watching.stderr is not None
    assert "the scheduler cannot be asked" in watching.stderr.readline()
    queue.start()
    run(queue, 3, user="anna")
    wait_for(lambda: printed(site) == {"before": 2, "anna": 8})
    watching.send_signal(signal.SIGTERM)
    watching.communicate(timeout=60)
    assert watching.returncode == 0
    run(queue, 1, user="ben")
    for _ in range(2):
        done = site.run("pagetoll", "watch", "--once", "--create", CUPS_SERVER=queue.server)
        assert done.status == 0, done.err
    assert printed(site) == {"before": 2, "anna": 8, "ben": 1}
    with site.books() as books:
        (record,) = [row for row in books.ledger.history() if row.facts.key.job.job_id == job_id]
        assert (record.charged_impressions, record.charged_media_sheets) == (5, 3)
        assert (record.facts.ticket.job_name, record.charge_rule) == ("a  title", "logged_total")
        assert books.audit() == []


def test_a_managed_queue_is_left_out(site: Site, queue: PrivateCups):
    queue.run("lpadmin", "-p", "hp", "-v", "marks:/1")
    run(queue, 2, user="anna")
    device = queue.tree.folder.parent / "device"
    queue.install_backend("pagetoll", device, mode=0o755)
    queue.run("lpadmin", "-p", "hp", "-v", "pagetoll:marks:/1")
    assert site.run("pagetoll", "watch", "--once", "--create", CUPS_SERVER=queue.server).status == 0
    assert printed(site) == {}
    assert site.run("pagetoll", "watch", "--once", "--create", "-a", CUPS_SERVER=queue.server).status == 0
    assert printed(site) == {"anna": 2}


def test_the_scheduler_tells_of_jobs_as_they_end(queue: PrivateCups):
    jobs = EndedJobs(queue.client)
    jobs.subscribe()
    assert jobs.is_told
    assert jobs.told() == []
    run(queue, 4, user="anna")
    (line,) = jobs.told()
    assert (line.printer, line.user, line.impressions, line.page) == ("hp", "anna", 4, None)
    assert jobs.told() == []
    assert jobs.all() == [line]
    jobs.cancel()
    assert not jobs.is_told


def test_a_subscription_that_is_gone_is_noticed(queue: PrivateCups):
    jobs, other = EndedJobs(queue.client), EndedJobs(queue.client)
    jobs.subscribe()
    other.subscribe()
    other._subscription = jobs._subscription
    other.cancel()
    assert jobs.told() == []
    assert not jobs.is_told


def test_events_that_the_scheduler_threw_away_are_noticed(queue: PrivateCups):
    """It keeps MaxEvents of each subscription (cupsd.conf(5)), 100 by default; here 3."""
    queue.stop()
    with (queue.tree.etc / "cupsd.conf").open("a", encoding="utf-8") as file:
        file.write("MaxEvents 3\n")
    queue.start()
    jobs = EndedJobs(queue.client)
    jobs.subscribe()
    numbers = [run(queue, sides) for sides in range(1, 6)]
    assert jobs.told() == []
    assert not jobs.is_told
    assert [line.job_id for line in jobs.all()] == numbers
    jobs.subscribe()
    numbers = [run(queue, sides) for sides in range(1, 3)]
    assert [line.job_id for line in jobs.told()] == numbers
    numbers = [run(queue, sides) for sides in range(1, 4)]
    assert [line.job_id for line in jobs.told()] == numbers


GOOD: dict[str, tuple[ipp.Content, ...]] = {
    "job-id": (7,),
    "job-state": (9,),
    "job-printer-uri": ("ipp://localhost/printers/h%20p",),
    "job-impressions-completed": (3,),
    "time-at-processing": (1_772_438_400,),
    "time-at-completed": (1_772_438_405,),
}


@pytest.mark.parametrize(
    "changes",
    [
        {"job-id": ("7",)},
        {"job-id": (-1,)},
        {"job-state": (5,)},
        {"job-printer-uri": ()},
        {"job-printer-uri": ("x" * 300,)},
        {"job-impressions-completed": (-3,)},
        {"job-impressions-completed": (2**31 - 1,)},
        {"time-at-processing": (None,)},
        {"time-at-completed": (None,)},
    ],
)
def test_jobs_that_cannot_be_booked_are_left_out(changes: dict[str, tuple[ipp.Content, ...]]):
    line = line_of(GOOD)
    assert line is not None
    assert (line.printer, line.impressions) == ("h p", 3)
    assert line_of(GOOD | changes) is None

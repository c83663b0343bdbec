# SPDX-License-Identifier: Apache-2.0
"""Managed queues and queues that nobody touches on one scheduler: its page_log and its history are booked beside our
own jobs, and nothing is counted twice.
"""

import json
import subprocess

import pytest

from lab.documents import postscript_document
from lab.site import Site
from pagetoll.integrations.printlab.processes import wait_until
from pagetoll.integrations.printlab.sink import RawSink
from pagetoll.wire.ipp import JobState

#: A device that marks as many sides as the first word of the document says.
DEVICE = """#!/bin/sh
[ $# = 0 ] && exit 0
read sides rest < "${6:-/dev/stdin}"
echo "PAGE: total $sides" >&2
exit 0
"""
IMPORT = ("pagetoll", "import", "page-log", "--create", "--settle", "0", "--json")


@pytest.fixture
def school(site: Site, raw_sink: RawSink) -> Site:
    """`lab` is managed, `free` is not."""
    site.run("pkprinters", "-a", "-c", "0.05", "lab", "free")
    site.add_user("anna", ["lab", "free"])
    site.cups.add_queue("lab", f"cupspykota:{raw_sink.device_uri}")
    device = site.folder / "device"
    device.write_text(DEVICE)
    site.cups.install_backend("marks", device, mode=0o755)
    site.cups.add_queue("free", "marks:/1")
    return site


def print_on(site: Site, queue: str, document: bytes, user: str = "anna", **options: str) -> int:
    job_id = site.cups.submit(queue, document, user=user, title="a  title - total 9 [x]", options=options)
    assert site.cups.wait_job(job_id) is JobState.COMPLETED
    wait_until(site.nothing_is_open, 60, "everything is settled")
    return job_id


def report(site: Site, *words: str) -> dict[tuple[str, str], int]:
    shown = site.run("pagetoll", "report", "printed", "--json", "--by", "printer,user", *words).stdout
    return {(row["printer"], row["user"]): row["impressions"] for row in map(json.loads, shown.splitlines())}


def lines_of_the_log(site: Site) -> int:
    path = site.cups.tree.log / "page_log"
    return len(path.read_text().splitlines()) if path.exists() else 0


def test_the_log_of_a_scheduler_with_managed_queues_is_booked_without_their_lines(school: Site) -> None:
    print_on(school, "lab", postscript_document(3))
    print_on(school, "free", b"4 sides")
    print_on(school, "free", b"2 sides", user="newcomer")
    wait_until(lambda: lines_of_the_log(school) == 3, 60, "page_log has all jobs")
    log = str(school.cups.tree.log / "page_log")
    expected = {("lab", "anna"): 3, ("free", "anna"): 4, ("free", "newcomer"): 2}
    first, again = (json.loads(school.run(*IMPORT, log).stdout) for _ in range(2))
    assert (first["ours"], first["impressions"]) == (1, 6)
    assert (again["runs"], again["impressions"]) == (0, 0)
    assert report(school) == expected
    everything = json.loads(school.run(*IMPORT, "--all-queues", log).stdout)
    assert (everything["ours"], everything["impressions"]) == (0, 0)
    assert report(school) == expected
    assert report(school, "--unverified") == {place: sides for place, sides in expected.items() if place[0] == "free"}
    assert report(school, "--verified") == {("lab", "anna"): 3}
    school.audit()


def test_a_queue_that_is_managed_later_keeps_its_earlier_jobs(school: Site, raw_sink: RawSink) -> None:
    print_on(school, "free", b"4 sides")
    school.cups.run("lpadmin", "-p", "free", "-v", f"cupspykota:{raw_sink.device_uri}")
    print_on(school, "free", postscript_document(2))
    wait_until(lambda: lines_of_the_log(school) == 2, 60, "page_log has all jobs")
    log = str(school.cups.tree.log / "page_log")
    assert json.loads(school.run(*IMPORT, log).stdout)["impressions"] == 0
    for _ in range(2):
        school.run(*IMPORT, "--all-queues", log)
        assert report(school) == {("free", "anna"): 6}
    school.audit()


def test_a_class_with_a_managed_member_is_counted_by_us_alone(school: Site) -> None:
    """The log and the history name the class that the job was sent to."""
    school.cups.run("lpadmin", "-p", "lab", "-c", "all")
    school.cups.run("cupsaccept", "all")
    school.cups.run("cupsenable", "all")
    print_on(school, "all", postscript_document(3))
    wait_until(lambda: lines_of_the_log(school) == 1, 60, "page_log has the job")
    school.run(*IMPORT, str(school.cups.tree.log / "page_log"))
    school.run("pagetoll", "watch", "--once", "--create")
    assert report(school) == {("lab", "anna"): 3}
    school.audit()


def test_jobs_are_watched_as_they_end_beside_a_managed_queue(school: Site) -> None:
    words = [str(school.programs / "pagetoll"), "watch", "--create", "--interval", "1"]
    watching = subprocess.Popen(words, env=school.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        print_on(school, "lab", postscript_document(3))
        for number in range(1, 4):
            print_on(school, "free", f"{number} sides".encode(), user="o'brien $(id)")
        expected = {("lab", "anna"): 3, ("free", "o'brien $(id)"): 6}
        wait_until(lambda: report(school) == expected, 90, "all jobs are booked")
    finally:
        watching.terminate()
        _out, err = watching.communicate(timeout=60)
    assert (watching.returncode, err) == (0, b"")
    assert report(school) == expected
    school.audit()

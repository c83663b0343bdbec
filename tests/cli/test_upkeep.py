# SPDX-License-Identifier: Apache-2.0
"""pagetoll upkeep: what dead processes left behind is settled, held jobs are released, by root only."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.site import OTHER_USER, SERVICE_USER, Site
from contract.books import Books
from lab.documents import text_document
from pagetoll.core.jobs import AttemptKey, AttemptState, JobKey
from pagetoll.core.policy import ALLOWED
from pagetoll.integrations.printlab.cupsd import PrivateCups
from pagetoll.integrations.printlab.processes import wait_until
from pagetoll.integrations.printlab.sink import RawSink
from pagetoll.integrations.processes import LinuxProcesses
from pagetoll.ports import AttemptFacts
from pagetoll.wire.ipp import JobState

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root releases jobs")
CLOSED_TWO = "2 attempts closed, 0 journal entries booked, 0 still running.\n"
NOTHING = "0 attempts closed, 0 journal entries booked, 0 still running.\n"


def furnish(books: Books) -> None:
    books.printer("laser", page="0.05")
    books.user("anna", balance="5")
    books.entry("anna", "laser", soft=50, hard=50)


def dead(books: Books, **given: object) -> AttemptFacts:
    """A new job whose thin client is dead."""
    boot_id = LinuxProcesses().boot_id
    return books.facts("anna", "laser", boot_id=boot_id, client_pid=2**22 + 1, client_start_time_ticks=1, **given)


def never_started(books: Books, **given: object) -> None:
    books.ledger.reserve(dead(books, **given), books.plan(3, "anna", "laser"), ALLOWED, ())


def leave_behind(books: Books) -> None:
    """Two attempts whose thin clients are dead: one was never started, one was printing."""
    never_started(books)
    facts = dead(books)
    reserved = books.ledger.reserve(facts, books.plan(3, "anna", "laser"), ALLOWED, ())
    books.ledger.mark_starting(facts.key, books.clock())
    books.ledger.mark_started(facts.key, 2**22 + 2, 1)
    assert books.ledger.attempt_by_id(reserved.attempt_id).state is AttemptState.PRINTING


def upkeep(site: Site, user: str = "", **environment: str) -> tuple[int, str, str]:
    done = site.run("pagetoll", "upkeep", user=user, **environment)
    return done.status, done.out, done.err


def test_what_dead_processes_left_open_is_closed_once(site: Site):
    with site.books() as books:
        furnish(books)
        leave_behind(books)
    assert upkeep(site) == (0, CLOSED_TWO, "")
    assert upkeep(site) == (0, NOTHING, "")
    with site.books() as books:
        assert books.pages("anna", "laser").posted == 3, "the one that was printing is charged whole"
        assert books.pages("anna", "laser").reserved == 0
        assert books.audit() == []
        assert books.ledger.open_attempts() == []


def test_a_running_daemon_does_it(site: Site):
    """It knows which attempts live; the command only asks and tells. Its own first round is over beforehand."""
    with site.books() as books:
        furnish(books)
        never_started(books, key=AttemptKey(JobKey("server", 4711, 1), "f" * 32))
    assert site.run("pagetoll", "daemon", "start").status == 0
    try:
        with site.books() as books:
            wait_until(lambda: not books.ledger.open_attempts(), 60, "the daemon's own round")
            leave_behind(books)
        assert upkeep(site) == (0, CLOSED_TWO, "")
        assert upkeep(site) == (0, NOTHING, "")
    finally:
        site.run("pagetoll", "daemon", "stop")
    with site.books() as books:
        assert books.pages("anna", "laser").posted == 3
        assert books.audit() == []


@pytest.fixture
def cups(site: Site) -> Iterator[PrivateCups]:
    """A scheduler with a raw queue `laser` that leads to a sink of ours."""
    scheduler = PrivateCups(site.folder / "cups")
    with RawSink() as sink:
        try:
            scheduler.start()
            scheduler.add_queue("laser", sink.device_uri)
            yield scheduler
        finally:
            scheduler.close()


def list_as_held(site: Site, text: str) -> Path:
    held = site.home / "journal" / "held"
    held.write_text(text)
    owner = site.home.stat()
    os.chown(held, owner.st_uid, owner.st_gid)
    return held


@needs_root
def test_root_releases_the_jobs_that_were_held(site: Site, cups: PrivateCups):
    job_id = cups.submit("laser", text_document(1), options={"job-hold-until": "indefinite"})
    held = list_as_held(site, f"{job_id}\t1\tlaser\n{job_id}\t1\tlaser\n--help\tnot a number\n")
    assert upkeep(site, CUPS_SERVER=cups.server) == (0, f"{NOTHING}released job {job_id}\n", "")
    assert cups.wait_job(job_id) is JobState.COMPLETED
    assert not held.exists()


@needs_root
def test_a_job_that_cannot_be_released_is_named_with_the_command(site: Site, cups: PrivateCups):
    list_as_held(site, "4711\t1\tlaser\n")
    status, shown, complaint = upkeep(site, CUPS_SERVER=cups.server)
    assert (status, shown) == (1, NOTHING)
    assert complaint.startswith("pagetoll upkeep: job 4711 stays held: ")
    assert complaint.endswith("; try: lp -i 4711 -H resume\n")


@needs_root
def test_the_owner_leaves_held_jobs_to_root(site: Site):
    held = list_as_held(site, "12\t1\tlaser\n")
    owner = site.home.stat()
    done = subprocess.run(
        [sys.executable, "-m", "pagetoll.frontends.cli.pagetoll", "upkeep"],
        env=site.environment,
        user=owner.st_uid,
        group=owner.st_gid,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, NOTHING, "")
    assert held.read_text() == "12\t1\tlaser\n"


@needs_root
def test_while_the_ledger_is_away_held_jobs_stay_held(site: Site):
    held = list_as_held(site, "12\t1\tlaser\n")
    (site.home / "pagetoll.db").rename(site.home / "elsewhere.db")
    status, shown, complaint = upkeep(site)
    assert (status, shown) == (1, "")
    assert "Traceback" not in complaint
    assert held.exists()


@needs_root
def test_a_stranger_is_refused(site: Site):
    site.home.chmod(0o755)
    said = f"pagetoll upkeep: only root and {SERVICE_USER} may do the upkeep; run this as one of them\n"
    assert upkeep(site, user=OTHER_USER) == (1, "", said)

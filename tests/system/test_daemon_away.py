# SPDX-License-Identifier: Apache-2.0
"""The daemon stopped, killed, hung, or without its database while jobs arrive: each queue follows its on_failure, and
once all is back everything that was printed is booked, once.
"""

import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.documents import postscript_document
from lab.independent_count import count_raw
from lab.shared_site import shared_site
from lab.site import SCHEME, Site
from pagetoll.core.jobs import ChargeRule
from pagetoll.integrations.printlab.processes import wait_until
from pagetoll.integrations.printlab.sink import RawSink
from pagetoll.wire.ipp import JobState

CONFIGURATION = """
wait_s = 1
upkeep_interval_s = 3600
[queue.away-retry]
on_failure = "retry"
[queue.away-cancel]
on_failure = "cancel"
[queue.away-print]
on_failure = "print_and_journal"
"""
QUEUES = ["away-hold", "away-retry", "away-cancel", "away-print"]
#: After how long a silent daemon hangs: as installed, and where the test knows that it does.
SILENCE_S, KNOWN_TO_HANG_S = 10.0, 1.0


@pytest.fixture(scope="module")
def away_site() -> Iterator[tuple[Site, RawSink]]:
    """A site whose backend does not start the daemon, as where systemd does that."""
    with shared_site(CONFIGURATION) as site, RawSink() as sink:
        stamp(site, STAMP_DAEMON="()")
        site.run("pkprinters", "-a", *QUEUES)
        site.add_user("anna", QUEUES)
        for queue in QUEUES:
            site.cups.add_queue(queue, f"{SCHEME}:{sink.device_uri}")
        yield site, sink


def stamp(site: Site, **values: str) -> None:
    """Set lines of the installed backend as `pagetoll cups install` does, and let it run from its text."""
    installed = site.cups.backend_dir / SCHEME
    text = installed.read_text(errors="surrogateescape")
    for name, value in values.items():
        text, changes = re.subn(rf"^{name} = .*$", f"{name} = {value}", text, flags=re.MULTILINE)
        assert changes == 1, name
    installed.write_text(text, errors="surrogateescape")


def stopped(site: Site) -> Callable[[], None]:
    site.stop_daemon()
    return lambda: None


def killed(site: Site) -> Callable[[], None]:
    site.kill_daemon()
    wait_until(lambda: site.daemon_pid() is None, 60, "the killed daemon has gone")
    return lambda: None


def hung(site: Site) -> Callable[[], None]:
    stamp(site, STAMP_SILENCE_S=str(KNOWN_TO_HANG_S))
    site.kill_daemon(signal.SIGSTOP)

    def back() -> None:
        stamp(site, STAMP_SILENCE_S=str(SILENCE_S))
        site.kill_daemon(signal.SIGCONT)

    return back


def without_its_database(site: Site) -> Callable[[], None]:
    site.stop_daemon()
    elsewhere = site.home.database.with_name("moved-away")
    site.home.database.rename(elsewhere)
    site.start_daemon()

    def back() -> None:
        site.stop_daemon()
        assert not site.home.database.exists(), "nobody has made an empty ledger in the place of the lost one"
        elsewhere.rename(site.home.database)

    return back


def clients_of(site: Site) -> list[str]:
    """The processes that run the installed backend."""
    backend = bytes(site.cups.backend_dir / SCHEME)
    found = []
    for words in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if backend in words.read_bytes():
                found.append(words.parent.name)
        except OSError:  # it has ended meanwhile
            continue
    return found


def printed_since(sink: RawSink, jobs_before: int) -> int:
    return sum(count_raw(job.document).impressions for job in sink.jobs()[jobs_before:])


@pytest.mark.parametrize("goes_away", [stopped, killed, hung, without_its_database])
def test_while_the_daemon_is_away_jobs_follow_on_failure_and_are_booked_once(
    away_site: tuple[Site, RawSink], goes_away: Callable[[Site], Callable[[], None]]
) -> None:
    site, sink = away_site
    if site.daemon_pid() is None:
        site.start_daemon()
    jobs_before, attempts_before = len(sink.jobs()), len(site.attempts())
    come_back = goes_away(site)
    hold, retry, cancel, printed = (
        site.cups.submit_ipp(queue, postscript_document(pages), user="anna")
        for pages, queue in enumerate(QUEUES, start=1)
    )
    wait_until(lambda: bool(clients_of(site)), 60, "a job's client waits for the daemon")
    assert site.cups.wait_job(printed) is JobState.COMPLETED
    assert site.cups.wait_job(cancel) is JobState.CANCELED
    for job_id, becomes in ((hold, "is held"), (retry, "is tried again"), (cancel, "is canceled")):
        if job_id != cancel:
            assert site.cups.wait_job(job_id, (JobState.PENDING_HELD,)) is JobState.PENDING_HELD
        (message,) = site.cups.job_attributes(job_id)["job-printer-state-message"]
        assert becomes in str(message)
        assert "pagetoll doctor" in str(message)
    site.cups.cancel(retry)
    # A client that still lived when the daemon goes on would be told to release the job, and upkeep had none to name.
    wait_until(lambda: not clients_of(site), 60, "the canceled job's client has ended")
    assert printed_since(sink, jobs_before) == 4
    held = [line.split("\t") for line in (site.home.journal / "held").read_text().splitlines()]
    assert [(int(line[0]), line[2]) for line in held] == [(hold, "away-hold")]

    come_back()
    if site.daemon_pid() is None:
        site.start_daemon()
    assert f"released job {hold}" in site.run("pagetoll", "upkeep").stdout
    assert site.cups.wait_job(hold) is JobState.COMPLETED
    assert not (site.home.journal / "held").exists()
    site.settled()
    check_booked_once(site, sink, attempts_before, jobs_before, {hold: 1, printed: 4})
    site.run("pagetoll", "upkeep")
    check_booked_once(site, sink, attempts_before, jobs_before, {hold: 1, printed: 4})


def check_booked_once(
    site: Site, sink: RawSink, attempts_before: int, jobs_before: int, charges: dict[int, int]
) -> None:
    attempts = site.attempts()[attempts_before:]
    by_job = {
        job_id: sum(a.charged_impressions for a in attempts if a.facts.key.job.job_id == job_id) for job_id in charges
    }
    assert by_job == charges
    charged = sum(attempt.charged_impressions for attempt in attempts)
    assert charged == printed_since(sink, jobs_before) == sum(charges.values())
    assert list(site.home.journal.iterdir()) == []
    assert list(site.home.spool.iterdir()) == []
    site.audit()


def test_a_job_on_standard_input_is_printed_whole_from_the_journal_or_not_at_all(
    away_site: tuple[Site, RawSink],
) -> None:
    site, sink = away_site
    jobs_before, attempts_before = len(sink.jobs()), len(site.attempts())
    files = [site.folder / "one.ps", site.folder / "two.ps"]
    for pages, file in enumerate(files, start=1):
        file.write_bytes(postscript_document(pages))
    site.stop_daemon()
    printed = site.cups.submit("away-print", files, user="anna")
    assert site.cups.wait_job(printed) is JobState.COMPLETED
    assert printed_since(sink, jobs_before) == 3
    site.start_daemon()
    site.run("pagetoll", "upkeep")
    check_booked_once(site, sink, attempts_before, jobs_before, {printed: 3})
    assert site.attempts(printed)[0].charge_rule == ChargeRule.UNRESERVED

    # a daemon that hangs may have read a part of it: the job is held, and printed when the daemon is back
    come_back = hung(site)
    held = site.cups.submit("away-print", files, user="anna")
    assert site.cups.wait_job(held, (JobState.PENDING_HELD,)) is JobState.PENDING_HELD
    wait_until(lambda: not clients_of(site), 60, "its client has ended")
    assert printed_since(sink, jobs_before) == 3
    come_back()
    site.run("pagetoll", "upkeep")
    assert site.cups.wait_job(held) is JobState.COMPLETED
    site.settled()
    check_booked_once(site, sink, attempts_before, jobs_before, {printed: 3, held: 3})


def test_a_long_job_of_several_files_is_held_and_not_aborted_with_its_filter(
    away_site: tuple[Site, RawSink],
) -> None:
    site, sink = away_site
    jobs_before, attempts_before = len(sink.jobs()), len(site.attempts())
    long, short = site.folder / "long.ps", site.folder / "short.ps"
    long.write_bytes(postscript_document(2) + b"%filler\n" * 250_000)  # more than a pipe holds
    short.write_bytes(postscript_document(1))
    site.stop_daemon()
    job_id = site.cups.submit("away-hold", [long, short], user="anna")
    ends = (JobState.PENDING_HELD, JobState.ABORTED, JobState.COMPLETED)
    assert site.cups.wait_job(job_id, ends) is JobState.PENDING_HELD
    site.start_daemon()
    assert f"released job {job_id}" in site.run("pagetoll", "upkeep").stdout
    assert site.cups.wait_job(job_id) is JobState.COMPLETED
    site.settled()
    check_booked_once(site, sink, attempts_before, jobs_before, {job_id: 3})


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "hung"])
def test_a_daemon_lost_while_the_device_prints_costs_neither_the_job_nor_the_charge(
    away_site: tuple[Site, RawSink], number: signal.Signals
) -> None:
    site, _ = away_site
    if site.daemon_pid() is None:
        site.start_daemon()
    attempts_before = len(site.attempts())
    with RawSink(hold_open=True) as slow:
        queue = f"slow-{number.name.lower()}"
        site.run("pkprinters", "-a", queue)
        site.run("edpykota", "-a", "-P", queue, "anna")
        site.cups.add_queue(queue, f"{SCHEME}:{slow.device_uri}")
        job_id = site.cups.submit_ipp(queue, postscript_document(2), user="anna")
        wait_until(lambda: any(slow.open_octets()), 60, "the device prints")
        pid = site.daemon_pid()
        assert pid is not None
        os.kill(pid, number)
        if number is signal.SIGKILL:
            wait_until(lambda: site.daemon_pid() is None, 60, "the killed daemon has gone")
            site.start_daemon()
        slow.release()
        if number is signal.SIGSTOP:
            slow.wait_for_jobs(1)
            os.kill(pid, signal.SIGCONT)
        assert site.cups.wait_job(job_id) is JobState.COMPLETED
        assert [count_raw(job.document).impressions for job in slow.jobs()] == [2]
    site.settled()
    (attempt,) = site.attempts()[attempts_before:]
    assert (attempt.facts.key.job.job_id, attempt.charged_impressions) == (job_id, 2)
    site.run("pagetoll", "upkeep")
    assert list(site.home.journal.iterdir()) == []
    assert len(site.attempts()) == attempts_before + 1
    site.audit()

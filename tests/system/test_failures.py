# SPDX-License-Identifier: Apache-2.0
"""What goes wrong on the way of a job: each case ends by its queue's policy, says what, where and what next in the
job itself, and leaves the queue running.
"""

import secrets
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.documents import pdf_document, postscript_document
from lab.fixtures import new_lab_folder
from lab.site import SCHEME, Site
from pagetoll.core.jobs import ChargeRule, Outcome
from pagetoll.integrations.printlab.processes import is_alive, wait_until
from pagetoll.integrations.printlab.sink import RawSink
from pagetoll.wire.ipp import JobState, PrinterState

CONFIGURATION = """
[queue.allow]
policy = "allow"
[queue.size-refuse]
unknown_size = "refuse"
[queue.size-allow]
unknown_size = "allow"
[queue.fail-hold]
wait_s = 3
[queue.fail-retry]
wait_s = 3
on_failure = "retry"
[queue.fail-cancel]
wait_s = 3
on_failure = "cancel"
"""
QUEUES = ["lab", "allow", "size-refuse", "size-allow", "fail-hold", "fail-retry", "fail-cancel"]
HOME_OCTETS = 4 << 20
SPOOL_OCTETS = 64 << 10
#: A backend that does what its URI says: failing://STATUS/OCTETS takes so many octets and exits with STATUS.
FAILING_BACKEND = """#!/bin/sh
[ $# -gt 0 ] || exit 0
rest=${DEVICE_URI#failing://}
status=${rest%%/*}
octets=${rest##*/}
head -c "$octets" ${6:-/dev/stdin} >/dev/null
echo "ERROR: the device failed as it was told" >&2
exit "$status"
"""


@contextmanager
def small_disk(folder: Path, octets: int) -> Iterator[None]:
    """A file system of so many octets over `folder`."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={octets},mode=0755", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="module")
def failing_site() -> Iterator[tuple[Site, RawSink]]:
    """A home on a small disk of its own, its spool on a smaller one; users anna (may print) and ben (no entry)."""
    folder = new_lab_folder()
    site = Site(folder)
    with ExitStack() as stack:
        stack.callback(subprocess.run, ["rm", "-r", "--one-file-system", str(folder)], check=True)
        stack.enter_context(small_disk(folder / "home", HOME_OCTETS))
        stack.callback(site.close)
        site.set_up()
        site.configure(CONFIGURATION)
        owner = site.home.owner()
        stack.enter_context(small_disk(site.home.spool, SPOOL_OCTETS))
        subprocess.run(["chown", f"{owner.uid}:{owner.gid}", str(site.home.spool)], check=True)
        site.start_daemon()  # which writes thin.conf
        sink = stack.enter_context(RawSink())
        site.run("pkprinters", "-a", *QUEUES)
        site.add_user("anna", QUEUES)
        site.run("pkusers", "-a", "ben")
        for queue in [*QUEUES, "unknown", "unknown-allow"]:
            site.cups.add_queue(queue, f"{SCHEME}:{sink.device_uri}")
        yield site, sink


def message_of(site: Site, job_id: int) -> str:
    """What the job says for itself."""
    return " ".join(map(str, site.cups.job_attributes(job_id).get("job-printer-state-message", [])))


def next_job_prints(site: Site, sink: RawSink, queue: str, user: str = "anna") -> None:
    """The queue has survived: a good job comes out and is charged."""
    assert site.cups.queue_state(queue) is not PrinterState.STOPPED
    marked = postscript_document(1) + b"%%%s\n" % secrets.token_hex(8).encode()
    job_id = site.cups.submit_ipp(queue, marked, user=user)
    assert site.cups.wait_job(job_id) is JobState.COMPLETED
    assert [job.document for job in sink.jobs()].count(marked) == 1
    assert site.attempts(job_id)[-1].charged_impressions == 1
    assert "Traceback" not in site.cups.error_log()


@dataclass(frozen=True, slots=True)
class Case:
    """A job, and how it must end."""

    queue: str
    user: str
    document: bytes
    state: JobState
    outcome: Outcome
    said: tuple[str, ...]
    printed: int = 0


BROKEN = pdf_document(3)[:400]
CASES = {
    "an unknown user": Case(
        "lab", "nobody-knows", postscript_document(1), JobState.CANCELED, Outcome.REFUSED,
        ("Not printed", "nobody-knows"),
    ),
    "a user without an entry": Case(
        "lab", "ben", postscript_document(1), JobState.CANCELED, Outcome.REFUSED, ("Not printed", "ben", "lab"),
    ),
    "an unknown printer": Case(
        "unknown", "anna", postscript_document(1), JobState.CANCELED, Outcome.REFUSED, ("Not printed", "unknown"),
    ),
    "an unknown user where the policy is allow": Case(
        "allow", "nobody-knows", postscript_document(1), JobState.COMPLETED, Outcome.COMPLETED, (), 1
    ),
    "a user without an entry where the policy is allow": Case(
        "allow", "ben", postscript_document(1), JobState.COMPLETED, Outcome.COMPLETED, (), 1
    ),
    "a file that cannot be counted": Case(
        "lab", "anna", BROKEN, JobState.PENDING_HELD, Outcome.PENDING_HELD,
        ("Held", "cannot be counted", "Ask an administrator"),
    ),
    "the same, refused": Case(
        "size-refuse", "anna", BROKEN, JobState.CANCELED, Outcome.REFUSED,
        ("Not printed", "cannot be counted", "Print it another way"),
    ),
    "the same, allowed": Case("size-allow", "anna", BROKEN, JobState.COMPLETED, Outcome.COMPLETED, (), 1),
    "octets of no language": Case(
        "lab", "anna", b"\xde\xad\xbe\xef" * 64, JobState.PENDING_HELD, Outcome.PENDING_HELD,
        ("Held", "cannot be counted", "Ask an administrator"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_job_that_must_not_print_as_it_is_ends_by_its_queues_policy(
    failing_site: tuple[Site, RawSink], case: Case
) -> None:
    site, sink = failing_site
    printed_before = len(sink.jobs())
    job_id = site.cups.submit_ipp(case.queue, case.document, user=case.user)
    ends = (JobState.COMPLETED, JobState.CANCELED, JobState.ABORTED, JobState.PENDING_HELD)
    assert site.cups.wait_job(job_id, ends) is case.state
    said = message_of(site, job_id)
    assert [part for part in case.said if part not in said] == [], said
    (attempt,) = site.attempts(job_id)
    assert (attempt.outcome, attempt.charged_impressions, attempt.charged_price) == (case.outcome, case.printed, 0)
    assert len(sink.jobs()) == printed_before + case.printed
    assert site.nothing_is_open()
    if case.queue != "unknown":
        next_job_prints(site, sink, case.queue)
    site.cups.run("cancel", "-a", case.queue)


def test_an_empty_job_is_0_pages_and_not_charged(failing_site: tuple[Site, RawSink]) -> None:
    site, sink = failing_site
    site.run("pkprinters", "-a", "filtered")
    site.run("edpykota", "-a", "-P", "filtered", "anna")
    site.cups.add_queue("filtered", f"{SCHEME}:{sink.device_uri}", "pdf")
    printed_before = len(sink.jobs())
    # the filter fails, and the backend gets an empty standard input
    job_id = site.cups.submit_ipp("filtered", b"%PDF-1.4\nthis is none", document_format="application/pdf")
    wait_until(lambda: bool(site.attempts(job_id)), 60, "the job has reached the ledger")
    (attempt,) = site.attempts(job_id)
    assert (attempt.facts.document_octets, attempt.charged_impressions, attempt.charged_price) == (0, 0, 0)
    assert attempt.outcome is Outcome.COMPLETED
    assert len(sink.jobs()) == printed_before


# Failures of our own: on_failure


@contextmanager
def unreadable_configuration(site: Site) -> Iterator[None]:
    path = site.home.configuration
    kept = path.read_text()
    site.stop_daemon()
    path.write_text("wait_s = [\n" + kept)
    try:
        yield
    finally:
        path.write_text(kept)


@contextmanager
def read_only_database(site: Site) -> Iterator[None]:
    site.stop_daemon()
    site.home.database.chmod(0o440)
    try:
        site.start_daemon()
        yield
    finally:
        site.stop_daemon()
        for path in site.home.data_folder.glob(f"{site.home.database.name}*"):  # its write-ahead log took its mode
            path.chmod(0o640)


@contextmanager
def full_database(site: Site) -> Iterator[None]:
    site.stop_daemon()
    filler = site.home.data_folder / "filler"
    fill(filler)
    try:
        site.start_daemon()
        yield
    finally:
        filler.unlink()
        site.stop_daemon()


@contextmanager
def full_spool(site: Site) -> Iterator[None]:
    filler = site.home.spool / "filler"
    fill(filler)
    try:
        yield
    finally:
        filler.unlink()
        assert list(site.home.spool.iterdir()) == []


def fill(filler: Path) -> None:
    """Takes all the room there is."""
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


FAULTS = {
    "unreadable configuration": (unreadable_configuration, "pagetolld does not answer"),
    "read-only database": (read_only_database, "the ledger"),
    "full database": (full_database, "the ledger"),
    "full spool": (full_spool, "the document cannot be kept in the spool"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_failure_of_ours_follows_on_failure_and_nothing_is_lost(
    failing_site: tuple[Site, RawSink], fault: str
) -> None:
    site, sink = failing_site
    broken, said = FAULTS[fault]
    files = [site.folder / "one.ps", site.folder / "two.ps"]
    for file in files:  # two files make a job on standard input
        file.write_bytes(postscript_document(1))
    printed_before, attempts_before = len(sink.jobs()), len(site.attempts())
    with broken(site):
        jobs = {
            on_failure: site.cups.submit(f"fail-{on_failure}", files, user="anna")
            for on_failure in ("hold", "retry", "cancel")
        }
        held = (JobState.PENDING_HELD,)
        assert site.cups.wait_job(jobs["retry"], held) is JobState.PENDING_HELD
        assert site.cups.wait_job(jobs["hold"], held) is JobState.PENDING_HELD
        assert site.cups.wait_job(jobs["cancel"]) is JobState.CANCELED
        messages = {on_failure: message_of(site, job_id) for on_failure, job_id in jobs.items()}
        assert len(sink.jobs()) == printed_before
        site.cups.cancel(jobs["retry"])
        # or a client that is tried again would start another daemon while the fault is being mended
        wait_until(lambda: not site.cups.job_pids(), 60, "the jobs' processes end")
    for on_failure, becomes in (("hold", "is held"), ("retry", "is tried again"), ("cancel", "is canceled")):
        assert said in messages[on_failure]
        assert f"job {jobs[on_failure]} on fail-{on_failure} {becomes}" in messages[on_failure]
        assert "pagetoll doctor" in messages[on_failure]
    next_job_prints(site, sink, "lab")
    # this client, which is root's, has released the held job, unless there was no room to list it
    if fault == "full database":
        site.cups.release(jobs["hold"])
    assert site.cups.wait_job(jobs["hold"]) is JobState.COMPLETED
    for on_failure in jobs:
        next_job_prints(site, sink, f"fail-{on_failure}")
    charged = sum(attempt.charged_impressions for attempt in site.attempts()[attempts_before:])
    assert (charged, len(sink.jobs()) - printed_before) == (4 + 2, 4 + 1)
    assert site.nothing_is_open()
    site.audit()


# Failures of the device


def test_while_the_device_is_away_its_backend_waits_and_a_cancel_ends_it(failing_site: tuple[Site, RawSink]) -> None:
    site, _ = failing_site
    with RawSink(refuse=True) as away:
        site.run("pkprinters", "-a", "away")
        site.run("edpykota", "-a", "-P", "away", "anna")
        site.cups.add_queue("away", f"{SCHEME}:{away.device_uri}")
        job_id = site.cups.submit_ipp("away", postscript_document(1), user="anna")
        wait_until(lambda: "is unavailable" in queue_message(site, "away"), 60, "the socket backend waits")
        assert site.cups.job_state(job_id) is JobState.PROCESSING
        site.cups.cancel(job_id)
        assert site.cups.wait_job(job_id) is JobState.CANCELED
        wait_until(lambda: not any(map(is_alive, site.cups.job_pids())), 60, "its processes end")
    site.settled()
    (attempt,) = site.attempts(job_id)
    assert attempt.outcome is Outcome.CANCELED
    site.audit()


def queue_message(site: Site, queue: str) -> str:
    return " ".join(map(str, site.cups.queue_attributes(queue).get("printer-state-message", [])))


@pytest.mark.parametrize("on_stdin", [False, True], ids=["file", "stdin"])
@pytest.mark.parametrize(
    ("status", "state"),
    [
        (1, JobState.ABORTED),
        (2, JobState.PENDING_HELD),
        (3, JobState.PENDING_HELD),
        (5, JobState.CANCELED),
    ],
)
def test_a_failed_backend_is_charged_0_and_its_status_passed_on(
    failing_site: tuple[Site, RawSink], status: int, state: JobState, on_stdin: bool
) -> None:
    site, _ = failing_site
    queue = f"failing-{status}-{on_stdin}"
    backend = site.folder / "failing"
    backend.write_text(FAILING_BACKEND)
    site.cups.install_backend("failing", backend)
    site.run("pkprinters", "-a", queue)
    site.run("edpykota", "-a", "-P", queue, "anna")
    site.cups.add_queue(queue, f"{SCHEME}:failing://{status}/0", options={"printer-error-policy": "abort-job"})
    file = site.folder / "one.ps"
    file.write_bytes(postscript_document(1))
    job_id = site.cups.submit(queue, [file, file] if on_stdin else file, user="anna")
    assert site.cups.wait_job(job_id, (state,)) is state
    site.settled()
    (attempt,) = site.attempts(job_id)
    rule = ChargeRule.NOTHING_HANDED_OVER if on_stdin else ChargeRule.BACKEND_FAILED
    assert (attempt.outcome, attempt.charged_impressions, attempt.charge_rule) == (Outcome.ABORTED, 0, rule)
    assert attempt.backend_status == status
    assert "failed as it was told" in message_of(site, job_id)
    assert site.cups.queue_state(queue) is not PrinterState.STOPPED
    site.audit()

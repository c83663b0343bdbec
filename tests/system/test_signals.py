# SPDX-License-Identifier: Apache-2.0
"""Cancels, restarts and moves in the middle of a job, and page reports of the printer: what was handed over is
charged, each printed page once.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lab.documents import pdf_document, postscript_document
from lab.independent_count import count_raw
from lab.shared_site import shared_site
from lab.site import SCHEME, Site
from pagetoll.core.jobs import ChargeRule, Outcome
from pagetoll.integrations.printlab.ippprinter import VirtualIppPrinter
from pagetoll.integrations.printlab.processes import command_line, is_alive, wait_until
from pagetoll.integrations.printlab.sink import RawSink
from pagetoll.ports import AttemptRecord
from pagetoll.wire.ipp import JobState

PAGES = 30
#: All together far more than the kernel's buffers hold (4 MiB for a connection).
PAGE_FILLER = b"%" + b"x" * 78 + b"\n"
PAGE_OCTETS = 400_000
SLOW_OCTETS_PER_S = 2_000_000


def large_document(pages: int = PAGES) -> bytes:
    """PostScript whose pages take PAGE_OCTETS each."""
    page = b"/Helvetica findfont 24 scalefont setfont 72 720 moveto (page) show\n"
    page += PAGE_FILLER * (PAGE_OCTETS // len(PAGE_FILLER)) + b"showpage\n"
    return b"%!PS-Adobe-3.0\n" + page * pages + b"%%EOF\n"


@pytest.fixture(scope="module")
def shared() -> Iterator[Site]:
    with shared_site() as site:
        site.run("pkusers", "-a", "anna")
        site.start_daemon()
        yield site


@contextmanager
def queue_to(site: Site, name: str, device_uri: str, driver: str = "raw") -> Iterator[str]:
    site.run("pkprinters", "-a", name)
    site.run("edpykota", "-a", "-P", name, "anna")
    site.cups.add_queue(name, f"{SCHEME}:{device_uri}", driver)
    yield name
    site.cups.run("cancel", "-a", name)


def submit(site: Site, queue: str, document: bytes, on_stdin: bool) -> int:
    """One file makes a file job; with a second one, a page long, it comes on standard input."""
    first, second = site.folder / "first.ps", site.folder / "second.ps"
    first.write_bytes(document)
    second.write_bytes(postscript_document(1))
    return site.cups.submit(queue, [first, second] if on_stdin else first, user="anna")


def all_is_over(site: Site) -> None:
    wait_until(lambda: not any(map(is_alive, site.cups.job_pids())), 60, "the job's processes end")
    site.settled()
    site.audit()


def attempts_of(site: Site, job_id: int) -> list[AttemptRecord]:
    return [attempt for attempt in site.attempts() if attempt.facts.key.job.job_id == job_id]


def backends(site: Site) -> list[int]:
    """The real backends that run now: their first argument is the device's own URI."""
    return [
        pid for pid in site.cups.job_pids() if command_line(pid)[:1] and command_line(pid)[0].startswith("socket:")
    ]


def printed(sink: RawSink) -> int:
    return sum(count_raw(job.document).impressions for job in sink.jobs() if job.document)


# Cancels


@pytest.mark.parametrize("on_stdin", [True, False], ids=["stdin", "file"])
def test_a_cancel_while_waiting_for_the_device_ends_backend_and_job(shared: Site, on_stdin: bool) -> None:
    with RawSink(refuse=True) as away, queue_to(shared, f"away-{on_stdin}", away.device_uri) as queue:
        job_id = submit(shared, queue, large_document(), on_stdin)
        wait_until(lambda: bool(backends(shared)), 60, "the real backend runs")
        shared.cups.cancel(job_id)
        assert shared.cups.wait_job(job_id) is JobState.CANCELED
        all_is_over(shared)
    (attempt,) = attempts_of(shared, job_id)
    assert attempt.outcome is Outcome.CANCELED
    if on_stdin:  # it may have read its first buffer full, which holds no whole page
        assert attempt.charge_rule in (ChargeRule.NOTHING_HANDED_OVER, ChargeRule.SPOOL_OFFSET)
        assert attempt.charged_impressions == 0
    else:  # its backend opens the file itself: nobody can see how far it has read
        assert (attempt.charge_rule, attempt.charged_impressions) == (ChargeRule.HANDED_OVER_UNKNOWN, PAGES)


@pytest.mark.parametrize("on_stdin", [True, False], ids=["stdin", "file"])
def test_a_cancel_while_printing_is_charged_for_what_was_handed_over(shared: Site, on_stdin: bool) -> None:
    with (
        RawSink(octets_per_s=SLOW_OCTETS_PER_S) as slow,
        queue_to(shared, f"slow-{on_stdin}", slow.device_uri) as queue,
    ):
        job_id = submit(shared, queue, large_document(), on_stdin)
        wait_until(lambda: max(slow.open_octets(), default=0) > PAGE_OCTETS * 1.2, 60, "a page is printed")
        assert len(backends(shared)) == 1
        shared.cups.cancel(job_id)
        assert shared.cups.wait_job(job_id) is JobState.CANCELED
        wait_until(lambda: not backends(shared), 60, "the real backend ends")
        all_is_over(shared)
        slow.wait_for_jobs(1)
        received_octets = len(slow.jobs()[0].document)
    (attempt,) = attempts_of(shared, job_id)
    assert attempt.outcome is Outcome.CANCELED
    if on_stdin:
        assert attempt.charge_rule == ChargeRule.SPOOL_OFFSET
        assert received_octets // PAGE_OCTETS <= attempt.charged_impressions < PAGES
    else:
        assert (attempt.charge_rule, attempt.charged_impressions) == (ChargeRule.HANDED_OVER_UNKNOWN, PAGES)


# The scheduler dies, restarts, repeats, moves


@pytest.mark.parametrize("how", ["kill", "restart"])
def test_when_the_scheduler_goes_while_printing_each_printed_page_is_charged_once(site: Site, how: str) -> None:
    site.run("pkusers", "-a", "anna")
    site.start_daemon()
    with (
        RawSink(octets_per_s=SLOW_OCTETS_PER_S * 3) as slow,
        queue_to(site, "lab", slow.device_uri),
    ):
        job_id = submit(site, "lab", large_document(), True)
        wait_until(lambda: max(slow.open_octets(), default=0) > PAGE_OCTETS, 60, "a page is printed")
        if how == "kill":
            site.cups.kill()
        else:
            site.cups.stop()
        site.cups.start()
        assert site.cups.wait_job(job_id) is JobState.COMPLETED
        all_is_over(site)
        assert printed(slow) >= PAGES + 1
        attempts = attempts_of(site, job_id)
        assert sum(attempt.charged_impressions for attempt in attempts) == printed(slow), [
            (attempt.outcome, attempt.charge_rule, attempt.charged_impressions) for attempt in attempts
        ]


def test_a_wanted_reprint_is_an_attempt_of_its_own_and_charged_again(shared: Site) -> None:
    with RawSink() as sink, queue_to(shared, "again", sink.device_uri) as queue:
        job_id = submit(shared, queue, postscript_document(2), False)
        assert shared.cups.wait_job(job_id) is JobState.COMPLETED
        shared.cups.run("lp", "-i", str(job_id), "-H", "restart")
        sink.wait_for_jobs(2)
        assert shared.cups.wait_job(job_id) is JobState.COMPLETED
        all_is_over(shared)
        assert printed(sink) == 4
    first, second = attempts_of(shared, job_id)
    assert first.facts.key.job == second.facts.key.job
    assert first.facts.key.nonce != second.facts.key.nonce
    assert (first.charged_impressions, second.charged_impressions) == (2, 2)


def test_a_job_moved_while_it_prints_is_charged_on_both_queues_for_what_each_got(shared: Site) -> None:
    with (
        RawSink(octets_per_s=SLOW_OCTETS_PER_S) as slow,
        RawSink() as other,
        queue_to(shared, "from", slow.device_uri),
        queue_to(shared, "to", other.device_uri),
    ):
        job_id = submit(shared, "from", large_document(), True)
        wait_until(lambda: max(slow.open_octets(), default=0) > PAGE_OCTETS, 60, "a page is printed")
        shared.cups.run("lpmove", str(job_id), "to")
        other.wait_for_jobs(1)
        assert shared.cups.wait_job(job_id) is JobState.COMPLETED
        all_is_over(shared)
        slow.wait_for_jobs(1)
        received_octets = len(slow.jobs()[0].document)
        assert printed(other) == PAGES + 1
    first, second = attempts_of(shared, job_id)
    assert (first.facts.ticket.printer, second.facts.ticket.printer) == ("from", "to")
    assert second.charged_impressions == PAGES + 1
    assert received_octets // PAGE_OCTETS <= first.charged_impressions <= PAGES + 1


# What the printer says


def test_a_printer_that_reports_fewer_impressions_is_believed(shared: Site) -> None:
    printer = VirtualIppPrinter(shared.folder / "printer", impressions=2, name="Few")
    try:
        printer.start()
        with queue_to(shared, "ipp-few", printer.device_uri) as queue:
            job_id = shared.cups.submit_ipp(queue, pdf_document(5), user="anna", document_format="application/pdf")
            assert shared.cups.wait_job(job_id) is JobState.COMPLETED
            all_is_over(shared)
        (attempt,) = attempts_of(shared, job_id)
        assert (attempt.reported_impressions, attempt.charge_rule) == (2, ChargeRule.REPORTED_IMPRESSIONS)
        assert (attempt.charged_impressions, attempt.facts.parsed_impressions) == (2, 5)
        explained = shared.run("pagetoll", "explain", str(job_id)).stdout
        assert "reported" in explained
    finally:
        printer.stop()


def test_a_cancel_at_an_ipp_printer_that_prints_is_settled_once(shared: Site) -> None:
    printer = VirtualIppPrinter(shared.folder / "stopping", impressions=5, impression_delay_s=0.5, name="Stopping")
    try:
        printer.start()
        with queue_to(shared, "ipp-stop", printer.device_uri) as queue:
            job_id = shared.cups.submit_ipp(queue, pdf_document(5), user="anna", document_format="application/pdf")
            wait_until(lambda: bool(printer.documents()), 60, "the printer has the document")
            shared.cups.cancel(job_id)
            assert shared.cups.wait_job(job_id) is JobState.CANCELED
            all_is_over(shared)
        (attempt,) = attempts_of(shared, job_id)
        assert attempt.outcome is Outcome.CANCELED
        assert attempt.charge_rule in (ChargeRule.REPORTED_IMPRESSIONS, ChargeRule.HANDED_OVER_UNKNOWN)
        assert 1 <= attempt.charged_impressions <= 5
    finally:
        printer.stop()

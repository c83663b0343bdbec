# SPDX-License-Identifier: Apache-2.0
"""Fifty jobs of one user at once on ten queues with pages for seven: seven print, whatever account sets the limit."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from lab.documents import postscript_document
from lab.independent_count import count_raw
from lab.shared_site import shared_site
from lab.site import Site
from pagetoll.core.jobs import Outcome
from pagetoll.integrations.printlab.sink import RawSink
from pagetoll.wire.ipp import JobState

QUEUES = [f"hall{number}" for number in range(10)]
JOBS = 50
PAGES_LEFT = 7


@pytest.fixture(scope="module")
def hall() -> Iterator[tuple[Site, list[RawSink]]]:
    """Ten queues to ten printers; a group above them; anna has pages for all together, ben has credits."""
    with ExitStack() as stack:
        site = stack.enter_context(shared_site())
        sinks = [stack.enter_context(RawSink()) for _ in QUEUES]
        site.run("pkprinters", "-a", "-c", "1", *QUEUES)
        site.run("pkprinters", "-a", "hall")
        site.run("pkprinters", "-g", "hall", *QUEUES)
        site.add_user("anna", ["hall"], soft=PAGES_LEFT, hard=PAGES_LEFT)
        site.run("edpykota", "-a", "-P", ",".join(QUEUES), "anna")
        site.run("pkusers", "-a", "-l", "balance", "-b", str(PAGES_LEFT), "ben")
        site.run("edpykota", "-a", "-P", ",".join(QUEUES), "ben")
        for queue, sink in zip(QUEUES, sinks, strict=True):
            site.cups.add_queue(queue, f"cupspykota:{sink.device_uri}")
        yield site, sinks


@pytest.mark.parametrize(
    ("user", "reason"),
    [
        ("anna", "user anna on hall: 0 of 7 impressions left, this job needs 1"),
        ("ben", "user ben: 0.00 credits left, this job needs 1.00 credits"),
    ],
    ids=["one limit on a printer group", "credits"],
)
def test_fifty_jobs_at_once_print_the_seven_pages_that_are_left(
    hall: tuple[Site, list[RawSink]], user: str, reason: str
) -> None:
    site, sinks = hall
    printed_before = sum(len(sink.jobs()) for sink in sinks)
    with ThreadPoolExecutor(len(QUEUES)) as users_programs:
        job_ids = list(
            users_programs.map(
                lambda number: site.cups.submit_ipp(
                    QUEUES[number % len(QUEUES)], postscript_document(1) + b"%%%d\n" % number, user=user
                ),
                range(JOBS),
            )
        )
    states = [site.cups.wait_job(job_id) for job_id in job_ids]
    assert states.count(JobState.COMPLETED) == PAGES_LEFT
    assert states.count(JobState.CANCELED) == JOBS - PAGES_LEFT
    documents = [job.document for sink in sinks for job in sink.jobs()]
    assert len(documents) - printed_before == PAGES_LEFT
    assert all(count_raw(document).impressions == 1 for document in documents)
    attempts = [attempt for attempt in site.attempts() if attempt.facts.user_name == user]
    outcomes = [attempt.outcome for attempt in attempts]
    assert (outcomes.count(Outcome.COMPLETED), outcomes.count(Outcome.REFUSED)) == (7, 43)
    assert sum(attempt.charged_impressions for attempt in attempts) == PAGES_LEFT
    for job_id in [job_id for job_id, state in zip(job_ids, states, strict=True) if state is JobState.CANCELED]:
        (message,) = site.cups.job_attributes(job_id)["job-printer-state-message"]
        assert reason in str(message)
    assert site.nothing_is_open()
    site.audit()

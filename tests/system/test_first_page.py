# SPDX-License-Identifier: Apache-2.0
"""The main job, end to end: one user prints and is charged, another is refused and told why."""

from lab.documents import postscript_document
from lab.site import Site
from pagetoll.core.jobs import AttemptState, Outcome
from pagetoll.integrations.printlab.sink import RawSink
from pagetoll.wire.ipp import JobState


def test_a_job_within_the_limit_prints_and_is_charged(site: Site, raw_sink: RawSink) -> None:
    site.run("pkprinters", "-a", "lab")
    site.add_user("anna", ["lab"], soft=10, hard=10)
    site.cups.add_queue("lab", f"cupspykota:{raw_sink.device_uri}", "raw")
    job_id = site.cups.submit("lab", postscript_document(3), user="anna", title="three pages")
    assert site.cups.wait_job(job_id) is JobState.COMPLETED
    (attempt,) = site.attempts(job_id)
    assert (attempt.state, attempt.outcome) == (AttemptState.CLOSED, Outcome.COMPLETED)
    assert (attempt.charged_impressions, attempt.charged_media_sheets) == (3, 3)
    assert len(raw_sink.jobs()) == 1
    site.audit()


def test_a_job_over_the_limit_is_canceled_with_its_figures_in_the_job(site: Site, raw_sink: RawSink) -> None:
    site.run("pkprinters", "-a", "lab")
    site.add_user("ben", ["lab"], soft=2, hard=2)
    site.cups.add_queue("lab", f"cupspykota:{raw_sink.device_uri}", "raw")
    job_id = site.cups.submit("lab", postscript_document(3), user="ben")
    assert site.cups.wait_job(job_id) is JobState.CANCELED
    (message,) = site.cups.job_attributes(job_id)["job-printer-state-message"]
    assert "2 of 2 impressions left, this job needs 3" in str(message)
    assert raw_sink.jobs() == []
    (attempt,) = site.attempts(job_id)
    assert (attempt.outcome, attempt.reason) == (Outcome.REFUSED, "account-limit-reached")
    site.audit()

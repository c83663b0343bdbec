# SPDX-License-Identifier: Apache-2.0
"""Billing codes through a real CUPS: the options of lp reach the ledger, a budget stops the job."""

import pytest

from lab.documents import pdf_document
from lab.site import Site
from pagetoll.integrations.printlab.sink import RawSink
from pagetoll.wire.ipp import JobState

LISTINGS = (["pkbcodes", "-l"], ["pkusers", "-L"], ["edpykota", "-L"])


@pytest.fixture
def school(site: Site, raw_sink: RawSink) -> Site:
    """Queue `lab` for anna."""
    site.run("pkprinters", "-a", "-c", "0.05", "lab")
    site.add_user("anna", ["lab"])
    site.cups.add_queue("lab", f"cupspykota:{raw_sink.device_uri}", "pdf")
    return site


def printed(site: Site, pages: int, **options: str) -> JobState:
    named = {name.replace("_", "-"): value for name, value in options.items()}
    job_id = site.cups.submit("lab", pdf_document(pages), user="anna", options=named)
    state = site.cups.wait_job(job_id)
    assert isinstance(state, JobState)
    return state


def test_jobs_are_booked_on_the_code_that_lp_names(school: Site) -> None:
    assert printed(school, 3, job_billing="physics lab") is JobState.COMPLETED
    assert printed(school, 1, job_billing="physics lab", job_account_id="other") is JobState.COMPLETED
    assert printed(school, 2, job_account_id="4711") is JobState.COMPLETED
    assert printed(school, 5) is JobState.COMPLETED
    assert school.run("pkbcodes", "-l").stdout == (
        "4711 [] 2 pages and 0.10 credits\nphysics lab [] 4 pages and 0.20 credits\n"
    )
    school.audit()


def test_a_spent_budget_cancels_the_job_and_a_higher_one_lets_it_through(school: Site) -> None:
    school.run("pkbcodes", "-a", "--pagebudget", "3", "physics")
    assert printed(school, 3, job_billing="physics") is JobState.COMPLETED
    assert printed(school, 1, job_billing="physics") is JobState.CANCELED
    school.run("pkbcodes", "--pagebudget", "4", "physics")
    assert printed(school, 1, job_billing="physics") is JobState.COMPLETED
    school.audit()


def test_a_refund_repairs_what_the_job_touched(school: Site) -> None:
    printed(school, 3, job_billing="physics")
    before = [school.run(*words).stdout for words in LISTINGS]
    printed(school, 4, job_billing="physics")
    jobs = school.run("dumpykota", "-d", "history", "-f", "tsv").stdout.splitlines()
    number = dict(zip(jobs[0].split("\t"), jobs[-1].split("\t"), strict=True))['"jobid"'].strip('"')
    school.run("pkrefund", "-f", "-r", "paper jam", f"jobid={number}")
    assert [school.run(*words).stdout for words in LISTINGS] == before
    assert "REFUND" in school.run("dumpykota", "-d", "history", f"jobid={number}").stdout
    school.run("pkrefund", "-f", "-r", "again", f"jobid={number}", status=254)
    school.audit()

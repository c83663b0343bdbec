# SPDX-License-Identifier: Apache-2.0
"""`pagetoll report refusals`, and `report printed` with and without what was booked from logs."""

import json
from collections.abc import Iterator

import pytest

from cli.site import Site, new_site
from contract.books import settlement
from pagetoll.app.logged_jobs import LoggedJobs
from pagetoll.config.options import Settings
from pagetoll.core.jobs import Outcome
from pagetoll.core.logged_jobs import PageLine
from pagetoll.core.policy import ALLOWED, Decision, Verdict


@pytest.fixture(scope="module")
def shop(fresh_site: Site) -> Iterator[Site]:
    """Anna was refused once, watched once over her limit, and printed; a job of hers is known from a log."""
    with new_site(fresh_site) as site:
        with site.books() as books:
            books.printer("hp", page="0.10")
            books.user("anna", balance="9")
            books.user("ben")
            books.entry("anna")
            over = "anna has used 3 impressions on hp, the limit is 4; this job needs 5"
            refused = books.facts("anna", parsed_impressions=5)
            no = Decision(Verdict.REFUSE, "account-limit-reached", f"Not printed: {over}")
            books.ledger.record_unreserved(refused, no, Outcome.REFUSED, ())
            books.clock.forward(days=1)
            watched = books.facts("anna", parsed_impressions=5)
            would = Decision(Verdict.HOLD, "account-limit-reached", f"Only watched, and printed. Otherwise: {over}")
            books.ledger.reserve(watched, books.plan(5), would, ())
            books.ledger.settle(watched.key, settlement(5, 500_000))
            allowed = books.facts("anna")
            books.ledger.reserve(allowed, books.plan(1), ALLOWED, ())
            books.ledger.settle(allowed.key, settlement(1, 100_000))
            jobs = LoggedJobs(books.ledger, Settings(), "old", books.clock, "page_log", settle_s=0)
            jobs.take(PageLine("hp", "anna", 1, books.clock(), None, 7))
            jobs.finish()
        yield site


def listed(site: Site, *words: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in site.do("pagetoll", "report", *words, "--json").splitlines()]


def test_what_was_refused_and_what_would_have_been_are_listed_with_their_figures(shop: Site):
    rows = listed(shop, "refusals")
    assert [(row["verdict"], row["enforced"], row["impressions"], row["charged"]) for row in rows] == [
        ("hold", False, 5, 5),
        ("refuse", True, 5, 0),
    ]
    assert {row["reason"] for row in rows} == {"account-limit-reached"}
    assert all("the limit is 4; this job needs 5" in str(row["text"]) for row in rows)


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (("username=anna",), 2),
        (("username=ben",), 0),
        (("printername=hp", "end=20260302"), 1),
        (("start=20260303",), 1),
        (("start=20260304",), 0),
    ],
)
def test_refusals_are_filtered_by_user_printer_and_time(shop: Site, words: tuple[str, ...], count: int):
    assert len(listed(shop, "refusals", *words)) == count


def test_a_table_shows_why(shop: Site):
    shown = shop.do("pagetoll", "report", "refusals")
    assert shown.splitlines()[0].split() == [
        "RECEIVED", "JOB", "PRINTER", "USER", "VERDICT", "ENFORCED", "IMPRESSIONS", "CHARGED", "WHY",
    ]  # fmt: skip
    assert "Only watched, and printed." in shown


@pytest.mark.parametrize(
    ("words", "impressions"), [((), 13), (("--unverified",), 7), (("--verified",), 6)]
)  # fmt: skip
def test_sums_can_be_of_unverified_jobs_alone_or_without_them(shop: Site, words: tuple[str, ...], impressions: int):
    assert [row["impressions"] for row in listed(shop, "printed", *words)] == [impressions]


def test_words_that_are_off_end_with_2(shop: Site):
    assert shop.run("pagetoll", "report", "printed", "--verified", "--unverified").status == 2
    assert shop.run("pagetoll", "report", "refusals", "bogus=1").status == 2

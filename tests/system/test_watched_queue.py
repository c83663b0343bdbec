# SPDX-License-Identifier: Apache-2.0
"""A queue that is only watched, by the installed programs under a real scheduler: everything is counted and decided,
nothing is refused, and the spooler's log of it is not counted once more."""

import json
from pathlib import Path

import pytest

from lab.documents import postscript_document
from lab.site import Site
from pagetoll.core.jobs import Outcome
from pagetoll.integrations.printlab.processes import wait_until
from pagetoll.wire.ipp import JobState

#: A printer that tells the scheduler what it marked, so that the scheduler logs it.
MARKS = """#!/bin/sh
[ $# = 0 ] && exit 0
cat "${6:--}" >> %s
echo "PAGE: 1 4" >&2
"""
ADDED = ("--price-per-page", "0.05")
OUTCOMES = {JobState.COMPLETED: Outcome.COMPLETED, JobState.CANCELED: Outcome.REFUSED}


@pytest.fixture
def printed(site: Site) -> Path:
    """What came out of all printers. Three queues: watched, enforced, and one that nobody manages; anna may print 5
    pages on each."""
    output = site.folder / "printed"
    output.touch(mode=0o666)
    output.chmod(0o666)
    device = site.folder / "marks"
    device.write_text(MARKS % output, encoding="utf-8")
    site.cups.install_backend("marks", device, mode=0o755)
    queues = ("watched", "enforced", "plain")
    for queue in queues:
        site.cups.add_queue(queue, f"marks:/{queue}")
    site.run("pagetoll", "printer", "add", *queues, *ADDED)
    site.add_user("anna", queues, soft=5, hard=5)
    site.start_daemon()
    assert "mode watch" in site.run("pagetoll", "cups", "manage", "--watch", "watched").stdout
    site.run("pagetoll", "cups", "manage", "enforced")
    site.reload_daemon()
    return output


def send(site: Site, queue: str, pages: int, user: str = "anna") -> JobState:
    return site.cups.wait_job(site.cups.submit(queue, postscript_document(pages), user=user))


def rows(site: Site, *words: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in site.run("pagetoll", *words, "--json").stdout.splitlines()]


def used(site: Site) -> dict[str, int]:
    """Pages of anna's on each printer."""
    return {str(row["printer"]): int(str(row["used"])) for row in rows(site, "quota", "list", "anna")}


def test_what_would_be_refused_is_printed_charged_and_told(site: Site, printed: Path) -> None:
    orders = (("anna", 3), ("anna", 4), ("zoe", 2))
    watched = [send(site, "watched", pages, user) for user, pages in orders]
    enforced = [send(site, "enforced", pages, user) for user, pages in orders]
    assert watched == [JobState.COMPLETED] * 3, site.cups.error_log()
    assert enforced == [JobState.COMPLETED, JobState.CANCELED, JobState.CANCELED]
    site.settled()
    assert printed.read_bytes().count(b"%!PS") == 4
    assert (used(site)["watched"], used(site)["enforced"]) == (7, 3)
    records = site.attempts()
    came_out = [(record.facts.parsed_impressions, record.charged_impressions) for record in records]
    assert came_out == [(3, 3), (4, 4), (2, 2), (3, 3), (4, 0), (2, 0)]
    assert [record.charged_price for record in records] == [150_000, 200_000, 0, 150_000, 0, 0]
    reasons = ["", "account-limit-reached", "account-info-needed"]
    assert [record.reason for record in records] == [*reasons, *reasons]
    assert [record.outcome for record in records] == [OUTCOMES[state] for state in (*watched, *enforced)]
    told = rows(site, "report", "refusals")
    assert {(row["printer"], row["user"], row["reason"], row["enforced"], row["charged"]) for row in told} == {
        ("watched", "anna", "account-limit-reached", False, 4),
        ("watched", "zoe", "account-info-needed", False, 0),
        ("enforced", "anna", "account-limit-reached", True, 0),
        ("enforced", "zoe", "account-info-needed", True, 0),
    }
    site.audit()


def test_the_record_says_what_would_have_been_with_all_figures(site: Site, printed: Path) -> None:
    for queue in ("watched", "enforced"):
        for pages in (3, 4):
            send(site, queue, pages)
    site.settled()
    _first, over, _again, refused = site.attempts()
    words = ("explain", f"attempt:{over.attempt_id}")
    (explained,) = rows(site, *words)
    pages = [account for account in explained["accounts"] if account["unit"] == "impressions"]
    assert [(a["before"], a["after"], a["hard_limit"], a["checked"]) for a in pages] == [(3, 7, 5, False)]
    assert {"watched", "account-limit-reached"} <= set(explained["decision"]["rules"])
    shown = site.run("pagetoll", *words).stdout
    assert "Only watched, and printed. Otherwise: Not printed: user anna on watched: 2 of 5 impressions left" in shown
    assert "would have been refused (account-limit-reached)" in shown
    (explained,) = rows(site, "explain", f"attempt:{refused.attempt_id}")
    pages = [account for account in explained["accounts"] if account["unit"] == "impressions"]
    assert [(a["before"], a["after"], a["reserved"], a["state"]) for a in pages] == [(3, 3, 4, "over_limit")]
    assert explained["price"]["total"] == "0.20"


def test_the_spoolers_log_of_a_watched_queue_is_left_out(site: Site, printed: Path) -> None:
    for queue in ("watched", "plain"):
        assert send(site, queue, 3) is JobState.COMPLETED, site.cups.error_log()
    site.settled()
    log = site.cups.tree.log / "page_log"
    wait_until(lambda: log.exists() and len(log.read_text().splitlines()) == 2, 60, "page_log")
    for runs in (1, 0):
        (found,) = rows(site, "import", "page-log", "--settle", "0", str(log))
        assert (found["lines"], found["ours"], found["runs"]) == (2, 1, runs)
    assert (used(site)["watched"], used(site)["plain"]) == (3, 4)
    assert [record.charge_rule for record in site.attempts()] == ["parsed", "logged_total"]
    site.audit()


def test_a_watched_queue_is_enforced_when_that_is_wanted(site: Site, printed: Path) -> None:
    assert send(site, "watched", 6) is JobState.COMPLETED, site.cups.error_log()
    site.run("pagetoll", "cups", "manage", "--enforce", "watched")
    site.reload_daemon()
    assert send(site, "watched", 1) is JobState.CANCELED
    assert printed.read_bytes().count(b"%!PS") == 1
    assert used(site)["watched"] == 6

# SPDX-License-Identifier: Apache-2.0
"""Jobs of a log are booked many at a time, each once, whatever importers do at the same time."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from contract.books import MONDAY, Books
from pagetoll.app.logged_jobs import Enrolling, LoggedJobs, Tally
from pagetoll.config.options import Settings, UsernameCase
from pagetoll.core.jobs import ChargeRule, Identified, Outcome
from pagetoll.core.logged_jobs import KnownRun, PageLine
from pagetoll.core.policy import ALLOWED
from pagetoll.ports import LoggedPosting

EARLIER = MONDAY - timedelta(hours=3)


def line(job_id: int = 1, user: str = "anna", impressions: int = 3, **given: object) -> PageLine:
    second = timedelta(seconds=int(str(given.pop("second", 0))))
    page = given.pop("page", None)
    assert page is None or isinstance(page, int)
    printer, title, sides = (str(given.pop(name, usual)) for name, usual in (
        ("printer", "hp"), ("job_name", "thesis"), ("sides", ""),
    ))  # fmt: skip
    code = str(given.pop("code", ""))
    return PageLine(printer, user, job_id, EARLIER + second, page, impressions, code, "pc1", title, "A4", sides)


def imported(books: Books, *lines: PageLine, settings: Settings | None = None, **given: object) -> Tally:
    jobs = LoggedJobs(books.ledger, settings or Settings(), "server1", books.clock, "page_log", **given)  # type: ignore[arg-type]
    for one in lines:
        jobs.take(one)
    return jobs.finish()


@pytest.fixture
def shop(books: Books) -> Books:
    books.printer(page="0.10", job="1")
    books.group("staff")
    books.entry("staff", of_group=True)
    books.user("anna", balance="5", groups_of=("staff",))
    books.user("ben", balance="5")
    for user in ("anna", "ben"):
        books.entry(user, hard=4)
    books.code("physics")
    return books


def test_a_logged_job_is_charged_once_and_marked_as_unverified(shop: Books):
    told = line(impressions=7, sides="two-sided-long-edge", code="physics")
    first, second = imported(shop, told), imported(shop, told)
    assert (first.runs, first.impressions, second.runs, second.impressions) == (1, 7, 0, 0)
    assert (shop.posted(), shop.posted("staff", of_group=True), shop.used_by()[0]) == (7, 7, 7)
    assert str(shop.balance()) == "3.300000"
    (record,) = shop.ledger.history()
    assert record.charge_rule == ChargeRule.LOGGED_TOTAL
    assert record.facts.identified is Identified.CLAIMED
    assert (record.outcome, record.charged_impressions, record.charged_media_sheets) == (Outcome.COMPLETED, 7, 4)
    assert (record.facts.ticket.job_name, record.facts.ticket.job_originating_host_name) == ("thesis", "pc1")
    assert (record.closed_at, record.facts.key.job.spooler_host) == (told.at, "server1")
    assert [note.code for note in shop.ledger.notes(record.attempt_id)] == ["logged"]
    assert shop.audit() == []


def test_two_servers_have_jobs_of_the_same_number(shop: Books):
    for server in ("server1", "server2"):
        jobs = LoggedJobs(shop.ledger, Settings(), server, shop.clock, "page_log")
        jobs.take(line())
        jobs.finish()
    assert shop.posted() == 6


def test_who_is_not_in_the_ledger_is_recorded_uncharged(shop: Books):
    tally = imported(shop, line(1, "zoe"), line(2, "anna", printer="lj"), line(3, "anna"))
    assert (tally.runs, tally.uncharged, tally.impressions) == (3, 2, 3)
    records = list(shop.ledger.history(newest_first=False))
    assert [(record.charged_impressions, record.reported_impressions) for record in records] == [
        (0, 3), (0, 3), (3, 3),
    ]  # fmt: skip
    assert "user zoe is not in the ledger" in records[0].decision_text
    assert imported(shop, line(1, "zoe")).runs == 0
    assert shop.audit() == []


def test_who_is_missing_is_created_where_that_is_wanted(shop: Books):
    enrolling = Enrolling(shop.catalogue, "root", "import")
    lines = [line(1, "zoe"), line(2, "anna", printer="lj"), line(3, "bad*name"), line(4, "")]
    tally = imported(shop, *lines, enrolling=enrolling)
    assert (tally.runs, tally.uncharged, tally.impressions) == (4, 2, 6)
    assert (shop.posted("zoe"), shop.posted("anna", "lj")) == (3, 3)
    assert shop.audit() == []


def test_lines_of_managed_queues_and_young_jobs_are_left_out(shop: Books):
    tally = imported(shop, line(1), line(2, printer="lj"), line(3, second=3 * 3600), managed={"lj"})
    assert (tally.lines, tally.ours, tally.waiting, tally.runs) == (3, 1, 1, 1)
    shop.clock.forward(minutes=2)
    assert imported(shop, line(3, second=3 * 3600)).runs == 1


def test_a_job_that_we_counted_is_not_counted_from_the_log(shop: Books):
    shop.print(3)
    (record,) = shop.ledger.history()
    key = record.facts.key.job
    jobs = LoggedJobs(shop.ledger, Settings(), key.spooler_host, shop.clock, "page_log")
    jobs.take(line(key.job_id))
    assert (jobs.finish().runs, shop.posted()) == (0, 3)


def test_a_job_of_a_class_that_we_counted_is_not_counted_from_the_log(shop: Books):
    told = replace(shop.facts().ticket, class_name="floor")
    facts = shop.facts(ticket=told)
    shop.ledger.reserve(facts, shop.plan(3), ALLOWED, ())
    shop.settle(facts.key, 3)
    jobs = LoggedJobs(shop.ledger, Settings(), facts.key.job.spooler_host, shop.clock, "page_log")
    jobs.take(line(facts.key.job.job_id, printer="floor"))
    jobs.take(line(facts.key.job.job_id, printer="hp"))
    assert (jobs.finish().runs, shop.posted()) == (0, 3)


def test_names_are_found_as_those_of_printed_jobs_are(shop: Books):
    settings = Settings(usernamecase=UsernameCase.LOWER, winbind_separator="\\", user_aliases={"b": "ben"})
    imported(shop, line(1, "UNI\\Anna@REALM"), line(2, "B"), settings=settings)
    assert (shop.posted("anna"), shop.posted("ben")) == (3, 3)


def test_under_privacy_no_title_is_kept_and_attempts_are_still_told_apart(shop: Books):
    settings = Settings(privacy=True)
    imported(shop, line(impressions=4), settings=settings)
    imported(shop, line(impressions=4), line(impressions=6, second=300), settings=settings)
    assert shop.posted() == 6
    assert {record.facts.ticket.job_name for record in shop.ledger.history()} == {"hidden"}


def test_thousands_of_jobs_of_many_portions_are_each_booked_once(shop: Books):
    lines = [line(number, ("anna", "ben")[number % 2], 1, second=number) for number in range(1, 3001)]
    assert imported(shop, *lines).runs == 3000
    assert imported(shop, *lines).runs == 0
    assert (shop.posted("anna"), shop.posted("ben")) == (1500, 1500)
    newest = next(iter(shop.ledger.history()))
    assert newest.lifetime_before == 2999
    assert shop.audit() == []


def test_importers_of_the_same_log_at_once_book_it_once(shop: Books):
    lines = [line(number, impressions=2, second=number) for number in range(1, 400)]
    barrier = threading.Barrier(3)

    def work() -> None:
        barrier.wait()
        imported(shop, *lines)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shop.posted() == 2 * 399
    assert len(list(shop.ledger.history())) == 399
    assert shop.audit() == []


def test_nothing_is_written_where_the_planner_finds_nothing(shop: Books):
    seen: list[int] = []

    def nothing(known: Mapping[int, Sequence[KnownRun]]) -> Sequence[LoggedPosting]:
        seen.append(len(known))
        return []

    assert shop.ledger.import_runs("server1", [1, 2], nothing) == []
    assert seen == [0]
    assert list(shop.ledger.history()) == []

# SPDX-License-Identifier: Apache-2.0
"""pagetoll job list, show, explain and their short forms, on ledgers that jobs have filled."""

import json
import os
from dataclasses import replace

import pytest

from cli.site import SERVICE_USER, Site
from contract.books import Books, settlement, ticket
from pagetoll.core.jobs import AttemptKey, ChargeRule, Identified, JobKey, Outcome
from pagetoll.core.policy import ALLOWED, Decision, Verdict

HOSTILE_TITLE = "letter\x1b[2J\nnew line\u202e $(touch x) \U0001f5a8 \\"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def pagetoll(site: Site, *words: str, user: str = "") -> tuple[int, str, str]:
    done = site.run("pagetoll", *words, user=user)
    return done.status, done.out, done.err


def fill(books: Books) -> None:
    """anna prints three pages at 0.05, is refused ten; ben, logged in, has one waiting."""
    books.printer("laser", page="0.05", job="0.1")
    for name in ("anna", "ben"):
        books.user(name, balance="10")
        books.entry(name, "laser", soft=8, hard=10)
    books.print(2, "anna", "laser")
    books.clock.forward(minutes=1)
    printed = books.facts("anna", "laser")
    printed = replace(
        printed,
        ticket=replace(
            ticket("anna", "laser"), job_name=HOSTILE_TITLE, device_uri="ipp://me:secret@host/ipp?waitjob"
        ),
        document_octets=999,
        document_sha256="ab" * 32,
        parsed_impressions=3,
        media_sheets=3,
        language="pdf",
        confidence="exact",
        findings=("blank_pages",),
    )
    books.ledger.reserve(printed, books.plan(3, "anna", "laser"), ALLOWED, (books.note("why", "rule"),))
    books.ledger.settle(printed.key, settlement(3, 250_000, backend_status=0))
    books.clock.forward(minutes=1)
    refused = books.facts("anna", "laser")
    decision = Decision(Verdict.REFUSE, "account-limit-reached", "Not printed: 5 of 10 impressions left")
    books.ledger.record_unreserved(refused, decision, Outcome.REFUSED, ())
    books.clock.forward(minutes=1)
    waiting = books.facts("ben", "laser", identified=Identified.AUTHENTICATED)
    books.ledger.reserve(waiting, books.plan(4, "ben", "laser"), ALLOWED, ())


LISTED = """\
TIME (UTC)           JOB  ATTEMPT  PRINTER  USER  TITLE                                 \
    IMPRESSIONS  SHEETS  PRICE  OUTCOME
2026-03-02 08:03:00    4        4  laser    ben   letter                                \
              0       0   0.00  reserved
2026-03-02 08:02:00    3        3  laser    anna  letter                                \
              0       0   0.00  refused (account-limit-reached)
2026-03-02 08:01:00    2        2  laser    anna  letter\\x1b[2J\\nnew line\\u202e $(tou\
ch x…            3       3   0.25  completed
2026-03-02 08:00:00    1        1  laser    anna  letter                                \
              2       2   0.20  completed
"""


@pytest.fixture
def filled(site: Site) -> Site:
    with site.books() as books:
        fill(books)
    return site


@pytest.mark.parametrize("words", [("job", "list"), ("jobs",)])
def test_the_list_is_newest_first_with_hostile_titles_made_harmless(filled: Site, words):
    assert pagetoll(filled, *words) == (0, LISTED, "")


@pytest.mark.parametrize(
    ("words", "attempts"),
    [
        (["--user", "ben"], [4]),
        (["--printer", "laser", "--limit", "2"], [4, 3]),
        (["--limit", "0"], [4, 3, 2, 1]),
        (["--job", "2"], [2]),
        (["--identified", "authenticated"], [4]),
        (["--identified=claimed", "-u", "anna"], [3, 2, 1]),
        (["--printer", "other"], []),
    ],
)
def test_the_list_narrows_down(filled: Site, words, attempts):
    status, shown, complaint = pagetoll(filled, "jobs", "--json", *words)
    assert (status, complaint) == (0, "")
    assert [json.loads(line)["attempt"] for line in shown.splitlines()] == attempts


def test_a_row_as_json_keeps_title_zone_and_exact_price(filled: Site):
    _, shown, _ = pagetoll(filled, "job", "show", "attempt:2", "--json")
    assert json.loads(shown) == {
        "received_at": "2026-03-02T08:01:00+00:00",
        "job_id": 2,
        "attempt": 2,
        "printer": "laser",
        "user": "anna",
        "identified": "claimed",
        "job_name": HOSTILE_TITLE,
        "impressions": 3,
        "media_sheets": 3,
        "price": "0.25",
        "outcome": "completed",
        "verdict": "allow",
        "reason": "",
    }


EXPLAINED = """\
Job 2 of anna on laser was printed; charged: 3 impressions, 3 sheets, 0.25 credits.

Job
  job                     2
  attempt                 2
  title                   letter\\x1b[2J\\nnew line\\u202e $(touch x) \U0001f5a8 \\\\
  printer                 laser
  device                  ipp://me@host/ipp?…
  print server            server
  copies                  1
  options                 sides=one-sided
  came as                 a file (not filtered)

Who
  user                    anna
  identified              claimed: the name is what the client said; the queue asks for no login

Document
  size                    999 octets
  SHA-256                 abababababababababababababababababababababababababababababababab
  type                    application/pdf
  type after filters      printer/hp

Counted
  counted by              Pagetoll, in the document
  language                pdf
  confidence              exact
  findings                blank_pages
  declared by the client  not known
  found in the data       3 impressions
  paper                   3 sheets
  in color                not known
  reported by the device  not known

Charged
  reserved                3 impressions
  charged                 3 impressions
  sheets                  3 sheets
  because                 the device backend ended well, so that everything counted in the document came out \
(rule parsed)

Price
  prices                  laser: 3 x 0.05 + 0.10 for the job
  total                   0.25 credits

Accounts
  user anna               9.80 credits before, 9.55 credits after; counted, not checked
  user anna on laser      2 impressions before, 5 impressions after; limits soft 8, hard 10; checked

Decision and outcome
  verdict                 allow
  rules that spoke        limits of user anna on laser, parsed
  outcome                 completed
  backend's exit status   0
  repairs                 none

Times
  received                2026-03-02 08:01:00 UTC
  reserved                2026-03-02 08:01:00 UTC
  closed                  2026-03-02 08:01:00 UTC

Notes
  2026-03-02 08:01:00 UTC rule: why
"""


@pytest.mark.parametrize("words", [("job", "explain", "2"), ("explain", "attempt:2")])
def test_a_charge_is_explained_to_the_last_figure(filled: Site, words):
    assert pagetoll(filled, *words) == (0, EXPLAINED, "")


def test_the_explanation_as_json_has_the_same_figures(filled: Site):
    _, shown, _ = pagetoll(filled, "explain", "--json", "2")
    found = json.loads(shown)
    assert found["job"]["device_uri"] == "ipp://me@host/ipp?…"
    assert found["charged"] == {
        "quoted_impressions": 3,
        "impressions": 3,
        "media_sheets": 3,
        "rule": ChargeRule.PARSED,
        "over_reserved": False,
        "refunded": {"impressions": 0, "price": "0.00"},
    }
    assert found["price"]["total"] == "0.25"
    assert [(leg["unit"], leg["before"], leg["after"]) for leg in found["accounts"]] == [
        ("credits", "9.80", "9.55"),
        ("impressions", 2, 5),
    ]
    assert found["times"]["closed_at"] == "2026-03-02T08:01:00+00:00"


def test_a_refusal_is_explained_by_its_sentence(filled: Site):
    _, shown, _ = pagetoll(filled, "explain", "3")
    assert shown.startswith("Job 3 of anna on laser was refused (account-limit-reached); nothing was charged.\n")
    assert "said                    Not printed: 5 of 10 impressions left\n" in shown


def test_an_open_job_says_what_is_set_aside(filled: Site):
    _, shown, _ = pagetoll(filled, "explain", "4")
    assert "Job 4 of ben on laser is not over: reserved; 4 impressions are reserved for it.\n" in shown
    assert "0 impressions before; 4 impressions set aside; limits soft 8, hard 10; checked\n" in shown
    assert "authenticated: the spooler made sure who it is\n" in shown


def test_all_runs_of_the_newest_job_of_a_number_are_shown(site: Site):
    """Job 7 of last year is another job; job 7 of today ran twice."""
    with site.books() as books:
        books.printer("laser")
        books.user("anna")
        books.entry("anna", "laser")
        last_year = AttemptKey(JobKey("server", 7, 1), "a" * 32)
        today = JobKey("server", 7, 2)
        for key in (last_year, AttemptKey(today, "b" * 32), AttemptKey(today, "c" * 32)):
            books.ledger.reserve(books.facts("anna", "laser", key=key), books.plan(1, "anna", "laser"), ALLOWED, ())
            books.void(key)
    _, shown, _ = pagetoll(site, "job", "show", "7", "--json")
    assert [json.loads(line)["attempt"] for line in shown.splitlines()] == [3, 2]
    _, shown, _ = pagetoll(site, "explain", "7")
    assert "  other runs              attempt:2 (voided)\n" in shown


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["job"], 2, "say list, show or explain"),
        (["job", "burn"], 2, "say list, show or explain"),
        (["job", "show"], 2, "takes one job"),
        (["jobs", "7"], 2, "takes no names"),
        (["explain", "7", "--user", "anna"], 2, "--user belongs to list"),
        (["explain", "seven"], 2, "'seven' names no job; give its number, such as 12, or attempt:12"),
        (["explain", "9" * 30], 2, "names no job"),
        (["explain", "77"], 1, "there is no job 77 in the ledger; see: pagetoll job list"),
        (["explain", "attempt:77"], 1, "there is no attempt 77 in the ledger"),
        (["jobs", "--limit", "-1"], 2, "--limit takes a whole number such as 12, not '-1'"),
        (["jobs", "--identified", "guessed"], 2, "is not one of: authenticated, claimed"),
    ],
)
def test_wrong_words_say_what_is_right(site: Site, words, status, said):
    ended, shown, complaint = pagetoll(site, *words)
    assert (ended, shown) == (status, "")
    assert said in complaint
    assert "Traceback" not in complaint


@needs_root
def test_a_stranger_is_told_who_may_read_the_ledger(filled: Site):
    filled.home.chmod(0o755)
    status, out, err = pagetoll(filled, "jobs", user="daemon")
    assert (status, out) == (1, "")
    assert "pagetoll jobs: daemon : you are not allowed to use this command without the daemon" in err
    assert f"run it as root or as {SERVICE_USER}" in err


def test_what_the_terminal_cannot_show_is_escaped(filled: Site):
    done = filled.run("pagetoll", "explain", "2", PYTHONIOENCODING="ascii")
    assert done.status == 0
    assert "$(touch x) \\U0001f5a8 \\\\\n" in done.out


def test_help_names_every_option(site: Site):
    status, shown, _ = pagetoll(site, "job", "--help")
    assert status == 0
    assert all(f"--{name}" in shown for name in ("printer", "user", "job", "limit", "identified", "json"))

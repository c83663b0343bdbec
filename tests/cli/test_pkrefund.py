# SPDX-License-Identifier: Apache-2.0
"""pkrefund, run as a program: what comes back and where, questions and answers, parts, receipts, refusals."""

import io
import os
import pwd
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pypdf
import pytest
from PIL import Image

from cli.feeding import feed
from cli.served import served
from cli.site import ACTOR, AS_ROOT, OTHER_USER, Done, Site, module_of, new_site
from contract.books import Books, settlement, ticket
from pagetoll.app.roles import grant
from pagetoll.core.jobs import Outcome
from pagetoll.core.policy import ALLOWED
from pagetoll.frontends.wiring import now_utc
from pagetoll.plugins import open_catalogue

PROGRAM = "pkrefund"
QUESTION = "Refund (Y/N) ?"


def book(
    books: Books, user: str, impressions: int, *, printer: str = "hp", title: str = "letter", code: str = ""
) -> None:
    number = len(list(books.ledger.history())) + 1
    books.clock.forward(days=1)
    options = {"job-billing": code} if code else {}
    facts = books.facts(user, printer, ticket=replace(ticket(user, printer), job_name=title, options=options))
    key = replace(facts.key, nonce=f"{number + 5000:032x}", job=replace(facts.key.job, job_id=number))
    books.ledger.reserve(replace(facts, key=key), books.plan(impressions, user, printer), ALLOWED, ())
    price = books.plan(impressions, user, printer).tariff.price(impressions)
    outcome = Outcome.COMPLETED if impressions else Outcome.CANCELED
    books.ledger.settle(key, settlement(impressions, price, outcome=outcome))


@pytest.fixture(scope="module")
def template(fresh_site: Site) -> Iterator[Site]:
    """Three jobs: anna's of 4 and 2 pages, bert's of 3, on a printer of a group, 0.05 a page and 0.10 a job."""
    with new_site(fresh_site) as site:
        _print_jobs(site)
        yield site
        assert standing(site) == UNTOUCHED, "a refused command changed something"


@pytest.fixture
def printed(template: Site) -> Iterator[Site]:
    """The same for a test of its own."""
    with new_site(template) as site:
        yield site


def _print_jobs(site: Site) -> None:
    site.do("pkprinters", "-a", "-c", "0.05,0.1", "hp")
    site.do("pkprinters", "-a", "floor")
    site.do("pkprinters", "-g", "floor", "hp")
    site.do("pkusers", "-a", "-b", "10", "anna", "bert")
    site.do("edpykota", "-a")
    with site.books() as books:
        book(books, "anna", 4, title="first", code="project 1")
        book(books, "bert", 3, title="second\x1b[2J")
        book(books, "anna", 2, title="third")
        assert (str(books.balance()), books.posted(), books.posted(printer="floor")) == ("9.500000", 6, 6)


def answered(site: Site, answers: bytes, *words: str) -> Done:
    """The program with these answers on standard input."""
    return feed(site, answers, PROGRAM, *words)


def standing(site: Site) -> tuple[str, int, int, str, int, int]:
    """Anna's balance and pages on the printer and the group above, and bert's; the books add up."""
    with site.books() as books:
        assert books.audit() == []
        return tuple(
            figure
            for user in ("anna", "bert")
            for figure in (f"{books.balance(user):.3f}", books.posted(user), books.posted(user, "floor"))
        )


UNTOUCHED = ("9.500", 6, 6, "9.750", 3, 3)


def reasons(site: Site) -> set[tuple[str, str]]:
    with sqlite3.connect(site.home / "pagetoll.db") as ledger:
        return set(ledger.execute("select reason, actor from entries where kind = 'refund'").fetchall())


def pages(document: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(document)).pages]


def test_all_jobs_come_back_on_every_account_that_they_were_booked_on(printed: Site):
    assert printed.do(PROGRAM, "-f", "-r", "paper jam") == ""
    assert standing(printed) == ("10.000", 0, 0, "10.000", 0, 0)
    again = printed.run(PROGRAM, "-f", "-r", "paper jam")
    assert (again.status, again.out) == (254, "")
    assert again.err.endswith("there is no such job to refund; see which there are with: dumpykota -d history\n")
    assert standing(printed) == ("10.000", 0, 0, "10.000", 0, 0)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["username=bert"], ("9.500", 6, 6, "10.000", 0, 0)),
        (["jobid=3"], ("9.700", 4, 4, "9.750", 3, 3)),
        (["billingcode=project 1"], ("9.800", 2, 2, "9.750", 3, 3)),
        (["start=20260304", "end=20260304"], ("9.500", 6, 6, "10.000", 0, 0)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_filters_choose_the_jobs(printed: Site, words: list[str], expected: tuple[object, ...]):
    printed.do(PROGRAM, "-f", "-r", "x", *words)
    assert standing(printed) == expected


def test_each_job_is_shown_and_asked_for(printed: Site):
    done = answered(printed, b"y\nmaybe\n\nN\nYes\n", "-r", "toner")
    assert (done.status, done.err) == (0, "")
    assert done.out.count(QUESTION) == 5, "an answer that is none is asked for again"
    assert done.out.startswith(
        "Date : 2026-03-03 08:00:00\nPrinter : hp\nUser : anna\nJob : 1\nTitle : first\nBilling code : project 1\n"
        f"Pages : 4\nCredits : 0.300\n\n{QUESTION} "
    )
    assert "Title : second\\x1b[2J\nPages : 3\nCredits : 0.250\n" in done.out, "a title commands no terminal"
    assert standing(printed) == ("10.000", 0, 0, "9.750", 3, 3)


@pytest.mark.parametrize("answers", [b"", b"n\nn\nn\n", b"n\n", b"\xff\xfe\nno\nN\nn\n", b"maybe"])
def test_no_answer_and_the_end_of_input_mean_no(printed: Site, answers: bytes):
    done = answered(printed, answers, "-r", "toner")
    assert (done.status, done.err) == (0, "")
    assert standing(printed) == UNTOUCHED


def test_an_answer_ends_the_question_before_the_input_ends(printed: Site):
    answered(printed, b"y\n", "-r", "toner")
    assert standing(printed) == ("9.800", 2, 2, "9.750", 3, 3)


def test_receipts_on_standard_output_ask_on_the_other_stream(printed: Site):
    done = answered(printed, b"y\ny\ny\n", "-r", "toner", "-o", "-", "-l", "")
    assert done.err.count(QUESTION) == 3
    found = pages(os.fsencode(done.out))
    assert len(found) == 2
    declined = answered(printed, b"", "-r", "toner", "-o", "-")
    assert declined.status == 254, "all are refunded already"


def test_receipts_are_a_numbered_page_for_each_user_and_the_sums_are_told(printed: Site):
    file = printed.folder / "receipts.pdf"
    words = ("-f", "-r", "toner was low", "-o", str(file), "-n", "7", "-u", "EUR", "-p", "A5")
    assert printed.do(PROGRAM, *words) == "Refunded 2 users for 3 jobs: 9 pages, 0.750 credits\n"
    first, second = pages(file.read_bytes())
    for text in ("#7", "anna", "2", "6", "0.500 EUR", "toner was low", "job 1: 4 pages, 0.300 EUR", "(third)"):
        assert text in first
    for text in ("#8", "bert", "0.250 EUR", "job 2: 3 pages"):
        assert text in second


def test_nothing_refunded_leaves_the_file_of_receipts_as_it_was(printed: Site):
    file = printed.folder / "receipts.pdf"
    file.write_text("older receipts")
    done = answered(printed, b"n\nn\nn\n", "-r", "x", "-o", str(file))
    assert (done.status, file.read_text()) == (0, "older receipts")
    assert done.out.endswith("Refunded 0 users for 0 jobs: 0 pages, 0.000 credits\n")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--sides", "1", "jobid=1"], ("9.550", 5, 5, "9.750", 3, 3)),
        (["--sides", "3", "jobid=2"], ("9.500", 6, 6, "10.000", 0, 0)),
        (["--sides", "99", "jobid=2"], ("9.500", 6, 6, "10.000", 0, 0)),
        (["--sides", "2"], ("9.800", 2, 2, "9.850", 1, 1)),
        (["--credits", "0.02", "jobid=1"], ("9.520", 6, 6, "9.750", 3, 3)),
        (["--credits", "5"], ("10.000", 6, 6, "10.000", 3, 3)),
        (["--credits", "0", "--sides", "1"], None),
        (["--sides", "2", "--credits", "0.000001", "jobid=1"], ("9.500", 4, 4, "9.750", 3, 3)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_part_of_each_job_comes_back(printed: Site, words: list[str], expected: tuple[object, ...] | None):
    done = printed.run(PROGRAM, "-f", "-r", "x", *words)
    assert done.status == (254 if expected is None else 0), done.err
    assert standing(printed) == (expected or UNTOUCHED)


def test_parts_end_with_the_whole_to_the_last_millionth_and_the_rest_is_invoiced(printed: Site):
    printed.do(PROGRAM, "-f", "-r", "x", "--sides", "1", "jobid=2")
    file = printed.folder / "invoice.pdf"
    summed = printed.do("pkinvoice", "-o", str(file), "username=bert")
    assert summed == "Invoiced 1 users for 1 jobs: 2 pages, 0.200 credits\n"
    printed.do(PROGRAM, "-f", "-r", "x", "--credits", "0.000001", "jobid=2")
    printed.do(PROGRAM, "-f", "-r", "x", "jobid=2")
    assert standing(printed) == ("9.500", 6, 6, "10.000", 0, 0)
    assert printed.run("pkinvoice", "-o", str(file), "username=bert").status == 254


def test_the_reason_is_booked_behind_the_information(printed: Site):
    printed.do(PROGRAM, "-f", "-r", "toner", "-i", "%(nbpages)i/%(nbcredits).3f %(loginname)s %%:", "jobid=2")
    assert reasons(printed) == {(f"3/0.250 {ACTOR} %: toner", ACTOR)}


def test_without_a_template_the_information_says_how_much_by_whom_and_when(printed: Site):
    printed.do(PROGRAM, "-f", "-r", "toner", "jobid=2")
    ((reason, _),) = reasons(printed)
    assert reason.startswith(f"3 pages and 0.250 credits refunded by {ACTOR} ({ACTOR}) on 20")
    assert reason.endswith(": toner")


def test_an_empty_template_leaves_the_reason_alone(printed: Site):
    printed.do(PROGRAM, "-f", "-r", " toner ", "-i", "", "jobid=2")
    assert reasons(printed) == {("toner", ACTOR)}


def test_an_interruption_keeps_what_was_done_and_tells_it(printed: Site):
    file = printed.folder / "receipts.pdf"
    process = subprocess.Popen(
        [sys.executable, "-m", module_of(PROGRAM), "-r", "x", "-o", str(file)],
        env=printed.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"y\n")
    process.stdin.flush()
    shown = b""
    while shown.count(QUESTION.encode()) < 2:
        shown += os.read(process.stdout.fileno(), 1000)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 253
    told = err.decode().splitlines()
    assert told[0] == "INFO: Refunded 1 users for 1 jobs: 4 pages, 0.300 credits; these refunds stay"
    assert told[1].endswith(" : interrupted; a change that was not complete was not made")
    assert standing(printed) == ("9.800", 2, 2, "9.750", 3, 3)
    assert len(pages(file.read_bytes())) == 1


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["-f"], "a refund needs a --reason; see --help"),
        (["-f", "-r", " "], "a refund needs a --reason; see --help"),
        (["-f", "-r", "x" * 1001], "--reason has 1001 characters; at most 1000 work"),
        (["-f", "-r", "x", "-i", "%(title)s"], "invalid --info at '%(title)s': write %(nbpages)i "),
        (["-f", "-r", "x", "-i", "%(nbpages)99999999999i"], "invalid --info at '%(nbpages)9999999999': write "),
        (["-f", "-r", "x", "--sides", "-1"], "invalid --sides '-1': give a whole number from 0"),
        (["-f", "-r", "x", "--sides", "0"], "--sides 0 and --credits 0 give nothing back; "),
        (["-f", "-r", "x", "--credits", "much"], "invalid --credits 'much': give a number such as 0.05"),
        (["-f", "-r", "x", "anna"], "invalid filter 'anna': give KEY=VALUE with a key of username, "),
        (["-f", "-r", "x", "jobid=one"], "invalid filter jobid=one: give the number of a job"),
        (["-f", "-r", "x", "-o", "/nowhere/receipts.pdf"], "/nowhere/receipts.pdf cannot be written: "),
        (["-f", "-r", "x", "-o", "-", "-l", __file__], f"the logo {__file__} cannot be read as a picture; "),
        (["-f", "-r", "x", "--all"], "option --all not recognized; see pkrefund --help"),
        (["-f", "-r", "x", "username=nobody"], "there is no such job to refund; see which there are with: "),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, list) else "",
)
def test_wrong_words_are_refused_with_254_and_nothing_is_booked(template: Site, words: list[str], complaint: str):
    done = template.run(PROGRAM, *words)
    assert (done.status, done.out) == (254, "")
    assert done.err.partition(" : ")[2].startswith(complaint), done.err


@pytest.mark.skipif(not AS_ROOT, reason="only root can become other users")
def test_others_are_refused(printed: Site):
    done = printed.run(PROGRAM, "-f", "-r", "x", user=OTHER_USER)
    assert (done.status, done.out) == (254, "")
    assert f"{OTHER_USER} : you are not allowed" in done.err
    assert standing(printed) == UNTOUCHED


@pytest.mark.skipif(not AS_ROOT, reason="only root can become other users")
def test_a_help_desk_refunds_by_the_daemon_with_its_own_answers_files_and_name(printed: Site):
    give(printed, "helpdesk")
    desk = printed.folder / "desk"
    desk.mkdir(mode=0o700)
    os.chown(desk, pwd.getpwnam(OTHER_USER).pw_uid, -1)
    logo = desk / "logo.png"
    Image.new("RGB", (9, 9)).save(logo)
    words = ["-r", "toner", "-i", "by %(loginname)s:", "-o", str(desk / "receipts.pdf"), "-l", str(logo)]
    with served(printed):
        asked = subprocess.run(
            ["setpriv", "--reuid", OTHER_USER, "--clear-groups", sys.executable, "-m", module_of(PROGRAM), *words],
            env=printed.environment,
            input=b"n\ny\nn\n",
            capture_output=True,
            timeout=60,
            check=False,
        )
    assert (asked.returncode, asked.stderr) == (0, b"")
    assert asked.stdout.decode().endswith("Refunded 1 users for 1 jobs: 3 pages, 0.250 credits\n")
    assert standing(printed) == ("9.500", 6, 6, "10.000", 0, 0)
    assert reasons(printed) == {(f"by {OTHER_USER}: toner", OTHER_USER)}
    (receipt,) = pypdf.PdfReader(desk / "receipts.pdf").pages
    assert len(receipt.images) == 1
    assert (desk / "receipts.pdf").stat().st_uid == pwd.getpwnam(OTHER_USER).pw_uid


def give(site: Site, role: str) -> None:
    """Grant a role to the other user."""
    catalogue = open_catalogue(f"sqlite:///{site.home}/pagetoll.db", clock=now_utc, busy_timeout_s=5.0)
    grant(catalogue, [OTHER_USER], role, "root", "a test")
    owner = site.home.stat()
    for path in site.home.iterdir():
        os.chown(path, owner.st_uid, owner.st_gid)

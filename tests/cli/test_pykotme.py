# SPDX-License-Identifier: Apache-2.0
"""pykotme, run as a program with real documents: prices and refusals on each printer, who asks, and bad files."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.feeding import feed
from cli.served import served
from cli.site import AS_ROOT, OTHER_USER, Site, new_site

PROGRAM = "pykotme"
SAMPLES = Path(__file__).parents[1] / "samples"
SEVEN = str(SAMPLES / "pdf" / "gs-pdfwrite-seven.pdf")
FIVE = str(SAMPLES / "pdf" / "gs-pdfwrite-five.pdf")


@pytest.fixture(scope="module")
def first_school(fresh_site: Site) -> Iterator[Site]:
    """Three printers with prices; anna has an entry on two, and a limit on one; to be copied."""
    with new_site(fresh_site) as site:
        site.do("pkprinters", "-a", "-c", "0.05,0.1", "hp")
        site.do("pkprinters", "-a", "-c", "1", "canon", "spare")
        site.do("pkusers", "-a", "-o", "2", "anna")
        site.do("edpykota", "-a", "-P", "hp", "anna")
        site.do("edpykota", "-a", "-P", "canon", "-S", "10", "-H", "10", "anna")
        yield site


@pytest.fixture
def school(first_school: Site) -> Iterator[Site]:
    with new_site(first_school) as site:
        yield site


def test_a_quote_names_the_size_once_and_the_price_on_each_printer(first_school: Site):
    done = first_school.run(PROGRAM, "-u", "anna", SEVEN)
    assert (done.status, done.err) == (0, "")
    assert done.out == "Job size : 7 pages\nCost on printer canon : 14.00\nCost on printer hp : 0.90\n"


def test_several_files_are_one_job_and_a_limit_refuses_it(first_school: Site):
    assert first_school.do(PROGRAM, "-u", "anna", SEVEN, FIVE) == (
        "Job size : 12 pages\n"
        "You may not print 12 pages on printer canon now: user anna on canon: 10 of 10 impressions left, this job "
        "needs 12 impressions\n"
        "Cost on printer hp : 1.40\n"
    )


def test_standard_input_is_one_more_file(first_school: Site):
    data = Path(FIVE).read_bytes()
    alone = feed(first_school, data, PROGRAM, "-u", "anna", "-P", "h*")
    assert (alone.status, alone.out) == (0, "Job size : 5 pages\nCost on printer hp : 0.70\n")
    assert feed(first_school, data, PROGRAM, "-u", "anna", "-P", "hp", SEVEN).out.startswith("Job size : 12 pages\n")
    assert feed(first_school, data, PROGRAM, "-u", "anna", "-P", "hp", SEVEN, "-").out.startswith(
        "Job size : 12 pages\n"
    )


def test_copies_that_the_document_asks_for_are_counted(first_school: Site):
    printed = first_school.do(PROGRAM, "-u", "anna", "-P", "hp", str(SAMPLES / "pcl5/hand-copies-3.pcl"))
    assert printed.startswith("Job size : 12 pages\n")


def test_who_pays_from_a_balance_sees_it_first(school: Site):
    school.do("pkusers", "-l", "balance", "-b", "0.899999", "anna")
    assert school.do(PROGRAM, "-u", "anna", "-P", "hp", SEVEN) == (
        "Your account balance : 0.90\n"
        "Job size : 7 pages\n"
        "You may not print 7 pages on printer hp now: user anna: 0.899999 credits left, this job needs 0.90 credits\n"
    )
    school.do("pkusers", "-b", "0.9", "anna")
    assert school.do(PROGRAM, "-u", "anna", "-P", "hp", SEVEN).endswith("Cost on printer hp : 0.90\n")


@pytest.mark.parametrize(
    ("order", "last_line"),
    [
        (
            ["pkprinters", "-p", "hp"],
            "Cost on printer hp : 0.90 (nothing will be charged: the printer is in passthrough mode)",
        ),
        (
            ["pkusers", "-l", "nochange", "anna"],
            "Cost on printer hp : 0.90 (nothing will be charged: your account is in mode nochange)",
        ),
        (["pkusers", "-l", "noprint", "anna"], "Printing is forbidden for your account at present."),
        (
            ["pkprinters", "-m", "6", "hp"],
            (
                "You may not print 7 pages on printer hp now: this job has 7 impressions, the largest job for "
                "printer hp is 6; print it in parts"
            ),
        ),
        (
            ["pagetoll", "printer", "limit", "hp", "--pages", "6", "--period", "3600"],
            (
                "You may not print 7 pages on printer hp now: anna on hp: 0 of 6 impressions used within 1:00:00, "
                "this job needs 7"
            ),
        ),
        (
            ["pagetoll", "printer", "limit", "hp", "--k-octets", "7", "--pages", "7", "--period", "3600"],
            (
                "You may not print 7 pages on printer hp now: anna on hp: 0 of 7 KiB used within 1:00:00, this job "
                "needs 8"
            ),
        ),
        (
            ["pagetoll", "printer", "limit", "hp", "--k-octets", "8", "--pages", "7", "--period", "3600"],
            "Cost on printer hp : 0.90",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_modes_say_what_they_mean(school: Site, order: list[str], last_line: str):
    school.do(*order)
    lines = school.do(PROGRAM, "-u", "anna", "-P", "hp", SEVEN).splitlines()
    assert (lines[0], lines[-1]) == ("Job size : 7 pages", last_line)


def test_a_quote_changes_nothing(school: Site):
    school.do("edpykota", "-S", "1", "-H", "20", "-P", "canon", "anna")
    before = school.do("edpykota", "-L", "anna")
    school.do(PROGRAM, "-u", "anna", SEVEN)
    assert school.do("edpykota", "-L", "anna") == before
    assert school.do("dumpykota", "-d", "history") == ""


def test_what_cannot_be_counted_is_named_and_the_others_go_on(first_school: Site):
    folder = first_school.folder
    (folder / "noise").write_bytes(bytes(range(256)) * 40)
    (folder / "empty").write_bytes(b"")
    words = ["-u", "anna", "-P", "hp", "nowhere.pdf", str(folder), "noise", "empty", SEVEN]
    done = first_school.run(PROGRAM, *words)
    assert (done.status, done.out) == (255, "Job size : 7 pages\nCost on printer hp : 0.90\n")
    lines = done.err.splitlines()
    assert lines[0] == "ERROR: nowhere.pdf: No such file or directory; it was left out"
    assert lines[1] == f"ERROR: {folder}: is a folder, no document; it was left out"
    assert [line.split(":")[1].strip() for line in lines] == ["nowhere.pdf", str(folder), "noise", "empty"]
    alone = first_school.run(PROGRAM, "-u", "anna", "nowhere.pdf")
    assert (alone.status, alone.out) == (255, "")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "there is no document: name files, or give one as standard input; see --help"),
        (
            ["-u", "bert", SEVEN],
            "there is no user bert in the ledger; an administrator adds users with: pkusers --add",
        ),
        (["-u", "", SEVEN], "--user needs a name; see --help"),
        (["-P", ",", SEVEN], "--printer needs names; see --help"),
        (["-c", SEVEN], "option -c not recognized; see pykotme --help"),
    ],
    ids=lambda value: " ".join(value)[:12] if isinstance(value, list) else "",
)
def test_wrong_words_end_with_254(first_school: Site, words: list[str], complaint: str):
    done = first_school.run(PROGRAM, *words)
    assert (done.status, done.out, done.err.partition(" : ")[2]) == (254, "", f"{complaint}\n")


def test_a_printer_that_is_not_there_ends_with_254(first_school: Site):
    done = first_school.run(PROGRAM, "-u", "anna", "-P", "x*", SEVEN)
    said = "there is no printer that matches x*; list them with: pkprinters --list\n"
    assert (done.status, done.err.partition(" : ")[2]) == (254, said)


@pytest.mark.skipif(not AS_ROOT, reason="only root can become other users")
def test_an_ordinary_user_gets_a_quote_of_his_own_document_for_himself(school: Site):
    school.do("pkusers", "-a", OTHER_USER)
    school.do("edpykota", "-a", "-P", "spare", OTHER_USER)
    document = school.folder / "mine.pdf"
    document.write_bytes(Path(SEVEN).read_bytes())
    with served(school):
        done = school.run(PROGRAM, "-u", "anna", str(document), user=OTHER_USER)
        school.do("pagetoll", "printer", "limit", "spare", "--pages", "6", "--period", "3600")
        limited = school.run(PROGRAM, str(document), user=OTHER_USER)
    assert (done.status, done.out) == (0, "Job size : 7 pages\nCost on printer spare : 7.00\n")
    assert done.err == "WARN: --user is for administrators; it was left out\n"
    refused = f"You may not print 7 pages on printer spare now: {OTHER_USER} on spare: 0 of 6 impressions used"
    assert (limited.status, limited.out.partition(" within")[0]) == (0, f"Job size : 7 pages\n{refused}")

# SPDX-License-Identifier: Apache-2.0
"""pkinvoice, run as a program: who gets a page, what stands on it, numbers, VAT, refusals."""

import io
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pypdf
import pytest
from PIL import Image

from cli.site import AS_ROOT, OTHER_USER, SERVICE_USER, Site, module_of, new_site
from contract.books import Books, settlement
from pagetoll.core.jobs import Outcome
from pagetoll.core.policy import ALLOWED, Decision, Verdict

PROGRAM = "pkinvoice"
REFUSED = Decision(Verdict.REFUSE, "account-limit-reached", "too much")


def book(
    books: Books, user: str, impressions: int, *, printer: str = "hp", outcome: Outcome = Outcome.COMPLETED
) -> None:
    """A job of this user, a day after the one before."""
    number = len(list(books.ledger.history()))
    books.clock.forward(days=1)
    facts = books.facts(user, printer)
    key = replace(facts.key, nonce=f"{number + 1000:032x}")
    facts = replace(facts, key=key)
    if outcome is Outcome.REFUSED:
        books.ledger.record_unreserved(facts, REFUSED, outcome, ())
        return
    books.ledger.reserve(facts, books.plan(impressions, user, printer), ALLOWED, ())
    price = books.plan(impressions, user, printer).tariff.price(impressions)
    books.ledger.settle(key, settlement(impressions, price, outcome=outcome))


@pytest.fixture(scope="module")
def printed(fresh_site: Site) -> Iterator[Site]:
    """Jobs of anna (2 and 4 pages), bert (3, one canceled after 1), carl (free), dora (refused), and one of eve."""
    with new_site(fresh_site) as site:
        site.do("pkprinters", "-a", "-c", "0.05,0.1", "hp")
        site.do("pkprinters", "-a", "-c", "0.0125", "canon")
        site.do("pkprinters", "-a", "free")
        site.do("pkusers", "-a", "-b", "100", "bert", "anna", "carl", "dora", "Évé Łukaszewicz 漢")
        site.do("edpykota", "-a")
        with site.books() as books:
            book(books, "bert", 3)
            book(books, "anna", 2)
            book(books, "anna", 4, printer="canon")
            book(books, "carl", 9, printer="free")
            book(books, "dora", 5, outcome=Outcome.REFUSED)
            book(books, "bert", 1, outcome=Outcome.CANCELED)
            book(books, "Évé Łukaszewicz 漢", 1)
        yield site


def invoices(site: Site, *words: str, user: str = "") -> list[str]:
    """The text of each page, written into a file."""
    file = site.folder / "out.pdf"
    file.unlink(missing_ok=True)
    done = site.run(PROGRAM, "-o", str(file), *words, user=user)
    assert (done.status, done.err) == (0, ""), done.err
    return pages(file.read_bytes())


def pages(document: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(document)).pages]


def rows(page: str) -> dict[str, str]:
    """The value behind each label that stands on a page."""
    labels = ("Invoice", "Username", "Edited on", "Number of jobs printed", "Number of pages printed", "Amount due")
    labels = (*labels, "Included VAT (19.60%)", "Included VAT (7.70%)")
    lines = [line.strip() for line in page.splitlines()]
    found = {}
    for place, line in enumerate(lines):
        for label in labels:
            if line == label:
                found[label] = lines[place + 1]
            elif line.startswith(label + " ") and "print jobs" not in line:
                found[label] = line.removeprefix(label + " ")
    return found


def test_each_user_who_owes_something_gets_a_numbered_page_by_name(printed: Site):
    found = [rows(page) for page in invoices(printed, "-n", "41")]
    assert [page["Invoice"] for page in found] == ["#41", "#42", "#43"]
    assert [page["Username"][:4] for page in found] == ["anna", "bert", "Évé "]
    figures = [
        (page["Number of jobs printed"], page["Number of pages printed"], page["Amount due"]) for page in found
    ]
    assert figures == [("2", "6", "0.250 Credits"), ("2", "4", "0.400 Credits"), ("1", "1", "0.150 Credits")]


def test_what_is_on_the_pages_and_in_the_summary_adds_up(printed: Site):
    file = printed.folder / "sum.pdf"
    summed = printed.do(PROGRAM, "--output", str(file))
    assert summed == "Invoiced 3 users for 5 jobs: 11 pages, 0.800 credits\n"


@pytest.mark.parametrize(
    ("percent", "label", "vat"),
    [("19.6", "Included VAT (19.60%)", "0.041 EUR"), ("7.7", "Included VAT (7.70%)", "0.018 EUR")],
)
def test_vat_is_part_of_the_amount(printed: Site, percent: str, label: str, vat: str):
    (page,) = invoices(printed, "-V", percent, "-u", "EUR", "username=anna")
    assert (rows(page)["Amount due"], rows(page)[label]) == ("0.250 EUR", vat)


def test_without_vat_there_is_no_word_of_it(printed: Site):
    assert not any("VAT" in page for page in invoices(printed, "-V", "0"))


@pytest.mark.parametrize(
    ("words", "users"),
    [
        (["username=bert"], ["bert"]),
        (["PrinterName=canon"], ["anna"]),
        (["start=20260304", "end=20260305"], ["anna"]),
        (["username=anna", "username=bert"], ["bert"]),
    ],
    ids=" ".join,
)
def test_filters_choose_the_jobs(printed: Site, words: list[str], users: list[str]):
    assert [rows(page)["Username"] for page in invoices(printed, *words)] == users


def test_the_document_goes_to_standard_output_and_is_the_same_each_time_but_for_the_date(printed: Site):
    started = printed.environment
    documents = [
        subprocess.run(
            [sys.executable, "-m", module_of(PROGRAM), "-l", "", *words],
            env=started,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=True,
        )
        for words in ([], ["-o", "-"])
    ]
    assert all(done.stdout.startswith(b"%PDF-") and done.stderr == b"" for done in documents)
    assert [len(pages(done.stdout)) for done in documents] == [3, 3]


@pytest.mark.parametrize(
    ("words", "points"), [([], (595, 842)), (["-p", "Letter"], (612, 792)), (["-p", "iso_a5_148x210mm"], (420, 595))]
)
def test_the_paper_is_as_asked(printed: Site, words: list[str], points: tuple[int, int]):
    file = printed.folder / "paper.pdf"
    printed.do(PROGRAM, "-o", str(file), *words)
    box = pypdf.PdfReader(file).pages[0].mediabox
    assert (round(box.width), round(box.height)) == points


@pytest.mark.parametrize(
    ("words", "warning"),
    [
        (["-p", "A99"], "there is no paper 'A99' for this; A4 is used"),
        (["-n", "many"], "invalid --number 'many'; 1 is used"),
        (["-n", "-3"], "invalid --number '-3'; 1 is used"),
        (["-V", "100"], "invalid --vat '100'; 0.0 is used"),
        (["-V", "-1"], "invalid --vat '-1'; 0.0 is used"),
        (["-V", "nan"], "invalid --vat 'nan'; 0.0 is used"),
        (["--vat=1e-999999"], "invalid --vat '1e-999999'; 0.0 is used"),
        (["start=sometime"], "start=sometime is no date and was left out; give one such as 20260131 or today-7"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_value_that_is_none_is_warned_of_and_the_usual_one_is_used(printed: Site, words: list[str], warning: str):
    file = printed.folder / "usual.pdf"
    done = printed.run(PROGRAM, "-o", str(file), *words)
    assert (done.status, done.err) == (0, f"WARN: {warning}\n")
    found = pages(file.read_bytes())
    assert rows(found[0])["Invoice"] == "#1"
    assert "VAT" not in found[0]


def test_a_picture_goes_on_top_of_each_page_and_an_empty_name_means_none(printed: Site):
    logo, file = printed.folder / "logo.png", printed.folder / "logo.pdf"
    Image.new("RGBA", (60, 30), (200, 10, 10, 128)).save(logo)
    for words, pictures in ((["-l", str(logo)], 1), (["-l", ""], 0), ([], 0)):
        printed.do(PROGRAM, "-o", str(file), *words)
        assert [len(page.images) for page in pypdf.PdfReader(file).pages] == [pictures] * 3


def test_nobody_who_owes_anything_is_254_and_leaves_the_file_as_it_was(printed: Site):
    old, new = printed.folder / "old.pdf", printed.folder / "new.pdf"
    old.write_text("an older invoice")
    for file in (old, new):
        done = printed.run(PROGRAM, "-o", str(file), "username=carl")
        assert (done.status, done.out) == (254, "")
        assert done.err.endswith(
            "nobody owes anything for such jobs; see which there are with: dumpykota -d history\n"
        )
    assert old.read_text() == "an older invoice"
    assert not new.exists() or new.stat().st_size == 0


def test_a_longer_document_that_was_there_is_replaced_whole(printed: Site):
    file = printed.folder / "long.pdf"
    file.write_bytes(b"x" * 1_000_000)
    printed.do(PROGRAM, "-o", str(file), "username=anna")
    assert file.read_bytes().startswith(b"%PDF-")
    assert file.read_bytes().rstrip().endswith(b"%%EOF")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--colour"], "option --colour not recognized; see pkinvoice --help"),
        (["-V"], "option -V requires argument; see pkinvoice --help"),
        (["anna"], "invalid filter 'anna': give KEY=VALUE with a key of username, printername, hostname, "),
        (["groupname=staff"], "invalid filter 'groupname=staff': give KEY=VALUE with a key of username, "),
        (["-l", "/nowhere/logo.png"], "the logo /nowhere/logo.png cannot be read: No such file or directory"),
        (["-l", "/dev/zero"], "the logo /dev/zero is empty or has more than 8388608 octets; give another --logo"),
        (["-l", __file__], f"the logo {__file__} cannot be read as a picture; give one as PNG, JPEG, "),
        (["-o", "/nowhere/out.pdf"], "/nowhere/out.pdf cannot be written: No such file or directory"),
    ],
    ids=lambda value: " ".join(value)[:20] if isinstance(value, list) else "",
)
def test_wrong_words_are_refused_with_254(printed: Site, words: list[str], complaint: str):
    done = printed.run(PROGRAM, *words)
    assert (done.status, done.out) == (254, "")
    assert done.err.partition(" : ")[2].startswith(complaint), done.err


@pytest.mark.skipif(not AS_ROOT, reason="only root can become other users")
def test_others_are_refused_and_root_writes_where_only_root_may(printed: Site):
    done = printed.run(PROGRAM, user=OTHER_USER)
    assert (done.status, done.out) == (254, "")
    assert f"{OTHER_USER} : you are not allowed" in done.err
    folder = printed.folder / "private"
    folder.mkdir(mode=0o700)
    printed.do(PROGRAM, "-o", str(folder / "out.pdf"))
    assert stat.S_ISREG((folder / "out.pdf").stat().st_mode)
    assert printed.run(PROGRAM, "-o", str(folder / "other.pdf"), user=SERVICE_USER).status == 254


def test_an_interruption_ends_with_253_and_writes_no_half_document(printed: Site):
    pipe, file = printed.folder / "arguments", printed.folder / "never.pdf"
    os.mkfifo(pipe)
    process = printed.start(PROGRAM, "-o", str(file), "-A", str(pipe))
    with pipe.open("w"):
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert (process.returncode, out, file.exists()) == (253, "", False)


def test_a_job_that_was_priced_negatively_is_a_page_with_what_the_user_gets(site: Site):
    site.do("pkprinters", "-a", "-c", "-0.5", "bonus")
    site.do("pkusers", "-a", "anna")
    site.do("edpykota", "-a")
    with site.books() as books:
        book(books, "anna", 3, printer="bonus")
        assert books.balance() == -3 * -0.5
    (page,) = invoices(site)
    assert rows(page)["Amount due"] == "-1.500 Credits"

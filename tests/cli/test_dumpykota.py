# SPDX-License-Identifier: Apache-2.0
"""dumpykota, run as a program: the history in PyKota's columns, filters, order, refusals."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from cli.site import AS_ROOT, Site, new_site
from contract.books import settlement, ticket
from pagetoll.app.history import FILTER_KEYS
from pagetoll.core.dumps import COLUMNS, DumpType
from pagetoll.core.jobs import Outcome
from pagetoll.core.policy import ALLOWED, Decision, Verdict

PROGRAM = "dumpykota"
HEADER = """
    username printername id jobid userid printerid pagecounter jobsizebytes jobsize jobprice action filename title
    copies options hostname md5sum pages billingcode precomputedjobsize precomputedjobprice jobdate
"""
NAMES = HEADER.split()
TYPES = "billingcodes, gpquotas, groups, history, payments, pmembers, printers, umembers, upquotas, users, all"


def titled(site: Site, title: str, impressions: int, *, user: str = "anna", printer: str = "hp") -> None:
    """Prints a job with this title."""
    with site.books() as books:
        books.clock.forward(days=len(list(books.ledger.history())))
        facts = books.facts(user, printer, ticket=replace(ticket(user, printer), job_name=title), document_octets=321)
        key = replace(facts.key, nonce=f"{abs(hash((title, user, printer))):032x}"[-32:])
        books.ledger.reserve(replace(facts, key=key), books.plan(impressions, user, printer), ALLOWED, ())
        books.settle(key, impressions)


@pytest.fixture(scope="module")
def printed(fresh_site: Site) -> Iterator[Site]:
    """Three printed jobs on three days, one refused, one open."""
    with new_site(fresh_site) as site:
        site.do("pkprinters", "-a", "-c", "0.05,0.1", "hp", "canon")
        site.do("pkusers", "-a", "-b", "100", "anna", "bert")
        site.do("edpykota", "-a", "anna", "bert")
        titled(site, 'a "quoted", title', 2)
        titled(site, "line\nend\x1b[31m", 3, user="bert")
        titled(site, "third", 4, printer="canon")
        with site.books() as books:
            books.clock.forward(days=3)
            facts = books.facts("anna", "hp")
            refused = Decision(Verdict.REFUSE, "account-limit-reached", "too much")
            books.ledger.record_unreserved(
                replace(facts, key=replace(facts.key, nonce="f" * 32)), refused, Outcome.REFUSED, ()
            )
            stranger = books.facts("stranger", "hp")
            books.ledger.record_unreserved(
                replace(stranger, key=replace(stranger.key, nonce="e" * 32)), refused, Outcome.REFUSED, ()
            )
            books.hold(1, "bert", "hp")
        yield site


def rows(site: Site, *words: str) -> list[str]:
    return site.do(PROGRAM, "-d", "history", *words).splitlines()


def titles(site: Site, *words: str) -> list[str]:
    """The titles of the rows, by tabs, which no title has."""
    return [row.split("\t")[12].strip('"') for row in rows(site, "-f", "tsv", *words)[1:]]


def test_the_history_has_pykotas_columns_and_quoting(printed: Site):
    lines = rows(printed)
    assert lines[0] == ",".join(f'"{name}"' for name in NAMES)
    assert lines[1] == (
        '"anna","hp",1,"1",1,1,2,321,2,0.2,"ALLOW","None","a \\"quoted\\"\\, title",1,"sides=one-sided","",'
        '"None","None","None",2,0.2,"2026-03-02 08:00:00"'
    )
    assert len(lines) == 5, "open attempts and those of unknown users have no row"


def test_control_characters_of_a_title_start_no_line_and_reach_no_terminal(printed: Site):
    assert '"line?end?[31m"' in rows(printed, "username=bert")[1]


def test_a_refused_job_has_nothing_printed_and_is_denied(printed: Site):
    refused = dict(zip(NAMES, rows(printed, "-f", "ssv")[4].split(";"), strict=True))
    assert {name: refused[name] for name in ("action", "jobsize", "jobprice", "pagecounter")} == {
        "action": '"DENY"',
        "jobsize": "0",
        "jobprice": "0.0",
        "pagecounter": "0",
    }


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["username=bert"], ["line?end?[31m"]),
        (["USERNAME=anna", "printername=canon"], ["third"]),
        (["jobid=1", "printername=canon"], ["third"]),
        (["start=20260303", "end=20260304"], ["line?end?[31m", "third"]),
        (["end=2026030208"], ['a \\"quoted\\", title']),
        (["start=20260305", "end=20260304"], ["third", "letter"]),
        (["-O", "-jobsize"], ["third", "line?end?[31m", 'a \\"quoted\\", title', "letter"]),
        (["-O", "+username,-jobsize"], ["third", 'a \\"quoted\\", title', "letter", "line?end?[31m"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_filters_choose_and_orders_sort(printed: Site, words: list[str], wanted: list[str]):
    assert titles(printed, *words) == wanted


def test_what_cannot_be_used_is_said_and_left_out(printed: Site):
    done = printed.run(PROGRAM, "-d", "history", "-O", "md5sum,username", "start=2026-03-03")
    assert done.status == 0
    assert done.err.splitlines() == [
        "WARN: start=2026-03-03 is no date and was left out; give one such as 20260131 or today-7",
        "WARN: cannot order by 'md5sum', which is no word; it was left out",
    ]
    assert len(done.out.splitlines()) == 5


def test_nothing_found_is_no_output_and_no_file(printed: Site):
    assert printed.do(PROGRAM, "-d", "history", "username=nobody") == ""
    folder = printed.folder / "open"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o777)
    file = folder / "history.csv"
    file.write_text("old")
    printed.do(PROGRAM, "-d", "history", "-o", str(file), "username=nobody")
    assert not file.exists()


def test_a_file_is_emptied_and_written_with_the_callers_rights(printed: Site):
    file = printed.folder / "history.csv"
    file.write_text("old " * 1000)
    printed.folder.chmod(0o755)
    assert printed.do(PROGRAM, "--data", "history", "--output", str(file)) == ""
    assert file.read_text().splitlines() == rows(printed)
    if AS_ROOT:
        assert file.stat().st_uid == 0, "opened before root was given up"


def test_a_deleted_user_or_printer_takes_its_history_out_of_the_dump(printed: Site):
    with new_site(printed) as site:
        site.do("pkusers", "-d", "bert")
        assert titles(site) == ['a \\"quoted\\", title', "third", "letter"]
        site.do("pkprinters", "-d", "hp")
        assert titles(site) == ["third"]
        with site.books() as books:
            assert len(list(books.ledger.history())) == 6, "the ledger forgets nothing"


def test_a_canceled_and_a_failed_job_are_called_so(fresh_site: Site):
    with new_site(fresh_site) as site:
        site.do("pkprinters", "-a", "hp")
        site.do("pkusers", "-a", "anna")
        site.do("edpykota", "-a")
        with site.books() as books:
            for outcome in (Outcome.CANCELED, Outcome.ABORTED):
                books.ledger.settle(books.hold(5), settlement(2, outcome=outcome, price=int(Decimal(0))))
        assert [row.split("\t")[10] for row in rows(site, "-f", "tsv")[1:]] == ['"CANCEL"', '"PROBLEM"']


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], f"--data is needed: {TYPES}; see --help"),
        (["-d", "jobs"], f"invalid --data 'jobs': give one of {TYPES}"),
        (
            ["-d", "history", "-f", "html"],
            "invalid --format 'html': give one of csv, ssv, tsv, xml, cups, cups11, json, xlsx",
        ),
        (["-d", "users", "-f", "cups"], "--format cups is for --data history only"),
        (["-d", "history", "-f", "cups", "-s"], "--sum cannot go with --format cups"),
        (["-d", "users", "-s"], "--sum cannot go with --data users; only payments, history are summed"),
        (
            ["-d", "users", "printername=hp"],
            "invalid filter 'printername=hp': give KEY=VALUE with a key of username, start, end",
        ),
        (
            ["-d", "upquotas", "-O", "jobsize"],
            f"cannot order by jobsize: the columns are {', '.join(COLUMNS[DumpType.UPQUOTAS])}",
        ),
        (
            ["-d", "history", "groupname=x"],
            f"invalid filter 'groupname=x': give KEY=VALUE with a key of {', '.join(FILTER_KEYS)}",
        ),
        (["-d", "history", "jobid=x"], "invalid filter jobid=x: give the number of a job"),
        (["-d", "history", "-o", "/nowhere/x"], "/nowhere/x: No such file or directory; give another --output"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_words_are_refused_with_254(printed: Site, words: list[str], complaint: str):
    done = printed.run(PROGRAM, *words)
    assert (done.status, done.out, done.err.partition(" : ")[2]) == (254, "", f"{complaint}\n")

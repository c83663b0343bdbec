# SPDX-License-Identifier: Apache-2.0
"""pkbcodes, run as a program: billing codes are made, changed, listed, reset and deleted; refusals."""

import os
import signal
from collections.abc import Iterator
from decimal import Decimal

import pytest

from cli.site import ACTOR, AS_ROOT, OTHER_USER, Site, new_site
from contract.test_upgrade import make_first_ledger

PROGRAM = "pkbcodes"


def line(name: str, description: str = "", pages: int = 0, money: str = "0.00") -> str:
    return f"{name} [{description}] {pages} pages and {money} credits\n"


def refusal(site: Site, *words: str) -> str:
    """Why the words were refused, behind the program's path."""
    done = site.run(PROGRAM, *words)
    assert (done.status, done.out) == (254, "")
    assert done.err.count("\n") == 1
    return done.err.partition(" : ")[2].rstrip("\n")


@pytest.fixture(scope="module")
def first_office(fresh_site: Site) -> Iterator[Site]:
    """Anna may print on hp at 0.05 a page; the codes physics and arts; to be copied."""
    with new_site(fresh_site) as site:
        site.do("pkprinters", "-a", "-c", "0.05", "hp")
        site.do("pkusers", "-a", "-b", "10", "anna")
        site.do("edpykota", "-a", "anna")
        site.do(PROGRAM, "-a", "physics", "arts")
        yield site


@pytest.fixture
def office(first_office: Site) -> Iterator[Site]:
    with new_site(first_office) as site:
        yield site


def test_codes_are_made_and_listed_by_name(site: Site):
    site.do(PROGRAM, "--add", "--description", " third floor ", "physics,arts", "Été 2026")
    names = ("arts", "physics", "Été 2026")
    assert site.do(PROGRAM, "--list") == "".join(line(name, "third floor") for name in names)
    assert site.do(PROGRAM, "-l", "p*", "[!a-z]*") == line("physics", "third floor") + line("Été 2026", "third floor")


def test_an_existing_code_is_changed_with_add_unless_it_is_to_be_skipped(office: Site):
    office.do(PROGRAM, "-a", "-D", "new", "physics", "law")
    assert office.do(PROGRAM, "-l") == line("arts") + line("law", "new") + line("physics", "new")
    office.do(PROGRAM, "-a", "-s", "-D", "other", "physics", "latin")
    assert office.do(PROGRAM, "-l", "physics,latin") == line("latin", "other") + line("physics", "new")


def test_a_description_is_changed_and_cleared_without_creating_anything(office: Site):
    office.do(PROGRAM, "-D", "all of them")
    assert office.do(PROGRAM, "-l") == line("arts", "all of them") + line("physics", "all of them")
    office.do(PROGRAM, "-D", "", "arts")
    assert office.do(PROGRAM, "-l", "arts") == line("arts")
    assert refusal(office, "-D", "text", "code") == (
        "there is no billing code that matches code; list them with: pkbcodes --list"
    )


def test_jobs_count_on_their_code_and_a_reset_begins_anew(office: Site):
    with office.books() as books:
        books.print(3, code="physics")
        books.print(4, code="physics")
        books.print(1)
    assert office.do(PROGRAM, "-l") == line("arts") + line("physics", pages=7, money="0.35")
    assert '"physics"' in office.do("dumpykota", "-d", "history", "billingcode=physics")
    office.do(PROGRAM, "-r", "physics")
    assert office.do(PROGRAM, "-l", "physics") == line("physics")
    assert office.audit() == []


def test_deleting_a_code_keeps_the_history_and_frees_the_name(office: Site):
    with office.books() as books:
        books.print(3, code="physics")
    office.do(PROGRAM, "-d", "phys*")
    assert office.do(PROGRAM, "-l") == line("arts")
    assert len(office.do("dumpykota", "-d", "history", "billingcode=physics").splitlines()) == 2
    office.do(PROGRAM, "-a", "physics")
    assert office.do(PROGRAM, "-l", "physics") == line("physics")
    assert office.audit() == []


def test_budgets_are_set_shown_and_removed(office: Site):
    office.do(PROGRAM, "-b", "12.50", "physics")
    office.do(PROGRAM, "--pagebudget", "300", "physics", "arts")
    assert office.do(PROGRAM, "-l") == (
        line("arts")
        + "    Budget : 300 pages and unlimited credits\n"
        + line("physics")
        + "    Budget : 300 pages and 12.50 credits\n"
    )
    office.do(PROGRAM, "-b", "unlimited", "-B", "Unlimited")
    assert office.do(PROGRAM, "-l") == line("arts") + line("physics")


def test_resets_beside_charged_jobs_lose_no_page_and_no_cent(office: Site):
    with office.books() as books:
        for _ in range(2):
            process = office.start(PROGRAM, "-r", "-D", "changed", "physics")
            printed = 0
            while process.poll() is None or printed < 5:
                books.print(1, code="physics")
                printed += 1
            assert process.communicate()[1] == ""
        spent = books.posted()
        assert books.balance() == 10 - spent * Decimal("0.05")
        assert books.used_by()[0] <= spent
        assert books.audit() == []


def test_what_a_code_holds_cannot_forge_lines(office: Site):
    with office.books() as books:
        books.ledger.ensure_cost_center("a\nb [x] 9 pages and 9.00 credits")
    office.do(PROGRAM, "-D", "one\ntwo", "arts")
    shown = office.do(PROGRAM, "-l").splitlines()
    assert shown[:2] == ["a?b [x] 9 pages and 9.00 credits [] 0 pages and 0.00 credits", line("arts", "one?two")[:-1]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-a"], "--add needs the names of billing codes; see --help"),
        (["-d"], "--delete needs the names of billing codes; see --help"),
        (["-l", "nothing*"], "there is no billing code that matches nothing*; list them with: pkbcodes --list"),
        (["-d", "nothing"], "there is no billing code that matches nothing; list them with: pkbcodes --list"),
        (["-r", "nothing"], "there is no billing code that matches nothing; list them with: pkbcodes --list"),
        (["-l", "-r"], "--list cannot go with --reset; see --help"),
        (["-d", "-s", "-D", "x", "arts"], "--delete cannot go with --description, --skipexisting; see --help"),
        (["-a", "-d", "arts"], "--add and --delete cannot go together; give one of them"),
        (["-a", "-B", "-1", "arts"], "invalid --pagebudget '-1': give a number of pages, or unlimited"),
        (["-a", "-b", "much", "arts"], "invalid --budget 'much': give a number such as 0.05"),
        (["-b=-1", "arts"], "invalid --budget '=-1': give a number such as 0.05"),
        (["--budget=-1", "arts"], "a budget cannot be negative; give 0 or more, or unlimited"),
        (["-a", "new", "a\tb"], "invalid billing code 'a\\tb': leave out control characters"),
        (["-a", "x" * 256], f"the billing code {'x' * 20}… has 256 characters; at most 255 work"),
        ([""], "an empty name was given; leave it out to mean all, see --help"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_changed(office: Site, words: list[str], said: str):
    assert refusal(office, *words) == said
    assert office.do(PROGRAM, "-l") == line("arts") + line("physics")


def test_a_bad_option_is_refused(office: Site):
    done = office.run(PROGRAM, "--nonsense")
    assert (done.status, done.out) == (254, "")
    assert "--nonsense" in done.err


@pytest.mark.skipif(not AS_ROOT, reason="only root can become other users")
def test_who_has_no_right_changes_nothing(office: Site):
    done = office.run(PROGRAM, "-a", "mine", user=OTHER_USER)
    assert (done.status, done.out) == (254, "")
    assert f" : {OTHER_USER} : " in done.err
    assert office.do(PROGRAM, "-l") == line("arts") + line("physics")


def test_an_interrupted_call_changes_nothing(office: Site):
    pipe = office.folder / "arguments"
    os.mkfifo(pipe)
    process = office.start(PROGRAM, "-d", "arts", "-A", str(pipe))
    with pipe.open("w"):  # opens once the program reads: it is waiting for its arguments now
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (253, "")
    assert office.do(PROGRAM, "-l") == line("arts") + line("physics")


def test_each_call_is_written_down_with_who_made_it(office: Site):
    office.do(PROGRAM, "-D", "a b", "arts")
    with office.books() as books:
        act = next(books.ledger.acts())
    assert (act.actor, act.text) == (ACTOR, "pkbcodes -D 'a b' arts")


def test_a_home_of_the_first_version_is_brought_up_by_init(site: Site):
    """Its job of three impressions named the code physics, which the first version did not keep."""
    ledger = site.home / "pagetoll.db"
    for path in site.home.glob("pagetoll.db*"):
        path.unlink()
    make_first_ledger(f"sqlite:///{ledger}")
    for path in site.home.glob("pagetoll.db*"):
        os.chown(path, site.home.stat().st_uid, site.home.stat().st_gid)
    done = site.run(PROGRAM, "-a", "physics")
    assert (done.status, done.err.rpartition("; ")[2]) == (255, "run: pagetoll init (found 0001)\n")
    site.do("pagetoll", "init")
    site.do(PROGRAM, "-a", "physics")
    assert site.do(PROGRAM, "-l") == line("physics")
    assert '"physics"' in site.do("dumpykota", "-d", "history", "billingcode=physics")
    assert site.audit() == []

# SPDX-License-Identifier: Apache-2.0
"""repykota, run as a program: PyKota's layout to the blank, each state, totals, choices, refusals."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace

import pytest

from cli.served import served
from cli.site import AS_ROOT, OTHER_USER, Site, new_site
from pagetoll.core.policy import ALLOWED

PROGRAM = "repykota"
HEAD = "User           overcharge   used    soft    hard    balance grace         total       paid warn"
GROUP_HEAD = "Group          overcharge   used    soft    hard    balance grace         total       paid warn"
RULER = "-" * 95


@pytest.fixture(scope="module")
def first_school(fresh_site: Site) -> Iterator[Site]:
    """A printer group `salle` with the printer `hp`; users of each mode; to be copied."""
    with new_site(fresh_site) as site:
        site.do("pkprinters", "-a", "-D", "in the hall", "-c", "0.05,0.1", "hp")
        site.do("pkprinters", "-a", "salle", "spare")
        site.do("pkprinters", "-g", "salle", "hp")
        site.do("pkusers", "-a", "-g", "staff", "guests")
        site.do("pkusers", "-a", "-i", "staff", "anna", "bert")
        site.do("pkusers", "-a", "-l", "balance", "-b", "12.5", "-o", "1.5", "cleo")
        site.do("edpykota", "-a", "-P", "hp,salle", "-S", "10", "-H", "20", "anna")
        site.do("edpykota", "-a", "-P", "hp", "bert", "cleo")
        site.do("edpykota", "-a", "-g", "-P", "hp", "-S", "30", "-H", "40", "staff")
        yield site


@pytest.fixture
def school(first_school: Site) -> Iterator[Site]:
    with new_site(first_school) as site:
        yield site


def row(site: Site, name: str, *words: str) -> str:
    """The line of one owner in the report on hp."""
    lines = site.do(PROGRAM, "-P", "hp", *words, name).splitlines()
    assert lines[5] == RULER
    return lines[6]


def test_a_report_has_pykotas_layout(school: Site):
    with school.books() as books:
        books.print(3)
        books.print(2, "cleo")
    assert school.do(PROGRAM, "-P", "hp") == "\n".join(
        [
            "Report for user quota on printer hp (in the hall)",
            "Pages grace time: 7 days",
            "Price per job: 0.100",
            "Price per page: 0.050",
            HEAD,
            RULER,
            "anna            -Q  1.00       3      10      20      -0.25                   3       0.00    0",
            "bert            -Q  1.00       0    None    None       0.00                   0       0.00    0",
            "cleo            -B  1.50       2    None    None      12.20                   2      12.50    0",
            " " * 62 + "Total :         5      12.50",
            " " * 63 + "Real :         5",
            "",
            "",
        ]
    )


def test_a_printer_where_nothing_was_printed_has_no_total_and_an_unknown_counter(school: Site):
    lines = school.do(PROGRAM, "-P", "salle").splitlines()
    assert lines[0] == "Report for user quota on printer salle ()"
    assert lines[-2:] == [" " * 63 + "Real : unknown", ""]
    assert len([line for line in lines if "Total" in line]) == 0


def test_a_group_report_sums_its_members_and_warns_of_double_counting(school: Site):
    with school.books() as books:
        books.print(4)
        books.print(5, "bert")
    assert school.do(PROGRAM, "-g").splitlines() == [
        "Report for group quota on printer hp (in the hall)",
        "Pages grace time: 7 days",
        "Price per job: 0.100",
        "Price per page: 0.050",
        GROUP_HEAD,
        RULER,
        "staff           -Q   N/A       9      30      40      -0.65                   9       0.00  N/A",
        " " * 62 + "Total :         9       0.00",
        " " * 63 + "Real :         9",
        "Totals are too high where a user is in several of these groups.",
        "",
    ]


@pytest.mark.parametrize(
    ("orders", "mark", "grace"),
    [
        ([["edpykota", "-U", "9", "anna"]], "-Q", ""),
        ([["edpykota", "-U", "10", "anna"]], "+Q", ""),
        ([["edpykota", "-U", "20", "anna"]], "+Q", "DENY"),
        ([["edpykota", "-S", "0", "-H", "0", "anna"]], "+Q", "DENY"),
        ([["edpykota", "-m", "0", "anna"]], "-Q", "DENY"),
        ([["pkprinters", "-m", "0", "hp"]], "-Q", "DENY"),
        ([["pkusers", "-l", "noquota", "anna"], ["edpykota", "-U", "99", "anna"]], "NQ", ""),
        ([["pkusers", "-l", "nochange", "anna"], ["edpykota", "-U", "99", "anna"]], "NC", ""),
        ([["pkusers", "-l", "noprint", "anna"]], "NP", "DENY"),
        ([["pkusers", "-l", "balance", "-b", "10", "anna"]], "-B", ""),
        ([["pkusers", "-l", "balance", "-b", "1.01", "anna"]], "-B", ""),
        ([["pkusers", "-l", "balance", "-b", "1", "anna"]], "?B", "WARNING"),
        ([["pkusers", "-l", "balance", "-b", "0.15", "anna"]], "?B", "WARNING"),
        ([["pkusers", "-l", "balance", "-b", "0.14", "anna"]], "+B", "DENY"),
        ([["pkusers", "-l", "balance", "anna"]], "+B", "DENY"),
        ([["pkusers", "-l", "balance", "-b", "-5", "-o", "0", "anna"]], "-B", ""),
        ([["edpykota", "-U", "20", "anna"], ["pkprinters", "-p", "hp"]], "+Q", ""),
    ],
    ids=lambda value: " ; ".join(" ".join(order) for order in value) if isinstance(value, list) else "",
)
def test_each_state_has_its_mark_and_its_word(school: Site, orders: list[list[str]], mark: str, grace: str):
    for program, *words in orders:
        school.do(program, *words)
    shown = row(school, "anna")
    assert (shown[16:18], shown[60:70].strip()) == (mark, grace)


def test_a_rolling_limit_that_leaves_nothing_denies_him_alone_whom_it_holds_for(school: Site):
    with school.books() as books:
        books.print(3)
    school.do("pagetoll", "printer", "limit", "hp", "--pages", "4", "--period", "3600000000")
    assert row(school, "anna")[60:70].strip() == ""
    school.do("pagetoll", "printer", "limit", "hp", "--pages", "3", "--period", "3600000000")
    assert row(school, "anna")[16:70].split() == ["-Q", "1.00", "3", "10", "20", "-0.25", "DENY"]
    assert row(school, "bert")[60:70].strip() == ""
    assert "DENY" not in school.do(PROGRAM, "-P", "salle")
    school.do("pagetoll", "printer", "limit", "salle", "--k-octets", "1", "--period", "3600000000")
    assert "DENY" not in school.do(PROGRAM, "-P", "salle")
    with school.books() as books:
        _used_number, facts = books.facts(), books.facts(document_octets=1)
        unlimited = replace(books.plan(1), rolling=())
        books.ledger.reserve(facts, unlimited, ALLOWED, ())
    assert school.do(PROGRAM, "-P", "salle").splitlines()[6].split()[-4] == "DENY"


def test_a_running_grace_shows_its_date_and_one_that_is_over_denies(school: Site):
    school.do("edpykota", "-U", "15", "-P", "hp", "anna")
    for ends_at, shown in (("2100-05-04 10:00:00", "2100-05-04"), ("2001-05-04 10:00:00", "DENY")):
        with sqlite3.connect(school.home / "pagetoll.db") as ledger:
            ledger.execute(
                "update accounts set grace_until = unixepoch(?) * 1000000 where soft_limit = 10", [ends_at]
            )
        line = row(school, "anna")
        assert (line[16:18], line[60:70].strip()) == ("+Q", shown)


def test_the_grace_time_and_the_thresholds_are_the_printers_own(school: Site):
    with (school.home / "pagetoll.toml").open("a") as file:
        file.write('poorman = 20\nbalancezero = -3\n[queue.hp]\ngracedelay_d = 3\nenforcement = "laxist"\n')
    school.do("pkusers", "-b", "-2.99", "-l", "balance", "anna")
    text = school.do(PROGRAM, "-P", "hp", "cleo", "anna")
    assert "Pages grace time: 3 days\n" in text
    lines = text.splitlines()
    assert (lines[6][:18], lines[6][60:70].strip()) == ("anna            ?B", "WARNING")
    assert (lines[7][:18], lines[7][60:70].strip()) == ("cleo            ?B", "WARNING")


def test_printers_without_a_matching_entry_are_passed_over(school: Site):
    titles = [line for line in school.do(PROGRAM, "bert").splitlines() if line.startswith("Report")]
    assert titles == ["Report for user quota on printer hp (in the hall)"]
    titles = [line for line in school.do(PROGRAM, "-u", "a*").splitlines() if line.startswith("Report")]
    assert len(titles) == 2


def test_only_members_of_some_groups_are_shown(school: Site):
    lines = school.do(PROGRAM, "-i", "staff", "-P", "h*").splitlines()
    assert [line.split()[0] for line in lines[6:8]] == ["anna", "bert"]
    assert lines[8].endswith("Real : unknown")


def test_long_names_are_cut_and_wide_figures_are_not(school: Site):
    school.do("pkusers", "-a", "-l", "noquota", "-b", "123456789.12", "a-very-long-login-name")
    school.do("edpykota", "-a", "-P", "hp", "-U", "123456789", "a-very-long-login-name")
    assert row(school, "a-very-long-login-name").startswith(
        "a-very-long-log NQ  1.00 123456789    None    None 123456789.12            123456789 123456789.12    0"
    )


@pytest.fixture(scope="module")
def empty_handed(first_school: Site) -> Iterator[Site]:
    with new_site(first_school) as site:
        yield site


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["-P", "x*"], "there is no printer that matches x*; list them with: pkprinters --list"),
        (["x*"], "there is no user that matches x*; list them with: pkusers --list"),
        (["-g", "x"], "there is no users group that matches x; list them with: pkusers --groups --list"),
        (["-i", "sta*"], "there is no users group sta*; list them with: pkusers --groups --list"),
        (["-i", "guests"], "there is no user that matches *; list them with: pkusers --list"),
        (["-P", "spare"], "nobody of these has a quota entry on these printers; make one with: edpykota --add"),
        (["-g", "-i", "staff"], "--groups cannot go with --ingroups; see --help"),
        (["-g", "-u"], "--groups and --users cannot go together; give one of them"),
        (["-P", ""], "--printer needs names; see --help"),
        (["--nonsense"], "option --nonsense not recognized; see repykota --help"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_words_and_what_nothing_matches_end_with_254(empty_handed: Site, words: list[str], complaint: str):
    done = empty_handed.run(PROGRAM, *words)
    assert (done.status, done.out, done.err.partition(" : ")[2]) == (254, "", f"{complaint}\n")


@pytest.mark.skipif(not AS_ROOT, reason="only root can become other users")
def test_an_ordinary_user_gets_his_own_report_and_his_groups(school: Site):
    school.do("pkusers", "-a", "-i", "staff", OTHER_USER)
    school.do("edpykota", "-a", "-P", "hp", "-U", "4", OTHER_USER)
    with served(school):
        own = school.run(PROGRAM, "anna", user=OTHER_USER)
        groups = school.run(PROGRAM, "-g", "guests", user=OTHER_USER)
        members = school.run(PROGRAM, "-i", "staff", user=OTHER_USER)
    assert (own.status, own.err) == (0, "")
    assert [line.split()[0] for line in own.out.splitlines() if line[16:18] == "-Q"] == [OTHER_USER]
    assert (groups.status, groups.err) == (0, "")
    assert [line.split()[0] for line in groups.out.splitlines() if line[16:18] == "-Q"] == ["staff"]
    assert (members.status, members.out) == (254, "")
    assert f"{OTHER_USER} : you are not allowed to do this" in members.err

# SPDX-License-Identifier: Apache-2.0
"""edpykota, run as a program: PyKota's acceptance cases for quota entries, exact listings, refusals."""

from collections.abc import Iterator

import pytest

from cli.site import Site, new_site

PROGRAM = "edpykota"


@pytest.fixture(scope="module")
def first_school(fresh_site: Site) -> Iterator[Site]:
    """Three printers, two of them in a group, two users and a users group of both; to be copied."""
    with new_site(fresh_site) as site:
        site.do("pkprinters", "-a", "h4", "imp", "impA", "salle")
        site.do("pkprinters", "-g", "salle", "h4", "imp")
        site.do("pkusers", "-a", "-g", "devs")
        site.do("pkusers", "-a", "-i", "devs", "jerome", "toto")
        yield site


@pytest.fixture
def school(first_school: Site) -> Iterator[Site]:
    with new_site(first_school) as site:
        yield site


def block(
    name: str,
    *,
    pages: int = 0,
    lifetime: int = 0,
    soft: object = None,
    hard: object = None,
    date: object = None,
    largest: str = "Unlimited",
) -> str:
    return (
        group_block(name, pages=pages, lifetime=lifetime, soft=soft, hard=hard, date=date).rstrip("\n")
        + f"\n    Maximum job size : {largest}\n    Warning banners printed : 0\n\n"
    )


def group_block(
    name: str, *, pages: int = 0, lifetime: int = 0, soft: object = None, hard: object = None, date: object = None
) -> str:
    return (
        f"{name}\n"
        f"    Page counter : {pages}\n"
        f"    Lifetime page counter : {lifetime}\n"
        f"    Soft limit : {soft}\n"
        f"    Hard limit : {hard}\n"
        f"    Date limit : {date}\n\n"
    )


def shown(site: Site, *words: str) -> list[str]:
    """Which entries there are."""
    return [line for line in site.do(PROGRAM, "-L", *words).splitlines() if "@" in line]


def test_q1_to_q3_entries_are_made_for_every_pair_that_matches(school: Site):
    school.do(PROGRAM, "-a", "-P", "imp,h4", "jerome")
    assert school.do(PROGRAM, "-L") == block("jerome@h4") + block("jerome@imp")
    school.do(PROGRAM, "-a", "jerome")
    assert shown(school) == ["jerome@h4", "jerome@imp", "jerome@impA", "jerome@salle"]
    school.do(PROGRAM, "-a", "-P", "impA", "*")
    assert shown(school, "-P", "impA") == ["jerome@impA", "toto@impA"]


def test_q4_and_q5_limits_are_set_on_new_and_existing_entries(school: Site):
    school.do(PROGRAM, "-a", "-P", "imp", "jerome")
    school.do(PROGRAM, "-a", "-S", "200", "-H", "220", "-P", "h4,imp", "jerome")
    limits = {"soft": 200, "hard": 220}
    assert school.do(PROGRAM, "-L") == block("jerome@h4", **limits) + block("jerome@imp", **limits)
    school.do(PROGRAM, "-a", "-S", "120", "-H", "200", "toto")
    assert school.do(PROGRAM, "-L", "toto", "-P", "impA") == block("toto@impA", soft=120, hard=200)
    assert len(shown(school, "toto")) == 4


def test_q6_a_group_has_used_what_its_members_have(school: Site):
    school.do(PROGRAM, "-a", "jerome", "toto")
    school.do(PROGRAM, "-a", "-S", "800", "-H", "1000", "-g", "devs")
    with school.books() as books:
        books.print(3, "jerome", "imp")
        books.print(4, "toto", "imp")
    limits = {"soft": 800, "hard": 1000}
    assert school.do(PROGRAM, "-L", "-g", "-P", "imp,impA") == (
        group_block("devs@imp", pages=7, lifetime=7, **limits) + group_block("devs@impA", **limits)
    )
    assert school.audit() == []


def test_q7_a_reset_keeps_the_lifetime_counter_and_ends_the_grace(school: Site):
    school.do(PROGRAM, "-a", "-S", "2", "-H", "5", "-P", "h4,imp", "jerome")
    with school.books() as books:
        books.print(3, "jerome", "imp")
    limits = {"soft": 2, "hard": 5}
    assert school.do(PROGRAM, "-L", "-P", "imp") == block(
        "jerome@imp", pages=3, lifetime=3, date="2026-03-09 08:00:00", **limits
    )
    school.do(PROGRAM, "-r", "-P", "h4,imp", "jerome")
    assert school.do(PROGRAM, "-L", "-P", "imp") == block("jerome@imp", lifetime=3, **limits)
    assert len(school.do("dumpykota", "-d", "history").splitlines()) == 2
    assert school.audit() == []


def test_q8_deleting_an_entry_hides_the_history_of_that_user_there(school: Site):
    school.do(PROGRAM, "-a", "jerome", "toto")
    with school.books() as books:
        for user, printer in (("jerome", "impA"), ("jerome", "imp"), ("toto", "impA")):
            books.print(1, user, printer)
    school.do(PROGRAM, "-d", "-P", "impA", "jerome")
    assert shown(school, "-P", "impA") == ["toto@impA"]
    rows = school.do("dumpykota", "-d", "history").splitlines()[1:]
    assert [row.split(",")[:2] for row in rows] == [['"jerome"', '"imp"'], ['"toto"', '"impA"']]
    with school.books() as books:
        assert len(list(books.ledger.history())) == 3, "the ledger forgets nothing"
    assert school.audit() == []


@pytest.mark.parametrize(
    ("words", "after"),
    [
        (["-U", "7"], {"pages": 7, "lifetime": 7}),
        (["-U", "+5"], {"pages": 8, "lifetime": 8}),
        (["--used=-2"], {"pages": 1, "lifetime": 1}),
        (["-R"], {"pages": 0, "lifetime": 0}),
        (["-r"], {"pages": 0, "lifetime": 3}),
        (["-r", "-U", "4"], {"pages": 4, "lifetime": 4}),
        (["-n"], {"soft": None, "hard": None, "pages": 3, "lifetime": 3}),
        (["-I", "5"], {"soft": 7, "hard": 10, "pages": 3, "lifetime": 3}),
        (["--increase", "-2"], {"soft": 0, "hard": 3, "pages": 3, "lifetime": 3}),
        (["-S", "9", "-H", "8"], {"soft": 8, "hard": 9, "pages": 3, "lifetime": 3}),
        (["-S", "6"], {"soft": 6, "hard": 6, "pages": 3, "lifetime": 3}),
        (["-H", "4", "-I", "+1"], {"soft": 5, "hard": 5, "pages": 3, "lifetime": 3}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_counters_and_limits_change_and_end_the_grace(school: Site, words: list[str], after: dict[str, object]):
    school.do(PROGRAM, "-a", "-S", "2", "-H", "5", "-P", "imp", "jerome")
    with school.books() as books:
        books.print(3, "jerome", "imp")
    school.do(PROGRAM, *words, "jerome")
    assert school.do(PROGRAM, "-L") == block("jerome@imp", **({"soft": 2, "hard": 5} | after))
    assert school.audit() == []


def test_a_change_of_the_largest_job_leaves_the_grace_alone(school: Site):
    school.do(PROGRAM, "-a", "-S", "2", "-H", "5", "-P", "imp", "jerome")
    with school.books() as books:
        books.print(3, "jerome", "imp")
    for words, largest in ((["-m", "9"], "9 pages"), (["-m", "0"], "0 pages"), (["-m", "Unlimited"], "Unlimited")):
        school.do(PROGRAM, *words, "jerome")
        assert school.do(PROGRAM, "-L") == block(
            "jerome@imp", pages=3, lifetime=3, soft=2, hard=5, date="2026-03-09 08:00:00", largest=largest
        )


def test_a_relative_use_of_a_new_entry_starts_from_nothing(school: Site):
    school.do(PROGRAM, "-a", "-U", "+5", "-P", "imp", "jerome")
    assert school.do(PROGRAM, "-L") == block("jerome@imp", pages=5, lifetime=5)


def test_an_increase_makes_a_missing_limit_and_never_a_negative_one(school: Site):
    school.do(PROGRAM, "-a", "-P", "h4,imp", "jerome")
    school.do(PROGRAM, "-I", "3", "-P", "imp", "jerome")
    done = school.run(PROGRAM, "-I", "-1", "jerome")
    assert (done.status, "the limit of jerome on h4 would become -1" in done.err) == (254, True)
    assert school.do(PROGRAM, "-L") == block("jerome@h4") + block("jerome@imp", soft=3, hard=3)


def test_a_group_reset_resets_its_members_there_and_nobody_else(school: Site):
    school.do("pkusers", "-a", "stranger")
    school.do(PROGRAM, "-a", "-P", "imp,impA", "*")
    school.do(PROGRAM, "-a", "-g", "-P", "imp", "devs")
    school.do(PROGRAM, "-U", "6", "*")
    school.do(PROGRAM, "-g", "-r", "devs")
    assert school.do(PROGRAM, "-L", "-P", "imp") == (
        block("jerome@imp", lifetime=6) + block("stranger@imp", pages=6, lifetime=6) + block("toto@imp", lifetime=6)
    )
    school.do(PROGRAM, "-g", "-R", "devs")
    assert school.do(PROGRAM, "-L", "-g") == group_block("devs@imp")
    assert school.do(PROGRAM, "-L", "-P", "impA", "toto") == block("toto@impA", pages=6, lifetime=6)
    assert school.audit() == []


def test_skip_existing_changes_only_what_is_new(school: Site):
    school.do(PROGRAM, "-a", "-S", "1", "-P", "imp", "jerome")
    school.do(PROGRAM, "-a", "-s", "-S", "7", "-U", "2", "-P", "imp", "jerome", "toto")
    assert school.do(PROGRAM, "-L") == block("jerome@imp", soft=1, hard=1) + block(
        "toto@imp", soft=7, hard=7, pages=2, lifetime=2
    )


def test_open_reservations_stay_when_counters_are_set(school: Site):
    school.do(PROGRAM, "-a", "-S", "9", "-P", "imp", "jerome")
    with school.books() as books:
        key = books.hold(4, "jerome", "imp")
    school.do(PROGRAM, "-U", "2", "jerome")
    with school.books() as books:
        assert (books.pages("jerome", "imp").posted, books.pages("jerome", "imp").reserved) == (2, 4)
        books.settle(key, 4)
    assert school.do(PROGRAM, "-L") == block("jerome@imp", soft=9, hard=9, pages=6, lifetime=6)
    assert school.audit() == []


def test_an_attempt_settles_on_the_account_that_was_deleted_meanwhile(school: Site):
    school.do(PROGRAM, "-a", "-P", "imp", "jerome")
    with school.books() as books:
        key = books.hold(4, "jerome", "imp")
    school.do(PROGRAM, "-d", "-P", "imp", "jerome")
    school.do(PROGRAM, "-a", "-P", "imp", "jerome")
    with school.books() as books:
        books.settle(key, 4)
    assert school.do(PROGRAM, "-L") == block("jerome@imp")
    assert school.audit() == []


def test_nothing_that_matches_is_no_error_here_but_a_warning_with_add(school: Site):
    assert (
        school.run(PROGRAM, "-S", "1", "nobody").err
        == "INFO: no hard limit was given; it is set to the soft limit, 1\n"
    )
    done = school.run(PROGRAM, "-a", "nobody")
    assert (done.status, done.err) == (0, "WARN: no user matches; create them first with: pkusers --add\n")
    done = school.run(PROGRAM, "-a", "-g", "nogroup")
    assert (done.status, done.err) == (
        0,
        "WARN: no users group matches; create them first with: pkusers --groups --add\n",
    )
    assert school.run(PROGRAM, "-L", "-P", "x*").out == ""
    assert shown(school) == []


@pytest.fixture(scope="module")
def one_entry(shared_site: Site) -> Iterator[Site]:
    shared_site.do("pkprinters", "-a", "imp")
    shared_site.do("pkusers", "-a", "anna")
    shared_site.do(PROGRAM, "-a", "anna")
    yield shared_site
    assert shared_site.do(PROGRAM, "-L") == block("anna@imp"), "a refused command changed something"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--limitby", "balance", "anna"], "option --limitby not recognized; it is an option of pkusers now"),
        (["-c", "1", "anna"], "option -c not recognized; it is an option of pkprinters now"),
        (["-S", "many", "anna"], "invalid --softlimit 'many': give a whole number from 0"),
        (["-H", "-1", "anna"], "invalid --hardlimit '-1': give a whole number from 0"),
        (
            ["-U", "1.5", "anna"],
            "invalid --used '1.5': give a whole number, with + or - in front to add to what is stored",
        ),
        (
            ["-I", "x", "anna"],
            "invalid --increase 'x': give a whole number, with + or - in front to add to what is stored",
        ),
        (["-m", "few", "anna"], "invalid --maxjobsize 'few': give a number of pages, or unlimited"),
        (["-n", "-S", "1", "anna"], "--noquota cannot go with --softlimit; see --help"),
        (["-g", "-U", "1", "staff"], "--groups cannot go with --used; see --help"),
        (["-g", "-m", "1", "staff"], "--groups cannot go with --maxjobsize; see --help"),
        (["-g", "-I", "1", "staff"], "--groups cannot go with --increase; see --help"),
        (["-L", "-r"], "--list cannot go with --reset; see --help"),
        (["-d", "-s", "anna"], "--delete cannot go with --skipexisting; see --help"),
        (["-d"], "--delete needs the names of users or groups; see --help"),
        (["-d", "-P", "", "anna"], "--printer needs names; see --help"),
        (["-a", "-d", "anna"], "--add and --delete cannot go together; give one of them"),
        (["-S", "9" * 30, "anna"], f"invalid --softlimit: {'9' * 30} is too large; at most {2**62}"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, list) else "",
)
def test_wrong_words_are_refused_with_254(one_entry: Site, words: list[str], complaint: str):
    done = one_entry.run(PROGRAM, *words)
    assert (done.status, done.out, done.err.partition(" : ")[2]) == (254, "", f"{complaint}\n")

# SPDX-License-Identifier: Apache-2.0
"""pkusers, run as a program: PyKota's acceptance cases for users and groups, exact listings, refusals."""

import sqlite3
from collections.abc import Iterator

import pytest

from cli.site import ACTOR, Site

PROGRAM = "pkusers"


def block(
    name: str,
    *,
    email: str = "",
    description: str = "",
    limitby: str = "quota",
    balance: str = "0.00",
    paid: str = "0.00",
    overcharge: str = "1.00",
) -> str:
    tail = f" - {description}" if description else ""
    return (
        f"{name} - <{email or f'{name}@localhost'}>{tail}\n"
        f"    Limited by : {limitby}\n"
        f"    Account balance : {balance}\n"
        f"    Total paid so far : {paid}\n"
        f"    Overcharging factor : {overcharge}\n\n"
    )


def group_block(
    name: str, *, description: str = "", limitby: str = "quota", balance: str = "0.00", paid: str = "0.00"
) -> str:
    tail = f" - {description}" if description else ""
    return (
        f"{name}{tail}\n    Limited by : {limitby}\n    Group balance : {balance}\n    Total paid so far : {paid}\n\n"
    )


def payments(site: Site) -> list[tuple[int, str, str]]:
    """Each payment's amount in millionths, its comment, and who booked it."""
    with sqlite3.connect(site.home / "pagetoll.db") as ledger:
        return ledger.execute(
            "select amount, reason, actor from entries where kind = 'payment' order by id"
        ).fetchall()


def members(site: Site, group: str) -> list[str]:
    with sqlite3.connect(site.home / "pagetoll.db") as ledger:
        found = ledger.execute(
            "select users.name from users join group_members on user_id = users.id "
            "join groups on group_id = groups.id where groups.name = ? order by users.name",
            [group],
        )
        return [name for (name,) in found]


def test_u1_to_u5_groups_take_users_in_and_let_them_go(site: Site):
    site.do(PROGRAM, "-a", "-g", "admins", "profs", "eleves")
    assert site.do(PROGRAM, "-L", "-g") == "".join(group_block(name) for name in ("admins", "eleves", "profs"))
    site.do(PROGRAM, "-a", "-i", "admins,profs", "-D", "par ex. le gecos", "jerome", "prof2", "enseignant3")
    shown = "".join(block(name, description="par ex. le gecos") for name in ("enseignant3", "jerome", "prof2"))
    assert site.do(PROGRAM, "-L") == shown
    assert members(site, "admins") == members(site, "profs") == ["enseignant3", "jerome", "prof2"]
    site.do(PROGRAM, "-r", "-i", "admins", "enseignant3")
    assert (members(site, "admins"), len(members(site, "profs"))) == (["jerome", "prof2"], 3)
    site.do(PROGRAM, "-d", "enseignant3")
    assert site.run(PROGRAM, "-L", "enseignant3").status == 254
    assert members(site, "profs") == ["jerome", "prof2"]
    assert site.audit() == []


def test_u3_patterns_choose_whose_status_is_shown(site: Site):
    site.do(PROGRAM, "-a", "charles", "chloe", "jerome")
    assert site.do(PROGRAM, "-L", "ch*") == block("charles") + block("chloe")


@pytest.mark.parametrize("mode", ["quota", "balance", "noquota", "nochange", "noprint", "NoPrint"])
def test_u6_the_mode_is_set_whatever_its_case(site: Site, mode: str):
    site.do(PROGRAM, "-a", "jerome")
    site.do(PROGRAM, "-l", mode, "jerome")
    assert site.do(PROGRAM, "-L") == block("jerome", limitby=mode.lower())


def test_u7_a_balance_is_set_and_the_difference_is_one_payment(site: Site):
    done = site.run(PROGRAM, "-l", "balance", "-b", "199.9", "quidam")
    assert done.status == 254
    site.do(PROGRAM, "-a", "-b", "100", "-C", "opening", "quidam")
    site.do(PROGRAM, "-l", "balance", "-b", "199.9", "quidam")
    assert site.do(PROGRAM, "-L") == block("quidam", limitby="balance", balance="199.90", paid="199.90")
    assert payments(site) == [(100_000_000, "opening", ACTOR), (99_900_000, "", ACTOR)]


@pytest.mark.parametrize(
    ("words", "balance", "paid", "amount"),
    [
        (["-b", "+2.50"], "12.50", "12.50", 2_500_000),
        (["-b", "-12"], "-2.00", "-2.00", -12_000_000),
        (["-b", "0"], "0.00", "0.00", -10_000_000),
        (["--balance=10.000001"], "10.00", "10.00", 1),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_every_manual_change_is_a_payment(site: Site, words: list[str], balance: str, paid: str, amount: int):
    site.do(PROGRAM, "-a", "-b", "10", "anna")
    site.do(PROGRAM, *words, "-C", "at the counter", "anna")
    assert site.do(PROGRAM, "-L") == block("anna", balance=balance, paid=paid)
    assert payments(site)[1:] == [(amount, "at the counter", ACTOR)]
    assert site.audit() == []


def test_a_balance_that_is_reached_already_books_nothing(site: Site):
    site.do(PROGRAM, "-a", "-b", "10", "anna")
    site.do(PROGRAM, "-b", "10", "anna")
    assert len(payments(site)) == 1


def test_changing_an_address_touches_no_balance(site: Site):
    site.do(PROGRAM, "-a", "-b", "10", "anna", "bert/b@example.org")
    site.do(PROGRAM, "-e", "@example.net", "anna", "bert")
    assert site.do(PROGRAM, "-L") == block("anna", email="anna@example.net", balance="10.00", paid="10.00") + block(
        "bert", email="bert@example.net", balance="10.00", paid="10.00"
    )
    site.do(PROGRAM, "-e", "", "bert")
    assert site.do(PROGRAM, "-L", "bert") == block("bert", balance="10.00", paid="10.00")
    assert len(payments(site)) == 2


def test_an_address_behind_a_name_goes_before_the_option(site: Site):
    site.do(PROGRAM, "-a", "-e", "@example.net", "anna/a@example.org", "bert")
    assert site.do(PROGRAM, "-L") == block("anna", email="a@example.org") + block("bert", email="bert@example.net")


def test_without_a_stored_address_the_list_shows_where_mail_would_go(site: Site):
    site.do(PROGRAM, "-a", "anna", "bert/b@other.example")
    for configured, host in (
        ('maildomain = "school.example"\nsmtpserver = "mail.example:2525"', "school.example"),
        ('smtpserver = "mail.example:2525"', "mail.example"),
        ("", "localhost"),
    ):
        (site.home / "pagetoll.toml").write_text(f"{configured}\n")
        shown = [line for line in site.do(PROGRAM, "-L").splitlines() if "@" in line]
        assert shown == [f"anna - <anna@{host}>", "bert - <b@other.example>"]


def test_skip_existing_leaves_a_user_and_its_memberships_alone(site: Site):
    site.do(PROGRAM, "-a", "-g", "staff")
    site.do(PROGRAM, "-a", "anna")
    site.do(PROGRAM, "-a", "-s", "-o", "2", "-i", "staff", "anna", "bert")
    assert site.do(PROGRAM, "-L") == block("anna") + block("bert", overcharge="2.00")
    assert members(site, "staff") == ["bert"]
    site.do(PROGRAM, "-a", "-o", "-0.5", "anna")
    assert site.do(PROGRAM, "-L", "anna") == block("anna", overcharge="-0.50")


def test_a_group_shows_the_sums_of_its_present_members(site: Site):
    site.do(PROGRAM, "-a", "-g", "-l", "balance", "-D", "all of us", "staff")
    site.do(PROGRAM, "-a", "-b", "3", "-i", "staff", "anna", "bert")
    site.do(PROGRAM, "-b", "+1", "bert")
    shown = {"limitby": "balance", "description": "all of us"}
    assert site.do(PROGRAM, "-g", "-L") == group_block("staff", balance="7.00", paid="7.00", **shown)
    site.do(PROGRAM, "-d", "anna")
    assert site.do(PROGRAM, "-g", "-L") == group_block("staff", balance="4.00", paid="4.00", **shown)
    site.do(PROGRAM, "-r", "-i", "st*", "bert")
    assert site.do(PROGRAM, "-g", "-L") == group_block("staff", **shown)
    site.do(PROGRAM, "-d", "-g", "staff")
    assert site.run(PROGRAM, "-g", "-L").status == 254
    assert site.audit() == []


def test_a_new_user_of_a_deleted_name_starts_from_nothing(site: Site):
    site.do(PROGRAM, "-a", "-b", "10", "-D", "first", "anna")
    site.do(PROGRAM, "-d", "anna")
    site.do(PROGRAM, "-a", "anna")
    assert site.do(PROGRAM, "-L") == block("anna")


def test_one_call_is_all_or_nothing(site: Site):
    done = site.run(PROGRAM, "-a", "anna", "b@d")
    assert (done.status, site.run(PROGRAM, "-L").status) == (254, 254)
    site.do(PROGRAM, "-a", "-b", "4000000000000", "anna")
    done = site.run(PROGRAM, "-b", "+4000000000000", "-D", "rich", "anna")
    assert (done.status, "too large" in done.err) == (254, True)
    assert site.do(PROGRAM, "-L") == block("anna", balance="4000000000000.00", paid="4000000000000.00")


@pytest.fixture(scope="module")
def one_user(shared_site: Site) -> Iterator[Site]:
    shared_site.do(PROGRAM, "-a", "anna")
    shared_site.do(PROGRAM, "-a", "-g", "staff")
    yield shared_site
    assert shared_site.do(PROGRAM, "-L") == block("anna"), "a refused command changed something"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["-r", "anna"], "--remove needs --ingroups; see --help"),
        (["-a", "-d", "-L", "anna"], "--add and --delete and --list cannot go together; give one of them"),
        (["-L", "-b", "1"], "--list cannot go with --balance; see --help"),
        (["-d", "-l", "quota", "anna"], "--delete cannot go with --limitby; see --help"),
        (["-g", "-b", "1", "staff"], "--groups cannot go with --balance; see --help"),
        (["-g", "-i", "staff", "anna"], "--groups cannot go with --ingroups; see --help"),
        (["-g", "-l", "noprint", "staff"], "invalid --limitby 'noprint': give one of quota, balance, noquota"),
        (
            ["-l", "free", "anna"],
            "invalid --limitby 'free': give one of quota, balance, noquota, nochange, noprint",
        ),
        (["-a"], "--add needs the names of users or groups; see --help"),
        (["-d"], "--delete needs the names of users or groups; see --help"),
        (["-d", "x*"], "there is no user that matches x*; list them with: pkusers --list"),
        (["-g", "-L", "x"], "there is no users group that matches x; list them with: pkusers --groups --list"),
        (["-i", "nogroup", "anna"], "there is no users group nogroup; create it first"),
        (["-b", "much", "anna"], "invalid --balance 'much': give a number such as 0.05"),
        (
            ["-b", "1e-9", "anna"],
            "invalid --balance '1e-9': it is less than a millionth; give 0 or at least 0.000001",
        ),
        (
            ["-o", "-0.0000004", "anna"],
            "invalid --overcharge '-0.0000004': it is less than a millionth; give 0 or at least 0.000001",
        ),
        (["-b", "1e300", "anna"], "“1E+300” is not an amount that can be booked; give a number such as 0.05"),
        (["-o", "inf", "anna"], "invalid --overcharge 'inf': give a number such as 0.05"),
        (["-e", "nobody", "anna"], "invalid email address 'nobody': give one with exactly one @, or an empty one"),
        (["-a", "a/b@c@d"], "invalid email address 'b@c@d': give one with exactly one @, or an empty one"),
        (["-g", "-a", "a/b"], "invalid users group name 'a/b': leave out /"),
        (["-a", "a|b"], "invalid user name 'a|b': leave out |"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, list) else "",
)
def test_wrong_words_are_refused_with_254(one_user: Site, words: list[str], complaint: str):
    done = one_user.run(PROGRAM, *words)
    assert (done.status, done.out, done.err.partition(" : ")[2]) == (254, "", f"{complaint}\n")

# SPDX-License-Identifier: Apache-2.0
"""Who may run what, by the real programs and a running daemon: all see what is theirs, roles and files give more."""

import os
import pwd
from collections.abc import Iterator

import pytest

from cli.served import furnish, served
from cli.site import AS_ROOT, OTHER_USER, Done, Site, new_site
from pagetoll.app.roles import grant
from pagetoll.frontends.wiring import now_utc
from pagetoll.plugins import open_catalogue

pytestmark = pytest.mark.skipif(not AS_ROOT, reason="only root can become other users")

REFUSED = f" : {OTHER_USER} : you are not allowed to do this; it takes an administrator, or one of the roles: "


@pytest.fixture(scope="module")
def furnished(fresh_site: Site) -> Iterator[Site]:
    """The site that the others are copied from."""
    with new_site(fresh_site) as made:
        furnish(made)
        yield made


@pytest.fixture(scope="module")
def shop(furnished: Site) -> Iterator[Site]:
    """A furnished site with its daemon, in which nothing is changed."""
    with new_site(furnished) as made, served(made):
        yield made


@pytest.fixture
def own_shop(furnished: Site) -> Iterator[Site]:
    """The same, for a test that changes something."""
    with new_site(furnished) as made, served(made):
        yield made


def by_other(site: Site, *words: str) -> Done:
    """What another user's call of a program shows him."""
    return site.run(*words, user=OTHER_USER)


def first_lines(done: Done) -> list[str]:
    """The lines of a listing that begin a block."""
    assert (done.status, done.err) == (0, "")
    return [line for line in done.out.splitlines() if line and not line.startswith(" ")]


SEEN = [
    (["pkprinters", "--list"], ["hp [by the window] (0.0 + #*0.05)", "laser [by the window] (0.0 + #*0.05)"]),
    (["pkprinters", "--list", "la*"], ["laser [by the window] (0.0 + #*0.05)"]),
    (["pkusers", "--list"], [f"{OTHER_USER} - <{OTHER_USER}@localhost>"]),
    (["pkusers", "--list", "anna"], [f"{OTHER_USER} - <{OTHER_USER}@localhost>"]),
    (["pkusers", "--list", "--groups"], ["staff"]),
    (["pkusers", "--list", "--groups", "pupils"], ["staff"]),
    (["edpykota", "--list"], [f"{OTHER_USER}@hp", f"{OTHER_USER}@laser"]),
    (["edpykota", "--list", "anna"], [f"{OTHER_USER}@hp", f"{OTHER_USER}@laser"]),
    (["edpykota", "--list", "--printer", "hp", "anna"], [f"{OTHER_USER}@hp"]),
    (["edpykota", "--list", "--groups", "pupils"], ["staff@hp", "staff@laser"]),
]


@pytest.mark.parametrize(("words", "expected"), SEEN, ids=lambda value: " ".join(value))
def test_an_ordinary_user_sees_the_printers_and_what_is_his_own(shop: Site, words: list[str], expected: list[str]):
    assert first_lines(by_other(shop, *words)) == expected


CHANGES = [
    ["pkprinters", "--passthrough"],
    ["pkprinters", "--delete", "hp"],
    ["pkprinters", "-a", "mine"],
    ["pkusers", "-a", "eve"],
    ["pkusers", "-b", "+100", OTHER_USER],
    ["pkusers", "-d", "anna"],
    ["pkusers"],
    ["edpykota", "-r", OTHER_USER],
    ["edpykota", "-H", "1000", "-S", "1000", OTHER_USER],
    ["edpykota", "-d", OTHER_USER],
    ["dumpykota", "-d", "users"],
    ["dumpykota", "-d", "history"],
]


def test_an_ordinary_user_changes_nothing_and_dumps_nothing(shop: Site):
    before = shop.do("pkusers", "-L") + shop.do("edpykota", "-L") + shop.do("pkprinters", "-l")
    for words in CHANGES:
        done = by_other(shop, *words)
        assert (done.status, done.out, f"{words[0]}{REFUSED}" in done.err) == (254, "", True), words
    assert shop.do("pkusers", "-L") + shop.do("edpykota", "-L") + shop.do("pkprinters", "-l") == before


def test_a_user_without_groups_sees_no_group_even_one_of_his_name(own_shop: Site):
    own_shop.do("pkusers", "-r", "-i", "staff", OTHER_USER)
    for program in ("pkusers", "edpykota"):
        done = by_other(own_shop, program, "--list", "--groups")
        assert done.out == ""
    assert own_shop.run("pkusers", "-L", "-g", user=OTHER_USER).status == 254


def test_a_user_whom_the_ledger_does_not_know_sees_nobody(own_shop: Site):
    own_shop.do("pkusers", "-d", OTHER_USER)
    assert by_other(own_shop, "pkusers", "--list").out == ""
    assert by_other(own_shop, "edpykota", "--list").out == ""
    assert first_lines(by_other(own_shop, "pkprinters", "--list", "hp"))


def test_who_may_read_the_configuration_by_a_group_is_an_administrator(own_shop: Site):
    (own_shop.home / "pagetoll.toml").chmod(0o644)
    assert by_other(own_shop, "pkusers", "-a", "eve").status == 254, "a file for everybody makes nobody one"
    (own_shop.home / "pagetoll.toml").chmod(0o640)
    os.chown(own_shop.home / "pagetoll.toml", -1, pwd.getpwnam(OTHER_USER).pw_gid)
    done = by_other(own_shop, "pkusers", "-a", "-b", "1", "eve")
    assert (done.status, done.out, done.err) == (0, "", "")
    assert first_lines(by_other(own_shop, "pkusers", "-L", "anna", "eve")) == [
        "anna - <anna@localhost>",
        "eve - <eve@localhost>",
    ]
    assert f"  {OTHER_USER}  pkusers --add --balance=1 -- eve" in own_shop.do("pagetoll", "audit", "--acts")


ALL_USERS = ["anna - <anna@localhost>", f"{OTHER_USER} - <{OTHER_USER}@localhost>"]
MAY = {
    "cashier": [["pkusers", "-b", "+1", "-C", "at the desk", "anna"]],
    "manager": [["edpykota", "-S", "11", "-H", "21", "anna"], ["pkusers", "-l", "balance", "anna"]],
    "helpdesk": [],
    "auditor": [["dumpykota", "-d", "history"]],
    "admin": [["pkusers", "-a", "eve"], ["pkprinters", "-d", "hp"], ["edpykota", "-r", "anna"]],
}
MAY_NOT = {
    "cashier": [["pkusers", "-a", "eve"], ["edpykota", "-S", "11", "-H", "21", "anna"], ["pkusers", "-d", "anna"]],
    "manager": [["pkusers", "-b", "+1", "anna"], ["pkprinters", "-d", "hp"], ["edpykota", "-r", "anna"]],
    "helpdesk": [["pkusers", "-b", "+1", "anna"], ["edpykota", "-S", "11", "-H", "21", "anna"]],
    "auditor": [["pkusers", "-b", "+1", "anna"], ["pkusers"]],
    "admin": [],
}


@pytest.mark.parametrize("role", MAY)
def test_a_role_gives_its_rights_and_no_others(own_shop: Site, role: str):
    give(own_shop, role)
    assert first_lines(by_other(own_shop, "pkusers", "--list")) == ALL_USERS
    for words in MAY_NOT[role]:
        done = by_other(own_shop, *words)
        assert (done.status, REFUSED in done.err) == (254, True), words
    for words in MAY[role]:
        done = by_other(own_shop, *words)
        assert (done.status, done.err) == (0, ""), words


@pytest.mark.parametrize(("role", "allowed"), [("helpdesk", True), ("cashier", True), ("auditor", False)])
def test_a_refund_takes_a_role_and_is_booked_once(own_shop: Site, role: str, allowed: bool):
    with own_shop.books() as books:
        books.print(1)
    give(own_shop, role)
    done = by_other(own_shop, "pkrefund", "-f", "-r", "paper jam")
    assert (done.status, REFUSED in done.err) == ((0, False) if allowed else (254, True))
    assert ("REFUND" in own_shop.do("dumpykota", "-d", "history")) is allowed
    assert own_shop.audit() == []


def give(site: Site, role: str) -> None:
    """Grant a role to the other user, as an administrator of the ledger would."""
    catalogue = open_catalogue(f"sqlite:///{site.home}/pagetoll.db", clock=now_utc, busy_timeout_s=5.0)
    grant(catalogue, [OTHER_USER], role, "root", "a test")
    owner = site.home.stat()
    for path in site.home.iterdir():
        os.chown(path, owner.st_uid, owner.st_gid)


def test_a_user_sees_his_own_jobs_and_no_others(own_shop: Site):
    with own_shop.books() as books:
        books.print(1)
    listed = by_other(own_shop, "pagetoll", "job", "list")
    assert (listed.status, listed.err, len(listed.out.splitlines())) == (0, "", 1), "only the head of the table"
    everything = own_shop.do("pagetoll", "jobs").splitlines()
    assert len(everything) == 2
    explained = by_other(own_shop, "pagetoll", "explain", "attempt:1")
    assert (explained.status, explained.out) == (1, "")
    assert by_other(own_shop, "pagetoll", "jobs", "--user", "anna").out == listed.out


def test_help_and_wrong_options_need_no_daemon(site: Site):
    assert site.run("pkusers", "--help", user=OTHER_USER).out.startswith("usage: pkusers ")
    assert "not recognized" in site.run("pkusers", "--nonsense", user=OTHER_USER).err

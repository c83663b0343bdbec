# SPDX-License-Identifier: Apache-2.0
"""autopykota, run as a program: what is missing is made, what exists stays, and many at once make it once."""

import signal
import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest

from cli.site import AS_ROOT, OTHER_USER, SERVICE_USER, Done, Site
from pagetoll.integrations.printlab.processes import wait_until

PROGRAM = "autopykota"


def enrol(site: Site, user: str, printer: str, *words: str) -> Done:
    return site.run(PROGRAM, *words, PYKOTAUSERNAME=user, PYKOTAPRINTERNAME=printer)


def entries(site: Site) -> list[str]:
    return [line for line in site.do("edpykota", "-L").splitlines() if line and not line.startswith(" ")]


def test_a_user_and_a_printer_are_made_with_their_entry(site: Site):
    assert enrol(site, "anna", "hp", "-i", "2.5", "-e", "@example.org") == Done(0, "", "")
    assert "hp [printer created with autopykota] (0.0 + #*0.0)" in site.do("pkprinters", "-l")
    assert site.do("pkusers", "-L") == (
        "anna - <anna@example.org> - user created with autopykota\n"
        "    Limited by : balance\n"
        "    Account balance : 2.50\n"
        "    Total paid so far : 2.50\n"
        "    Overcharging factor : 1.00\n\n"
    )
    assert entries(site) == ["anna@hp"]
    assert site.audit() == []


def test_the_entries_on_all_groups_above_are_made_too(site: Site):
    site.do("pkprinters", "-a", "hp", "floor", "house", "elsewhere")
    site.do("pkprinters", "-g", "floor", "hp")
    site.do("pkprinters", "-g", "house", "floor")
    assert enrol(site, "anna", "hp").status == 0
    assert entries(site) == ["anna@floor", "anna@house", "anna@hp"]


def test_what_exists_stays_as_it_is(site: Site):
    site.do("pkprinters", "-a", "-D", "mine", "hp")
    site.do("pkusers", "-a", "-l", "quota", "-b", "7", "-D", "me", "anna/a@example.net")
    site.do("edpykota", "-a", "-S", "10", "-H", "20", "-P", "hp", "anna")
    before = (site.do("pkusers", "-L"), site.do("pkprinters", "-l"), site.do("edpykota", "-L"))
    assert enrol(site, "anna", "hp", "--initbalance", "100", "--email", "x@example.org") == Done(0, "", "")
    assert (site.do("pkusers", "-L"), site.do("pkprinters", "-l"), site.do("edpykota", "-L")) == before


@pytest.mark.parametrize(
    "name", ["DOM\\eve", 'o\'neil; rm -rf "$HOME"'.replace(";", ""), "Ünï cödé", "-x", "--help", "[a]"]
)
def test_hostile_names_are_only_names(site: Site, name: str):
    assert enrol(site, name, name) == Done(0, "", "")
    assert entries(site) == [f"{name}@{name}"]


@pytest.mark.parametrize(
    ("user", "printer", "complaint"),
    [
        ("", "hp", "PYKOTAUSERNAME is not set"),
        ("", "", "PYKOTAUSERNAME, PYKOTAPRINTERNAME is not set"),
        ("anna", "", "PYKOTAPRINTERNAME is not set"),
        ("a,b", "hp", "invalid user name 'a,b': leave out ,"),
        ("anna", "h/p", "invalid printer name 'h/p': leave out /"),
        ("anna\n", "hp", "leave out \\n"),
        ("a" * 300, "hp", "at most 255 work"),
    ],
)
def test_who_can_have_no_entry_makes_it_255_and_nothing_is_made(site: Site, user: str, printer: str, complaint: str):
    done = enrol(site, user, printer)
    assert (done.status, done.out, complaint in done.err) == (255, "", True)
    assert entries(site) == []
    assert site.run("pkprinters", "-l").status == site.run("pkusers", "-L").status == 254


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["hp"], "autopykota takes no names; it reads PYKOTAUSERNAME and PYKOTAPRINTERNAME from the environment"),
        (["-i", "much"], "invalid --initbalance 'much': give a number such as 0.05"),
        (["-e", "nobody"], "invalid email address 'nobody': give one with exactly one @, or an empty one"),
        (["-x"], "option -x not recognized; see autopykota --help"),
    ],
)
def test_wrong_words_are_refused_with_254(shared_site: Site, words: list[str], complaint: str):
    done = enrol(shared_site, "anna", "hp", *words)
    assert (done.status, done.out, done.err.partition(" : ")[2]) == (254, "", f"{complaint}\n")


@pytest.mark.skipif(not AS_ROOT, reason="only root can become other users")
def test_only_administrators_may(site: Site):
    wanted = {"PYKOTAUSERNAME": "anna", "PYKOTAPRINTERNAME": "hp"}
    refused = site.run(PROGRAM, user=OTHER_USER, **wanted)
    assert (refused.status, refused.out, "not allowed" in refused.err) == (254, "", True)
    assert site.run(PROGRAM, user=SERVICE_USER, **wanted) == Done(0, "", "")


def test_eight_at_once_make_everything_once(site: Site):
    site.do("pkprinters", "-a", "floor")
    running = [
        site.start(PROGRAM, "-i", "5", PYKOTAUSERNAME="anna", PYKOTAPRINTERNAME=f"hp{number % 2}")
        for number in range(8)
    ]
    ended = [(process.communicate(timeout=120)[1], process.returncode) for process in running]
    assert ended == [("", 0)] * 8
    assert entries(site) == ["anna@hp0", "anna@hp1"]
    assert "    Account balance : 5.00\n" in site.do("pkusers", "-L")
    with sqlite3.connect(site.home / "pagetoll.db") as ledger:
        assert ledger.execute("select count(*) from entries where kind = 'payment'").fetchone() == (1,)
    assert site.audit() == []


def holds_the_ledger(pid: int) -> bool:
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            if "pagetoll.db" in str(descriptor.readlink()):
                return True
    return False


def test_an_interrupted_one_leaves_all_or_nothing(site: Site):
    with sqlite3.connect(site.home / "pagetoll.db") as ledger:
        ledger.execute("begin immediate")  # so that the program waits for its turn
        process = site.start(PROGRAM, PYKOTAUSERNAME="anna", PYKOTAPRINTERNAME="hp")
        wait_until(lambda: holds_the_ledger(process.pid), 60, "the program is at the ledger")
        process.send_signal(signal.SIGINT)
        ledger.rollback()
        _, err = process.communicate(timeout=60)
    assert (process.returncode, "interrupted" in err) == (253, True)
    assert entries(site) == []
    assert site.run("pkusers", "-L").status == 254

# SPDX-License-Identifier: Apache-2.0
"""What each command says, and how it ends, where names match nothing: 254 as PyKota, but edpykota and dumpykota are
silent, as they were. And no command is left out of the table of those that were interrupted."""

import os
import signal
from collections.abc import Iterator

import pytest

from cli.site import ACTOR, Site
from pagetoll.frontends.programs import PYKOTA_PROGRAMS

NO_PRINTER = "there is no printer that matches none; list them with: pkprinters --list"
NO_USER = "there is no user that matches none; list them with: pkusers --list"
NO_GROUP = "there is no users group that matches none; list them with: pkusers --groups --list"
NO_CODE = "there is no billing code that matches none; list them with: pkbcodes --list"


@pytest.fixture(scope="module")
def stocked(shared_site: Site) -> Iterator[Site]:
    shared_site.do("pkprinters", "-a", "hp")
    shared_site.do("pkusers", "-a", "anna", ACTOR)
    shared_site.do("pkusers", "-a", "-g", "staff")
    shared_site.do("pkbcodes", "-a", "physics")
    shared_site.do("edpykota", "-a", "*")
    before = shared_site.do("dumpykota", "-d", "all")
    yield shared_site
    assert shared_site.do("dumpykota", "-d", "all") == before, "a command that found nothing changed something"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("pkprinters -l none", NO_PRINTER),
        ("pkprinters -d none,nought*", "there is no printer that matches none, nought*; "),
        ("pkprinters -D x none", NO_PRINTER),
        ("pkprinters -g none hp", "there is no printer group none; create it first"),
        ("pkusers -L none", NO_USER),
        ("pkusers -L ANNA", "there is no user that matches ANNA"),
        ("pkusers -L -g none", NO_GROUP),
        ("pkusers -d none", NO_USER),
        ("pkusers -b 3 none", NO_USER),
        ("pkusers -i none anna", "there is no users group none; create it first"),
        ("pkbcodes -l none", NO_CODE),
        ("pkbcodes -d none", NO_CODE),
        ("pkbcodes -r none", NO_CODE),
        ("repykota none", NO_USER),
        ("repykota -P none", NO_PRINTER),
        ("repykota -g none", NO_GROUP),
        ("repykota -i none", "there is no users group none; "),
        ("warnpykota none", NO_USER),
        ("warnpykota -P none", NO_PRINTER),
        ("pykotme -u none /etc/passwd", "there is no user none in the ledger; "),
        ("pkinvoice username=none", "nobody owes anything for such jobs; "),
        ("pkrefund -r jam username=none", "there is no such job to refund; "),
        ("pkrefund -f -r jam", "there is no such job to refund; "),
        ("pkhint none", "standard input has no queues; "),
    ],
)
def test_what_matches_nothing_ends_with_254_and_how_to_find_what_does(stocked: Site, line: str, complaint: str):
    done = stocked.run(*line.split())
    assert (done.status, done.out) == (254, "")
    assert done.err.partition(" : ")[2].startswith(complaint)
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("edpykota -L none", ""),
        ("edpykota -L -P none", ""),
        ("edpykota -n none", ""),
        ("edpykota -d none", ""),
        ("edpykota -a none", "WARN: no user matches; create them first with: pkusers --add\n"),
        ("edpykota -a -g none", "WARN: no users group matches; create them first with: pkusers --groups --add\n"),
        ("edpykota -a -P none anna", "WARN: no printer matches; create them first with: pkprinters --add\n"),
        ("dumpykota -d history username=none", ""),
        ("dumpykota -d users -f xml username=none", ""),
        ("dumpykota -d history -f cups", ""),
    ],
)
def test_entries_and_dumps_that_are_not_there_are_no_error(stocked: Site, line: str, said: str):
    done = stocked.run(*line.split())
    assert (done.status, done.out, done.err) == (0, "", said)


@pytest.mark.parametrize("program", [program for program in PYKOTA_PROGRAMS if program != "pkpgcounter"])
def test_every_command_that_is_interrupted_ends_with_253(stocked: Site, program: str):
    pipe = stocked.folder / f"arguments-{program}"
    os.mkfifo(pipe)
    process = stocked.start(program, "-A", str(pipe))
    with pipe.open("w"):  # opens once the program reads: it is waiting for its arguments now
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (253, "")
    assert err.endswith(" : interrupted; a change that was not complete was not made\n")

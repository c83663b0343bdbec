# SPDX-License-Identifier: Apache-2.0
"""What pknotify and the set-up commands share: a page that says what the help says, a home that is missing."""

import importlib
import re
from pathlib import Path

import pytest

from cli.site import AS_ROOT, Site, module_of
from pagetoll.frontends.cli.options import Command

PROGRAMS = ("pknotify", "pkturnkey", "pksetup", "autopykota", "pkhint")
REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
NOWHERE = {"PAGETOLL_HOME": "/nowhere/at/all"}


def command(program: str) -> Command:
    found = importlib.import_module(module_of(program)).COMMAND
    assert isinstance(found, Command)
    return found


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_reference_page_says_of_each_option_what_the_help_says(program: str):
    page = (REFERENCE / f"{program}.md").read_text(encoding="utf-8")
    rows = [
        f"| `-{one.letter}`, `--{one.name}{f' {one.argument}' if one.argument else ''}` | {one.help} |"
        for one in command(program).options
    ]
    assert re.findall(r"^\| `-.*$", page, re.MULTILINE)[: len(rows)] == rows


@pytest.mark.parametrize("words", [("pkturnkey",), ("pkturnkey", "-f"), ("autopykota",)], ids=" ".join)
def test_a_missing_home_is_said_without_a_traceback(shared_site: Site, words: tuple[str, ...]):
    done = shared_site.run(*words, **NOWHERE)
    assert (done.status, done.out, "Traceback" in done.err) == (255, "", False)
    expected = "start CUPS" if AS_ROOT and "-f" in words else "make it with: pagetoll init"
    assert expected in done.err


def test_a_damaged_ledger_is_said_without_a_traceback(site: Site):
    (site.home / "pagetoll.db").write_bytes(b"this is no database" * 100)
    done = site.run("autopykota", PYKOTAUSERNAME="anna", PYKOTAPRINTERNAME="hp")
    assert (done.status, done.out, "Traceback" in done.err) == (255, "", False)

# SPDX-License-Identifier: Apache-2.0
"""What pknotify and the set-up commands share: help, version, a page with each option, a home that is missing."""

import importlib
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli.site import AS_ROOT, Site, module_of
from pagetoll import __version__
from pagetoll.frontends.cli.options import Command

PROGRAMS = ("pknotify", "pkturnkey", "pksetup", "autopykota", "pkhint")
REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
NOWHERE = {"PAGETOLL_HOME": "/nowhere/at/all"}


def command(program: str) -> Command:
    found = importlib.import_module(module_of(program)).COMMAND
    assert isinstance(found, Command)
    return found


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_and_version_need_no_home(shared_site: Site, program: str):
    shown = shared_site.run(program, "-h", "-A", "/dev/null", **NOWHERE)
    assert (shown.status, shown.err) == (0, "")
    assert shown.out.startswith(f"usage: {program} ")
    for option in command(program).options:
        assert f"  -{option.letter}, --{option.name}" in shown.out
    assert shared_site.run(program, "--vers", **NOWHERE).out == f"{program} (Pagetoll) {__version__}\n"


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_reference_page_has_a_row_for_each_option(program: str):
    page = (REFERENCE / f"{program}.md").read_text(encoding="utf-8")
    rows = [
        f"| `-{one.letter}`, `--{one.name}{f' {one.argument}' if one.argument else ''}` | {one.help} |"
        for one in command(program).options
    ]
    assert re.findall(r"^\| `-.*$", page, re.MULTILINE)[: len(rows)] == rows


@pytest.mark.parametrize("program", PROGRAMS)
def test_without_words_on_a_terminal_the_help_is_shown(shared_site: Site, program: str):
    ours, theirs = pty.openpty()
    try:
        shown = subprocess.run(
            [sys.executable, "-m", module_of(program)],
            env=shared_site.environment,
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert (shown.returncode, shown.stdout) == (0, command(program).help())


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

# SPDX-License-Identifier: Apache-2.0
"""What all PyKota-compatible programs share: help, version, rights, a database that is away, docs."""

import importlib
import os
import pty
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from cli.site import AS_ROOT, OTHER_USER, SERVICE_USER, Site, module_of
from pagetoll import __version__
from pagetoll.frontends.cli.options import Command
from pagetoll.frontends.streams import READER_GONE

PROGRAMS = (
    *("pkprinters", "pkusers", "edpykota", "pkbcodes", "dumpykota", "pkinvoice", "pkrefund"),
    *("repykota", "warnpykota", "pykotme", "pykosd"),
)
#: These show help, version and page as the others, but need a home or rights of their own.
SHOWN = (*PROGRAMS, "pkbanner", "pkmail", "pknotify", "pkturnkey", "pksetup", "autopykota", "pkhint")
#: What they do without any word is all that most people ever ask of them, and PyKota did it on a terminal too.
ALONE = ("repykota", "warnpykota", "pykosd", "pkturnkey")
REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
LISTINGS = {
    "pkprinters": ["-l"],
    "pkusers": ["-L"],
    "edpykota": ["-L"],
    "pkbcodes": ["-l"],
    "dumpykota": ["-d", "history"],
    "pkinvoice": [],
    "pkrefund": ["-r", "x"],
    "repykota": [],
    "warnpykota": [],
    "pykotme": ["/etc/passwd"],
    "pykosd": ["-l", "1", "-s", "0"],
}
needs_root = pytest.mark.skipif(not AS_ROOT, reason="only root can become other users")


def command(program: str) -> Command:
    found = importlib.import_module(module_of(program)).COMMAND
    assert isinstance(found, Command)
    return found


@pytest.mark.parametrize("program", SHOWN)
def test_help_and_version_need_no_home(shared_site: Site, program: str):
    nowhere = {"PAGETOLL_HOME": "/nowhere/at/all"}
    shown = shared_site.run(program, "-h", "-A", "/dev/null", **nowhere)
    assert (shown.status, shown.err) == (0, "")
    assert shown.out.startswith(f"usage: {program} ")
    for option in command(program).options:
        letter = f"  -{option.letter}, " if option.letter else " "
        assert f"{letter}--{option.name}" in shown.out
    assert shared_site.run(program, "--vers", **nowhere).out == f"{program} (Pagetoll) {__version__}\n"


@pytest.mark.parametrize("program", SHOWN)
def test_the_reference_page_has_a_row_for_each_option(program: str):
    page = (REFERENCE / f"{program}.md").read_text(encoding="utf-8")
    for option in command(program).options:
        argument = f" {option.argument}" if option.argument else ""
        letter = f"`-{option.letter}`, " if option.letter else ""
        row = f"| {letter}`--{option.name}{argument}` |".replace("|unlimited", "\\|unlimited")
        assert row.replace("[+|-]", "[+\\|-]") in page
    documented = set(re.findall(r"^\| `-(.)`, `--", page, re.MULTILINE))
    assert documented == {option.letter for option in command(program).options if option.letter}


def on_a_terminal(site: Site, program: str) -> subprocess.CompletedProcess[str]:
    """The program without any word, its standard input a terminal."""
    ours, theirs = pty.openpty()
    try:
        return subprocess.run(
            [sys.executable, "-m", module_of(program)],
            env=site.environment,
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize("program", [name for name in SHOWN if name not in ALONE])
def test_without_words_on_a_terminal_the_help_is_shown(shared_site: Site, program: str):
    shown = on_a_terminal(shared_site, program)
    assert (shown.returncode, shown.stdout) == (0, command(program).help())


@pytest.mark.parametrize("program", ALONE)
def test_these_work_without_words_on_a_terminal_too(shared_site: Site, program: str):
    shown = on_a_terminal(shared_site, program)
    assert (shown.returncode in (254, 255), shown.stdout) == (True, "")
    assert re.match(r"\S+ : (there is no|lpstat)", shown.stderr), "nothing is there yet, which only work could find"


@needs_root
@pytest.mark.parametrize("program", PROGRAMS)
def test_without_the_daemon_other_users_are_refused(shared_site: Site, program: str):
    done = shared_site.run(program, *LISTINGS[program], user=OTHER_USER)
    assert (done.status, done.out) == (254, "")
    said = f"{program} : {OTHER_USER} : you are not allowed to use this command without the daemon"
    assert said in done.err
    assert f"run it as root or as {SERVICE_USER}" in done.err


@needs_root
def test_root_reads_the_file_of_arguments_before_giving_its_rights_up(site: Site):
    file = site.folder / "arguments"
    file.write_text("anna\n")
    file.chmod(0o600)
    done = site.run("pkusers", "-a", "-A", str(file))
    assert (done.status, done.err) == (0, "")
    done = site.run("pkusers", "-a", "-A", str(file), user=SERVICE_USER)
    assert (done.status, "Permission denied" in done.err) == (254, True)
    for path in site.home.iterdir():
        assert path.stat().st_uid == site.home.stat().st_uid, "nothing of the home became root's"


def test_an_address_changes_beside_charged_jobs_and_no_cent_is_lost(site: Site):
    site.do("pkprinters", "-a", "-c", "0.01", "hp")
    site.do("pkusers", "-a", "-b", "10", "anna")
    site.do("edpykota", "-a", "anna")
    with site.books() as books:
        for number in range(3):
            process = site.start("pkusers", "-e", f"anna{number}@example.org", "-b", "+1", "anna")
            printed = 0
            while process.poll() is None or printed < 5:
                books.print(1)
                printed += 1
            _, err = process.communicate()
            assert (process.returncode, err) == (0, "")
        spent = books.posted()
        assert books.balance() == 13 - spent * Decimal("0.01")
        assert books.audit() == []


@needs_root
def test_the_homes_owner_may_and_is_the_actor(site: Site):
    done = site.run("pkusers", "-a", "-b", "1", "anna", user=SERVICE_USER)
    assert (done.status, done.err) == (0, "")
    with site.books() as books:
        found = books.database.read(
            lambda c: c.exec_driver_sql("select actor, text from acts union select actor, kind from entries").all()
        )
    assert sorted(tuple(row) for row in found) == [
        (SERVICE_USER, "payment"),
        (SERVICE_USER, "pkusers -a -b 1 anna"),
    ]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_damaged_ledger_or_missing_home_is_said_without_a_traceback(site: Site, program: str):
    (site.home / "pagetoll.db").write_bytes(b"this is no database" * 100)
    for done in (
        site.run(program, *LISTINGS[program]),
        site.run(program, *LISTINGS[program], PAGETOLL_HOME="/nowhere/at/all"),
    ):
        assert (done.status, done.out) == (255, "")
        assert " : " in done.err
        assert "Traceback" not in done.err


def test_a_reader_who_leaves_early_is_no_fault(site: Site):
    site.do("pkusers", "-a", *[f"user{number}" for number in range(2000)])
    process = site.start("pkusers", "-L")
    assert process.stdout is not None
    assert process.stdout.readline() == "user0 - <user0@localhost>\n"
    process.stdout.close()
    assert process.stderr is not None
    assert (process.wait(timeout=60), process.stderr.read()) == (READER_GONE, "")
    process.stderr.close()


def test_a_driver_that_is_not_installed_is_a_failure_and_no_fault_of_the_words(site: Site):
    (site.home / "pagetoll.toml").write_text('database = "postgresql://toll@db/pagetoll"\n')
    (site.folder / "psycopg.py").write_text("raise ModuleNotFoundError(name='psycopg')\n")
    modules = os.pathsep.join([str(site.folder), *sys.path])
    for words, status in ((["pkusers", "-L"], 255), (["repykota"], 255), (["pagetoll", "user", "list"], 1)):
        done = site.run(*words, PYTHONPATH=modules)
        assert (done.status, done.out) == (status, "")
        assert done.err.endswith("needs the package psycopg; install it with: pip install psycopg\n")

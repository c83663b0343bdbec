# SPDX-License-Identifier: Apache-2.0
"""pykosd, run as a program: its lines for each kind of user, on the terminal and on a desktop, again and again."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from cli.served import served
from cli.site import ACTOR, AS_ROOT, OTHER_USER, Site, module_of, new_site

PROGRAM = "pykosd"
ONCE = ("-l", "1", "-s", "0")


@pytest.fixture(scope="module")
def first_school(fresh_site: Site) -> Iterator[Site]:
    with new_site(fresh_site) as site:
        site.do("pkprinters", "-a", "hp", "canon")
        site.do("pkusers", "-a", ACTOR)
        site.do("edpykota", "-a", ACTOR)
        yield site


@pytest.fixture
def school(first_school: Site) -> Iterator[Site]:
    with new_site(first_school) as site:
        yield site


@pytest.mark.parametrize(
    ("orders", "lines"),
    [
        ([["edpykota", "-U", "7"]], ["Pages used on canon : 7", "Pages used on hp : 7"]),
        (
            [["edpykota", "-U", "7", "-S", "10", "-H", "20"], ["edpykota", "-U", "90", "-P", "hp"]],
            ["Pages used on canon : 35%", "Pages used on hp : 100%"],
        ),
        ([["edpykota", "-S", "0", "-H", "0"]], ["Pages used on canon : 100%", "Pages used on hp : 100%"]),
        ([["pkusers", "-l", "balance", "-b", "12.345"]], ["PyKota Units left : 12.34"]),
        ([["pkusers", "-l", "noprint"]], ["Printing denied."]),
        ([["pkusers", "-l", "noquota"]], ["Printing not limited."]),
        ([["pkusers", "-l", "nochange"]], ["Printing not limited, no accounting."]),
    ],
    ids=lambda value: " ; ".join(" ".join(order) for order in value) if isinstance(value[0], list) else "",
)
def test_each_kind_of_user_has_his_lines(school: Site, orders: list[list[str]], lines: list[str]):
    for order in orders:
        school.do(*order, ACTOR)
    assert school.do(PROGRAM, *ONCE).splitlines() == lines


def test_it_is_shown_as_often_as_asked(first_school: Site):
    assert len(first_school.do(PROGRAM, "-l", "2", "-s", "0").splitlines()) == 4


@pytest.mark.parametrize(
    ("words", "orders", "color"),
    [
        ([], [], "0;255;0"),
        (["-c", "102030"], [], "16;32;48"),
        (["--colour=#0000ff"], [], "0;0;255"),
        (["-c", "blue"], [], "0;255;0"),
        (["-c", "0000ff"], [["pkusers", "-l", "balance", "-b", "0", ACTOR]], "255;0;0"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else "",
)
def test_a_terminal_shows_it_in_color_and_the_end_in_red(
    school: Site, words: list[str], orders: list[list[str]], color: str
):
    for order in orders:
        school.do(*order)
    ours, theirs = pty.openpty()
    try:
        subprocess.run(
            [sys.executable, "-m", module_of(PROGRAM), *ONCE, *words],
            env=school.environment,
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=subprocess.DEVNULL,
            timeout=60,
            check=True,
        )
        shown = os.read(ours, 10_000).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert shown.startswith(f"\033[38;2;{color}m")


def test_a_desktop_shows_it_as_a_message(school: Site):
    """`notify-send` is another project's program; here a script in its place writes down how it was called."""
    school.do("pkprinters", "-a", "<b>")
    school.do("edpykota", "-a", "-P", "<b>", "-U", "3", ACTOR)
    tools = school.folder / "tools"
    tools.mkdir()
    script = tools / "notify-send"
    called = school.folder / "called"
    written = f"import json, sys\njson.dump(sys.argv[1:], open({str(called)!r}, 'w'))\n"
    script.write_text(f"#!{sys.executable}\n{written}")
    script.chmod(0o755)
    desktop = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere", "PATH": f"{tools}:{os.environ['PATH']}"}
    done = school.run(PROGRAM, *ONCE, "-d", "5", **desktop)
    assert (done.status, done.out, done.err) == (0, "", "")
    words = json.loads(called.read_text())
    assert words[:3] == ["--app-name=Pagetoll", "--expire-time=5000", "--urgency=normal"]
    lines = "Pages used on &lt;b&gt; : 3\nPages used on canon : 0\nPages used on hp : 0"
    assert words[3:] == ["--", "Printing", lines]
    script.write_text("#!/bin/sh\nexit 1\n")
    done = school.run(PROGRAM, *ONCE, **desktop)
    assert done.out.startswith("Pages used on "), "a desktop that takes no message leaves the terminal"


def test_values_of_the_wrong_kind_are_said_and_not_followed(first_school: Site):
    done = first_school.run(PROGRAM, *ONCE, "-c", "green", "-d", "long", "-f", "fixed")
    assert (done.status, len(done.out.splitlines())) == (0, 2)
    assert done.err == (
        "WARN: invalid --color 'green': give one such as #00FF00\n"
        "WARN: invalid --duration 'long': give a whole number from 0; 3 is taken\n"
    )


def test_an_interruption_ends_the_loop_with_253(first_school: Site):
    process = first_school.start(PROGRAM, "-s", "60")
    assert process.stdout is not None
    assert process.stdout.readline() == "Pages used on canon : 0\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 253
    assert err.endswith(" : interrupted; a change that was not complete was not made\n")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["anna"], "pykosd takes no names; it shows your own state, see --help"),
        (["-x"], "option -x not recognized; see pykosd --help"),
    ],
)
def test_wrong_words_end_with_254(first_school: Site, words: list[str], complaint: str):
    done = first_school.run(PROGRAM, *words)
    assert (done.status, done.out, done.err.partition(" : ")[2]) == (254, "", f"{complaint}\n")


def test_who_is_not_in_the_ledger_learns_it(fresh_site: Site):
    done = fresh_site.run(PROGRAM, *ONCE)
    said = f"there is no user {ACTOR} in the ledger; an administrator adds users with: pkusers --add\n"
    assert (done.status, done.out, done.err.partition(" : ")[2]) == (254, "", said)


def test_a_complaint_begins_with_the_program_that_was_started(fresh_site: Site):
    code = "import sys; sys.argv[0] = '/opt/bin/pykosd'; from pagetoll.frontends.pykota.pykosd import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *ONCE],
        env=fresh_site.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr.startswith(f"/opt/bin/pykosd : there is no user {ACTOR} in the ledger")


@pytest.mark.skipif(not AS_ROOT, reason="only root can become other users")
def test_an_ordinary_user_sees_his_own_state_through_the_daemon(school: Site):
    school.do("pkusers", "-a", "-l", "balance", "-b", "3", OTHER_USER)
    with served(school):
        done = school.run(PROGRAM, *ONCE, user=OTHER_USER)
    assert (done.status, done.out, done.err) == (0, "PyKota Units left : 3.00\n", "")

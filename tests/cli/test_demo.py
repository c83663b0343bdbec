# SPDX-License-Identifier: Apache-2.0
"""pagetoll demo: shows what it promises on a real scheduler, and leaves nothing behind, whatever happens."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pagetoll.integrations.printlab.processes import wait_until

PROGRAM = [sys.executable, "-m", "pagetoll.frontends.cli.pagetoll", "demo"]
OWNER = ["--user", "nobody"] if os.geteuid() == 0 else []
DEMO_TIMEOUT_S = 280


def demo(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    own = {"PYTHONPATH": os.pathsep.join(sys.path), "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        [*PROGRAM, *words],
        env=os.environ | own | environment,
        capture_output=True,
        text=True,
        timeout=DEMO_TIMEOUT_S,
        check=False,
    )


def processes_in(folder: Path) -> list[str]:
    """Command lines that name the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                found += [line] if str(folder) in line + os.fsdecode((entry / "environ").read_bytes()) else []
            except OSError:
                continue
    return found


def stage_of(shown: str) -> Path:
    return Path(re.match(r"Everything happens in (\S+) and goes away", shown)[1])


def nothing_is_left(stage: Path) -> None:
    """No file; and what the daemon's end leaves to do to its own children is done in a moment."""
    assert not stage.exists()
    wait_until(lambda: processes_in(stage) == [], 60, f"the end of all processes of {stage}")


def test_one_job_is_charged_one_refused_and_nothing_stays(tmp_path: Path):
    done = demo(*OWNER, TMPDIR="/tmp")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    shown = done.stdout
    assert "$ pagetoll init" in shown
    assert "$ lp -d laser -U anna -n 2 -o sides=one-sided garden-plan.pdf\n" in shown
    assert (
        "  job 4 is canceled: Not printed: user ben on laser: 2 of 3 impressions left, this job needs 3 impressions"
        in shown
    )
    rows = re.findall(r"^  \S+ \S+ +(\d) +\d+  laser +(\w+) +(\S+) +(\d+) +(\d+) +(\S+)  (.*)$", shown, re.M)
    assert rows == [
        ("4", "ben", "report.pdf", "0", "0", "0.00", "refused (account-limit-reached)"),
        ("3", "ben", "notice.txt", "1", "1", "0.15", "completed"),
        ("2", "anna", "bread.ps", "2", "2", "0.20", "completed"),
        ("1", "anna", "garden-plan.pdf", "6", "6", "0.40", "completed"),
    ]
    assert "Job 1 of anna on laser was printed; charged: 6 impressions, 6 sheets, 0.40 credits.\n" in shown
    assert "  The books are right: " in shown
    nothing_is_left(stage_of(shown))


def test_a_step_that_fails_is_named_and_everything_is_taken_down(tmp_path: Path):
    """Without CUPS's client programs on the path the printer cannot even be made."""
    done = demo(*OWNER, TMPDIR="/tmp", PATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("pagetoll demo: ")
    assert "Traceback" not in done.stderr
    nothing_is_left(stage_of(done.stdout))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_whoever_stops_it_in_the_middle_finds_nothing_left(number: signal.Signals):
    own = {"PYTHONPATH": os.pathsep.join(sys.path), "LC_ALL": "C.UTF-8", "TMPDIR": "/tmp", "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen([*PROGRAM, *OWNER], env=os.environ | own, stdout=subprocess.PIPE, text=True)
    shown = ""
    while "completed" not in shown:
        line = process.stdout.readline()
        assert line, shown
        shown += line
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == 130
    nothing_is_left(stage_of(shown))


@pytest.mark.skipif(os.geteuid() != 0, reason="another user keeps the name that it has")
def test_an_owner_that_cannot_be_is_refused_by_init():
    done = demo("--user", "root", TMPDIR="/tmp")
    assert done.returncode == 1
    assert "is root" in done.stdout
    assert "ended with status 2" in done.stderr
    assert not stage_of(done.stdout).exists()


def test_words_are_not_expected():
    done = demo("now")
    assert (done.returncode, done.stdout) == (2, "")
    assert "pagetoll demo: 'now' is not expected here" in done.stderr

# SPDX-License-Identifier: Apache-2.0
"""The site's own command: started without a shell of ours, bounded, and heard when it fails."""

import threading
from pathlib import Path

import pytest

from pagetoll.core.errors import NoticeError
from pagetoll.core.site_commands import SiteCommand
from pagetoll.integrations.printlab.processes import is_alive, wait_until
from pagetoll.notifiers.command import BoundedCommand

HOSTILE = "a'b\"c;$(touch hurt)`touch hurt`\nnext line & > /dev/null %s"


def test_values_come_as_arguments_and_variables(tmp_path: Path):
    out = tmp_path / "out"
    command = SiteCommand(shell=f'printf "%%s|" "%(message)s" "$PYKOTAREASON" > {out}')
    BoundedCommand().run(command.argv({"message": HOSTILE}), {"PYKOTAREASON": HOSTILE + "\0"})
    assert out.read_text() == f"{HOSTILE}|{HOSTILE}|"
    assert not Path("hurt").exists()


def test_it_gets_what_it_is_told_and_little_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_PASSWORD", "secret")
    told = {"PYKOTAREASON": "no \udcff", "PYKOTAOPTIONS": "x" * 200_000}
    BoundedCommand({"PATH": "/usr/bin:/bin", "HOME": "/"}).run(
        ["sh", "-c", f"pwd > {tmp_path}/out; env >> {tmp_path}/out"], told
    )
    folder, *lines = (tmp_path / "out").read_bytes().splitlines()
    known = dict(line.split(b"=", 1) for line in lines)
    assert (folder, known[b"HOME"], known[b"PYKOTAREASON"]) == (b"/", b"/", b"no ?")
    assert len(known[b"PYKOTAOPTIONS"]) == 100_000
    assert b"DATABASE_PASSWORD" not in known


def test_what_it_writes_disturbs_nobody(capfd: pytest.CaptureFixture[str]):
    BoundedCommand().run(["sh", "-c", "yes | head -c 3000000; yes x | head -c 3000000 >&2; exit 0"], {})
    assert capfd.readouterr() == ("", "")


def test_a_window_that_it_leaves_open_is_not_waited_for(tmp_path: Path):
    gate, later = tmp_path / "gate", tmp_path / "later"
    BoundedCommand().run(["sh", "-c", f"(while [ ! -e {gate} ]; do sleep 0.1; done; touch {later}) & exit 0"], {})
    assert not later.exists()
    gate.touch()
    wait_until(later.exists, 60, "the window is closed")


@pytest.mark.parametrize("child", ["sleep 20", "yes >&2"])
def test_what_it_leaves_behind_keeps_no_thread_and_no_pipe_of_ours(child: str):
    ours = Path("/proc/self/fd")
    before = set(threading.enumerate()), len(list(ours.iterdir()))
    for _ in range(3):
        BoundedCommand().run(["sh", "-c", f"{child} & exit 0"], {})
    assert (set(threading.enumerate()), len(list(ours.iterdir()))) == before


def test_a_program_without_execute_bit_is_told(tmp_path: Path):
    (tmp_path / "plain").write_text("#!/bin/sh\n")
    with pytest.raises(NoticeError, match="could not be started: Permission denied"):
        BoundedCommand().run([str(tmp_path / "plain")], {})


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["/nowhere/at/all"], "could not be started: No such file or directory"),
        (["sh", "-c", "echo 'no\033[31m\ndisplay' >&2; exit 3"], r"status 3: no \[31m display"),
        (["sh", "-c", "exit 1"], "status 1: it said nothing"),
        (["sh", "-c", "kill -9 $$"], "status -9"),
    ],
)
def test_a_failure_is_said(words: list[str], complaint: str):
    with pytest.raises(NoticeError, match=complaint):
        BoundedCommand().run(words, {})


def test_a_command_that_does_not_end_is_stopped_with_all_its_children(tmp_path: Path):
    with pytest.raises(NoticeError, match=r"stopped after 2 seconds"):
        BoundedCommand(timeout_s=2).run(["sh", "-c", f"sleep 60 & echo $! > {tmp_path}/child; wait"], {})
    child = int((tmp_path / "child").read_text())
    wait_until(lambda: not is_alive(child), 60, "its child is over")

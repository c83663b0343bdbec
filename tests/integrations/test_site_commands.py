# SPDX-License-Identifier: Apache-2.0
"""A site's commands are bounded, whatever they do, and how they ended is a value."""

import contextlib
import os
import stat
import time
from pathlib import Path

import pytest

from pagetoll.integrations.printlab.processes import wait_until
from pagetoll.integrations.site_commands import SiteCommandRunner
from pagetoll.ports import CommandEnd
from pagetoll.ports.site_commands import OUTPUT_OCTETS_MAX


def shell(line: str, timeout_s: float = 60, **variables: str) -> CommandEnd:
    return SiteCommandRunner().run(("/bin/sh", "-c", line), variables, timeout_s=timeout_s)


def processes_saying(mark: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:
            continue
        if mark.encode() in words:
            found.append(path.parent.name)
    return found


def pipes_of_ours() -> set[str]:
    links = []
    for path in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            links.append(str(path.readlink()))
    return {link for link in links if link.startswith("pipe:")}


def test_what_it_prints_is_its_answer():
    end = shell("echo USERNAME=ben; echo '  DENY '; echo")
    assert (end.status, end.trouble, end.lines) == (0, "", ["USERNAME=ben", "DENY"])


@pytest.mark.parametrize(
    ("line", "status", "trouble"),
    [
        ("exit 7", 7, "it ended with status 7: it said nothing"),
        ("echo no >&2; echo paper >&2; exit 1", 1, "it ended with status 1: no paper"),
        ("kill -SEGV $$", None, "it was ended by signal 11 (SIGSEGV)"),
        ("kill -KILL $$", None, "it was ended by signal 9 (SIGKILL)"),
    ],
)
def test_a_bad_end_is_told(line: str, status: int | None, trouble: str):
    end = shell(line)
    assert (end.status, end.trouble) == (status, trouble)


def test_a_program_without_execute_bit_cannot_be_started(tmp_path: Path):
    hook = tmp_path / "hook"
    hook.write_text("#!/bin/sh\necho yes\n")
    hook.chmod(stat.S_IRUSR | stat.S_IWUSR)
    end = SiteCommandRunner().run((str(hook),), {}, timeout_s=5)
    assert (end.status, end.output, end.trouble) == (None, b"", "it could not be started: Permission denied")


@pytest.mark.parametrize("words", [("/nowhere/hook",), ("",), ("hook\0x",)])
def test_what_is_no_program_cannot_be_started(words: tuple[str, ...]):
    assert SiteCommandRunner().run(words, {}, timeout_s=5).trouble.startswith("it could not be started")


def test_one_that_hangs_is_stopped_with_all_that_it_started():
    mark = f"{time.time_ns()}"
    end = shell(f"sleep 300 {mark} & echo begun; sleep 300 {mark}; echo never", timeout_s=2)
    assert (end.status, end.timed_out, end.lines) == (None, True, ["begun"])
    assert end.trouble == "it was stopped after 2 seconds"
    wait_until(lambda: not processes_saying(mark), 60, "all of it is gone")


def test_of_ten_megabytes_the_beginning_is_kept_and_the_rest_is_read():
    end = shell("head -c 10000000 /dev/zero | tr '\\0' 'a'; head -c 10000000 /dev/zero | tr '\\0' 'b' >&2; exit 3")
    assert end.status == 3
    assert end.output == b"a" * OUTPUT_OCTETS_MAX
    assert len(end.trouble) < 2100


def test_one_that_never_stops_writing_is_stopped():
    end = shell("yes", timeout_s=2)
    assert end.timed_out
    assert len(end.output) == OUTPUT_OCTETS_MAX


def test_it_is_stopped_when_the_job_is_given_up():
    asked: list[float] = []

    def given_up() -> bool:
        asked.append(time.monotonic())
        return len(asked) > 1

    end = SiteCommandRunner().run(("/bin/sleep", "300"), {}, timeout_s=300, interrupted=given_up)
    assert (end.status, end.interrupted) == (None, True)


def test_what_it_leaves_behind_does_not_keep_us():
    end = shell("(sleep 20) & echo done")
    assert (end.status, end.lines) == (0, ["done"])


@pytest.mark.parametrize("child", ["sleep 20", "yes >&2"])
def test_what_it_leaves_behind_keeps_no_pipe_of_ours(child: str):
    before = pipes_of_ours()
    for _ in range(3):
        shell(f"{child} & exit 0")
    assert pipes_of_ours() <= before


def test_a_window_that_it_leaves_open_may_still_write_where_no_output_is_kept(tmp_path: Path):
    gate, later = tmp_path / "gate", tmp_path / "later"
    line = f"(while [ ! -e {gate} ]; do sleep 0.1; done; echo closed && touch {later}) 2>&1 & echo told"
    end = SiteCommandRunner().run(("/bin/sh", "-c", line), {}, timeout_s=60, output_octets_max=0)
    assert (end.status, end.output, later.exists()) == (0, b"", False)
    gate.touch()
    wait_until(later.exists, 60, "the window is closed")


def test_it_gets_the_jobs_variables_and_little_else(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SECRET", "of the daemon")
    end = shell("env", PYKOTATITLE="a\0b $(id)\n`id`", PYKOTAUSERNAME="\udcff")
    names = {line.partition("=")[0] for line in end.output.decode().splitlines()}
    assert {"PATH", "LANG", "HOME", "PYKOTATITLE", "PYKOTAUSERNAME"} <= names
    assert b"SECRET" not in end.output
    assert b"PYKOTATITLE=ab $(id)\n`id`\n" in end.output


def test_it_reads_nothing_and_is_in_a_session_of_its_own():
    end = shell("cat; ps -o sid= -p $$ 2>/dev/null || cut -d' ' -f6 /proc/$$/stat; pwd")
    assert end.lines[-1] == "/"
    assert end.lines[0] != str(os.getsid(0))


def test_a_value_too_long_for_the_kernel_is_cut():
    end = shell('printf %s "$PYKOTATITLE" | wc -c', PYKOTATITLE="x" * 1_000_000)
    assert end.lines == ["100000"]

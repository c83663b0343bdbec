# SPDX-License-Identifier: Apache-2.0
"""Programs whose standard streams are closed, or lead to a disk that is full: one clear line, and sound books."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.site import ACTOR, Done, Site, module_of, new_site

FULL = Path("/dev/full")
NO_SPACE = "No space left on device"
READER_GONE = 128 + signal.SIGPIPE
LISTINGS = [
    pytest.param(["pkusers", "-L"], 255, id="pkusers"),
    pytest.param(["pkusers", "-h"], 255, id="help"),
    pytest.param(["pykosd", "-l", "1"], 255, id="pykosd"),
    pytest.param(["pkbanner", "-L", "pdf"], 255, id="pkbanner"),
    pytest.param(["dumpykota", "-d", "users"], 255, id="dumpykota"),
    pytest.param(["dumpykota", "-d", "users", "-f", "xlsx"], 255, id="dumpykota-xlsx"),
    pytest.param(["dumpykota", "-d", "all"], 255, id="dumpykota-all"),
    pytest.param(["pagetoll", "user", "list"], 1, id="pagetoll"),
    pytest.param(["pkpgcounter", "/etc/passwd"], 1, id="pkpgcounter"),
]


def run(site: Site, words: list[str], redirection: str) -> Done:
    """A program started by a shell that leads its streams elsewhere."""
    program, *others = words
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-m", module_of(program), *others],
        env=site.environment,
        cwd=site.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


@contextmanager
def pipe_without_reader() -> Iterator[int]:
    """The end to write into of a pipe whose reader has gone, as `head -1` has after its line."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        yield writing
    finally:
        os.close(writing)


@pytest.fixture(scope="module")
def school(fresh_site: Site) -> Iterator[Site]:
    with new_site(fresh_site) as site:
        site.do("pkprinters", "-a", "hp")
        site.do("pkusers", "-a", "anna", ACTOR)
        site.do("edpykota", "-a")
        yield site


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is full")
@pytest.mark.parametrize(("words", "status"), LISTINGS)
def test_a_listing_that_a_full_disk_does_not_take_fails_with_one_line(school: Site, words: list[str], status: int):
    done = run(school, words, f">{FULL}")
    (line,) = done.err.splitlines()
    assert (done.status, NO_SPACE in line) == (status, True)


@pytest.mark.parametrize(("words", "status"), LISTINGS)
def test_a_listing_for_a_closed_output_fails_with_one_line(school: Site, words: list[str], status: int):
    done = run(school, words, ">&-")
    (line,) = done.err.splitlines()
    assert (done.status, "the output cannot be written whole: Bad file descriptor" in line) == (status, True)


def started(school: Site, words: list[str], stdout: int, stderr: int) -> subprocess.CompletedProcess[bytes]:
    """A program that ran with these streams."""
    program, *others = words
    return subprocess.run(
        [sys.executable, "-m", module_of(program), *others],
        env=school.environment,
        cwd=school.folder,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "words", [*(pytest.param(row.values[0], id=row.id) for row in LISTINGS), ["pagetoll", "upkeep"]]
)
def test_a_listing_whose_reader_has_gone_ends_as_other_programs_in_a_pipe_do(school: Site, words: list[str]):
    with pipe_without_reader() as writing:
        process = started(school, words, writing, subprocess.PIPE)
    assert (process.returncode, process.stderr) == (READER_GONE, b"")


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["pkusers", "-L", "nobody"], id="nothing matches"),
        pytest.param(["pkusers", "--nonsense"], id="wrong word"),
        pytest.param(["pagetoll", "user", "nonsense"], id="pagetoll"),
        pytest.param(["pkpgcounter", "/nowhere"], id="pkpgcounter"),
    ],
)
def test_a_complaint_whose_reader_has_gone_ends_the_same_way(school: Site, words: list[str]):
    with pipe_without_reader() as writing:
        process = started(school, words, subprocess.PIPE, writing)
    assert (process.returncode, process.stdout) == (READER_GONE, b"")


def test_a_shell_sees_what_a_pipe_to_head_ended_with(school: Site):
    """More lines than a pipe holds, so that the listing is still being written when its reader goes."""
    school.do("pkusers", "-a", *(f"pupil{number:04}" for number in range(1500)))
    line = 'set -o pipefail; "$@" | head -1'
    done = subprocess.run(
        ["bash", "-c", line, "bash", sys.executable, "-m", module_of("pkusers"), "-L"],
        env=school.environment,
        cwd=school.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout.count("\n"), done.stderr) == (READER_GONE, 1, "")


def test_changes_need_no_streams_at_all(site: Site):
    done = run(site, ["pkusers", "-a", "anna"], "<&- >&- 2>&-")
    assert (done.status, done.out, done.err) == (0, "", "")
    assert run(site, ["pkusers", "-d", "nobody"], "<&- >&- 2>&-").status == 254
    assert run(site, ["pagetoll", "user", "add", "ben", "--limitby", "none"], "<&- >&- 2>&-").status == 2
    assert site.do("pkusers", "-L").count(" - <") == 1
    assert site.audit() == []


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is full")
def test_a_dump_file_that_does_not_take_all_is_named(school: Site):
    done = school.run("dumpykota", "-d", "all", "-o", str(FULL))
    assert done.status == 255
    (line,) = done.err.splitlines()
    assert line.endswith(f" : {FULL} cannot be written: {NO_SPACE}; what is in it is not all")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is full")
def test_a_document_that_a_full_disk_does_not_take_is_named(site: Site):
    site.do("pkprinters", "-a", "-c", "0.05", "hp")
    site.do("pkusers", "-a", "-b", "10", "anna")
    site.do("edpykota", "-a", "anna")
    with site.books() as books:
        books.print(5)
    done = site.run("pkinvoice", "-o", str(FULL))
    assert (done.status, done.out) == (255, "")
    assert done.err.endswith(f" : {FULL} cannot be written: {NO_SPACE}; what is in it is not all\n")


def test_a_file_of_arguments_without_end_is_left_out(shared_site: Site):
    shared_site.do("pkusers", "-a", "anna")
    done = shared_site.run("pkusers", "-A", "/dev/zero", "-L", "anna")
    assert (done.status, done.out[:4]) == (0, "anna")
    assert done.err == "ERROR: the arguments in /dev/zero were left out: File too large\n"

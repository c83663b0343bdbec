# SPDX-License-Identifier: Apache-2.0
"""Counting through the front door: real documents, hostile ones, and processes that die underneath."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

import pagetoll
from pagetoll.accounters.software.counter import PageLook, SoftwareCounter
from pagetoll.core.errors import DocumentError, DocumentTooComplex, MalformedDocument, UnknownLanguage
from pagetoll.core.usage import ColorClass, Confidence, Usage

SAMPLES = Path(__file__).parent.parent / "samples"
KNOWN = {
    entry["file"]: entry["pages"]
    for entry in json.loads((SAMPLES / "manifest.json").read_text())
    if entry["file"]
    in (
        "pdf/pillow-3.pdf",
        "pdf/gs-pdfwrite-forty.pdf",
        "pdf/cairo-9.pdf",
        "ps/hand-forall.ps",
        "ps/hand-nodsc-thirteen.ps",
        "ps/cairo-12.ps",
        "pclxl/gs-pxlcolor-trio.pxl",
        "cupsraster/gs-cups-thirteen.ras",
        "pjl-ps/pjl-copies2.prn",
    )
}
ENDLESS = b"%!PS\n{ 1 pop } loop\n"
needs_ghostscript = pytest.mark.skipif(shutil.which("gs") is None, reason="Ghostscript is not installed")


@pytest.fixture(scope="module")
def counter() -> Iterator[SoftwareCounter]:
    counter = SoftwareCounter(documents_at_once=8)
    counter.start()
    yield counter
    counter.close()


def count(counter: SoftwareCounter, document: bytes | Path, *, trust_dsc: bool = False) -> Usage:
    if isinstance(document, Path):
        with document.open("rb") as file:
            return counter.count(file.fileno(), trust_dsc=trust_dsc)
    with tempfile.TemporaryFile() as file:
        file.write(document)
        file.flush()
        return counter.count(file.fileno(), trust_dsc=trust_dsc)


def processes(parent: int) -> dict[int, str]:
    """Living child processes of `parent`: pid and command line."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, of = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            if int(of) == parent and state != "Z":
                found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
        except (OSError, ValueError):
            continue
    return found


def zygote_of(parent: int) -> int:
    (pid,) = [pid for pid, line in processes(parent).items() if "software.zygote" in line]
    return pid


def running_zygote(counter: SoftwareCounter) -> int:
    """The zygote of the one counter of this process; it is started where it does not run."""
    counter.start()
    return zygote_of(os.getpid())


def ghostscripts_of(zygote: int) -> set[int]:
    return {pid for pid, line in processes(zygote).items() if "pxlcolor" in line}


def counting_children_of(zygote: int) -> set[int]:
    """Those that have their document: the waiting one has no system call filter yet."""
    children = set(processes(zygote)) - ghostscripts_of(zygote)
    return {pid for pid in children if "Seccomp:\t2" in Path(f"/proc/{pid}/status").read_text()}


def eventually(holds: Callable[[], object]) -> None:
    """Wait until `holds()`; fails after a minute."""
    until_s = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until_s, "waited a minute in vain"
        time.sleep(0.02)


@needs_ghostscript
@pytest.mark.parametrize("name", KNOWN)
def test_a_document_has_the_pages_it_has(counter: SoftwareCounter, name: str) -> None:
    usage = count(counter, SAMPLES / name)
    assert (usage.input_pages, usage.confidence) == (KNOWN[name], Confidence.EXACT)


@needs_ghostscript
def test_twenty_documents_at_once_each_get_their_own_answer(counter: SoftwareCounter) -> None:
    documents = [(b"%!PS\n" + b"0 0 moveto showpage\n" * n, n) for n in range(1, 11)]
    documents += [(b"%%!PS\n%d { showpage } repeat\n" % n, n) for n in range(1, 11)]
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda document: count(counter, document[0]).input_pages, documents))
    assert answers == [pages for _, pages in documents]


def test_the_file_offset_stays_where_it_was(counter: SoftwareCounter) -> None:
    with (SAMPLES / "pdf/pillow-3.pdf").open("rb") as file:
        os.lseek(file.fileno(), 17, os.SEEK_SET)
        counter.count(file.fileno())
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == 17


def test_a_file_that_nobody_can_open_any_more_is_counted_by_its_descriptor(counter: SoftwareCounter) -> None:
    with tempfile.NamedTemporaryFile(delete=False) as file:
        shutil.copyfile(SAMPLES / "pdf/pillow-3.pdf", file.name)
        Path(file.name).unlink()
        with Path(f"/proc/self/fd/{file.fileno()}").open("rb") as copy:
            assert counter.count(copy.fileno()).input_pages == 3


def test_comments_are_believed_only_where_a_filter_wrote_them(counter: SoftwareCounter) -> None:
    document = SAMPLES / "ps/hand-dsc-forty.ps"
    trusted = count(counter, document, trust_dsc=True)
    assert (trusted.input_pages, trusted.confidence) == (40, Confidence.DECLARED)
    assert count(counter, document).confidence is Confidence.EXACT


def test_octets_of_no_language_are_named_so(counter: SoftwareCounter) -> None:
    with pytest.raises(UnknownLanguage):
        count(counter, SAMPLES / "hostile/elf.bin")


def test_a_pipe_is_no_document(counter: SoftwareCounter) -> None:
    heard, said = os.pipe()
    try:
        with pytest.raises(DocumentError, match="regular file"):
            counter.count(heard)
    finally:
        os.close(heard)
        os.close(said)


@needs_ghostscript
@pytest.mark.parametrize("name", ["ps-infinite-loop.ps", "ps-billion.ps"])
def test_an_endless_program_ends_with_the_pages_seen_so_far(counter: SoftwareCounter, name: str) -> None:
    usage = count(counter, SAMPLES / "hostile" / name)
    assert usage.confidence is Confidence.AT_LEAST
    assert usage.input_pages >= 1


@needs_ghostscript
def test_an_endless_program_without_a_page_is_too_complex(counter: SoftwareCounter) -> None:
    with pytest.raises(DocumentTooComplex):
        count(counter, ENDLESS)


@needs_ghostscript
def test_a_program_that_reads_and_writes_files_does_neither(counter: SoftwareCounter) -> None:
    with pytest.raises(MalformedDocument, match="invalidfileaccess"):
        count(counter, SAMPLES / "hostile/ps-fileops.ps")
    assert not Path("/tmp/hostile-was-here").exists()


@needs_ghostscript
def test_more_copies_than_can_be_told_are_an_error(counter: SoftwareCounter) -> None:
    with pytest.raises(DocumentError, match="more than 65535 copies of a page"):
        count(counter, b"%!PS\n/#copies 65537 def { showpage } stopped pop\n")


@needs_ghostscript
def test_a_program_that_wants_all_memory_is_stopped(counter: SoftwareCounter) -> None:
    with pytest.raises(DocumentError):
        count(counter, b"%!PS\n[ { 65000 string } loop ] showpage\n")
    assert count(counter, b"%!PS\nshowpage\n").input_pages == 1


@pytest.mark.parametrize(
    "name", sorted(path.name for path in (SAMPLES / "hostile").iterdir() if path.suffix != ".json")
)
def test_no_hostile_file_brings_anything_but_a_usage_or_a_document_error(counter: SoftwareCounter, name: str) -> None:
    try:
        usage = count(counter, SAMPLES / "hostile" / name)
    except DocumentError:
        return
    assert usage.input_pages >= 0


def test_without_ghostscript_a_program_has_no_number_and_a_plain_document_has() -> None:
    counter = SoftwareCounter(ghostscript="/nonexistent/gs")
    try:
        assert count(counter, b"%!PS\n0 0 moveto showpage\n").input_pages == 1
        with pytest.raises(DocumentError, match="hostscript"):
            count(counter, b"%!PS\n3 { showpage } repeat\n")
    finally:
        counter.close()


@needs_ghostscript
def test_after_the_zygote_was_killed_the_next_document_is_counted(counter: SoftwareCounter) -> None:
    os.kill(running_zygote(counter), signal.SIGKILL)
    assert count(counter, b"%!PS\nshowpage showpage\n").input_pages == 2


@needs_ghostscript
def test_a_document_under_which_the_zygote_is_killed_is_tried_once_more(counter: SoftwareCounter) -> None:
    first = running_zygote(counter)
    killer = threading.Timer(0.5, os.kill, (first, signal.SIGKILL))
    killer.start()
    with pytest.raises(DocumentTooComplex):
        count(counter, ENDLESS)
    killer.join()
    assert running_zygote(counter) != first
    eventually(lambda: not processes(first))


@needs_ghostscript
def test_a_zygote_that_hangs_is_replaced(counter: SoftwareCounter) -> None:
    os.kill(running_zygote(counter), signal.SIGSTOP)
    with pytest.raises(DocumentTooComplex):
        count(counter, ENDLESS)
    assert count(counter, b"%!PS\nshowpage\n").input_pages == 1


@needs_ghostscript
def test_a_waiting_ghostscript_that_was_killed_is_replaced(counter: SoftwareCounter) -> None:
    zygote = running_zygote(counter)
    eventually(lambda: ghostscripts_of(zygote))
    for pid in ghostscripts_of(zygote):
        os.kill(pid, signal.SIGKILL)
    assert count(counter, b"%!PS\n3 { showpage } repeat\n").input_pages == 3


def cpu_ticks(pid: int) -> int:
    """The processor time of a process, in clock ticks (proc(5): utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


@needs_ghostscript
@pytest.mark.parametrize(
    ("victim", "expected"), [("ghostscript", "Ghostscript died by signal"), ("child", "the parser died by signal 11")]
)
def test_a_process_that_dies_under_a_document_is_named(counter: SoftwareCounter, victim: str, expected: str) -> None:
    count(counter, b"%!PS\nshowpage\n")
    zygote = running_zygote(counter)
    eventually(lambda: len(ghostscripts_of(zygote)) == 1)
    waiting = ghostscripts_of(zygote)
    idle_ticks = sum(cpu_ticks(pid) for pid in waiting)

    def strike() -> None:
        eventually(lambda: sum(cpu_ticks(pid) for pid in waiting) > idle_ticks + 10)  # the waiting one is in use
        for pid in waiting if victim == "ghostscript" else counting_children_of(zygote):
            os.kill(pid, signal.SIGSEGV)

    striker = threading.Thread(target=strike)
    striker.start()
    with pytest.raises(MalformedDocument, match=expected):
        count(counter, ENDLESS)
    striker.join()
    assert count(counter, b"%!PS\n2 { showpage } repeat\n").input_pages == 2


@needs_ghostscript
def test_children_run_as_somebody_who_is_not_root(counter: SoftwareCounter) -> None:
    count(counter, b"%!PS\nshowpage\n")
    zygote = running_zygote(counter)
    eventually(lambda: len(processes(zygote)) >= 2)
    for pid in [zygote, *processes(zygote)]:
        status = dict(
            line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
        )
        assert "0" not in status["Uid"].split()
        assert status["Groups"].split() == [] or os.getuid() != 0


@needs_ghostscript
def test_closing_leaves_no_process_behind() -> None:
    counter = SoftwareCounter()
    before = set(processes(os.getpid()))
    counter.start()
    count(counter, b"%!PS\nshowpage\n")
    (zygote,) = set(processes(os.getpid())) - before
    everyone = [zygote, *processes(zygote)]
    counter.close()
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in everyone))
    with pytest.raises(DocumentError, match="shut down"):
        count(counter, b"%!PS\nshowpage\n")


@needs_ghostscript
def test_when_the_daemon_is_killed_everything_below_it_ends() -> None:
    program = (
        "import sys, time; from pagetoll.accounters.software.counter import SoftwareCounter; "
        "counter = SoftwareCounter(); counter.start(); print('up', flush=True); time.sleep(600)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(pagetoll.__file__).parent.parent)}
    with subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE) as daemon:
        assert daemon.stdout is not None and daemon.stdout.readline() == b"up\n"
        try:
            zygote = zygote_of(daemon.pid)
            everyone = [daemon.pid, zygote, *processes(zygote)]
        finally:
            daemon.kill()
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in everyone))


def test_a_page_that_kills_whoever_draws_it_is_still_counted() -> None:
    counter = SoftwareCounter(pages_seen=True)
    try:
        with (SAMPLES / "hostile/pdf-form-recursion.pdf").open("rb") as file:
            usage = counter.count(file.fileno(), look=PageLook())
    finally:
        counter.close()
    assert usage.impressions == 1
    assert usage.segments[0].runs[0].color is ColorClass.UNKNOWN
    assert [finding.code for finding in usage.findings][-1] == "coverage_incomplete"


def octets_of(pid: int) -> int:
    """Memory of a process and all below it; what several share is counted once."""
    own = 0
    with suppress(OSError):
        own = int((Path("/proc") / str(pid) / "smaps_rollup").read_text().partition("\nPss:")[2].split()[0]) * 1024
    return own + sum(map(octets_of, processes(pid)))


@needs_ghostscript
@pytest.mark.parametrize(
    "document",
    [
        (SAMPLES / "hostile/pdf-form-recursion.pdf").read_bytes(),
        b"%!PS\n/all 20000 array def 0 1 19999 { all exch 60000 string put } for showpage\n",
    ],
    ids=["recursion", "strings"],
)
def test_all_processes_of_a_count_together_stay_below_512_mib(document: bytes) -> None:
    program = (
        "import sys; from pagetoll.accounters.software.counter import *\n"
        "try: SoftwareCounter(pages_seen=True).count(0, look=PageLook())\n"
        "except DocumentError: pass"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(pagetoll.__file__).parent.parent)}
    most = 0
    with tempfile.TemporaryFile() as file:
        file.write(document)
        file.flush()
        with subprocess.Popen([sys.executable, "-c", program], env=environment, stdin=file) as asking:
            while asking.poll() is None:
                most = max(most, octets_of(asking.pid))
                time.sleep(0.01)
    assert asking.returncode == 0
    assert 128 << 20 < most < 512 << 20


@needs_ghostscript
@pytest.mark.parametrize(
    ("name", "colors"),
    [("pdf/gs-pdfwrite-forty.pdf", {5, 10, 11, 40}), ("ps/cairo-12.ps", None), ("ps/hand-forall.ps", set())],
)
def test_colors_and_coverage_are_found_behind_the_lock(name: str, colors: set[int] | None) -> None:
    counter = SoftwareCounter(pages_seen=True)
    try:
        with (SAMPLES / name).open("rb") as file:
            usage = counter.count(file.fileno(), look=PageLook("cmyk", 72))
    finally:
        counter.close()
    pages = [run.color for segment in usage.segments for run in segment.runs for _ in range(run.length)]
    assert ColorClass.UNKNOWN not in pages
    assert len(usage.coverage) == KNOWN[name]
    inked = {number for number, page in enumerate(usage.coverage, 1) if page and any(page.millionths[:3])}
    colored = {number for number, color in enumerate(pages, 1) if color is ColorClass.COLOR}
    assert colored <= inked
    assert colors is None or colored == colors


def test_a_counter_made_for_jobs_looks_at_no_page() -> None:
    counter = SoftwareCounter()
    with tempfile.TemporaryFile() as file, pytest.raises(ValueError, match="pages_seen"):
        counter.count(file.fileno(), look=PageLook())

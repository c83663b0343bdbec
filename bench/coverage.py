# SPDX-License-Identifier: Apache-2.0
"""How right and how fast coverage is: ours at a low resolution beside Ghostscript's ink_cov at 72, 150 and 300 dpi.

Each is compared with its own 300 dpi: the error is the sum of the pages' distances over the sum of their ink, all
four channels together, in percent; `worst` is that of the worst channel that has ink. Times are CPU milliseconds a
page, the median of the runs; ours in a warm process, and every start of Ghostscript taken off, ours and theirs.
ink_cov "needs" the lowest resolution within 5 %. "As run" are whole documents as they are measured in practice:
ink_cov is a command, so its start counts for each document; ours is a process that waits, and so does its first
Ghostscript; the start of a second and third one counts. The last two columns part ours into the count alone, which is
made for every document, and what coverage adds to it; PDF is counted without being drawn, PostScript has to be run.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy

from pagetoll.accounters.software.ghostscript import counting_arguments, pixel_arguments
from pagetoll.languages import count
from pagetoll.languages.coverage import Inspector

ROOT = Path(__file__).parent.parent
RESOLUTIONS_DPI = (72, 150, 300)
GOAL_PERCENT = 5.0
GOAL_TIMES = 5
LEAST_INK = 0.0002
PIECE_OCTETS = 128 * 1024
SAFE = ["gs", "-dSAFER", "-q", "-dBATCH", "-dNOPAUSE", "-sOutputFile=-", "-sstdout=%stderr"]
CHOSEN = (
    "pdf/gs-pdfwrite-long.pdf",
    "pdf/gs-pdfwrite-forty.pdf",
    "pdf/pdftex-40.pdf",
    "pdf/libreoffice-7.pdf",
    "pdf/gropdf-5.pdf",
    "pdf/cairo-9.pdf",
    "pdf/img2pdf-3.pdf",
    "pdf/pillow-3.pdf",
    "pdf/reportlab-land.pdf",
    "pdf/gnuplot-4.pdf",
    "pdf/real-printer-driver-foo2zjs-manual.pdf",
    "pdf/real-groff-base-typesetting.pdf",
    "pdf/real-data-form_english.pdf",
    "pdf/real-data-default-testpage.pdf",
    "pdf/real-texlive-doc-amssymb.pdf",
    "ps/gnuplot-6.ps",
    "ps/dvips-t-a4.ps",
    "ps/real-bzip2-manual.ps",
)

HEAD = (
    "| document | pages | ink, ours 300 dpi, % | ink_cov 300 dpi, % | our error at 72 dpi, % | worst channel, % "
    "| our ms a page | ink_cov 72: error % / ms | 150: error % / ms | 300: ms | it needs | times faster "
    "| as run: ours / ink_cov, ms | times faster | of ours: count + coverage, ms | ink_cov / coverage |"
)

Table = "numpy.ndarray[tuple[int, int], numpy.dtype[numpy.float64]]"


@dataclass(frozen=True, slots=True)
class Measured:
    """Pages x channels in shares of 1, CPU milliseconds a page net of start, and of the whole document as run."""

    inks: Table
    page_ms: float
    run_ms: float

    def errors(self, reference: Table) -> tuple[float, float]:
        """Percent of all ink, and of the worst channel."""
        if self.inks.shape != reference.shape:
            return float("nan"), float("nan")
        channels = [
            abs(float(self.inks[:, n].sum() / reference[:, n].sum() - 1)) * 100
            for n in range(4)
            if reference[:, n].mean() > LEAST_INK
        ]
        return float(abs(self.inks - reference).sum() / reference.sum() * 100), max(channels, default=0.0)


started: list[str] = []
"""The devices of the Ghostscripts that were started since a measurement began."""


def cpu_ms() -> float:
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return 1000 * sum(one.ru_utime + one.ru_stime for one in spent)


def timed(works: Sequence[Callable[[], Table]], runs: int, start_ms: float, waiting: int) -> list[Measured]:
    """For each of `works`, done in turn, its result and the median CPU time a page less `start_ms` for each
    Ghostscript that was started; of the Ghostscripts `waiting` are started before there is a document."""
    times: list[list[float]] = [[] for _ in works]
    results: list[tuple[Table, int]] = []
    for _ in range(runs):
        results = []
        for work, spent in zip(works, times, strict=True):
            started.clear()
            begun_ms = cpu_ms()
            inks = work()
            spent.append(cpu_ms() - begun_ms - start_ms * len(started))
            results.append((inks, len(started)))
    measured = []
    for (inks, starts), spent in zip(results, times, strict=True):
        net_ms = max(0.0, statistics.median(spent))
        measured.append(Measured(inks, net_ms / max(1, len(inks)), net_ms + start_ms * max(0, starts - waiting)))
    return measured


def painted(arguments: Sequence[str], program: memoryview) -> Iterator[bytes]:
    """Ghostscript's answer to a program, in pieces."""
    started.append(arguments[0])
    with tempfile.TemporaryFile() as spooled:
        spooled.write(program)
        spooled.seek(0)
        process = subprocess.Popen(
            ["gs", *arguments], stdin=spooled, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    assert process.stdout is not None
    while piece := process.stdout.read(PIECE_OCTETS):
        yield piece
    process.wait()


def ours(octets: bytes, resolution_dpi: int) -> Table:
    """The coverage of a document in process, PostScript with a Ghostscript of ours."""
    inspector = Inspector(
        "cmyk", resolution_dpi, lambda view, dpi, *, grey=False: painted(pixel_arguments(dpi, grey=grey), view)
    )
    usage = count(octets, render_postscript=lambda view: painted(counting_arguments(pages_seen=True), view),
                  inspect_pages=inspector)  # fmt: skip
    return numpy.array([page.millionths if page else (0, 0, 0, 0) for page in usage.coverage]) / 1e6


def ink_cov(path: Path, resolution_dpi: int) -> Table:
    command = ["gs", "-dSAFER", "-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=ink_cov", f"-r{resolution_dpi}",
               "-sOutputFile=-", str(path)]  # fmt: skip
    started.append("ink_cov")
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    return numpy.array([[float(word) / 100 for word in line.split()[:4]] for line in lines if "CMYK" in line])


def counted(octets: bytes) -> Table:
    """A document counted without a look at its pages."""
    usage = count(octets, render_postscript=lambda view: painted(counting_arguments(), view))
    return numpy.zeros((usage.impressions, 4))


def compare(path: Path, runs: int, start_ms: float) -> tuple[str, bool, float, float]:
    """A row of the table, whether ours is within the goal, and how many times faster it is, net and as run."""
    octets = path.read_bytes()
    low, alone = timed([lambda: ours(octets, 72), lambda: counted(octets)], runs, start_ms, 1)
    (high,) = timed([lambda: ours(octets, 300)], 1, start_ms, 1)
    works = [lambda dpi=dpi: ink_cov(path, dpi) for dpi in RESOLUTIONS_DPI]
    theirs = dict(zip(RESOLUTIONS_DPI, timed(works, runs, start_ms, 0), strict=True))
    error, worst = low.errors(high.inks)
    their_errors = {dpi: theirs[dpi].errors(theirs[300].inks)[0] for dpi in RESOLUTIONS_DPI}
    needs = next((dpi for dpi in RESOLUTIONS_DPI if their_errors[dpi] <= GOAL_PERCENT), 300)
    faster = theirs[needs].page_ms / low.page_ms if low.page_ms else float("nan")
    more_ms = max(0.01, low.run_ms - alone.run_ms)
    row = (
        f"| {path.name} | {len(low.inks)} | {100 * high.inks.sum(axis=1).mean():.3f} "
        f"| {100 * theirs[300].inks.sum(axis=1).mean():.3f} | {error:.1f} | {worst:.1f} | {low.page_ms:.1f} "
        f"| {their_errors[72]:.1f} / {theirs[72].page_ms:.1f} | {their_errors[150]:.1f} / {theirs[150].page_ms:.1f} "
        f"| {theirs[300].page_ms:.1f} | {needs} | {faster:.1f} "
        f"| {low.run_ms:.1f} / {theirs[needs].run_ms:.0f} | {theirs[needs].run_ms / max(low.run_ms, 0.01):.1f} "
        f"| {alone.run_ms:.1f} + {more_ms:.1f} | {theirs[needs].run_ms / more_ms:.1f} |"
    )
    return row, max(error, worst) <= GOAL_PERCENT, faster, theirs[needs].run_ms / max(low.run_ms, 0.01)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="documents (default: samples and the corpus beside them)")
    parser.add_argument("--runs", type=int, default=3, help="of which the median is taken (%(default)s)")
    options = parser.parse_args()
    folders = (ROOT / "tests/samples", ROOT.parent / "shared/corpus")
    found = (next((f / name for f in folders if (f / name).is_file()), None) for name in CHOSEN)
    files = options.files or [path for path in found if path is not None]
    print("load average {:.2f} {:.2f} {:.2f}".format(*os.getloadavg()))
    starts = []
    for _ in range(9):
        begun_ms = cpu_ms()
        subprocess.run([*SAFE, "-sDEVICE=ink_cov", "-"], input=b"", capture_output=True, check=True)
        starts.append(cpu_ms() - begun_ms)
    start_ms = statistics.median(starts)
    print(f"Ghostscript's start: {start_ms:.0f} ms of CPU\n")
    print(HEAD)
    print("|---|" + "---:|" * 15)
    met, speeds, speeds_as_run, begun = 0, [], [], time.monotonic()
    for path in files:
        row, good, faster, faster_as_run = compare(path, options.runs, start_ms)
        print(row, flush=True)
        met += good
        speeds.append(faster)
        speeds_as_run.append(faster_as_run)
    for name, found in (("net of start", speeds), ("as run", speeds_as_run)):
        print(f"\n{name}: at least 5 times faster: {sum(speed >= GOAL_TIMES for speed in found)} of {len(files)}; "
              f"median {statistics.median(found):.1f} times", end="")  # fmt: skip
    print(f"\nwithin {GOAL_PERCENT:.0f} %: {met} of {len(files)}; {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    sys.exit(main())

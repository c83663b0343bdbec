# SPDX-License-Identifier: Apache-2.0
"""The time of a one-page job under cupsd: ours beside the plain device backend, a null backend and other wrappers.

All variants run interleaved in one scheduler, each job with other content. Prints tables with medians and quartiles;
`ms a job` is the time from the first backend's start to the last job's end by cupsd's log, divided by the jobs of a
batch; CPU is that of the scheduler, the backends and the daemon with its children. Run as root from `make setup`.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

from print_site import PROGRAMS, Batch, PrintSite, looping_page, straight_line_page

Page = Callable[[], bytes]
PLAIN, NULL, OURS = "socket", "null", "ours0"
GOALS = """goals: straight-line page at most 14 ms over plain; PostgreSQL the same within 5 ms;
60 jobs/s over 4 queues on two cores; a page for Ghostscript at most 30 ms over plain"""


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    values: tuple[float, ...]
    unit: str

    def __str__(self) -> str:
        low, middle, high = statistics.quantiles(self.values, n=4) if len(self.values) > 1 else self.values * 3
        return f"{self.name:<44}{middle:>9.1f}{low:>9.1f}{high:>9.1f}  {self.unit:<6} n={len(self.values)}"


def show(title: str, rows: Sequence[Row]) -> None:
    print(f"\n{title:<44}{'median':>9}{'25 %':>9}{'75 %':>9}")
    for row in rows:
        print(row, flush=True)


def started_directly(
    argv: Sequence[str | Path], runs: int, variables: Mapping[str, str] = MappingProxyType({})
) -> tuple[Row, Row]:
    """Wall and CPU time of a program started `runs` times."""
    wall, cpu = [], []
    for _ in range(runs):
        begun = time.perf_counter()
        pid = os.posix_spawn(argv[0], [str(word) for word in argv], {"PATH": "/usr/bin:/bin", **variables})
        usage = os.wait4(pid, 0)[2]
        wall.append((time.perf_counter() - begun) * 1000)
        cpu.append((usage.ru_utime + usage.ru_stime) * 1000)
    name = " ".join(Path(str(word)).name for word in argv)
    return Row(name, tuple(wall), "ms"), Row(name + ", CPU", tuple(cpu), "ms")


def rounds(site: PrintSite, queues: Sequence[str], page: Page, options: argparse.Namespace) -> dict[str, list[Batch]]:
    """Batches of each queue, interleaved, so that a busy moment of the machine hits all alike."""
    batches: dict[str, list[Batch]] = defaultdict(list)
    for number in range(options.rounds + 1):
        for queue in queues:
            batch = site.let_go({queue: [page() for _ in range(options.jobs)]})
            if number:  # the first round warms up
                batches[queue].append(batch)
    return batches


def compare(site: PrintSite, queues: Sequence[str], page: Page, title: str, options: argparse.Namespace) -> None:
    """A table of wall and CPU time a job for each queue, and what each adds to the plain one."""
    batches = rounds(site, queues, page, options)
    plain = statistics.median(batch.wall_ms_per_job for batch in batches[PLAIN])
    rows = []
    for queue, done in batches.items():
        rows.append(Row(queue, tuple(batch.wall_ms_per_job for batch in done), "ms"))
        rows.append(Row(f"{queue}, over plain", tuple(batch.wall_ms_per_job - plain for batch in done), "ms"))
        rows.append(Row(f"{queue}, CPU", tuple(batch.cpu_ms_per_job for batch in done), "ms"))
        for part in done[0].cpu_ms:
            used = tuple(batch.cpu_ms[part] / options.jobs for batch in done)
            if any(used):
                rows.append(Row(f"{queue}, CPU of the {part}", used, "ms"))
    show(f"{title}, {options.jobs} jobs a batch", rows)


def one_by_one(site: PrintSite, queues: Sequence[str], page: Page, title: str, options: argparse.Namespace) -> None:
    """A table of single jobs with a pause before each: what one user waits for, from the backend's start to end."""
    walls: dict[str, list[float]] = defaultdict(list)
    for number in range(options.alone + 1):
        for queue in queues:
            time.sleep(0.1)
            batch = site.let_go({queue: [page()]})
            if number:
                walls[queue].append(batch.wall_ms_per_job)
    plain = statistics.median(walls[PLAIN])
    rows = []
    for queue, done in walls.items():
        rows.append(Row(queue, tuple(done), "ms"))
        rows.append(Row(f"{queue}, over plain", tuple(wall - plain for wall in done), "ms"))
    show(f"{title}, one job at a time", rows)


def crowd(site: PrintSite, options: argparse.Namespace) -> None:
    """Jobs a second through several of our queues at once."""
    rows = []
    for queues in options.queues:
        several = [
            site.let_go({f"ours{at}": [straight_line_page() for _ in range(jobs)] for at in range(queues)})
            for jobs in [max(4, options.jobs * 4 // queues)] * options.crowd_rounds
        ]
        rows.append(Row(f"{queues} queues", tuple(batch.jobs_per_s for batch in several), "jobs/s"))
    show("jobs a second", rows)


def cold(site: PrintSite, runs: int) -> None:
    """The first job when the daemon has to be started for it, and the first of a daemon just started."""
    site.stop_daemon()
    on_demand, fresh = [], []
    for _ in range(runs):
        on_demand.append(site.let_go({OURS: [straight_line_page()]}).wall_ms_per_job)
        site.end_on_demand_daemon()
        site.start_daemon()
        fresh.append(site.let_go({OURS: [straight_line_page()]}).wall_ms_per_job)
        site.stop_daemon()
    show(
        "cold",
        [
            Row("first job starts the daemon", tuple(on_demand), "ms"),
            Row("first job of a daemon that just started", tuple(fresh), "ms"),
        ],
    )


def steps(site: PrintSite, page: Page, title: str, jobs: int) -> None:
    """Where a job's time goes: from cupsd's start of the backend over each command of the life-of-a-job table to the
    job's end in cupsd's log. One queue prints its jobs one after the other, so that both records have one order."""
    log = site.folder / f"commands-{time.monotonic_ns()}"
    site.start_daemon(log)
    site.let_go({OURS: [page() for _ in range(10)]})
    log.write_text("")
    batch = site.let_go({OURS: [page() for _ in range(jobs)]})
    to_epoch_ns = time.time_ns() - time.monotonic_ns()
    by_job: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for line in log.read_text().splitlines():
        nonce, command, at_ns = line.split("\t")
        by_job[nonce].append((command, int(at_ns)))
    spans: dict[str, list[float]] = defaultdict(list)
    ordered = sorted(by_job.values(), key=lambda commands: commands[0][1])
    for commands, started_ms, ended_ms in zip(ordered, batch.started_ms, batch.ended_ms, strict=True):
        first_ms, last_ms = ((at_ns + to_epoch_ns) / 1e6 for at_ns in (commands[0][1], commands[-1][1]))
        spans["from the backend's start to the first command"].append(first_ms - started_ms)
        for (command, at_ns), (_, next_ns) in pairwise(commands):
            spans[command].append((next_ns - at_ns) / 1e6)
        spans["from the last command to the job's end"].append(ended_ms - last_ms)
        spans["all"].append(ended_ms - started_ms)
    show(f"steps of a job, {title}", [Row(name, tuple(values), "ms") for name, values in spans.items()])
    site.stop_daemon()


def load() -> str:
    return "load average {:.2f} {:.2f} {:.2f}".format(*os.getloadavg())


def measure(site: PrintSite, options: argparse.Namespace) -> None:
    site.set_up(max(options.queues))
    site.add_plain(PLAIN)
    null = site.folder / "null-backend"
    null.write_text('#!/bin/sh\n[ $# -gt 0 ] || echo "direct null \\"Unknown\\" \\"Nothing\\""\nexit 0\n')
    site.add_backend(NULL, null)
    for name, path in options.wrapper:
        site.add_backend(name, path)
    queues = [PLAIN, NULL, OURS, *(name for name, _ in options.wrapper)]
    bare = started_directly(["/usr/bin/python3", "-IS", "-c", "pass"], 50)
    shell = started_directly(["/bin/sh", "-c", "exit 0"], 50)
    # our client as cupsd starts it, told to do nothing: what its start alone costs
    client = started_directly([site.cups.backend_dir / "cupspykota"], 50, {"PAGETOLL_DISCOVERY": "1"})
    show("started directly", [*bare, *shell, *client])
    site.start_daemon()
    compare(site, queues, straight_line_page, "straight-line page", options)
    one_by_one(site, queues, straight_line_page, "straight-line page", options)
    if shutil.which("gs"):
        one_by_one(site, [PLAIN, OURS], looping_page, "page for Ghostscript", options)
        compare(site, [PLAIN, OURS], looping_page, "page for Ghostscript", options)
    crowd(site, options)
    site.stop_daemon()
    if options.steps:
        steps(site, straight_line_page, "straight-line page", 50)
        steps(site, looping_page, "page for Ghostscript", 20)
    cold(site, options.cold)
    print(site.run("pagetoll", "audit").strip())


def wrapper(text: str) -> tuple[str, Path]:
    name, _, path = text.partition("=")
    if not name.isalnum() or not Path(path).is_file():
        raise argparse.ArgumentTypeError(f"{text}: say NAME=PATH of a backend that exists")
    return name, Path(path)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", default="", help="SQLAlchemy URL of an empty database; default: SQLite")
    parser.add_argument("--wrapper", action="append", default=[], type=wrapper, help="NAME=PATH of another backend")
    parser.add_argument("--rounds", type=int, default=10, help="batches of each variant (%(default)s)")
    parser.add_argument("--jobs", type=int, default=20, help="jobs of a batch (%(default)s)")
    parser.add_argument("--alone", type=int, default=20, help="single jobs of each variant (%(default)s)")
    parser.add_argument("--crowd-rounds", type=int, default=3, help="batches for jobs a second (%(default)s)")
    parser.add_argument("--queues", type=int, nargs="+", default=[1, 4, 16], help="queues at once (1 4 16)")
    parser.add_argument("--cold", type=int, default=3, help="runs with a cold daemon (%(default)s)")
    parser.add_argument("--steps", action="store_true", help="show where the daemon's time goes")
    return parser.parse_args()


def main() -> int:
    options = parse()
    if os.geteuid() != 0 or not (PROGRAMS / "pagetolld").exists():
        print("run this as root with the python of .venv that `make setup` made", file=sys.stderr)
        return 2
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    folder.chmod(0o755)
    revision = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    print(f"revision {revision.stdout.strip()}, {os.cpu_count()} cores, before: {load()}")
    site = PrintSite(folder, options.database)
    try:
        measure(site, options)
    finally:
        site.close()
        shutil.rmtree(folder)
    print(f"\nafter: {load()}\n{GOALS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

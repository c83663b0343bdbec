# SPDX-License-Identifier: Apache-2.0
"""What a measurement needs: a home with its ledger, a private scheduler with our backend, sinks, and a daemon that
can write down when it came to each command.
"""

import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pagetoll.config.home import Home
from pagetoll.config.load import load_home
from pagetoll.integrations.printlab.cupsconf import CupsSettings
from pagetoll.integrations.printlab.cupsd import PrivateCups
from pagetoll.integrations.printlab.processes import accepts_connections, is_alive, wait_until
from pagetoll.integrations.printlab.sink import RawSink
from pagetoll.plugins import upgrade_schema

PROGRAMS = Path(sys.prefix) / "bin"
TIMED_DAEMON = Path(__file__).with_name("timed_daemon.py")
USER = "anna"
TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
_LINE = re.compile(r"\[(\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d\.\d+) [^\]]*\] \[Job (\d+)\] (Started backend|Job completed)")
_TIME = "%d/%b/%Y:%H:%M:%S.%f"
JOBS_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Jobs that were let go at once: when each backend started and each job was over, by cupsd's log, in ms.

    `cpu_ms` by part: the scheduler, the backends (a thin client's own device backend among them), the daemon, and
    what counts for it.
    """

    started_ms: tuple[float, ...]
    ended_ms: tuple[float, ...]
    cpu_ms: Mapping[str, float]

    @property
    def wall_ms_per_job(self) -> float:
        """From the first backend's start to the last job's end, by jobs."""
        return (max(self.ended_ms) - min(self.started_ms)) / len(self.ended_ms)

    @property
    def cpu_ms_per_job(self) -> float:
        return sum(self.cpu_ms.values()) / len(self.ended_ms)

    @property
    def jobs_per_s(self) -> float:
        return 1000 / self.wall_ms_per_job


class PrintSite:
    """One home beside one private CUPS below `folder`. End it with `close`."""

    def __init__(self, folder: Path, database: str = "") -> None:
        self.folder = folder
        self.home = Home.at(folder / "home")
        self.database = database
        # Debian's own intervals and log level: a scheduler that writes its state at once measures its disk
        self.cups = PrivateCups(folder / "cups", settings=CupsSettings(dirty_clean_interval_s=30, log_level="info"))
        with (self.cups.tree.etc / "cupsd.conf").open("a") as conf:
            conf.write("LogTimeFormat usecs\n")
        self.sinks: list[RawSink] = []
        self._daemon: subprocess.Popen[bytes] | None = None
        self._log_read = 0
        self._jobs: dict[int, dict[str, float]] = {}

    def set_up(self, queues: int) -> None:
        """Make everything; one sink a queue, as one device takes one job at a time."""
        self.run("pagetoll", "init")
        if self.database:
            path = self.home.configuration
            path.write_text(f'database = "{self.database}"\n' + path.read_text())
            upgrade_schema(load_home(self.home).database)
        self.cups.start()
        self.run("pagetoll", "cups", "install", "--backend-dir", str(self.cups.backend_dir))
        for number in range(queues):
            sink = RawSink()
            sink.start()
            self.sinks.append(sink)
            self.cups.add_queue(f"ours{number}", f"cupspykota:{sink.device_uri}")
        names = ",".join(f"ours{number}" for number in range(queues))
        self.run("pkprinters", "-a", "-c", "0.05,0.10", *names.split(","))
        self.run("pkusers", "-a", USER)
        self.run("edpykota", "-a", "-P", names, "-S", "1000000000", "-H", "1000000000", USER)

    def add_plain(self, name: str) -> None:
        """A queue straight to the first sink."""
        self.cups.add_queue(name, self.sinks[0].device_uri)

    def add_backend(self, name: str, file: Path) -> None:
        """A queue behind another backend, which wraps `socket` if it is a wrapper."""
        self.cups.install_backend(name, file)
        self.cups.add_queue(name, f"{name}:{self.sinks[0].device_uri}")

    def run(self, program: str, *arguments: str) -> str:
        """An installed program of ours."""
        environment = {**os.environ, **self.cups.env, **self.home.environment}
        done = subprocess.run(
            [PROGRAMS / program, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode:
            raise SystemExit(f"{program} {arguments} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def close(self) -> None:
        self.cups.close()
        self.stop_daemon()
        for sink in self.sinks:
            sink.stop()

    # --- the daemon

    def start_daemon(self, commands_log: Path | None = None) -> None:
        """Start pagetolld; with `commands_log` one that writes down when it came to each command."""
        self.stop_daemon()
        argv: list[Path | str] = [PROGRAMS / "pagetolld"]
        if commands_log is not None:
            argv = [PROGRAMS / "python", TIMED_DAEMON, commands_log]
        environment = {**os.environ, **self.home.environment}
        with (self.folder / "pagetolld.log").open("ab") as log:
            self._daemon = subprocess.Popen(argv, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(lambda: accepts_connections(self.home.socket), 15, "pagetolld serves")

    def stop_daemon(self) -> None:
        if self._daemon is not None:
            self._daemon.terminate()
            self._daemon.wait(20)
            self._daemon = None

    def end_on_demand_daemon(self) -> None:
        """End the daemon that a job started."""
        text = self.home.daemon_lock.read_text().strip()
        if text.isdigit() and is_alive(int(text)):
            os.kill(int(text), 15)
            wait_until(lambda: not is_alive(int(text)), 20, "the daemon ends")

    # --- jobs

    def let_go(self, documents: Mapping[str, Sequence[bytes]]) -> Batch:
        """Submit documents to paused queues, let all go at once, wait for the end of all."""
        self.cups.run("cupsdisable", *documents)
        numbers = [
            self.cups.submit_ipp(queue, document, user=USER, document_format="application/vnd.cups-raw")
            for queue, several in documents.items()
            for document in several
        ]
        before_ms = self._cpu_ms()
        self.cups.run("cupsenable", *documents)
        end_s = time.monotonic() + JOBS_TIMEOUT_S
        while not all("Job completed" in self._jobs.get(number, {}) for number in numbers):
            if time.monotonic() > end_s:
                raise SystemExit(
                    f"jobs did not end; see {self.cups.tree.log}/error_log and {self.folder}/pagetolld.log"
                )
            time.sleep(0.01)
            self._read_log()
        cpu_ms = {part: used_ms - before_ms[part] for part, used_ms in self._cpu_ms().items()}
        started = tuple(self._jobs[number]["Started backend"] for number in numbers)
        return Batch(started, tuple(self._jobs[number]["Job completed"] for number in numbers), cpu_ms)

    def _read_log(self) -> None:
        path = self.cups.tree.log / "error_log"
        with path.open("rb") as log:
            log.seek(self._log_read)
            data = log.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._log_read += len(whole)
        for line in whole.decode(errors="replace").splitlines():
            if found := _LINE.search(line):
                at_ms = datetime.strptime(found[1], _TIME).timestamp() * 1000
                self._jobs.setdefault(int(found[2]), {})[found[3]] = at_ms

    def _cpu_ms(self) -> dict[str, float]:
        """CPU so far of the scheduler, of the backends that it waited for, of the daemon, and of its children."""
        scheduler, backends = _cpu_ms_of(self.cups.pid)
        daemon, *children = [_cpu_ms_of(pid) for pid in self._daemon_pids()] or [(0.0, 0.0)]
        counting = daemon[1] + sum(sum(child) for child in children)
        return {"scheduler": scheduler, "backends": backends, "daemon": daemon[0], "counting": counting}

    def _daemon_pids(self) -> list[int]:
        if self._daemon is None:
            return []
        found, new = [self._daemon.pid], [self._daemon.pid]
        while new:
            new = [child for pid in new for child in _children(pid)]
            found += new
        return found


def _cpu_ms_of(pid: int) -> tuple[float, float]:
    """CPU time of a process, and of the children that it waited for (proc(5), fields 14 to 17)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0, 0.0
    own, own_system, children, children_system = (int(field) * TICK_MS for field in fields[11:15])
    return own + own_system, children + children_system


def _children(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def straight_line_page(lines: int = 40) -> bytes:
    """One page of straight-line PostScript, never the same twice."""
    words = [f"{random.getrandbits(64):016x}" for _ in range(lines)]
    text = "".join(f"72 {720 - 16 * at} moveto (line {at} {word}) show\n" for at, word in enumerate(words))
    return f"%!PS-Adobe-3.0\n/Helvetica findfont 11 scalefont setfont\n{text}showpage\n%%EOF\n".encode()


def looping_page() -> bytes:
    """One page of PostScript that only an interpreter can count."""
    return (
        b"%!PS-Adobe-3.0\n/Helvetica findfont 11 scalefont setfont\n"
        b"0 1 39 { dup 16 mul 720 exch sub 72 exch moveto 20 string cvs show } for\n"
        + f"72 50 moveto ({random.getrandbits(64):016x}) show showpage\n".encode()
    )

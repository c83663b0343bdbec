# SPDX-License-Identifier: Apache-2.0
"""The times of PyKota's commands on a large site: users and quota entries made, listed, reported, jobs dumped.

Makes a home in a folder of its own on SQLite, and works as the user `nobody` when root starts it. With --port the
same words are given to the programs of that folder: a PyKota on an empty, configured database of its own.
"""

import argparse
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pagetoll.core.jobs import AttemptKey, Identified, JobKey, Outcome, Ticket
from pagetoll.core.policy import ALLOWED
from pagetoll.plugins import open_ledger
from pagetoll.ports import AttemptFacts

SOURCES = Path(__file__).parents[1] / "src"
GOALS = """goals: edpykota -a of 10,000 users on 50 printers (500,000 entries) at most 30 s; listing them all 20 s,
the first line after 1 s; repykota of one printer 2 s"""
COPIES = """
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})
INSERT INTO attempts ({columns}) SELECT {values} FROM attempts, numbers WHERE attempts.id = 1
"""
OF_THE_COPY = {
    "nonce": "printf('%032x', n + 1000000000)",
    "job_id": "n",
    "outcome": "'completed'",
    "charge_rule": "'parsed'",
    "charged_impressions": "1 + n % 7",
    "charged_media_sheets": "1 + n % 7",
    "charged_price": "50000 * (1 + n % 7)",
    "closed_at": "closed_at + n * 1000000",
}


@dataclass(frozen=True, slots=True)
class Run:
    """How long a program took: to its first line of output (seconds), to its end, and the most memory it had."""

    first_line_s: float | None
    whole_s: float
    lines: int
    peak_mb: int


@dataclass(frozen=True, slots=True)
class Programs:
    """Somebody's commands: how one is started, and in what environment."""

    name: str
    folder: Path | None
    environment: Mapping[str, str]

    def command(self, program: str) -> list[str] | None:
        """The words that start it; None where there is none."""
        if self.folder is None:
            module = f"pagetoll.frontends.pykota.{program}"
            there = (SOURCES / module.replace(".", "/")).with_suffix(".py").exists()
            return [sys.executable, "-m", module] if there else None
        path = self.folder / program
        return [str(path)] if path.exists() else None

    def run(self, program: str, words: Sequence[str]) -> Run | None:
        """Runs it to its end. Exits when it fails."""
        command = self.command(program)
        if command is None:
            return None
        begun = time.perf_counter()
        process = subprocess.Popen([*command, *words], env=dict(self.environment), stdout=subprocess.PIPE)
        assert process.stdout is not None
        first, lines = None, 0
        for _ in process.stdout:
            if first is None:
                first = time.perf_counter() - begun
            lines += 1
        process.stdout.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{self.name}: {program} {' '.join(words)} ended with {process.returncode}")
        return Run(first, time.perf_counter() - begun, lines, usage.ru_maxrss // 1024)


def ours(folder: Path) -> Programs:
    """Our programs on a new home in `folder`."""
    environment = {
        "PATH": os.environ["PATH"],
        "PAGETOLL_HOME": str(folder / "home"),
        "PYTHONPATH": str(SOURCES),
        "CUPS_SERVER": str(folder / "no-cups.sock"),
        "LC_ALL": "C.UTF-8",
    }
    words = ["--user", "nobody"] if os.geteuid() == 0 else []
    init = [sys.executable, "-m", "pagetoll.frontends.cli.pagetoll", "init", *words]
    subprocess.run(init, env=environment, stdout=subprocess.DEVNULL, check=True)
    return Programs("pagetoll", None, environment)


def add_jobs(database: Path, count: int) -> None:
    """A first job by the ledger, and copies of it past all rules."""
    ledger = open_ledger(f"sqlite:///{database}", clock=lambda: datetime.now(UTC), busy_timeout_s=10)
    now = datetime.now(UTC)
    ticket = Ticket(
        printer="printer01",
        class_name="",
        job_originating_user_name="user00001",
        authenticated_user_name="",
        job_name="a letter of some length.pdf",
        copies=1,
        options={},
        document_from_file=True,
        device_uri="socket://printer",
        content_type="application/pdf",
        final_content_type="application/pdf",
        raw_options="media=a4 sides=two-sided-long-edge",
    )
    facts = AttemptFacts(
        key=AttemptKey(JobKey("server", 1, int(now.timestamp())), "0" * 32),
        ticket=ticket,
        identified=Identified.CLAIMED,
        user_name="user00001",
        user_id=1,
        printer_id=1,
        boot_id="boot",
        received_at=now,
        document_octets=100_000,
    )
    ledger.record_unreserved(facts, ALLOWED, Outcome.COMPLETED, ())
    ledger.close()
    with closing(sqlite3.connect(database)) as connection, connection:
        names = [row[0] for row in connection.execute("SELECT name FROM pragma_table_info('attempts')")]
        names.remove("id")
        values = [OF_THE_COPY.get(name, name) for name in names]
        connection.execute(COPIES.format(count=count, columns=", ".join(names), values=", ".join(values)))


def measured(all_programs: Sequence[Programs], title: str, program: str, words: Sequence[str]) -> None:
    """A line of the table for each of the programs."""
    for programs in all_programs:
        run = programs.run(program, words)
        if run is None:
            print(f"{title:<44}{programs.name:<10}no {program} there")
            continue
        first = "" if run.first_line_s is None else f"{run.first_line_s:.2f}"
        print(
            f"{title:<44}{programs.name:<10}{first:>12}{run.whole_s:>9.2f}{run.lines:>10}{run.peak_mb:>8}", flush=True
        )


def measure(all_programs: Sequence[Programs], folder: Path, options: argparse.Namespace) -> None:
    """Prints the table."""
    users, printers = folder / "users", folder / "printers"
    users.write_text("".join(f"user{number:05}\n" for number in range(1, options.users + 1)))
    printers.write_text("".join(f"printer{number:02}\n" for number in range(1, options.printers + 1)))
    entries = f"{options.users * options.printers:,}"
    print(f"{'':<44}{'':<10}{'first line s':>12}{'whole s':>9}{'lines':>10}{'MB':>8}")
    measured(all_programs, f"pkprinters -a, {options.printers}", "pkprinters", ["-a", "-A", str(printers)])
    measured(all_programs, f"pkusers -a, {options.users:,}", "pkusers", ["-a", "-A", str(users)])
    measured(all_programs, f"edpykota -a, {entries}", "edpykota", ["-a", "-S", "100", "-H", "120", "*"])
    measured(all_programs, f"edpykota -L, {entries}", "edpykota", ["-L"])
    measured(all_programs, "edpykota -L -P of one printer", "edpykota", ["-L", "-P", "printer01"])
    measured(all_programs, f"edpykota -U 5, {entries}", "edpykota", ["-U", "5", "*"])
    measured(all_programs, "repykota -P of one printer", "repykota", ["-P", "printer01"])
    measured(all_programs, f"dumpykota -d upquotas, {entries}", "dumpykota", ["-d", "upquotas"])
    # Only our ledger is filled with jobs: nobody else's tables are known here.
    own = [programs for programs in all_programs if programs.folder is None]
    add_jobs(folder / "home" / "pagetoll.db", options.history)
    jobs = f"{options.history:,}"
    measured(own, f"dumpykota -d history, {jobs}", "dumpykota", ["-d", "history"])
    measured(own, f"dumpykota -d history -O -jobprice, {jobs}", "dumpykota", ["-d", "history", "-O", "-jobprice"])
    measured(own, f"dumpykota -d history -s, {jobs}", "dumpykota", ["-d", "history", "-s", "username=*"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--printers", type=int, default=50)
    parser.add_argument("--history", type=int, default=200_000, metavar="JOBS")
    parser.add_argument("--port", type=Path, metavar="FOLDER", help="where the programs of another PyKota are")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="pagetoll-bench-"))
    folder.chmod(0o755)
    try:
        all_programs = [ours(folder)]
        if options.port is not None:
            all_programs.append(Programs("port", options.port, dict(os.environ)))
        print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}\n{GOALS}\n")
        measure(all_programs, folder, options)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()

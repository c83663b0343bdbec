# SPDX-License-Identifier: Apache-2.0
"""A whole site in a folder: a home with its ledger, a private scheduler with our backend installed, the daemon.

Everything is done by the installed programs, as an administrator would; only the ledger is also read directly.
"""

import os
import pwd
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pagetoll.config.home import Home
from pagetoll.config.load import load_home
from pagetoll.core.jobs import HistoryFilter
from pagetoll.frontends.daemon.instance import running_pid
from pagetoll.frontends.wiring import ledger_url, now_utc
from pagetoll.integrations.printlab.cupsconf import CupsSettings
from pagetoll.integrations.printlab.cupsd import PrivateCups
from pagetoll.integrations.printlab.processes import (
    accepts_connections,
    end_pids,
    is_alive,
    pids_with_environment,
    wait_until,
)
from pagetoll.plugins import open_ledger
from pagetoll.ports import AttemptRecord, Ledger

PROGRAMS = Path(sys.prefix) / "bin"
FAULTY_DAEMON = Path(__file__).with_name("faulty_daemon.py")
SCHEME = "cupspykota"
#: For a daemon that a job starts on a machine that is busy; five seconds are installed.
PATIENCE = "wait_s = 60\n"


class Site:
    """One installation of Pagetoll beside one private CUPS. End it with `close`."""

    def __init__(self, folder: Path, cups_settings: CupsSettings | None = None, *, programs: Path = PROGRAMS) -> None:
        self.folder, self.programs = folder, programs
        self.home = Home.at(folder / "home")
        self.cups = PrivateCups(folder / "cups", settings=cups_settings or CupsSettings())
        self.daemon: subprocess.Popen[bytes] | None = None
        self.daemon_log = folder / "pagetolld.log"

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, **self.cups.env, **self.home.environment}

    def set_up(self) -> None:
        """Make the home, start the scheduler, install the backend."""
        self.run("pagetoll", "init")
        self.be_patient()
        self.cups.start()
        self.run("pagetoll", "cups", "install", "--backend-dir", str(self.cups.backend_dir))

    def be_patient(self) -> None:
        """The first job's client, too, waits for the daemon that it starts: none has told it how long."""
        path = self.home.configuration
        path.write_text(PATIENCE + path.read_text())
        self.home.thin_conf.write_text("*\thold\t60\n")
        self.home.thin_conf.chmod(0o644)
        owner = self.home.owner()
        os.chown(self.home.thin_conf, owner.uid, owner.gid)

    def close(self) -> None:
        self.cups.close()
        self.stop_daemon()
        # of several daemons that jobs started at once, one that was slow would serve now, in a folder that goes away
        for name, value in self.home.environment.items():
            end_pids(iter(list(pids_with_environment(name, value))))

    # --- programs -------------------------------------------------------------------------------------------

    def run(
        self, program: str, *arguments: str, status: int | None = 0, input_text: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run an installed program; `status` is what it must exit with, None for any."""
        done = subprocess.run(
            [str(self.programs / program), *arguments],
            env=self.environment,
            input=input_text,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if status is not None and done.returncode != status:
            raise AssertionError(f"{program} {arguments} gave {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done

    def add_user(self, user: str, printers: Sequence[str], soft: int | None = None, hard: int | None = None) -> None:
        """A user with an entry on each printer, by the commands."""
        self.run("pkusers", "-a", user)
        limits = [*(["-S", str(soft)] if soft is not None else []), *(["-H", str(hard)] if hard is not None else [])]
        self.run("edpykota", "-a", "-P", ",".join(printers), *limits, user)

    def configure(self, text: str) -> None:
        """Put `text` before the rest of pagetoll.toml, and have a running daemon read it."""
        path = self.home.configuration
        kept = path.read_text()
        first = PATIENCE if kept.startswith(PATIENCE) and not re.search("^wait_s = ", text, re.MULTILINE) else ""
        path.write_text(first + text + "\n" + kept.removeprefix(PATIENCE))
        if running_pid(self.home) is not None:
            self.stop_daemon()
            self.start_daemon()

    # --- the daemon -----------------------------------------------------------------------------------------

    def start_daemon(self, fault: str = "") -> int:
        """Start pagetolld and wait until it listens; with `fault`, one that kills at a command (faulty_daemon.py)."""
        argv = [str(self.programs / "python"), str(FAULTY_DAEMON), fault]
        argv = argv if fault else [str(self.programs / "pagetolld")]
        with self.daemon_log.open("ab") as log:
            self.daemon = subprocess.Popen(
                argv, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/"
            )
        process = self.daemon
        wait_until(
            lambda: (
                (running_pid(self.home) == process.pid and accepts_connections(self.home.socket))
                or process.poll() is not None
            ),
            60,
            f"pagetolld serves {self.home.data_folder}; its log: {self.daemon_log}",
        )
        if process.poll() == 0 and self.daemon_pid() is not None:
            self.daemon = None  # a job was faster and started one
            return self.daemon_pid() or 0
        if process.poll() is not None:
            raise AssertionError(f"pagetolld ended at once: {self.daemon_log.read_text()[-2000:]}")
        return process.pid

    def reload_daemon(self) -> None:
        """Have the daemon of `start_daemon` read its configuration, which it does in a thread of its own."""
        said = "configuration read again"
        before = self.daemon_log.read_text().count(said)
        self.run("pagetoll", "daemon", "reload")
        wait_until(lambda: self.daemon_log.read_text().count(said) > before, 60, f"the daemon says: {said}")

    def daemon_pid(self) -> int | None:
        return running_pid(self.home)

    def kill_daemon(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to whatever daemon serves the home now."""
        pid = self.daemon_pid()
        if pid is not None:
            os.kill(pid, number)

    def stop_daemon(self) -> None:
        """End the daemon, whoever started it, also when it is stopped by SIGSTOP."""
        pid = self.daemon_pid()
        if pid is not None:
            os.kill(pid, signal.SIGCONT)
            os.kill(pid, signal.SIGTERM)
            wait_until(lambda: not is_alive(pid), 60, f"the daemon, pid {pid}, ends")
        if self.daemon is not None:
            self.daemon.wait(60)
            self.daemon = None

    # --- the ledger -----------------------------------------------------------------------------------------

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        ledger = open_ledger(ledger_url(self.home, load_home(self.home)), clock=now_utc)
        try:
            yield ledger
        finally:
            ledger.close()

    def attempts(self, job_id: int | None = None) -> list[AttemptRecord]:
        """The stored attempts, oldest first."""
        with self.ledger() as ledger:
            return list(ledger.history(HistoryFilter(job_id=job_id), newest_first=False))

    def nothing_is_open(self) -> bool:
        with self.ledger() as ledger:
            return not ledger.open_attempts()

    def settled(self, timeout_s: float = 60) -> None:
        """Have `pagetoll upkeep` repair what is left, until no attempt is open."""

        def repaired() -> bool:
            if not self.nothing_is_open():
                self.run("pagetoll", "upkeep", status=None)
            return self.nothing_is_open()

        wait_until(repaired, timeout_s, "no attempt is open")

    def audit(self) -> None:
        """The books prove themselves. Raises AssertionError with what `pagetoll audit` says."""
        self.run("pagetoll", "audit")


def owner_of(path: Path) -> str:
    """The login name of a file's owner."""
    return pwd.getpwuid(path.stat().st_uid).pw_name

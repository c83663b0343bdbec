# SPDX-License-Identifier: Apache-2.0
"""A virtual IPP Everywhere printer: CUPS's own `ippeveprinter` on a private D-Bus, keeping what it gets.

Each document runs a small command that keeps it with the job's IPP attributes, takes as long as a real
engine would, and tells the printer how many impressions came out.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pagetoll.integrations.printlab import processes

IPPEVEPRINTER = "/usr/sbin/ippeveprinter"
ALL_FORMATS = (
    "application/pdf",
    "image/pwg-raster",
    "image/urf",
    "image/jpeg",
    "application/postscript",
    "text/plain",
    "application/octet-stream",
)
PDF_FORMATS = ("application/pdf", "image/jpeg", "application/octet-stream")
RASTER_FORMATS = ("image/pwg-raster", "image/urf")

# The command ippeveprinter runs for each document (its name is the argument). It stands alone: no package
# of ours is on its path. IMPRESSIONS is a number, or a program whose output for the document is that number.
_COMMAND = """#!/usr/bin/python3 -IS
import json, os, shutil, subprocess, sys, time
FOLDER = {folder!r}
IMPRESSIONS = {impressions!r}
IMPRESSION_DELAY_S = {impression_delay_s!r}
STOPS_AFTER = {stops_after!r}
PAPER = {paper!r}
environment = {{name: os.environ[name] for name in os.environ
               if name.startswith("IPP_") or name == "CONTENT_TYPE"}}
base = os.path.join(FOLDER, "%020d-%d" % (time.time_ns(), os.getpid()))
shutil.copyfile(sys.argv[1], base + ".document")
with open(base + ".new", "w") as record:
    json.dump(environment, record)
os.rename(base + ".new", base + ".json")
impressions = IMPRESSIONS
if not isinstance(impressions, int):
    impressions = int(subprocess.run([*impressions, base + ".document"], check=True, stdout=subprocess.PIPE,
                                     stdin=subprocess.DEVNULL).stdout)
def tell(marked):
    numbers = "ATTR: job-impressions=%d job-impressions-completed=%d" % (impressions, marked)
    print(numbers, file=sys.stderr, flush=True)
if STOPS_AFTER is None and not IMPRESSION_DELAY_S:
    tell(impressions)
else:
    for marked in range(impressions):
        if marked == STOPS_AFTER:
            print("STATE: +media-empty-error", file=sys.stderr, flush=True)
            while not os.path.exists(PAPER):
                time.sleep(0.05)
            print("STATE: -media-empty-error", file=sys.stderr, flush=True)
        time.sleep(IMPRESSION_DELAY_S)
        with open(os.path.join(FOLDER, "marked"), "a") as sides:
            sides.write("x")
        tell(marked + 1)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedDocument:
    """One document that the printer received, with what its IPP job asked for."""

    path: Path
    content_type: str
    copies: int
    sides: str
    job_name: str
    user: str
    attributes: Mapping[str, str]


class VirtualIppPrinter:
    """A virtual printer below `folder`, at `device_uri`, running from `start` to `stop`.

    `impressions` is what it reports for every document: a constant, or a program (argument list; the
    document's path is added, IPP_* and CONTENT_TYPE are in its environment) that prints the number.
    `impression_delay_s` makes the engine slow; its paper is out after `stops_after` impressions of each job, until
    `add_paper`. A constant wants no more than the standard library.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        formats: Sequence[str] = ALL_FORMATS,
        duplex: bool = True,
        impressions: int | Sequence[str] = 1,
        impression_delay_s: float = 0.0,
        stops_after: int | None = None,
        name: str = "Lab",
    ) -> None:
        self._paper = folder / "paper"
        self._stops_after = stops_after
        self._folder = folder
        self.port = port or processes.free_port()
        self._received = folder / "received"
        self._received.mkdir(parents=True, exist_ok=True)
        (folder / "spool").mkdir(exist_ok=True)
        self._bus_socket = folder / "bus.sock"
        self._bus = processes.Daemon(
            [
                "/usr/bin/dbus-daemon",
                "--session",
                "--nofork",
                "--nopidfile",
                f"--address=unix:path={self._bus_socket}",
            ],
            log=folder / "bus.log",
        )
        command = self._write_command(impressions, impression_delay_s)
        arguments = [IPPEVEPRINTER, "-r", "off", "-n", "localhost", "-p", str(self.port), "-s", "20,10"]
        arguments += ["-2"] if duplex else []
        arguments += ["-d", str(folder / "spool"), "-c", str(command), "-vv", "-f", ",".join(formats), name]
        # without a system bus it ends with "Unable to initialize DNS-SD", even with -r off; an empty bus will do
        environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self._bus_socket}"}
        self._printer = processes.Daemon(arguments, log=folder / "printer.log", environment=environment)

    @property
    def device_uri(self) -> str:
        return f"ipp://localhost:{self.port}/ipp/print"

    @property
    def pid(self) -> int:
        return self._printer.pid

    def start(self) -> None:
        """Start bus and printer; returns when the printer listens. Raises DeviceUnreachable."""
        self._bus_socket.unlink(missing_ok=True)
        self._bus.start(lambda: processes.accepts_connections(self._bus_socket))
        self._printer.start(lambda: processes.accepts_connections(("127.0.0.1", self.port)))

    def stop(self) -> None:
        """End printer, its running command and the bus. Harmless when they do not run."""
        self._printer.stop(timeout_s=5.0)
        marker = f"unix:path={self._bus_socket}"
        processes.end_pids(processes.pids_with_environment("DBUS_SYSTEM_BUS_ADDRESS", marker))
        self._bus.stop()

    def add_paper(self) -> None:
        """Somebody fills the tray."""
        self._paper.touch()

    def marked(self) -> int:
        """The sides that a slow printer has marked, whatever it reports."""
        sides = self._received / "marked"
        return sides.stat().st_size if sides.exists() else 0

    def documents(self) -> list[PrintedDocument]:
        """What the printer has received, oldest first."""
        return [_printed_document(record) for record in sorted(self._received.glob("*.json"))]

    def log(self) -> str:
        return (self._folder / "printer.log").read_text(errors="replace")

    def _write_command(self, impressions: int | Sequence[str], impression_delay_s: float) -> Path:
        path = self._folder / "command"
        text = _COMMAND.format(
            folder=str(self._received),
            impressions=impressions if isinstance(impressions, int) else list(impressions),
            impression_delay_s=impression_delay_s,
            stops_after=self._stops_after,
            paper=str(self._paper),
        )
        path.write_text(text)
        path.chmod(0o755)
        return path


def counting_program(script: Path) -> list[str]:
    """The argument list that runs a Python script with the interpreter we run under."""
    return [sys.executable, str(script)]


def _printed_document(record: Path) -> PrintedDocument:
    attributes: dict[str, str] = json.loads(record.read_text())
    return PrintedDocument(
        path=record.with_suffix(".document"),
        content_type=attributes["CONTENT_TYPE"],
        copies=int(attributes.get("IPP_COPIES", "1")),
        sides=attributes.get("IPP_SIDES") or attributes.get("IPP_SIDES_DEFAULT", "one-sided"),
        job_name=attributes.get("IPP_JOB_NAME", ""),
        user=attributes.get("IPP_JOB_ORIGINATING_USER_NAME", ""),
        attributes=attributes,
    )

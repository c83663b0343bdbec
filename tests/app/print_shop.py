# SPDX-License-Identifier: Apache-2.0
"""A print shop in one process: the real services on a ledger of their own, and thin clients that tests lead by hand.

`Shop` is the daemon's side. `Caller` is a thin client's: it speaks wire.frames over a socket pair and starts small
real programs as device backends, life octet and all (docs/reference/protocol.md).
"""

import contextlib
import itertools
import os
import select
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from pagetoll.accounters.software.counter import SoftwareCounter
from pagetoll.app.printing.attempt import Adoption, Arrival, Attempt, Services
from pagetoll.app.printing.devices import DeviceGate
from pagetoll.app.printing.run import attempt_of, run
from pagetoll.app.upkeep import UpkeepReport, run_upkeep
from pagetoll.config.options import QueueSettings, Settings
from pagetoll.core.catalogue import EntryChange, EntrySelection, Figure, OwnerChange, PrinterChange
from pagetoll.core.lifecycle import Command
from pagetoll.core.money import micros
from pagetoll.core.policy import LimitBy, OwnerKind
from pagetoll.frontends.daemon.session import Session
from pagetoll.integrations.processes import LinuxProcesses
from pagetoll.plugins import open_catalogue, open_ledger, upgrade_schema
from pagetoll.ports import AttemptRecord, CatalogueTransaction
from pagetoll.storage.journal_folder import JournalFolder
from pagetoll.storage.spool_folder import SpoolFolder
from pagetoll.wire import frames
from pagetoll.wire.frames import Message

PATIENCE_S = 20.0
BUSY_TIMEOUT_S = 0.2
OWN_NAMES = frozenset({"cupspykota", "pagetoll"})
LIFE = 'printf "!" >&"$LIFE"; '  # what a backend's process does before it becomes the backend


class DaemonDied(BaseException):
    """The daemon was killed at a command: nothing of it goes on."""


def start_time(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


def dead_process() -> tuple[int, int]:
    """The pid and start time of a process that is over."""
    child = subprocess.Popen(["/bin/sleep", "60"])
    known = child.pid, start_time(child.pid)
    child.kill()
    child.wait()
    return known


class Shop:
    """Printer `hp` at 0.05 a page, user `anna` with 10 credits and an entry of `limit` pages."""

    def __init__(self, folder: Path, counter: SoftwareCounter, *, limit: int = 10) -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder}/pagetoll.db"
        for name in ("spool", "journal"):
            (folder / name).mkdir()
        upgrade_schema(self.url)
        clock = lambda: datetime.now(UTC)  # noqa: E731
        self.catalogue = open_catalogue(self.url, clock=clock)
        self.settings = Settings()
        self.die_at: Command | None = None
        self.lock_at: set[Command] = set()
        self._lock: sqlite3.Connection | None = None
        self._numbers = itertools.count(1)
        self._callers: list[Caller] = []
        self.services = Services(
            ledger=open_ledger(self.url, clock=clock, busy_timeout_s=BUSY_TIMEOUT_S),
            counter=counter,
            store=SpoolFolder(folder / "spool"),
            processes=LinuxProcesses(),
            journal=JournalFolder(folder / "journal"),
            devices=DeviceGate(),
            settings=lambda: self.settings,
            device_uri_of=lambda _, shown: shown,
            clock=clock,
            monotonic=time.monotonic,
            spooler_host="server",
            own_names=OWN_NAMES,
            checkpoint=self._checkpoint,
        )
        self.catalogue.write("root", "start", lambda books: self._furnish(books, limit))

    def _furnish(self, books: CatalogueTransaction, limit: int) -> None:
        books.add_printers(["hp", "hp2"])
        price = PrinterChange(price_per_impression=micros(Decimal("0.05")))
        books.change_printers([printer.printer_id for printer in books.printers()], price)
        books.add_users(["anna"])
        anna = [user.user_id for user in books.users()]
        books.change_users(anna, OwnerChange(limitby=LimitBy.QUOTA))
        books.book_payments(anna, Figure(micros(Decimal(10))), "start")
        entries = books.ensure_entries(EntrySelection(OwnerKind.USER, None, None))
        books.change_entries(entries, EntryChange(soft_limit=limit, hard_limit=limit))

    def _checkpoint(self, command: Command, _attempt: Attempt) -> None:
        if command in self.lock_at:
            self.lock_database()
        if command is self.die_at:
            raise DaemonDied

    # --- the database

    def lock_database(self) -> None:
        """Another program writes and does not end: no write of ours gets through."""
        if self._lock is None:
            self._lock = sqlite3.connect(self.folder / "pagetoll.db", isolation_level=None, check_same_thread=False)
            self._lock.execute("BEGIN IMMEDIATE")

    def unlock_database(self) -> None:
        self.lock_at = set()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    # --- settings and books

    def queue(self, **options: object) -> None:
        self.settings = replace(self.settings, defaults=replace(QueueSettings(), **options))  # type: ignore[arg-type]

    @property
    def posted(self) -> int:
        """Pages that anna was charged, on all printers."""
        return sum(row.page_counter for row in self._entries())

    @property
    def reserved(self) -> int:
        return sum(row.reserved for row in self._entries())

    @property
    def balance(self) -> Decimal:
        (anna,) = self.catalogue.users()
        return Decimal(anna.balance).scaleb(-6)

    def _entries(self):  # type: ignore[no-untyped-def]
        return self.catalogue.entries(EntrySelection(OwnerKind.USER, None, None))

    def records(self) -> list[AttemptRecord]:
        """All attempts, the oldest first."""
        return list(self.services.ledger.history(newest_first=False))

    @property
    def record(self) -> AttemptRecord:
        """The only attempt."""
        (record,) = self.records()
        return record

    def notes(self) -> str:
        return "\n".join(f"{n.code}: {n.text}" for n in self.services.ledger.notes(self.record.attempt_id))

    def upkeep(self) -> UpkeepReport:
        return run_upkeep(self.services)

    def journal_names(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "journal").iterdir())

    def spool_names(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "spool").iterdir())

    def audit(self) -> list[str]:
        return [str(difference) for difference in self.services.ledger.audit()]

    # --- jobs

    def job(
        self,
        *,
        job_id: int = 0,
        user: str = "anna",
        queue: str = "hp",
        uri: str = "socket://printer:9100",
        file: bool = False,
        copies: int = 1,
        options: str = "",
        process: tuple[int, int] | None = None,
        variables: dict[str, str] | None = None,
    ) -> frames.Job:
        number = next(self._numbers)
        environment = {"PRINTER": queue, "DEVICE_URI": f"cupspykota:{uri}"} | (variables or {})
        words = f"time-at-creation=1770000000 {options}".strip()
        arguments = ["cupspykota", str(job_id or number), user, "letter", str(copies), words]
        pid, ticks = process or (os.getpid(), start_time(os.getpid()))
        return frames.Job(
            nonce=f"{number:032x}",
            pid=pid,
            start_time_ticks=ticks,
            arguments=tuple(a.encode() for a in arguments + ["/spool/d1"] * file),
            environment=tuple((name.encode(), value.encode()) for name, value in environment.items()),
        )

    def hand_in(self, job: frames.Job, document: int | bytes) -> "Caller":
        """A thin client with a job; `document` as octets or as an open descriptor, which is taken over."""
        caller = Caller(self, job, self._open(document))
        self._callers.append(caller)
        return caller

    def _open(self, document: int | bytes) -> int:
        if isinstance(document, int):
            return document
        path = self.folder / f"document-{next(self._numbers)}"
        path.write_bytes(document)
        return os.open(path, os.O_RDONLY)

    def print(self, document: int | bytes, backend: str = "cat", **job: object) -> "Caller":
        """A job from its arrival to its end, with a shell command as the device backend."""
        caller = self.hand_in(self.job(**job), document)  # type: ignore[arg-type]
        caller.print(backend)
        return caller

    def close(self) -> None:
        self.unlock_database()
        for caller in self._callers:
            caller.tidy()
        self.services.ledger.close()


class Caller:
    """A thin client at work; the daemon's side runs in a thread."""

    def __init__(self, shop: Shop, job: frames.Job, document: int) -> None:
        self.shop, self.job = shop, job
        self.said: list[str] = []
        self.status: int | None = None
        self.failure = ""
        self.input = document  # what the backend gets as its standard input
        self.life, self.errors = (-1, -1), (-1, -1)
        self.backend: subprocess.Popen[bytes] | None = None
        self.daemon_died = False
        self._connect()
        self.send(job, document)

    # --- the daemon's side

    def _connect(self) -> None:
        theirs, self._link = socket.socketpair()
        self._link.settimeout(PATIENCE_S)
        self._reader = frames.FrameReader()
        self._arrived: list[Message] = []
        self.descriptors: list[int] = []
        self._thread = threading.Thread(target=self._serve, args=(theirs,), daemon=True)
        self._thread.start()

    def _serve(self, connection: socket.socket) -> None:
        session = Session(connection)
        try:
            message, descriptors = session.receive(PATIENCE_S) or (None, ())
            job = message.job if isinstance(message, frames.Adopt) else message
            assert isinstance(job, frames.Job)
            arrival = Arrival(
                nonce=job.nonce,
                client_pid=job.pid,
                client_start_time=job.start_time_ticks,
                client_uid=session.peer_uid,
                arguments=job.arguments,
                variables={name.decode(): value for name, value in job.environment},
                document_fd=descriptors[0],
            )
            adoption = _adoption(message) if isinstance(message, frames.Adopt) else None
            attempt = attempt_of(self.shop.services, arrival, session, adoption)
            if adoption is not None:
                attempt.life_fd, attempt.backend_stderr_fd = descriptors[1:]
                for descriptor in descriptors[1:]:
                    os.set_blocking(descriptor, False)
            run(self.shop.services, attempt)
        except DaemonDied:
            self.daemon_died = True
        finally:
            session.close()

    # --- frames

    def send(self, message: Message, *descriptors: int) -> None:
        socket.send_fds(self._link, [frames.encode(message)], list(descriptors))

    def hear(self) -> Message | None:
        """The next frame that is no word for the spooler; None when the daemon closed the connection."""
        while True:
            while self._arrived:
                message = self._arrived.pop(0)
                if not isinstance(message, frames.Say):
                    return message
                self.said.append(message.line.decode())
            data, descriptors, _, _ = socket.recv_fds(self._link, 65536, 8)
            self.descriptors += descriptors
            if not data:
                return None
            self._arrived += self._reader.feed(data)

    def expect(self, kind: type[Message]) -> Message:
        message = self.hear()
        assert isinstance(message, kind), (message, self.said)
        return message

    def wait_for_word(self, begin: str) -> str:
        """Wait until the daemon has said a line that begins so."""
        while not (found := [line for line in self.said if line.startswith(begin)]):
            data, descriptors, _, _ = socket.recv_fds(self._link, 65536, 8)
            self.descriptors += descriptors
            assert data, self.said
            for message in self._reader.feed(data):
                if isinstance(message, frames.Say):
                    self.said.append(message.line.decode())
                else:
                    self._arrived.append(message)
        return found[0]

    # --- what a thin client does

    def get_ready(self) -> frames.Print:
        """Take the order to print and make both pipes."""
        order = self.expect(frames.Print)
        assert isinstance(order, frames.Print)
        if len(self.job.arguments) == 6:
            self.input = self.descriptors.pop(0)
        self.make_pipes()
        self.send(frames.Starting(), self.life[0], self.errors[0])
        self.expect(frames.Go)
        return order

    def make_pipes(self) -> None:
        self.life, self.errors = os.pipe(), os.pipe()

    def start(self, backend: str) -> None:
        """Fork the device backend, a shell command, and say so."""
        self.backend = subprocess.Popen(
            ["/bin/bash", "-c", LIFE + backend],
            stdin=self.input,
            stdout=subprocess.DEVNULL,
            stderr=self.errors[1],
            pass_fds=(self.life[1],),
            env={"LIFE": str(self.life[1]), "PATH": "/usr/bin:/bin"},
            start_new_session=True,
        )
        self.close_writing_ends()
        with contextlib.suppress(OSError):
            self.send(
                frames.Started(backend_pid=self.backend.pid, backend_start_time_ticks=start_time(self.backend.pid))
            )

    def backend_says(self) -> bytes:
        """What the backend writes to its stderr next."""
        poller = select.poll()
        poller.register(self.errors[0], select.POLLIN)
        assert poller.poll(PATIENCE_S * 1000), "the backend says nothing"
        return os.read(self.errors[0], 4096)

    def close_writing_ends(self) -> None:
        os.close(self.life[1])
        os.close(self.errors[1])

    def begin(self, backend: str) -> None:
        self.get_ready()
        self.start(backend)

    def end(self, *, canceled: bool = False) -> None:
        """Wait for the backend, report its page lines and its end, and take the daemon's last word."""
        assert self.backend is not None
        code = self.backend.wait(PATIENCE_S)
        with os.fdopen(os.dup(self.errors[0]), "rb") as lines:
            for line in lines.read().splitlines():
                if line.startswith(b"PAGE:"):
                    self.send(frames.Line(line=line))
        self.send(frames.Ended(status=max(code, 0) or int(code < 0), canceled=canceled, signal_number=max(-code, 0)))
        self.conclude()

    def conclude(self) -> None:
        """Take the last word: a status, or that the daemon cannot work."""
        message = self.hear()
        if isinstance(message, frames.Failed):
            self.failure = message.sentence.decode()
        else:
            assert isinstance(message, frames.Exit), (message, self.said)
            self.status = message.status
        self.join()

    def print(self, backend: str = "cat") -> None:
        """All of it; a job that is not to be printed ends with its status."""
        message = self.hear()
        if isinstance(message, frames.Print):
            self._arrived.insert(0, message)
            self.begin(backend)
            self.end()
            return
        assert message is not None, self.said
        self._arrived.insert(0, message)
        self.conclude()

    def leave(self) -> None:
        """Die: the connection and what else was open close; a backend goes on."""
        self._link.close()
        for descriptor in {self.life[0], self.errors[0]} - {-1}:
            os.close(descriptor)
        self.life, self.errors = (-1, -1), (-1, -1)

    def tidy(self) -> None:
        """End whatever a test left."""
        self.leave()
        if self.backend is not None and self.backend.poll() is None:
            os.killpg(self.backend.pid, signal.SIGKILL)
            self.backend.wait()
        self.join()

    def join(self) -> None:
        """Wait until the daemon is done with this job."""
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive(), f"the daemon does not end; it said {self.said}"

    def adopt(self, stage: frames.Stage) -> None:
        """Come back to the next daemon with the backend that the first one knew."""
        assert self.backend is not None
        code = self.backend.wait(PATIENCE_S) if stage == "ended" else 0
        ticks = start_time(self.backend.pid) if stage == "printing" else 1
        self._link.close()
        self.daemon_died = False
        self._connect()
        self.send(
            frames.Adopt(
                stage=stage,
                backend_pid=self.backend.pid,
                backend_start_time_ticks=ticks,
                status=max(code, 0),
                canceled=False,
                job=self.job,
            ),
            self.input,
            self.life[0],
            self.errors[0],
        )


def _adoption(message: frames.Adopt) -> Adoption:
    ended = message.stage == "ended"
    return Adoption(
        ended=ended,
        backend_pid=message.backend_pid,
        backend_start_time=message.backend_start_time_ticks,
        backend_status=message.status if ended else None,
        canceled=message.canceled,
    )


def pages(count: int) -> bytes:
    """A straight-line PostScript document."""
    page = "/Helvetica findfont 12 scalefont setfont 72 720 moveto (page {}) show showpage\n"
    return ("%!PS\n" + "".join(page.format(number) for number in range(1, count + 1))).encode()


def page_end(count: int) -> int:
    """The octet after the first `count` pages."""
    return len(pages(count))


@contextlib.contextmanager
def open_pipe() -> Iterator[tuple[int, int]]:
    """Both ends of a pipe that does not end by itself; the writing end is closed afterwards."""
    reading, writing = os.pipe()
    try:
        yield reading, writing
    finally:
        with contextlib.suppress(OSError):
            os.close(writing)

# SPDX-License-Identifier: Apache-2.0
"""A print shop in one process: the real services on a ledger of their own, for the thin clients of thin_caller."""

import contextlib
import itertools
import os
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from app.thin_caller import Caller, DaemonDied, start_time
from pagetoll.accounters.software.counter import SoftwareCounter
from pagetoll.app.printing.attempt import Attempt, Services
from pagetoll.app.printing.devices import DeviceGate
from pagetoll.app.printing.notice_queue import NoticeQueue
from pagetoll.app.upkeep import UpkeepReport, run_upkeep
from pagetoll.config.home import Home
from pagetoll.config.options import QueueSettings, Settings
from pagetoll.core.catalogue import EntryChange, EntrySelection, Figure, OwnerChange, PrinterChange
from pagetoll.core.lifecycle import Command
from pagetoll.core.mail_to import MailTo, Recipients
from pagetoll.core.money import micros
from pagetoll.core.policy import LimitBy, OwnerKind
from pagetoll.frontends.daemon.services import DaemonTeller, directories_of
from pagetoll.frontends.python_hook import child_words
from pagetoll.integrations.processes import LinuxProcesses
from pagetoll.integrations.site_commands import SiteCommandRunner
from pagetoll.integrations.tea_hooks import TeaHookFiles
from pagetoll.plugins import open_catalogue, open_ledger, upgrade_schema
from pagetoll.ports import AttemptRecord, CatalogueTransaction
from pagetoll.storage.journal_folder import JournalFolder
from pagetoll.storage.spool_folder import SpoolFolder
from pagetoll.wire import frames

#: How long the ledger is waited for where a test keeps it locked, and where others only write.
LOCKED_TIMEOUT_S, BUSY_TIMEOUT_S = 0.2, 60.0
#: Nobody is told anything, unless a test wants it.
QUIET = QueueSettings(mailto=MailTo(Recipients.NOBODY))


class Shop:
    """Printer `hp` at 0.05 a page, user `anna` with 10 credits and an entry of `limit` pages."""

    def __init__(
        self, folder: Path, counter: SoftwareCounter, *, limit: int = 10, busy_timeout_s: float = BUSY_TIMEOUT_S
    ) -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder}/pagetoll.db"
        for name in ("spool", "journal"):
            (folder / name).mkdir()
        upgrade_schema(self.url)
        clock = lambda: datetime.now(UTC)  # noqa: E731
        self.catalogue = open_catalogue(self.url, clock=clock)
        self.settings = Settings(defaults=QUIET)
        self.die_at: Command | None = None
        self.lock_at: set[Command] = set()
        self._lock: sqlite3.Connection | None = None
        self._numbers = itertools.count(1)
        self._callers: list[Caller] = []
        ledger = open_ledger(self.url, clock=clock, busy_timeout_s=busy_timeout_s)
        self.notices = NoticeQueue(ledger, clock, DaemonTeller)
        self.services = Services(
            ledger=ledger,
            counter=counter,
            store=SpoolFolder(folder / "spool", lambda: directories_of(self.settings)),
            processes=LinuxProcesses(),
            journal=JournalFolder(folder / "journal"),
            devices=DeviceGate(),
            commands=SiteCommandRunner(),
            notices=self.notices,
            tea_hooks=TeaHookFiles(folder / "spool", child_words(Home.at(folder))),
            settings=lambda: self.settings,
            device_uri_of=lambda _, shown: shown,
            clock=clock,
            monotonic=time.monotonic,
            spooler_host="server",
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
        self.settings = replace(self.settings, defaults=replace(QUIET, **options))  # type: ignore[arg-type]

    def limits(self, *, soft: int, hard: int) -> None:
        """New limits of all entries."""
        change = EntryChange(soft_limit=soft, hard_limit=hard)
        every = EntrySelection(OwnerKind.USER, None, None)
        self.catalogue.write("root", "limits", lambda books: books.change_entries(every, change))

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

    def hand_in(self, job: frames.Job, document: int | bytes) -> Caller:
        """A thin client with a job; `document` as octets or as an open descriptor, which is taken over."""
        caller = Caller(self.services, job, self._open(document))
        self._callers.append(caller)
        return caller

    def _open(self, document: int | bytes) -> int:
        if isinstance(document, int):
            return document
        path = self.folder / f"document-{next(self._numbers)}"
        path.write_bytes(document)
        return os.open(path, os.O_RDONLY)

    def print(self, document: int | bytes, backend: str = "cat", **job: object) -> Caller:
        """A job from its arrival to its end, with a shell command as the device backend."""
        caller = self.hand_in(self.job(**job), document)  # type: ignore[arg-type]
        caller.print(backend)
        return caller

    def close(self) -> None:
        self.unlock_database()
        for caller in self._callers:
            caller.tidy()
        self.services.ledger.close()


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

# SPDX-License-Identifier: Apache-2.0
"""The engine of a laboratory printer: a raw port that counts what it is sent and marks it, one impression after the
other, with the habits and accidents of real ones; and what its SNMP agent, its PJL port and its display show of that.
"""

import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from pagetoll.integrations.printlab.running import Running
from pagetoll.wire import printer_mib as mib
from pagetoll.wire.pjl_answers import UEL
from pagetoll.wire.snmp import Kind, Oid, Value

_POLL_S = 0.05
_USTATUS = re.compile(rb"@PJL USTATUS (DEVICE|JOB|PAGE) ?= ?(ON|OFF)")
_PAGE = re.compile(rb"\bshowpage\b")
DOCUMENT_OCTETS_MAX = 1 << 26


@dataclass(frozen=True, slots=True)
class EngineHabits:
    """How it works. `impression_s` is the time for one side, `warm_up_s` before the first.

    Its counter: shown `late_counter_s` behind the paper, `stands_still`, goes up by `jumps_by` more at each job's
    end, `counts_sheets` of two sides, starts again at `wraps_at`, is `stored_in_steps` of which the rest is lost with
    power. `markers` spreads the marks in turn over so many counters. `idle_while_printing` lies about it.

    `jams_after` and `out_of_paper_after` are impressions after which it stops until `clear`, `power_lost_after` those
    after which it is off until `switch_on`: what it held in its memory is lost then. `refuses_second` closes a second
    connection at once instead of leaving it unanswered. `sleeps_as_other`: idle is said as other.

    `answers_while_printing`: it takes other connections meanwhile. `waits_for_listener`: what it says by
    itself of pages and jobs (PJL's USTATUS) it says only when somebody is connected who has switched that on."""

    impression_s: float = 0.02
    warm_up_s: float = 0.0
    late_counter_s: float = 0.0
    stands_still: bool = False
    jumps_by: int = 0
    counts_sheets: bool = False
    wraps_at: int = 0
    stored_in_steps: int = 1
    markers: int = 1
    idle_while_printing: bool = False
    jams_after: int | None = None
    out_of_paper_after: int | None = None
    power_lost_after: int | None = None
    refuses_second: bool = False
    sleeps_as_other: bool = False
    answers_while_printing: bool = False
    waits_for_listener: bool = False


class PrintEngine(Running):
    """Listens on `address:port` (port 0: a free one) until `stop`. `marked` is the truth: sides that came out."""

    def __init__(
        self,
        *,
        address: str = "127.0.0.1",
        port: int = 0,
        life_count: int = 1000,
        habits: EngineHabits | None = None,
        answers_pjl: bool = False,
    ) -> None:
        self.habits = habits or EngineHabits()
        self.marked = 0
        self._first_count = life_count
        self._lost = 0  # marks that the counter has forgotten
        self._extra = 0
        self._reset_by = 0
        self._shown: list[tuple[float, int]] = [(0.0, 0)]  # when how many marks are shown
        self.status = mib.PrinterStatus.IDLE
        self.error_bits = 0
        self.code = 10001
        self.powered = True
        self.pjl_model = b"LABORATORY PRINTER"
        self.pjl_before = b""  # what it says first to whoever asks
        self.silent_to_others = False  # whoever asks while it prints is sent away without a word
        self.unasked: set[str] = set()  # which USTATUS messages are on; they go to whoever is connected
        self.unasked_ever: set[str] = set()
        self._talks: set[socket.socket] = set()
        self._saying = threading.Lock()
        self._answers_pjl = answers_pjl
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._cleared = threading.Event()
        self._accident_over = False
        self._threads: list[threading.Thread] = []
        self._busy = threading.Lock()
        self._listener = socket.create_server((address, port), backlog=64)
        self._listener.settimeout(_POLL_S)
        self.address: str
        self.port: int
        self.address, self.port = self._listener.getsockname()[:2]

    @property
    def device_uri(self) -> str:
        return f"socket://{self.address}:{self.port}"

    def start(self) -> None:
        self._spawn(self._accept)

    def stop(self) -> None:
        self._stopping.set()
        self._cleared.set()
        for thread in list(self._threads):
            thread.join(10.0)
        self._listener.close()

    def clear(self) -> None:
        """Somebody takes the jammed sheet out, or fills in paper."""
        self._cleared.set()

    def switch_on(self) -> None:
        """Power comes back: the counter is what was stored."""
        steps = self.habits.stored_in_steps
        count = self._first_count + self.marked - self._lost
        self._lost += count % steps
        self.powered, self.status, self.code = True, mib.PrinterStatus.IDLE, 10001

    def forget_counter(self) -> None:
        """A technician replaces the board: the counter starts again from nothing."""
        self._reset_by = self._first_count + self.marked - self._lost + self._extra

    @property
    def life_count(self) -> int:
        """What the counter shows now."""
        now_s = time.monotonic()
        shown = max(count for at_s, count in self._shown if at_s <= now_s)
        marked = 0 if self.habits.stands_still else shown
        marked = -(-marked // 2) if self.habits.counts_sheets else marked
        count = max(self._first_count + marked - self._lost + self._extra - self._reset_by, 0)
        return count % self.habits.wraps_at if self.habits.wraps_at else count

    def objects(
        self, model: str = "Laboratory printer", serial: str = "LAB1"
    ) -> dict[Oid, Callable[[], Value | None]]:
        """What an SNMP agent of this printer shows; each is called when it is asked for. None: it is switched off."""
        unit = mib.CounterUnit.SHEETS if self.habits.counts_sheets else mib.CounterUnit.IMPRESSIONS
        markers = self.habits.markers
        table: dict[Oid, Callable[[], Value | None]] = {
            mib.SYS_DESCR: lambda: Value(Kind.OCTET_STRING, model.encode()),
            (*mib.HR_DEVICE_DESCR, 1): lambda: Value(Kind.OCTET_STRING, model.encode()),
            (*mib.PRT_GENERAL_SERIAL_NUMBER, 1): lambda: Value(Kind.OCTET_STRING, serial.encode()),
            (*mib.HR_DEVICE_STATUS, 1): lambda: Value(Kind.INTEGER, 5 if self.error_bits else 2),
            (*mib.HR_PRINTER_STATUS, 1): lambda: Value(Kind.INTEGER, int(self._shown_status())),
            (*mib.HR_PRINTER_DETECTED_ERROR_STATE, 1): lambda: Value(
                Kind.OCTET_STRING, self.error_bits.to_bytes(2, "big")
            ),
        }
        for number in range(markers):
            table[*mib.PRT_MARKER_COUNTER_UNIT, 1, number + 1] = lambda: Value(Kind.INTEGER, int(unit))
            table[*mib.PRT_MARKER_LIFE_COUNT, 1, number + 1] = lambda number=number: Value(  # type: ignore[misc]
                Kind.COUNTER32, (self.life_count + markers - 1 - number) // markers
            )
        return table

    def _shown_status(self) -> mib.PrinterStatus:
        if self.status in (mib.PrinterStatus.PRINTING, mib.PrinterStatus.WARMUP) and self.habits.idle_while_printing:
            return mib.PrinterStatus.IDLE
        if self.status is mib.PrinterStatus.IDLE and self.habits.sleeps_as_other:
            return mib.PrinterStatus.OTHER
        return self.status

    # --- the raw port ----------------------------------------------------------------------------------------

    def _spawn(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                talk, _ = self._listener.accept()
            except OSError:
                continue
            refuses = self.habits.refuses_second or self.silent_to_others
            if not self.powered or (refuses and self.code == 10023):
                talk.close()
                continue
            self._spawn(self._serve, talk)

    def _serve(self, talk: socket.socket) -> None:
        """One connection after the other: the second waits until the first has been printed."""
        if self.habits.answers_while_printing:
            with talk:
                document = self._receive(talk)
            with self._busy:
                self._print(len(_PAGE.findall(document)))
            return
        with talk:
            while not self._busy.acquire(timeout=_POLL_S):
                if self._stopping.is_set():
                    return
            try:
                document = self._receive(talk)
                self._print(len(_PAGE.findall(document)))
            finally:
                self._busy.release()

    def _receive(self, talk: socket.socket) -> bytes:
        with self._saying:
            self._talks.add(talk)
        try:
            return self._hear(talk)
        finally:
            with self._saying:
                self._talks.discard(talk)

    def _hear(self, talk: socket.socket) -> bytes:
        talk.settimeout(_POLL_S)
        heard = bytearray()
        answered = 0
        while not self._stopping.is_set() and self.powered and len(heard) < DOCUMENT_OCTETS_MAX:
            try:
                octets = talk.recv(1 << 16)
            except TimeoutError:
                continue
            except OSError:
                break
            if not octets:
                break
            heard += octets
            if self._answers_pjl and len(heard) < 4096:
                if not answered:
                    talk.sendall(self.pjl_before)
                *lines, _rest = bytes(heard).split(b"\n")
                for line in lines[answered:]:
                    with contextlib.suppress(OSError), self._saying:
                        talk.sendall(self._answer(line.replace(UEL, b"").strip()))
                answered = len(lines)
        return bytes(heard)

    def _say(self, kind: str, *lines: str) -> None:
        """Say something unasked to whoever is connected; with `waits_for_listener` as soon as there is somebody."""
        while not self._is_said(kind, *lines) and self.habits.waits_for_listener:
            if self._stopping.wait(_POLL_S / 10):
                return

    def _is_said(self, kind: str, *lines: str) -> bool:
        with self._saying:
            if kind not in self.unasked or not self._talks:
                return False
            told = "".join(f"{line}\r\n" for line in (f"@PJL USTATUS {kind}", *lines)).encode() + b"\x0c"
            for talk in self._talks:
                with contextlib.suppress(OSError):
                    talk.sendall(told)
            return True

    def _answer(self, line: bytes) -> bytes:
        if found := _USTATUS.fullmatch(line):
            kind, switch = found[1].decode(), found[2] == b"ON"
            self.unasked = self.unasked | {kind} if switch else self.unasked - {kind}
            self.unasked_ever |= self.unasked
            return b""
        if line.startswith(b"@PJL ECHO "):
            return line + b"\r\n\x0c"
        if line == b"@PJL INFO ID":
            return b'%s\r\n"%s"\r\n\x0c' % (line, self.pjl_model)
        if line == b"@PJL INFO STATUS":
            lies = self.habits.idle_while_printing and self.code in (10003, 10023)
            code = 10001 if lies else self.code
            return b'%s\r\nCODE=%d\r\nDISPLAY="LAB"\r\nONLINE=TRUE\r\n\x0c' % (line, code)
        if line == b"@PJL INFO PAGECOUNT":
            return b"%s\r\n%d\r\n\x0c" % (line, self.life_count)
        return b""

    # --- the engine ------------------------------------------------------------------------------------------

    def _print(self, impressions: int) -> None:
        if not impressions:
            return
        if self.habits.warm_up_s:
            self.status, self.code = mib.PrinterStatus.WARMUP, 10003
            self._stopping.wait(self.habits.warm_up_s)
        for number in range(impressions):
            self.status, self.code = mib.PrinterStatus.PRINTING, 10023
            if self._stopping.wait(self.habits.impression_s) or not self._ready_for(number):
                break
            self._say("PAGE", str(number + 1))
            self.marked += 1
            self._shown.append((time.monotonic() + self.habits.late_counter_s, self.marked))
        else:
            self._say("JOB", "END", 'NAME="LAB"', f"PAGES={impressions}")
            self._extra += self.habits.jumps_by
        if self.powered:
            self.status, self.code = mib.PrinterStatus.IDLE, 10001

    def _ready_for(self, number: int) -> bool:
        """Whether the next side can be marked; accidents happen once."""
        if self._accident_over:
            return True
        if number == self.habits.power_lost_after:
            self._accident_over = True
            self.powered, self.status = False, mib.PrinterStatus.OTHER
            return False
        for at, bit, code in (
            (self.habits.jams_after, 0x0400, 42010),
            (self.habits.out_of_paper_after, 0x4000, 41021),
        ):
            if number == at:
                self._accident_over = True
                self.error_bits, self.status, self.code = bit, mib.PrinterStatus.OTHER, code
                while not self._cleared.wait(_POLL_S):
                    if self._stopping.is_set():
                        return False
                self.error_bits, self.status, self.code = 0, mib.PrinterStatus.PRINTING, 10023
        return True

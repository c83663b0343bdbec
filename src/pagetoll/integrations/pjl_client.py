# SPDX-License-Identifier: Apache-2.0
"""Asking a printer for its state and counter in PJL over TCP.

The printer may be busy with another connection, answer slowly, answer somebody else's question first, or never end:
one limit of time holds for connecting, one for the whole answer, and what is heard is bounded.

A connection may be kept for a while to hear what the printer says unasked. That is switched off again before the
connection is given up, whatever happened, since on many printers it would go into the next one's.
"""

import contextlib
import secrets
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pagetoll.core.errors import DeviceError, DeviceRefused, DeviceTimeout, DeviceUnreachable
from pagetoll.core.messages import _
from pagetoll.wire import pjl_answers
from pagetoll.wire.pjl_answers import PrinterState

PORT = 9100
CONNECT_TIMEOUT_S = 1.0
ANSWER_TIMEOUT_S = 5.0
#: A printer that does not know ECHO has said all when it says nothing more for this long.
QUIET_S = 1.0
#: How long one connection is kept to hear more: others may want to print.
LISTEN_MOST_S = 5.0
#: How long a printer may take to close its side, so that it has read what we said last.
LINGER_S = 2.0
_CHUNK_OCTETS = 4096


@dataclass(frozen=True, slots=True)
class PjlPrinter:
    """Whom to ask and how long to wait, in seconds; `ustatus`: whether unasked messages may be switched on."""

    host: str
    port: int = PORT
    connect_timeout_s: float = CONNECT_TIMEOUT_S
    answer_timeout_s: float = ANSWER_TIMEOUT_S
    ustatus: bool = True


def ask(printer: PjlPrinter) -> PrinterState:
    """What the printer says of itself.

    Raises DeviceUnreachable when nobody takes the connection, DeviceTimeout when nothing that can be understood came
    in time, DeviceRefused when the printer closed the connection without it.
    """
    talk = Conversation(printer, ())
    try:
        return talk.ask()
    finally:
        talk.close()


class Conversation:
    """One connection to a printer: a question, its answer, and what it says unasked until `close`."""

    def __init__(self, printer: PjlPrinter, unasked: Sequence[str]) -> None:
        """Connects. `unasked` are the kinds of USTATUS messages that are switched on. Raises DeviceUnreachable."""
        self._printer, self._unasked = printer, unasked
        self._token = secrets.token_hex(4)
        self._heard = bytearray()
        self._closed = False  # by the printer
        self._listen_until_s: float | None = None
        try:
            self._talk = socket.create_connection((printer.host, printer.port), printer.connect_timeout_s)
        except (OSError, UnicodeError) as error:
            why = (error.strerror if isinstance(error, OSError) else None) or str(error)
            raise DeviceUnreachable(
                _("{host} port {port} cannot be asked by PJL: {why}; is it switched on, is it busy?").format(
                    host=printer.host, port=printer.port, why=why
                )
            ) from error

    @property
    def _over(self) -> bool:
        """Whether nothing more is heard: the printer has closed the connection, or said too much."""
        return self._closed or len(self._heard) >= pjl_answers.ANSWER_OCTETS_MAX

    @property
    def state(self) -> PrinterState:
        """What was said until now."""
        return pjl_answers.read_state(bytes(self._heard), self._token)

    def ask(self) -> PrinterState:
        """The answer. Raises DeviceTimeout, DeviceRefused."""
        self._exchange(time.monotonic() + self._printer.answer_timeout_s)
        state = self.state
        if (state.code is not None and not state.unasked) or state.marker_life_count is not None:
            return state
        if self._closed:
            raise DeviceRefused(
                _("{host} port {port} closed the connection without an answer in PJL; does it know PJL?").format(
                    host=self._printer.host, port=self._printer.port
                )
            )
        raise DeviceTimeout(
            _("{host} port {port} did not answer in PJL within {seconds:g} s; is it busy, does it know PJL?").format(
                host=self._printer.host, port=self._printer.port, seconds=self._printer.answer_timeout_s
            )
        )

    def listen(self, seconds: float) -> bool:
        """Hear what it says for so long. False where there is nothing more to hear: the time may go by elsewhere."""
        now_s = time.monotonic()
        self._listen_until_s = self._listen_until_s or now_s + LISTEN_MOST_S
        if self._over or now_s >= self._listen_until_s:
            return False
        until_s = now_s + seconds
        while not self._over and (left_s := until_s - time.monotonic()) > 0:
            self._receive(left_s)
        return True

    def close(self) -> PrinterState:
        """Switch off what was switched on, and leave; what was said in all. Raises nothing.

        A connection that is closed while something unread lies in it is reset, and what was said last may be lost
        with it. So our side is closed first, and the printer is heard until it closes its own.
        """
        with self._talk, contextlib.suppress(OSError):
            if self._unasked:
                self._talk.settimeout(LINGER_S)
                self._talk.sendall(pjl_answers.silence(self._unasked))
                self._talk.shutdown(socket.SHUT_WR)
                until_s = time.monotonic() + LINGER_S
                while not self._over and (left_s := until_s - time.monotonic()) > 0:
                    self._receive(left_s)
        return self.state

    def _exchange(self, until_s: float) -> None:
        """Ask, and hear the answer to its end, as far as it has one in time."""
        said_all = False
        try:
            self._talk.settimeout(max(until_s - time.monotonic(), 0.001))
            self._talk.sendall(pjl_answers.query(self._token, self._unasked))
        except TimeoutError:
            return
        except OSError:
            self._closed = True
        while not self._over and (left_s := until_s - time.monotonic()) > 0:
            octets = self._receive(min(left_s, QUIET_S) if said_all else left_s)
            if not octets or pjl_answers.is_complete(bytes(self._heard), self._token):
                return
            if pjl_answers.BLOCK_END in octets:
                state = self.state
                said_all = state.code is not None and state.marker_life_count is not None

    def _receive(self, timeout_s: float) -> bytes:
        """What comes within that time; nothing where nothing does."""
        try:
            self._talk.settimeout(timeout_s)
            octets = self._talk.recv(_CHUNK_OCTETS)
        except TimeoutError:
            return b""
        except OSError:
            octets = b""
        self._heard += octets
        self._closed = not octets
        return octets


class PrinterQuestions:
    """One printer to be asked again and again, as meters do."""

    def __init__(self, printer: PjlPrinter) -> None:
        self._printer = printer
        self._talk: Conversation | None = None
        self._under_way: bool | None = None  # as it was heard since the last answer

    @property
    def host(self) -> str:
        return self._printer.host

    @property
    def address(self) -> str:
        """The address that its name leads to. Raises DeviceUnreachable."""
        try:
            found = socket.getaddrinfo(self._printer.host, self._printer.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            said = _("{host} has no address: {why}; check the device URI")
            raise DeviceUnreachable(said.format(host=self._printer.host, why=error)) from error
        return str(found[0][4][0])

    def ask(self, answer_timeout_s: float, unasked: Sequence[str] = ()) -> PrinterState:
        """See the module's `ask`; 0 for the usual time. With `unasked` messages the connection is kept for `listen`;
        the next answer tells what they said meanwhile, too."""
        self.hang_up()
        patient = replace(self._printer, answer_timeout_s=answer_timeout_s or self._printer.answer_timeout_s)
        talk = self._talk = Conversation(patient, unasked if self._printer.ustatus else ())
        try:
            state = talk.ask()
        except DeviceError:
            self.hang_up()
            raise
        before, self._under_way = self._under_way, None
        if not self._printer.ustatus or not unasked:
            self.hang_up()
        return state if state.under_way is not None else replace(state, under_way=before)

    def listen(self, seconds: float) -> None:
        """Let time go by, and hear what the printer says meanwhile."""
        if self._talk is None or not self._talk.listen(seconds):
            self.hang_up()
            time.sleep(seconds)

    def hang_up(self) -> None:
        """Have the printer say nothing more unasked, and leave it to others."""
        if self._talk is not None:
            talk, self._talk = self._talk, None
            told = talk.close().under_way
            self._under_way = self._under_way if told is None else told

# SPDX-License-Identifier: Apache-2.0
"""Asking a printer for its state and counter in PJL over TCP.

The printer may be busy with another connection, answer slowly, answer somebody else's question first, or never end:
one limit of time holds for connecting, one for the whole answer, and what is heard is bounded.
"""

import secrets
import socket
import time
from dataclasses import dataclass, replace

from pagetoll.core.errors import DeviceRefused, DeviceTimeout, DeviceUnreachable
from pagetoll.core.messages import _
from pagetoll.wire import pjl_answers
from pagetoll.wire.pjl_answers import PrinterState

PORT = 9100
CONNECT_TIMEOUT_S = 1.0
ANSWER_TIMEOUT_S = 5.0
#: A printer that does not know ECHO has said all when it says nothing more for this long.
QUIET_S = 1.0
_CHUNK_OCTETS = 4096


@dataclass(frozen=True, slots=True)
class PjlPrinter:
    """Whom to ask and how long to wait, in seconds."""

    host: str
    port: int = PORT
    connect_timeout_s: float = CONNECT_TIMEOUT_S
    answer_timeout_s: float = ANSWER_TIMEOUT_S


def ask(printer: PjlPrinter) -> PrinterState:
    """What the printer says of itself.

    Raises DeviceUnreachable when nobody takes the connection, DeviceTimeout when nothing that can be understood came
    in time, DeviceRefused when the printer closed the connection without it.
    """
    token = secrets.token_hex(4)
    try:
        talk = socket.create_connection((printer.host, printer.port), printer.connect_timeout_s)
    except (OSError, UnicodeError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise DeviceUnreachable(
            _("{host} port {port} cannot be asked by PJL: {why}; is it switched on, is it busy?").format(
                host=printer.host, port=printer.port, why=why
            )
        ) from error
    until_s = time.monotonic() + printer.answer_timeout_s
    with talk:
        heard, closed = _exchange(talk, token, until_s)
    state = pjl_answers.read_state(heard, token)
    if (state.code is not None and not state.unasked) or state.marker_life_count is not None:
        return state
    if closed:
        raise DeviceRefused(
            _("{host} port {port} closed the connection without an answer in PJL; does it know PJL?").format(
                host=printer.host, port=printer.port
            )
        )
    raise DeviceTimeout(
        _("{host} port {port} did not answer in PJL within {seconds:g} s; is it busy, does it know PJL?").format(
            host=printer.host, port=printer.port, seconds=printer.answer_timeout_s
        )
    )


def _exchange(talk: socket.socket, token: str, until_s: float) -> tuple[bytes, bool]:
    """What was heard up to the end of the answer, and whether the printer closed the connection."""
    heard = bytearray()
    said_all = False
    try:
        talk.settimeout(max(until_s - time.monotonic(), 0.001))
        talk.sendall(pjl_answers.query(token))
        while (left_s := until_s - time.monotonic()) > 0 and len(heard) < pjl_answers.ANSWER_OCTETS_MAX:
            talk.settimeout(min(left_s, QUIET_S) if said_all else left_s)
            octets = talk.recv(_CHUNK_OCTETS)
            if not octets:
                return bytes(heard), True
            heard += octets
            if pjl_answers.is_complete(bytes(heard), token):
                break
            if pjl_answers.BLOCK_END in octets:
                state = pjl_answers.read_state(bytes(heard), token)
                said_all = state.code is not None and state.marker_life_count is not None
    except TimeoutError:
        pass
    except OSError:
        return bytes(heard), True
    return bytes(heard), False


@dataclass(frozen=True, slots=True)
class PrinterQuestions:
    """One printer to be asked again and again, as meters do."""

    printer: PjlPrinter

    @property
    def host(self) -> str:
        return self.printer.host

    @property
    def address(self) -> str:
        """The address that its name leads to. Raises DeviceUnreachable."""
        try:
            found = socket.getaddrinfo(self.printer.host, self.printer.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            said = _("{host} has no address: {why}; check the device URI")
            raise DeviceUnreachable(said.format(host=self.printer.host, why=error)) from error
        return str(found[0][4][0])

    def ask(self, answer_timeout_s: float) -> PrinterState:
        """See `ask`; 0 for the usual time."""
        patient = replace(self.printer, answer_timeout_s=answer_timeout_s) if answer_timeout_s else self.printer
        return ask(patient)

# SPDX-License-Identifier: Apache-2.0
"""A printer that answers PJL questions on its raw port, with the habits of real ones."""

import socket
import threading
from dataclasses import dataclass

from pagetoll.integrations.printlab.running import Running
from pagetoll.wire.pjl_answers import UEL

_CHUNK_OCTETS = 4096
_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class PjlHabits:
    """How it answers: with `knows_echo` off, ECHO is passed over; `before` is said first; `equals` writes
    PAGECOUNT=N; `says` replaces every answer; `hangs_up` closes without one; `floods` talks without end."""

    knows_echo: bool = True
    before: bytes = b""
    equals: bool = False
    says: bytes | None = None
    hangs_up: bool = False
    floods: bool = False


class PjlPrinter(Running):
    """Listens on `address:port` (port 0: a free one) until `stop`; answers one connection after the other."""

    def __init__(
        self,
        *,
        marker_life_count: int = 0,
        code: int = 10001,
        address: str = "127.0.0.1",
        port: int = 0,
        habits: PjlHabits | None = None,
    ) -> None:
        self.marker_life_count = marker_life_count
        self.code = code
        self._habits = habits or PjlHabits()
        self._stopping = threading.Event()
        self._listener = socket.create_server((address, port))
        self._listener.settimeout(_POLL_S)
        self.address: str
        self.port: int
        self.address, self.port = self._listener.getsockname()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while not self._stopping.is_set():
            try:
                talk, _ = self._listener.accept()
            except TimeoutError:
                continue
            with talk:
                try:
                    self._converse(talk)
                except OSError:
                    continue

    def _converse(self, talk: socket.socket) -> None:
        if self._habits.hangs_up:
            return
        talk.settimeout(_POLL_S)
        heard = bytearray()
        talk.sendall(self._habits.before)
        while not self._stopping.is_set():
            try:
                octets = talk.recv(_CHUNK_OCTETS)
            except TimeoutError:
                continue
            if not octets:
                return
            heard += octets
            while self._habits.floods and not self._stopping.is_set():
                talk.sendall(b"@PJL USTATUS DEVICE\r\nCODE=10023\r\n\x0c" * 100)
            *lines, rest = bytes(heard).split(b"\n")
            heard[:] = rest
            for line in lines:
                talk.sendall(self._answer(line.replace(UEL, b"").strip()))

    def _answer(self, line: bytes) -> bytes:
        if self._habits.says is not None:
            return self._habits.says
        if line.startswith(b"@PJL ECHO ") and self._habits.knows_echo:
            return line + b"\r\n\x0c"
        if line == b"@PJL INFO STATUS":
            return b'%s\r\nCODE=%d\r\nDISPLAY="READY"\r\nONLINE=TRUE\r\n\x0c' % (line, self.code)
        if line == b"@PJL INFO PAGECOUNT":
            key = b"PAGECOUNT=" if self._habits.equals else b""
            return b"%s\r\n%s%d\r\n\x0c" % (line, key, self.marker_life_count)
        return b""

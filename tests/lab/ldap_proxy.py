# SPDX-License-Identifier: Apache-2.0
"""Stands between a program and a directory, and cuts the connection at a chosen request (RFC 4511 §5.1: messages are
BER sequences of the message's number and the operation)."""

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

#: Tags of the requests that change something: modify, add, delete.
WRITES = frozenset({0x66, 0x68, 0x4A})


@dataclass(slots=True)
class Cut:
    """What to do at the write request number `at`, from 1: close before it reaches the server, or after the server
    has answered and before the program hears of it. `for_good`: then nobody gets through any more. `then` is what
    happens elsewhere before the program notices."""

    at: int
    answered: bool = False
    for_good: bool = False
    then: Callable[[], object] = bool


@dataclass(slots=True)
class _Pair:
    client: socket.socket
    server: socket.socket
    silent_id: bytes = b""

    def close(self) -> None:
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@dataclass(slots=True)
class LdapProxy:
    """A context manager; `port` is where programs connect to. `writes` counts the write requests that came."""

    server_port: int
    cut: Cut | None = None
    writes: int = 0
    port: int = 0
    is_down: bool = False
    _listener: socket.socket = field(default_factory=socket.socket)
    _threads: list[threading.Thread] = field(default_factory=list)
    _pairs: list[_Pair] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> "LdapProxy":
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(64)
        self.port = self._listener.getsockname()[1]
        self._begin(self._accept)
        return self

    def __exit__(self, *_error: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.close_all()
        for thread in self._threads:
            thread.join(60)

    def close_all(self) -> None:
        """As when the server restarts."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            pair.close()

    def _begin(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            if self.is_down:
                client.close()
                continue
            pair = _Pair(client, socket.create_connection(("127.0.0.1", self.server_port)))
            for end in (pair.client, pair.server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._pairs.append(pair)
            self._begin(self._requests, pair)
            self._begin(self._answers, pair)

    def _requests(self, pair: _Pair) -> None:
        with contextlib.suppress(OSError):
            while message := _message(pair.client):
                number, tag = _head(message)
                if self._is_cut(tag):
                    assert self.cut is not None
                    self.is_down = self.is_down or self.cut.for_good
                    if not self.cut.answered:
                        self.cut.then()
                        break
                    pair.silent_id = number
                pair.server.sendall(message)
                if pair.silent_id:
                    return  # closed when it is answered
        pair.close()

    def _is_cut(self, tag: int) -> bool:
        if tag not in WRITES:
            return False
        with self._lock:
            self.writes += 1
            return self.cut is not None and self.writes == self.cut.at

    def _answers(self, pair: _Pair) -> None:
        with contextlib.suppress(OSError):
            while message := _message(pair.server):
                if pair.silent_id and _head(message)[0] == pair.silent_id:
                    assert self.cut is not None
                    self.cut.then()
                    break
                pair.client.sendall(message)
        pair.close()


def _message(connection: socket.socket) -> bytes:
    """One whole message, empty at the end."""
    head = _octets(connection, 2)
    if len(head) < 2:
        return b""
    length = head[1]
    if length & 0x80:
        more = _octets(connection, length & 0x7F)
        head += more
        length = int.from_bytes(more, "big")
    return head + _octets(connection, length)


def _octets(connection: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count and (piece := connection.recv(count - len(data))):
        data += piece
    return bytes(data)


def _head(message: bytes) -> tuple[bytes, int]:
    """The message's number, as it is written, and the operation's tag."""
    at = 2 + (message[1] & 0x7F if message[1] & 0x80 else 0)
    end = at + 2 + message[at + 1]
    return message[at:end], message[end]

# SPDX-License-Identifier: Apache-2.0
"""A raw printer ("port 9100"): a TCP listener that keeps the octets of each connection."""

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass

from pagetoll.core.errors import DeviceUnreachable
from pagetoll.integrations.printlab.processes import wait_until
from pagetoll.integrations.printlab.running import Running

CHUNK_OCTETS = 1 << 16


@dataclass(frozen=True, slots=True)
class RawJob:
    """One connection that has ended: its octets, and whether the sender ended it in order (no reset)."""

    document: bytes
    complete: bool


class RawSink(Running):
    """Listens on `address:port` (port 0: a free one) in threads of its own until `stop`.

    `octets_per_s` makes a slow printer that pushes back, `hold_open` one that does not close its side
    before `release` (the socket backend waits for that), `refuse` one that refuses every connection.
    """

    def __init__(
        self,
        address: str = "127.0.0.1",
        port: int = 0,
        *,
        octets_per_s: int | None = None,
        hold_open: bool = False,
        refuse: bool = False,
    ) -> None:
        self._octets_per_s = octets_per_s
        self._refuse = refuse
        self._may_close = threading.Event()
        if not hold_open:
            self._may_close.set()
        self._lock = threading.Lock()
        self._jobs: list[RawJob] = []
        self._open: dict[int, bytearray] = {}
        self._threads: list[threading.Thread] = []
        self._connections: set[socket.socket] = set()
        self._stopping = threading.Event()
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if octets_per_s is not None:
            # a small window, so that the sender feels the slowness instead of our kernel taking it all
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._listener.bind((address, port))
        self.address: str
        self.port: int
        self.address, self.port = self._listener.getsockname()

    @property
    def device_uri(self) -> str:
        return f"socket://{self.address}:{self.port}"

    def start(self) -> None:
        """Begin to listen; a refusing sink keeps its port bound without listening, so nobody else gets it."""
        if self._refuse:
            return
        self._listener.listen(64)
        self._spawn(self._accept)

    def stop(self) -> None:
        """End every connection and thread. Harmless when called twice."""
        self._stopping.set()
        self._may_close.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(60.0)
            if thread.is_alive():
                raise DeviceUnreachable(f"a connection of {self.device_uri} does not end")

    def release(self) -> None:
        """Let a `hold_open` sink close its connections, now and from now on."""
        self._may_close.set()

    def jobs(self) -> list[RawJob]:
        """The connections that have ended, in the order of their end."""
        with self._lock:
            return list(self._jobs)

    def open_octets(self) -> list[int]:
        """For each connection that is still open, how many octets have been read from it."""
        with self._lock:
            return [len(octets) for octets in self._open.values()]

    def wait_for_jobs(self, jobs: int, timeout_s: float = 60.0) -> list[RawJob]:
        """Wait until at least `jobs` connections have ended and return all. Raises DeviceTimeout."""
        wait_until(lambda: len(self.jobs()) >= jobs, timeout_s, f"{jobs} jobs at {self.device_uri}")
        return self.jobs()

    def _spawn(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # closed by stop()
            with self._lock:
                self._connections.add(connection)
            self._spawn(self._take, connection)

    def _take(self, connection: socket.socket) -> None:
        received = bytearray()
        with self._lock:
            self._open[id(connection)] = received
        try:
            complete = self._read_all(connection, received)
            self._may_close.wait()
        finally:
            with self._lock:
                del self._open[id(connection)]
                self._connections.discard(connection)
                self._jobs.append(RawJob(bytes(received), complete))
            # closed only now: whoever sees the close also finds the job in the list
            connection.close()

    def _read_all(self, connection: socket.socket, received: bytearray) -> bool:
        step_octets = min(CHUNK_OCTETS, max(1, (self._octets_per_s or CHUNK_OCTETS * 20) // 20))
        while True:
            try:
                octets = connection.recv(step_octets)
            except OSError:
                return False
            if not octets:
                return not self._stopping.is_set()
            with self._lock:
                received += octets
            if self._octets_per_s is not None and self._stopping.wait(len(octets) / self._octets_per_s):
                return False

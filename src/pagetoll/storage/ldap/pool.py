# SPDX-License-Identifier: Apache-2.0
"""The connections of one process to its directory, kept between requests. Any thread may use it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from pagetoll.core.errors import StorageError
from pagetoll.storage.ldap.address import Address
from pagetoll.storage.ldap.connection import Connection
from pagetoll.storage.ldap.refusals import ConnectionLost

Result = TypeVar("Result")


class Connections:
    """Connects at the first use. The last used connection comes first, so that the others may go idle."""

    def __init__(self, address: Address, *, timeout_s: float) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        self._losses = 0

    @property
    def losses(self) -> int:
        """How often a connection was lost: then another server may answer, which lacks what the first confirmed."""
        return self._losses

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """Runs `work`, which changes nothing, once more where a kept connection turns out to be lost."""
        kept = bool(self._idle)
        try:
            with self.one() as connection:
                return work(connection)
        except ConnectionLost:
            if not kept:
                raise
        with self.one() as connection:
            return work(connection)

    @contextmanager
    def one(self) -> Iterator[Connection]:
        """A connection for this thread alone. Raises ConnectionLost and what connecting raises."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = self._new()
        try:
            yield connection
        except ConnectionLost:
            self._count_loss()
            connection.close()
            self.close()  # whoever closed that one closed them all
            raise
        except StorageError:
            self._keep(connection)  # the server said no, and serves on
            raise
        except BaseException:
            connection.close()  # an answer may still be on its way
            raise
        self._keep(connection)

    @contextmanager
    def own(self) -> Iterator[Connection]:
        """A new connection that is closed at the end: for much at once, and for what is read page by page."""
        connection = self._new()
        try:
            yield connection
        except ConnectionLost:
            self._count_loss()
            raise
        finally:
            connection.close()

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _new(self) -> Connection:
        try:
            return Connection(self._address, timeout_s=self._timeout_s)
        except ConnectionLost:
            self._count_loss()
            raise

    def _count_loss(self) -> None:
        with self._lock:
            self._losses += 1

    def _keep(self, connection: Connection) -> None:
        with self._lock:
            self._idle.append(connection)

# SPDX-License-Identifier: Apache-2.0
"""The thin client at the other end of a connection, as the steps of an attempt see it."""

from typing import Protocol

from pagetoll.wire.frames import Message


class ClientGone(Exception):
    """The thin client closed its connection: it is dead, or it has given up on us."""


class Client(Protocol):
    """The thin client at the other end of a connection."""

    def send(self, message: Message, /, *descriptors: int) -> None:
        """Raises ClientGone."""
        ...

    def receive(self, timeout_s: float, /) -> tuple[Message, tuple[int, ...]] | None:
        """The next message with its descriptors, None when none came in time. Raises ClientGone."""
        ...

    def say(self, line: str, /) -> None:
        """A line for the spooler's eyes; a client that is gone is no error."""
        ...


class NoClient:
    """The place of a thin client that ended long ago."""

    def send(self, _message: Message, *_descriptors: int) -> None:
        raise ClientGone

    def receive(self, _timeout_s: float) -> None:
        raise ClientGone

    def say(self, _line: str) -> None:
        """Nobody listens."""

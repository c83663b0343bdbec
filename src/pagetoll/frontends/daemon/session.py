# SPDX-License-Identifier: Apache-2.0
"""One connection of a thin client: frames in and out, with descriptors; a beat while it waits."""

import array
import contextlib
import logging
import os
import select
import socket
import struct
import threading
import time
from collections import deque

from pagetoll.app.printing.client import ClientGone
from pagetoll.core.errors import ProtocolError
from pagetoll.core.plain_text import plain
from pagetoll.wire import command_frames, frames
from pagetoll.wire.frame_fields import LENGTH_OCTETS
from pagetoll.wire.frames import Message

log = logging.getLogger("pagetoll.session")

_MOST_DESCRIPTORS = command_frames.STREAMS + command_frames.FILES_MAX
_COMMAND_HEAD = b"\0\0\0\x07command"
_SEND_TIMEOUT_S = 8.0
_PEEK_PAUSE_S = 0.05


class Session:
    """The client's end as the steps of an attempt see it (app.printing.attempt.Client)."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._connection.settimeout(_SEND_TIMEOUT_S)
        self._sending = threading.Lock()
        self._reader = frames.FrameReader()
        self._arrived = deque[Message]()
        self._descriptors: list[int] = []
        pid, uid, _ = struct.unpack(
            "3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        )
        self.peer_pid, self.peer_uid = pid, uid

    def fileno(self) -> int:
        """The socket's descriptor, to wait for the client's end of it."""
        return self._connection.fileno()

    def announces_command(self, timeout_s: float) -> bool:
        """Whether the first frame is a command's. Nothing is received for that, no descriptor either. Raises
        ClientGone."""
        until_s = time.monotonic() + timeout_s
        wanted = LENGTH_OCTETS + len(_COMMAND_HEAD)
        while _ready(self._connection, select.POLLIN, max(0.0, until_s - time.monotonic())):
            try:
                seen = self._connection.recv(wanted, socket.MSG_PEEK)
            except OSError as error:
                raise ClientGone(str(error)) from error
            if not seen:
                raise ClientGone("the connection was closed")
            head = seen[LENGTH_OCTETS:]
            if len(seen) == wanted or not _COMMAND_HEAD.startswith(head):
                return head == _COMMAND_HEAD
            if time.monotonic() >= until_s:
                break
            time.sleep(_PEEK_PAUSE_S)  # poll would not wait: there is something to read
        return False

    def send(self, message: Message, *descriptors: int) -> None:
        """Raises ClientGone when the client is dead or does not read."""
        data = frames.encode(message)
        with self._sending:
            try:
                if descriptors:
                    sent = socket.send_fds(self._connection, [data], list(descriptors))
                    data = data[sent:]
                if data:
                    self._connection.sendall(data)
            except OSError as error:
                raise ClientGone(str(error)) from error

    def say(self, line: str) -> None:
        with contextlib.suppress(ClientGone):
            self.send(frames.Say(line=_one_line(line)))

    def beat(self) -> None:
        """Tell the client that we live; skipped while a frame is being sent, which tells it as well, and for a client
        that does not read, which must not keep the others waiting."""
        if not self._sending.acquire(blocking=False):
            return
        try:
            if not _ready(self._connection, select.POLLOUT, 0):
                return
            self._connection.sendall(frames.encode(frames.Beat()))
        except OSError:
            log.debug("client pid=%s is gone", self.peer_pid)
        finally:
            self._sending.release()

    def receive(self, timeout_s: float) -> tuple[Message, tuple[int, ...]] | None:
        """The next message with its descriptors; None when it was not complete in time. Raises ClientGone."""
        until_s = time.monotonic() + timeout_s
        while True:
            message = self._take_message()
            if message is not None:
                return message
            if not _ready(self._connection, select.POLLIN, max(0.0, until_s - time.monotonic())):
                return None
            self._read()

    def _take_message(self) -> tuple[Message, tuple[int, ...]] | None:
        if not self._arrived:
            return None
        message = self._arrived.popleft()
        least, most = frames.DESCRIPTORS.get(type(message), (0, 0))
        if len(self._descriptors) < least:
            raise ClientGone("a frame came without its descriptors")
        taken, self._descriptors = self._descriptors[:most], self._descriptors[most:]
        return message, tuple(taken)

    def _read(self) -> None:
        space = socket.CMSG_SPACE(_MOST_DESCRIPTORS * struct.calcsize("i"))
        try:
            data, ancillary, flags, _ = self._connection.recvmsg(65536, space, socket.MSG_CMSG_CLOEXEC)
        except OSError as error:
            raise ClientGone(str(error)) from error
        for level, kind, octets in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                received = array.array("i")
                received.frombytes(octets[: len(octets) - len(octets) % received.itemsize])
                self._descriptors += received
        if flags & socket.MSG_CTRUNC or len(self._descriptors) > _MOST_DESCRIPTORS:
            raise ClientGone("more descriptors than the protocol allows")
        if not data:
            raise ClientGone("the connection was closed")
        try:
            self._arrived += self._reader.feed(data)
        except ProtocolError as error:
            raise ClientGone(f"broken frame: {error}") from error

    def wait_for_end(self, timeout_s: float) -> None:
        """Until the client closes its end, and no longer than this."""
        _ready(self._connection, select.POLLRDHUP, timeout_s)

    def close(self) -> None:
        """End the connection and whatever descriptors nobody took."""
        self._connection.close()
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors = []


def _ready(connection: socket.socket, event: int, timeout_s: float) -> bool:
    poller = select.poll()
    poller.register(connection, event)
    return bool(poller.poll(timeout_s * 1000))


def _one_line(line: str) -> bytes:
    """A line of at most 2,000 octets without line ends or other control characters: one for CUPS, not several."""
    return plain(line).encode("utf-8", "replace")[:2000]

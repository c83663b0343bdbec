# SPDX-License-Identifier: Apache-2.0
"""A small server for lpd's `:af=host%port`: takes a line, asks the daemon, answers with one of lpd's words.

lpd connects anew for each line, closes its sending side, and with `:achk` reads the answer. Whoever can reach the
port can book jobs for anybody, so it listens on loopback unless it is told otherwise.
"""

import os
import secrets
import socket
import socketserver
from pathlib import Path

from pagetoll.core.errors import ProtocolError
from pagetoll.wire import frames
from pagetoll.wire.lprng_frames import Lprng

LINE_OCTETS_MAX = 16_384
LINE_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 600.0
CONNECTIONS_AT_ONCE = 32
WORDS = {0: b"ACCEPT", 32: b"FAIL", 34: b"REMOVE", 37: b"HOLD"}
#: When the daemon is away the job is tried again later, never lost.
LATER = 32


class LineServer(socketserver.ThreadingTCPServer):
    """Serves lines until it is shut down."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = CONNECTIONS_AT_ONCE

    def __init__(self, address: tuple[str, int], daemon_socket: Path) -> None:
        """Raises OSError when the address cannot be had."""
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.daemon_socket = daemon_socket
        super().__init__(address, LineHandler)


class LineHandler(socketserver.BaseRequestHandler):
    """One connection: one line, one word."""

    def handle(self) -> None:
        connection: socket.socket = self.request
        connection.settimeout(LINE_TIMEOUT_S)
        server = self.server
        assert isinstance(server, LineServer)
        try:
            line = _read_line(connection)
            if line.strip():
                connection.sendall(WORDS[ask(server.daemon_socket, line)] + b"\n")
        except OSError:
            return  # whoever asked is gone or says nothing


def _read_line(connection: socket.socket) -> bytes:
    """The first line, or what came before the end; at most LINE_OCTETS_MAX octets. Raises OSError."""
    line = bytearray()
    while len(line) < LINE_OCTETS_MAX and b"\n" not in line:
        data = connection.recv(LINE_OCTETS_MAX - len(line))
        if not data:
            break
        line += data
    return bytes(line).partition(b"\n")[0]


def ask(daemon_socket: Path, line: bytes) -> int:
    """lpd's status for a line, by the daemon; LATER when it does not answer."""
    call = Lprng(
        role="lines",
        nonce=secrets.token_hex(16),
        pid=os.getpid(),
        start_time_ticks=0,
        worker_pid=0,
        worker_start_time_ticks=0,
        read_octets=0,
        accounting=False,
        standard_input=line,
        documents=(),
        arguments=(b"pagetoll lprng serve",),
        environment=(),
    )
    reader = frames.FrameReader()
    try:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(ANSWER_TIMEOUT_S)
            link.connect(str(daemon_socket))
            link.sendall(frames.encode(call))
            while data := link.recv(65536):
                for message in reader.feed(data):
                    if isinstance(message, frames.Exit):
                        return message.status if message.status in WORDS else LATER
                    if isinstance(message, frames.Failed):
                        return LATER
    except (OSError, ProtocolError):
        return LATER
    return LATER

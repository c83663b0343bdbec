# SPDX-License-Identifier: Apache-2.0
"""Telling systemd how the daemon is, and taking over its sockets."""

import os
import secrets
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pagetoll.integrations.systemd_notify import notify, passed_sockets


@pytest.mark.parametrize("abstract", [False, True])
def test_the_state_arrives_where_notify_socket_says(tmp_path: Path, abstract: bool):
    name = f"@pagetoll-{secrets.token_hex(8)}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0" + name[1:] if abstract else name)
        listener.settimeout(60)
        assert notify("READY=1\nSTATUS=Bereit", {"NOTIFY_SOCKET": name})
        assert listener.recv(4096) == b"READY=1\nSTATUS=Bereit"


@pytest.mark.parametrize(
    "environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1"}, {"NOTIFY_SOCKET": "/nonexistent"}]
)
def test_nobody_listening_is_no_failure(environ):
    assert not notify("READY=1", environ)


@pytest.mark.parametrize(
    "environ",
    [{}, {"LISTEN_FDS": "1"}, {"LISTEN_FDS": "1", "LISTEN_PID": "1"}, {"LISTEN_FDS": "x", "LISTEN_PID": "77"}],
)
def test_sockets_meant_for_another_process_are_left_alone(environ):
    assert passed_sockets(environ, pid=77) == []


CHILD = """
import os, sys
from pagetoll.integrations.systemd_notify import passed_sockets
if os.fstat(3):
    os.environ["LISTEN_PID"] = str(os.getpid())
(listener,) = passed_sockets(os.environ, os.getpid())
assert not os.get_inheritable(3)
connection, _ = listener.accept()
connection.sendall(b"served")
"""


def test_a_passed_socket_serves(tmp_path: Path):
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        listener.bind(str(path))
        listener.listen()
        client.connect(str(path))

        def as_descriptor_3() -> None:
            os.dup2(listener.fileno(), 3)

        done = subprocess.run(
            [sys.executable, "-c", CHILD],
            env={**os.environ, "LISTEN_FDS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
            close_fds=False,
            preexec_fn=as_descriptor_3,
            check=False,
        )
        assert done.returncode == 0
        assert client.recv(100) == b"served"

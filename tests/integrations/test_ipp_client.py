# SPDX-License-Identifier: Apache-2.0
"""The IPP client tells silence, refusal and nonsense apart. What it does with a scheduler: tests/system."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pagetoll.core.errors import DeviceRefused, DeviceTimeout, DeviceUnreachable, ProtocolError
from pagetoll.integrations.ipp_client import IppClient
from pagetoll.wire import ipp


def read_request(connection: socket.socket) -> None:
    """All of it: closing a connection with unread octets would break it under the client's hands."""
    with connection.makefile("rb") as request:
        length = 0
        while (line := request.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        request.read(length)


@contextlib.contextmanager
def answering(path: Path, answer: bytes) -> Iterator[None]:
    """A Unix socket that reads one request and answers with these octets (b"" : keeps silent)."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(1)
        done = threading.Event()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                read_request(connection)
                if answer:
                    connection.sendall(answer)
                else:
                    done.wait(10.0)

        thread = threading.Thread(target=serve)
        thread.start()
        yield
        done.set()
        thread.join()


def http(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s"


def test_job_attributes_come_by_name(path: Path) -> None:
    group = ipp.Group(ipp.Tag.JOB_GROUP, (ipp.attribute("job-state", ipp.Tag.ENUM, 9),))
    with answering(path, http(ipp.encode(ipp.Message(0, 1, (group,))))):
        assert IppClient(str(path)).get_job_attributes(3) == {"job-state": (9,)}


def test_an_answer_whose_connection_ends_it_is_read_to_its_end(path: Path) -> None:
    group = ipp.Group(ipp.Tag.JOB_GROUP, (ipp.attribute("job-state", ipp.Tag.ENUM, 9),))
    with answering(path, b"HTTP/1.0 200 OK\r\n\r\n" + ipp.encode(ipp.Message(0, 1, (group,)))):
        assert IppClient(str(path)).get_job_attributes(3) == {"job-state": (9,)}


FAILURES = [
    (http(ipp.encode(ipp.Message(0x0406, 1, ()))), DeviceRefused, "0x0406"),
    (http(b"", "401 Unauthorized"), DeviceRefused, "401"),
    (http(b"not IPP"), ProtocolError, "ends inside header"),
    (http(ipp.encode(ipp.Message(0, 1, ()))), ProtocolError, "no JOB_GROUP"),
    (b"nonsense\r\n\r\n", ProtocolError, "broken HTTP"),
    (b"", DeviceTimeout, "no answer"),
]


@pytest.mark.parametrize(("answer", "error", "text"), FAILURES)
def test_each_kind_of_bad_answer_has_its_error(path: Path, answer: bytes, error: type[Exception], text: str) -> None:
    with answering(path, answer), pytest.raises(error, match=text):
        IppClient(str(path), timeout_s=0.2).get_job_attributes(3)


def test_nobody_at_the_socket_is_unreachable(path: Path) -> None:
    with pytest.raises(DeviceUnreachable, match="is the scheduler running"):
        IppClient(str(path)).get_job_attributes(3)


@pytest.mark.parametrize(
    "said", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"]
)
def test_a_printer_that_dribbles_is_left_when_the_time_is_over(path: Path, said: bytes) -> None:
    left = threading.Event()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(1)

        def dribble() -> None:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                read_request(connection)
                connection.sendall(said)
                while not left.wait(0.02):
                    connection.sendall(said if b"100" in said else b"x")

        thread = threading.Thread(target=dribble)
        thread.start()
        with pytest.raises(DeviceTimeout):
            IppClient(str(path), timeout_s=0.2).get_job_attributes(3)
        left.set()
        thread.join()

# SPDX-License-Identifier: Apache-2.0
"""A place to run the thin CUPS backend as cupsd would, and a daemon that the test speaks for."""

import contextlib
import os
import re
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pagetoll.integrations.backend_bytecode import with_bytecode
from pagetoll.wire import frames
from pagetoll.wire.frames import FrameReader, Message, encode

CLIENT = Path(__file__).resolve().parents[2] / "src" / "pagetoll" / "thin" / "cupspykota.py"
PATIENCE_S = 60.0
#: How long the client waits for a daemon: long enough for a test that plays one on a busy machine, or not at all.
PATIENT = {"STAMP_SILENCE_S": 60.0, "STAMP_ADOPT_S": 60.0}
IMPATIENT = {"STAMP_SILENCE_S": 1.0, "STAMP_ADOPT_S": 1.0}
OPTIONS = "job-uuid=urn:uuid:1 time-at-creation=1700000000 sides=one-sided"
Kind = TypeVar("Kind", bound=Message)


class Talk:
    """One connection of a client, seen from the daemon."""

    def __init__(self, link: socket.socket) -> None:
        self.link = link
        self.reader = FrameReader()
        self.messages: list[Message] = []
        self.descriptors: list[int] = []

    def expect(self, kind: type[Kind]) -> Kind:
        """The client's next message, which must be of this kind."""
        while not self.messages:
            data, passed, flags, _ = socket.recv_fds(self.link, 1 << 16, 16)
            assert not flags & socket.MSG_CTRUNC
            assert data, f"the client closed the connection, {kind.__name__} was expected"
            self.descriptors += passed
            self.messages += self.reader.feed(data)
        message = self.messages.pop(0)
        assert isinstance(message, kind), message
        return message

    def expect_end(self) -> None:
        """The client closes the connection and has nothing more to say."""
        assert not self.messages
        with contextlib.suppress(ConnectionResetError):
            assert self.link.recv(1 << 16) == b""

    def send(self, message: Message, *descriptors: int) -> None:
        socket.send_fds(self.link, [encode(message)], descriptors)

    def close(self) -> None:
        self.link.close()
        while self.descriptors:
            os.close(self.descriptors.pop())


class Lab:
    """A home, a backend folder with the client in it, and the daemon's socket."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="thin-"))
        self.root.chmod(0o755)
        self.home = self.root / "home"
        self.server_bin = self.root / "lib"
        self.backends = self.server_bin / "backend"
        for folder in (self.home, self.home / "journal", self.server_bin, self.backends):
            folder.mkdir(mode=0o755)
        self.paper = self.root / "paper"
        self.paper.mkdir(mode=0o777)
        self.paper.chmod(0o777)
        self.listener: socket.socket | None = None
        self.clients: list[subprocess.Popen[bytes]] = []
        self.install()

    def install(self, name: str = "cupspykota", packed: bool = False, **stamps: object) -> Path:
        """Puts the client into the backend folder; each stamp replaces a line of it."""
        text = CLIENT.read_text(encoding="utf-8")
        for stamp, value in {**PATIENT, **stamps}.items():
            text, found = re.subn(rf"(?m)^{stamp} = .*$", lambda _, line=f"{stamp} = {value!r}": line, text)
            assert found == 1, stamp
        path = self.backends / name
        path.write_text(with_bytecode(text) if packed else text, encoding="utf-8")
        path.chmod(0o700)
        return path

    def backend(self, script: str, name: str = "toy", mode: int = 0o700) -> Path:
        """A device backend: a shell script whose `$PAPER` is a folder to leave traces in."""
        path = self.backends / name
        path.write_text(f"#!/bin/sh\nPAPER={self.paper}\n{script}\n", encoding="utf-8")
        path.chmod(mode)
        return path

    def policy(self, on_failure: str, wait_s: int = 0, queue: str = "*") -> None:
        """What thin.conf says."""
        with (self.home / "thin.conf").open("a", encoding="utf-8") as file:
            file.write(f"{queue}\t{on_failure}\t{wait_s}\n")

    def listen(self) -> None:
        path = self.home / "pagetolld.sock"
        path.unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(8)
        self.listener.settimeout(PATIENCE_S)

    def accept(self) -> Talk:
        assert self.listener is not None
        link, _ = self.listener.accept()
        link.settimeout(PATIENCE_S)
        return Talk(link)

    def hang_up(self) -> None:
        """The daemon is gone: nobody listens any more."""
        assert self.listener is not None
        self.listener.close()
        self.listener = None

    def environment(self, **more: str) -> dict[str, str]:
        return {
            "CUPS_SERVERBIN": str(self.server_bin),
            "DEVICE_URI": "cupspykota:toy://device/1",
            "PRINTER": "q1",
            "PAGETOLL_HOME": str(self.home),
            "PATH": "/usr/bin:/bin",
            "LANG": "en.UTF-8",
            **more,
        }

    def start(
        self,
        stdin: bytes | None = b"document",
        file: Path | None = None,
        name: str = "cupspykota",
        arguments: Sequence[str | bytes] | None = None,
        **variables: str,
    ) -> subprocess.Popen[bytes]:
        """Starts the client as cupsd does: argv[0] is the URI, descriptors 3 and 4 are open."""
        words = ["cupspykota:toy://device/1", "42", "anna", "A letter", "1", OPTIONS, *([str(file)] if file else [])]
        back, side = os.pipe(), os.pipe()

        def place_channels() -> None:
            os.dup2(back[0], 3)
            os.dup2(side[0], 4)
            os.umask(0o077)
            os.setpgid(0, 0)

        client = subprocess.Popen(
            words if arguments is None else arguments,
            executable=self.backends / name,
            stdin=subprocess.DEVNULL if file else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment(**variables),
            preexec_fn=place_channels,
            pass_fds=(3, 4),
        )
        for descriptor in (*back, *side):
            os.close(descriptor)
        self.clients.append(client)
        if client.stdin is not None and stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # one that does not want it may have ended already
                client.stdin.write(stdin)
            with contextlib.suppress(BrokenPipeError):
                client.stdin.close()
            client.stdin = None
        return client

    def to_go(
        self, client_talk: Talk, document: bytes = b"document", **changed: bytes
    ) -> tuple[frames.Job, int, int]:
        """Plays the daemon from `job` to `starting`; returns the job, the life pipe and the backend's stderr."""
        job = client_talk.expect(frames.Job)
        passed: tuple[int, ...] = ()
        if len(job.arguments) == 6:
            passed = (self.spool(document),)
        client_talk.send(print_command(**changed), *passed)
        client_talk.expect(frames.Starting)
        life, errors = client_talk.descriptors[-2:]
        return job, life, errors

    def to_end(self, client_talk: Talk) -> frames.Ended:
        """Plays the daemon of a job that prints, from `job` to `ended`."""
        self.to_go(client_talk)
        client_talk.send(frames.Go())
        client_talk.expect(frames.Started)
        return client_talk.expect(frames.Ended)

    def spool(self, document: bytes) -> int:
        path = self.root / "spooled"
        path.write_bytes(document)
        return os.open(path, os.O_RDONLY)

    def traces(self, name: str) -> bytes:
        return (self.paper / name).read_bytes()


def print_command(**changed: bytes) -> frames.Print:
    words = {"device_uri": b"toy://device/1", "user": b"anna", "title": b"A letter", "copies": b"1"}
    return frames.Print(**{**words, "options": OPTIONS.encode(), **changed})


def finish(client: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Exit status and stderr of a client that must end now."""
    _, errors = client.communicate(timeout=PATIENCE_S)
    return client.returncode, errors.decode("utf-8", "replace")


def journal_of(lab: Lab) -> tuple[Path, list[Message]]:
    """The one record in the journal and its messages."""
    records = [path for path in (lab.home / "journal").iterdir() if path.name not in {"held"} and not path.suffix]
    assert len(records) == 1
    return records[0], FrameReader().feed(records[0].read_bytes())

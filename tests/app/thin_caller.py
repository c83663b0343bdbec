# SPDX-License-Identifier: Apache-2.0
"""A thin client that tests lead by hand: it speaks wire.frames over a socket pair and starts small real programs as
device backends, life octet and all (docs/reference/protocol.md).
"""

import contextlib
import os
import select
import signal
import socket
import subprocess
import threading
from pathlib import Path

from pagetoll.app.printing.attempt import Adoption, Arrival, Services
from pagetoll.app.printing.run import attempt_of, run
from pagetoll.frontends.daemon.session import Session
from pagetoll.wire import frames
from pagetoll.wire.frames import Message

PATIENCE_S = 60.0
LIFE = 'printf "!" >&"$LIFE"; '  # what a backend's process does before it becomes the backend


class DaemonDied(BaseException):
    """The daemon was killed at a command: nothing of it goes on."""


def start_time(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


def dead_process() -> tuple[int, int]:
    """The pid and start time of a process that is over."""
    child = subprocess.Popen(["/bin/sleep", "60"])
    known = child.pid, start_time(child.pid)
    child.kill()
    child.wait()
    return known


class Caller:
    """A thin client at work; the daemon's side runs in a thread."""

    def __init__(self, services: Services, job: frames.Job, document: int) -> None:
        self.services, self.job = services, job
        self.said: list[str] = []
        self.status: int | None = None
        self.failure = ""
        self.banners: list[bytes] = []  # the pages of the daemon's that went to the device
        self.banner_status, self.banner_dies = 0, False
        self.banner_process: subprocess.Popen[bytes] | None = None  # what prints the banner
        self.next_backends: list[str] = []  # for each time that the daemon has the backend started again
        self.input = document  # what the backend gets as its standard input
        self.life, self.errors = (-1, -1), (-1, -1)
        self.backend: subprocess.Popen[bytes] | None = None
        self.daemon_died = False
        self._connect()
        self.send(job, document)

    # --- the daemon's side

    def _connect(self) -> None:
        theirs, self._link = socket.socketpair()
        self._link.settimeout(PATIENCE_S)
        self._reader = frames.FrameReader()
        self._arrived: list[Message] = []
        self.descriptors: list[int] = []
        self._thread = threading.Thread(target=self._serve, args=(theirs,), daemon=True)
        self._thread.start()

    def _serve(self, connection: socket.socket) -> None:
        session = Session(connection)
        try:
            message, descriptors = session.receive(PATIENCE_S) or (None, ())
            job = message.job if isinstance(message, frames.Adopt) else message
            assert isinstance(job, frames.Job)
            arrival = Arrival(
                nonce=job.nonce,
                client_pid=job.pid,
                client_start_time_ticks=job.start_time_ticks,
                client_uid=session.peer_uid,
                arguments=job.arguments,
                variables={name.decode(): value for name, value in job.environment},
                document_fd=descriptors[0],
            )
            adoption = _adoption(message) if isinstance(message, frames.Adopt) else None
            attempt = attempt_of(self.services, arrival, session, adoption)
            if adoption is not None:
                attempt.life_fd, attempt.backend_stderr_fd = descriptors[1:]
                for descriptor in descriptors[1:]:
                    os.set_blocking(descriptor, False)
            run(self.services, attempt)
        except DaemonDied:
            self.daemon_died = True
        finally:
            session.close()

    # --- frames

    def send(self, message: Message, *descriptors: int) -> None:
        socket.send_fds(self._link, [frames.encode(message)], list(descriptors))

    def hear(self) -> Message | None:
        """The next frame that is no word for the spooler; None when the daemon closed the connection."""
        while True:
            while self._arrived:
                message = self._arrived.pop(0)
                if isinstance(message, frames.Banner):
                    self._print_banner()
                    continue
                if not isinstance(message, frames.Say):
                    return message
                self.said.append(message.line.decode())
            try:
                data, descriptors, _, _ = socket.recv_fds(self._link, 65536, 8)
            except ConnectionResetError:  # it closed without having read all that we said
                return None
            self.descriptors += descriptors
            if not data:
                return None
            self._arrived += self._reader.feed(data)

    def _print_banner(self) -> None:
        """Run a backend for a banner, as the thin client does."""
        with os.fdopen(self.descriptors.pop(0), "rb") as page:
            self.banners.append(page.read())
        if self.banner_process is not None:
            pid = self.banner_process.pid
            self.send(frames.Started(backend_pid=pid, backend_start_time_ticks=start_time(pid)))
        if self.banner_dies:
            self.leave()
            return
        self.send(frames.BannerEnded(status=self.banner_status))

    def expect(self, kind: type[Message]) -> Message:
        message = self.hear()
        assert isinstance(message, kind), (message, self.said)
        return message

    def wait_for_word(self, begin: str) -> str:
        """Wait until the daemon has said a line that begins so."""
        while not (found := [line for line in self.said if line.startswith(begin)]):
            data, descriptors, _, _ = socket.recv_fds(self._link, 65536, 8)
            self.descriptors += descriptors
            assert data, self.said
            for message in self._reader.feed(data):
                if isinstance(message, frames.Say):
                    self.said.append(message.line.decode())
                else:
                    self._arrived.append(message)
        return found[0]

    # --- what a thin client does

    def get_ready(self) -> frames.Print:
        """Take the order to print and make both pipes."""
        order = self.expect(frames.Print)
        assert isinstance(order, frames.Print)
        if len(self.job.arguments) == 6 or self.descriptors:
            self.input = self.descriptors.pop(0)
        self.make_pipes()
        self.send(frames.Starting(), self.life[0], self.errors[0])
        self.expect(frames.Go)
        return order

    def make_pipes(self) -> None:
        self.life, self.errors = os.pipe(), os.pipe()

    def start(self, backend: str) -> None:
        """Fork the device backend, a shell command, and say so."""
        self.backend = subprocess.Popen(
            ["/bin/bash", "-c", LIFE + backend],
            stdin=self.input,
            stdout=subprocess.DEVNULL,
            stderr=self.errors[1],
            pass_fds=(self.life[1],),
            env={"LIFE": str(self.life[1]), "PATH": "/usr/bin:/bin"},
            start_new_session=True,
        )
        self.close_writing_ends()
        with contextlib.suppress(OSError):
            self.send(
                frames.Started(backend_pid=self.backend.pid, backend_start_time_ticks=start_time(self.backend.pid))
            )

    def backend_says(self) -> bytes:
        """What the backend writes to its stderr next."""
        poller = select.poll()
        poller.register(self.errors[0], select.POLLIN)
        assert poller.poll(PATIENCE_S * 1000), "the backend says nothing"
        return os.read(self.errors[0], 4096)

    def close_writing_ends(self) -> None:
        os.close(self.life[1])
        os.close(self.errors[1])

    def begin(self, backend: str) -> None:
        self.get_ready()
        self.start(backend)

    def end(self, *, canceled: bool = False) -> None:
        """The backend's end, and the daemon's last word."""
        self.backend_ends(canceled=canceled)
        self.conclude()

    def backend_ends(self, *, canceled: bool = False) -> None:
        """Wait for the backend, report its page lines and its end."""
        assert self.backend is not None
        code = self.backend.wait(PATIENCE_S)
        with os.fdopen(os.dup(self.errors[0]), "rb") as lines:
            for line in lines.read().splitlines():
                if line.startswith(b"PAGE:"):
                    self.send(frames.Line(line=line))
        self.send(frames.Ended(status=max(code, 0) or int(code < 0), canceled=canceled, signal_number=max(-code, 0)))

    def conclude(self) -> None:
        """Take the last word: a status, or that the daemon cannot work."""
        message = self.hear()
        if isinstance(message, frames.Print):
            self._arrived.insert(0, message)
            self.begin(self.next_backends.pop(0))
            self.end()
            return
        if isinstance(message, frames.Failed):
            self.failure = message.sentence.decode()
        else:
            assert isinstance(message, frames.Exit), (message, self.said)
            self.status = message.status
        self.join()

    def print(self, backend: str = "cat") -> None:
        """All of it; a job that is not to be printed ends with its status."""
        message = self.hear()
        if isinstance(message, frames.Print):
            self._arrived.insert(0, message)
            self.begin(backend)
            self.end()
            return
        assert message is not None, self.said
        self._arrived.insert(0, message)
        self.conclude()

    def leave(self) -> None:
        """Die: the connection and what else was open close; a backend goes on."""
        self._link.close()
        for descriptor in {self.life[0], self.errors[0]} - {-1}:
            os.close(descriptor)
        self.life, self.errors = (-1, -1), (-1, -1)

    def tidy(self) -> None:
        """End whatever a test left."""
        self.leave()
        if self.backend is not None and self.backend.poll() is None:
            os.killpg(self.backend.pid, signal.SIGKILL)
            self.backend.wait()
        self.join()

    def join(self) -> None:
        """Wait until the daemon is done with this job."""
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive(), f"the daemon does not end; it said {self.said}"

    def adopt(self, stage: frames.Stage) -> None:
        """Come back to the next daemon with the backend that the first one knew."""
        assert self.backend is not None
        code = self.backend.wait(PATIENCE_S) if stage == "ended" else 0
        ticks = start_time(self.backend.pid) if stage == "printing" else 1
        self._link.close()
        self.daemon_died = False
        self._connect()
        self.send(
            frames.Adopt(
                stage=stage,
                backend_pid=self.backend.pid,
                backend_start_time_ticks=ticks,
                status=max(code, 0),
                canceled=False,
                job=self.job,
            ),
            self.input,
            self.life[0],
            self.errors[0],
        )


def _adoption(message: frames.Adopt) -> Adoption:
    ended = message.stage == "ended"
    return Adoption(
        ended=ended,
        backend_pid=message.backend_pid,
        backend_start_time_ticks=message.backend_start_time_ticks,
        backend_status=message.status if ended else None,
        canceled=message.canceled,
    )

# SPDX-License-Identifier: Apache-2.0
"""Daemons that a laboratory starts, watches and ends: each by its own process id, never by name."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from pagetoll.core.errors import DeviceError, DeviceTimeout, DeviceUnreachable

POLL_S = 0.02
PORTS = range(20_000, 32_000)
LOG_TAIL_OCTETS = 2000


def free_port(address: str = "127.0.0.1") -> int:
    """A TCP port of `address` that nobody listens on now.

    Below the range from which the kernel serves outgoing connections, or one of those could take the port
    before its daemon has started. Raises DeviceUnreachable when none is found.
    """
    for port in random.sample(PORTS, k=100):
        with socket.socket() as probe:
            # connections of an earlier run that are still dying away do not matter: daemons set this too
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind((address, port))
                return port
    raise DeviceUnreachable(f"no free TCP port on {address} between {PORTS.start} and {PORTS.stop}")


def wait_until(condition: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Return once `condition` holds; raise DeviceTimeout naming `what` after `timeout_s`."""
    end_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end_s:
            raise DeviceTimeout(f"waited {timeout_s:g} s in vain: {what}")
        time.sleep(POLL_S)


def accepts_connections(address: str | Path | tuple[str, int]) -> bool:
    """Does somebody listen on this Unix socket path or (host, port)?"""
    internet = isinstance(address, tuple)
    with socket.socket(socket.AF_INET if internet else socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(address if isinstance(address, tuple) else str(address)) == 0


def is_alive(pid: int) -> bool:
    """Does process `pid` still run? A zombie that nobody has reaped yet does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
    # the program's name stands in parentheses and may hold anything, so look behind the last one
    state = stat[stat.rindex(b")") + 2 : stat.rindex(b")") + 3]
    return state not in (b"Z", b"X")


def pids_with_environment(name: str, value: str) -> Iterator[int]:
    """The live processes that were started with `name=value` in their environment, except ourselves.

    A scheduler's children inherit its folders that way, so a folder of ours finds all that it left behind.
    """
    wanted = f"{name}={value}".encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue  # gone already, or another user's
        if wanted in environment and is_alive(int(entry.name)):
            yield int(entry.name)


def command_line(pid: int) -> list[str]:
    """The arguments that process `pid` was started with; empty when it is gone."""
    try:
        octets = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [word.decode(errors="surrogateescape") for word in octets.split(b"\0")[:-1]]


def end_pids(pids: Iterator[int], timeout_s: float = 60.0) -> None:
    """SIGKILL these processes (of ours) and wait until they are gone."""
    killed = []
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        killed.append(pid)
    wait_until(lambda: not any(is_alive(pid) for pid in killed), timeout_s, f"end of processes {killed}")


class Daemon:
    """One program in the foreground of its own session, with its output in a log file.

    It inherits no descriptor of ours and none of the signals that a shell or pytest may have ignored:
    what it starts later (a CUPS backend) must not find SIGINT, SIGQUIT or SIGPIPE ignored.
    """

    def __init__(
        self,
        arguments: Sequence[str | Path],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self._arguments = [str(argument) for argument in arguments]
        self._log = log
        self._environment = dict(os.environ if environment is None else environment)
        self._stop_signal = stop_signal
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise DeviceUnreachable(f"{self._arguments[0]} was not started")
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, ready: Callable[[], bool], timeout_s: float = 60.0) -> None:
        """Start it and return when `ready` says so. Raises DeviceUnreachable, with its log, if it ends first."""
        if self.running:
            return
        if not Path(self._arguments[0]).exists():
            raise DeviceUnreachable(f"{self._arguments[0]} is missing; `make setup` installs its package")
        command = ["/usr/bin/env", "--default-signal=INT,QUIT,PIPE,HUP,TERM", *self._arguments]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
                cwd="/",
            )
        try:
            wait_until(lambda: not self.running or ready(), timeout_s, f"{self._arguments[0]} to get ready")
            if not self.running:
                raise DeviceUnreachable(f"{self._arguments[0]} ended with {self._process.poll()}")
        except DeviceError as error:
            self.kill()
            tail = self._log.read_bytes()[-LOG_TAIL_OCTETS:].decode(errors="replace")
            raise DeviceUnreachable(f"{error}; its output ({self._log}):\n{tail}") from error

    def stop(self, timeout_s: float = 10.0) -> None:
        """Ask it to end, wait, and kill it if it does not. Harmless when it does not run."""
        self._end(self._stop_signal, timeout_s)

    def kill(self) -> None:
        """End it with SIGKILL. Harmless when it does not run."""
        self._end(signal.SIGKILL, 10.0)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal (SIGHUP to reload, SIGSTOP to hang)."""
        os.kill(self.pid, number)

    def _end(self, number: signal.Signals, timeout_s: float) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

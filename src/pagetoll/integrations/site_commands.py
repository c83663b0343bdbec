# SPDX-License-Identifier: Apache-2.0
"""Runs a site's commands: in a session of their own, with a clean environment, never longer than allowed, and never
with more of their output kept than a page of text.

A command that writes more than is kept is read to its end all the same, so that it does not wait for us. What it
leaves running in the background (a window on somebody's desktop, say) is let live after its own end; only a command
that is stopped takes its whole process group with it.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pagetoll.core.messages import _
from pagetoll.core.plain_text import one_line
from pagetoll.core.site_commands import variable_octets
from pagetoll.ports import CommandEnd
from pagetoll.ports.site_commands import OUTPUT_OCTETS_MAX

SAID_OCTETS_MAX = 2000
LISTEN_EVERY_S = 0.25
NO_STREAM = -1
#: How long we listen to what a command's children still say after its end.
LISTEN_AFTER_S = 0.5
KEPT_VARIABLES = ("LANG", "LC_ALL", "TZ", "PAGETOLL_HOME", "PYKOTA_HOME")
FOLDERS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/opt/bin")


def base_environment() -> dict[str, str]:
    """What every command gets beside the job's variables. Our own programs are found, after all others."""
    folders = [*FOLDERS, str(Path(sys.executable).parent)]
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    home = os.environ.get("HOME") or os.environ.get("PAGETOLL_HOME") or "/"
    return {"LANG": "C.UTF-8", **kept, "PATH": os.pathsep.join(folders), "HOME": home}


class SiteCommandRunner:
    """SiteCommands of `ports`."""

    def run(
        self,
        words: Sequence[str],
        variables: Mapping[str, str],
        *,
        timeout_s: float,
        interrupted: Callable[[], bool] | None = None,
        stdin_fd: int = subprocess.DEVNULL,
        output_octets_max: int = OUTPUT_OCTETS_MAX,
        hand_on: Callable[[bytes], None] | None = None,
    ) -> CommandEnd:
        """See `ports.SiteCommands`."""
        environment = {os.fsencode(name): os.fsencode(value) for name, value in base_environment().items()}
        environment |= {name.encode(): variable_octets(value) for name, value in variables.items()}
        try:
            process = subprocess.Popen(
                [word.replace("\0", "").encode("utf-8", "replace") for word in words],
                env=environment,
                stdin=stdin_fd,
                stdout=subprocess.PIPE if output_octets_max or hand_on else subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                cwd="/",
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            return CommandEnd(None, trouble=_("it could not be started: {why}").format(why=why))
        with process:
            listening = _Listening(process, timeout_s, interrupted, output_octets_max, hand_on)
            try:
                return listening.to_the_end()
            finally:
                listening.close()


class _Listening:
    """One running command: what it writes, and the reasons to stop it."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        timeout_s: float,
        interrupted: Callable[[], bool] | None,
        output_octets_max: int,
        hand_on: Callable[[bytes], None] | None,
    ) -> None:
        assert process.stderr is not None
        self._process = process
        self._timeout_s = timeout_s
        self._until_s = time.monotonic() + timeout_s
        self._interrupted = interrupted
        self._hand_on = hand_on
        self._said = process.stderr.fileno()
        self._output = NO_STREAM if process.stdout is None else process.stdout.fileno()
        self._streams = {self._said: SAID_OCTETS_MAX}
        if process.stdout is not None:
            self._streams[self._output] = output_octets_max
        self._heard = {self._output: b"", self._said: b""}
        self._cut = False
        self._open = set(self._streams)
        self._ended = os.pidfd_open(process.pid)
        for stream in self._streams:
            os.set_blocking(stream, False)

    def close(self) -> None:
        os.close(self._ended)

    def to_the_end(self) -> CommandEnd:
        """Listen until the command is over or has to be stopped."""
        while not self._wait(self._until_s):
            if time.monotonic() >= self._until_s:
                self._stop()
                text = _("it was stopped after {seconds} seconds").format(seconds=f"{self._timeout_s:g}")
                return CommandEnd(None, self._heard[self._output], text, timed_out=True, cut=self._cut)
            if self._interrupted is not None and self._interrupted():
                self._stop()
                given_up = _("the job was given up")
                return CommandEnd(None, self._heard[self._output], given_up, interrupted=True, cut=self._cut)
        linger_s = time.monotonic() + LISTEN_AFTER_S
        while self._open and time.monotonic() < linger_s:
            self._read(linger_s)
        return self._end()

    def _end(self) -> CommandEnd:
        status = self._process.wait()
        output = self._heard[self._output]
        if status == 0:
            return CommandEnd(0, output, cut=self._cut)
        said = one_line(self._heard[self._said].decode("utf-8", "replace"))
        if status < 0:
            text = _("it was ended by signal {number} ({name})")
            number = -status
            name = signal.Signals(number).name if number in set(signal.Signals) else "?"
            ended = text.format(number=number, name=name)
            return CommandEnd(None, output, ended, signal_number=number, cut=self._cut)
        text = _("it ended with status {status}: {said}").format(status=status, said=said or _("it said nothing"))
        return CommandEnd(status, output, text, cut=self._cut)

    def _wait(self, until_s: float) -> bool:
        """Read for a moment; whether the command's own process is over."""
        self._read(min(until_s, time.monotonic() + LISTEN_EVERY_S), watch_end=True)
        return self._process.poll() is not None

    def _read(self, until_s: float, *, watch_end: bool = False) -> None:
        poller = select.poll()
        for stream in self._open:
            poller.register(stream, select.POLLIN)
        if watch_end:
            poller.register(self._ended, select.POLLIN)
        for stream, _event in poller.poll(max(0.0, until_s - time.monotonic()) * 1000):
            if stream == self._ended:
                continue
            data = self._read_once(stream)
            if data == b"":
                self._open.discard(stream)
            elif data is not None:
                if stream == self._output and self._hand_on is not None:
                    self._pass_on(data)
                self._keep(stream, data)

    def _keep(self, stream: int, data: bytes) -> None:
        room = self._streams[stream] - len(self._heard[stream])
        self._heard[stream] += data[:room]
        self._cut |= stream == self._output and len(data) > room

    def _pass_on(self, data: bytes) -> None:
        assert self._hand_on is not None
        try:
            self._hand_on(data)
        except OSError:
            self._hand_on = None

    def _read_once(self, stream: int) -> bytes | None:
        try:
            return os.read(stream, 65536)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def _stop(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

# SPDX-License-Identifier: Apache-2.0
"""A site's own command that tells people instead of mail: bounded in time, and in what is heard of it."""

import os
import select
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO

from pagetoll.core.errors import NoticeError
from pagetoll.core.messages import _
from pagetoll.core.plain_text import one_line
from pagetoll.core.site_commands import variable_octets

TIMEOUT_S = 60.0
HEARD_OCTETS_MAX = 2000
#: How long we listen to what a command's children still say after its end.
LISTEN_AFTER_S = 0.5
LISTEN_EVERY_S = 0.1


class BoundedCommand:
    """CommandNotifier of `ports`. `environment` is what a command gets beside the notice's variables."""

    def __init__(self, environment: Mapping[str, str] | None = None, *, timeout_s: float = TIMEOUT_S) -> None:
        self._environment = {"PATH": os.defpath} if environment is None else environment
        self._timeout_s = timeout_s

    def run(self, words: Sequence[str], variables: Mapping[str, str]) -> None:
        """See `ports.CommandNotifier`. The command reads nothing, and what it writes to stdout is thrown away."""
        told = {**self._environment, **variables}
        try:
            process = subprocess.Popen(
                [word.replace("\0", "") for word in words],
                env={os.fsencode(name): variable_octets(value) for name, value in told.items()},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise NoticeError(
                _("the command of mailto could not be started: {why}; look at mailto in the configuration").format(
                    why=why
                )
            ) from error
        assert process.stderr is not None
        heard = _Listener(process.stderr)
        try:
            status = process.wait(self._timeout_s)
        except subprocess.TimeoutExpired as error:
            # Only then: a command may leave a window open behind it.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise NoticeError(
                _("the command of mailto was stopped after {seconds} seconds; make it faster").format(
                    seconds=f"{self._timeout_s:g}"
                )
            ) from error
        finally:
            said = heard.stop()
        if status != 0:
            text = _("the command of mailto ended with status {status}: {said}; look at mailto in the configuration")
            raise NoticeError(text.format(status=status, said=said or _("it said nothing")))


class _Listener:
    """Reads a pipe so that nobody waits, and keeps its beginning; until its end, or until it is told to stop: a
    window that the command leaves open holds the pipe for as long as it likes."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._kept = b""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._read, name="notice-command", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        descriptor = self._stream.fileno()
        os.set_blocking(descriptor, False)
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        with suppress(OSError):
            while not self._stopping.is_set():
                if not poller.poll(LISTEN_EVERY_S * 1000):
                    continue
                data = os.read(descriptor, 65536)
                if not data:
                    return
                self._kept = (self._kept + data)[:HEARD_OCTETS_MAX]

    def stop(self) -> str:
        """What was heard, on one line."""
        self._thread.join(LISTEN_AFTER_S)
        self._stopping.set()
        self._thread.join()
        self._stream.close()
        return one_line(self._kept.decode(errors="replace"))

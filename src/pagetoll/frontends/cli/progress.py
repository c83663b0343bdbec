# SPDX-License-Identifier: Apache-2.0
"""A bar on a terminal for work that takes more than a moment."""

import shutil
import sys
import threading
import time
from types import TracebackType
from typing import Self

BEGIN_AFTER_S = 1.0
REDRAW_EVERY_S = 0.25
BAR_CHARACTERS = 24


class Progress:
    """Shows on stderr, when that is a terminal, how much of `total` is done; wiped away at the end and before
    anything else is written."""

    def __init__(self, total: int, *, shown: bool | None = None) -> None:
        self._total = max(1, total)
        self._done = 0
        self._shown = sys.stderr.isatty() if shown is None else shown
        self._started_s = time.monotonic()
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._drawn = False
        self._thread = threading.Thread(target=self._redraw, daemon=True)

    def __enter__(self) -> Self:
        if self._shown:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._shown:
            self._thread.join()
        self.wipe()

    def advance(self, amount: int) -> None:
        """So much more is done."""
        self._done += amount

    def wipe(self) -> None:
        """Take the bar away, before a line is written."""
        with self._lock:
            if self._drawn:
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()
                self._drawn = False

    def _redraw(self) -> None:
        if self._ended.wait(BEGIN_AFTER_S):
            return
        while not self._ended.is_set():
            with self._lock:
                sys.stderr.write("\r" + bar(self._done, self._total, time.monotonic() - self._started_s) + "\x1b[K")
                sys.stderr.flush()
                self._drawn = True
            self._ended.wait(REDRAW_EVERY_S)


def bar(done: int, total: int, elapsed_s: float) -> str:
    """The line of the bar, no wider than the terminal."""
    full = min(BAR_CHARACTERS, BAR_CHARACTERS * done // total)
    line = f"[{'#' * full}{' ' * (BAR_CHARACTERS - full)}] {100 * min(done, total) // total:3d} %  {elapsed_s:.0f} s"
    return line[: max(1, shutil.get_terminal_size().columns - 1)]

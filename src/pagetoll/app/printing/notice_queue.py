# SPDX-License-Identifier: Apache-2.0
"""A desk for notices: they are taken at once, and sent one after the other in a thread of its own.

So no job waits for a mail server. The desk is bounded: where too many wait, a further one is not sent, and the log
says so.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from pagetoll.config.options import Settings
from pagetoll.core.errors import PagetollError
from pagetoll.core.jobs import AttemptKey
from pagetoll.core.messages import _
from pagetoll.core.notices import Notice
from pagetoll.ports import Clock, Ledger, Note

log = logging.getLogger("pagetoll.notices")

MOST_WAITING = 200


class Tells(Protocol):
    """`app.notices.Teller`, and an end to its connections."""

    def tell(self, notice: Notice) -> Sequence[str]: ...
    def close(self) -> None: ...


class NoticeQueue:
    """NoticeDesk of `app.printing.attempt`. `open_teller` gives somebody who tells, for the settings of the day."""

    def __init__(self, ledger: Ledger, clock: Clock, open_teller: Callable[[Settings], Tells]) -> None:
        self._ledger, self._clock, self._open_teller = ledger, clock, open_teller
        self._waiting = queue.Queue[tuple[AttemptKey, Notice, Settings]](MOST_WAITING)
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def hand_in(self, key: AttemptKey, notice: Notice, settings: Settings) -> None:
        """See `NoticeDesk`."""
        try:
            self._waiting.put_nowait((key, notice, settings))
        except queue.Full:
            log.error("attempt=%s nobody is told: %s notices wait already", key, MOST_WAITING)
            return
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._send_all, name="notices", daemon=True)
                self._thread.start()

    def wait_until_sent(self, patience_s: float) -> int:
        """Until all that was handed in has been sent or has failed; how many notices are left after `patience_s`."""
        deadline = time.monotonic() + patience_s
        with self._waiting.all_tasks_done:
            while self._waiting.unfinished_tasks and (left_s := deadline - time.monotonic()) > 0:
                self._waiting.all_tasks_done.wait(left_s)
            return self._waiting.unfinished_tasks

    def _send_all(self) -> None:
        while True:
            key, notice, settings = self._waiting.get()
            try:
                self._send(key, notice, settings)
            except Exception:
                log.exception("attempt=%s a notice could not be sent", key)
            finally:
                self._waiting.task_done()

    def _send(self, key: AttemptKey, notice: Notice, settings: Settings) -> None:
        teller = self._open_teller(settings)
        try:
            problems = teller.tell(notice)
        finally:
            teller.close()
        for problem in problems:
            log.warning("attempt=%s notice: %s", key, problem)
            try:
                note = Note(self._clock(), "notice", _("not told: {problem}").format(problem=problem))
                self._ledger.add_notes(key, (note,))
            except PagetollError as error:
                log.warning("attempt=%s a note is lost: %s", key, error)

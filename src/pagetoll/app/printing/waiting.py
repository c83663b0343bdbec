# SPDX-License-Identifier: Apache-2.0
"""Waiting without leaving anybody in the dark: a line every 30 s, and an ear for cancel and loss of the client."""

from datetime import datetime, timedelta

from pagetoll.app.printing.attempt import Attempt, Services
from pagetoll.app.printing.client import ClientGone
from pagetoll.core.lifecycle import Event
from pagetoll.wire.frames import Canceled

SAY_EVERY = timedelta(seconds=30)
#: How soon a wait for something else sees that the client canceled or is gone.
LISTEN_EVERY_S = 0.2


class Patience:
    """One long wait of an attempt. `event` says, once given up, why."""

    def __init__(self, services: Services, attempt: Attempt, line: str = "", *, at_once: bool = True) -> None:
        """The line is said at once, or, with `at_once` false, when the wait has become long."""
        self._services = services
        self._attempt = attempt
        self._line = line
        self._next_line_at: datetime | None = None if at_once else services.clock() + SAY_EVERY
        self.event = Event.CLIENT_LOST

    def given_up(self, pause_s: float = 0.0) -> bool:
        """Whether the client canceled or is gone; waits `pause_s` for that, and says the line when it is time."""
        self._say_now_and_then()
        try:
            received = self._attempt.client.receive(pause_s)
        except ClientGone:
            self._attempt.client_lost = True
            self.event = Event.CLIENT_LOST
            return True
        if received is not None and isinstance(received[0], Canceled):
            self._attempt.canceled = True
            self.event = Event.CANCELED
            return True
        return False

    def _say_now_and_then(self) -> None:
        now = self._services.clock()
        if self._line and (self._next_line_at is None or now >= self._next_line_at):
            self._next_line_at = now + SAY_EVERY
            self._attempt.client.say(self._line)

# SPDX-License-Identifier: Apache-2.0
"""pagetolld with a fault: kills itself or its client by SIGKILL when a command of the life of a job is due.

usage: faulty_daemon.py WHO@COMMAND      WHO is daemon or client, COMMAND one of core.lifecycle.Command
"""

import logging
import os
import signal
import sys

from pagetoll.app.printing.attempt import Attempt
from pagetoll.config.home import Home
from pagetoll.core.lifecycle import Command
from pagetoll.frontends.daemon.main import run


class KillAt:
    """Kills once: what comes after must find everything in order."""

    def __init__(self, who: str, command: Command) -> None:
        self._who, self._command = who, command

    def __call__(self, command: Command, attempt: Attempt) -> None:
        if command is not self._command:
            return
        if self._who == "daemon":
            os.kill(os.getpid(), signal.SIGKILL)
        elif self._who == "client":
            self._who = ""
            os.kill(attempt.arrival.client_pid, signal.SIGKILL)


def main() -> int:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(name)s: %(message)s")
    who, _, command = sys.argv[1].partition("@")
    return run(Home.from_environment(os.environ), KillAt(who, Command(command)))


if __name__ == "__main__":
    sys.exit(main())

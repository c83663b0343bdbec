# SPDX-License-Identifier: Apache-2.0
"""pagetolld with a fault: kills itself or its client by SIGKILL when a command of the life of a job is due.

usage: faulty_daemon.py WHO@COMMAND      WHO is daemon or client, COMMAND one of core.lifecycle.Command
"""

import logging
import os
import signal
import sys
import time

from pagetoll.app.printing.attempt import Attempt
from pagetoll.config.home import Home
from pagetoll.core.lifecycle import Command
from pagetoll.frontends.daemon.main import run
from pagetoll.integrations.printlab.processes import is_alive


class KillAt:
    """Kills once: what comes after must find everything in order."""

    def __init__(self, who: str, command: Command) -> None:
        self._who, self._command = who, command
        self._reading, self._writing = os.pipe()
        self._start_executioner()

    def _start_executioner(self) -> None:
        """A child that stays what we are now: the daemon itself may not kill the client of root."""
        if os.fork() != 0:
            os.close(self._reading)
            return
        os.close(self._writing)
        pid = os.read(self._reading, 32)
        if pid:
            os.kill(int(pid), signal.SIGKILL)
        os._exit(0)

    def __call__(self, command: Command, attempt: Attempt) -> None:
        if command is not self._command:
            return
        if self._who == "daemon":
            os.kill(os.getpid(), signal.SIGKILL)
        elif self._who == "client":
            self._who = ""
            os.write(self._writing, str(attempt.arrival.client_pid).encode())
            while is_alive(attempt.arrival.client_pid):
                time.sleep(0.01)


def main() -> int:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(name)s: %(message)s")
    who, _, command = sys.argv[1].partition("@")
    return run(Home.from_environment(os.environ), KillAt(who, Command(command)))


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""pagetolld that writes down when it came to each command: `nonce TAB command TAB nanoseconds`, a line each."""

import os
import sys
import time
from pathlib import Path

from pagetoll.app.printing.attempt import Attempt
from pagetoll.config.home import Home
from pagetoll.core.lifecycle import Command
from pagetoll.frontends.daemon.main import run


def main() -> int:
    # opened before root is given up
    log = os.open(Path(sys.argv[1]), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)

    def checkpoint(command: Command, attempt: Attempt) -> None:
        os.write(log, f"{attempt.key.nonce}\t{command}\t{time.monotonic_ns()}\n".encode())

    return run(Home.from_environment(os.environ), checkpoint)


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""Builds what the steps of an attempt work with: the one place where the daemon chooses its adapters."""

import os
import socket
import time
from collections.abc import Callable

from pagetoll.accounters.software.counter import SoftwareCounter
from pagetoll.app.printing.attempt import Attempt, Services
from pagetoll.app.printing.devices import DeviceGate
from pagetoll.config.home import Home
from pagetoll.config.options import Settings
from pagetoll.core.lifecycle import Command
from pagetoll.frontends.wiring import now_utc, open_storage
from pagetoll.integrations.device_uris import device_uri_of
from pagetoll.integrations.processes import LinuxProcesses
from pagetoll.storage.journal_folder import JournalFolder
from pagetoll.storage.spool_folder import SpoolFolder

Checkpoint = Callable[[Command, Attempt], None]


def no_checkpoint(_command: Command, _attempt: Attempt) -> None:
    """Nothing happens between the commands."""


def build_services(home: Home, settings: Callable[[], Settings], checkpoint: Checkpoint = no_checkpoint) -> Services:
    """The services of a home. The database is that of the settings now; a change of it needs a restart."""
    ledger, _ = open_storage(home, settings())
    return Services(
        ledger=ledger,
        counter=SoftwareCounter(),
        store=SpoolFolder(home.spool),
        processes=LinuxProcesses(),
        journal=JournalFolder(home.journal),
        devices=DeviceGate(),
        settings=settings,
        device_uri_of=lambda queue, shown: device_uri_of(home, queue, shown),
        clock=now_utc,
        monotonic=time.monotonic,
        spooler_host=socket.gethostname()[:200] or os.uname().nodename,
        checkpoint=checkpoint,
    )

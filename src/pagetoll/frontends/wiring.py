# SPDX-License-Identifier: Apache-2.0
"""Opens the ledger and the catalogue of a home; the one place where frontends choose the store."""

import os
import socket
from datetime import UTC, datetime

from pagetoll.config.home import Home
from pagetoll.config.options import Settings
from pagetoll.plugins import open_catalogue, open_ledger
from pagetoll.ports import Catalogue, Ledger


def now_utc() -> datetime:
    """The clock of everything that is stored."""
    return datetime.now(UTC)


def this_server(settings: Settings) -> str:
    """What the jobs of this machine's spooler are known by."""
    return (settings.server_name or socket.gethostname() or os.uname().nodename)[:200]


def open_storage(home: Home, settings: Settings) -> tuple[Ledger, Catalogue]:
    """The home's ledger and catalogue; both connect at their first use. Raises UsageError."""
    url = settings.database or home.database_url
    timeout_s = float(settings.busy_timeout_s)
    return (
        open_ledger(url, clock=now_utc, busy_timeout_s=timeout_s),
        open_catalogue(url, clock=now_utc, busy_timeout_s=timeout_s),
    )

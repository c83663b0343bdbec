# SPDX-License-Identifier: Apache-2.0
"""Opens the ledger and the catalogue of a home; the one place where frontends choose the store."""

import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote

from pagetoll.config.home import Home
from pagetoll.config.options import Settings
from pagetoll.plugins import open_catalogue, open_ledger

if TYPE_CHECKING:
    from pagetoll.ports import Catalogue, Ledger

DIRECTORY_SCHEMES = ("ldap", "ldaps", "ldapi")


class LateLedger:
    """A ledger that is opened when it is first asked for: most commands need the catalogue alone."""

    def __init__(self, opening: "Callable[[], Ledger]") -> None:
        self._opening = opening
        self._opened: Ledger | None = None

    def get(self) -> "Ledger":
        """The ledger, the same one each time. Raises UsageError, PluginError."""
        if self._opened is None:
            self._opened = self._opening()
        return self._opened

    def close(self) -> None:
        """Close it where it was opened."""
        if self._opened is not None:
            self._opened.close()


def now_utc() -> datetime:
    """The clock of everything that is stored."""
    return datetime.now(UTC)


def this_server(settings: Settings) -> str:
    """What the jobs of this machine's spooler are known by."""
    return (settings.server_name or socket.gethostname() or os.uname().nodename)[:200]


def ledger_url(home: Home, settings: Settings) -> str:
    """The URL of the home's ledger. One in a directory gets its mirror's place in the home, unless it names one."""
    url = settings.database or home.database_url
    address, _mark, options = url.partition("?")
    if not in_directory(url) or "mirror" in dict(parse_qsl(options, keep_blank_values=True)):
        return url
    return f"{address}?{options}{'&' if options else ''}mirror={quote(str(home.mirror))}"


def in_directory(url: str) -> bool:
    """Whether a ledger's URL is that of an LDAP directory."""
    return url.partition(":")[0].lower() in DIRECTORY_SCHEMES


def is_shared(url: str) -> bool:
    """Whether other print servers may have the same ledger: an SQLite file is this server's alone."""
    return not url.startswith("sqlite")


def open_storage(home: Home, settings: Settings) -> "tuple[Ledger, Catalogue]":
    """The home's ledger and catalogue; both connect at their first use. Raises UsageError, PluginError."""
    ledger, catalogue = open_catalogue_first(home, settings)
    return ledger.get(), catalogue


def open_catalogue_first(home: Home, settings: Settings) -> "tuple[LateLedger, Catalogue]":
    """The home's catalogue, which connects at its first use, and its ledger for later. Raises UsageError,
    PluginError."""
    url = ledger_url(home, settings)
    timeout_s = float(settings.busy_timeout_s)
    ledger = LateLedger(lambda: open_ledger(url, clock=now_utc, busy_timeout_s=timeout_s))
    return ledger, open_catalogue(url, clock=now_utc, busy_timeout_s=timeout_s)

# SPDX-License-Identifier: Apache-2.0
"""Which print servers of a shared ledger are gone: those that do not beat any more, and those that were given up.

Time is measured here, between two looks at the ledger: what other machines' clocks say does not matter, and time in
which the ledger could not be read counts for nothing.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from pagetoll.app.lprng.story import INSTANCE
from pagetoll.ports.print_servers import PrintServer

log = logging.getLogger("pagetoll.daemon")

LOOKS_WITHIN = 5
LOOK_AT_LEAST_EVERY_S = 60.0
#: A longer pause between two looks than this part of `server_gone_s`, and what was seen before counts no more.
PAUSE_AT_MOST = 0.5


def look_every_s(gone_after_s: float) -> float:
    """How often to beat, and to look at the others."""
    return min(LOOK_AT_LEAST_EVERY_S, gone_after_s / LOOKS_WITHIN)


def seen_lately(server: PrintServer, now: datetime, gone_after_s: float) -> bool:
    """Whether it says itself that it lives; that is worth as much as both clocks are."""
    return now - server.seen_at < timedelta(seconds=gone_after_s)


class ServerWatch:
    """What this daemon knows of the others. Without a look nobody is gone."""

    def __init__(self, own: str, gone_after_s: Callable[[], float], monotonic: Callable[[], float]) -> None:
        self._own, self._gone_after_s, self._monotonic = own, gone_after_s, monotonic
        self._lock = threading.Lock()
        self._beats: dict[str, tuple[int, float]] = {}  # and since when they stand there
        self._looked_s = 0.0
        self._silent: frozenset[str] = frozenset()
        self._given_up: frozenset[str] = frozenset()

    def look(self, servers: Sequence[PrintServer]) -> list[str]:
        """Take in what the ledger says now; whoever is gone since."""
        now_s, gone_after_s = self._monotonic(), self._gone_after_s()
        with self._lock:
            if now_s - self._looked_s > gone_after_s * PAUSE_AT_MOST:
                self._beats.clear()
            self._looked_s = now_s
            others = [server for server in servers if server.name != self._own]
            for server in others:
                if self._beats.get(server.name, (-1, 0.0))[0] != server.beats:
                    self._beats[server.name] = (server.beats, now_s)
            before = self._silent | self._given_up
            self._given_up = frozenset(server.name for server in others if server.given_up)
            silent = (server.name for server in others if now_s - self._beats[server.name][1] >= gone_after_s)
            self._silent = frozenset(silent)
            gone = sorted((self._silent | self._given_up) - before)
        for name in gone:
            # Whoever gave it up knows: upkeep, which finds it given up each time, does not complain of it.
            level = logging.INFO if name in self._given_up else logging.WARNING
            log.log(level, "the print server %s is gone; the devices that its jobs keep are taken over", name)
        return gone

    def is_gone(self, spooler_host: str) -> bool:
        """Whether the server of this spooler is gone, in one way or the other."""
        return _server_of(spooler_host) in self._silent | self._given_up

    def is_given_up(self, spooler_host: str) -> bool:
        """Whether somebody says so."""
        return _server_of(spooler_host) in self._given_up


def _server_of(spooler_host: str) -> str:
    """The spoolers of a machine have names of their own."""
    return spooler_host.removesuffix(INSTANCE)


def nobody_else() -> ServerWatch:
    """The ledger is this server's alone."""
    return ServerWatch("", lambda: float("inf"), lambda: 0.0)

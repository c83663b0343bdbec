# SPDX-License-Identifier: Apache-2.0
"""Upkeep: closes what dead processes left open and books what was journaled. Runs in the daemon every minute and at
its start, and by command; every act is harmless when repeated.
"""

import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from pagetoll.app.lprng import prior as lprng
from pagetoll.app.lprng.story import is_lprng
from pagetoll.app.printing.attempt import Services
from pagetoll.app.printing.devices import device_of
from pagetoll.app.printing.late import book_entry, book_settlement
from pagetoll.app.printing.remeasure import close_dead
from pagetoll.app.printing.repair import Standing
from pagetoll.app.printing.takeover import close_ownerless, is_ownerless
from pagetoll.core.errors import PagetollError
from pagetoll.core.messages import _
from pagetoll.ports import AttemptRecord

log = logging.getLogger("pagetoll.upkeep")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class UpkeepReport:
    """What a run did: attempts closed, attempts still running, journal entries booked, and what went wrong."""

    closed: int = 0
    running: int = 0
    booked: int = 0
    problems: tuple[str, ...] = ()

    def __str__(self) -> str:
        return _("{closed} attempts closed, {booked} journal entries booked, {running} still running.").format(
            closed=self.closed, booked=self.booked, running=self.running
        )


def run_upkeep(services: Services) -> UpkeepReport:
    """One round. Raises nothing of ours: a problem with one attempt does not keep the others waiting."""
    problems: list[str] = []
    booked = _book_journal(services, problems)
    closed = running = 0
    orphans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    own, others = _guarded(partial(_open_attempts, services), problems) or ((), ())
    for record in others:
        standing = _guarded(partial(_close_ownerless, services, record), problems)
        closed += standing is Standing.CLOSED
        running += standing is Standing.RUNNING
    for record in own:
        if services.devices.is_living(record.facts.key.nonce):
            running += 1
            continue
        close = lprng.close_dead if is_lprng(record) else close_dead
        standing = _guarded(partial(close, services, record), problems)
        closed += standing is Standing.CLOSED
        running += standing is Standing.RUNNING
        if (
            standing is Standing.RUNNING
            and not is_lprng(record)
            and record.backend_pid
            and record.backend_start_time_ticks
        ):
            device = device_of(record.facts.ticket.device_uri)
            orphans[device].append((record.backend_pid, record.backend_start_time_ticks))
    services.devices.orphans = orphans
    _guarded(partial(services.journal.take_back, services.devices.is_living), problems)
    _guarded(partial(services.store.remove_stale, services.devices.is_living), problems)
    _guarded(services.ledger.tidy, problems)
    report = UpkeepReport(closed, running, booked, tuple(problems))
    if closed or booked or problems:
        log.info("upkeep closed=%s running=%s booked=%s problems=%s", closed, running, booked, problems)
    return report


def _open_attempts(services: Services) -> tuple[list[AttemptRecord], list[AttemptRecord]]:
    """Open attempts of this print server, and those of others: what they have begun, only they can know about, until
    they are gone."""
    found = list(services.ledger.open_attempts())
    if not services.shared_ledger:
        return found, []
    services.servers.look(services.ledger.print_servers())
    own = {services.spooler_host, lprng.host_of(services)}
    mine = [one for one in found if one.facts.key.job.spooler_host in own]
    return mine, [one for one in found if one.facts.key.job.spooler_host not in own]


def _close_ownerless(services: Services, record: AttemptRecord) -> Standing | None:
    """None for an attempt that is its own server's to end."""
    return close_ownerless(services, record) if is_ownerless(services, record) else None


def _book_journal(services: Services, problems: list[str]) -> int:
    """Settlements first: an attempt that has one is measured, and needs no guess."""
    booked = 0
    for name, text in _guarded(lambda: list(services.journal.settlements()), problems) or ():
        booked += bool(_guarded(partial(book_settlement, services, name, text), problems))
    for entry in _guarded(lambda: list(services.journal.entries()), problems) or ():
        booked += bool(_guarded(partial(book_entry, services, entry), problems))
    return booked


def _guarded(act: Callable[[], T], problems: list[str]) -> T | None:
    try:
        return act()
    except (PagetollError, OSError) as error:
        problems.append(str(error))
        return None
    except Exception as error:
        # a fault of ours with one attempt must not keep the others waiting for ever
        log.exception("upkeep met an unexpected failure")
        problems.append(
            _("unexpected {kind}: {error}; please report it").format(kind=type(error).__name__, error=error)
        )
        return None

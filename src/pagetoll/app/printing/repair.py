# SPDX-License-Identifier: Apache-2.0
"""Attempts whose daemon died: closed by evidence, never by age.

Reserved, nothing started, client dead, same boot: void. Anything later, or from before a restart of the machine
(its last unsynced commits are lost, so that no mark proves that nothing was started): the whole reservation, as
nobody knows how much was handed over.
"""

from enum import Enum
from typing import Protocol

from pagetoll.core.jobs import AttemptState, ChargeRule, Outcome
from pagetoll.core.measure import charged_by
from pagetoll.core.pricing import tariff_from_json
from pagetoll.ports import AttemptRecord, Clock, Ledger, Note, Processes, Settlement


class Repairer(Protocol):
    """The services that a repair needs."""

    @property
    def ledger(self) -> Ledger: ...
    @property
    def processes(self) -> Processes: ...
    @property
    def clock(self) -> Clock: ...


class Standing(Enum):
    """Whether somebody will still finish an attempt."""

    RUNNING = "running"
    CLOSED = "closed"


def running(processes: Processes, record: AttemptRecord) -> bool:
    """Whether the attempt's client or its device backend is alive, so that its end will still be told."""
    facts = record.facts
    if facts.boot_id != processes.boot_id:
        return False
    if processes.alive(facts.client_pid, facts.client_start_time_ticks):
        return True
    return processes.alive(record.backend_pid or 0, record.backend_start_time_ticks or 0)


def never_started(processes: Processes, record: AttemptRecord) -> bool:
    """Whether nothing was started for an attempt whose processes are dead."""
    return record.state is AttemptState.RESERVED and record.facts.boot_id == processes.boot_id


def close_dead(repairer: Repairer, record: AttemptRecord) -> Standing:
    """Void or settle an open attempt that nobody will finish; RUNNING when somebody will."""
    if running(repairer.processes, record):
        return Standing.RUNNING
    key = record.facts.key
    if never_started(repairer.processes, record):
        note = Note(repairer.clock(), "repaired", "its processes died before the device backend was started")
        repairer.ledger.void(key, Outcome.VOIDED, (note,))
        return Standing.CLOSED
    settle_whole(
        repairer, record, "its processes died after the device backend was started; nobody knows how much came out"
    )
    return Standing.CLOSED


def settle_whole(repairer: Repairer, record: AttemptRecord, why: str) -> None:
    """Charge the whole reservation; `why` is said in the job's record."""
    note = Note(repairer.clock(), "repaired", f"{why}, so that the whole reservation is charged")
    impressions = record.quoted_impressions
    tariff = tariff_from_json(record.tariff_json)
    repairer.ledger.settle(
        record.facts.key,
        Settlement(
            impressions=impressions,
            media_sheets=record.facts.media_sheets or impressions,
            price=tariff.price(impressions),
            rule=charged_by(ChargeRule.HANDED_OVER_UNKNOWN, tariff),
            outcome=Outcome.COMPLETED,
            backend_status=record.backend_status,
            notes=(note,),
        ),
    )

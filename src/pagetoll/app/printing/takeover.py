# SPDX-License-Identifier: Apache-2.0
"""The attempts of a print server that is gone, as far as others have to end them.

A device that such an attempt keeps is wanted by jobs of other servers: it is read, and the attempt is charged what it
marked, or its part. What keeps nobody stays open until its own server is back, or an administrator has given that up.
The server that comes back finds its attempts closed, and books nothing twice: their keys are the same.
"""

import logging

from pagetoll.app.printing import measuring, remeasure, repair, spans
from pagetoll.app.printing.attempt import Services
from pagetoll.app.printing.repair import Standing
from pagetoll.core.jobs import AttemptState, Outcome
from pagetoll.ports import AttemptRecord, Note

log = logging.getLogger("pagetoll.upkeep")


def is_ownerless(services: Services, record: AttemptRecord) -> bool:
    """Whether the attempt's print server is gone, and others have to end it."""
    host = record.facts.key.job.spooler_host
    if not services.servers.is_gone(host):
        return False
    return services.servers.is_given_up(host) or _keeps_a_device(services, record)


def _keeps_a_device(services: Services, record: AttemptRecord) -> bool:
    """Whether jobs of other servers may wait for it: not at a device that only its own server finds."""
    if services.ledger.device_span(record.facts.key) is None:
        return False
    return _is_found_from_here(services, record)


def _is_found_from_here(services: Services, record: AttemptRecord) -> bool:
    kept = services.ledger.readings(record.attempt_id).get("before")
    return kept is None or spans.leads_there_from_anywhere(kept.device)


def close_ownerless(services: Services, record: AttemptRecord) -> Standing:
    """Void or settle an attempt that its print server will not finish; RUNNING while its device is read."""
    key = record.facts.key
    if services.devices.is_living(key.nonce):
        return Standing.RUNNING
    now = services.ledger.attempt(key)
    if now is None or now.state is AttemptState.CLOSED:
        return Standing.CLOSED
    why = f"its print server {key.job.spooler_host} is gone"
    log.info("attempt=%s is ended here: %s", key, why)
    if now.state is AttemptState.RESERVED:  # the mark is written before anything is started
        note = Note(services.clock(), "repaired", f"{why}; the device backend was not started")
        # where it was started in this very moment after all, the next upkeep sees what becomes of it
        gone = services.ledger.void(key, Outcome.VOIDED, (note,), only_unstarted=True)
        return Standing.CLOSED if gone else Standing.RUNNING
    if not _is_found_from_here(services, now) or measuring.meter_of_record(services, now) is None:
        repair.settle_whole(services, now, f"{why}; nobody knows how much came out")
        return Standing.CLOSED
    ended = remeasure.begin(services, key, lambda: remeasure.measure(services, now, why))
    return Standing.CLOSED if ended else Standing.RUNNING

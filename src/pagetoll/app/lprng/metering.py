# SPDX-License-Identifier: Apache-2.0
"""Device counters around LPRng's jobs: the steps of app/printing/measuring.py, with the calls of lpd's programs in
between.

The first reading is taken when the job is accepted, the second when the attempt is closed: by lpd's end program, by
the last pass of our filter, by the next start on the queue, or by upkeep. Between them the daemon keeps the attempt's
place at its device; one that was started anew finds the first reading in the ledger.
"""

from pagetoll.app.printing import measuring
from pagetoll.app.printing.adopt import left_behind
from pagetoll.app.printing.attempt import Attempt, Services
from pagetoll.app.printing.client import NoClient
from pagetoll.core.lifecycle import Event
from pagetoll.core.measure import Marked, Measured
from pagetoll.ports import AttemptRecord, Note


def begin(services: Services, attempt: Attempt) -> Event:
    """Take the job's place at its device, and the first reading. Raises as measuring.begin."""
    event = measuring.begin(services, attempt)
    if attempt.claim is not None:
        services.at_devices[attempt.key.nonce] = attempt
    return event


def forget(services: Services, nonce: str) -> None:
    """The attempt is over and needs no second reading: its device is left to others."""
    attempt = services.at_devices.pop(nonce, None)
    if attempt is not None:
        measuring.leave(services, attempt)


def marked(
    services: Services, record: AttemptRecord, by_data: Measured, *, well: bool
) -> tuple[Marked | None, tuple[Note, ...]]:
    """What the device marked for an attempt, None where it told nothing to be used; and what is to be noted.

    `by_data` is what was handed over, `well` says that it was all of it. Waits for the device.
    """
    attempt = services.at_devices.pop(record.facts.key.nonce, None)
    if attempt is None and measuring.measures_devices(services.settings()):
        begun = "before" in services.ledger.readings(record.attempt_id)
        attempt = left_behind(services, record) if begun else None
    if attempt is None:
        return None, ()
    attempt.client, attempt.client_lost = NoClient(), True  # who began it has ended: a wait has nobody to hear
    attempt.notes.clear()
    try:
        found = measuring.finish(services, attempt, by_data, well)
    finally:
        measuring.leave(services, attempt)
    return found, tuple(attempt.notes)

# SPDX-License-Identifier: Apache-2.0
"""Device counters around LPRng's jobs: the steps of app/printing/measuring.py, with the calls of lpd's programs in
between.

The first reading is taken when the job is accepted, the second when the attempt is closed: by lpd's end program, by
the last pass of our filter, by the next start on the queue, or by upkeep. Between them the daemon keeps the attempt's
place at its device; one that was started anew finds the first reading in the ledger.
"""

from pagetoll.app.printing import measuring
from pagetoll.app.printing.adopt import restore
from pagetoll.app.printing.attempt import Adoption, Arrival, Attempt, Services
from pagetoll.core.lifecycle import Event
from pagetoll.core.measure import Marked, Measured
from pagetoll.ports import AttemptRecord, Note
from pagetoll.wire.frames import Message


class Nobody:
    """The client of an attempt whose programs have ended."""

    def send(self, _message: Message, *_descriptors: int) -> None:
        """Nobody is told."""

    def receive(self, timeout_s: float) -> None:
        """Nobody says anything."""

    def say(self, line: str) -> None:
        """Nobody hears it."""


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
        attempt = _recalled(services, record)
    if attempt is None:
        return None, ()
    attempt.client = Nobody()
    attempt.notes.clear()
    try:
        found = measuring.finish(services, attempt, by_data, well)
    finally:
        measuring.leave(services, attempt)
    return found, tuple(attempt.notes)


def _recalled(services: Services, record: AttemptRecord) -> Attempt | None:
    """The attempt of a daemon that is gone, as the ledger has it; None where that took no first reading."""
    if "before" not in services.ledger.readings(record.attempt_id):
        return None
    facts = record.facts
    attempt = Attempt(
        arrival=Arrival(facts.key.nonce, 0, 0, -1, (), {}, -1),
        ticket=facts.ticket,
        key=facts.key,
        settings=services.settings().for_queue(facts.ticket.printer),
        user_name=facts.user_name,
        identified=facts.identified,
        client=Nobody(),
        adoption=Adoption(True, 0, 0, None, False),
    )
    restore(attempt, record, -1)
    return attempt

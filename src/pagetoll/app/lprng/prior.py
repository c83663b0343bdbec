# SPDX-License-Identifier: Apache-2.0
"""LPRng attempts whose end nobody told: `lprm`, `lpc kill` and a crash run no end program.

Closed by evidence, never by age: lpd's own process for the job is dead (its number and start time are in the books),
or lpd starts a job on that queue again, which it does only when the one before is over.
"""

import hashlib
import time

from pagetoll.app.lprng import metering
from pagetoll.app.lprng.output import close
from pagetoll.app.lprng.story import INSTANCE, read_story
from pagetoll.app.printing.attempt import Services
from pagetoll.app.printing.remeasure import begin
from pagetoll.app.printing.repair import Standing, running
from pagetoll.core.jobs import AttemptState, Outcome
from pagetoll.core.lprng_records import cleaned
from pagetoll.ports import AttemptRecord, Note
from pagetoll.wire.lprng import LpdJob

POLL_S = 0.1


def job_mark(job: LpdJob) -> str:
    """What stands for the job in the books beside its number and time: lpd's identifier, its hash where too long."""
    return mark_of(job.identifier)


def mark_of(identifier: str) -> str:
    """The same for an identifier as lpd tells it, or as a line of the accounting file has it."""
    text = cleaned(identifier)
    return text if len(text) <= 64 else hashlib.sha256(text.encode()).hexdigest()


def host_of(services: Services) -> str:
    """The spooler's name in the books: lpd is another one than CUPS on the same machine."""
    return services.spooler_host + INSTANCE


def find_open(services: Services, job: LpdJob) -> AttemptRecord | None:
    """The newest open attempt of this job on this queue. Number and identifier are the client's words: what another
    user, or one at another host, has open under the same ones is not this job."""
    found = [
        record
        for record in services.ledger.open_attempts_of_job(host_of(services), job.number, job.created)
        if record.facts.ticket.printer == job.queue
        and sender_of(record) == (job_mark(job), cleaned(job.user), cleaned(job.host))
    ]
    return found[-1] if found else None


def sender_of(record: AttemptRecord) -> tuple[str, str, str]:
    """Mark, user and host of an attempt's job, as its sender claims them, in the form of `cleaned`."""
    ticket = record.facts.ticket
    return ticket.job_uuid, cleaned(ticket.job_originating_user_name), cleaned(ticket.job_originating_host_name)


def open_on_queue(services: Services, queue: str) -> list[AttemptRecord]:
    """All open attempts of lpd on the queue, oldest first."""
    host = host_of(services)  # other print servers may have a queue of that name in the same ledger
    found = services.ledger.open_attempts()
    return [one for one in found if one.facts.key.job.spooler_host == host and one.facts.ticket.printer == queue]


def close_prior(services: Services, queue: str, linger_s: float) -> bool:
    """Settle what was left open on the queue, since lpd starts a job there; False when an earlier filter of ours
    still prints after `linger_s`. Those that wait for the device's page counter stay open for the next end."""
    until_s = services.monotonic() + linger_s
    for record in open_on_queue(services, queue):
        while _printing(services, record):
            if services.monotonic() >= until_s:
                return False
            time.sleep(POLL_S)
        now = services.ledger.attempt(record.facts.key)  # upkeep may have closed it meanwhile
        if now is None or now.state is AttemptState.CLOSED:
            continue
        if not read_story(services.ledger.notes(record.attempt_id)).counters:
            close(services, record, "", "its end was not told, and lpd starts a job on this queue")
    return True


def _printing(services: Services, record: AttemptRecord) -> bool:
    """Whether a filter of ours still prints for this attempt."""
    if services.devices.is_living(record.facts.key.nonce):
        return True
    same_boot = record.facts.boot_id == services.processes.boot_id
    return same_boot and services.processes.alive(record.backend_pid or 0, record.backend_start_time_ticks or 0)


def close_dead(services: Services, record: AttemptRecord) -> Standing:
    """Upkeep's part: settle the attempt when lpd's process and our filter are dead. Where that takes a reading of its
    device, upkeep does not wait for it."""
    story = read_story(services.ledger.notes(record.attempt_id))
    if story.told or story.counters or running(services.processes, record):
        return Standing.RUNNING
    if record.state is AttemptState.RESERVED and record.facts.boot_id == services.processes.boot_id:
        metering.forget(services, record.facts.key.nonce)
        note = Note(services.clock(), "repaired", "the start program died before lpd was told to print")
        services.ledger.void(record.facts.key, Outcome.VOIDED, (note,))
        return Standing.CLOSED
    why = "its end was not told, and lpd's process for it is dead"
    ended = begin(services, record.facts.key, lambda: close(services, record, "", why))
    return Standing.CLOSED if ended else Standing.RUNNING

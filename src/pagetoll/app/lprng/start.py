# SPDX-License-Identifier: Apache-2.0
"""The start of an LPRng job: earlier attempts settled, its files counted, decided, set aside."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from pagetoll.app.lprng import metering
from pagetoll.app.lprng.counting import count_files
from pagetoll.app.lprng.prior import close_prior, host_of, job_mark
from pagetoll.app.lprng.story import Story, files_note
from pagetoll.app.printing import confirm, decide, identify, prepare, settle, telling
from pagetoll.app.printing.attempt import EXIT_CANCEL, EXIT_HOLD, Arrival, Attempt, Services
from pagetoll.app.printing.client import Client
from pagetoll.app.printing.run import attempt_of
from pagetoll.core.errors import PagetollError
from pagetoll.core.jobs import AttemptKey, JobKey
from pagetoll.core.lifecycle import Event
from pagetoll.wire.frames import Message
from pagetoll.wire.lprng import LpdJob

log = logging.getLogger("pagetoll.lprng")

#: lpd's statuses, LPRng manual; nothing else is ever told to it.
DONE, LATER, REFUSE, HOLD = 0, 32, 34, 37
_STATUS_OF_EXIT = {EXIT_HOLD: HOLD, EXIT_CANCEL: REFUSE}
#: What CUPS's backends say in lines for the scheduler, which lpd has no use for.
_FOR_CUPS_ONLY = ("JOBSTATE:", "STATE:", "ATTR:", "PAGE:")


@dataclass(frozen=True, slots=True)
class Calling:
    """Who calls: the program's process, lpd's process for the job (0: none on this machine), and what it drew."""

    nonce: str
    pid: int
    worker_pid: int
    worker_start_time_ticks: int


class Told:
    """lpd's end as the steps of an attempt see it: lines go to its log, and no message is performed."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def send(self, _message: Message, *_descriptors: int) -> None:
        """A job of lpd's has no device backend of ours."""

    def receive(self, timeout_s: float) -> tuple[Message, tuple[int, ...]] | None:
        """lpd's programs say nothing while they wait; one that is gone is noticed. Raises ClientGone."""
        return self._client.receive(timeout_s)

    def say(self, line: str) -> None:
        if not line.startswith(_FOR_CUPS_ONLY):
            self._client.say(line)


@dataclass(frozen=True, slots=True)
class Started:
    """What lpd is told; the attempt where it may print."""

    status: int
    attempt: Attempt | None = field(default=None, repr=False)


def start(
    services: Services,
    client: Client,
    calling: Calling,
    job: LpdJob,
    opened: Mapping[str, int],
    traits: Story,
) -> Started:
    """Decide about a job and set aside what it will use. `opened` has the files' descriptors by name; `traits` says
    who will tell what comes out. Raises PagetollError, OSError."""
    attempt = arriving(services, client, calling, job)
    if not close_prior(services, job.queue, attempt.settings.device_linger_s):
        client.say(f"An earlier job still prints on {job.queue}; this one is tried again later.")
        return Started(LATER)
    files = count_files(services, attempt, job, opened)
    attempt.notes.append(files_note(services.clock(), replace(traits, files=tuple(files))))
    event, reserved = _judge(services, attempt)
    if event is Event.CONFIRMED:
        event = _prepare(services, attempt, by_file=traits.counters)
    if event is not Event.CONFIRMED:
        metering.forget(services, attempt.key.nonce)
        return Started(_not_printed(services, attempt, event, reserved))
    services.ledger.add_notes(attempt.key, tuple(attempt.notes))
    services.ledger.mark_starting(attempt.key, services.clock())
    log.info("job=%r printer=%r user=%r accepted", job.identifier, job.queue, attempt.user_name)
    return Started(DONE, attempt)


def _judge(services: Services, attempt: Attempt) -> tuple[Event, bool]:
    """The steps of core/lifecycle.py from the identity to the user's answer: CONFIRMED, or the first event that is no
    step forward; and whether something is set aside by then."""
    reserved = False
    for step, goes_on in _STEPS:
        event = step(services, attempt)
        if event is not goes_on:
            return event, reserved
        reserved = reserved or event is Event.RESERVED
    return Event.CONFIRMED, reserved


def _prepare(services: Services, attempt: Attempt, *, by_file: bool) -> Event:
    """The device's first reading, unless its counter is in the accounting file (`by_file`), then the prehook:
    CONFIRMED, or why not. What was set aside is given back when the device must be read and cannot be. Raises
    PagetollError."""
    if not by_file:
        try:
            event = metering.begin(services, attempt)
        except PagetollError as error:
            attempt.failure = str(error)
            settle.void(services, attempt)
            raise
        if event is not Event.DEVICE_FREE:
            return event
    return prepare.run_prehook(services, attempt) or Event.CONFIRMED


def _not_printed(services: Services, attempt: Attempt, event: Event, reserved: bool) -> int:
    """Books and notices of a job that may not print; lpd's status. One whose program left us is tried again."""
    if reserved:
        settle.void(services, attempt)
    elif event in (Event.REFUSED, Event.OVER_LIMIT):
        decide.record_refusal(services, attempt)
    elif event is Event.WITHDRAWN:
        decide.record_withdrawal(services, attempt)
    else:
        decide.record_cancel(services, attempt)
    telling.tell(services, attempt)
    if attempt.withdrawn:
        return REFUSE
    if event in (Event.REFUSED, Event.OVER_LIMIT):
        return _STATUS_OF_EXIT.get(attempt.exit_status, HOLD)
    return LATER


_STEPS: tuple[tuple[Callable[[Services, Attempt], Event], Event], ...] = (
    (identify.identify, Event.IDENTIFIED),
    (decide.decide, Event.ACCEPTED),
    (decide.reserve, Event.RESERVED),
    (confirm.confirm, Event.CONFIRMED),
)


def arriving(services: Services, client: Client, calling: Calling, job: LpdJob) -> Attempt:
    """The attempt of a call. The user is a claim of whoever sent the job."""
    told = (b"lprng", b"%d" % job.number, _octets(job.user), _octets(job.title), b"1", b"")
    arrival = Arrival(
        nonce=calling.nonce,
        client_pid=calling.worker_pid,
        client_start_time_ticks=calling.worker_start_time_ticks,
        client_uid=-1,
        arguments=told,
        variables={"PRINTER": _octets(job.queue), "DEVICE_URI": _octets(job.device_uri)},
        document_fd=-1,
    )
    attempt = attempt_of(services, arrival, Told(client), None)
    options = {"job-billing": job.accounting_name} if job.accounting_name else {}
    attempt.ticket = replace(
        attempt.ticket,
        job_uuid=job_mark(job),
        job_originating_host_name=job.host,
        document_from_file=True,
        options=options,
    )
    attempt.key = AttemptKey(JobKey(host_of(services), job.number, job.created), calling.nonce)
    return attempt


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "replace")

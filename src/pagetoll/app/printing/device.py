# SPDX-License-Identifier: Apache-2.0
"""The steps on the device: wait until it is free, start the real backend, watch it to its end.

The life pipe is the evidence (docs/concepts/life-of-a-job.md): the backend's process writes one octet into it just
before it becomes the backend and nobody else holds its write end. No octet and end-of-file: never started. An octet
and open: still printing. An octet and end-of-file: over.
"""

import logging
import os
import select
from enum import Enum

from pagetoll.app.printing import measuring
from pagetoll.app.printing.attempt import Attempt, Services
from pagetoll.app.printing.client import ClientGone
from pagetoll.app.printing.devices import device_of
from pagetoll.app.printing.page_lines import reported_total
from pagetoll.app.printing.ticket import text_of, who_pays
from pagetoll.app.printing.waiting import LISTEN_EVERY_S, Patience
from pagetoll.core.errors import LedgerError, StorageError
from pagetoll.core.lifecycle import Event
from pagetoll.wire.frames import Canceled, Ended, Go, Line, Print, Started, Starting

log = logging.getLogger("pagetoll.printing")

START_TIMEOUT_S = 10.0
BUSY = "INFO: Another job is still printing on this device; waiting for it to end."
LINE_OCTETS_MAX = 65536


class Life(Enum):
    """What a life pipe says."""

    NOT_YET = "not_yet"
    NEVER = "never"
    ALIVE = "alive"
    OVER = "over"


def await_device(services: Services, attempt: Attempt) -> Event:
    """Wait for the device, and take its first reading where it is measured. Raises DeviceError."""
    event = enter_device(services, attempt)
    return measuring.begin(services, attempt) if event is Event.DEVICE_FREE else event


def enter_device(services: Services, attempt: Attempt) -> Event:
    """Wait for the device, at most `device_linger_s`; after that the job starts in spite of the other one."""
    device = device_of(attempt.ticket.device_uri)
    patience = Patience(services, attempt, BUSY)
    deadline = services.monotonic() + attempt.settings.device_linger_s
    wait_s = 0.0  # a device that is free costs no wait
    while services.monotonic() <= deadline:
        if services.devices.enter(device, attempt.key.nonce, wait_s) and not _has_orphan(services, device):
            return Event.DEVICE_FREE
        if patience.given_up(pause_s=wait_s):
            return patience.event
        wait_s = LISTEN_EVERY_S
    services.devices.seize(device, attempt.key.nonce)
    return Event.DEVICE_FREE


def _has_orphan(services: Services, device: str) -> bool:
    """Whether a backend from before the daemon's start still runs on the device; its client is dead, or it would
    have told us."""
    return any(services.processes.alive(*process) for process in services.devices.orphans.get(device, ()))


def start_backend(services: Services, attempt: Attempt) -> Event:
    """Have the client start the real backend; the ledger knows of the start before the fork."""
    ticket, document = attempt.ticket, attempt.document
    assert document is not None
    uri = services.device_uri_of(ticket.printer, ticket.device_uri)
    arguments = attempt.arrival.arguments
    user, title = words_for_device(attempt)
    order = Print(device_uri=uri.encode(), user=user, title=title, copies=arguments[4], options=arguments[5])
    descriptors = () if ticket.document_from_file else (document.descriptor,)
    if attempt.instead_fd >= 0:
        descriptors = (attempt.instead_fd,)
        os.lseek(attempt.instead_fd, 0, os.SEEK_SET)  # it may be started again
    try:
        attempt.client.send(order, *descriptors)
        event = _await_starting(attempt)
        if event is not None:
            return event
        services.ledger.mark_starting(attempt.key, services.clock())
        attempt.client.send(Go())
        return _await_started(services, attempt)
    except ClientGone:
        attempt.client_lost = True
        return _start_by_life(attempt) if attempt.life_fd >= 0 else Event.NEVER_STARTED


def words_for_device(attempt: Attempt) -> tuple[bytes, bytes]:
    """User and title as the real backend gets them: what the spooler gave, unless the site's rules rewrote it."""
    arguments = attempt.arrival.arguments
    received, _identified = who_pays(attempt.ticket)
    user = arguments[2] if attempt.user_name == received else attempt.user_name.encode()
    title = arguments[3] if attempt.ticket.job_name == text_of(arguments[3]) else attempt.ticket.job_name.encode()
    return user, title


def _await_starting(attempt: Attempt) -> Event | None:
    """The client's pipes; an event when there will be no start."""
    received = attempt.client.receive(START_TIMEOUT_S)
    message, descriptors = received if received is not None else (None, ())
    if isinstance(message, Canceled):
        attempt.canceled = True
        return Event.CANCELED
    if not isinstance(message, Starting):
        attempt.failure = "the thin client did not start the device backend; CUPS's error log says more"
        return Event.NEVER_STARTED
    attempt.life_fd, attempt.backend_stderr_fd = descriptors
    for descriptor in descriptors:
        os.set_blocking(descriptor, False)
    return None


def _await_started(services: Services, attempt: Attempt) -> Event:
    """The client's word with pid and start time; while it says nothing, the life pipe's."""
    while True:
        received = attempt.client.receive(START_TIMEOUT_S)
        if received is None:
            if life(attempt) is not Life.NOT_YET:
                return _start_by_life(attempt)
            continue
        message, _ = received
        if isinstance(message, Started):
            note_started(services, attempt, message.backend_pid, message.backend_start_time_ticks)
            return Event.STARTED
        if isinstance(message, Canceled):
            attempt.canceled = True
            _cut_off(services, attempt)
        elif isinstance(message, Ended):
            attempt.backend_status = message.status
            return _start_by_life(attempt)


def _start_by_life(attempt: Attempt) -> Event:
    """Whether the backend ever ran. A dead client's fork is decided within moments: by the octet or by the end."""
    poller = select.poll()
    poller.register(attempt.life_fd, select.POLLIN)
    while life(attempt) is Life.NOT_YET:
        poller.poll(1000)
    return Event.NEVER_STARTED if life(attempt) is Life.NEVER else Event.STARTED


def note_started(services: Services, attempt: Attempt, backend_pid: int, backend_start_time_ticks: int) -> None:
    """Keep the backend's process on record. That is only for the case that client and daemon both die: a ledger
    that cannot be written now must not keep us from following a backend that runs."""
    attempt.backend_pid = backend_pid
    try:
        services.ledger.mark_started(attempt.key, backend_pid, backend_start_time_ticks)
    except (StorageError, LedgerError) as error:
        log.warning("attempt=%s backend=%s is not on record: %s", attempt.key, backend_pid, error)


def life(attempt: Attempt) -> Life:
    """What the life pipe says now; an octet that was read is remembered in `life_seen`."""
    if attempt.life_fd < 0:
        return Life.NEVER if not attempt.life_seen else Life.OVER
    try:
        while True:
            octets = os.read(attempt.life_fd, 16)
            if not octets:
                return Life.OVER if attempt.life_seen else Life.NEVER
            attempt.life_seen = True
    except BlockingIOError:
        return Life.ALIVE if attempt.life_seen else Life.NOT_YET
    except OSError:
        return Life.OVER if attempt.life_seen else Life.NEVER


def watch_backend(services: Services, attempt: Attempt) -> Event:
    """Follow the backend to its end: by the client's word, and when that is lost by the life pipe alone."""
    if attempt.adoption is not None:
        services.devices.seize(device_of(attempt.ticket.device_uri), attempt.key.nonce)
    while not attempt.client_lost and not _ended(services, attempt):
        pass
    if attempt.client_lost and life(attempt) is Life.NEVER:
        return Event.NEVER_STARTED
    _outlive(attempt)
    return Event.BACKEND_ENDED


def _ended(services: Services, attempt: Attempt) -> bool:
    """Take one message; whether the client says that the backend is over, or that it will not wait for it."""
    if attempt.adoption is not None and attempt.adoption.ended:
        return True
    try:
        received = attempt.client.receive(1.0)
    except ClientGone:
        attempt.client_lost = True
        return False
    if received is None:
        return False
    message, _ = received
    if isinstance(message, Started):
        note_started(services, attempt, message.backend_pid, message.backend_start_time_ticks)
    elif isinstance(message, Line):
        take_line(attempt, message.line)
    elif isinstance(message, Canceled):
        attempt.canceled = True
        _cut_off(services, attempt)
    elif isinstance(message, Ended):
        attempt.backend_status, attempt.backend_signal = message.status, message.signal_number
        attempt.canceled = attempt.canceled or message.canceled
        return True
    return False


def _cut_off(services: Services, attempt: Attempt) -> None:
    """End the document here: CUPS's own backends ignore SIGTERM while they read standard input, since their filters
    die with the job and leave them at its end (CUPS backend/runloop.c); a spooled file has to be made to end."""
    if attempt.instead_fd >= 0:
        os.truncate(f"/proc/self/fd/{attempt.instead_fd}", os.lseek(attempt.instead_fd, 0, os.SEEK_CUR))
    elif attempt.document is not None and attempt.document.path and not attempt.ticket.document_from_file:
        services.store.cut_off(attempt.document)


def take_line(attempt: Attempt, line: bytes) -> None:
    """Remember the largest page report of the backend that is to be believed."""
    total = reported_total(line, attempt.ticket.device_uri)
    if total is not None:
        attempt.reported_impressions = max(total, attempt.reported_impressions or 0)


def _outlive(attempt: Attempt) -> None:
    """While a canceled or orphaned backend lives on, read its stderr in the client's place, so that it neither
    blocks nor dies of it, and so that its page reports count."""
    if attempt.life_fd < 0 or not (attempt.client_lost or attempt.canceled):
        return
    rest = b""
    while life(attempt) in (Life.ALIVE, Life.NOT_YET):
        rest = _drain(attempt, rest, 0.5)
    while True:
        before = rest
        rest = _drain(attempt, rest, 0.0)
        if rest == before:
            return


def _drain(attempt: Attempt, rest: bytes, wait_s: float) -> bytes:
    """Read what the backend wrote; the unfinished line is returned."""
    watched = [fd for fd in (attempt.backend_stderr_fd,) if fd >= 0]
    poller = select.poll()
    for descriptor in (*watched, attempt.life_fd):
        poller.register(descriptor, select.POLLIN)
    ready = dict(poller.poll(wait_s * 1000))
    for descriptor in watched:
        if descriptor not in ready:
            continue
        try:
            data = os.read(descriptor, LINE_OCTETS_MAX)
        except BlockingIOError:
            continue
        if not data:
            os.close(descriptor)
            attempt.backend_stderr_fd = -1
            continue
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            take_line(attempt, line)
        rest = rest[-LINE_OCTETS_MAX:]
    return rest

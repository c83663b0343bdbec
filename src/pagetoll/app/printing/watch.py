# SPDX-License-Identifier: Apache-2.0
"""Following the device backend to its end, and starting it again where `onbackenderror` says so."""

import os
from datetime import timedelta

from pagetoll.app.printing import banners, device
from pagetoll.app.printing.attempt import Attempt, Services
from pagetoll.app.printing.waiting import LISTEN_EVERY_S, Patience
from pagetoll.core.lifecycle import Event
from pagetoll.ports import Note

AGAIN = "INFO: The device backend failed with status {status}; it is started again in {seconds} seconds."
#: A backend that fails at once must not be started as fast as the machine can.
SHORTEST_PAUSE_S = 1


def watch(services: Services, attempt: Attempt) -> Event:
    """The event at the end of the last try; an accounted ending banner has been printed then."""
    event = device.watch_backend(services, attempt)
    rule, tries = attempt.settings.onbackenderror, 1
    while event is Event.BACKEND_ENDED and _has_failed(attempt) and (rule.tries == 0 or tries < rule.tries):
        tries += 1
        if not _start_again(services, attempt, max(rule.pause_s, SHORTEST_PAUSE_S)):
            break
        event = device.watch_backend(services, attempt)
    if event is Event.BACKEND_ENDED:
        banners.print_ending(services, attempt, accounted=True)
    return event


def _has_failed(attempt: Attempt) -> bool:
    failed = attempt.backend_status not in (None, 0)
    return failed and not attempt.canceled and not attempt.client_lost and attempt.adoption is None


def _start_again(services: Services, attempt: Attempt, pause_s: int) -> bool:
    """Wait, then start the backend once more with the whole document; whether it runs."""
    line = AGAIN.format(status=attempt.backend_status, seconds=pause_s)
    attempt.notes.append(Note(services.clock(), "retry", line.removeprefix("INFO: ")))
    patience = Patience(services, attempt, line)
    due = services.clock() + timedelta(seconds=pause_s)
    while services.clock() < due:
        if patience.given_up(pause_s=LISTEN_EVERY_S):
            return False
    document, status = attempt.document, attempt.backend_status
    assert document is not None
    offset = 0
    if not attempt.ticket.document_from_file:
        offset = os.lseek(document.descriptor, 0, os.SEEK_CUR)
        os.lseek(document.descriptor, 0, os.SEEK_SET)
    for descriptor in {attempt.life_fd, attempt.backend_stderr_fd} - {-1}:
        os.close(descriptor)
    attempt.life_fd = attempt.backend_stderr_fd = -1
    attempt.life_seen, attempt.backend_status, attempt.reported_impressions = False, None, None
    if device.start_backend(services, attempt) is Event.STARTED:
        return True
    # what the last try has brought to paper is all that there is
    attempt.life_seen, attempt.backend_status, attempt.spool_offset = True, status, offset
    return False

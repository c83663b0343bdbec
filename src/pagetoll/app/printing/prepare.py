# SPDX-License-Identifier: Apache-2.0
"""What comes before the document: the notice of a warning, the prehook, a starting banner."""

from pagetoll.app.printing import banners
from pagetoll.app.printing.attempt import Attempt, Services
from pagetoll.app.printing.hooks import run_hook
from pagetoll.app.printing.telling import tell
from pagetoll.core.hook_variables import Phase
from pagetoll.core.lifecycle import Event


def prepare(services: Services, attempt: Attempt) -> Event:
    """All of it, for a job that is going to be printed. A prehook's status decides nothing."""
    tell(services, attempt)
    if not attempt.accounted:
        return Event.PREPARED
    given_up = run_prehook(services, attempt)
    if given_up is None:
        banners.forgive_denied(services, attempt)
        banners.print_starting(services, attempt)
        given_up = _given_up(attempt)
    return given_up or Event.PREPARED


def _given_up(attempt: Attempt) -> Event | None:
    """Whether the job was given up while its banner was printed."""
    if attempt.canceled:
        return Event.CANCELED
    return Event.CLIENT_LOST if attempt.client_lost else None


def run_prehook(services: Services, attempt: Attempt, *, heedless: bool = False) -> Event | None:
    """Run the prehook, once; the event when the job was given up meanwhile."""
    command = attempt.settings.prehook
    if command is None or attempt.prepared:
        return None
    attempt.prepared = True
    return run_hook(services, attempt, "prehook", command, Phase.BEFORE, heedless=heedless).given_up

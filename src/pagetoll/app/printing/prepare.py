# SPDX-License-Identifier: Apache-2.0
"""What comes before the document: the notice of a warning, the prehook, a starting banner."""

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
    return run_prehook(services, attempt) or Event.PREPARED


def run_prehook(services: Services, attempt: Attempt, *, heedless: bool = False) -> Event | None:
    """Run the prehook, once; the event when the job was given up meanwhile."""
    command = attempt.settings.prehook
    if command is None or attempt.prepared:
        return None
    attempt.prepared = True
    return run_hook(services, attempt, "prehook", command, Phase.BEFORE, heedless=heedless).given_up

# SPDX-License-Identifier: Apache-2.0
"""What comes when the books of an attempt are closed: notices, the hooks of a job that was not printed, the posthook.

Nothing here changes what was charged, so whatever dies here is not made up for.
"""

import logging

from pagetoll.app.printing import banners
from pagetoll.app.printing.attempt import Attempt, Services
from pagetoll.app.printing.hooks import run_hook
from pagetoll.app.printing.prepare import run_prehook
from pagetoll.app.printing.telling import tell
from pagetoll.core.errors import PagetollError
from pagetoll.core.hook_variables import Phase
from pagetoll.core.jobs import Outcome
from pagetoll.core.lifecycle import Event

log = logging.getLogger("pagetoll.printing")


def round_off(services: Services, attempt: Attempt) -> Event:
    """All of it. A job that the spooler took back before the decision has none of it."""
    attempt.notes.clear()  # they are in the books with what was closed
    tell(services, attempt)
    if _has_hooks(attempt):
        if not _was_printed(attempt):
            run_prehook(services, attempt, heedless=True)
            if attempt.outcome is Outcome.REFUSED:
                banners.print_denied(services, attempt)
            elif attempt.withdrawn:
                banners.print_canceled(services, attempt)
        else:
            banners.print_ending(services, attempt, accounted=False)
        if attempt.settings.posthook is not None:
            run_hook(services, attempt, "posthook", attempt.settings.posthook, Phase.AFTER, heedless=True)
    printer_id = attempt.known_ids[0]
    settings = services.settings()
    if settings.disablehistory and printer_id is not None:
        services.ledger.hide_earlier(printer_id, attempt.key)
    if attempt.notes:
        try:
            services.ledger.add_notes(attempt.key, tuple(attempt.notes))
        except PagetollError as error:
            log.warning("attempt=%s a note is lost: %s", attempt.key, error)
    return Event.ROUNDED_OFF


def _was_printed(attempt: Attempt) -> bool:
    return attempt.measured is not None


def _has_hooks(attempt: Attempt) -> bool:
    """Hooks belong to jobs that the books know, once it was decided about them; and what a prehook began, a posthook
    ends."""
    if attempt.prepared:
        return True
    decided = (
        attempt.measured is not None
        or attempt.withdrawn
        or attempt.outcome
        in (
            Outcome.REFUSED,
            Outcome.PENDING_HELD,
        )
    )
    return attempt.accounted and decided

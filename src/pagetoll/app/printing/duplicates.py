# SPDX-License-Identifier: Apache-2.0
"""The same document printed twice by the same user: refused, or decided by the site's command.

Looked for when the job is decided on, and once more by the reserve itself, which alone sees a copy that came at the
same instant.
"""

from datetime import timedelta

from pagetoll.app.printing.attempt import Attempt, Services
from pagetoll.app.printing.hooks import run_hook
from pagetoll.core.charging import ChargeView
from pagetoll.core.hook_variables import Phase
from pagetoll.core.lifecycle import Event
from pagetoll.core.messages import _
from pagetoll.core.policy import Decision, Verdict
from pagetoll.core.site_commands import SiteCommand
from pagetoll.ports import AttemptRecord, NoCopy, Note

DENY = "DENY"


def duplicate(services: Services, attempt: Attempt, view: ChargeView) -> Decision | Event | None:
    """The refusal of a duplicate; None for a job that may go on; the event when the job was given up meanwhile."""
    wanted, document = no_copy(services, attempt), attempt.document
    if wanted is None or document is None or view.user_id is None:
        return None
    earlier = services.ledger.same_document(attempt.key, view.user_id, document.sha256, wanted.since)
    return None if earlier is None else judged(services, attempt, earlier)


def no_copy(services: Services, attempt: Attempt) -> NoCopy | None:
    """What the reserve is to look for; None where copies may be printed."""
    if not attempt.settings.denyduplicates or attempt.document is None:
        return None
    since = services.clock() - timedelta(seconds=attempt.settings.duplicatesdelay_s)
    return NoCopy(since, attempt.copies_allowed_up_to)


def judged(services: Services, attempt: Attempt, earlier: AttemptRecord) -> Decision | Event | None:
    """The same for a job whose document that attempt has."""
    text = _("Not printed: the same document was printed on {printer} less than {seconds} seconds ago (job {job})")
    said = text.format(
        printer=earlier.facts.ticket.printer,
        seconds=attempt.settings.duplicatesdelay_s,
        job=earlier.facts.key.job.job_id,
    )
    rule = attempt.settings.denyduplicates
    if isinstance(rule, SiteCommand):
        done = run_hook(services, attempt, "denyduplicates", rule, Phase.BEFORE)
        if done.given_up is not None:
            return done.given_up
        if DENY not in (line.upper() for line in done.end.lines):
            attempt.copies_allowed_up_to = max(attempt.copies_allowed_up_to, earlier.attempt_id)
            attempt.notes.append(Note(services.clock(), "duplicate", f"allowed by the command: {said}"))
            return None
    return Decision(Verdict.REFUSE, "account-authorization-failed", said)

# SPDX-License-Identifier: Apache-2.0
"""The same document printed twice by the same user: refused, or decided by the site's command."""

from datetime import timedelta

from pagetoll.app.printing.attempt import Attempt, Services
from pagetoll.app.printing.hooks import run_hook
from pagetoll.core.charging import ChargeView
from pagetoll.core.hook_variables import Phase
from pagetoll.core.lifecycle import Event
from pagetoll.core.messages import _
from pagetoll.core.policy import Decision, Verdict
from pagetoll.core.site_commands import SiteCommand
from pagetoll.ports import Note

DENY = "DENY"


def duplicate(services: Services, attempt: Attempt, view: ChargeView) -> Decision | Event | None:
    """The refusal of a duplicate; None for a job that may go on; the event when the job was given up meanwhile."""
    rule, document = attempt.settings.denyduplicates, attempt.document
    if not rule or document is None or view.user_id is None:
        return None
    since = services.clock() - timedelta(seconds=attempt.settings.duplicatesdelay_s)
    earlier = services.ledger.same_document(attempt.key, view.user_id, document.sha256, since)
    if earlier is None:
        return None
    text = _("Not printed: the same document was printed on {printer} less than {seconds} seconds ago (job {job})")
    said = text.format(
        printer=earlier.facts.ticket.printer,
        seconds=attempt.settings.duplicatesdelay_s,
        job=earlier.facts.key.job.job_id,
    )
    if isinstance(rule, SiteCommand):
        done = run_hook(services, attempt, "denyduplicates", rule, Phase.BEFORE)
        if done.given_up is not None:
            return done.given_up
        if DENY not in (line.upper() for line in done.end.lines):
            attempt.notes.append(Note(services.clock(), "duplicate", f"allowed by the command: {said}"))
            return None
    return Decision(Verdict.REFUSE, "account-authorization-failed", said)

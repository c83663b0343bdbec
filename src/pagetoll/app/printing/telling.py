# SPDX-License-Identifier: Apache-2.0
"""Telling people of a job, once: why it was refused, canceled, warned of, or not accounted (`mailto`)."""

from pagetoll.app.notices import address_of, subject_of
from pagetoll.app.printing.attempt import Attempt, Services
from pagetoll.app.printing.hooks import action_of, figures_of, reason_of, variables_of
from pagetoll.core.hook_variables import Phase
from pagetoll.core.mail_to import Recipients
from pagetoll.core.messages import _
from pagetoll.core.notices import Action, Notice

NOT_TOLD = frozenset({Action.PROBLEM, ""})


def tell(services: Services, attempt: Attempt) -> None:
    """Hand the notice in, where there is a reason and it was not done before. Raises StorageError."""
    queue = attempt.settings
    if attempt.told or attempt.silent or queue.mailto.recipients is Recipients.NOBODY:
        return
    action = action_of(attempt)
    reason = reason_of(services, attempt)
    if not reason or action in NOT_TOLD or (attempt.canceled and not attempt.withdrawn):
        return
    attempt.told = True
    settings, user, printer = services.settings(), attempt.user_name, attempt.ticket.printer
    known = figures_of(services, attempt).user
    about = _("Job {job} of {user} on {printer}: {reason}")
    notice = Notice(
        action=Action(action),
        subject=subject_of(Action(action)),
        user_name=user,
        email=address_of(user, known.email if known else "", settings),
        printer_name=printer,
        text=reason,
        admin_text=about.format(job=attempt.key.job.job_id, user=user, printer=printer, reason=reason),
        variables=variables_of(services, attempt, Phase.BEFORE),
    )
    services.notices.hand_in(attempt.key, notice, settings)

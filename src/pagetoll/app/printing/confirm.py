# SPDX-License-Identifier: Apache-2.0
"""Asking the user, while everything is set aside: the answer CANCEL, or none in time, gives it back."""

from pagetoll.app.printing.attempt import Attempt, Services
from pagetoll.app.printing.hooks import run_hook
from pagetoll.core.hook_variables import Phase
from pagetoll.core.lifecycle import Event
from pagetoll.core.messages import _
from pagetoll.ports import Note

ASKING = "INFO: Waiting for the user to confirm the job."
CANCEL = "CANCEL"


def confirm(services: Services, attempt: Attempt) -> Event:
    """Run `askconfirmation`. A command that fails has asked nobody, and the job goes on; one that is still at it
    after `confirm_timeout_s` has got no answer, and the job is canceled."""
    command = attempt.settings.askconfirmation
    if command is None or not attempt.accounted:
        return Event.CONFIRMED
    done = run_hook(
        services,
        attempt,
        "askconfirmation",
        command,
        Phase.BEFORE,
        timeout_s=attempt.settings.confirm_timeout_s,
        line=ASKING,
        decided=False,
    )
    if done.given_up is not None:
        return done.given_up
    if any(line.upper() == CANCEL for line in done.end.lines):
        _note(services, attempt, f"the answer was {CANCEL}")
        return _withdraw(services, attempt, _("You canceled this job; nothing was printed or charged"))
    if done.end.timed_out:
        _note(services, attempt, f"no answer within {attempt.settings.confirm_timeout_s} seconds")
        text = _("Nobody confirmed this job within {seconds} seconds; nothing was printed or charged")
        return _withdraw(services, attempt, text.format(seconds=attempt.settings.confirm_timeout_s))
    _note(services, attempt, "nobody was asked" if done.end.status is None else "the job may go on")
    return Event.CONFIRMED


def _note(services: Services, attempt: Attempt, said: str) -> None:
    attempt.notes.append(Note(services.clock(), "confirmation", f"askconfirmation: {said}"))


def _withdraw(services: Services, attempt: Attempt, text: str) -> Event:
    attempt.withdrawn = True
    attempt.withdrawal = text
    attempt.notes.append(Note(services.clock(), "withdrawn", text))
    attempt.client.say(f"ERROR: {text}")
    return Event.WITHDRAWN

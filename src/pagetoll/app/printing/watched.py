# SPDX-License-Identifier: Apache-2.0
"""Queues in mode watch: a job that rules or limits forbid prints all the same; the record says what would have been.

It is charged as it is counted, also beyond limits; who has no account is not charged.
"""

from dataclasses import replace

from pagetoll.app.printing.attempt import Attempt, Services
from pagetoll.app.printing.receive import look_up
from pagetoll.config.options import Mode
from pagetoll.core import charging
from pagetoll.core.charging import Plan
from pagetoll.core.lifecycle import Event
from pagetoll.core.policy import ALLOWED, Decision, Verdict
from pagetoll.core.pricing import FREE
from pagetoll.ports import Note


def is_watched(attempt: Attempt) -> bool:
    """Whether nothing is refused on this queue."""
    return attempt.settings.mode is Mode.WATCH


def remember(services: Services, attempt: Attempt) -> None:
    """Keep the first decision that would have ended the job, and go on as if there were none."""
    decision = attempt.decision
    assert decision is not None
    attempt.decision = ALLOWED
    attempt.silent = False
    would = "held" if decision.verdict is Verdict.HOLD else "refused"
    attempt.notes.append(Note(services.clock(), "watched", f"would have been {would} ({decision.reason})"))
    if attempt.would_be is None:
        verdict = decision.verdict if decision.verdict is Verdict.HOLD else Verdict.REFUSE
        text = f"Only watched, and printed. Otherwise: {decision.text}"
        attempt.would_be = Decision(verdict, decision.reason, text, decision.refusal)


def let_pass(services: Services, attempt: Attempt) -> Event:
    """Remember the decision, and set aside what the job costs without a check."""
    remember(services, attempt)
    view, impressions = look_up(services, attempt), attempt.totals.impressions
    if charging.missing(view):
        attempt.plan = Plan(FREE, impressions, 0, (), ())
    else:
        plan = charging.plan(view, impressions)
        attempt.plan = replace(
            plan,
            legs=tuple(replace(leg, checked=False) for leg in plan.legs),
            group_checks=tuple(replace(leg, checked=False) for leg in plan.group_checks),
            rolling=tuple(replace(check, checked=False) for check in plan.rolling),
        )
    return Event.ACCEPTED

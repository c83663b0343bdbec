# SPDX-License-Identifier: Apache-2.0
"""LPRng jobs that were printed while the daemon was away (on_failure = print_and_journal): booked once, unchecked."""

from collections.abc import Mapping

from pagetoll.app.lprng.counting import count_files
from pagetoll.app.lprng.output import close
from pagetoll.app.lprng.prior import find_open
from pagetoll.app.lprng.start import Calling, arriving
from pagetoll.app.lprng.story import Story, files_note
from pagetoll.app.printing import decide, receive
from pagetoll.app.printing.attempt import Services
from pagetoll.app.printing.client import Client
from pagetoll.core import charging
from pagetoll.core.jobs import ChargeRule, Outcome
from pagetoll.core.policy import Decision, Verdict
from pagetoll.ports import Settlement
from pagetoll.wire.lprng import SUCCEEDED, LpdJob


def book(services: Services, client: Client, calling: Calling, job: LpdJob, opened: Mapping[str, int]) -> None:
    """Book the whole job: its open attempt where there is one, else a new one without a check of limits.

    Raises PagetollError, OSError."""
    record = find_open(services, job)
    if record is not None:
        close(services, record, SUCCEEDED, "a part of it was printed while Pagetoll was away")
        return
    attempt = arriving(services, client, calling, job)
    files = count_files(services, attempt, job, opened)
    attempt.notes.append(files_note(services.clock(), Story(files=tuple(files))))
    view = receive.look_up(services, attempt)
    facts = decide.facts_of(services, attempt)
    if lacking := charging.missing(view):
        decision = Decision(Verdict.ALLOW, "", f"printed while Pagetoll was away: {lacking}")
        services.ledger.record_unreserved(facts, decision, Outcome.COMPLETED, attempt.notes)
        return
    view = decide.with_cost_center(services, attempt)
    plan = charging.plan(view, attempt.totals.impressions)
    settlement = Settlement(
        impressions=attempt.totals.impressions,
        media_sheets=attempt.totals.media_sheets,
        price=plan.tariff.price(attempt.totals.impressions),
        rule=ChargeRule.UNRESERVED,
        outcome=Outcome.COMPLETED,
        notes=tuple(attempt.notes),
    )
    services.ledger.post_unreserved(facts, plan, settlement)

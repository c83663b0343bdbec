# SPDX-License-Identifier: Apache-2.0
"""Attempts whose daemon was lost: each is called back to mind from the ledger, when its client comes back or when
that is gone, too.
"""

import os

from pagetoll.app.printing.attempt import EXIT_PRINTED, Arrival, Attempt, Services
from pagetoll.app.printing.client import NoClient
from pagetoll.app.printing.device import note_started, watch_backend
from pagetoll.app.printing.settle import conclude
from pagetoll.core.charging import Plan
from pagetoll.core.copies import Totals
from pagetoll.core.jobs import AttemptState
from pagetoll.core.lifecycle import Event
from pagetoll.core.policy import Decision, Verdict
from pagetoll.core.pricing import tariff_from_json
from pagetoll.ports import AttemptRecord, SpooledDocument


def recall(services: Services, attempt: Attempt) -> Event:
    """Restore what client and ledger know of an adopted attempt. Raises StorageError."""
    adoption = attempt.adoption
    assert adoption is not None
    attempt.canceled = adoption.canceled
    if adoption.ended:
        attempt.backend_status = adoption.backend_status
    record = services.ledger.attempt(attempt.key)
    if record is None or record.state is AttemptState.CLOSED:
        return Event.BOOKS_CLOSED
    # a duplicate is the same open file: its offset tells what was handed over
    restore(attempt, record, os.dup(attempt.arrival.document_fd))
    if adoption.backend_pid:
        attempt.life_seen = True
        note_started(services, attempt, adoption.backend_pid, adoption.backend_start_time_ticks)
    return Event.ADOPTED


def restore(attempt: Attempt, record: AttemptRecord, document_fd: int) -> None:
    """Who pays, totals, plan, decision and document of an attempt, as far as the ledger keeps them.

    `document_fd` is the backend's open input and becomes the attempt's own, -1 where there is none any more.
    """
    facts = record.facts
    impressions = record.quoted_impressions
    attempt.attempt_id, attempt.recalled = record.attempt_id, record
    attempt.totals = Totals(impressions, facts.media_sheets or impressions, 0, None, None)
    attempt.plan = Plan(tariff_from_json(record.tariff_json), impressions, record.quoted_price, (), ())
    attempt.user_name = facts.user_name
    attempt.known_ids = (facts.printer_id, facts.user_id)
    attempt.accounted = attempt.plan.tariff.charges
    if record.verdict:
        attempt.decision = Decision(Verdict(record.verdict), record.reason, record.decision_text)
    attempt.told = True  # by the daemon that decided
    attempt.document = SpooledDocument(document_fd, facts.document_octets or 0, "", "", "")


def left_behind(services: Services, record: AttemptRecord) -> Attempt:
    """The attempt of a record, when its client is gone: as the ledger has it, with nobody at the other end."""
    facts = record.facts
    attempt = Attempt(
        arrival=Arrival(facts.key.nonce, facts.client_pid, facts.client_start_time_ticks, -1, (), {}, -1),
        ticket=facts.ticket,
        key=facts.key,
        settings=services.settings().for_queue(facts.ticket.printer),
        user_name=facts.user_name,
        identified=facts.identified,
        client=NoClient(),
        client_lost=True,
    )
    restore(attempt, record, -1)
    return attempt


def conclude_closed(services: Services, attempt: Attempt) -> Event | None:
    """Nothing is left to be booked: follow the backend to its end, and let the client end as its backend did."""
    watch_backend(services, attempt)
    attempt.exit_status = EXIT_PRINTED if attempt.canceled else attempt.backend_status or EXIT_PRINTED
    return conclude(services, attempt)

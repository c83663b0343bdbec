# SPDX-License-Identifier: Apache-2.0
"""A client whose daemon was lost comes back: the attempt is called back to mind from the ledger."""

import os

from pagetoll.app.printing.attempt import Attempt, Services
from pagetoll.core.charging import Plan
from pagetoll.core.copies import Totals
from pagetoll.core.jobs import AttemptState
from pagetoll.core.lifecycle import Event
from pagetoll.core.pricing import tariff_from_json
from pagetoll.ports import AttemptRecord, SpooledDocument


def recall(services: Services, attempt: Attempt) -> Event | None:
    """Restore what the ledger knows of an adopted attempt; None when it is closed or unknown, nothing to do."""
    adoption = attempt.adoption
    record = services.ledger.attempt(attempt.key)
    if adoption is None or record is None or record.state is AttemptState.CLOSED:
        attempt.exit_status = (adoption.backend_status or 0) if adoption else 0
        return None
    restore(attempt, record)
    if adoption.backend_pid:
        attempt.backend_pid = adoption.backend_pid
        attempt.life_seen = True
        services.ledger.mark_started(attempt.key, adoption.backend_pid, adoption.backend_start_time)
    attempt.canceled = adoption.canceled
    if adoption.ended:
        attempt.backend_status = adoption.backend_status
    return Event.ADOPTED


def restore(attempt: Attempt, record: AttemptRecord) -> None:
    """Totals, plan and document of an attempt, as far as the ledger keeps them."""
    facts = record.facts
    impressions = record.quoted_impressions
    attempt.attempt_id = record.attempt_id
    attempt.totals = Totals(impressions, facts.media_sheets or impressions, 0, None, None)
    attempt.plan = Plan(tariff_from_json(record.tariff_json), impressions, record.quoted_price, (), ())
    if facts.document_octets is not None and not attempt.ticket.document_from_file:
        descriptor = os.dup(attempt.arrival.document_fd)  # the same open file: its offset tells what was handed over
        attempt.document = SpooledDocument(descriptor, facts.document_octets, "", "", "")

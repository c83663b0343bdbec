# SPDX-License-Identifier: Apache-2.0
"""Books what happened while the ledger or the daemon was away: journal entries and settlements, each once."""

import os
from dataclasses import replace

from pagetoll.app.printing import decide, device, identify, measuring, receive, remeasure, settle
from pagetoll.app.printing.adopt import restore
from pagetoll.app.printing.attempt import Arrival, Attempt, Services
from pagetoll.app.printing.client import NoClient
from pagetoll.app.printing.ink import priced_by_ink
from pagetoll.app.printing.run import attempt_of
from pagetoll.app.printing.settlement_text import settlement_from_json
from pagetoll.core import charging
from pagetoll.core.errors import AlreadySettled, AlreadyVoided
from pagetoll.core.jobs import AttemptKey, AttemptState, ChargeRule, JobKey, Outcome
from pagetoll.core.policy import Decision, Verdict
from pagetoll.ports import JournalEntry, Note


def book_settlement(services: Services, name: str, text: str) -> bool:
    """Settle or void an attempt whose books could not be closed before, and forget the note of it; True."""
    key, settlement = settlement_from_json(text)
    try:
        if settlement.outcome is Outcome.VOIDED:
            services.ledger.void(key, settlement.outcome, settlement.notes)
        else:
            services.ledger.settle(key, settlement)
    except (AlreadySettled, AlreadyVoided) as error:
        services.ledger.add_notes(
            key, (Note(services.clock(), "repaired", f"a late settlement was dropped: {error}"),)
        )
    services.journal.remove(name)
    return True


def book_entry(services: Services, entry: JournalEntry) -> bool:
    """Book a thin client's journal entry; False while its client or its device backend still runs, and while its
    device is read."""
    job, started = entry.job, entry.started
    if services.devices.is_living(job.nonce):
        return False
    if entry.ended is None and services.processes.alive(job.pid, job.start_time_ticks):
        return False
    if started is not None and services.processes.alive(started.backend_pid, started.backend_start_time_ticks):
        return False
    key = AttemptKey(JobKey(services.spooler_host, 0, 0), job.nonce)  # the ledger looks for the nonce
    record = services.ledger.attempt(key)
    if record is None or record.state is AttemptState.CLOSED or measuring.meter_of_record(services, record) is None:
        _book_entry(services, entry)
        return True
    return remeasure.begin(services, record.facts.key, lambda: _book_entry(services, entry))


def _book_entry(services: Services, entry: JournalEntry) -> None:
    job = entry.job
    document_fd = os.open(entry.document_path, os.O_RDONLY | os.O_NOFOLLOW) if entry.document_path else -1
    try:
        arrival = Arrival(
            nonce=job.nonce,
            client_pid=job.pid,
            client_start_time_ticks=job.start_time_ticks,
            client_uid=-1,
            arguments=job.arguments,
            variables={name.decode("utf-8", "replace"): value for name, value in job.environment},
            document_fd=document_fd,
        )
        attempt = attempt_of(services, arrival, NoClient(), None)
        if attempt.settings.overwrite_jobticket is not None:  # nobody was asked: who printed pays
            identify.normalise(services, attempt)
        attempt.client_lost = entry.ended is None
        for line in entry.lines:
            device.take_line(attempt, line)
        attempt.spool_offset = entry.handed_over_octets
        if entry.ended is not None:
            attempt.backend_status, attempt.canceled = entry.ended.status, entry.ended.canceled
        _book(services, attempt, entry)
    finally:
        if document_fd >= 0:
            os.close(document_fd)
    services.journal.remove(entry.name)


def _book(services: Services, attempt: Attempt, entry: JournalEntry) -> None:
    record = services.ledger.attempt(attempt.key)
    if record is not None and record.state is not AttemptState.CLOSED:
        restore(attempt, record, -1)
        try:
            settle.measure_output(services, attempt)
            services.ledger.settle(attempt.key, settle.settlement_of(attempt))
        finally:
            measuring.leave(services, attempt)
    elif entry.document_path and (record is None or not record.charge_rule):
        # one that is closed uncharged was given up by a daemon that hung; it was printed all the same
        _post_unreserved(services, attempt)


def _post_unreserved(services: Services, attempt: Attempt) -> None:
    """A job that was printed without asking: counted now, posted without a check of limits."""
    copy = attempt.document = services.store.examine(attempt.arrival.document_fd)
    try:
        receive.count(services, attempt)
        # only the journal knows how far the backend read: our own descriptor of the copy says nothing of that
        attempt.document = replace(copy, descriptor=-1)
        view = receive.look_up(services, attempt)
        settle.measure_output(services, attempt)
        facts = decide.facts_of(services, attempt)
        if charging.missing(view):
            decision = Decision(Verdict.ALLOW, "", f"printed while Pagetoll was away: {charging.missing(view)}")
            services.ledger.record_unreserved(facts, decision, attempt.outcome or Outcome.COMPLETED, attempt.notes)
            return
        attempt.view = priced_by_ink(services, attempt, view)
        # Printed whatever its billing code is: one that may not be made is in the history only.
        view = decide.with_cost_center(services, attempt)
        attempt.plan = charging.plan(view, attempt.totals.impressions)
        settlement = settle.settlement_of(attempt)
        services.ledger.post_unreserved(facts, attempt.plan, replace(settlement, rule=ChargeRule.UNRESERVED))
    finally:
        services.store.discard(copy, keep_file=True)

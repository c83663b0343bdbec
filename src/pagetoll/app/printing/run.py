# SPDX-License-Identifier: Apache-2.0
"""Drives an attempt through core/lifecycle.py: performs the command of each transition, and feeds the event back."""

import logging
import os
from collections.abc import Callable

from pagetoll.app.printing import (
    confirm,
    decide,
    device,
    identify,
    measuring,
    receive,
    settle,
    tea_after,
    tea_before,
    watch,
)
from pagetoll.app.printing.adopt import conclude_closed, recall
from pagetoll.app.printing.attempt import Adoption, Arrival, Attempt, Services
from pagetoll.app.printing.client import Client
from pagetoll.app.printing.ticket import job_key, read_ticket, who_pays
from pagetoll.core.errors import PagetollError
from pagetoll.core.identity import without_realm
from pagetoll.core.jobs import AttemptKey, Outcome
from pagetoll.core.lifecycle import Command, Event, State, next_step

log = logging.getLogger("pagetoll.printing")

Step = Callable[[Services, Attempt], Event | None]

STEPS: dict[Command, Step] = {
    Command.CLOSE_PRIOR: receive.close_prior,
    Command.SPOOL: tea_before.spool,
    Command.COUNT: receive.count,
    Command.IDENTIFY: identify.identify,
    Command.DECIDE: tea_before.decide,
    Command.RESERVE: decide.reserve,
    Command.CONFIRM: confirm.confirm,
    Command.AWAIT_DEVICE: device.await_device,
    Command.PREPARE: tea_before.prepare,
    Command.START_BACKEND: tea_before.start_backend,
    Command.WATCH_BACKEND: watch.watch,
    Command.MEASURE: tea_after.measure_output,
    Command.SETTLE: settle.settle,
    Command.VOID: tea_after.void,
    Command.RECORD_REFUSAL: decide.record_refusal,
    Command.RECORD_WITHDRAWAL: decide.record_withdrawal,
    Command.RECORD_CANCEL: decide.record_cancel,
    Command.RECORD_EMPTY: decide.record_empty,
    Command.ROUND_OFF: tea_after.round_off,
    Command.CONCLUDE: settle.conclude,
    Command.CONCLUDE_PRINTED_BEFORE: settle.conclude_printed_before,
    Command.CONCLUDE_CLOSED: conclude_closed,
    Command.CONCLUDE_FAILURE: settle.conclude,
    Command.LEAVE_FOR_UPKEEP: settle.leave_for_upkeep,
}


def attempt_of(services: Services, arrival: Arrival, client: Client, adoption: Adoption | None) -> Attempt:
    """The attempt that a client's first message describes."""
    settings = services.settings()
    ticket = read_ticket(arrival.arguments, arrival.variables)
    received_name, identified = who_pays(ticket)
    user_name = without_realm(received_name)
    attempt = Attempt(
        arrival=arrival,
        ticket=ticket,
        key=AttemptKey(job_key(arrival.arguments, ticket, services.spooler_host), arrival.nonce),
        settings=settings.for_queue(ticket.printer),
        user_name=user_name,
        identified=identified,
        client=client,
        adoption=adoption,
        original_user_name=user_name,
        original_billing_code=ticket.billing_code,
    )
    if attempt.settings.overwrite_jobticket is None:  # the books are asked for this user while the job is counted
        identify.normalise(services, attempt)
    return attempt


def run(services: Services, attempt: Attempt) -> None:
    """The whole life of an attempt. Our own failures become FAILED events; nothing of the job's is raised."""
    with services.devices.living(attempt.key) as live:
        try:
            event: Event | None = _first_event(services, attempt)
            while event is not None:
                event = _step(services, attempt, event)
            live.printed = attempt.outcome is Outcome.COMPLETED and attempt.backend_status == 0
        finally:
            measuring.leave(services, attempt)
            _release(services, attempt)


def _first_event(services: Services, attempt: Attempt) -> Event:
    if attempt.adoption is None:
        return Event.ARRIVED
    try:
        return recall(services, attempt)
    except (PagetollError, OSError) as error:
        attempt.failure = f"the ledger cannot be read: {error}"
        log.error("attempt=%s cannot be adopted: %s", attempt.key, error)
        return Event.FAILED


def _step(services: Services, attempt: Attempt, event: Event) -> Event | None:
    transition = next_step(attempt.state, event)
    attempt.state = transition.state
    services.checkpoint(transition.command, attempt)
    log.debug("attempt=%s event=%s state=%s command=%s", attempt.key, event, transition.state, transition.command)
    try:
        result = STEPS[transition.command](services, attempt)
    except (PagetollError, OSError) as error:
        if attempt.state is State.FINISHED:
            log.exception("attempt=%s command=%s failed at its end", attempt.key, transition.command)
            return None
        attempt.failure = attempt.failure or f"{_place(transition.command)}: {error}"
        log.error("attempt=%s command=%s error=%s", attempt.key, transition.command, error)
        return Event.FAILED
    return None if attempt.state is State.FINISHED else result


def _place(command: Command) -> str:
    return {
        Command.CLOSE_PRIOR: "the ledger cannot be read",
        Command.SPOOL: "the document cannot be kept in the spool",
        Command.RESERVE: "the ledger cannot be written",
        Command.DECIDE: "the ledger cannot be read",
    }.get(command, f"the step {command} failed")


def _release(services: Services, attempt: Attempt) -> None:
    """Give back descriptors and the spooled file, whatever happened."""
    tea_after.release(services, attempt)
    if attempt.document is not None:
        try:
            services.store.discard(attempt.document, keep_file=attempt.settings.keepfiles)
        except OSError as error:
            log.error("attempt=%s its spooled file stays: %s", attempt.key, error)
    for descriptor in {attempt.life_fd, attempt.backend_stderr_fd, attempt.arrival.document_fd} - {-1}:
        os.close(descriptor)
    log.info(
        "attempt=%s printer=%r user=%r outcome=%s impressions=%s exit=%s",
        attempt.key,
        attempt.ticket.printer,
        attempt.user_name,
        attempt.outcome,
        attempt.measured.impressions if attempt.measured else 0,
        attempt.exit_status,
    )

# SPDX-License-Identifier: Apache-2.0
"""The steps after the device: measure what came out, settle or void, tell the client how to end."""

import logging
import os
from dataclasses import replace

from pagetoll.app.printing import measuring
from pagetoll.app.printing.attempt import EXIT_CANCEL, EXIT_PRINTED, Attempt, Services
from pagetoll.app.printing.client import ClientGone
from pagetoll.app.printing.release import have_released
from pagetoll.app.printing.settlement_text import settlement_to_json
from pagetoll.core.jobs import ChargeRule, Outcome
from pagetoll.core.lifecycle import Event
from pagetoll.core.measure import Evidence, Measured, charged_by, chosen, handed_over
from pagetoll.core.pricing import FREE
from pagetoll.ports import Note, Settlement
from pagetoll.wire.frames import Exit, Failed

#: Where accounted banners are in the number already, or are not to be charged.
BANNERS_INSIDE = (ChargeRule.BACKEND_FAILED, ChargeRule.DEVICE_COUNTER, ChargeRule.SHARED_READING)

log = logging.getLogger("pagetoll.printing")


def measure_output(services: Services, attempt: Attempt) -> Event:
    """Apply the rules of core/measure.py to what is known of this attempt."""
    document, ticket = attempt.document, attempt.ticket
    offset = attempt.spool_offset
    if offset is None and document is not None and document.descriptor >= 0 and not ticket.document_from_file:
        offset = os.lseek(document.descriptor, 0, os.SEEK_CUR)
    evidence = Evidence(
        parsed_impressions=attempt.totals.impressions,
        parsed_media_sheets=attempt.totals.media_sheets,
        backend_status=attempt.backend_status,
        canceled=attempt.canceled,
        reported_impressions=attempt.reported_impressions,
        spool_offset=offset,
        document_octets=document.octets if document else 0,
        page_end_offsets=attempt.usage.page_end_offsets if attempt.usage else (),
        charge_failed=attempt.settings.onbackenderror.charge,
    )
    by_data = handed_over(evidence)
    well = attempt.backend_status == 0 and not attempt.canceled
    marked = measuring.finish(services, attempt, by_data, well)
    if marked is not None:
        marked = replace(marked, impressions=max(0, marked.impressions - attempt.free_banner_impressions))
        attempt.reported_impressions = marked.impressions
    measured = chosen(replace(evidence, marked=marked), attempt.settings.charge, attempt.settings.trustjobsize)
    attempt.measured = measured = _with_banners(attempt, measured)
    text = f"{measured.impressions} impressions by rule {measured.rule}; backend status {attempt.backend_status}"
    if attempt.reported_impressions is not None:
        text += f"; charge = {attempt.settings.charge} of {attempt.reported_impressions} reported and "
        text += f"{by_data.impressions} by the document"
    attempt.notes.append(Note(services.clock(), "measured", text))
    attempt.outcome = _outcome(attempt)
    attempt.exit_status = EXIT_PRINTED if attempt.canceled else attempt.backend_status or EXIT_PRINTED
    return Event.MEASURED


def _with_banners(attempt: Attempt, measured: Measured) -> Measured:
    """The accounted banners come on top of the document, unless the device's counter has them already, or nothing
    came to paper."""
    if not attempt.banner_impressions or measured.rule in BANNERS_INSIDE:
        return measured
    return replace(
        measured,
        impressions=measured.impressions + attempt.banner_impressions,
        media_sheets=measured.media_sheets + attempt.banner_media_sheets,
    )


def _outcome(attempt: Attempt) -> Outcome:
    if attempt.canceled:
        return Outcome.CANCELED
    if attempt.backend_status == 0 or (attempt.backend_status is None and attempt.client_lost):
        return Outcome.COMPLETED
    return Outcome.ABORTED


def settlement_of(attempt: Attempt) -> Settlement:
    """What is to be booked for an attempt that is over: what was measured, nothing for one that never started."""
    assert attempt.outcome is not None
    plan, measured = attempt.plan, attempt.measured or Measured(0, 0, ChargeRule.NOTHING_HANDED_OVER)
    tariff = plan.tariff if plan else FREE
    return Settlement(
        impressions=measured.impressions,
        media_sheets=measured.media_sheets,
        price=tariff.price(measured.impressions),
        rule=charged_by(measured.rule, tariff),
        outcome=attempt.outcome,
        reported_impressions=attempt.reported_impressions,
        backend_status=attempt.backend_status,
        notes=tuple(attempt.notes),
    )


def settle(services: Services, attempt: Attempt) -> Event:
    """Book what came out."""
    services.ledger.settle(attempt.key, settlement_of(attempt))
    return Event.SETTLED


def void(services: Services, attempt: Attempt) -> Event:
    """Give the reservation back: nothing was handed to the device."""
    attempt.outcome = Outcome.CANCELED if attempt.canceled or attempt.withdrawn else Outcome.VOIDED
    attempt.notes.append(Note(services.clock(), "voided", attempt.failure or "nothing was handed to the device"))
    attempt.exit_status = EXIT_PRINTED if attempt.canceled else attempt.backend_status or EXIT_PRINTED
    if attempt.withdrawn:
        attempt.exit_status = EXIT_CANCEL
    services.ledger.void(attempt.key, attempt.outcome, tuple(attempt.notes))
    return Event.VOIDED


def conclude(services: Services, attempt: Attempt) -> Event | None:
    """The client's last command. A client that is gone needs none."""
    try:
        if attempt.failure and attempt.outcome in (None, Outcome.VOIDED):
            _send_failure(attempt)
            return None
        if attempt.arrival.client_uid == 0:
            try:
                have_released(services, attempt)
            except OSError as error:  # the job at hand ends all the same
                log.error("the list of held jobs cannot be used: %s", error)
        attempt.client.send(Exit(status=attempt.exit_status))
    except ClientGone:
        attempt.client_lost = True
    return None


def _send_failure(attempt: Attempt) -> None:
    """The client follows `on_failure`; a spooled document goes back to it, since its own input is used up."""
    document = attempt.document
    spooled = document is not None and not attempt.ticket.document_from_file
    descriptors = (document.descriptor,) if document is not None and spooled else ()
    attempt.client.send(Failed(sentence=attempt.failure.encode("utf-8", "replace")), *descriptors)


def conclude_printed_before(services: Services, attempt: Attempt) -> Event | None:
    """An earlier process of this job brought it to paper while we waited."""
    attempt.client.say("INFO: The job was printed by its earlier run.")
    attempt.exit_status = EXIT_PRINTED
    return conclude(services, attempt)


def leave_for_upkeep(services: Services, attempt: Attempt) -> Event | None:
    """The books could not be closed: write what is known where upkeep finds it.

    Where nothing is known yet the client is told that we failed: it writes its backend's end down itself.
    """
    if attempt.outcome is not None:
        try:
            services.journal.keep_settlement(attempt.key, settlement_to_json(attempt.key, settlement_of(attempt)))
        except OSError as error:
            log.error("attempt=%s cannot be journaled, upkeep will charge what was set aside: %s", attempt.key, error)
    return conclude(services, attempt)

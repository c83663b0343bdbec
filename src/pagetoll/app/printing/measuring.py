# SPDX-License-Identifier: Apache-2.0
"""Measuring a job by its device: a reading before the backend starts, one when the device has come to rest after it
(docs/concepts/measuring.md). Cancel, and the loss of the client, do not end the second one.
"""

import logging
import socket

from pagetoll.app.printing import spans
from pagetoll.app.printing.attempt import Attempt, Claim, Services
from pagetoll.app.printing.devices import device_of
from pagetoll.app.printing.floors import Member
from pagetoll.config.options import Settings
from pagetoll.config.options.choices import OnAccounterError
from pagetoll.core.accounting import DeviceAccounter
from pagetoll.core.errors import DeviceError, DeviceTimeout, DeviceUnreachable, PagetollError, StorageError
from pagetoll.core.jobs import ChargeRule
from pagetoll.core.lifecycle import Event
from pagetoll.core.measure import Marked, Measured
from pagetoll.core.readings import Reading
from pagetoll.ports import AttemptRecord, Interrupted, KeptReading, Note
from pagetoll.ports.devices import DeviceMeter
from pagetoll.wire.device_uri import place_of

log = logging.getLogger("pagetoll.printing")


def measures_devices(settings: Settings) -> bool:
    """Whether any queue's device is asked for its counter."""
    queues = (settings.defaults, *settings.queues.values())
    return any(isinstance(queue.accounter, DeviceAccounter) for queue in queues)


def begin(services: Services, attempt: Attempt) -> Event:
    """Take the job's place at its device, and the first reading. Raises DeviceError where the device cannot be read
    and `onaccountererror` is stop."""
    if not measures_devices(services.settings()):
        return Event.DEVICE_FREE
    try:
        meter = services.meter_of(attempt.ticket.device_uri, attempt.settings) if _is_charged(attempt) else None
        address = _address(attempt, meter)
        if meter is None and not address:
            return Event.DEVICE_FREE
        if meter is not None:
            _learn(services, meter)
        spans.enter(services, attempt, services.floor.name_of(address), meter)
    except Interrupted:
        return attempt_event(attempt)
    except (DeviceError, PagetollError) as error:
        leave(services, attempt)
        if isinstance(error, StorageError) or attempt.settings.onaccountererror is OnAccounterError.STOP:
            raise
        said = f"the device cannot be measured, so that what is counted in the document is charged: {error}"
        attempt.notes.append(Note(services.clock(), "not_measured", said))
        log.warning("attempt=%s is not measured: %s", attempt.key, error)
    return Event.DEVICE_FREE


def _is_charged(attempt: Attempt) -> bool:
    return attempt.plan is not None and attempt.plan.tariff.charges


def _learn(services: Services, meter: DeviceMeter) -> None:
    """Ask the machine who it is. One that is off or busy, or that cannot tell this way, is known by what it said
    before, to whatever queue or print server. Raises DeviceRefused."""
    try:
        identity = meter.identity()
    except (DeviceTimeout, DeviceUnreachable):
        return
    own = f"address:{identity.address}"
    if spans.name_in_ledger(services, own) == own:
        services.floor.learn(identity.address, services.ledger.name_device(identity))
    elif identity.serial:
        services.floor.learn(identity.address, f"serial:{identity.serial}")


def attempt_event(attempt: Attempt) -> Event:
    """Why a wait was given up."""
    return Event.CLIENT_LOST if attempt.client_lost else Event.CANCELED


def _address(attempt: Attempt, meter: DeviceMeter | None) -> str:
    """The machine's address; "" where the device is not in the network and nobody measures it."""
    host = place_of(attempt.ticket.device_uri).host
    try:
        return str(socket.getaddrinfo(host, None)[0][4][0]) if host else attempt.ticket.device_uri if meter else ""
    except (OSError, UnicodeError):
        return host


def finish(services: Services, attempt: Attempt, by_data: Measured, well: bool) -> Marked | None:
    """The second reading, and the job's part of what lies between; None where the device told nothing to be used.

    `by_data` is what was handed over; `well` says that it was all of it.
    """
    claim = attempt.claim or _resumed(services, attempt)
    if claim is None:
        return None
    unknown = by_data.rule is ChargeRule.BACKEND_FAILED
    parsed = attempt.totals.impressions if unknown else by_data.impressions
    seen = claim.glances is not None and claim.glances.end()
    claim.glances = None
    services.devices.leave(attempt.key.nonce)  # its backend is over: others wait for the measuring, no longer for it
    if claim.meter is None:
        if claim.spanned:
            services.ledger.device_span(attempt.key, parsed)
        return None
    found = spans.find(services, attempt, claim, spans.Printed(parsed, not unknown, well, seen))
    services.floor.leave(attempt.key.nonce)
    if found.after is not None:
        kept = KeptReading(claim.device, found.after, found.mine.trouble)
        services.ledger.keep_reading(attempt.key, "after", kept)
    return _marked(services, attempt, claim.device, found)


def _marked(services: Services, attempt: Attempt, device: str, found: spans.Found) -> Marked | None:
    if found.before is not None and found.after is not None:
        attempt.notes.append(Note(services.clock(), "reading", _in_words(device, found.before, found.after)))
    if found.mine.trouble:
        said = f"the reading of the device is set aside: {found.mine.trouble}"
        attempt.notes.append(Note(services.clock(), "reading_set_aside", said))
        log.warning("attempt=%s device=%s reading set aside: %s", attempt.key, device, found.mine.trouble)
        return None
    if found.jobs == 1:
        return Marked(found.mine.impressions, found.mine.media_sheets)
    said = f"{found.jobs} jobs share what the device marked for all of them; its part is {found.mine.impressions}"
    attempt.notes.append(Note(services.clock(), "shared_reading", said))
    return Marked(found.mine.impressions, None, shared=True)


def _in_words(device: str, before: Reading, after: Reading) -> str:
    told = [
        f"{first} {unit} before, {second} after"
        for unit, first, second in (
            ("impressions", before.impressions, after.impressions),
            ("sheets", before.media_sheets, after.media_sheets),
        )
        if first is not None and second is not None
    ]
    return f"{device} by {after.source}: {'; '.join(told) or 'no counter'} ({after.state or 'state unknown'})"


def meter_of_record(services: Services, record: AttemptRecord) -> tuple[DeviceMeter, KeptReading] | None:
    """The device of an attempt that a lost daemon began to measure, and its first reading."""
    kept = services.ledger.readings(record.attempt_id).get("before")
    if kept is None:
        return None
    ticket = record.facts.ticket
    known = services.floor.queue_at(kept.device)  # a queue of another print server may not be known here
    for device_uri, queue in ((ticket.device_uri, ticket.printer), *([known] if known else [])):
        try:
            meter = services.meter_of(device_uri, services.settings().for_queue(queue))
        except PagetollError as error:
            log.warning("attempt=%s cannot be measured any more: %s", record.facts.key, error)
            return None
        if meter is not None:
            return meter, kept
    return None


def _resumed(services: Services, attempt: Attempt) -> Claim | None:
    """The place of an attempt whose daemon was lost: its first reading is in the ledger, and so is whoever came to
    the device after it. A job that nobody measured there meanwhile is in no reading, so that neither is this one."""
    record = attempt.recalled
    measured = None if record is None else meter_of_record(services, record)
    if record is None or measured is None:
        return None
    meter, kept = measured
    name, impressions = spans.name_in_ledger(services, kept.device), attempt.totals.impressions
    try:
        _learn(services, meter)
    except DeviceError as error:
        log.warning("attempt=%s its device does not say who it is: %s", attempt.key, error)
    others = services.floor.join(kept.device, Member(attempt.key, impressions, True))
    for other in others:
        if not other.measured:  # such a one knows itself where it belongs
            services.ledger.join_device(name, other.key, other.parsed_impressions)
    span = services.ledger.join_device(name, attempt.key, impressions)
    known = {member.nonce for member in span.members}
    stranger = None if span.found is not None else _printed_since(services, record, known)
    attempt.claim = Claim(kept.device, None if stranger else meter, spanned=True)
    if stranger is not None:
        said = f"job {stranger.facts.key.job.job_id} was printed there meanwhile, and was not measured"
        attempt.notes.append(Note(services.clock(), "reading_set_aside", said))
    return attempt.claim


def _printed_since(services: Services, record: AttemptRecord, known: set[str]) -> AttemptRecord | None:
    """A later job at the same place that came out, and is not among those that share the readings."""
    place, device = place_of(record.facts.ticket.device_uri), device_of(record.facts.ticket.device_uri)
    for other in services.ledger.history():
        if other.attempt_id <= record.attempt_id:
            return None
        uri = other.facts.ticket.device_uri
        same = device_of(uri) == device or (place.host != "" and place_of(uri).host == place.host)
        if same and other.charged_impressions and other.facts.key.nonce not in known:
            return other
    return None


def leave(services: Services, attempt: Attempt) -> None:
    """The attempt is over, or is not measured after all: the device is left to others."""
    claim, attempt.claim = attempt.claim, None
    if claim is not None:
        if claim.glances is not None:
            claim.glances.end()
        services.floor.leave(attempt.key.nonce)

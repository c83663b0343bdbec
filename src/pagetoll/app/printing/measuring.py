# SPDX-License-Identifier: Apache-2.0
"""Measuring a job by its device: a reading before the backend starts, one when the device has come to rest after it
(docs/concepts/measuring.md). Cancel, and the loss of the client, do not end the second one.
"""

import logging
import socket
from dataclasses import replace

from pagetoll.app.printing.attempt import Attempt, Claim, ClientGone, Services
from pagetoll.app.printing.floors import Member, Party
from pagetoll.app.printing.glances import Glances
from pagetoll.app.printing.waiting import Patience
from pagetoll.config.options import Settings
from pagetoll.config.options.choices import OnAccounterError
from pagetoll.core.accounting import DeviceAccounter
from pagetoll.core.errors import DeviceError, DeviceTimeout, DeviceUnreachable, PagetollError, StorageError
from pagetoll.core.jobs import ChargeRule
from pagetoll.core.lifecycle import Event
from pagetoll.core.measure import Marked, Measured
from pagetoll.core.messages import _
from pagetoll.core.readings import Difference, Expected, Reading, difference
from pagetoll.core.usage import Confidence
from pagetoll.ports import Interrupted, KeptReading, Note
from pagetoll.ports.devices import DeviceMeter
from pagetoll.wire.device_uri import place_of
from pagetoll.wire.frames import Canceled

log = logging.getLogger("pagetoll.printing")

LISTEN_EVERY_S = 0.2
SURE = (Confidence.EXACT, Confidence.DECLARED)


class _Waiting:
    """The attempt as a meter sees it."""

    def __init__(self, services: Services, attempt: Attempt, expected_impressions: int | None) -> None:
        self.expected_impressions = expected_impressions
        self.patience = Patience(services, attempt)
        self._attempt = attempt

    def say(self, line: str) -> None:
        self._attempt.client.say(line)

    def interrupted(self) -> bool:
        return self.patience.given_up()


class _Following(_Waiting):
    """The same after the backend's end: what the client says now is heard, and changes nothing of the measuring."""

    def interrupted(self) -> bool:
        attempt = self._attempt
        if attempt.client_lost:
            return False
        try:
            received = attempt.client.receive(0.0)
        except ClientGone:
            attempt.client_lost = True
            return False
        if received is not None and isinstance(received[0], Canceled):
            attempt.canceled = True
        return False


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
        return _enter(services, attempt, meter, services.floor.name_of(address))
    except Interrupted:
        return attempt_event(attempt)
    except (DeviceError, PagetollError) as error:
        if isinstance(error, StorageError) or attempt.settings.onaccountererror is OnAccounterError.STOP:
            raise
        leave(services, attempt)
        said = f"the device cannot be measured, so that what is counted in the document is charged: {error}"
        attempt.notes.append(Note(services.clock(), "not_measured", said))
        log.warning("attempt=%s is not measured: %s", attempt.key, error)
        return Event.DEVICE_FREE


def _is_charged(attempt: Attempt) -> bool:
    return attempt.plan is not None and attempt.plan.tariff.charges


def _learn(services: Services, meter: DeviceMeter) -> None:
    """Ask the machine who it is. One that is off or busy is known by what it said before. Raises DeviceRefused."""
    try:
        identity = meter.identity()
    except (DeviceTimeout, DeviceUnreachable):
        return
    services.floor.learn(identity.address, identity.serial)


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


def _enter(services: Services, attempt: Attempt, meter: DeviceMeter | None, device: str) -> Event:
    impressions = attempt.totals.impressions
    member = Member(attempt.key.nonce, impressions, meter is not None)
    party = _await_floor(services, attempt, device, member)
    claim = attempt.claim = Claim(party, meter)
    if meter is None:
        return Event.DEVICE_FREE
    claim.leased = _await_lease(services, attempt, party)
    if party.shared and party.before is not None:
        note = f"another job on {device} was still being measured; both share what the device marks"
        attempt.notes.append(Note(services.clock(), "shared_reading", note))
        services.ledger.keep_reading(attempt.key, "before", KeptReading(device, party.before))
        return Event.DEVICE_FREE
    party.before = meter.before(_Waiting(services, attempt, None))
    services.ledger.keep_reading(attempt.key, "before", KeptReading(device, party.before))
    claim.glances = Glances(meter)
    return Event.DEVICE_FREE


def _await_floor(services: Services, attempt: Attempt, device: str, member: Member) -> Party:
    """Wait until nobody measures there, at most `measure_wait_s`; then share. Raises Interrupted."""
    line = "INFO: " + _("Waiting for {device}: another job is being measured there").format(device=device)
    patience = Patience(services, attempt, line)
    deadline = services.monotonic() + attempt.settings.measure_wait_s
    wait_s = 0.0
    while services.monotonic() <= deadline:
        party = services.floor.enter(device, member, wait_s)
        if party is not None:
            return party
        if patience.given_up():
            raise Interrupted
        wait_s = LISTEN_EVERY_S
    return services.floor.join(device, member)


def _await_lease(services: Services, attempt: Attempt, party: Party) -> bool:
    """Wait until no other server measures there, at most `measure_wait_s`; then take it. Raises Interrupted."""
    if party.shared:
        return False  # the first of them holds it for all
    line = "INFO: " + _("Waiting for {device}: another print server measures a job there").format(device=party.device)
    patience = Patience(services, attempt, line)
    deadline = services.monotonic() + attempt.settings.measure_wait_s
    while not services.ledger.hold_device(party.device, attempt.key):
        if services.monotonic() > deadline:
            party.foreign = True
            return services.ledger.hold_device(party.device, attempt.key, by_force=True)
        if patience.given_up(pause_s=1.0):
            raise Interrupted
    return True


def finish(services: Services, attempt: Attempt, by_data: Measured, well: bool) -> Marked | None:
    """The second reading, and the job's part of what lies between; None where the device told nothing to be used.

    `by_data` is what was handed over; `well` says that it was all of it.
    """
    claim = attempt.claim or _resumed(services, attempt)
    if claim is None:
        return None
    party, nonce = claim.party, attempt.key.nonce
    unknown = by_data.rule is ChargeRule.BACKEND_FAILED
    parsed = attempt.totals.impressions if unknown else by_data.impressions
    seen = claim.glances is not None and claim.glances.end()
    claim.glances = None
    services.devices.leave(nonce)  # its backend is over: others wait for the measuring, and no longer for it
    services.floor.end(party, nonce, parsed)
    if claim.meter is None or party.before is None:
        return None
    following = _Following(services, attempt, None if unknown else by_data.impressions)
    found = services.floor.settle(party, lambda: _last_reading(services, attempt, claim, following, well, seen))
    if party.after is not None:
        services.ledger.keep_reading(attempt.key, "after", KeptReading(party.device, party.after, found.trouble))
    return _marked(services, attempt, claim, found)


def _await_others(services: Services, attempt: Attempt, claim: Claim, following: _Following) -> None:
    deadline = services.monotonic() + attempt.settings.measure_max_s
    while not services.floor.all_ended(claim.party, LISTEN_EVERY_S) and services.monotonic() < deadline:
        following.interrupted()


def _last_reading(
    services: Services, attempt: Attempt, claim: Claim, following: _Following, well: bool, seen: bool
) -> tuple[Difference, Reading | None]:
    """Wait for the others and the device, and compare."""
    party, meter = claim.party, claim.meter
    _await_others(services, attempt, claim, following)
    assert party.before is not None
    assert meter is not None
    if following.expected_impressions is not None:
        following.expected_impressions = party.parsed_impressions
    try:
        after = meter.after(party.before, following)
        after = replace(after, moved=after.moved or seen)
    except DeviceError as error:
        return Difference(0, None, str(error)), None
    usage, totals = attempt.usage, attempt.totals
    alone = not party.shared
    expected = Expected(
        party.parsed_impressions if following.expected_impressions is not None else totals.impressions,
        totals.media_sheets if alone and well else 0,
        exact=usage is not None and usage.confidence in SURE and not attempt.uncountable,
        ended_well=well and alone,
    )
    return difference(party.before, after, expected), after


def _marked(services: Services, attempt: Attempt, claim: Claim, found: Difference) -> Marked | None:
    party = claim.party
    if party.before is not None and party.after is not None:
        attempt.notes.append(Note(services.clock(), "reading", _in_words(party.device, party.before, party.after)))
    foreign = party.foreign or (claim.leased and not services.ledger.leave_device(party.device, attempt.key))
    if found.trouble:
        said = f"the reading of the device is set aside: {found.trouble}"
        attempt.notes.append(Note(services.clock(), "reading_set_aside", said))
        log.warning("attempt=%s device=%s reading set aside: %s", attempt.key, party.device, found.trouble)
        return None
    if foreign:
        said = "jobs of several servers lie between the readings; each is charged what was counted in it"
        attempt.notes.append(Note(services.clock(), "shared_reading", said))
        return Marked(party.members[attempt.key.nonce].parsed_impressions, None, shared=True)
    if not party.shared:
        return Marked(found.impressions, found.media_sheets)
    part = party.part_of(attempt.key.nonce, found.impressions)
    said = (
        f"{len(party.members)} jobs share {found.impressions} impressions that the device marked; its part is {part}"
    )
    attempt.notes.append(Note(services.clock(), "shared_reading", said))
    return Marked(part, None, shared=True)


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


def _resumed(services: Services, attempt: Attempt) -> Claim | None:
    """The claim of an attempt whose daemon was lost while its backend ran: its first reading is in the ledger."""
    if attempt.adoption is None or attempt.attempt_id is None:
        return None
    meter = services.meter_of(attempt.ticket.device_uri, attempt.settings)
    kept = services.ledger.readings(attempt.attempt_id).get("before")
    if meter is None or kept is None:
        return None
    party = services.floor.join(kept.device, Member(attempt.key.nonce, attempt.totals.impressions, True))
    party.before = party.before or kept.reading
    attempt.claim = Claim(party, meter)
    return attempt.claim


def leave(services: Services, attempt: Attempt) -> None:
    """The attempt is over, or is not measured after all: the device is left to others."""
    claim, attempt.claim = attempt.claim, None
    if claim is not None:
        if claim.glances is not None:
            claim.glances.end()
        services.floor.leave(claim.party, attempt.key.nonce)

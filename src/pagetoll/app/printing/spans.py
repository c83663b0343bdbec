# SPDX-License-Identifier: Apache-2.0
"""A job's place at its device: alone between two readings of it, or, after a long enough wait, among others.

The ledger knows who is there, so that jobs of other print servers are waited for and shared with like those of other
queues. Whoever finds all of them over reads the device, and splits what it marked for all.
"""

import ipaddress
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pagetoll.app.printing.attempt import Attempt, Claim, Services
from pagetoll.app.printing.client import ClientGone
from pagetoll.app.printing.floors import Member
from pagetoll.app.printing.glances import Glances
from pagetoll.app.printing.hooks import variables_of
from pagetoll.app.printing.waiting import LISTEN_EVERY_S, Patience
from pagetoll.core.errors import DeviceError, StorageError
from pagetoll.core.hook_variables import Phase
from pagetoll.core.jobs import AttemptKey, JobKey
from pagetoll.core.messages import _
from pagetoll.core.readings import Difference, Expected, Reading, difference, share
from pagetoll.core.usage import Confidence
from pagetoll.ports import Interrupted, KeptReading, Note
from pagetoll.ports.devices import DeviceMeter, DeviceSpan, SpanMember
from pagetoll.wire.frames import Canceled

LOOK_EVERY_S = 0.5
SURE = (Confidence.EXACT, Confidence.DECLARED)


class _Waiting:
    """The attempt as a meter sees it."""

    phase = Phase.BEFORE

    def __init__(self, services: Services, attempt: Attempt, expected_impressions: int | None) -> None:
        self.expected_impressions = expected_impressions
        self.patience = Patience(services, attempt)
        self._services, self._attempt = services, attempt

    def say(self, line: str) -> None:
        self._attempt.client.say(line)

    def interrupted(self) -> bool:
        return self.patience.given_up()

    def variables(self) -> Mapping[str, str]:
        """All of them; those of the job alone when the ledger cannot be read: that must not keep us from it."""
        try:
            return variables_of(self._services, self._attempt, self.phase)
        except StorageError:
            return variables_of(self._services, self._attempt, Phase.NONE)


class _Following(_Waiting):
    """The same after the backend's end: what the client says now is heard, and changes nothing of the measuring."""

    phase = Phase.AFTER

    def interrupted(self) -> bool:
        _listen(self._attempt, 0.0)
        return False


@dataclass(frozen=True, slots=True)
class Printed:
    """What is known of a job when its backend is over: how much was handed over (`sure` where somebody knows),
    whether that was all of it, and whether the device was seen at work meanwhile."""

    impressions: int
    sure: bool
    well: bool
    seen: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What the device marked of a job, as one of so many between the readings; the readings where it was this
    attempt that compared them."""

    mine: Difference
    jobs: int
    before: Reading | None = None
    after: Reading | None = None


def name_in_ledger(services: Services, device: str) -> str:
    """What other print servers call the device too. Addresses that lead elsewhere on another server, and devices
    that are not in the network, are this server's own."""
    return device if leads_there_from_anywhere(device) else f"{device} at {services.spooler_host}"


def leads_there_from_anywhere(device: str) -> bool:
    """Whether every print server finds the same machine under what this one calls it."""
    kind, _colon, address = device.partition(":")
    if kind != "address":
        return True
    try:
        return not ipaddress.ip_address(address).is_loopback
    except ValueError:
        return "/" not in address and address != "localhost"


def enter(services: Services, attempt: Attempt, device: str, meter: DeviceMeter | None) -> None:
    """Wait for the job's place at its device, at most `measure_wait_s`, and take the first reading. Raises
    DeviceError, Interrupted."""
    deadline_s = services.monotonic() + attempt.settings.measure_wait_s
    member = Member(attempt.key, attempt.totals.impressions, meter is not None)
    others = _await_floor(services, attempt, device, member, deadline_s)
    claim = attempt.claim = Claim(device, meter)
    if meter is None:
        if any(other.measured for other in others):
            claim.spanned = True
            services.ledger.join_device(name_in_ledger(services, device), attempt.key, member.parsed_impressions)
        return
    span = _await_span(services, attempt, device, others, deadline_s)
    claim.spanned = True
    services.floor.remember_queue(device, attempt.ticket.device_uri, attempt.ticket.printer)
    if span.shared:
        said = f"another job on {device} was still being measured; both share what the device marks"
        attempt.notes.append(Note(services.clock(), "shared_reading", said))
    before = span.before
    if before is None:
        before = meter.before(_Waiting(services, attempt, None))
    services.ledger.keep_reading(attempt.key, "before", KeptReading(device, before))
    if not span.shared:
        claim.glances = Glances(meter)


def _await_floor(
    services: Services, attempt: Attempt, device: str, member: Member, deadline_s: float
) -> Sequence[Member]:
    """Whoever else is there of this daemon's jobs: nobody that is measured, or it took too long. Raises
    Interrupted."""
    line = "INFO: " + _("Waiting for {device}: another job is being measured there").format(device=device)
    patience = Patience(services, attempt, line)
    wait_s = 0.0
    while services.monotonic() <= deadline_s:
        others = services.floor.enter(device, member, wait_s)
        if others is not None:
            return others
        if patience.given_up():
            raise Interrupted
        wait_s = LISTEN_EVERY_S
    return services.floor.join(device, member)


def _await_span(
    services: Services, attempt: Attempt, device: str, others: Sequence[Member], deadline_s: float
) -> DeviceSpan:
    """The span that the job is in: its own, or, when it took too long, that of those who are there. Raises
    Interrupted."""
    name, impressions, ledger = name_in_ledger(services, device), attempt.totals.impressions, services.ledger
    for other in others:
        if not other.measured:
            ledger.join_device(name, other.key, other.parsed_impressions)
    if others:
        return ledger.join_device(name, attempt.key, impressions)
    line = "INFO: " + _("Waiting for {device}: another print server measures a job there").format(device=device)
    patience = Patience(services, attempt, line)
    while not ledger.hold_device(name, attempt.key, impressions):
        if services.monotonic() > deadline_s:
            return ledger.join_device(name, attempt.key, impressions)
        if patience.given_up(pause_s=LOOK_EVERY_S):
            raise Interrupted
    return DeviceSpan((SpanMember(attempt.key.nonce, impressions, False),))


def find(services: Services, attempt: Attempt, claim: Claim, printed: Printed) -> Found:
    """The job's part of what its device marked: found here or by another attempt between the readings."""
    ledger, key = services.ledger, attempt.key
    deadline_s = services.monotonic() + attempt.settings.measure_max_s
    line = _("Waiting for {device}: another job there is not over yet").format(device=claim.device)
    patience = Patience(services, attempt, f"INFO: {line}")
    while True:
        span = ledger.device_span(key, printed.impressions)
        if span is None or span.before is None:
            return Found(Difference(0, None, "its first reading is lost"), 1)
        if span.found is not None:
            return Found(Difference(span.found, None, span.trouble), len(span.members))
        if _end_for_those_gone(services, span):
            continue
        if all(member.ended for member in span.members):
            found = _compare(services, attempt, claim, span, printed)
            if found.after is None and span.shared:
                return found  # the others may have more luck with it
            parts = share(found.mine.impressions, [member.parsed_impressions for member in span.members])
            by_nonce = {member.nonce: part for member, part in zip(span.members, parts, strict=True)}
            if ledger.close_span(key, by_nonce, found.mine.trouble):
                return _mine(found, by_nonce[key.nonce])
        if services.monotonic() >= deadline_s:
            said = f"other jobs there were not over within {attempt.settings.measure_max_s} s"
            return Found(Difference(0, None, said), len(span.members))
        patience.given_up()
        _listen(attempt, LOOK_EVERY_S)


def _end_for_those_gone(services: Services, span: DeviceSpan) -> bool:
    """Say that the jobs of print servers that are gone have ended, with all that was counted in them; whether there
    were any. Where the server comes back, it finds the job's part."""
    gone = [one for one in span.members if not one.ended and services.servers.is_gone(one.spooler_host)]
    for member in gone:
        key = AttemptKey(JobKey(member.spooler_host, 0, 0), member.nonce)  # the ledger looks for the nonce
        services.ledger.device_span(key, member.parsed_impressions)
    return bool(gone)


def _compare(services: Services, attempt: Attempt, claim: Claim, span: DeviceSpan, printed: Printed) -> Found:
    """What the device marked for all of them, when it has come to rest."""
    following = _Following(services, attempt, span.parsed_impressions if printed.sure else None)
    assert claim.meter is not None
    assert span.before is not None
    jobs = len(span.members)
    try:
        after = claim.meter.after(span.before, following)
    except DeviceError as error:
        return Found(Difference(0, None, str(error)), jobs)
    after = replace(after, moved=after.moved or printed.seen)
    expected = Expected(
        span.parsed_impressions if printed.sure else max(attempt.totals.impressions, span.parsed_impressions),
        attempt.totals.media_sheets if printed.well and not span.shared else 0,
        exact=_is_exact(attempt),
        ended_well=printed.well and not span.shared,
    )
    return Found(difference(span.before, after, expected), jobs, span.before, after)


def _is_exact(attempt: Attempt) -> bool:
    if attempt.recalled is not None:
        return attempt.recalled.facts.confidence in SURE
    return attempt.usage is not None and attempt.usage.confidence in SURE and not attempt.uncountable


def _mine(found: Found, part: int) -> Found:
    """The own part; sheets are not split."""
    return found if found.jobs == 1 else replace(found, mine=replace(found.mine, impressions=part, media_sheets=None))


def _listen(attempt: Attempt, pause_s: float) -> None:
    """Hear the client for so long; a client that is gone, or cancels, ends no measuring."""
    if attempt.client_lost:
        time.sleep(pause_s)
        return
    try:
        received = attempt.client.receive(pause_s)
    except ClientGone:
        attempt.client_lost = True
        return
    if received is not None and isinstance(received[0], Canceled):
        attempt.canceled = True

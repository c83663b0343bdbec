# SPDX-License-Identifier: Apache-2.0
"""Asking a device what it has marked, before a job and after it has come to rest; and what the ledger knows of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pagetoll.core.jobs import ALL_ATTEMPTS, AttemptKey, HistoryFilter
from pagetoll.core.readings import Reading

Phase = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """Which machine it is: the address that its name leads to, and its serial number where it tells one by this
    protocol (`source`, as in a Reading)."""

    address: str
    serial: str = ""
    model: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class MeterLimits:
    """How a queue's device is waited for (options of config/options/devices.py, in seconds)."""

    noprintingmaxdelay_s: float = 60.0
    statusstabilizationloops: int = 5
    statusstabilizationdelay_s: float = 4.0
    skipinitialwait: bool = False
    snmperrormask: int = 0x4FCC
    measure_max_s: float = 3600.0


@dataclass(frozen=True, slots=True)
class SpanMember:
    """An attempt between two readings. `parsed_impressions` is what was handed over of it, as far as is known;
    `ended`: its backend is over, or nobody can tell; `spooler_host` is the spooler that began it."""

    nonce: str
    parsed_impressions: int
    ended: bool
    spooler_host: str = ""


@dataclass(frozen=True, slots=True)
class DeviceSpan:
    """The attempts between the same two readings of a device, of whatever queue and print server.

    `before` is the first reading, None where nobody has one yet. `found` is the own attempt's part of what the device
    marked, once that is known; then `trouble` says why it is not to be used, "" where it is.
    """

    members: tuple[SpanMember, ...]
    before: Reading | None = None
    found: int | None = None
    trouble: str = ""

    @property
    def shared(self) -> bool:
        return len(self.members) > 1

    @property
    def parsed_impressions(self) -> int:
        return sum(member.parsed_impressions for member in self.members)


class Wait(Protocol):
    """Who waits: the attempt and its spooler."""

    @property
    def expected_impressions(self) -> int | None:
        """What the job should mark, 0 where nothing was handed over, None where nobody knows."""
        ...

    def say(self, line: str, /) -> None:
        """A line for the spooler: STATE, INFO."""
        ...

    def interrupted(self) -> bool:
        """Whether the waiting is to be given up."""
        ...

    def variables(self) -> Mapping[str, str]:
        """What a command of the site's is told of the job (docs/reference/hooks.md)."""
        ...


class DeviceMeter(Protocol):
    """One device as one queue asks it. All methods raise DeviceError, and Interrupted where they wait."""

    def identity(self) -> DeviceIdentity: ...

    def at_work(self) -> bool:
        """Whether it marks something right now; False also where it must not be asked in the middle of a job."""
        ...

    def before(self, wait: Wait, /) -> Reading:
        """The counters, once the device is at rest; at most `measure_max_s`."""
        ...

    def after(self, before: Reading, wait: Wait, /) -> Reading:
        """The counters, once the device has done what it was sent, and is at rest; at most `measure_max_s`."""
        ...


@dataclass(frozen=True, slots=True)
class KeptReading:
    """A reading of a device as the ledger keeps it; `trouble` says why it is not used, "" where it is."""

    device: str
    reading: Reading
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Drift:
    """A printer's attempts that were both counted and reported, their sums, and how many readings were set aside.

    `differing` are the attempts whose two numbers are not the same.
    """

    printer_name: str
    attempts: int
    parsed_impressions: int
    reported_impressions: int
    charged_impressions: int
    differing: int
    set_aside: int


class DeviceLedger(Protocol):
    """The part of the ledger that knows of devices."""

    def keep_reading(self, key: AttemptKey, phase: Phase, reading: KeptReading) -> None:
        """Keep what a device said before or after an attempt; the first one of a phase stays."""
        ...

    def readings(self, attempt_id: int) -> dict[Phase, KeptReading]: ...

    def name_device(self, identity: DeviceIdentity) -> str:
        """What the machine is called in the ledger, whatever protocol and print server asked it first. Another serial
        number by the same protocol is another machine."""
        ...

    def hold_device(self, device: str, key: AttemptKey, parsed_impressions: int) -> bool:
        """Whether the attempt has the device for itself now: nobody was there, or whoever was is closed."""
        ...

    def join_device(self, device: str, key: AttemptKey, parsed_impressions: int) -> DeviceSpan:
        """Without waiting: the attempt is one more between the readings of those that are there, if any are."""
        ...

    def device_span(self, key: AttemptKey, handed_over_impressions: int | None = None) -> DeviceSpan | None:
        """Who is between the same readings; None for an attempt that has no device. With a number its backend is
        over, and so much was handed over. Attempts that were closed have ended, with what they were charged."""
        ...

    def close_span(self, key: AttemptKey, parts: Mapping[str, int], trouble: str) -> bool:
        """Keep each attempt's part of what the device marked, by nonce, and leave the device to others. False when
        that was done before, or when there is another attempt now than those of `parts`."""
        ...

    def drift(self, wanted: HistoryFilter = ALL_ATTEMPTS) -> Sequence[Drift]:
        """What was counted in documents and what devices reported, by printer, over attempts that have both."""
        ...

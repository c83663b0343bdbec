# SPDX-License-Identifier: Apache-2.0
"""Asking a device what it has marked: before a job, and after it has come to rest."""

from dataclasses import dataclass
from typing import Protocol

from pagetoll.core.readings import Reading


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """Which machine it is: the address that its name leads to, and its serial number where it tells one."""

    address: str
    serial: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class MeterLimits:
    """How a queue's device is waited for (options of config/options/devices.py, in seconds)."""

    noprintingmaxdelay_s: float = 60.0
    statusstabilizationloops: int = 5
    statusstabilizationdelay_s: float = 4.0
    skipinitialwait: bool = False
    snmperrormask: int = 0x4FCC
    measure_max_s: float = 3600.0


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

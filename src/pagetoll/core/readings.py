# SPDX-License-Identifier: Apache-2.0
"""Readings of a device's own counters: what lies between two of them, whether that can be, and how several jobs
share it (docs/concepts/measuring.md).

A counter may start again behind its largest number, and a device that lost power may have fallen back to the last
multiple of ten that it had stored. Everything else that goes down, or further up than the job can have marked, is an
impossible reading: it is set aside and told, never charged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

#: A job may mark more than was counted: a blank side behind each odd copy, a page of the device's own.
PLAUSIBLE_TIMES, PLAUSIBLE_MORE = 2, 20
#: Where the count is a guess.
GUESSED_TIMES, GUESSED_MORE = 100, 1000


@dataclass(frozen=True, slots=True)
class Reading:
    """What a device said of itself at one moment; a counter that it does not have is None.

    `source` is snmp, pjl, ipp or command. `wraps_at` is the first number that its counter never shows (0: it has
    none), `stored_in_steps` how many marks may be lost with its power. `moved` says of the second of two readings
    whether the device was seen at work in between. `last_job_id`: its counter is the sum of the jobs after this one.
    """

    at: datetime
    impressions: int | None
    media_sheets: int | None
    source: str
    serial: str = ""
    model: str = ""
    state: str = ""
    wraps_at: int = 0
    stored_in_steps: int = 1
    moved: bool = False
    last_job_id: int | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """What the document says that the job can mark. `exact`: the count is no guess.
    `ended_well`: all of it was handed over."""

    impressions: int
    media_sheets: int
    exact: bool = True
    ended_well: bool = True


@dataclass(frozen=True, slots=True)
class Difference:
    """What the device marked between two readings; `trouble` says why it cannot be, then nothing of it is used."""

    impressions: int
    media_sheets: int | None = None
    trouble: str = ""


def difference(before: Reading, after: Reading, expected: Expected) -> Difference:
    """What came out between two readings of one device, in impressions."""
    if before.serial and after.serial and before.serial != after.serial:
        return Difference(0, None, f"it is another device: serial number {after.serial}, before {before.serial}")
    # one that comes from the ledger does not say how the device counts
    device = before if before.wraps_at or before.stored_in_steps > 1 else after
    sheets = _apart(before.media_sheets, after.media_sheets, device)
    impressions = _apart(before.impressions, after.impressions, device)
    if impressions is None and sheets is not None:
        impressions = _sides(sheets, expected)
    if impressions is None:
        return Difference(0, None, "it has no counter of impressions or sheets")
    trouble = _trouble(impressions, after, expected)
    return Difference(0, None, trouble) if trouble else Difference(impressions, sheets)


def _apart(before: int | None, after: int | None, device: Reading) -> int | None:
    if before is None or after is None:
        return None
    apart = after - before
    if apart < 0 and device.wraps_at and before < device.wraps_at and before > device.wraps_at // 2 > after:
        return apart + device.wraps_at
    if -device.stored_in_steps < apart < 0:
        return apart + device.stored_in_steps
    return apart


def _sides(sheets: int, expected: Expected) -> int:
    """Impressions of a device that counts paper: in the job's own ratio."""
    if sheets <= 0 or not expected.media_sheets:
        return sheets
    if sheets == expected.media_sheets:
        return expected.impressions
    return -(-sheets * expected.impressions // expected.media_sheets)


def _trouble(impressions: int, after: Reading, expected: Expected) -> str:
    if impressions < 0:
        return f"its counter went back by {-impressions}"
    times, more = (PLAUSIBLE_TIMES, PLAUSIBLE_MORE) if expected.exact else (GUESSED_TIMES, GUESSED_MORE)
    if impressions > expected.impressions * times + more:
        return f"its counter jumped by {impressions} for a job of {expected.impressions} impressions"
    if impressions == 0 and expected.impressions and expected.ended_well and after.moved:
        return "it was at work, and its counter stood still"
    return ""


def share(total: int, parts: Sequence[int]) -> list[int]:
    """`total` split in the ratio of `parts`, its sum exactly `total`; what is left over goes to the largest rests."""
    whole = sum(parts)
    weights = list(parts) if whole else [1] * len(parts)
    whole = whole or len(parts)
    shares = [total * weight // whole for weight in weights]
    rests = sorted(range(len(weights)), key=lambda place: (-(total * weights[place] % whole), place))
    for place in rests[: total - sum(shares)]:
        shares[place] += 1
    return shares

# SPDX-License-Identifier: Apache-2.0
"""Rolling limits of a printer or printer group: what each user by himself may print on it (on all printers of the
group together) within the last so many seconds.

The idea is that of CUPS's own quotas (lpadmin(8): job-quota-period, job-page-limit, job-k-limit). A job counts from
when it was reserved until one period later, with what was charged for it and not refunded; an open one with what was
set aside. It counts where the user's entry on the printer or group counts, and is checked where that entry is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pagetoll.core.messages import _
from pagetoll.core.policy import Enforcement, Rule

OCTETS_PER_K = 1024


@dataclass(frozen=True, slots=True)
class RollingLimits:
    """Both for `period_s` seconds; None is no limit. A document has its octets in 1024, rounded up, once for all its
    copies (RFC 8011 §5.3.17.1)."""

    period_s: int
    impressions: int | None = None
    k_octets: int | None = None


@dataclass(frozen=True, slots=True)
class RollingCheck:
    """What a reserve must look at: the limits of a printer as they were seen, the user's entry on it, and its rule.
    One that is not `checked` is only put on record."""

    printer_id: int
    printer_name: str
    limits: RollingLimits
    account_id: int
    rule: Rule
    checked: bool = True


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks for how much."""

    user_id: int | None
    user_name: str
    impressions: int
    document_octets: int | None = None


@dataclass(frozen=True, slots=True)
class RollingUse:
    """A rolling limit of a printer or printer group before a job: impressions, or K octets where `is_octets`."""

    printer_name: str
    is_octets: bool
    limit: int
    period_s: int
    used: int
    asked: int


@dataclass(frozen=True, slots=True)
class Used:
    """What a job of the user counts with, since when."""

    at: datetime
    impressions: int
    k_octets: int


@dataclass(frozen=True, slots=True)
class RollingRefusal:
    """Why a user's job does not fit: the limit that it would be over. `room_at` is when enough of the earlier jobs
    are older than the period; None where the job never fits."""

    user_name: str
    over: RollingUse
    room_at: datetime | None

    def __str__(self) -> str:
        over = self.over
        if over.is_octets:
            text = _("{user} on {printer}: {used} of {limit} KiB used within {period}, this job needs {asked}")
        else:
            text = _(
                "{user} on {printer}: {used} of {limit} impressions used within {period}, this job needs {asked}"
            )
        said = text.format(
            user=self.user_name,
            printer=over.printer_name,
            used=over.used,
            limit=over.limit,
            period=timedelta(seconds=over.period_s),
            asked=over.asked,
        )
        if self.room_at is None:
            return said
        return said + _("; there is room for it from {moment} UTC").format(moment=f"{self.room_at:%Y-%m-%d %H:%M:%S}")


def k_octets_of(octets: int | None) -> int:
    """A document's octets in 1024, rounded up."""
    return -(-(octets or 0) // OCTETS_PER_K)


def fits(used: int, asked: int, limit: int, rule: Rule) -> bool:
    """Whether the job fits; laxist enforcement asks only whether anything is left."""
    return used + asked <= limit if rule.enforcement is Enforcement.STRICT else used < limit


def uses_of(
    check: RollingCheck, used: tuple[int, int], asked: tuple[int, int]
) -> tuple[tuple[RollingUse, ...], RollingUse | None]:
    """How the limits stand before a job, and the first one that it does not fit; both pairs are impressions and
    K octets."""
    limits = check.limits
    uses = tuple(
        RollingUse(check.printer_name, is_octets, limit, limits.period_s, used[is_octets], asked[is_octets])
        for is_octets, limit in ((False, limits.impressions), (True, limits.k_octets))
        if limit is not None
    )
    return uses, next((use for use in uses if not fits(use.used, use.asked, use.limit, check.rule)), None)


def room_at(
    jobs: Sequence[tuple[datetime, int]], asked: int, limit: int, period_s: int, rule: Rule
) -> datetime | None:
    """When so many of the jobs (since when they count, and with how much; oldest first) are older than the period
    that the one asked for fits; None where it never does."""
    left = sum(amount for _at, amount in jobs)
    for at, amount in jobs:
        left -= amount
        if fits(left, asked, limit, rule):
            return at + timedelta(seconds=period_s)
    return None

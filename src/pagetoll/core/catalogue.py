# SPDX-License-Identifier: Apache-2.0
"""The catalogue as values: printers, users, groups and quota entries as they are stored, and what becomes of them.

A field that keeps its `UNCHANGED` stays as it is stored, so no command writes back a figure it read earlier.
Amounts of money are millionths of a credit, page figures are impressions.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from pagetoll.core.policy import LimitBy, OwnerKind
from pagetoll.core.roles import Role


@dataclass(frozen=True, slots=True)
class PrinterRow:
    """A printer or printer group; prices in millionths of a credit.

    `counted_impressions` is all that was ever counted for jobs on it. `rolling_…`: see core/rolling.py.
    """

    printer_id: int
    name: str
    description: str
    price_per_impression: int
    price_per_job: int
    passthrough: bool
    max_job_impressions: int | None
    counted_impressions: int = 0
    rolling_period_s: int | None = None
    rolling_impressions: int | None = None
    rolling_k_octets: int | None = None


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user with the credit account; balance, payments, reserved and overcharge in millionths."""

    user_id: int
    name: str
    email: str
    description: str
    limitby: LimitBy
    overcharge: int
    balance: int
    lifetime_paid: int
    reserved: int


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A users group; balance, payments and reserved are the sums of its present members, in millionths."""

    group_id: int
    name: str
    description: str
    limitby: LimitBy
    balance: int
    lifetime_paid: int
    reserved: int = 0


@dataclass(frozen=True, slots=True)
class EntryRow:
    """A quota entry of a user or users group on a printer; a group's counters are its members' sums."""

    account_id: int
    owner_name: str
    printer_name: str
    page_counter: int
    lifetime_page_counter: int
    reserved: int
    soft_limit: int | None
    hard_limit: int | None
    grace_until: datetime | None
    max_job_impressions: int | None
    warn_banners: int


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A billing code, which is a cost centre with two accounts: impressions, and what was spent in millionths.

    `spent` is positive for money that jobs cost. A limit is a budget: None where there is none.
    """

    code_id: int
    name: str
    description: str
    page_counter: int
    spent: int
    reserved_impressions: int
    reserved_price: int
    soft_limit_impressions: int | None
    hard_limit_impressions: int | None
    soft_limit_spent: int | None
    hard_limit_spent: int | None


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """A payment of a user, in millionths. One that a refund made has the refunded price with a minus, as in the old
    dumps, although it brought the balance up."""

    payment_id: int
    user_id: int
    user_name: str
    amount: int
    description: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role of a login name, and who gave it."""

    user_name: str
    role: Role
    granted_by: str
    granted_at: datetime


class Unchanged(Enum):
    """The one value that means: leave it as it is."""

    UNCHANGED = "unchanged"


UNCHANGED = Unchanged.UNCHANGED


@dataclass(frozen=True, slots=True)
class Figure:
    """A new number: absolute, or added to what is stored when `relative`."""

    steps: int
    relative: bool = False


@dataclass(frozen=True, slots=True)
class PrinterChange:
    """What becomes of printers; `max_job_impressions` None removes that limit, 0 forbids printing. Without
    `rolling_period_s` the printer has no rolling limits."""

    description: str | Unchanged = UNCHANGED
    price_per_impression: int | Unchanged = UNCHANGED
    price_per_job: int | Unchanged = UNCHANGED
    passthrough: bool | Unchanged = UNCHANGED
    max_job_impressions: int | Unchanged | None = UNCHANGED
    rolling_period_s: int | Unchanged | None = UNCHANGED
    rolling_impressions: int | Unchanged | None = UNCHANGED
    rolling_k_octets: int | Unchanged | None = UNCHANGED


@dataclass(frozen=True, slots=True)
class OwnerChange:
    """What becomes of users or users groups; `overcharge` (millionths) is the users' alone."""

    description: str | Unchanged = UNCHANGED
    limitby: LimitBy | Unchanged = UNCHANGED
    overcharge: int | Unchanged = UNCHANGED


@dataclass(frozen=True, slots=True)
class CodeChange:
    """What becomes of billing codes. Limits on impressions, and on what is spent in millionths; None removes one."""

    description: str | Unchanged = UNCHANGED
    soft_limit_impressions: int | Unchanged | None = UNCHANGED
    hard_limit_impressions: int | Unchanged | None = UNCHANGED
    soft_limit_spent: int | Unchanged | None = UNCHANGED
    hard_limit_spent: int | Unchanged | None = UNCHANGED


@dataclass(frozen=True, slots=True)
class PaymentFilter:
    """Which payments: of one user, or all; `start` and `end` are inclusive to the second and carry their zone."""

    user_name: str | None = None
    start: datetime | None = None
    end: datetime | None = None


ALL_PAYMENTS = PaymentFilter()


@dataclass(frozen=True, slots=True)
class EntrySelection:
    """Quota entries: those of these owners on these printers; None means all of them.

    `newer_than` keeps only entries with a higher account number. With `of_members` the entries are not the groups'
    own but those of their present members, on the printers where the group has an entry.
    """

    owner_kind: OwnerKind
    owner_ids: tuple[int, ...] | None
    printer_ids: tuple[int, ...] | None
    newer_than: int | None = None
    of_members: bool = False


@dataclass(frozen=True, slots=True)
class EntryChange:
    """What becomes of quota entries, in this order: counters, limits, increase, the rest.

    `page_counter` and `lifetime_counter` are booked as adjustments. `increase` goes to both limits, a missing one
    counting as 0. `clear_grace` takes back a running grace time, `clear_warnings` the count of warning banners.
    """

    page_counter: Figure | None = None
    lifetime_counter: Figure | None = None
    soft_limit: int | Unchanged | None = UNCHANGED
    hard_limit: int | Unchanged | None = UNCHANGED
    increase: int = 0
    max_job_impressions: int | Unchanged | None = UNCHANGED
    clear_grace: bool = False
    clear_warnings: bool = False
    reason: str = ""

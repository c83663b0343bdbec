# SPDX-License-Identifier: Apache-2.0
"""Refunds: which jobs can be given back, how much of one, and giving it back.

What was charged is taken back from every account that the job was posted to, by new entries; the old ones stay.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pagetoll.app.history import action
from pagetoll.core.jobs import HistoryFilter
from pagetoll.core.money import round_millionth
from pagetoll.core.pricing import tariff_from_json
from pagetoll.ports import AttemptRecord, Ledger, Refund

#: What the history calls jobs that have nothing to give back. PyKota booked nothing on canceled jobs and refunded
#: none; here one that was canceled in the middle has cost what came out, which can be given back.
NOT_REFUNDABLE = frozenset({"DENY", "REFUND"})


@dataclass(frozen=True, slots=True)
class Part:
    """How much of each job is wanted back at most: impressions, and a price in millionths; None for either is what
    follows from the other, and both None is all."""

    impressions: int | None = None
    price: int | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """Of one job: what is left to give back, and what of it is wanted. Prices in millionths."""

    impressions: int
    price: int


ALL = Part()


def left_of(row: AttemptRecord) -> Share:
    """What was charged for a job and not given back yet."""
    return Share(
        row.charged_impressions - row.refunded_impressions,
        row.charged_price - row.refunded_price,
    )


def share_of(row: AttemptRecord, part: Part) -> Share:
    """How much of a job to give back: what the part says, and never more than is left.

    Impressions alone take their price with them: that of the job's own tariff, the price per job with the last one.
    A price alone takes no impressions.
    """
    left = left_of(row)
    if part.impressions is None and part.price is None:
        return left
    impressions = min(part.impressions or 0, left.impressions)
    price = _price_of(row, left, impressions) if part.price is None else part.price
    return Share(impressions, _within(price, left.price))


def _price_of(row: AttemptRecord, left: Share, impressions: int) -> int:
    if impressions == left.impressions:
        return left.price
    tariff = tariff_from_json(row.tariff_json)
    if tariff.price(row.charged_impressions) == row.charged_price:
        return tariff.price(left.impressions) - tariff.price(left.impressions - impressions)
    return round_millionth(left.price * impressions, left.impressions)  # a price that was not made by the tariff


def _within(price: int, left: int) -> int:
    """The price, between nothing and what is left, which is negative where the user earned by the job."""
    return max(left, min(price, 0)) if left < 0 else min(left, max(price, 0))


def is_refundable(row: AttemptRecord) -> bool:
    """Whether the job printed something, and it was not given back whole yet."""
    return row.charged_impressions != 0 and action(row) not in NOT_REFUNDABLE


def refundable(ledger: Ledger, wanted: HistoryFilter) -> Iterator[AttemptRecord]:
    """The jobs that fit the filter and can be refunded, oldest first; read in pages."""
    return (row for row in ledger.history(wanted, newest_first=False) if is_refundable(row))


def refund(
    ledger: Ledger,
    row: AttemptRecord,
    *,
    impressions: int | None = None,
    price: int | None = None,
    reason: str,
    actor: str,
    at: datetime,
    write_id: str = "",
) -> Refund:
    """Give back impressions and price (millionths) of a job: None is all that is left, 0 nothing.

    A job that somebody else refunded meanwhile gives back only what is left of it, 0 when that is nothing. With a
    `write_id` the call may be repeated: it is done once. Raises UsageError for more than is left.
    """
    return ledger.refund(
        row.attempt_id,
        impressions=impressions,
        price=price,
        reason=reason,
        actor=actor,
        at=at,
        write_id=write_id or secrets.token_hex(16),
    )

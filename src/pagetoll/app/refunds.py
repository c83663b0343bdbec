# SPDX-License-Identifier: Apache-2.0
"""Refunds: which jobs can be given back, and giving back a part or all of one.

What was charged is taken back from every account that the job was posted to, by new entries; the old ones stay.
"""

import secrets
from collections.abc import Iterator
from datetime import datetime

from pagetoll.app.history import action
from pagetoll.core.jobs import HistoryFilter
from pagetoll.ports import AttemptRecord, Ledger, Refund

#: What the history calls jobs that have nothing to give back. PyKota booked nothing on canceled jobs and refunded
#: none; here one that was canceled in the middle has cost what came out, which can be given back.
NOT_REFUNDABLE = frozenset({"DENY", "REFUND"})


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

# SPDX-License-Identifier: Apache-2.0
"""What was printed, as rows: the list of attempts, and the attempts that a person means by a job's number."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pagetoll.core.errors import LedgerError, UsageError
from pagetoll.core.jobs import AttemptState, HistoryFilter, Identified, Outcome
from pagetoll.core.messages import _
from pagetoll.ports import AttemptRecord, Ledger

ATTEMPT_PREFIX = "attempt:"
LARGEST_NUMBER_DIGITS = 18  # what a signed 64-bit column surely holds
RECORDS_SEARCHED_MAX = 200  # runs of one job that are looked at


@dataclass(frozen=True, slots=True)
class JobRow:
    """One attempt in a list. `price` in millionths of a credit; impressions and sheets are what was charged.

    `ended` is the outcome, or where the attempt stands while it is open.
    """

    attempt_id: int
    received_at: datetime
    job_id: int
    printer: str
    user: str
    identified: Identified
    title: str
    impressions: int
    media_sheets: int
    price: int
    ended: Outcome | AttemptState
    verdict: str
    reason: str


def row_of(record: AttemptRecord) -> JobRow:
    """The line of an attempt."""
    facts = record.facts
    return JobRow(
        attempt_id=record.attempt_id,
        received_at=facts.received_at,
        job_id=facts.key.job.job_id,
        printer=facts.ticket.printer,
        user=facts.user_name,
        identified=facts.identified,
        title=facts.ticket.job_name,
        impressions=record.charged_impressions,
        media_sheets=record.charged_media_sheets,
        price=record.charged_price,
        ended=record.outcome or record.state,
        verdict=record.verdict,
        reason=record.reason,
    )


def attempts_meant(ledger: Ledger, reference: str) -> Sequence[AttemptRecord]:
    """The attempts that `reference` names, newest first: `attempt:N` is one; a job number is the newest job of it,
    with all its runs, since spoolers use their numbers again.

    Raises UsageError for what is no number, LedgerError when there is no such job.
    """
    number = number_of(reference.removeprefix(ATTEMPT_PREFIX), reference)
    if reference.startswith(ATTEMPT_PREFIX):
        record = ledger.attempt_by_id(number)
        if record is None:
            raise LedgerError(
                _("there is no attempt {number} in the ledger; see: pagetoll job list").format(number=number)
            )
        return [record]
    records = list(ledger.history(HistoryFilter(job_id=number), limit=RECORDS_SEARCHED_MAX))
    if not records:
        raise LedgerError(_("there is no job {number} in the ledger; see: pagetoll job list").format(number=number))
    newest = records[0].facts.key.job
    return [record for record in records if record.facts.key.job == newest]


def number_of(text: str, shown: str) -> int:
    """A job's or an attempt's number. Raises UsageError naming `shown`."""
    if not re.fullmatch(r"[0-9]+", text) or len(text) > LARGEST_NUMBER_DIGITS:
        raise UsageError(
            _("{shown!r} names no job; give its number, such as 12, or {attempt_prefix}12").format(
                shown=shown, attempt_prefix=ATTEMPT_PREFIX
            )
        )
    return int(text)

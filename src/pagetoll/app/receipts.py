# SPDX-License-Identifier: Apache-2.0
"""Receipts: refunds as people see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pagetoll.app.invoices import three_places
from pagetoll.app.refunds import Share
from pagetoll.core.messages import _, figure, minute_text, moment_text
from pagetoll.core.sheets import Sheet, SheetRow
from pagetoll.ports import AttemptRecord


@dataclass(frozen=True, slots=True)
class Refunded:
    """A job that something was given back of, as it was before, and what."""

    row: AttemptRecord
    impressions: int
    price: int


@dataclass(frozen=True, slots=True)
class ReceiptTerms:
    """What is the same on all receipts of a call. `at` carries the local zone."""

    first_number: int
    unit: str
    reason: str
    at: datetime


def receipt_sheets(done: Sequence[Refunded], terms: ReceiptTerms) -> list[Sheet]:
    """A page for each user who got something back, by name, numbered from the first number on."""
    users = sorted({refunded.row.facts.user_name for refunded in done})
    return [
        _receipt([refunded for refunded in done if refunded.row.facts.user_name == user], number, terms)
        for number, user in enumerate(users, start=terms.first_number)
    ]


def _receipt(done: Sequence[Refunded], number: int, terms: ReceiptTerms) -> Sheet:
    credits_back = figure(three_places(sum(refunded.price for refunded in done)))
    rows = (
        SheetRow(_("Receipt"), f"#{number}", strong=True),
        SheetRow(_("Username"), done[0].row.facts.user_name),
        SheetRow(_("Edited on"), minute_text(terms.at)),
        SheetRow(_("Number of jobs refunded"), str(len(done))),
        SheetRow(_("Number of pages refunded"), str(sum(refunded.impressions for refunded in done))),
        SheetRow(_("Amount refunded"), f"{credits_back} {terms.unit}", strong=True),
        SheetRow(_("Reason"), terms.reason),
    )
    return Sheet(
        _("Receipt for refunded print jobs"), rows, tuple(_detail(refunded, terms.unit) for refunded in done)
    )


def _detail(refunded: Refunded, unit: str) -> str:
    row = refunded.row
    return _("{date}  {printer}, job {job}: {pages} pages, {credits} {unit}  ({title})").format(
        date=_local_date(row),
        printer=row.facts.ticket.printer,
        job=row.facts.key.job.job_id,
        pages=refunded.impressions,
        credits=figure(three_places(refunded.price)),
        unit=unit,
        title=row.facts.ticket.job_name,
    )


def _local_date(row: AttemptRecord) -> str:
    return moment_text(row.closed_at.astimezone()) if row.closed_at else ""


def job_lines(row: AttemptRecord, share: Share) -> list[tuple[str, str]]:
    """What to show of a job before it is given back: labels and values, which come from whoever printed."""
    billing_code = row.facts.ticket.options.get("job-billing", "")
    return [
        (_("Date"), _local_date(row)),
        (_("Printer"), row.facts.ticket.printer),
        (_("User"), row.facts.user_name),
        (_("Job"), str(row.facts.key.job.job_id)),
        (_("Title"), row.facts.ticket.job_name),
        *(((_("Billing code"), billing_code),) if billing_code else ()),
        (_("Pages"), str(share.impressions)),
        (_("Credits"), figure(three_places(share.price))),
    ]


def summary(done: Sequence[Refunded]) -> str:
    """What was given back, in one line."""
    return _("Refunded {users} users for {jobs} jobs: {pages} pages, {credits} credits").format(
        users=len({refunded.row.facts.user_name for refunded in done}),
        jobs=len(done),
        pages=sum(refunded.impressions for refunded in done),
        credits=three_places(sum(refunded.price for refunded in done)),
    )

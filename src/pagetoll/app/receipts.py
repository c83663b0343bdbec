# SPDX-License-Identifier: Apache-2.0
"""Refunds as people see them: how much of a job is to be given back, what was, and receipts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pagetoll.app.invoices import three_places
from pagetoll.core.messages import _, figure
from pagetoll.core.money import round_millionth
from pagetoll.core.pricing import tariff_from_json
from pagetoll.core.sheets import Sheet, SheetRow
from pagetoll.ports import AttemptRecord


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


@dataclass(frozen=True, slots=True)
class Refunded:
    """A job that something was given back of, as it was before, and what."""

    row: AttemptRecord
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
    credits_back = three_places(sum(refunded.price for refunded in done))
    rows = (
        SheetRow(_("Receipt"), f"#{number}", strong=True),
        SheetRow(_("Username"), done[0].row.facts.user_name),
        SheetRow(_("Edited on"), f"{terms.at:%Y-%m-%d %H:%M}"),
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
        credits=three_places(refunded.price),
        unit=unit,
        title=row.facts.ticket.job_name,
    )


def _local_date(row: AttemptRecord) -> str:
    return f"{row.closed_at.astimezone():%Y-%m-%d %H:%M:%S}" if row.closed_at else ""


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

# SPDX-License-Identifier: Apache-2.0
"""Invoices: what each user's jobs cost in a time, with the VAT that is in it.

A job counts when something was printed and kept: refused and refunded ones do not, and one that was refunded in part
counts with what is left. One that was canceled counts with what came out before; PyKota booked nothing as CANCEL.
Amounts are exact; only what is shown is rounded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

from pagetoll.core.jobs import HistoryFilter, Outcome
from pagetoll.core.messages import _
from pagetoll.core.money import decimal_of, round_millionth
from pagetoll.core.sheets import Sheet, SheetRow
from pagetoll.ports import AttemptRecord, Ledger

NEVER_PRINTED = (Outcome.REFUSED, Outcome.PENDING_HELD, Outcome.VOIDED)
THOUSANDTH = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Bill:
    """What a user owes: the number of jobs, their impressions, and the price of all in millionths, VAT included."""

    user_name: str
    jobs: int
    impressions: int
    price: int


def bills(ledger: Ledger, wanted: HistoryFilter) -> list[Bill]:
    """A bill for each user whose jobs cost anything, by name; `wanted` chooses the jobs."""
    sums: dict[str, Bill] = {}
    for row in ledger.history(wanted, newest_first=False):
        if counts(row):
            name = row.facts.user_name
            before = sums.get(name, Bill(name, 0, 0, 0))
            sums[name] = Bill(
                name,
                before.jobs + 1,
                before.impressions + row.charged_impressions - row.refunded_impressions,
                before.price + row.charged_price - row.refunded_price,
            )
    return sorted((bill for bill in sums.values() if bill.price), key=lambda bill: bill.user_name)


def counts(row: AttemptRecord) -> bool:
    """Whether there is something to pay for."""
    return row.charged_impressions != 0 and row.outcome not in NEVER_PRINTED and not row.refunded


def net_price(price: int, vat_percent: Decimal) -> int:
    """The part of a price (millionths) that is no VAT: price * 100 / (100 + vat), half-even to a millionth."""
    above = 100 + vat_percent
    scale = 10 ** max(0, -int(above.as_tuple().exponent))
    return round_millionth(price * 100 * scale, int(above * scale))


def three_places(price: int) -> str:
    """Millionths as people read them on paper."""
    return format(decimal_of(price).quantize(THOUSANDTH, rounding=ROUND_HALF_EVEN), "f")


@dataclass(frozen=True, slots=True)
class InvoiceTerms:
    """What is the same on all invoices of a call. `at` carries the local zone."""

    first_number: int
    unit: str
    vat_percent: Decimal
    at: datetime


def invoice_sheets(found: Sequence[Bill], terms: InvoiceTerms) -> list[Sheet]:
    """A page for each bill, numbered from the first number on."""
    return [_invoice(bill, number, terms) for number, bill in enumerate(found, start=terms.first_number)]


def _invoice(bill: Bill, number: int, terms: InvoiceTerms) -> Sheet:
    due = Decimal(three_places(bill.price))
    rows = [
        SheetRow(_("Invoice"), f"#{number}", strong=True),
        SheetRow(_("Username"), bill.user_name),
        SheetRow(_("Edited on"), f"{terms.at:%Y-%m-%d %H:%M}"),
        SheetRow(_("Number of jobs printed"), str(bill.jobs)),
        SheetRow(_("Number of pages printed"), str(bill.impressions)),
        SheetRow(_("Amount due"), f"{due} {terms.unit}", strong=True),
    ]
    if terms.vat_percent:
        # From the exact price, but such that net and VAT as printed make the amount as printed.
        vat = due - Decimal(three_places(net_price(bill.price, terms.vat_percent)))
        label = _("Included VAT ({percent}%)").format(percent=f"{terms.vat_percent:.2f}")
        rows.append(SheetRow(label, f"{vat} {terms.unit}"))
    return Sheet(_("Invoice for print jobs"), tuple(rows))


def summary(found: Sequence[Bill]) -> str:
    """What was invoiced, in one line."""
    return _("Invoiced {users} users for {jobs} jobs: {pages} pages, {credits} credits").format(
        users=len(found),
        jobs=sum(bill.jobs for bill in found),
        pages=sum(bill.impressions for bill in found),
        credits=three_places(sum(bill.price for bill in found)),
    )

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

from pagetoll.core.jobs import HistoryFilter
from pagetoll.core.messages import _, figure, minute_text
from pagetoll.core.money import decimal_of, round_millionth
from pagetoll.core.sheets import Sheet, SheetRow
from pagetoll.ports import Ledger, UserCharges

THOUSANDTH = Decimal("0.001")


def bills(ledger: Ledger, wanted: HistoryFilter) -> list[UserCharges]:
    """What each user owes, VAT included, by name: those whose jobs cost anything. `wanted` chooses the jobs."""
    return [charges for charges in ledger.charges_by_user(wanted) if charges.price]


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


def invoice_sheets(found: Sequence[UserCharges], terms: InvoiceTerms) -> list[Sheet]:
    """A page for each bill, numbered from the first number on."""
    return [_invoice(bill, number, terms) for number, bill in enumerate(found, start=terms.first_number)]


def _invoice(bill: UserCharges, number: int, terms: InvoiceTerms) -> Sheet:
    due = Decimal(three_places(bill.price))
    rows = [
        SheetRow(_("Invoice"), f"#{number}", strong=True),
        SheetRow(_("Username"), bill.user_name),
        SheetRow(_("Edited on"), minute_text(terms.at)),
        SheetRow(_("Number of jobs printed"), str(bill.jobs)),
        SheetRow(_("Number of pages printed"), str(bill.impressions)),
        SheetRow(_("Amount due"), f"{figure(str(due))} {terms.unit}", strong=True),
    ]
    if terms.vat_percent:
        # From the exact price, but such that net and VAT as printed make the amount as printed.
        vat = due - Decimal(three_places(net_price(bill.price, terms.vat_percent)))
        label = _("Included VAT ({percent}%)").format(percent=figure(f"{terms.vat_percent:.2f}"))
        rows.append(SheetRow(label, f"{figure(str(vat))} {terms.unit}"))
    return Sheet(_("Invoice for print jobs"), tuple(rows))


def summary(found: Sequence[UserCharges]) -> str:
    """What was invoiced, in one line."""
    return _("Invoiced {users} users for {jobs} jobs: {pages} pages, {credits} credits").format(
        users=len(found),
        jobs=sum(bill.jobs for bill in found),
        pages=sum(bill.impressions for bill in found),
        credits=three_places(sum(bill.price for bill in found)),
    )

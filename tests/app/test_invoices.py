# SPDX-License-Identifier: Apache-2.0
"""Invoices' figures: VAT that is in a price, exactly."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from pagetoll.app.invoices import InvoiceTerms as Terms
from pagetoll.app.invoices import invoice_sheets, net_price, three_places
from pagetoll.core.money import LARGEST_STEPS
from pagetoll.ports import UserCharges

PRICES = st.integers(-LARGEST_STEPS, LARGEST_STEPS)
PERCENTS = st.decimals(0, Decimal("99.9999"), places=4)
HALF_STEP = Fraction(1, 2)


@given(PRICES, PERCENTS)
def test_the_net_price_is_at_most_half_a_millionth_from_the_quotient(price: int, percent: Decimal):
    exact = Fraction(price) * 100 / (100 + Fraction(percent))
    assert abs(net_price(price, percent) - exact) <= HALF_STEP


@given(PRICES)
def test_without_vat_the_net_price_is_the_price(price: int):
    assert net_price(price, Decimal(0)) == price


@given(PRICES, PERCENTS)
def test_the_vat_on_paper_and_the_net_price_make_the_amount_on_paper(price: int, percent: Decimal):
    terms = Terms(first_number=1, unit="EUR", vat_percent=percent, at=datetime(2026, 1, 1, tzinfo=UTC))
    (sheet,) = invoice_sheets([UserCharges("anna", 1, 1, price)], terms)
    due = Decimal(sheet.rows[5].value.removesuffix(" EUR"))
    vat = Decimal(sheet.rows[6].value.removesuffix(" EUR")) if percent else Decimal(0)
    assert due == Decimal(three_places(price))
    assert due - vat == Decimal(three_places(net_price(price, percent)))


def test_figures_are_rounded_to_the_nearest_thousandth_and_halves_to_the_even_one():
    assert [three_places(price) for price in (0, 500, 1500, 1501, -2500, 123_456_789)] == [
        "0.000",
        "0.000",
        "0.002",
        "0.002",
        "-0.002",
        "123.457",
    ]

# SPDX-License-Identifier: Apache-2.0
"""Prices by ink: coverage times coefficient of each color, frozen in the tariff."""

from decimal import Decimal

import pytest

from pagetoll.core.accounting import ALL_ONE, InkCoefficients, InkSpace
from pagetoll.core.ink import PAGES_MOST, page_shares
from pagetoll.core.pricing import PriceLine, Tariff, tariff_from_json, tariff_to_json
from pagetoll.core.usage import SPACES, PageCoverage

DEAR_CYAN = InkCoefficients((("cyan", Decimal("1.5")),))


def cmyk(*percent: int) -> PageCoverage:
    return PageCoverage("cmyk", tuple(part * 10_000 for part in percent))


def test_each_space_that_an_accounter_may_name_has_its_colors() -> None:
    assert {space.value for space in InkSpace} == set(SPACES)


@pytest.mark.parametrize(
    ("page", "coefficients", "share"),
    [
        (cmyk(10, 20, 0, 5), ALL_ONE, 350_000),
        (cmyk(10, 20, 0, 5), DEAR_CYAN, 400_000),
        (cmyk(0, 0, 0, 0), ALL_ONE, 0),
        (cmyk(100, 100, 100, 100), ALL_ONE, 4_000_000),
        (None, DEAR_CYAN, 1_000_000),
    ],
)
def test_a_page_costs_its_ink_and_one_that_was_not_seen_a_whole_page(
    page: PageCoverage | None, coefficients: InkCoefficients, share: int
) -> None:
    assert page_shares(InkSpace.CMYK, [page], coefficients) == (share,)


@pytest.mark.parametrize(
    ("impressions", "price"), [(0, 0), (1, 110_000), (2, 160_000), (3, 170_000), (4, 180_000), (6, 240_000)]
)
def test_the_first_pages_are_priced_and_copies_begin_anew(impressions: int, price: int) -> None:
    """0.10 a page, 0.10 a job: pages of 10, 50 and 50 hundredths."""
    tariff = Tariff((PriceLine("hp", 100_000, 100_000, (100_000, 500_000, 100_000)),))
    assert tariff.price(impressions) == price


def test_a_tariff_with_ink_is_kept_as_it_was() -> None:
    tariff = Tariff((PriceLine("hp", 1, 2, (3, 4)), PriceLine("floor", 5, 6)), overcharge=1_500_000)
    assert tariff_from_json(tariff_to_json(tariff)) == tariff
    assert tariff_to_json(Tariff((PriceLine("hp", 1, 2),))) == '[["hp",1,2]]'
    assert tariff_from_json('{"overcharge":1000000,"lines":[["hp",1,2]]}') == Tariff((PriceLine("hp", 1, 2),))


def test_very_long_documents_are_priced_by_their_mean_page() -> None:
    pages = [cmyk(0, 0, 0, 10), cmyk(0, 0, 0, 20)] * PAGES_MOST
    assert page_shares(InkSpace.CMYK, pages, ALL_ONE) == (150_000,)

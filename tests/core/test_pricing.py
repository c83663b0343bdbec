# SPDX-License-Identifier: Apache-2.0
"""What a job costs: per impression, per job, printer groups, overcharge, rounding (docs/concepts/ledger.md)."""

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.core.money import MILLION
from pagetoll.core.pricing import FREE, PriceLine, Tariff, tariff_from_json, tariff_to_json

PRICES = st.integers(-(10**12), 10**12)
TARIFFS = st.builds(
    Tariff,
    st.lists(st.builds(PriceLine, st.text(), PRICES, PRICES), max_size=4).map(tuple),
    st.integers(-10 * MILLION, 10 * MILLION),
)


@pytest.mark.parametrize(
    ("lines", "overcharge", "impressions", "expected"),
    [
        pytest.param([(50_000, 0)], MILLION, 3, 150_000, id="per impression"),
        pytest.param([(0, 100_000)], MILLION, 3, 100_000, id="per job"),
        pytest.param([(50_000, 100_000)], MILLION, 0, 0, id="nothing marked: not even the price per job"),
        pytest.param([(50_000, 100_000)], MILLION, 1, 150_000, id="one impression: the price per job falls"),
        pytest.param([(50_000, 100_000), (10_000, 5_000)], MILLION, 2, 225_000, id="the printer and its group"),
        pytest.param([(50_000, 100_000)], 1_500_000, 2, 300_000, id="overcharge 1.5"),
        pytest.param([(50_000, 100_000)], 0, 2, 0, id="overcharge 0"),
        pytest.param([(50_000, 0)], -MILLION, 2, -100_000, id="overcharge -1 pays the user"),
        pytest.param([(-50_000, 0)], MILLION, 2, -100_000, id="a negative price pays the user"),
        pytest.param([(1, 0)], 500_000, 1, 0, id="half a millionth rounds to even: 0"),
        pytest.param([(3, 0)], 500_000, 1, 2, id="one and a half rounds to even: 2"),
        pytest.param([(5, 0)], 500_000, 1, 2, id="two and a half rounds to even: 2"),
        pytest.param([(-5, 0)], 500_000, 1, -2, id="minus two and a half rounds to even: -2"),
        pytest.param([(1, 0), (1, 0)], 500_000, 1, 1, id="rounded once, not for each printer"),
        pytest.param([(1, 0)], 333_333, 3, 1, id="rounded once, not for each impression"),
    ],
)
def test_a_job_costs_the_sum_of_its_printers_times_the_overcharge(
    lines: list[tuple[int, int]], overcharge: int, impressions: int, expected: int
) -> None:
    tariff = Tariff(tuple(PriceLine(f"p{n}", *line) for n, line in enumerate(lines)), overcharge)
    assert tariff.price(impressions) == expected


def test_each_attempt_that_marks_an_impression_costs_the_price_per_job() -> None:
    tariff = Tariff((PriceLine("hp", 50_000, 100_000),))
    whole, first_run, second_run = tariff.price(10), tariff.price(4), tariff.price(6)
    assert first_run + second_run == whole + 100_000


@given(TARIFFS, st.integers(1, 10**6))
def test_the_price_is_the_exact_product_rounded_half_even_once(tariff: Tariff, impressions: int) -> None:
    exact = sum(
        Decimal(line.price_per_job + line.price_per_impression * impressions) for line in tariff.lines
    ) * Decimal(tariff.overcharge).scaleb(-6)
    assert tariff.price(impressions) == int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


@given(TARIFFS)
def test_a_tariff_comes_back_from_its_record(tariff: Tariff) -> None:
    assert tariff_from_json(tariff_to_json(tariff)) == tariff


def test_a_record_without_a_tariff_is_free() -> None:
    assert tariff_from_json("") == FREE

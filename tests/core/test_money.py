# SPDX-License-Identifier: Apache-2.0
"""Exact money: decimals at the border, millionths inside, rounded half-even once."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.core.errors import UsageError
from pagetoll.core.money import LARGEST_STEPS, Amount, Unit, amount_of, decimal_of, micros, round_millionth


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("0.05", 50_000),
        ("-0.05", -50_000),
        ("0.0000005", 0),
        ("0.0000015", 2),
        ("0.0000025", 2),
        ("0.00000050000000000000000000000000000000001", 1),  # above the half, if only just: rounded once
        ("1e-30", 0),
        ("4611686018427.387904", LARGEST_STEPS),
        ("-4611686018427.387904", -LARGEST_STEPS),
    ],
)
def test_a_decimal_becomes_millionths(text: str, steps: int) -> None:
    assert micros(Decimal(text)) == steps


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity", "4611686018427.387905", "1e40", "1e999999"])
def test_what_cannot_be_booked_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(UsageError, match="booked"):
        micros(Decimal(text))


@given(st.integers(-LARGEST_STEPS, LARGEST_STEPS))
def test_millionths_come_back_from_their_decimal(steps: int) -> None:
    assert micros(decimal_of(steps)) == steps


@pytest.mark.parametrize(
    ("steps", "unit", "text"),
    [
        (800_000, Unit.CREDITS, "0.80 credits"),
        (-1, Unit.CREDITS, "-0.000001 credits"),
        (0, Unit.CREDITS, "0.00 credits"),
        (1_250_000, Unit.CREDITS, "1.25 credits"),
        (12, Unit.MEDIA_SHEETS, "12 media sheets"),
        (3, Unit.IMPRESSIONS_COLOR, "3 impressions color"),
    ],
)
def test_an_amount_reads_as_a_number_of_its_unit(steps: int, unit: Unit, text: str) -> None:
    assert str(amount_of(steps, unit)) == text
    assert isinstance(amount_of(steps, unit), Amount)


@given(st.integers(-(10**20), 10**20), st.integers(1, 10**9))
def test_rounding_is_to_the_nearest_and_to_even_in_the_middle(numerator: int, denominator: int) -> None:
    rounded = round_millionth(numerator, denominator)
    distance = abs(rounded * denominator - numerator)
    assert 2 * distance <= denominator
    if 2 * distance == denominator:
        assert rounded % 2 == 0

# SPDX-License-Identifier: Apache-2.0
"""Amounts and their units. Credits are exact: integers of a millionth inside, Decimal at the borders.

An amount of an account is an `int` in *steps* of its unit: millionths for credits, whole ones for all else.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from enum import StrEnum

from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _, figure

MILLION = 1_000_000
MILLIONTH = Decimal("0.000001")
LARGEST_STEPS = 2**62  # leaves room for a sum in a signed 64-bit column


class Unit(StrEnum):
    """What an account counts."""

    IMPRESSIONS = "impressions"
    MEDIA_SHEETS = "media_sheets"
    IMPRESSIONS_COLOR = "impressions_color"
    K_OCTETS = "k_octets"
    JOBS = "jobs"
    CREDITS = "credits"


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of a unit. As text it is what people read: exact, credits with two places or more."""

    value: Decimal
    unit: Unit

    def __str__(self) -> str:
        number = figure(_money_text(self.value)) if self.unit is Unit.CREDITS else self.value
        return f"{number} {_(self.unit.replace('_', ' '))}"


def micros(value: Decimal) -> int:
    """Millionths of `value`, rounded half-even once. Raises UsageError beyond 64 bits or for NaN."""
    try:
        steps = int(value.quantize(MILLIONTH, rounding=ROUND_HALF_EVEN).scaleb(6))
    except (InvalidOperation, ValueError, OverflowError):
        raise UsageError(
            _("“{value}” is not an amount that can be booked; give a number such as 0.05").format(value=value)
        ) from None
    if abs(steps) > LARGEST_STEPS:
        raise UsageError(
            _("“{value}” is too large to be booked; the largest amount is about 4 trillion credits").format(
                value=value
            )
        )
    return steps


def decimal_of(steps: int) -> Decimal:
    """The decimal value of an amount in millionths."""
    return Decimal(steps).scaleb(-6)


def amount_of(steps: int, unit: Unit) -> Amount:
    """An account's steps as an Amount."""
    return Amount(decimal_of(steps) if unit is Unit.CREDITS else Decimal(steps), unit)


def credits_text(steps: int) -> str:
    """Millionths of a credit as an exact decimal with at least two places."""
    return _money_text(decimal_of(steps))


def _money_text(value: Decimal) -> str:
    whole, _, places = format(value, "f").partition(".")
    return f"{whole}.{places.rstrip('0').ljust(2, '0')}"


def round_millionth(numerator: int, denominator: int) -> int:
    """numerator/denominator as an integer, half-even; `denominator` is positive."""
    quotient, rest = divmod(numerator, denominator)
    if 2 * rest > denominator or (2 * rest == denominator and quotient % 2):
        quotient += 1
    return quotient

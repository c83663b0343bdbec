# SPDX-License-Identifier: Apache-2.0
"""Whether an account takes an amount: strict and laxist limits, grace, credits (docs/concepts/ledger.md)."""

from datetime import UTC, datetime, timedelta

import pytest

from pagetoll.core.money import MILLION, Unit
from pagetoll.core.policy import (
    AccountState,
    Enforcement,
    OwnerKind,
    Refusal,
    Rule,
    Standing,
    credits_suffice,
    stand,
)

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
STRICT, LAXIST = Rule(), Rule(enforcement=Enforcement.LAXIST)


def pages(
    posted: int, reserved: int, soft: int | None, hard: int | None, grace_until: datetime | None = None
) -> AccountState:
    return AccountState(7, Unit.IMPRESSIONS, OwnerKind.USER, "anna", "hp", posted, reserved, soft, hard, grace_until)


def money(posted: int, reserved: int) -> AccountState:
    return AccountState(8, Unit.CREDITS, OwnerKind.USER, "anna", "", posted * MILLION, reserved * MILLION)


@pytest.mark.parametrize(
    ("posted", "reserved", "soft", "hard", "amount", "strict", "laxist"),
    [
        pytest.param(0, 0, None, None, 10**9, Standing.WITHIN, Standing.WITHIN, id="no limit"),
        pytest.param(0, 0, 2, 2, 3, Standing.REFUSED, Standing.WITHIN, id="three pages against two and two"),
        pytest.param(5, 0, 10, 10, 5, Standing.WITHIN, Standing.WITHIN, id="exactly reaching the limit"),
        pytest.param(5, 0, 10, 10, 6, Standing.REFUSED, Standing.WITHIN, id="one beyond the limit"),
        pytest.param(9, 0, 10, 10, 50, Standing.REFUSED, Standing.WITHIN, id="the last page, a long job"),
        pytest.param(10, 0, 10, 10, 1, Standing.REFUSED, Standing.REFUSED, id="the limit is used up"),
        pytest.param(0, 10, 10, 10, 1, Standing.REFUSED, Standing.REFUSED, id="the limit is set aside"),
        pytest.param(4, 5, 10, 10, 1, Standing.WITHIN, Standing.WITHIN, id="used and set aside count together"),
        pytest.param(5, 0, None, 10, 6, Standing.REFUSED, Standing.WITHIN, id="only a hard limit"),
        pytest.param(5, 0, None, 10, 5, Standing.WITHIN, Standing.WITHIN, id="only a hard limit, reached exactly"),
        pytest.param(5, 0, 10, None, 6, Standing.REFUSED, Standing.WITHIN, id="only a soft limit: no grace"),
        pytest.param(10, 0, 10, None, 1, Standing.REFUSED, Standing.REFUSED, id="only a soft limit, used up"),
        pytest.param(5, 0, 5, 20, 1, Standing.GRACE_STARTS, Standing.GRACE_STARTS, id="over soft, below hard"),
        pytest.param(4, 0, 5, 20, 2, Standing.GRACE_STARTS, Standing.WITHIN, id="the job itself goes over soft"),
        pytest.param(5, 0, 5, 20, 15, Standing.GRACE_STARTS, Standing.GRACE_STARTS, id="exactly reaching hard"),
        pytest.param(5, 0, 5, 20, 16, Standing.REFUSED, Standing.GRACE_STARTS, id="over hard"),
        pytest.param(0, 0, 0, 0, 1, Standing.REFUSED, Standing.REFUSED, id="limits of nothing"),
        pytest.param(-3, 0, 2, 2, 5, Standing.WITHIN, Standing.WITHIN, id="a refund went below zero"),
        pytest.param(12, 0, 15, 10, 3, Standing.WITHIN, Standing.WITHIN, id="soft above hard: soft allows"),
    ],
)
def test_a_page_account_stands_by_its_limits(
    posted: int, reserved: int, soft: int | None, hard: int | None, amount: int, strict: Standing, laxist: Standing
) -> None:
    account = pages(posted, reserved, soft, hard)
    assert stand(account, amount, STRICT, NOW) is strict
    assert stand(account, amount, LAXIST, NOW) is laxist


@pytest.mark.parametrize(
    ("grace_ends", "posted", "amount", "expected"),
    [
        pytest.param(timedelta(microseconds=1), 6, 1, Standing.IN_GRACE, id="the last moment"),
        pytest.param(timedelta(0), 6, 1, Standing.REFUSED, id="the end itself"),
        pytest.param(timedelta(days=-1), 6, 1, Standing.REFUSED, id="a day late"),
        pytest.param(timedelta(days=1), 20, 1, Standing.REFUSED, id="grace does not go beyond hard"),
        pytest.param(timedelta(days=-1), 1, 4, Standing.WITHIN, id="a grace that is over does not matter below soft"),
    ],
)
def test_between_the_limits_the_grace_decides(
    grace_ends: timedelta, posted: int, amount: int, expected: Standing
) -> None:
    assert stand(pages(posted, 0, 5, 20, NOW + grace_ends), amount, STRICT, NOW) is expected


@pytest.mark.parametrize(
    ("balance", "reserved", "price", "balancezero", "strict", "laxist"),
    [
        pytest.param(10, 0, 10, 0, True, True, id="the price takes it all"),
        pytest.param(10, 0, 11, 0, False, True, id="one too much"),
        pytest.param(10, 4, 7, 0, False, True, id="set aside counts"),
        pytest.param(10, 10, 0, 0, True, False, id="all set aside, a free job"),
        pytest.param(0, 0, 0, 0, True, False, id="nothing left, a free job"),
        pytest.param(0, 0, 5, -5, True, True, id="an overdraft is allowed"),
        pytest.param(0, 0, 6, -5, False, True, id="beyond the overdraft"),
        pytest.param(-5, 0, 1, -5, False, False, id="the overdraft is used up"),
        pytest.param(10, 0, 5, 6, False, True, id="some must stay"),
        pytest.param(0, 0, -3, 0, True, False, id="a negative price sets nothing aside"),
        pytest.param(-1, 0, -3, 0, False, False, id="a negative price is no credit beforehand"),
    ],
)
def test_credits_are_checked_against_balancezero(
    balance: int, reserved: int, price: int, balancezero: int, strict: bool, laxist: bool
) -> None:
    assert credits_suffice(balance, reserved, price, Rule(balancezero=balancezero)) is strict
    rule = Rule(enforcement=Enforcement.LAXIST, balancezero=balancezero)
    assert credits_suffice(balance, reserved, price, rule) is laxist


@pytest.mark.parametrize(
    ("refusal", "text"),
    [
        (
            Refusal(pages(180, 8, 150, 200), 30, STRICT),
            "user anna on hp: 12 of 200 impressions left, this job needs 30 impressions",
        ),
        (
            Refusal(pages(300, 8, None, 200), 1, STRICT),
            "user anna on hp: 0 of 200 impressions left, this job needs 1 impressions",
        ),
        (
            Refusal(pages(160, 0, 150, 200), 3, STRICT, grace_over=True),
            "user anna on hp: 0 of 150 impressions left, this job needs 3 impressions; the grace time is over",
        ),
        (
            Refusal(money(10, 4), 7 * MILLION, Rule(balancezero=1 * MILLION)),
            "user anna: 5.00 credits left, this job needs 7.00 credits",
        ),
    ],
)
def test_a_refusal_says_who_has_what_left_and_what_the_job_needs(refusal: Refusal, text: str) -> None:
    assert str(refusal) == text

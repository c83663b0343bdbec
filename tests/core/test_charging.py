# SPDX-License-Identifier: Apache-2.0
"""Which accounts a job touches and which of them check it: each row of the limitby table."""

from dataclasses import replace

import pytest

from pagetoll.core.charging import (
    ChargeView,
    GroupView,
    Leg,
    PageEntry,
    missing,
    plan,
    refuse_outright,
    tariff_of,
)
from pagetoll.core.money import MILLION
from pagetoll.core.policy import Enforcement, LimitBy, Rule, Verdict
from pagetoll.core.pricing import FREE
from pagetoll.core.rolling import RollingLimits

OWN, ABOVE = Rule(), Rule(enforcement=Enforcement.LAXIST)
CREDITS, ON_HP, ON_FLOOR = 30, 20, 10
STAFF_CREDITS, STAFF_ON_HP, STAFF_ON_FLOOR = 60, 50, 40


def staff(limitby: LimitBy, *entries: tuple[int, Rule]) -> GroupView:
    return GroupView(limitby, STAFF_CREDITS, entries or ((STAFF_ON_HP, OWN), (STAFF_ON_FLOOR, ABOVE)))


def view(limitby: LimitBy = LimitBy.QUOTA, **given: object) -> ChargeView:
    complete = ChargeView(
        printer_name="hp",
        printer_id=1,
        passthrough=False,
        printer_max_job_impressions=None,
        user_name="anna",
        user_id=2,
        limitby=limitby,
        overcharge=MILLION,
        credit_account_id=CREDITS,
        entries=(
            PageEntry(ON_HP, "hp", 50_000, 100_000, OWN),
            PageEntry(ON_FLOOR, "floor", 10_000, 0, ABOVE),
        ),
        groups=(staff(LimitBy.QUOTA),),
    )
    return replace(complete, **given)  # type: ignore[arg-type]


def checked_of(legs: tuple[Leg, ...]) -> dict[int, bool]:
    return {leg.account_id: leg.checked for leg in legs}


def on_three_pages(seen: ChargeView) -> tuple[dict[int, bool], dict[int, bool]]:
    """Checked or counted, for the user's own accounts and for the groups' sums."""
    planned = plan(seen, 3)
    return checked_of(planned.legs), checked_of(planned.group_checks)


@pytest.mark.parametrize(
    ("limitby", "overcharge", "credits_checked", "pages_checked", "group_checked"),
    [
        pytest.param(LimitBy.QUOTA, MILLION, False, True, True, id="quota"),
        pytest.param(LimitBy.QUOTA, 0, False, True, True, id="quota, overcharge 0"),
        pytest.param(LimitBy.BALANCE, MILLION, True, False, True, id="balance"),
        pytest.param(LimitBy.BALANCE, 0, False, False, True, id="balance, overcharge 0"),
        pytest.param(LimitBy.NOQUOTA, MILLION, False, False, False, id="noquota"),
    ],
)
def test_limitby_says_what_is_checked_and_what_is_only_counted(
    limitby: LimitBy, overcharge: int, credits_checked: bool, pages_checked: bool, group_checked: bool
) -> None:
    own, groups = on_three_pages(view(limitby, overcharge=overcharge))
    assert own == {CREDITS: credits_checked, ON_HP: pages_checked, ON_FLOOR: pages_checked}
    assert groups == ({STAFF_ON_HP: True, STAFF_ON_FLOOR: True} if group_checked else {})


@pytest.mark.parametrize("seen", [view(LimitBy.NOCHANGE), view(passthrough=True)], ids=["nochange", "passthrough"])
def test_nothing_is_touched_where_nothing_is_charged(seen: ChargeView) -> None:
    planned = plan(seen, 3)
    assert (planned.legs, planned.group_checks, planned.price, planned.tariff.charges) == ((), (), 0, False)
    assert tariff_of(seen) == FREE


@pytest.mark.parametrize("limitby", [by for by in LimitBy if by is not LimitBy.NOPRINT])
@pytest.mark.parametrize("passthrough", [False, True])
def test_rolling_limits_are_checked_where_the_users_entries_on_the_printer_and_above_are(
    limitby: LimitBy, passthrough: bool
) -> None:
    seen = view(limitby, passthrough=passthrough)
    seen = replace(seen, entries=tuple(replace(entry, rolling=RollingLimits(3600, 10)) for entry in seen.entries))
    entries = {entry.account_id for entry in seen.entries}
    checked = [leg.account_id for leg in plan(seen, 3).legs if leg.checked and leg.account_id in entries]
    assert sorted(check.account_id for check in plan(seen, 3).rolling) == sorted(checked)


def test_noprint_is_refused_outright() -> None:
    decision = refuse_outright(view(LimitBy.NOPRINT), 1)
    assert decision is not None
    assert (decision.verdict, decision.reason) == (Verdict.REFUSE, "account-authorization-failed")


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        pytest.param(staff(LimitBy.QUOTA), {STAFF_ON_HP: 3, STAFF_ON_FLOOR: 3}, id="quota: its page sums"),
        pytest.param(staff(LimitBy.BALANCE), {STAFF_CREDITS: 280_000}, id="balance: the sum of its balances"),
        pytest.param(staff(LimitBy.NOQUOTA), {}, id="noquota: never checked"),
        pytest.param(GroupView(LimitBy.BALANCE, STAFF_CREDITS, ()), {}, id="balance, not on this printer"),
        pytest.param(GroupView(LimitBy.QUOTA, STAFF_CREDITS, ()), {}, id="quota, not on this printer"),
    ],
)
def test_a_users_group_is_checked_by_its_own_limitby(group: GroupView, expected: dict[int, int]) -> None:
    planned = plan(view(groups=(group,)), 3)
    assert {leg.account_id: leg.amount for leg in planned.group_checks} == expected


def test_amounts_are_impressions_for_pages_and_the_price_for_credits() -> None:
    planned = plan(view(), 3)
    assert {leg.account_id: leg.amount for leg in planned.legs} == {ON_FLOOR: 3, ON_HP: 3, CREDITS: 280_000}
    assert planned.price == 100_000 + 3 * 60_000


def test_each_leg_carries_its_own_printers_rule_and_credits_that_of_the_printer() -> None:
    planned = plan(view(LimitBy.BALANCE), 1)
    assert {leg.account_id: leg.rule for leg in planned.legs} == {ON_FLOOR: ABOVE, ON_HP: OWN, CREDITS: OWN}


def test_legs_come_in_account_order_whatever_the_entries_order() -> None:
    turned = view(entries=tuple(reversed(view().entries)))
    assert [leg.account_id for leg in plan(turned, 1).legs] == [ON_FLOOR, ON_HP, CREDITS]
    assert [leg.account_id for leg in plan(turned, 1).group_checks] == [STAFF_ON_FLOOR, STAFF_ON_HP]


def test_overcharge_zero_prints_for_free_and_still_counts_pages() -> None:
    planned = plan(view(overcharge=0), 3)
    assert {leg.account_id: leg.amount for leg in planned.legs} == {ON_FLOOR: 3, ON_HP: 3, CREDITS: 0}


def test_a_negative_price_sets_nothing_aside_and_is_kept_for_the_settle() -> None:
    planned = plan(view(overcharge=-MILLION), 3)
    assert planned.price == -280_000
    assert {leg.account_id: leg.amount for leg in planned.legs}[CREDITS] == 0


@pytest.mark.parametrize(
    ("printer_limit", "entry_limit", "impressions", "refused"),
    [
        (None, None, 10**9, False),
        (10, None, 10, False),
        (10, None, 11, True),
        (None, 5, 6, True),
        (10, 5, 6, True),
        (5, 10, 6, True),
        (0, None, 1, True),
    ],
)
def test_no_job_is_larger_than_the_largest_allowed(
    printer_limit: int | None, entry_limit: int | None, impressions: int, refused: bool
) -> None:
    entries = tuple(replace(entry, max_job_impressions=entry_limit) for entry in view().entries)
    decision = refuse_outright(view(printer_max_job_impressions=printer_limit, entries=entries), impressions)
    assert (decision is not None) is refused
    if decision is not None:
        assert decision.reason == "account-limit-reached"
        assert str(impressions) in decision.text


@pytest.mark.parametrize(
    ("lacking", "words"),
    [
        ({"printer_id": None, "user_id": None, "entries": ()}, ("printer hp", "pkprinters -a hp")),
        ({"user_id": None, "entries": ()}, ("user anna", "pkusers -a")),
        ({"entries": ()}, ("no quota entry on hp", "edpykota -a -P hp")),
        ({}, ()),
    ],
)
def test_what_is_missing_is_said_with_the_command_that_adds_it(
    lacking: dict[str, object], words: tuple[str, ...]
) -> None:
    sentence = missing(view(**lacking))
    assert bool(sentence) is bool(words)
    assert all(word in sentence for word in words)

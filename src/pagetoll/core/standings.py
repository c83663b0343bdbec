# SPDX-License-Identifier: Apache-2.0
"""How everything that a job touches stood when it was decided on: what "limits before and after" is told from."""

from collections.abc import Iterable
from dataclasses import dataclass

from pagetoll.core.charging import Leg, Plan
from pagetoll.core.policy import AccountState
from pagetoll.core.rolling import RollingUse

#: States of the legs of a job that got nothing: the one that refused it, and all others.
OVER_LIMIT, NOT_TAKEN = "over_limit", "not_taken"


@dataclass(frozen=True, slots=True)
class Stood:
    """An account before the job: `asked` is what the job wanted of it, in its steps; `over` that it refused."""

    account: AccountState
    asked: int
    checked: bool
    over: bool = False


@dataclass(frozen=True, slots=True)
class Standings:
    """The accounts in account order, the rolling limits with impressions first; `plan` is what was asked for."""

    accounts: tuple[Stood, ...] = ()
    rolling: tuple[RollingUse, ...] = ()
    plan: Plan | None = None


NO_STANDINGS = Standings()


def asked_of(plan: Plan) -> dict[int, Leg]:
    """What a planned job wants of each account that it would touch, by the account's number."""
    return {leg.account_id: leg for leg in (*plan.legs, *plan.group_checks)}


def stood_for(plan: Plan, accounts: Iterable[AccountState]) -> tuple[Stood, ...]:
    """These accounts of the plan, with what the job wants of each; none of them refused it."""
    asked = asked_of(plan)
    return tuple(
        Stood(account, asked[account.account_id].amount, checked=asked[account.account_id].checked)
        for account in accounts
    )

# SPDX-License-Identifier: Apache-2.0
"""How everything that a job touches stood when it was decided on: what "limits before and after" is told from."""

from dataclasses import dataclass

from pagetoll.core.charging import Plan
from pagetoll.core.policy import AccountState
from pagetoll.core.rolling import RollingUse


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

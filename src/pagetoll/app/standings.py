# SPDX-License-Identifier: Apache-2.0
"""How everything that a job would touch stands now: for quotes, and for the record of a job that reserves nothing."""

from pagetoll.core.charging import ChargeView, Plan
from pagetoll.core.rolling import Asking, RollingRefusal
from pagetoll.core.standings import Standings, asked_of, stood_for
from pagetoll.ports import Ledger


def standings_of(
    ledger: Ledger, view: ChargeView, plan: Plan, document_octets: int | None
) -> tuple[Standings, RollingRefusal | None]:
    """The standings now, and why a rolling limit would refuse the planned job, if one would."""
    accounts = stood_for(plan, ledger.account_states(list(asked_of(plan))))
    if not plan.rolling:
        return Standings(accounts, (), plan), None
    asking = Asking(view.user_id, view.user_name, plan.impressions, document_octets)
    rolling, refusal = ledger.rolling_uses(asking, plan.rolling)
    return Standings(accounts, rolling, plan), refusal

# SPDX-License-Identifier: Apache-2.0
"""What a job would meet if it came now, without reserving anything: the same rules in the same order."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from pagetoll.core.charging import ChargeView, Plan, refuse_outright
from pagetoll.core.policy import (
    ALLOWED,
    AccountState,
    Decision,
    Refusal,
    Standing,
    Verdict,
    leaves_little,
    standing_of,
    warned,
)
from pagetoll.core.rolling import RollingRefusal


def foresee(
    view: ChargeView,
    plan: Plan,
    states: Iterable[AccountState],
    now: datetime,
    rolling: RollingRefusal | None = None,
) -> Decision:
    """The decision about the planned job; `states` are the accounts of its legs and group checks, `rolling` why a
    rolling limit of the printer refuses it.

    The view must be complete (`charging.missing`).
    """
    outright = refuse_outright(view, plan.impressions)
    if outright is not None:
        return outright
    if rolling is not None:
        return Decision(Verdict.REFUSE, "account-limit-reached", str(rolling))
    by_number = {state.account_id: state for state in states}
    warning = ALLOWED
    for leg in sorted((*plan.legs, *plan.group_checks), key=lambda leg: leg.account_id):
        account = by_number.get(leg.account_id)
        if account is None or not leg.checked:
            continue
        standing = standing_of(account, leg.amount, leg.rule, now)
        if standing is Standing.REFUSED:
            over = account.grace_until is not None and account.grace_until <= now
            refusal = Refusal(account, leg.amount, leg.rule, grace_over=over)
            return Decision(Verdict.REFUSE, "account-limit-reached", str(refusal), refusal)
        after = replace(account, reserved=account.reserved + leg.amount)
        warns = standing is not Standing.WITHIN or leaves_little(after, leg.amount, leg.rule)
        if warns and warning is ALLOWED:
            warning = warned(after)
    return warning

# SPDX-License-Identifier: Apache-2.0
"""How a quota entry stands: what a report shows of it and what the smallest job would meet, from one function.

The smallest job has one impression and one octet. An entry is judged by the same rules as a reserve
(`policy.standing_of`, `rolling.uses_of`), so a report says DENY where a job would be refused, and nowhere else.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from pagetoll.core.policy import (
    AccountState,
    LimitBy,
    Refusal,
    Rule,
    Standing,
    Verdict,
    standing_of,
)
from pagetoll.core.rolling import RollingRefusal

SMALLEST_JOB = 1  # impressions
SMALLEST_DOCUMENT_K_OCTETS = 1

#: What the owners of these modes are marked with, whatever their figures.
MARKS = {LimitBy.NOQUOTA: "NQ", LimitBy.NOCHANGE: "NC", LimitBy.NOPRINT: "NP"}
_MARKS_OF_BALANCE = {Verdict.ALLOW: "-B", Verdict.WARN: "?B", Verdict.REFUSE: "+B"}


@dataclass(frozen=True, slots=True)
class EntryView:
    """All that decides about an owner's smallest job as far as one entry is concerned.

    `price` is that job's, in millionths; a users group has the overcharge 1. `largest_jobs` are the largest allowed
    jobs of printer and entry, where there are such.
    """

    limitby: LimitBy
    overcharge: int
    pages: AccountState
    credits: AccountState
    price: int
    rule: Rule
    passthrough: bool = False
    largest_jobs: tuple[int, ...] = ()
    rolling: RollingRefusal | None = None  # why a rolling limit refuses a user's smallest job


@dataclass(frozen=True, slots=True)
class EntryState:
    """How an entry stands. `mark` is the two characters of PyKota's report; `verdict` what the smallest job meets.

    `refusal` says which account refuses; `grace_until` is a grace that runs, `starts_grace` one that is due.
    """

    mark: str
    verdict: Verdict
    refusal: Refusal | RollingRefusal | None = None
    grace_until: datetime | None = None
    starts_grace: bool = False


def state_of_entry(view: EntryView, poorman: int, now: datetime) -> EntryState:
    """The state of an entry now; a balance up to `poorman` (millionths) is a warning."""
    state = _by_mode(view, poorman, now)
    if view.limitby is LimitBy.NOPRINT or any(limit < SMALLEST_JOB for limit in view.largest_jobs):
        return replace(state, verdict=Verdict.REFUSE, starts_grace=False)
    return replace(state, verdict=Verdict.ALLOW, refusal=None, starts_grace=False) if view.passthrough else state


def _by_mode(view: EntryView, poorman: int, now: datetime) -> EntryState:
    if view.limitby is LimitBy.QUOTA:
        return _by_pages(view, now)
    if view.limitby is LimitBy.BALANCE:
        return _by_balance(view, poorman, now)
    return EntryState(MARKS[view.limitby], Verdict.ALLOW)


def _by_pages(view: EntryView, now: datetime) -> EntryState:
    state = _by_limits(view, now)
    if view.rolling is not None and state.verdict is not Verdict.REFUSE:
        return replace(state, verdict=Verdict.REFUSE, refusal=view.rolling, starts_grace=False)
    return state


def _by_limits(view: EntryView, now: datetime) -> EntryState:
    account = view.pages
    over_soft = account.soft_limit is not None and account.posted + account.reserved >= account.soft_limit
    mark = "+Q" if over_soft else "-Q"
    standing = standing_of(account, SMALLEST_JOB, view.rule, now)
    if standing is Standing.REFUSED:
        ended = account.grace_until is not None and account.grace_until <= now
        below_hard = account.hard_limit is not None and account.posted + account.reserved < account.hard_limit
        refusal = Refusal(account, SMALLEST_JOB, view.rule, grace_over=ended and below_hard)
        return EntryState(mark, Verdict.REFUSE, refusal)
    if standing is Standing.WITHIN:
        return EntryState(mark, Verdict.ALLOW)
    starts = standing is Standing.GRACE_STARTS
    return EntryState(mark, Verdict.WARN, None, None if starts else account.grace_until, starts)


def _by_balance(view: EntryView, poorman: int, now: datetime) -> EntryState:
    account, price = view.credits, max(view.price, 0)
    if view.overcharge == 0:
        verdict = Verdict.ALLOW
    elif standing_of(account, price, view.rule, now) is Standing.REFUSED:
        verdict = Verdict.REFUSE
    else:
        verdict = Verdict.WARN if account.posted - account.reserved <= poorman else Verdict.ALLOW
    refusal = Refusal(account, price, view.rule) if verdict is Verdict.REFUSE else None
    return EntryState(_MARKS_OF_BALANCE[verdict], verdict, refusal)


SEVERITY = (Verdict.ALLOW, Verdict.WARN, Verdict.REFUSE)


def worst(states: list[EntryState]) -> EntryState:
    """The state that decides where several entries are checked for one job: the first of the worst."""
    return max(states, key=lambda state: SEVERITY.index(state.verdict))

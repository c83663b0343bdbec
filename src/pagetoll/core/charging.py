# SPDX-License-Identifier: Apache-2.0
"""Which accounts a job touches and which of them check it: the limitby table (docs/concepts/ledger.md).

limitby        credits                 page entries   users groups
quota          counted                 checked        checked
balance        checked (overcharge 0:  counted        checked
               counted)
noquota        counted                 counted        counted
nochange,      none                    none           none
passthrough
noprint        refused

The job's billing code is a cost centre with an account of impressions and one of the money spent: both are checked
against its budget, whoever prints. Under nochange and passthrough its impressions are counted, and nothing is spent.
"""

from dataclasses import dataclass, replace

from pagetoll.core.messages import _
from pagetoll.core.policy import Decision, LimitBy, Rule, Verdict
from pagetoll.core.pricing import FREE, PriceLine, Tariff
from pagetoll.core.rolling import RollingCheck, RollingLimits


@dataclass(frozen=True, slots=True)
class PageEntry:
    """A user's quota entry on the printer or on one of its ancestors, with that printer's prices and rule."""

    account_id: int
    printer_name: str
    price_per_impression: int
    price_per_job: int
    rule: Rule
    max_job_impressions: int | None = None
    page_shares: tuple[int, ...] = ()  # see PriceLine
    printer_id: int = 0
    rolling: RollingLimits | None = None  # of that printer


@dataclass(frozen=True, slots=True)
class GroupView:
    """A users group of the user: its own credit account (sum of balances) and its entries on the printer and its
    ancestors as (account id, rule)."""

    limitby: LimitBy
    credit_account_id: int
    entries: tuple[tuple[int, Rule], ...]


@dataclass(frozen=True, slots=True)
class CostCenter:
    """What a billing code stands for, with the numbers of its two accounts."""

    cost_center_id: int
    name: str
    impressions_account_id: int
    credit_account_id: int


@dataclass(frozen=True, slots=True)
class ChargeView:
    """All that the rules need to know of a user on a printer. `entries[0]` is the printer's own entry.

    `user_id`/`printer_id` are None where unknown, `entries` is empty where the user has no entry on the printer.
    """

    printer_name: str
    printer_id: int | None
    passthrough: bool
    printer_max_job_impressions: int | None
    user_name: str
    user_id: int | None
    limitby: LimitBy
    overcharge: int  # millionths
    credit_account_id: int | None
    entries: tuple[PageEntry, ...]
    groups: tuple[GroupView, ...]
    cost_center: CostCenter | None = None  # None also where the job's billing code is unknown


@dataclass(frozen=True, slots=True)
class Leg:
    """One account of a reserve: `amount` in steps of its unit, checked by `rule` or only counted."""

    account_id: int
    amount: int
    checked: bool
    rule: Rule


@dataclass(frozen=True, slots=True)
class Plan:
    """What an attempt will reserve. `legs` are the user's own accounts and the cost centre's; `group_checks` say
    which kept group sums must fit (the sums themselves move whether checked or not; one that is not checked is only
    put on record). `impressions` and `price` as quoted. `rolling`: the rolling limits that are looked at."""

    tariff: Tariff
    impressions: int
    price: int
    legs: tuple[Leg, ...]
    group_checks: tuple[Leg, ...]
    cost_center_id: int | None = None
    rolling: tuple[RollingCheck, ...] = ()


def missing(view: ChargeView) -> str:
    """Which of printer, user and entry is not in the ledger, as a sentence; "" when all are there.

    In English: the ledger keeps it.
    """
    if view.printer_id is None:
        return (
            f"printer {view.printer_name} is not in the ledger; "
            f"an administrator adds it with: pkprinters -a {view.printer_name}"
        )
    if view.user_id is None:
        return f"user {view.user_name} is not in the ledger; an administrator adds it with pkusers -a"
    if not view.entries:
        return (
            f"user {view.user_name} has no quota entry on {view.printer_name}; "
            f"an administrator adds it with: edpykota -a -P {view.printer_name} and the user's name"
        )
    return ""


def refuse_outright(view: ChargeView, impressions: int) -> Decision | None:
    """The refusals that need no account: noprint, and jobs over the largest allowed size; None when neither."""
    if view.limitby is LimitBy.NOPRINT:
        return Decision(
            Verdict.REFUSE,
            "account-authorization-failed",
            _("{name} may not print (account in mode noprint); ask an administrator").format(name=view.user_name),
        )
    largest = [
        (limit, name)
        for limit, name in (
            (view.printer_max_job_impressions, _("printer {name}").format(name=view.printer_name)),
            *(
                (
                    entry.max_job_impressions,
                    _("{user} on {printer}").format(user=view.user_name, printer=entry.printer_name),
                )
                for entry in view.entries
            ),
        )
        if limit is not None
    ]
    for limit, name in sorted(largest):
        if impressions > limit:
            return Decision(
                Verdict.REFUSE,
                "account-limit-reached",
                _(
                    "this job has {impressions} impressions, the largest job for {name} is {limit}; print it in parts"
                ).format(impressions=impressions, name=name, limit=limit),
            )
    return None


def tariff_of(view: ChargeView) -> Tariff:
    """The prices that hold for this user on this printer now."""
    if view.passthrough or view.limitby is LimitBy.NOCHANGE:
        return FREE
    lines = tuple(
        PriceLine(entry.printer_name, entry.price_per_impression, entry.price_per_job, entry.page_shares)
        for entry in view.entries
    )
    return Tariff(lines=lines, overcharge=view.overcharge)


def plan(view: ChargeView, impressions: int) -> Plan:
    """The legs of a job of `impressions` sides. The view must be complete (see `missing`)."""
    tariff = tariff_of(view)
    price = tariff.price(impressions)
    own_rule = view.entries[0].rule
    cost_center_id = None if view.cost_center is None else view.cost_center.cost_center_id
    if view.passthrough or view.limitby is LimitBy.NOCHANGE:
        counted = tuple(replace(leg, checked=False) for leg in _budget_legs(view, impressions, 0, own_rule)[:1])
        return Plan(tariff, impressions, 0, counted, (), cost_center_id)
    legs = [Leg(entry.account_id, impressions, view.limitby is LimitBy.QUOTA, entry.rule) for entry in view.entries]
    if view.credit_account_id is not None:
        checked = view.limitby is LimitBy.BALANCE and view.overcharge != 0
        legs.append(Leg(view.credit_account_id, max(price, 0), checked, own_rule))
    legs += _budget_legs(view, impressions, price, own_rule)
    group_checks: list[Leg] = []
    if view.limitby is not LimitBy.NOQUOTA:
        for group in view.groups:
            if group.limitby is LimitBy.QUOTA:
                group_checks += [Leg(account_id, impressions, True, rule) for account_id, rule in group.entries]
            elif group.limitby is LimitBy.BALANCE and group.entries:
                group_checks.append(Leg(group.credit_account_id, max(price, 0), True, own_rule))
    return Plan(
        tariff,
        impressions,
        price,
        tuple(sorted(legs, key=lambda leg: leg.account_id)),
        tuple(sorted(group_checks, key=lambda leg: leg.account_id)),
        cost_center_id,
        _rolling_checks(view),
    )


def _rolling_checks(view: ChargeView) -> tuple[RollingCheck, ...]:
    """Rolling limits are checked where the user's entry on the printer or printer group is."""
    if view.limitby is not LimitBy.QUOTA:
        return ()
    return tuple(
        RollingCheck(entry.printer_id, entry.printer_name, entry.rolling, entry.account_id, entry.rule)
        for entry in view.entries
        if entry.rolling is not None
    )


def _budget_legs(view: ChargeView, impressions: int, price: int, rule: Rule) -> list[Leg]:
    """The cost centre's legs, impressions first. Checked also where no limit was seen: one may be set meanwhile."""
    center = view.cost_center
    if center is None:
        return []
    return [
        Leg(center.impressions_account_id, impressions, True, rule),
        Leg(center.credit_account_id, max(price, 0), True, rule),
    ]

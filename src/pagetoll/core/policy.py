# SPDX-License-Identifier: Apache-2.0
"""The rules that decide whether a job may print (docs/concepts/ledger.md). Pure; storage repeats the limit rule as a
statement's condition, and a property test proves both equal.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pagetoll.core.messages import _, figure
from pagetoll.core.money import Unit, amount_of, credits_text


class LimitBy(StrEnum):
    """What limits an owner; the table in core/charging.py says which accounts it checks."""

    QUOTA = "quota"
    BALANCE = "balance"
    NOQUOTA = "noquota"
    NOCHANGE = "nochange"
    NOPRINT = "noprint"


GROUP_LIMITBY = (LimitBy.QUOTA, LimitBy.BALANCE, LimitBy.NOQUOTA)


class Enforcement(StrEnum):
    """Whether a job must fit whole (strict), or anything be left (laxist)."""

    STRICT = "strict"
    LAXIST = "laxist"


class OwnerKind(StrEnum):
    """Whose an account is."""

    USER = "user"
    GROUP = "group"
    COST_CENTER = "cost_center"
    EVERYONE = "everyone"


class Verdict(StrEnum):
    """What becomes of a job; hold is the spooler's: the job waits for somebody."""

    ALLOW = "allow"
    WARN = "warn"
    HOLD = "hold"
    REFUSE = "refuse"


class Standing(StrEnum):
    """Where an account would stand after a reserve."""

    WITHIN = "within"
    GRACE_STARTS = "grace_starts"
    IN_GRACE = "in_grace"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Rule:
    """How a leg is checked. `grace_delay_s` in seconds, `balancezero` in millionths of a credit. A balance at or
    below `poorman` (millionths; None: never) is warned of."""

    enforcement: Enforcement = Enforcement.STRICT
    grace_delay_s: int = 7 * 86400
    balancezero: int = 0
    poorman: int | None = None


@dataclass(frozen=True, slots=True)
class AccountState:
    """An account's figures, in steps of its unit; `grace_until` is UTC."""

    account_id: int
    unit: Unit
    owner_kind: OwnerKind
    owner_name: str
    scope_name: str  # printer or printer group; "" for all printers
    posted: int
    reserved: int
    soft_limit: int | None = None
    hard_limit: int | None = None
    grace_until: datetime | None = None

    @property
    def is_balance(self) -> bool:
        """Whether `posted` is what is left to spend (credits of users and groups), not what was used up."""
        return self.unit is Unit.CREDITS and self.owner_kind is not OwnerKind.COST_CENTER


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a leg does not fit: the account as it stood, and the steps that were asked for."""

    account: AccountState
    amount: int
    rule: Rule
    grace_over: bool = False

    def __str__(self) -> str:
        account = self.account
        asked = amount_of(self.amount, account.unit)
        where = _(" on {printer}").format(printer=account.scope_name) if account.scope_name else ""
        who = f"{_(account.owner_kind.replace('_', ' '))} {account.owner_name}"
        if account.is_balance:
            credits_left = amount_of(account.posted - account.reserved - self.rule.balancezero, account.unit)
            return _("{who}: {credits_left} left, this job needs {asked}").format(
                who=who, credits_left=credits_left, asked=asked
            )
        limits = [limit for limit in (account.soft_limit, account.hard_limit) if limit is not None]
        limit = account.soft_limit if self.grace_over and account.soft_limit is not None else max(limits)
        left_steps = max(0, limit - account.posted - account.reserved)
        tail = _("; the grace time is over") if self.grace_over else ""
        left = _("{part} of {whole} left").format(
            part=_plain(left_steps, account.unit), whole=amount_of(limit, account.unit)
        )
        return _("{who}{where}: {left}, this job needs {asked}{tail}").format(
            who=who, where=where, left=left, asked=asked, tail=tail
        )


def stand(account: AccountState, amount: int, rule: Rule, now: datetime) -> Standing:
    """Where an account with limits (pages, or a cost centre's money) would stand if `amount` steps were reserved
    now."""
    step = amount if rule.enforcement is Enforcement.STRICT else 1
    after = account.posted + account.reserved + step
    soft, hard = account.soft_limit, account.hard_limit
    if soft is None and hard is None:
        return Standing.WITHIN
    if soft is None or hard is None:
        only = hard if soft is None else soft
        return Standing.WITHIN if only is not None and after <= only else Standing.REFUSED
    if after <= soft:
        return Standing.WITHIN
    if after > hard:
        return Standing.REFUSED
    if account.grace_until is None:
        return Standing.GRACE_STARTS
    return Standing.IN_GRACE if now < account.grace_until else Standing.REFUSED


def _plain(steps: int, unit: Unit) -> str:
    """The steps without their unit's name."""
    return figure(credits_text(steps)) if unit is Unit.CREDITS else str(steps)


def credits_suffice(balance: int, reserved: int, price: int, rule: Rule) -> bool:
    """Whether a credit account may take `price` (all in millionths); a negative price reserves 0."""
    if rule.enforcement is Enforcement.STRICT:
        return balance - reserved - max(price, 0) >= rule.balancezero
    return balance - reserved > rule.balancezero


def standing_of(account: AccountState, amount: int, rule: Rule, now: datetime) -> Standing:
    """Where any account would stand if `amount` steps were reserved now: credits by the balance, others by limits."""
    if account.unit is Unit.CREDITS:
        fits = credits_suffice(account.posted, account.reserved, amount, rule)
        return Standing.WITHIN if fits else Standing.REFUSED
    return stand(account, amount, rule, now)


def leaves_little(account: AccountState, taken: int, rule: Rule) -> bool:
    """Whether a balance that `taken` millionths were just set aside on is at or below `poorman`. With laxist
    enforcement the job at hand does not count (PyKota's rule)."""
    if not account.is_balance or rule.poorman is None:
        return False
    counted = 0 if rule.enforcement is Enforcement.STRICT else taken
    return account.posted - account.reserved + counted <= rule.poorman


@dataclass(frozen=True, slots=True)
class Decision:
    """What a job meets: the verdict, the IPP reason keyword ("" when allowed), and the sentence for people.

    `by_balance`: it is about money, not about pages.
    """

    verdict: Verdict
    reason: str = ""
    text: str = ""
    refusal: Refusal | None = None
    by_balance: bool = False


ALLOWED = Decision(Verdict.ALLOW)


def warned(account: AccountState) -> Decision:
    """What a job meets that was reserved within the grace of `account` (its state after the reserve), or that leaves
    little on it."""
    if account.is_balance:
        left = amount_of(account.posted - account.reserved, account.unit)
        text = f"{account.owner_name} has {left} left with this job; please pay in soon"
        return Decision(Verdict.WARN, "", text, by_balance=True)
    used = amount_of(account.posted + account.reserved, account.unit)
    until = f"{account.grace_until:%Y-%m-%d %H:%M} UTC" if account.grace_until else _("soon")
    where = _(" on {printer}").format(printer=account.scope_name) if account.scope_name else ""
    soft, hard = (
        None if limit is None else _plain(limit, account.unit) for limit in (account.soft_limit, account.hard_limit)
    )
    text = _(
        "{name} has used {used}{where}, the soft limit is {soft}; printing goes on until {until} or the hard limit "
        "of {hard}"
    ).format(name=account.owner_name, used=used, where=where, soft=soft, until=until, hard=hard)
    return Decision(Verdict.WARN, "", text)

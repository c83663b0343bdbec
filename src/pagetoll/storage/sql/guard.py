# SPDX-License-Identifier: Apache-2.0
"""The limit rule as the condition of an UPDATE: check and write in the same statement.

The rule itself is `core.policy.stand` and `credits_suffice`; a property test proves both equal. Laxist pages are
checked as if one impression were asked for, so one condition with another `step` serves both enforcements.
"""

from sqlalchemy import BigInteger, BindParameter, ColumnElement, Update, and_, bindparam, case, or_, update

from pagetoll.core.policy import AccountState, Enforcement, Rule
from pagetoll.storage.sql.instants import MICROSECONDS_PER_S
from pagetoll.storage.sql.schema import accounts

_a = accounts.c


def _number(name: str) -> BindParameter[int]:
    return bindparam(name, type_=BigInteger)


def _after() -> ColumnElement[int]:
    return _a.posted + _a.reserved + _number("step")


def page_fits() -> ColumnElement[bool]:
    """Whether an account with limits takes `step` more; `now` ends a grace. Parameters: step, now."""
    after = _after()
    in_grace = and_(after <= _a.hard_limit, or_(_a.grace_until.is_(None), _a.grace_until > _number("now")))
    return or_(
        and_(_a.soft_limit.is_(None), _a.hard_limit.is_(None)),
        and_(_a.soft_limit.is_(None), after <= _a.hard_limit),
        and_(_a.hard_limit.is_(None), after <= _a.soft_limit),
        and_(_a.soft_limit.is_not(None), _a.hard_limit.is_not(None), or_(after <= _a.soft_limit, in_grace)),
    )


def credits_fit(enforcement: Enforcement) -> ColumnElement[bool]:
    """Whether a credit account takes `amount` (not negative). Parameters: amount (strict), balancezero."""
    if enforcement is Enforcement.STRICT:
        return _a.posted - _a.reserved - _number("amount") >= _number("balancezero")
    return _a.posted - _a.reserved > _number("balancezero")


def grace_after() -> ColumnElement[int | None]:
    """The account's grace_until after a reserve: begun when it first lands over the soft limit."""
    begins = and_(
        _a.soft_limit.is_not(None),
        _a.hard_limit.is_not(None),
        _a.grace_until.is_(None),
        _after() > _a.soft_limit,
    )
    return case((begins, _number("grace_end")), else_=_a.grace_until)


_OPEN_ACCOUNT = update(accounts).where(_a.id == _number("account"), _a.closed_at.is_(None))
_SET_ASIDE = (_a.reserved, _a.reserved + _number("amount"))

COUNTED = _OPEN_ACCOUNT.ordered_values(_SET_ASIDE)
#: The grace first: MySQL and MariaDB set columns one after the other, and it is computed from the old `reserved`.
WITH_LIMITS = _OPEN_ACCOUNT.where(page_fits()).ordered_values((_a.grace_until, grace_after()), _SET_ASIDE)
CREDITS = {
    enforcement: _OPEN_ACCOUNT.where(credits_fit(enforcement)).ordered_values(_SET_ASIDE)
    for enforcement in Enforcement
}


def step_of(amount: int, rule: Rule) -> int:
    """What the limits see of `amount`: laxist asks only whether anything is left."""
    return amount if rule.enforcement is Enforcement.STRICT else 1


def grace_end(now: int, rule: Rule) -> int:
    return now + rule.grace_delay_s * MICROSECONDS_PER_S


def taking(account: AccountState, amount: int, rule: Rule | None, now: int) -> tuple[Update, dict[str, int]]:
    """The statement that sets `amount` aside, checked by `rule` (None: only counted), and its parameters.

    It changes no row where the account is closed or the amount does not fit. Times in microseconds.
    """
    parameters = {"account": account.account_id, "amount": amount}
    if rule is None:
        return COUNTED, parameters
    if account.is_balance:
        return CREDITS[rule.enforcement], parameters | {"balancezero": rule.balancezero}
    figures = {"step": step_of(amount, rule), "now": now, "grace_end": grace_end(now, rule)}
    return WITH_LIMITS, parameters | figures

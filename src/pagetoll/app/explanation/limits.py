# SPDX-License-Identifier: Apache-2.0
"""The part of an explanation that tells of limits: each account and rolling limit before and after the attempt, and
the rules that spoke about it.

Limits are those of the moment when the attempt was decided on; jobs of older schemas have those of now.
"""

from collections.abc import Sequence
from datetime import timedelta

from pagetoll.app.explanation.sections import Row, Section, Value
from pagetoll.app.figures import moment
from pagetoll.core.jobs import AttemptState
from pagetoll.core.messages import _, figure, marked
from pagetoll.core.money import Unit, amount_of, credits_text
from pagetoll.core.policy import AccountState, OwnerKind
from pagetoll.core.rolling import RollingUse
from pagetoll.core.standings import NOT_TAKEN, OVER_LIMIT
from pagetoll.ports import AttemptRecord, LegRecord, Note

#: Notes that rules write. The others tell what happened: hooks and banners that ran, readings, notices, repairs.
RULE_CODES = frozenset(
    {
        *("ticket", "duplicate", "unknown_size", "counted_ourselves", "watched", "confirmation", "withdrawn"),
        *("retry", "measured", "not_measured", "shared_reading", "reading_set_aside", "voided", "logged"),
    }
)


def accounts_section(record: AttemptRecord, legs: Sequence[LegRecord]) -> Section:
    """Each account of the attempt; people are told when it touched none."""
    rows = tuple(leg_row(leg, record) for leg in legs)
    return Section("accounts", "Accounts", rows, is_list=True, empty=marked("the job touched no account"))


def rolling_section(record: AttemptRecord) -> Section:
    """Each rolling limit that the attempt met."""
    return Section("rolling", "Rolling limits", tuple(_rolling(use, record) for use in record.rolling), is_list=True)


def leg_row(leg: LegRecord, record: AttemptRecord | None = None) -> Row:
    """One account of the attempt: what was asked and posted, how it stood before and after, its limits."""
    account = leg.account
    before, after = before_and_after(leg, record)
    value: dict[str, Value] = {
        "account": account.account_id,
        "owner_kind": account.owner_kind.value,
        "owner": account.owner_name,
        "scope": account.scope_name,
        "unit": account.unit.value,
        "reserved": _bare(leg.reserved, account.unit),
        "posted": _bare(leg.posted, account.unit),
        "before": _bare(before, account.unit),
        "after": _bare(after, account.unit),
        **_limits_value(leg.stood or account),
        "decided": None if leg.stood is None else _decided_value(leg.stood),
        "checked": leg.checked,
        "state": leg.state,
    }
    text = "; ".join(_parts(leg, before, after))
    return Row(f"account_{account.account_id}", account_label(account), text, value)


def account_label(account: AccountState) -> str:
    """Whose account it is, and where."""
    where = _(" on {printer}").format(printer=account.scope_name) if account.scope_name else ""
    return f"{_(account.owner_kind.replace('_', ' '))} {account.owner_name}{where}"


def before_and_after(leg: LegRecord, record: AttemptRecord | None) -> tuple[int | None, int | None]:
    """What was on the account before the attempt and behind it; None where that is not known, or not over yet."""
    if leg.posted_before is not None:
        return leg.posted_before, leg.posted_before + leg.posted
    if leg.stood is None:
        return None, None
    if leg.state == "open":
        return leg.stood.posted, None
    return leg.stood.posted, leg.stood.posted + _moved(leg, record)


def _moved(leg: LegRecord, record: AttemptRecord | None) -> int:
    """What a group's sum moved by, which has no entries of its own."""
    if leg.state != "settled" or leg.account.owner_kind is not OwnerKind.GROUP or record is None:
        return 0
    return -record.charged_price if leg.account.unit is Unit.CREDITS else record.charged_impressions


def _parts(leg: LegRecord, before: int | None, after: int | None) -> list[str]:
    unit, stood = leg.account.unit, leg.stood or leg.account
    if before is None:
        parts = [_("stands at {amount} now").format(amount=amount_of(leg.account.posted, unit))]
    elif after is None:
        parts = [_("{before} before").format(before=amount_of(before, unit))]
    else:
        parts = [
            _("{before} before, {after} after").format(before=amount_of(before, unit), after=amount_of(after, unit))
        ]
    if leg.stood is not None and before not in (None, leg.stood.posted):
        parts.append(_("{amount} when it was decided").format(amount=amount_of(leg.stood.posted, unit)))
    if leg.stood is not None and leg.stood.reserved:
        parts.append(_("{amount} set aside for other jobs").format(amount=amount_of(leg.stood.reserved, unit)))
    if asked := _ASKED.get(leg.state):
        parts.append(_(asked).format(amount=amount_of(leg.reserved, unit)))
    if not stood.is_balance:
        soft, hard = _limit(stood.soft_limit, unit), _limit(stood.hard_limit, unit)
        parts.append(_("limits soft {soft}, hard {hard}").format(soft=soft, hard=hard))
    if stood.grace_until is not None:
        parts.append(_("grace until {moment}").format(moment=moment(stood.grace_until)))
    elif leg.grace_written is not None:
        parts.append(_("this job began the grace until {moment}").format(moment=moment(leg.grace_written)))
    parts.append(_("checked") if leg.checked else _("counted, not checked"))
    return parts


_ASKED = {
    "open": marked("{amount} set aside"),
    "voided": marked("{amount} set aside and given back"),
    OVER_LIMIT: marked("the job asked for {amount}, which is too much"),
    NOT_TAKEN: marked("the job asked for {amount}"),
}


def _bare(steps: int | None, unit: Unit) -> Value:
    return steps if steps is None or unit is not Unit.CREDITS else credits_text(steps)


def _limits_value(account: AccountState) -> dict[str, Value]:
    return {
        "soft_limit": _bare(account.soft_limit, account.unit),
        "hard_limit": _bare(account.hard_limit, account.unit),
        "grace_until": None if account.grace_until is None else account.grace_until.isoformat(),
    }


def _decided_value(stood: AccountState) -> dict[str, Value]:
    """What was on the account, and set aside for other jobs, when the attempt was decided on."""
    return {"posted": _bare(stood.posted, stood.unit), "reserved": _bare(stood.reserved, stood.unit)}


def _limit(limit: int | None, unit: Unit) -> str:
    if limit is None:
        return _("none")
    return figure(credits_text(limit)) if unit is Unit.CREDITS else str(limit)


def _rolling(use: RollingUse, record: AttemptRecord) -> Row:
    """A rolling limit: what was used of it before and after, and what was asked for. It is given back by refunds."""
    unit = "k_octets" if use.is_octets else "impressions"
    after = None
    if record.state is AttemptState.CLOSED:
        charged = record.charged_impressions if record.charge_rule else 0
        after = use.used + (use.asked * bool(charged) if use.is_octets else charged)
    if use.is_octets:
        text = _("{before} KiB of {limit} used within {period} before, the job asked for {asked}")
    else:
        text = _("{before} impressions of {limit} used within {period} before, the job asked for {asked}")
    said = text.format(before=use.used, limit=use.limit, period=timedelta(seconds=use.period_s), asked=use.asked)
    if after is not None:
        said += _("; {after} after").format(after=after)
    value: dict[str, Value] = {
        "printer": use.printer_name,
        "unit": unit,
        "period_s": use.period_s,
        "limit": use.limit,
        "asked": use.asked,
        "before": use.used,
        "after": after,
    }
    label = f"{record.facts.user_name}{_(' on {printer}').format(printer=use.printer_name)}"
    return Row(unit, label, said, value)


def rules_row(record: AttemptRecord, legs: Sequence[LegRecord], notes: Sequence[Note]) -> Row:
    """The rules that had a say: the limits that were checked, what rules wrote down, the reason of a refusal."""
    checked = [leg for leg in legs if leg.checked]
    texts = [_("limits of {account}").format(account=account_label(leg.account)) for leg in checked]
    values: list[Value] = [f"limits:{leg.account.account_id}" for leg in checked]
    if record.rolling:
        printers = dict.fromkeys(use.printer_name for use in record.rolling)
        texts += [_("rolling limits of {printer}").format(printer=name) for name in printers]
        values.append("rolling_limits")
    spoken = dict.fromkeys(note.code for note in notes if note.code in RULE_CODES)
    named = [word for word in (record.reason, record.charge_rule) if word]
    return Row(
        "rules", marked("rules that spoke"), ", ".join([*texts, *spoken, *named]) or _("none"),
        [*values, *spoken, *named],
    )  # fmt: skip


def repairs_row(notes: Sequence[Note]) -> Row:
    """What was repaired of the attempt after something had died."""
    repairs = [note.text for note in notes if note.code == "repaired"]
    return Row("repairs", marked("repairs"), "; ".join(repairs) or _("none"), list[Value](repairs))

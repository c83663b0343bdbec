# SPDX-License-Identifier: Apache-2.0
"""The words that a refund is booked with: a prefix made from a template, and the reason.

The template has PyKota's placeholders, `%(nbpages)i %(nbcredits).3f %(effectiveuser)s %(loginname)s %(date)s`, with a
width, `-`, `0` and places as printf(3) has them, and `%%`. It is read here and not by Python's `%`, which would let a
template ask for gigabytes of blanks or end in any error.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.core.money import decimal_of

TEMPLATE_LENGTH_MAX = 500
REASON_LENGTH_MAX = 1000
_PLACE = re.compile(r"%(?:(%)|\(([a-z]{1,20})\)(-?)(0?)([0-9]{0,2})(?:\.([0-9]{1,2}))?([idfs])|)", re.ASCII)
NUMBERS = ("nbpages", "nbcredits")
TEXTS = ("effectiveuser", "loginname", "date")


@dataclass(frozen=True, slots=True)
class RefundFacts:
    """What a template may name: what is given back (credits in millionths), as whom and by whom, and when."""

    impressions: int
    price: int
    effective_user: str
    login_name: str
    at: datetime


def check_template(template: str) -> str:
    """The template itself, if it can be filled. Raises UsageError for one that cannot."""
    if len(template) > TEMPLATE_LENGTH_MAX:
        raise UsageError(
            _("--info has {length} characters; at most {most} work").format(
                length=len(template), most=TEMPLATE_LENGTH_MAX
            )
        )
    for found in _PLACE.finditer(template):
        percent, name, _left, _zero, _width, _places, kind = found.groups()
        fits = percent or name in NUMBERS or (name in TEXTS and kind == "s")
        if not fits:
            raise UsageError(
                _("invalid --info at {place}: write {known}, and %% for a percent sign").format(
                    place=repr(template[found.start() : found.start() + 20]),
                    known="%(nbpages)i %(nbcredits).3f %(effectiveuser)s %(loginname)s %(date)s",
                )
            )
    return template


def filled(template: str, facts: RefundFacts) -> str:
    """The template with the facts in it. It was checked before."""
    values: dict[str, str | Decimal] = {
        "nbpages": Decimal(facts.impressions),
        "nbcredits": decimal_of(facts.price),
        "effectiveuser": facts.effective_user,
        "loginname": facts.login_name,
        "date": f"{facts.at:%Y-%m-%d %H:%M:%S}",
    }

    def fill(found: re.Match[str]) -> str:
        percent, name, left, zero, width, places, kind = found.groups()
        if percent:
            return "%"
        text = _shown(values[name], kind, places)
        columns = int(width or 0)
        if left:
            return text.ljust(columns)
        return text.zfill(columns) if zero and kind != "s" else text.rjust(columns)

    return _PLACE.sub(fill, template)


def _shown(value: str | Decimal, kind: str, places: str | None) -> str:
    if kind == "s":
        text = value if isinstance(value, str) else f"{value.normalize():f}"
        return text if places is None else text[: int(places)]
    if kind == "f":
        return format(value, f".{6 if places is None else int(places)}f")
    return str(int(value))


def refund_reason(template: str, reason: str, facts: RefundFacts) -> str:
    """What is booked: the filled template before the reason."""
    return f"{filled(template, facts)} {reason}".strip()


def check_reason(reason: str | None) -> str:
    """The reason without surrounding blanks. Raises UsageError where there is none, or far too much."""
    text = (reason or "").strip()
    if not text:
        raise UsageError(_("a refund needs a --reason; see --help"))
    if len(text) > REASON_LENGTH_MAX:
        raise UsageError(
            _("--reason has {length} characters; at most {most} work").format(
                length=len(text), most=REASON_LENGTH_MAX
            )
        )
    return text

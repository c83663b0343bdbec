# SPDX-License-Identifier: Apache-2.0
"""Texts of pykota.conf become the TOML values of our options. A translator raises ValueError for a wrong text.

None of them runs anything or looks at a file.
"""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from pagetoll.core import accounting
from pagetoll.core.accounting import SnmpAccounter
from pagetoll.core.messages import _

TRUE = frozenset(("y", "yes", "1", "on", "t", "true"))
FALSE = frozenset(("n", "no", "0", "off", "f", "false"))
NOBODY = frozenset(("nobody", "none", "noone", "bitbucket", "devnull"))
_CALL = re.compile(r"\s*(\w+)\s*\((.*)", re.DOTALL)
_NEGATIVE_RETRY = re.compile(r"retry\s*:\s*-?\d+\s*:\s*-?\d+")
_PLAIN_PATH = re.compile(r"/[\w./+@%,:=-]*")


@dataclass(frozen=True, slots=True)
class Noted:
    """A value, and what a person should know about it."""

    value: object
    note: str


def boolean(text: str) -> object:
    """True or False; what is neither counts as no, with a note."""
    word = text.lower()
    if word not in TRUE | FALSE:
        return Noted(False, _("is neither yes nor no, and counts as no, as it did; say yes or no"))
    return word in TRUE


def whole(text: str) -> object:
    """Decimal, with 0 in front octal, with 0x in front hexadecimal."""
    digits = text.strip().lower()
    if re.fullmatch(r"0[0-7]+", digits):
        return int(digits, 8)
    if re.fullmatch(r"0x[0-9a-f]{1,8}", digits):
        return int(digits, 16)
    if not re.fullmatch(r"-?[1-9]\d{0,17}|0", digits, re.ASCII):
        raise ValueError
    return int(digits)


def decimal_whole(text: str) -> object:
    """A whole number, with or without a sign."""
    if not re.fullmatch(r"[+-]?\d{1,18}", text.strip(), re.ASCII):
        raise ValueError
    return int(text)


def number(text: str) -> object:
    """An int where it is whole, else a Decimal."""
    try:
        found = Decimal(text.strip())
    except InvalidOperation as error:
        raise ValueError from error
    if not found.is_finite() or abs(found.adjusted()) > 30:
        raise ValueError
    return int(found) if found == found.to_integral_value() else found


def word(text: str) -> object:
    """A keyword: its letters may be large."""
    return text.strip().lower()


def one_line(text: str) -> object:
    """A text of one line: continued lines are joined by a blank."""
    return " ".join(text.split("\n"))


def message(text: str) -> object:
    """A text of any number of lines, as it is."""
    return text


def command(text: str) -> object:
    """A line for the shell. Blank lines are dropped, as they always were: one behind a backslash would end it."""
    line = "\n".join(each for each in text.split("\n") if each)
    return {"shell": line} if line else []


def call(text: str) -> tuple[str, str | None]:
    """Keyword (lower case) and what stands between the first parenthesis and the last; None without one."""
    found = _CALL.fullmatch(text)
    if found is None:
        return text.strip().lower(), None
    inside, closing, behind = found[2].rpartition(")")
    if not closing:
        inside, behind = found[2], ""
    if behind.strip():
        raise ValueError
    return found[1].lower(), inside.strip()


def policy(text: str) -> object:
    """A keyword, or `{"external": command}`."""
    keyword, argument = call(text)
    if keyword == "external" and argument:
        return {"external": command(argument)}
    if argument is not None:
        raise ValueError
    return keyword


def mail_to(text: str) -> object:
    """A keyword (one for all words that mean nobody), or a command."""
    keyword, argument = call(text)
    if keyword == "external" and argument:
        return command(argument)
    if argument is not None:
        raise ValueError
    return "nobody" if keyword in NOBODY else keyword


def unknown_billing_code(text: str) -> object:
    """A keyword, or `{"deny": command}`."""
    keyword, argument = call(text)
    if keyword == "deny" and argument:
        return {"deny": command(argument)}
    if argument:
        raise ValueError
    return keyword


def duplicates(text: str) -> object:
    """Whether duplicates are denied, or the command that is asked about each."""
    if text.lower() in TRUE:
        return True
    return False if not text or text.lower() in FALSE else command(text)


def banner(text: str) -> object:
    """A bare path stays one: whether a file or a program is there is seen when it is used."""
    return text if not text or _PLAIN_PATH.fullmatch(text) else command(text)


def avoid_duplicates(text: str) -> object:
    """Whether a user gets no second banner in a row, or for how many seconds he gets none."""
    if text.lower() in TRUE - {"1"}:
        return True
    return False if text.lower() in FALSE else decimal_whole(text)


def accounter(text: str) -> object:
    """How a queue is measured: the text of our option, or `{"software": command}` or `{"hardware": command}`."""
    keyword, argument = call(text)
    if keyword == "stupid":
        return Noted("software()", _("counting showpage is gone; the document is counted properly"))
    if argument is None:
        raise ValueError
    if keyword in ("software", "external"):
        return {"software": command(argument)} if argument else "software()"
    if keyword == "ink":
        found = accounting.ink(argument)
        return f"ink({found.space}, {found.dpi})"
    if keyword not in ("hardware", "querying") or not argument:
        raise ValueError
    source = accounting.device_source(argument)
    if source is None:
        return {"hardware": command(argument)}
    return (
        f"hardware(snmp:{source.community})" if isinstance(source, SnmpAccounter) else f"hardware(pjl:{source.port})"
    )


def on_backend_error(text: str) -> object:
    """Keywords with commas; a negative number of tries is left out, with a note."""
    words = [part.strip().lower() for part in text.split(",")]
    odd = [each for each in words if _NEGATIVE_RETRY.fullmatch(each) and "-" in each]
    kept = [each for each in words if each not in odd] or ["nocharge"]
    if odd:
        note = _("{word} has a negative number; the backend is started once").format(word=odd[0])
        return Noted(", ".join(kept), note)
    return ", ".join(kept)


def coefficient(text: str) -> Decimal | None:
    """A factor; None for an empty text, which cancels that of [global]."""
    return accounting.coefficient(text) if text else None

# SPDX-License-Identifier: Apache-2.0
"""Reading the arguments of options: numbers, prices, figures to set or to add, words to choose from.

All raise UsageError, which names the option.
"""

import re
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from pagetoll.app.names import split_words
from pagetoll.app.quotas import fit_limits
from pagetoll.core.catalogue import UNCHANGED, EntryChange, Figure, Unchanged
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.core.money import LARGEST_STEPS, micros
from pagetoll.core.policy import LimitBy
from pagetoll.frontends.cli.options import Parsed
from pagetoll.frontends.remarks import tell

SWITCH = {"yes": True, "no": False}
UNLIMITED = "unlimited"
_WHOLE = re.compile(r"[0-9]+", re.ASCII)
_SIGNED = re.compile(r"[+-]?[0-9]+", re.ASCII)
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", re.ASCII)


def whole(parsed: Parsed, option: str) -> int | None:
    """A number of pages from 0, or None where the option was not given."""
    text = parsed.text(option)
    if text is None:
        return None
    if not _WHOLE.fullmatch(text.strip()):
        raise UsageError(
            _("invalid --{option} {text!r}: give a whole number from 0").format(option=option, text=text)
        )
    return _bounded(int(text), option)


def signed(parsed: Parsed, option: str) -> Figure | None:
    """A figure of pages: absolute, or relative when it has a sign."""
    text = parsed.text(option)
    if text is None:
        return None
    word = text.strip()
    if not _SIGNED.fullmatch(word):
        raise UsageError(
            _(
                "invalid --{option} {text!r}: give a whole number, with + or - in front to add to what is stored"
            ).format(option=option, text=text)
        )
    return Figure(_bounded(int(word), option), relative=word[0] in "+-")


def most_pages(parsed: Parsed, option: str) -> int | Unchanged | None:
    """How many pages a job or a budget may have: None for unlimited, UNCHANGED where the option was not given."""
    text = parsed.text(option)
    if text is None:
        return UNCHANGED
    return None if text.strip().lower() == UNLIMITED else _size(parsed, option)


def _size(parsed: Parsed, option: str) -> int | None:
    try:
        return whole(parsed, option)
    except UsageError:
        raise UsageError(
            _("invalid --{option} {text!r}: give a number of pages, or unlimited").format(
                option=option, text=parsed.text(option)
            )
        ) from None


def amount(option: str, text: str) -> int:
    """A number of credits, a price or a factor, in millionths; it may be negative. One that rounding would make 0 is
    refused: a small price must not become none."""
    word = text.strip()
    if not _DECIMAL.fullmatch(word):
        raise UsageError(
            _("invalid --{option} {text!r}: give a number such as 0.05").format(option=option, text=text)
        )
    try:
        number = Decimal(word)
        steps = micros(number)
    except InvalidOperation:
        raise UsageError(
            _("invalid --{option} {text!r}: give a number such as 0.05").format(option=option, text=text)
        ) from None
    if number and not steps:
        raise UsageError(
            _("invalid --{option} {text!r}: it is less than a millionth; give 0 or at least 0.000001").format(
                option=option, text=text
            )
        )
    return steps


def with_limits(change: EntryChange, parsed: Parsed, soft_option: str, hard_option: str) -> EntryChange:
    """The change with the page limits that these options set; says on stderr how they were made to fit."""
    limits = fit_limits(whole(parsed, soft_option), whole(parsed, hard_option))
    if limits is None:
        return change
    if limits.remark:
        tell("INFO", limits.remark)
    return replace(change, soft_limit=limits.soft_limit, hard_limit=limits.hard_limit)


def budget(parsed: Parsed) -> int | Unchanged | None:
    """--budget in millionths of a credit: None for unlimited."""
    text = parsed.text("budget")
    if text is None:
        return UNCHANGED
    return None if text.strip().lower() == UNLIMITED else amount("budget", text)


def balance(parsed: Parsed, option: str) -> Figure | None:
    """A figure of credits: absolute, or relative when it has a sign."""
    text = parsed.text(option)
    if text is None:
        return None
    return Figure(amount(option, text), relative=text.strip()[:1] in ("+", "-"))


def _bounded(number: int, option: str) -> int:
    if abs(number) > LARGEST_STEPS:
        raise UsageError(
            _("invalid --{option}: {number} is too large; at most {largest_steps}").format(
                option=option, number=number, largest_steps=LARGEST_STEPS
            )
        )
    return number


def refuse_together(parsed: Parsed, what: str, options: tuple[str, ...]) -> None:
    """Raise UsageError when one of `options` was given although `what` excludes it."""
    given = parsed.given(options)
    if given:
        raise UsageError(_("{what} cannot go with {names}; see --help").format(what=what, names=", ".join(given)))


def one_of(parsed: Parsed, options: tuple[str, ...]) -> None:
    """Raise UsageError when more than one of `options` was given."""
    given = parsed.given(options)
    if len(given) > 1:
        raise UsageError(_("{names} cannot go together; give one of them").format(names=_(" and ").join(given)))


def names_of(parsed: Parsed) -> list[str]:
    """The names behind the options; none means all, so words without a name in them are refused."""
    names = split_words(parsed.words)
    if parsed.words and not names:
        raise UsageError(_("an empty name was given; leave it out to mean all, see --help"))
    return names


def listed(parsed: Parsed, option: str) -> list[str]:
    """The names in an option's comma list, empty where it was not given; it may not be empty where it was."""
    text = parsed.text(option)
    found = split_words([text or ""])
    if text is not None and not found:
        raise UsageError(_("--{option} needs names; see --help").format(option=option))
    return found


def description(parsed: Parsed) -> str | Unchanged:
    """--description, without surrounding blanks."""
    text = free_text(parsed, "description")
    return UNCHANGED if text is None else text.strip()


def free_text(parsed: Parsed, option: str) -> str | None:
    """The words of an option, which the ledger keeps as text; None where it was not given."""
    text = parsed.text(option)
    if text is not None and any("\ud800" <= character <= "\udfff" for character in text):
        raise UsageError(
            _("invalid --{option} {text!r}: give it in the characters of your locale").format(
                option=option, text=text
            )
        )
    return text


def limitby(parsed: Parsed, allowed: tuple[LimitBy, ...]) -> LimitBy | Unchanged:
    """--limitby, one of `allowed`, in any case."""
    text = parsed.text("limitby")
    if text is None:
        return UNCHANGED
    word = text.strip().lower()
    if word not in list(allowed):
        said = _("invalid --limitby {text!r}: give one of {allowed}")
        raise UsageError(said.format(text=text, allowed=", ".join(allowed)))
    return LimitBy(word)


def switch(parsed: Parsed, option: str) -> bool | Unchanged:
    """An option that takes yes or no."""
    text = parsed.text(option)
    if text is None:
        return UNCHANGED
    if text.lower() not in SWITCH:
        raise UsageError(_("invalid --{option} {text!r}: give yes or no").format(option=option, text=text))
    return SWITCH[text.lower()]

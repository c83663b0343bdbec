# SPDX-License-Identifier: Apache-2.0
"""Reading what several nouns' options say. All raise UsageError, which names the option."""

from pagetoll.core.catalogue import UNCHANGED, Unchanged
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.core.policy import LimitBy
from pagetoll.frontends.cli.options import Parsed

SWITCH = {"yes": True, "no": False}


def description(parsed: Parsed) -> str | Unchanged:
    """--description, without surrounding blanks."""
    text = parsed.text("description")
    return UNCHANGED if text is None else text.strip()


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

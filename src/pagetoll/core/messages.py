# SPDX-License-Identifier: Apache-2.0
"""Sentences for people, in their language: `_("there is no printer {name}").format(name=name)`.

The English sentence is the key (GNU gettext manual, chapter 2). A program chooses the language once, at its start
(`pagetoll.frontends.language`); until then, and in the daemon, sentences stay English.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class Translations(Protocol):
    """A catalogue of sentences, such as `gettext.NullTranslations`."""

    def gettext(self, message: str, /) -> str: ...
    def ngettext(self, msgid1: str, msgid2: str, n: int, /) -> str: ...


class _English:
    def gettext(self, message: str, /) -> str:
        return message

    def ngettext(self, msgid1: str, msgid2: str, n: int, /) -> str:
        return msgid1 if n == 1 else msgid2


@dataclass(frozen=True, slots=True)
class Forms:
    """How people write numbers and times: the decimal point, and a date with its time of day, to the second and to
    the minute (strftime(3))."""

    decimal_point: str = "."
    moment: str = "%Y-%m-%d %H:%M:%S"
    minute: str = "%Y-%m-%d %H:%M"


PLAIN_FORMS = Forms()
_chosen: Translations = _English()
_forms = PLAIN_FORMS


def choose(translations: Translations, forms: Forms = PLAIN_FORMS) -> None:
    """Speak this catalogue's language from here on, and write numbers and times in these forms."""
    global _chosen, _forms
    _chosen, _forms = translations, forms


@contextmanager
def plainly() -> Iterator[None]:
    """English and plain forms for as long as it lasts: for what programs read."""
    global _chosen, _forms
    before = _chosen, _forms
    _chosen, _forms = _English(), PLAIN_FORMS
    try:
        yield
    finally:
        _chosen, _forms = before


def _(sentence: str) -> str:
    """The sentence in the chosen language; itself where the catalogue lacks it.

    An empty one stays empty: it is the key of a catalogue's own description.
    """
    return _chosen.gettext(sentence) if sentence else ""


def marked(sentence: str) -> str:
    """The same English sentence: for tables and constants, which are translated by `_()` where they are shown."""
    return sentence


def figure(decimal: str) -> str:
    """An exact decimal, such as 12.50, as people write it. Not for listings and JSON, which programs read."""
    return decimal.replace(".", _forms.decimal_point)


def moment_text(at: datetime) -> str:
    """A time as people write it, in the zone that it has."""
    return at.strftime(_forms.moment)


def minute_text(at: datetime) -> str:
    """The same without seconds."""
    return at.strftime(_forms.minute)


def ngettext(one: str, many: str, number: int) -> str:
    """The sentence for this number of things."""
    return _chosen.ngettext(one, many, number)

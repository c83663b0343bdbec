# SPDX-License-Identifier: Apache-2.0
"""Sentences for people, in their language: `_("there is no printer {name}").format(name=name)`.

The English sentence is the key (GNU gettext manual, chapter 2). A program chooses the language once, at its start
(`pagetoll.frontends.language`); until then, and in the daemon, sentences stay English.
"""

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


_chosen: Translations = _English()


def choose(translations: Translations) -> None:
    """Speak this catalogue's language from here on."""
    global _chosen
    _chosen = translations


def _(sentence: str) -> str:
    """The sentence in the chosen language; itself where the catalogue lacks it.

    An empty one stays empty: it is the key of a catalogue's own description.
    """
    return _chosen.gettext(sentence) if sentence else ""


def ngettext(one: str, many: str, number: int) -> str:
    """The sentence for this number of things."""
    return _chosen.ngettext(one, many, number)

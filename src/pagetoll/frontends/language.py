# SPDX-License-Identifier: Apache-2.0
"""The language of a program: from LANGUAGE, LC_ALL, LC_MESSAGES and LANG, in GNU gettext's order.

Catalogues lie in `pagetoll/locale/LANGUAGE/LC_MESSAGES/pagetoll.mo`. In the locale C nothing is translated, so that
scripts can rely on the English words.
"""

import gettext
import locale
import re
from collections.abc import Mapping
from pathlib import Path

from pagetoll.core import messages

DOMAIN = "pagetoll"
#: Names of languages, and none that leads to a catalogue elsewhere: sentences of a stranger could ask for any value.
_NAME = re.compile(r"[A-Za-z0-9_@-]+(\.[A-Za-z0-9_@-]+)*")
CATALOGUES = Path(__file__).resolve().parent.parent / "locale"


def speak(environment: Mapping[str, str]) -> None:
    """Take up the language and the forms of numbers and dates that the environment asks for; C where unknown."""
    try:
        locale.setlocale(locale.LC_ALL, "")
    except locale.Error:
        locale.setlocale(locale.LC_ALL, "C")
    messages.choose(gettext.translation(DOMAIN, CATALOGUES, wished(environment), fallback=True), forms())


def forms() -> messages.Forms:
    """How numbers and times are written in the locale that was set; as ever in C, for scripts."""
    point = str(locale.localeconv()["decimal_point"]) or messages.PLAIN_FORMS.decimal_point
    if locale.setlocale(locale.LC_TIME).split(".")[0] in ("C", "POSIX"):
        return messages.Forms(point)
    date, time = locale.nl_langinfo(locale.D_FMT), locale.nl_langinfo(locale.T_FMT)
    return messages.Forms(point, f"{date} {time}", f"{date} {without_seconds(time)}")


def without_seconds(time: str) -> str:
    """A form of the time of day (strftime(3)) that ends with the minutes."""
    spelled = time.replace("%T", "%H:%M:%S").replace("%r", locale.nl_langinfo(locale.T_FMT_AMPM) or "%I:%M:%S %p")
    return re.sub(r"[^%\w\s]?%O?S", "", spelled)


def wished(environment: Mapping[str, str]) -> list[str]:
    """The languages that are asked for, the best first; none in the locale C (GNU gettext manual, 2.3)."""
    chosen = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "C")
    if chosen.split(".")[0] in ("C", "POSIX"):
        return []
    named = environment.get("LANGUAGE", "").split(":")
    return [name for name in named if _NAME.fullmatch(name)] or [name for name in (chosen,) if _NAME.fullmatch(name)]

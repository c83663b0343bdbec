# SPDX-License-Identifier: Apache-2.0
"""What is not counted because the printer does not know it (`languages`).

A printer prints a document that it does not know as text, of any number of pages: those that the document's own
language gives it, one for a picture and none for some programs, say nothing of them.
"""

from collections.abc import Collection

from pagetoll.core.usage import COUNTED_BY_COMMAND, Usage

_BEHIND_PJL = "pjl-"
_NO_PAGES = frozenset([COUNTED_BY_COMMAND, "cups-command", "pjl"])
"""The site's own count, and what prints nothing on any printer that is asked for it."""


def unknown_to_the_printer(usage: Usage, languages: Collection[str]) -> str:
    """Why the document has no number; empty where the printer knows all of its languages. No `languages`: all."""
    if not languages:
        return ""
    used = {segment.language.removeprefix(_BEHIND_PJL) for segment in usage.segments} - _NO_PAGES
    foreign = sorted(used.difference(languages))
    if not foreign:
        return ""
    return f"it is in {', '.join(foreign)}, and the printer knows only {', '.join(languages)} (languages)"

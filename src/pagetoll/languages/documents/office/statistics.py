# SPDX-License-Identifier: Apache-2.0
"""A number of pages that an office document states about itself, weighed against the page breaks it holds."""

from dataclasses import dataclass, field

from pagetoll.core.usage import ColorClass, Confidence
from pagetoll.languages.parsed import Parsed, Run

MOST_PAGES = 100_000
MOST_STATED = 999_999_999
"""A larger stated number counts as this one: kept, so that it is never charged as a small one."""


@dataclass(slots=True)
class Body:
    """What a walk over the content found: hard page breaks, and the pages (by these breaks) that hold color.

    `color_known` is False where something was found whose color is not told by the markup.
    """

    breaks: int = 0
    colored: set[int] = field(default_factory=set)
    color_known: bool = True

    def paint(self) -> None:
        """Something colored stands on the page behind the breaks found so far."""
        if len(self.colored) < MOST_PAGES:
            self.colored.add(self.breaks)


def stated_pages(digits: str) -> int | None:
    """A stated number, at most `MOST_STATED`; None where it is missing or zero."""
    digits = digits.strip()
    if not (digits.isascii() and digits.isdigit()):
        return None
    return min(int(digits[:12]), MOST_STATED) or None


def weigh(parsed: Parsed, stated: int | None, body: Body) -> Parsed:
    """Fill in the pages: as stated, but never fewer than the hard page breaks make."""
    by_breaks = body.breaks + 1
    pages = max(stated or 0, min(by_breaks, MOST_PAGES))
    parsed.confidence = Confidence.DECLARED
    if stated is None:
        parsed.confidence = Confidence.ESTIMATED
        parsed.note("no_stated_pages", parsed.end)
    elif stated > MOST_PAGES:
        parsed.confidence = Confidence.ESTIMATED
    elif by_breaks > stated:
        parsed.confidence = Confidence.ESTIMATED
        parsed.note("declared_mismatch", parsed.end)
    if not body.color_known or (body.colored and pages != by_breaks):
        parsed.add(Run(pages, color=ColorClass.UNKNOWN))
        return parsed
    position = 0
    for number in sorted(body.colored):
        if number >= pages:
            break
        if number > position:
            parsed.add(Run(number - position, color=ColorClass.MONO))
        parsed.add(Run(1, color=ColorClass.COLOR))
        position = number + 1
    if pages > position:
        parsed.add(Run(pages - position, color=ColorClass.MONO))
    return parsed


def visible_color(value: str) -> bool:
    """Whether a color written as six hexadecimal digits, with or without #, is neither grey nor black."""
    digits = value.strip().removeprefix("#")
    if len(digits) != 6:
        return False
    try:
        levels = [int(digits[at : at + 2], 16) for at in (0, 2, 4)]
    except ValueError:
        return False
    return max(levels) - min(levels) > 25

# SPDX-License-Identifier: Apache-2.0
"""Text with ASA carriage control: the first column of each line moves the paper before the line is printed.

    "1" new page | " " next line | "0" two lines | "-" three lines | "+" print over | other channels: next line

Nothing in such a text tells it from any other, so the queue has to say so.
"""

import re
from typing import TYPE_CHECKING

from pagetoll.core.usage import ColorClass, Confidence
from pagetoll.languages.limits import TextLayout
from pagetoll.languages.parsed import Context, Parsed, Run

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_LINE = re.compile(rb"([^\r\n]?)[^\n]*(?:\n|\Z)")
_ADVANCE = {b" ": 1, b"0": 2, b"-": 3, b"+": 0}
_STEPS_BETWEEN_CHECKS = 20_000


def lay_out(data: "Buffer", start: int, end: int, layout: TextLayout, context: Context) -> Parsed:
    """Count the pages of `data[start:end]`: an estimate, because the length of a page is the printer's affair."""
    parsed = Parsed("text", end, Confidence.ESTIMATED)
    line, marked, position, steps = 0, False, start, 0
    while position < end and parsed.input_pages < context.limits.input_pages:
        steps += 1
        if steps % _STEPS_BETWEEN_CHECKS == 0 and context.guard.expired():
            parsed.at_least("limit", position)
            break
        found = _LINE.match(data, position, end)
        if found is None:
            break
        control = found[1]
        line += _ADVANCE.get(control, 1)
        if marked and (control == b"1" or line > layout.lines):
            _add_page(parsed, position)
            line = 1
        marked = marked or bool(found[0].strip())
        position = found.end()
    if marked:
        _add_page(parsed, end)
    return parsed


def _add_page(parsed: Parsed, position: int) -> None:
    parsed.add(Run(color=ColorClass.MONO))
    parsed.page_ends.append(position)

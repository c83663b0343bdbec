# SPDX-License-Identifier: Apache-2.0
"""What stands on a terminal: tables and figures, with hostile titles made harmless.

Titles and names come from whoever prints. What a terminal would obey (control characters, a change of the
direction of writing) is shown as an escape such as \\x1b instead.
"""

import io
import sys
from collections.abc import Iterable, Sequence

from pagetoll.core.messages import _

GAP = "  "


def printable(text: str) -> str:
    """The text with everything that is no visible character, and the backslash before it, escaped."""
    return visible(text.replace("\\", "\\\\"))


def visible(text: str) -> str:
    """The text with everything that is no visible character escaped. A backslash stays one, as in paths and TOML."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def tolerant_output() -> None:
    """Characters that the terminal's encoding lacks are escaped instead of ending the program."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, right: frozenset[str] = frozenset()) -> str:
    """Aligned columns of printable cells under their names in the reader's language; the columns named in `right`
    stand to the right."""
    lines = [[_(name) for name in head], *(list(row) for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(head))]
    text = ""
    for line in lines:
        cells = [
            cell.rjust(width) if name in right else cell.ljust(width)
            for name, cell, width in zip(head, line, widths, strict=True)
        ]
        text += GAP.join(cells).rstrip() + "\n"
    return text

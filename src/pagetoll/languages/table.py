# SPDX-License-Identifier: Apache-2.0
"""A row of the table of languages: how a language is recognised and who parses it.

Each family of languages (a folder) has its rows in its own `rows.py`; `recognise.py` puts them in order.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pagetoll.languages.parsed import Parser

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

Test = Callable[["Buffer", int, int], bool]


@dataclass(frozen=True, slots=True)
class Language:
    """One row: name, `parse` (None: not countable), a pattern at the start, and a further test.

    `announced`: names after ENTER LANGUAGE. `strong`: the octets alone are believed against such an
    announcement; otherwise the announcement decides. `least_commands`: with fewer known commands than that,
    and without an announcement, it could be another language, so the count is an estimate.
    """

    name: str
    parse: Parser | None
    pattern: re.Pattern[bytes]
    announced: tuple[str, ...] = ()
    strong: bool = True
    test: Test | None = None
    least_commands: int = 0


def row(
    name: str,
    parse: Parser | None,
    pattern: bytes,
    *announced: str,
    strong: bool = True,
    test: Test | None = None,
    least_commands: int = 0,
) -> Language:
    """A row; `pattern` is matched at the start of the document, `announced` are names after ENTER LANGUAGE."""
    return Language(name, parse, re.compile(pattern, re.DOTALL), announced, strong, test, least_commands)

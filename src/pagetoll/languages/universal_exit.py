# SPDX-License-Identifier: Apache-2.0
"""The universal exit of PJL: nine octets that end a document of whatever language, and that language with it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

UNIVERSAL_EXIT = b"\x1b%-12345X"


def next_exit(data: "Buffer", position: int, end: int) -> int:
    """The first universal exit from `position` on, else `end`: where a document without a length of its own ends."""
    found = data.find(UNIVERSAL_EXIT, position, end)
    return end if found < 0 else found

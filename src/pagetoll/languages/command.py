# SPDX-License-Identifier: Apache-2.0
"""CUPS command files (`#CUPS-COMMAND`): instructions for a driver, such as head cleaning. They print no page."""

import re
from typing import TYPE_CHECKING

from pagetoll.languages.parsed import Context, Parsed

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer


MOST_OCTETS = 4096
MOST_LINES = 60
_LINE = rb"(?:#[ -~\t]*|[A-Za-z][A-Za-z0-9]*(?:[ \t][ -~\t]*)?|)"
_FILE = re.compile(rb"#CUPS-COMMAND[ \t]*(?:\r?\n" + _LINE + rb")*")


def is_command_file(data: "Buffer", start: int, end: int) -> bool:
    """Whether there is nothing but a page's worth of commands: such a file is passed on uncharged, so that
    no document may hide behind the first line."""
    if end - start > MOST_OCTETS:
        return False
    octets = bytes(data[start:end])
    return octets.count(b"\n") <= MOST_LINES and _FILE.fullmatch(octets) is not None


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:  # noqa: ARG001
    """No pages, exactly; the file is its own document to the end."""
    return Parsed("cups-command", end)

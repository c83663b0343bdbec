# SPDX-License-Identifier: Apache-2.0
"""CUPS command files (`#CUPS-COMMAND`): instructions for a driver, such as head cleaning. They print no page."""

from typing import TYPE_CHECKING

from pagetoll.languages.parsed import Context, Parsed

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:  # noqa: ARG001
    """No pages, exactly; the file is its own document to the end."""
    return Parsed("cups-command", end)

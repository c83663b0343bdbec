# SPDX-License-Identifier: Apache-2.0
"""A page of the documentation with a part that a program draws from a table of the source, between two marks."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
END = "<!-- end of the drawing -->"


@dataclass(frozen=True, slots=True)
class DrawnPage:
    """`page` is relative to docs/, `begin` the first mark's line, `body` draws what stands between the marks."""

    page: str
    begin: str
    body: Callable[[], str]

    @property
    def place(self) -> Path:
        """The page's file."""
        return ROOT / "docs" / self.page

    def drawing(self) -> str:
        """What the table says today, with the marks around it."""
        return f"{self.begin}\n\n{self.body().strip()}\n\n{END}\n"

    def redrawn(self, text: str) -> str:
        """The page's text with the drawing of today. Raises ValueError where the marks are missing."""
        before, begin, rest = text.partition(self.begin)
        _old, end, after = rest.partition(f"{END}\n")
        if not begin or not end:
            raise ValueError(f"{self.place} has no marks around the drawing: {self.begin} and {END}")
        return f"{before}{self.drawing()}{after}"

    def main(self, arguments: list[str]) -> int:
        """Print the drawing, or with `--write` put it into its page; returns the exit status."""
        if arguments == ["--write"]:
            self.place.write_text(self.redrawn(self.place.read_text(encoding="utf-8")), encoding="utf-8")
            return 0
        if arguments:
            sys.stderr.write(f"usage: {sys.argv[0]} [--write]\n")
            return 2
        sys.stdout.write(self.drawing())
        return 0

# SPDX-License-Identifier: Apache-2.0
"""Small real programs as a site's commands: each writes down what it was told."""

import json
import stat
import sys
from pathlib import Path

from app.print_shop import Shop
from pagetoll.core.site_commands import SiteCommand

PROGRAM = """#!{python}
import json, os, sys
known = {{n: v for n, v in os.environ.items() if n.startswith(("PYKOTA", "DEVICE"))}}
try:
    known["document"] = open(known["PYKOTADATAFILE"], "rb").read().decode("latin-1")
except OSError as error:
    known["document"] = repr(error)
with open({seen!r}, "a") as file:
    file.write(json.dumps([{name!r}, sys.argv[1:], known]) + "\\n")
print({says!r})
"""


class Hooks:
    """Commands of a site, and what they were told, in the order in which they were run."""

    def __init__(self, shop: Shop) -> None:
        self._folder = shop.folder
        self._seen = shop.folder / "seen"

    def program(self, name: str, says: str = "", *words: str) -> SiteCommand:
        """A program that is told of the job and prints these lines."""
        path = self._folder / f"hook-{name}"
        path.write_text(PROGRAM.format(python=sys.executable, seen=str(self._seen), name=name, says=says))
        path.chmod(stat.S_IRWXU)
        return SiteCommand(words=(str(path), *words))

    def runs(self) -> list[tuple[str, list[str], dict[str, str]]]:
        lines = self._seen.read_text().splitlines() if self._seen.exists() else []
        return [tuple(json.loads(line)) for line in lines]  # type: ignore[misc]

    def names(self) -> list[str]:
        return [name for name, _, _ in self.runs()]

    def told(self, name: str) -> dict[str, str]:
        """The variables of the last run of a command."""
        return [variables for known, _, variables in self.runs() if known == name][-1]


def shell(line: str) -> SiteCommand:
    return SiteCommand(shell=line)


def unusable(folder: Path) -> SiteCommand:
    """A program without the execute bit."""
    path = folder / "hook-unusable"
    path.write_text("#!/bin/sh\necho DENY\n")
    path.chmod(stat.S_IRUSR)
    return SiteCommand(words=(str(path),))

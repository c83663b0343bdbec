# SPDX-License-Identifier: Apache-2.0
"""A home and a private scheduler, and `pagetoll` run on both."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.site import STARTED
from lab.folders import open_folder
from pagetoll.core.errors import DeviceRefused
from pagetoll.integrations.printlab.cupsconf import CupsSettings
from pagetoll.integrations.printlab.cupsd import PrivateCups

SERVICE_USER = "nobody"


class Place:
    """A home, a scheduler, and the command run against both."""

    def __init__(self, folder: Path, settings: CupsSettings | None = None) -> None:
        self.home = folder / "home"
        self.cups = PrivateCups(folder / "cups", settings=settings)
        self.cups.start()

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*STARTED, "pagetoll", *arguments],
            env={
                **os.environ,
                "PAGETOLL_HOME": str(self.home),
                "CUPS_SERVER": self.cups.server,
                "PYTHONPATH": os.pathsep.join(sys.path),
                **environ,
            },
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done

    def good(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def shown_uris(self) -> dict[str, str]:
        try:
            lines = self.cups.run("lpstat", "-v").splitlines()
        except DeviceRefused as error:
            assert "No destinations added" in str(error)
            return {}
        return dict(re.fullmatch(r"device for (\S+): (.*)", line).groups() for line in lines if line)

    def true_uris(self) -> list[str]:
        text = (self.cups.tree.etc / "printers.conf").read_text()
        return re.findall(r"^DeviceURI (.*)$", text, re.M)


@contextmanager
def new_place(settings: CupsSettings | None = None) -> Iterator[Place]:
    """A place whose home belongs to SERVICE_USER; its daemon, where one was started, ends with it."""
    with open_folder() as folder:
        place = Place(folder, settings)
        try:
            place.good("init", "--user", SERVICE_USER)
            yield place
        finally:
            place.run("daemon", "stop")
            place.cups.close()

# SPDX-License-Identifier: Apache-2.0
"""A home whose daemon runs, and commands that other users have it run."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from cli.site import OTHER_USER, Site
from pagetoll.config.home import Home
from pagetoll.frontends.daemon.instance import is_served
from pagetoll.integrations.printlab.processes import wait_until


@contextmanager
def served(site: Site) -> Iterator[Site]:
    """The site with a daemon, which everybody can reach."""
    site.home.chmod(0o751)
    home = Home.at(site.home)
    log = site.folder / "daemon.log"
    with log.open("ab") as file:
        daemon = subprocess.Popen(
            [sys.executable, "-m", "pagetoll.frontends.daemon.main"],
            env=site.environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    try:
        wait_until(lambda: is_served(home) or daemon.poll() is not None, 60, f"the daemon serves; its log: {log}")
        assert daemon.poll() is None, log.read_text()
        yield site
    finally:
        daemon.terminate()
        daemon.wait(60)


def furnish(site: Site) -> None:
    """Two printers; the caller and somebody else, in a group each, with entries."""
    site.do("pkprinters", "-a", "-c", "0.05", "-D", "by the window", "hp", "laser")
    site.do("pkusers", "-a", "-b", "5", OTHER_USER)
    site.do("pkusers", "-a", "-b", "7", "anna")
    site.do("pkusers", "-a", "-g", "staff", "pupils", OTHER_USER)
    site.do("pkusers", "-i", "staff", OTHER_USER)
    site.do("pkusers", "-i", "pupils", "anna")
    site.do("edpykota", "-a", "-S", "10", "-H", "20", "*")
    site.do("edpykota", "-a", "-g", "-S", "100", "-H", "200", "staff", "pupils")

# SPDX-License-Identifier: Apache-2.0
"""A home whose daemon runs, and commands that other users have it run."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from cli.site import Site
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
        wait_until(lambda: is_served(home) or daemon.poll() is not None, 20, f"the daemon serves; its log: {log}")
        assert daemon.poll() is None, log.read_text()
        yield site
    finally:
        daemon.terminate()
        daemon.wait(20)

# SPDX-License-Identifier: Apache-2.0
"""A site that a whole test file shares: one home and one scheduler, a queue and a user for each case."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from lab.fixtures import new_lab_folder
from lab.site import Site
from pagetoll.integrations.printlab.cupsconf import CupsSettings


@contextmanager
def shared_site(configuration: str = "", cups_settings: CupsSettings | None = None) -> Iterator[Site]:
    """A set-up site; `configuration` stands in its pagetoll.toml before the daemon first starts."""
    folder = new_lab_folder()
    site = Site(folder, cups_settings)
    try:
        site.set_up()
        if configuration:
            site.configure(configuration)
        yield site
    finally:
        site.close()
        shutil.rmtree(folder)

# SPDX-License-Identifier: Apache-2.0
"""How a sub-command comes to the ledger: as the home's owner, and closed again in the end."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from pagetoll.config.home import Home
from pagetoll.config.load import load_home
from pagetoll.core.errors import LedgerError
from pagetoll.frontends import identity
from pagetoll.frontends.wiring import open_storage
from pagetoll.ports import Ledger


@contextmanager
def owners_ledger() -> Iterator[Ledger]:
    """The home's ledger; a root process becomes the owner first.

    Raises ConfigError when there is no home, LedgerError for everybody but root and the owner.
    """
    home = Home.from_environment(os.environ)
    if not identity.become_owner(home):
        raise LedgerError(f"only root and {home.owner().name} may read the ledger; run this as one of them")
    ledger, _ = open_storage(home, load_home(home))
    try:
        yield ledger
    finally:
        ledger.close()

# SPDX-License-Identifier: Apache-2.0
"""How a sub-command comes to the ledger: as the home's owner, and closed again in the end.

Others have the daemon run those sub-commands that are in the table of rights (`by_daemon`); there, in the daemon's
child, the ledger is what the caller may see of it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pagetoll.config.home import Home
from pagetoll.config.load import load_home
from pagetoll.core.errors import LedgerError
from pagetoll.core.messages import _
from pagetoll.core.rights import RIGHTS
from pagetoll.frontends import identity
from pagetoll.frontends.cli.options import Command, parse, words_of
from pagetoll.frontends.served import granted, refuse_served
from pagetoll.frontends.wiring import open_storage

if TYPE_CHECKING:
    from pagetoll.ports import Ledger

#: The books that the daemon's child may show to its caller, once a sub-command is known.
_granted: "Ledger | None" = None


def by_daemon(command: Command, arguments: list[str]) -> int | None:
    """Run a sub-command by the daemon where this process may not open the books; its exit status.

    None where it is to be run here: by root, by the owner, and in the daemon's child, which gets its books now; and
    to show help. Raises UsageError, NotAllowed.
    """
    global _granted
    if command.name not in RIGHTS:
        return None
    parsed = parse(command, arguments)
    if parsed.complaints or "help" in parsed or "version" in parsed:
        return None
    if (home := identity.stranger_to()) is not None:
        # Administrators' commands need nothing of what it takes to ask.
        from pagetoll.frontends.asking import ask

        return ask(home, command.name, parsed, words_of(command, parsed))
    mine = granted(command.name, parsed)
    _granted = mine.ledger if mine is not None else None
    return None


@contextmanager
def owners_ledger() -> "Iterator[Ledger]":
    """The home's ledger, or what the caller may see of it; a root process becomes the owner first.

    Raises ConfigError when there is no home, LedgerError for everybody but root and the owner.
    """
    if _granted is not None:
        yield _granted
        return
    refuse_served()
    home = Home.from_environment(os.environ)
    if not identity.become_owner(home):
        raise LedgerError(
            _("only root and {owner} may read the ledger; run this as one of them").format(owner=home.owner().name)
        )
    ledger, _catalogue = open_storage(home, load_home(home))
    try:
        yield ledger
    finally:
        ledger.close()

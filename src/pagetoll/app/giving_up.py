# SPDX-License-Identifier: Apache-2.0
"""An administrator says that a print server of a shared ledger is gone for good, and is told of those that may be."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from pagetoll.app.lprng.story import INSTANCE
from pagetoll.app.printing.print_servers import seen_lately
from pagetoll.core.errors import LedgerError
from pagetoll.core.messages import _
from pagetoll.ports import Ledger


@dataclass(frozen=True, slots=True)
class OwnServer:
    """The server on which that is said: its name, and `server_gone_s`."""

    name: str
    gone_after_s: float


def give_up_server(ledger: Ledger, name: str, own: OwnServer, actor: str, now: datetime) -> None:
    """Write it down; each server's next upkeep ends what that one has left open. Raises LedgerError for this server,
    for one that the ledger does not know, and for one that says that it lives."""
    if name == own.name:
        raise LedgerError(_("{name} is this print server; it ends its own jobs: pagetoll upkeep").format(name=name))
    found = {server.name: server for server in ledger.print_servers()}
    known = {*found, *_open_attempts(ledger)}
    if name not in known:
        raise LedgerError(
            _("the ledger knows no print server {name}; it knows: {known}").format(
                name=name, known=", ".join(sorted(known - {own.name})) or _("none")
            )
        )
    if name in found and seen_lately(found[name], now, own.gone_after_s):
        raise LedgerError(
            _("the print server {name} was alive less than {seconds} s ago; end its daemon, and wait so long").format(
                name=name, seconds=round(own.gone_after_s)
            )
        )
    ledger.give_up_server(name, actor)


def silent_servers(ledger: Ledger, own: OwnServer, now: datetime) -> list[tuple[str, int]]:
    """The other servers that have left attempts open, and do not say that they live: name, and how many attempts."""
    living = {server.name for server in ledger.print_servers() if seen_lately(server, now, own.gone_after_s)}
    return sorted(
        (name, number) for name, number in _open_attempts(ledger).items() if name not in {own.name, *living}
    )


def _open_attempts(ledger: Ledger) -> Counter[str]:
    """How many each server has."""
    return Counter(one.facts.key.job.spooler_host.removesuffix(INSTANCE) for one in ledger.open_attempts())

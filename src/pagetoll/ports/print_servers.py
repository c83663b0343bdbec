# SPDX-License-Identifier: Apache-2.0
"""The print servers that share a ledger, and whether they live."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PrintServer:
    """A print server by its name. Its daemon raises `beats` while it lives; `seen_at` is when it did that last by its
    clock. `given_up`: an administrator says that it is gone."""

    name: str
    beats: int
    seen_at: datetime
    given_up: bool = False


class PrintServers(Protocol):
    """The part of the ledger that knows of print servers."""

    def beat(self, server: str) -> Sequence[PrintServer]:
        """The server lives, and is not given up. Returns all of them."""
        ...

    def print_servers(self) -> Sequence[PrintServer]: ...

    def give_up_server(self, server: str, actor: str) -> None:
        """The others end what it has left open, until it beats again; written down as the actor's act."""
        ...

# SPDX-License-Identifier: Apache-2.0
"""The open books for one command, and who acts: here for root and the home's owner, by the daemon for others."""

import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pagetoll.config.home import Home, name_of
from pagetoll.config.load import load_home
from pagetoll.config.options import Settings
from pagetoll.core.messages import _
from pagetoll.core.rights import RIGHTS, Caller, NotAllowed
from pagetoll.frontends.cli.options import Command, Parsed, words_of
from pagetoll.frontends.identity import become_owner, stranger_to
from pagetoll.frontends.remarks import tell
from pagetoll.frontends.served import granted, refuse_served
from pagetoll.frontends.wiring import LateLedger, open_catalogue_first

if TYPE_CHECKING:
    from pagetoll.ports import Catalogue, Ledger

ACT_LENGTH_MAX = 4000


@dataclass(frozen=True, slots=True)
class Session:
    """What a command works with: the open books, who acts, by which words (for the list of acts), the settings.

    `caller` is for whom the daemon runs the command: then the books show and change only what he may. None for root
    and the home's owner, who may do all.
    """

    late_ledger: LateLedger
    catalogue: "Catalogue"
    actor: str
    act: str
    settings: Settings
    caller: Caller | None = None

    @property
    def ledger(self) -> "Ledger":
        """The books of what was printed and paid. Raises UsageError."""
        return self.late_ledger.get()

    def close(self) -> None:
        """Close the ledger."""
        self.late_ledger.close()


#: Becomes the home's owner and opens the session.
Opening = Callable[[], Session]
#: What is to be done: opens the session, writes listings to stdout and remarks to stderr, returns the exit status.
Act = Callable[[Opening], int]


def carry_out(command: Command, parsed: Parsed, words: list[str], plan: Callable[[Parsed], Act]) -> int:
    """Do what a command line says: here, or by the daemon where the caller may not open the books himself, and in the
    daemon's child as far as he may go. Returns the exit status.

    `words` are as they were given. Raises what `plan` and its act raise, and NotAllowed.
    """
    if command.name in RIGHTS and (home := stranger_to()) is not None:
        # Administrators' commands need nothing of what it takes to ask.
        from pagetoll.frontends.asking import ask

        return ask(home, command.name, parsed, words_of(command, parsed))
    mine = granted(command.name, parsed)
    if mine is None:
        act = plan(parsed)
        return act(lambda: open_session(command.name, words))
    for option in sorted(mine.permit.dropped):
        tell("WARN", _("--{option} is for administrators; it was left out").format(option=option))
    session = Session(
        LateLedger(lambda: mine.ledger),
        mine.catalogue,
        mine.caller.name,
        _act_of(command.name, words),
        mine.settings,
        mine.caller,
    )
    act = plan(mine.parsed)
    return act(lambda: session)


def open_session(name: str, words: list[str]) -> Session:
    """Become the home's owner and open its books. Raises NotAllowed for anybody but root and the owner."""
    refuse_served()
    actor = acting_user()
    home = Home.from_environment(os.environ)
    if not become_owner(home):
        raise NotAllowed(
            _("{login} : you are not allowed to use this command; run it as root or as {owner}").format(
                login=actor, owner=home.owner().name
            )
        )
    settings = load_home(home)
    ledger, catalogue = open_catalogue_first(home, settings)
    return Session(ledger, catalogue, actor, _act_of(name, words), settings)


def _act_of(name: str, words: list[str]) -> str:
    """The command line as the list of acts keeps it."""
    act = shlex.join([*name.split(), *words])
    return act if len(act) <= ACT_LENGTH_MAX else act[:ACT_LENGTH_MAX] + "…"


def acting_user() -> str:
    """The login of who started this program; behind sudo also who that was."""
    login = name_of(os.getuid())
    before_sudo = os.environ.get("SUDO_USER", "")
    return f"{login} ({before_sudo})" if os.getuid() == 0 and before_sudo else login

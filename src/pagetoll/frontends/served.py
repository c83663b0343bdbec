# SPDX-License-Identifier: Apache-2.0
"""What a process works with that the daemon started for somebody: the books and the caller. Else there is none."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pagetoll.config.options import Settings
from pagetoll.core.messages import _
from pagetoll.core.rights import Caller, NotAllowed, Permit, permit
from pagetoll.frontends.cli.options import Parsed

if TYPE_CHECKING:
    from collections.abc import Callable

    from pagetoll.ports import Catalogue, Ledger

    Views = Callable[[Ledger, Catalogue, Caller, Permit], tuple[Ledger, Catalogue]]


@dataclass(frozen=True, slots=True)
class Served:
    """The whole books, open, for whom this process works, and what makes the books of them that he may see."""

    ledger: "Ledger"
    catalogue: "Catalogue"
    settings: Settings
    caller: Caller
    views: "Views"


@dataclass(frozen=True, slots=True)
class Granted:
    """The books as far as the caller may see and change them by one command, and the words that are heard."""

    ledger: "Ledger"
    catalogue: "Catalogue"
    settings: Settings
    caller: Caller
    parsed: Parsed
    permit: Permit


_served: Served | None = None


def work_for(served: Served) -> None:
    """From here on this process works for that caller alone."""
    global _served
    _served = served


def works_for_another() -> bool:
    """Whether the daemon started this process for somebody."""
    return _served is not None


def refuse_served() -> None:
    """Raise NotAllowed in a process that works for somebody else: whoever opens the whole books asks here first."""
    if _served is not None:
        raise NotAllowed(
            _("{name} : you are not allowed to use this command; run it as root").format(name=_served.caller.name)
        )


def granted(program: str, parsed: Parsed) -> Granted | None:
    """What the caller gets for this command line; None in a process that works for nobody else.

    Raises NotAllowed.
    """
    if _served is None:
        return None
    caller = _served.caller
    allowed = permit(program, parsed.values, caller)
    values = {name: value for name, value in parsed.values.items() if name not in allowed.dropped}
    heard = replace(parsed, values=values, words=() if allowed.drops_names else parsed.words)
    ledger, catalogue = _served.views(_served.ledger, _served.catalogue, caller, allowed)
    return Granted(ledger, catalogue, _served.settings, caller, heard, allowed)

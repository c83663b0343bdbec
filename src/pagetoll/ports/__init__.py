# SPDX-License-Identifier: Apache-2.0
"""What the use cases need from the outside, as Protocols. Adapters know one port and one foreign thing.

A port's module is read when one of its names is first asked for: a command that lists users waits for no other.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pagetoll.ports.catalogue import Catalogue, CatalogueReader, CatalogueTransaction
    from pagetoll.ports.clock import Clock
    from pagetoll.ports.devices import Drift, KeptReading, Phase
    from pagetoll.ports.ledger import (
        Act,
        AttemptFacts,
        AttemptRecord,
        Ledger,
        LegRecord,
        LoggedPosting,
        NoCopy,
        Note,
        Refund,
        Reserved,
        RunPlanner,
        Settlement,
        UserCharges,
    )
    from pagetoll.ports.notices import MailSender
    from pagetoll.ports.printing import (
        DocumentCounter,
        DocumentStore,
        HeldJobs,
        Interrupted,
        Journal,
        JournalEntry,
        Processes,
        SpooledDocument,
    )
    from pagetoll.ports.site_commands import CommandEnd, SiteCommands
    from pagetoll.ports.tea4cups import TeaHooks

__all__ = [
    "Act",
    "AttemptFacts",
    "AttemptRecord",
    "Catalogue",
    "CatalogueReader",
    "CatalogueTransaction",
    "Clock",
    "CommandEnd",
    "DocumentCounter",
    "DocumentStore",
    "Drift",
    "HeldJobs",
    "Interrupted",
    "Journal",
    "JournalEntry",
    "KeptReading",
    "Ledger",
    "LegRecord",
    "LoggedPosting",
    "MailSender",
    "NoCopy",
    "Note",
    "Phase",
    "Processes",
    "Refund",
    "Reserved",
    "RunPlanner",
    "Settlement",
    "SiteCommands",
    "SpooledDocument",
    "TeaHooks",
    "UserCharges",
]

_MODULES = {
    "catalogue": ("Catalogue", "CatalogueReader", "CatalogueTransaction"),
    "clock": ("Clock",),
    "devices": ("Drift", "KeptReading", "Phase"),
    "ledger": (
        "Act",
        "AttemptFacts",
        "AttemptRecord",
        "Ledger",
        "LegRecord",
        "LoggedPosting",
        "NoCopy",
        "Note",
        "Refund",
        "Reserved",
        "RunPlanner",
        "Settlement",
        "UserCharges",
    ),
    "notices": ("MailSender",),
    "printing": (
        "DocumentCounter",
        "DocumentStore",
        "HeldJobs",
        "Interrupted",
        "Journal",
        "JournalEntry",
        "Processes",
        "SpooledDocument",
    ),
    "site_commands": ("CommandEnd", "SiteCommands"),
    "tea4cups": ("TeaHooks",),
}
_PLACES = {name: f"{__name__}.{module}" for module, names in _MODULES.items() for name in names}


if not TYPE_CHECKING:  # a type checker would take every name for one of ours

    def __getattr__(name: str) -> object:
        """A port by its name, which is kept from then on."""
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        port = globals()[name] = getattr(import_module(_PLACES[name]), name)
        return port

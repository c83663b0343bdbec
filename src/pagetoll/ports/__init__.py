# SPDX-License-Identifier: Apache-2.0
"""What the use cases need from the outside, as Protocols. Adapters know one port and one foreign thing."""

from pagetoll.ports.catalogue import (
    Catalogue,
    CatalogueReader,
    CatalogueTransaction,
)
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
    Clock,
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

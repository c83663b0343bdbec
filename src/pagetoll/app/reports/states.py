# SPDX-License-Identifier: Apache-2.0
"""How the entries on a printer stand, all at once: a few queries a printer, none a user."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pagetoll.app.reports.directory import Directory
from pagetoll.config.options import Settings
from pagetoll.core.catalogue import EntryRow, EntrySelection, GroupRow, PrinterRow, UserRow
from pagetoll.core.entry_state import (
    SMALLEST_DOCUMENT_K_OCTETS,
    SMALLEST_JOB,
    EntryState,
    EntryView,
    state_of_entry,
)
from pagetoll.core.money import MILLION, Unit
from pagetoll.core.policy import AccountState, LimitBy, OwnerKind
from pagetoll.core.pricing import PriceLine, Tariff
from pagetoll.core.rolling import RollingCheck, RollingLimits, RollingRefusal, uses_of
from pagetoll.ports import Catalogue


@dataclass(frozen=True, slots=True)
class Standing:
    """An entry, its owner, and how it stands."""

    entry: EntryRow
    owner: UserRow | GroupRow
    state: EntryState


class Register:
    """Looks entries up by printer; remembers nothing but who has an entry on a printer group that costs."""

    def __init__(self, catalogue: Catalogue, directory: Directory, settings: Settings, now: datetime) -> None:
        self.directory = directory
        self.settings = settings
        self.now = now
        self._catalogue = catalogue
        self._payers: dict[int, frozenset[str]] = {}
        self._rolling_used: tuple[int, Mapping[int, tuple[int, int]]] = (0, {})  # of the last printer

    def standings(self, printer: PrinterRow, kind: OwnerKind) -> Iterator[Standing]:
        """The entries of users or of users groups on a printer, in the order of names, and how each stands."""
        owners = self.directory.groups if kind is OwnerKind.GROUP else self.directory.users
        for entry in self._catalogue.each_entry(EntrySelection(kind, None, (printer.printer_id,))):
            owner = owners.get(entry.owner_name)
            if owner is not None:  # else it was deleted meanwhile
                yield Standing(entry, owner, self.state(printer, entry, owner))

    def state(self, printer: PrinterRow, entry: EntryRow, owner: UserRow | GroupRow) -> EntryState:
        """How an entry on a printer stands now."""
        poorman = self.settings.poorman
        return state_of_entry(self._view(printer, entry, owner), poorman, self.now)

    def _view(self, printer: PrinterRow, entry: EntryRow, owner: UserRow | GroupRow) -> EntryView:
        kind = OwnerKind.USER if isinstance(owner, UserRow) else OwnerKind.GROUP
        overcharge = owner.overcharge if isinstance(owner, UserRow) else MILLION
        largest = (printer.max_job_impressions, entry.max_job_impressions)
        return EntryView(
            limitby=owner.limitby,
            overcharge=overcharge,
            pages=pages_of(entry, kind),
            credits=AccountState(0, Unit.CREDITS, kind, owner.name, "", owner.balance, owner.reserved),
            price=self._price(printer, owner.name, overcharge) if owner.limitby is LimitBy.BALANCE else 0,
            rule=self.settings.rule_for(printer.name),
            passthrough=printer.passthrough,
            largest_jobs=tuple(limit for limit in largest if limit is not None),
            rolling=self._rolling(printer, entry) if kind is OwnerKind.USER else None,
        )

    def _rolling(self, printer: PrinterRow, entry: EntryRow) -> RollingRefusal | None:
        """Why a rolling limit of the printer refuses the smallest job."""
        if printer.rolling_period_s is None:
            return None
        limits = RollingLimits(printer.rolling_period_s, printer.rolling_impressions, printer.rolling_k_octets)
        rule = self.settings.rule_for(printer.name)
        check = RollingCheck(printer.printer_id, printer.name, limits, entry.account_id, rule)
        used = self._used(printer.printer_id, limits.period_s).get(entry.account_id, (0, 0))
        _, over = uses_of(check, used, (SMALLEST_JOB, SMALLEST_DOCUMENT_K_OCTETS))
        return None if over is None else RollingRefusal(entry.owner_name, over, None)

    def _used(self, printer_id: int, period_s: int) -> Mapping[int, tuple[int, int]]:
        """What the entries on a printer were used for within the period; asked for once a printer."""
        if self._rolling_used[0] != printer_id:
            since = self.now - timedelta(seconds=period_s)
            self._rolling_used = (printer_id, self._catalogue.rolling_used(printer_id, since))
        return self._rolling_used[1]

    def _price(self, printer: PrinterRow, owner_name: str, overcharge: int) -> int:
        """The price of the smallest job: of the printer and of those groups above it where the owner has an entry."""
        above = [self.directory.printers[number] for number in self.directory.above[printer.printer_id]]
        lines = [
            PriceLine(row.name, row.price_per_impression, row.price_per_job)
            for row in (printer, *above)
            if row is printer or (_costs(row) and owner_name in self._owners_on(row))
        ]
        return Tariff(tuple(lines), overcharge).price(SMALLEST_JOB)

    def _owners_on(self, printer: PrinterRow) -> frozenset[str]:
        number = printer.printer_id
        if number not in self._payers:
            found = self._catalogue.each_entry(EntrySelection(OwnerKind.USER, None, (number,)))
            self._payers[number] = frozenset(entry.owner_name for entry in found)
        return self._payers[number]


def pages_of(entry: EntryRow, kind: OwnerKind) -> AccountState:
    """An entry's figures in the rules' words."""
    return AccountState(
        account_id=entry.account_id,
        unit=Unit.IMPRESSIONS,
        owner_kind=kind,
        owner_name=entry.owner_name,
        scope_name=entry.printer_name,
        posted=entry.page_counter,
        reserved=entry.reserved,
        soft_limit=entry.soft_limit,
        hard_limit=entry.hard_limit,
        grace_until=entry.grace_until,
    )


def _costs(printer: PrinterRow) -> bool:
    return bool(printer.price_per_impression or printer.price_per_job)

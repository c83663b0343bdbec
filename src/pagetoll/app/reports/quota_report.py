# SPDX-License-Identifier: Apache-2.0
"""The report of print quotas: for each printer its prices, a row for each entry, and the totals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from pagetoll.app.names import matching
from pagetoll.app.reports.directory import Directory, read_directory
from pagetoll.app.reports.states import Register, Standing
from pagetoll.config.options import Settings
from pagetoll.core.catalogue import PrinterRow, UserRow
from pagetoll.core.entry_state import EntryState
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.core.policy import OwnerKind
from pagetoll.ports import Catalogue


@dataclass(frozen=True, slots=True)
class ReportOrder:
    """Whose entries on which printers (patterns); with `members_of` (names) only those of these groups' members."""

    kind: OwnerKind = OwnerKind.USER
    owners: Sequence[str] = ()
    printers: Sequence[str] = ()
    members_of: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ReportRow:
    """An entry as the report shows it. Money and overcharge in millionths; None where a users group has no such."""

    name: str
    state: EntryState
    overcharge: int | None
    page_counter: int
    soft_limit: int | None
    hard_limit: int | None
    balance: int
    lifetime_page_counter: int
    lifetime_paid: int
    warn_banners: int | None


@dataclass(frozen=True, slots=True)
class PrinterReport:
    """A printer with its rows, at least one. `counted_impressions` is what was ever counted on it."""

    printer: PrinterRow
    gracedelay_d: int
    rows: tuple[ReportRow, ...]

    @property
    def lifetime_page_counter(self) -> int:
        return sum(row.lifetime_page_counter for row in self.rows)

    @property
    def lifetime_paid(self) -> int:
        return sum(row.lifetime_paid for row in self.rows)


def quota_reports(
    catalogue: Catalogue, order: ReportOrder, settings: Settings, now: datetime
) -> Iterator[PrinterReport]:
    """A report for each printer that has an entry that matches, in the order of names, one printer at a time.

    Raises UsageError when no printer, nobody or no entry matches.
    """
    directory = read_directory(catalogue)
    printers = wanted_printers(directory, order)
    names = wanted_names(directory, order)
    register = Register(catalogue, directory, settings, now)
    found = False
    for printer in printers:
        standings = register.standings(printer, order.kind)
        rows = tuple(_row(standing) for standing in standings if standing.entry.owner_name in names)
        if rows:
            found = True
            yield PrinterReport(printer, settings.for_queue(printer.name).gracedelay_d, rows)
    if not found:
        raise UsageError(_("nobody of these has a quota entry on these printers; make one with: edpykota --add"))


def wanted_printers(directory: Directory, order: ReportOrder) -> list[PrinterRow]:
    """The printers that are meant, in the order of names. Raises UsageError when none is."""
    printers = matching(directory.printers.values(), order.printers or ["*"], lambda row: row.name)
    if not printers:
        shown = ", ".join(order.printers) or "*"
        text = _("there is no printer that matches {words}; list them with: pkprinters --list")
        raise UsageError(text.format(words=shown))
    return printers


def wanted_names(directory: Directory, order: ReportOrder) -> frozenset[str]:
    """The owners that are meant. Raises UsageError when nobody is."""
    if order.kind is OwnerKind.GROUP:
        names = matching(directory.groups, order.owners or ["*"], str)
    else:
        names = matching(directory.users, order.owners or ["*"], str)
    if order.members_of:
        for group in order.members_of:
            if group not in directory.groups:
                raise UsageError(
                    _("there is no users group {name}; list them with: pkusers --groups --list").format(name=group)
                )
        members = {name for group in order.members_of for name in directory.members_of[group]}
        names = [name for name in names if name in members]
    if not names:
        shown = ", ".join(order.owners) or "*"
        if order.kind is OwnerKind.GROUP:
            text = _("there is no users group that matches {words}; list them with: pkusers --groups --list")
        else:
            text = _("there is no user that matches {words}; list them with: pkusers --list")
        raise UsageError(text.format(words=shown))
    return frozenset(names)


def _row(standing: Standing) -> ReportRow:
    entry, owner = standing.entry, standing.owner
    of_user = isinstance(owner, UserRow)
    return ReportRow(
        name=entry.owner_name,
        state=standing.state,
        overcharge=owner.overcharge if isinstance(owner, UserRow) else None,
        page_counter=entry.page_counter,
        soft_limit=entry.soft_limit,
        hard_limit=entry.hard_limit,
        balance=owner.balance,
        lifetime_page_counter=entry.lifetime_page_counter,
        lifetime_paid=owner.lifetime_paid,
        warn_banners=entry.warn_banners if of_user else None,
    )

# SPDX-License-Identifier: Apache-2.0
"""Printers and printer groups as an administrator sees them. A group is a printer row that has members."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pagetoll.app.names import all_matching, matching, new_names
from pagetoll.core.catalogue import PrinterChange, PrinterRow
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.core.rolling import RollingLimits
from pagetoll.ports import Catalogue, CatalogueReader, CatalogueTransaction

NO_CHANGE = PrinterChange()


@dataclass(frozen=True, slots=True)
class PrinterOrder:
    """What is wanted of printers. With `add`, `words` are names, created where missing, and existing ones change
    too unless `skip_existing`; without, they are patterns. `groups` are patterns of printer groups to join, or to
    leave when `leave_groups`."""

    words: Sequence[str]
    add: bool = False
    skip_existing: bool = False
    change: PrinterChange = NO_CHANGE
    groups: Sequence[str] = ()
    leave_groups: bool = False


@dataclass(frozen=True, slots=True)
class PrinterListing:
    """A printer with the names of all groups above it, nearest first."""

    printer: PrinterRow
    ancestors: tuple[str, ...]


def save_printers(catalogue: Catalogue, order: PrinterOrder, actor: str, act: str) -> list[str]:
    """Create and change printers in one transaction; returns the names that were meant, existing ones too.

    Raises UsageError when nothing matches, a name is refused, or a group is missing: then nothing was changed.
    """

    def work(transaction: CatalogueTransaction) -> list[str]:
        rows = transaction.printers()
        if order.add:
            new = new_names(_("printer"), order.words, (row.name for row in rows))
            transaction.add_printers(new)
            rows = transaction.printers()
            named = [row for row in rows if row.name in set(order.words)]
            meant = [row for row in named if row.name in set(new) or not order.skip_existing]
        else:
            named = meant = _found(rows, order.words)
        ids = [row.printer_id for row in meant]
        transaction.change_printers(ids, order.change)
        groups = all_matching(rows, order.groups, lambda row: row.name, _("printer group"))
        for group in groups:
            _change_membership(transaction, group.printer_id, ids, leave=order.leave_groups)
        return [row.name for row in named]

    return catalogue.write(actor, act, work)


def rolling_limits(limits: RollingLimits | None) -> PrinterChange:
    """The change that gives printers these rolling limits alone; None takes them away."""
    return PrinterChange(
        rolling_period_s=None if limits is None else limits.period_s,
        rolling_impressions=None if limits is None else limits.impressions,
        rolling_k_octets=None if limits is None else limits.k_octets,
    )


def delete_printers(catalogue: Catalogue, words: Sequence[str], actor: str, act: str) -> list[str]:
    """Delete the printers that match and return their names. Raises UsageError when nothing matches."""

    def work(transaction: CatalogueTransaction) -> list[str]:
        rows = _found(transaction.printers(), words)
        transaction.delete_printers([row.printer_id for row in rows])
        return [row.name for row in rows]

    return catalogue.write(actor, act, work)


def list_printers(catalogue: CatalogueReader, words: Sequence[str]) -> list[PrinterListing]:
    """The printers that match. Raises UsageError when none does."""
    rows = catalogue.printers()
    found = _found(rows, words)
    name_of = {row.printer_id: row.name for row in rows}
    above = parents(catalogue.printer_members())
    return [
        PrinterListing(row, tuple(name_of[group] for group in ancestors(row.printer_id, above) if group in name_of))
        for row in found
    ]


def parents(members: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    """The groups directly above each printer, from pairs of group and member."""
    above: dict[int, list[int]] = defaultdict(list)
    for group_id, printer_id in members:
        above[printer_id].append(group_id)
    return above


def ancestors(printer_id: int, above: dict[int, list[int]]) -> list[int]:
    """All groups above a printer, each once, nearest first."""
    found: list[int] = []
    level = above.get(printer_id, [])
    while level:
        new = [group_id for group_id in dict.fromkeys(level) if group_id not in found]
        found += new
        level = [group_id for member in new for group_id in above.get(member, [])]
    return found


def _found(rows: Sequence[PrinterRow], words: Sequence[str]) -> list[PrinterRow]:
    found = matching(rows, words or ["*"], lambda row: row.name)
    if not found:
        text = _("there is no printer that matches {words}; list them with: pkprinters --list")
        raise UsageError(text.format(words=", ".join(words) or "*"))
    return found


def _change_membership(
    transaction: CatalogueTransaction, group_id: int, printer_ids: Sequence[int], *, leave: bool
) -> None:
    """Join or leave. A printer that stands above the group, or is the group, is passed over: it would make a loop."""
    if leave:
        transaction.leave_printer_group(group_id, printer_ids)
        return
    barred = {group_id, *ancestors(group_id, parents(transaction.printer_members()))}
    transaction.join_printer_group(group_id, [number for number in printer_ids if number not in barred])

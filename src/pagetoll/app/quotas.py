# SPDX-License-Identifier: Apache-2.0
"""Quota entries of users and users groups on printers, as an administrator sees them.

A group has no counter of its own: resetting a group's entry resets those of its present members on that printer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pagetoll.app.names import matching
from pagetoll.core.catalogue import UNCHANGED, EntryChange, EntryRow, EntrySelection, Figure
from pagetoll.core.messages import _
from pagetoll.core.policy import OwnerKind
from pagetoll.ports import Catalogue, CatalogueReader, CatalogueTransaction

NO_CHANGE = EntryChange()


@dataclass(frozen=True, slots=True)
class EntryOrder:
    """What is wanted of the entries of these owners (patterns) on these printers (patterns).

    `used` sets or changes both counters. `reset` brings the page counter to 0, `hard_reset` both counters.
    """

    owner_kind: OwnerKind
    owners: Sequence[str]
    printers: Sequence[str]
    add: bool = False
    skip_existing: bool = False
    change: EntryChange = NO_CHANGE
    used: Figure | None = None
    reset: bool = False
    hard_reset: bool = False


@dataclass(frozen=True, slots=True)
class EntryOutcome:
    """How many owners and printers were meant: 0 of either means that nothing was done."""

    owners: int
    printers: int


@dataclass(frozen=True, slots=True)
class Limits:
    """Two page limits that fit together, and what had to be said of them."""

    soft_limit: int
    hard_limit: int
    remark: str = ""


def fit_limits(soft_limit: int | None, hard_limit: int | None) -> Limits | None:
    """The limits to set: a missing one is the same as the other, and the lower one is the soft one; None for none."""
    if soft_limit is not None and hard_limit is not None:
        if soft_limit <= hard_limit:
            return Limits(soft_limit, hard_limit)
        remark = _("the hard limit {hard_limit} is below the soft limit {soft_limit}; they are swapped").format(
            hard_limit=hard_limit, soft_limit=soft_limit
        )
        return Limits(hard_limit, soft_limit, remark)
    if hard_limit is not None:
        return Limits(
            hard_limit,
            hard_limit,
            _("no soft limit was given; it is set to the hard limit, {hard_limit}").format(hard_limit=hard_limit),
        )
    if soft_limit is not None:
        return Limits(
            soft_limit,
            soft_limit,
            _("no hard limit was given; it is set to the soft limit, {soft_limit}").format(soft_limit=soft_limit),
        )
    return None


def save_entries(catalogue: Catalogue, order: EntryOrder, actor: str, act: str) -> EntryOutcome:
    """Create and change entries in one transaction. Raises UsageError when a limit would become negative."""

    def work(transaction: CatalogueTransaction) -> EntryOutcome:
        meant = _meant(transaction, order.owner_kind, order.owners, order.printers)
        selection, outcome = meant.selection, meant.outcome
        if not (outcome.owners and outcome.printers):
            return outcome
        if order.add:
            new = transaction.ensure_entries(selection)
            selection = new if order.skip_existing else selection
        if order.owner_kind is OwnerKind.GROUP and (order.reset or order.hard_reset):
            transaction.change_entries(replace(selection, of_members=True), _counters(order))
        transaction.change_entries(selection, _whole_change(order))
        return outcome

    return catalogue.write(actor, act, work)


def delete_entries(
    catalogue: Catalogue,
    kind: OwnerKind,
    names: tuple[Sequence[str], Sequence[str]],
    actor: str,
    act: str,
) -> EntryOutcome:
    """Delete the entries of owners on printers (`names`: patterns of both)."""

    def work(transaction: CatalogueTransaction) -> EntryOutcome:
        meant = _meant(transaction, kind, *names)
        if meant.outcome.owners and meant.outcome.printers:
            transaction.delete_entries(meant.selection)
        return meant.outcome

    return catalogue.write(actor, act, work)


def list_entries(
    catalogue: Catalogue, kind: OwnerKind, owners: Sequence[str], printers: Sequence[str]
) -> Iterator[EntryRow]:
    """The entries of owners on printers (patterns), by printer and owner name; read as they are wanted."""
    return catalogue.each_entry(_meant(catalogue, kind, owners, printers).selection)


@dataclass(frozen=True, slots=True)
class _Meant:
    """The entries that patterns mean, and how many owners and printers those are."""

    selection: EntrySelection
    outcome: EntryOutcome


def _meant(catalogue: CatalogueReader, kind: OwnerKind, owners: Sequence[str], printers: Sequence[str]) -> _Meant:
    owner_rows: list[tuple[str, int]]
    if kind is OwnerKind.GROUP:
        owner_rows = [(row.name, row.group_id) for row in catalogue.groups()]
    else:
        owner_rows = [(row.name, row.user_id) for row in catalogue.users()]
    owners_found = matching(owner_rows, owners or ["*"], lambda row: row[0])
    printer_rows = catalogue.printers()
    printers_found = matching(printer_rows, printers or ["*"], lambda row: row.name)
    # All of them are not named one by one: the statements are shorter, and read less.
    all_owners, all_printers = len(owners_found) == len(owner_rows), len(printers_found) == len(printer_rows)
    selection = EntrySelection(
        kind,
        None if all_owners else tuple(number for _, number in owners_found),
        None if all_printers else tuple(row.printer_id for row in printers_found),
    )
    return _Meant(selection, EntryOutcome(len(owners_found), len(printers_found)))


def _counters(order: EntryOrder) -> EntryChange:
    """What happens to the counters; any of it takes a running grace time back."""
    page_counter = lifetime_counter = None
    if order.reset or order.hard_reset:
        page_counter = Figure(0)
    if order.hard_reset:
        lifetime_counter = Figure(0)
    if order.used is not None:
        page_counter = lifetime_counter = order.used
    return EntryChange(
        page_counter=page_counter,
        lifetime_counter=lifetime_counter,
        clear_grace=True,
        clear_warnings=order.used is not None,
        reason=order.change.reason,
    )


def _whole_change(order: EntryOrder) -> EntryChange:
    change = order.change
    limits = change.soft_limit is not UNCHANGED or change.hard_limit is not UNCHANGED or change.increase != 0
    counters = order.used is not None or order.reset or order.hard_reset
    if counters and order.owner_kind is OwnerKind.USER:
        booked = _counters(order)
        change = replace(
            change, page_counter=booked.page_counter, lifetime_counter=booked.lifetime_counter, reason=booked.reason
        )
    return replace(change, clear_grace=limits or counters, clear_warnings=limits or order.used is not None)

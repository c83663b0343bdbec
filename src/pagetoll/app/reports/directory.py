# SPDX-License-Identifier: Apache-2.0
"""Everybody and every printer, read once: who is in which group, and which printer groups are above a printer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pagetoll.core.catalogue import GroupRow, PrinterRow, UserRow
from pagetoll.ports import CatalogueReader


@dataclass(frozen=True, slots=True)
class Directory:
    """The names of a site. `groups_of` are the users groups' names by user name, `above` by a printer's number the
    numbers of all printer groups above it, each once."""

    users: Mapping[str, UserRow]
    groups: Mapping[str, GroupRow]
    printers: Mapping[int, PrinterRow]
    groups_of: Mapping[str, Sequence[str]]
    members_of: Mapping[str, Sequence[str]]
    above: Mapping[int, Sequence[int]]


def read_directory(catalogue: CatalogueReader) -> Directory:
    """The directory as it is now. Raises StorageError kinds."""
    users = {row.user_id: row for row in catalogue.users()}
    groups = {row.group_id: row for row in catalogue.groups()}
    printers = {row.printer_id: row for row in catalogue.printers()}
    groups_of: dict[str, list[str]] = {}
    members_of: dict[str, list[str]] = {row.name: [] for row in groups.values()}
    for group_id, user_id in catalogue.group_members():
        if group_id in groups and user_id in users:
            groups_of.setdefault(users[user_id].name, []).append(groups[group_id].name)
            members_of[groups[group_id].name].append(users[user_id].name)
    parents: dict[int, list[int]] = {}
    for group_id, printer_id in catalogue.printer_members():
        parents.setdefault(printer_id, []).append(group_id)
    return Directory(
        users={row.name: row for row in users.values()},
        groups={row.name: row for row in groups.values()},
        printers=printers,
        groups_of=groups_of,
        members_of={name: sorted(names) for name, names in members_of.items()},
        above={number: _ancestors(number, parents, printers) for number in printers},
    )


def _ancestors(number: int, parents: Mapping[int, Sequence[int]], known: Iterable[int]) -> list[int]:
    found: list[int] = []
    waiting = list(parents.get(number, ()))
    living = set(known)
    while waiting:
        parent = waiting.pop(0)
        if parent not in found and parent != number and parent in living:
            found.append(parent)
            waiting += parents.get(parent, ())
    return found

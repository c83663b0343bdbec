# SPDX-License-Identifier: Apache-2.0
"""A change that is made, looked at and undone: what `--dry-run` shows is what the change itself would do."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from pagetoll.core.catalogue import EntrySelection
from pagetoll.core.messages import marked
from pagetoll.core.money import credits_text
from pagetoll.core.policy import OwnerKind
from pagetoll.ports import Catalogue, CatalogueReader, CatalogueTransaction

Result = TypeVar("Result")
EVERY_ENTRY = tuple(EntrySelection(kind, None, None) for kind in (OwnerKind.USER, OwnerKind.GROUP))
#: Fields that are millionths, by the kind of thing; people see credits.
MONEY: Mapping[str, frozenset[str]] = {
    "printer": frozenset({"price_per_impression", "price_per_job"}),
    "user": frozenset({"balance", "lifetime_paid", "overcharge", "reserved"}),
    "group": frozenset({"balance", "lifetime_paid"}),
    "code": frozenset({"spent", "reserved_price", "soft_limit_spent", "hard_limit_spent"}),
}
#: Stands for the figure before of what was not there; no figure is shown so.
NOTHING_BEFORE = ""
#: Named beside the figures, or the same for all that is new.
NAMES = frozenset({"name", "owner_name", "printer_name", "user_name", "role", "granted_by", "granted_at"})
#: A figure of 0 that says something.
LIMITS = frozenset({"soft_limit", "hard_limit", "max_job_impressions", "hard_limit_impressions", "hard_limit_spent"})
NUMBERS = frozenset({"printer_id", "user_id", "group_id", "code_id", "account_id"})


@dataclass(frozen=True, slots=True)
class Difference:
    """What becomes of one thing: `change` is create, change or delete; `figures` are (field, before, after)."""

    change: str
    kind: str
    name: str
    figures: tuple[tuple[str, str, str], ...] = ()


class _Undo(Exception):
    def __init__(self, result: object, differences: list[Difference]) -> None:
        self.result = result
        self.differences = differences


class Rehearsal:
    """A catalogue whose writes are undone at their end; `differences` says what the last one would have changed.

    With `entries` the quota entries are looked at too, which takes time with hundreds of thousands of them.
    """

    def __init__(self, catalogue: Catalogue, *, entries: bool = False) -> None:
        self._catalogue = catalogue
        self._entries = entries
        self.differences: list[Difference] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._catalogue, name)

    def write(self, actor: str, act: str, work: Callable[[CatalogueTransaction], Result]) -> Result:
        """As `Catalogue.write`, and undone. Raises what `work` raises."""

        def rehearsed(transaction: CatalogueTransaction) -> Result:
            before = self._picture(transaction)
            result = work(transaction)
            raise _Undo(result, _differences(before, self._picture(transaction)))

        try:
            return self._catalogue.write(actor, act, rehearsed)
        except _Undo as undo:
            self.differences = undo.differences
            return undo.result  # type: ignore[return-value]

    def _picture(self, reader: CatalogueReader) -> dict[tuple[str, Hashable], tuple[str, Any]]:
        """Each thing by kind and number, with its name."""
        printers, users, groups = reader.printers(), reader.users(), reader.groups()
        seen: dict[tuple[str, Hashable], tuple[str, Any]] = {}
        seen |= {(marked("printer"), row.printer_id): (row.name, row) for row in printers}
        seen |= {(marked("user"), row.user_id): (row.name, row) for row in users}
        seen |= {(marked("group"), row.group_id): (row.name, row) for row in groups}
        seen |= {(marked("code"), row.code_id): (row.name, row) for row in reader.codes()}
        seen |= {
            (marked("role"), (row.user_name, row.role)): (f"{row.user_name}: {row.role}", row)
            for row in reader.roles()
        }
        printer_of = {row.printer_id: row.name for row in printers}
        for group, member in reader.printer_members():
            name = f"{printer_of.get(member, member)} in {printer_of.get(group, group)}"
            seen[marked("member"), (group, member)] = (name, None)
        user_of, group_of = {row.user_id: row.name for row in users}, {row.group_id: row.name for row in groups}
        for group, member in reader.group_members():
            name = f"{user_of.get(member, member)} in {group_of.get(group, group)}"
            seen[marked("member of users group"), (group, member)] = (name, None)
        for selection in EVERY_ENTRY if self._entries else ():
            for row in reader.entries(selection):
                seen[marked("entry"), row.account_id] = (f"{row.owner_name}@{row.printer_name}", row)
        return seen


def _differences(
    before: Mapping[tuple[str, Hashable], tuple[str, Any]], after: Mapping[tuple[str, Hashable], tuple[str, Any]]
) -> list[Difference]:
    found = [Difference(marked("delete"), key[0], name) for key, (name, _) in before.items() if key not in after]
    found += [
        Difference(marked("create"), key[0], name, _figures_of_new(key[0], row))
        for key, (name, row) in after.items()
        if key not in before
    ]
    for key, (name, row) in after.items():
        was = before.get(key, (name, row))[1]
        if was != row:
            found.append(Difference(marked("change"), key[0], name, _figures(key[0], was, row)))
    return found


def _figures_of_new(kind: str, row: Any) -> tuple[tuple[str, str, str], ...]:
    """What a new thing has of its own; that it is named so, and what is 0 or nothing, goes without saying."""
    if row is None:
        return ()
    money = MONEY.get(kind, frozenset())
    found = ((field.name, getattr(row, field.name)) for field in fields(row) if field.name not in NUMBERS | NAMES)
    return tuple(
        (name, NOTHING_BEFORE, _text(value, money=name in money))
        for name, value in found
        if value or (name in LIMITS and value is not None)
    )


def _figures(kind: str, was: Any, row: Any) -> tuple[tuple[str, str, str], ...]:
    money = MONEY.get(kind, frozenset())
    changed = (
        (field.name, getattr(was, field.name), getattr(row, field.name))
        for field in fields(row)
        if field.name not in NUMBERS
    )
    return tuple(
        (name, _text(before, money=name in money), _text(after, money=name in money))
        for name, before, after in changed
        if before != after
    )


def _text(figure: object, *, money: bool) -> str:
    return credits_text(figure) if money and isinstance(figure, int) else str(figure)

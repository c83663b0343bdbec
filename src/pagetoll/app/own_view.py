# SPDX-License-Identifier: Apache-2.0
"""The books as a caller may see them: a catalogue and a ledger with only what is his own, or that change nothing.

The restriction is here, at the port, so that no program needs to think of it: for an ordinary user the others do not
exist. He sees all printers and billing codes, himself, the users groups he is in, the quota entries of both, his own
payments and jobs. What a view does not name, it does not have.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NoReturn, TypeVar, cast

from pagetoll.core import catalogue as of
from pagetoll.core.charging import ChargeView
from pagetoll.core.jobs import ALL_ATTEMPTS, AttemptKey, HistoryFilter
from pagetoll.core.messages import _
from pagetoll.core.policy import AccountState, OwnerKind, Rule
from pagetoll.core.rights import Caller, NotAllowed, Permit
from pagetoll.core.rolling import Asking, RollingCheck, RollingRefusal, RollingUse
from pagetoll.ports import (
    AttemptRecord,
    Catalogue,
    CatalogueReader,
    CatalogueTransaction,
    Ledger,
    LegRecord,
    Note,
)

Result = TypeVar("Result")

CATALOGUE_READS = frozenset(
    {
        *("printers", "users", "groups", "printer_members", "group_members", "entries", "codes", "roles", "payments"),
        *("each_entry", "rolling_used", "dump", "count_dump"),
    }
)
LEDGER_READS = frozenset(
    {
        *("charge_view", "account_states", "attempt", "attempt_by_id", "open_attempts", "open_attempts_of_job"),
        *("job_figures", "same_document", "last_attempt_on", "readings", "drift", "rolling_uses"),
        *("history", "charges_by_user", "legs", "notes", "audit", "audit_extent", "acts", "check", "close"),
        "print_servers",
    }
)
SHARED_OWNERS = frozenset({OwnerKind.COST_CENTER, OwnerKind.EVERYONE})


def views(ledger: Ledger, catalogue: Catalogue, caller: Caller, allowed: Permit) -> tuple[Ledger, Catalogue]:
    """The ledger and the catalogue as far as the permit goes."""
    if allowed.own_only:
        return cast(Ledger, OwnLedger(ledger, caller)), cast(Catalogue, OwnCatalogue(catalogue, caller))
    if allowed.read_only:
        return (
            cast(Ledger, _Reads(ledger, LEDGER_READS, caller)),
            cast(Catalogue, _Reads(catalogue, CATALOGUE_READS, caller)),
        )
    return ledger, catalogue


class _Reads:
    """What is behind it, without all methods but these."""

    __slots__ = ("_behind", "_caller", "_names")

    def __init__(self, behind: object, names: frozenset[str], caller: Caller) -> None:
        self._behind = behind
        self._names = names
        self._caller = caller

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._names:
            raise refusal(self._caller)
        return getattr(self._behind, name)


def refusal(caller: Caller) -> NotAllowed:
    """For a change by somebody who may only look."""
    return NotAllowed(_("{name} : you are not allowed to change this; ask an administrator").format(name=caller.name))


class OwnReader:
    """A catalogue in which only what is the caller's can be looked up."""

    def __init__(self, reader: CatalogueReader, caller: Caller) -> None:
        self._reader = reader
        self._caller = caller

    def printers(self) -> Sequence[of.PrinterRow]:
        return self._reader.printers()

    def printer_members(self) -> Sequence[tuple[int, int]]:
        return self._reader.printer_members()

    def codes(self) -> Sequence[of.CodeRow]:
        return self._reader.codes()

    def users(self) -> Sequence[of.UserRow]:
        """Himself; nobody where the ledger does not know him."""
        return [row for row in self._reader.users() if row.name == self._caller.name]

    def groups(self) -> Sequence[of.GroupRow]:
        """The users groups he is in, and none for him who is in none."""
        own = frozenset(self._caller.groups)
        return [row for row in self._reader.groups() if row.name in own]

    def group_members(self) -> Sequence[tuple[int, int]]:
        """His own memberships."""
        own = {row.user_id for row in self.users()}
        return [pair for pair in self._reader.group_members() if pair[1] in own]

    def roles(self) -> Sequence[of.RoleRow]:
        return [row for row in self._reader.roles() if row.user_name == self._caller.name]

    def entries(self, selection: of.EntrySelection) -> Sequence[of.EntryRow]:
        """Those of the selection that are his own or his groups'."""
        if selection.of_members:
            return []  # they are other people's
        own = self._own_ids(selection.owner_kind)
        wanted = own if selection.owner_ids is None else own & set(selection.owner_ids)
        if not wanted:
            return []
        return self._reader.entries(replace(selection, owner_ids=tuple(sorted(wanted))))

    def _own_ids(self, kind: OwnerKind) -> set[int]:
        if kind is OwnerKind.USER:
            return {row.user_id for row in self.users()}
        if kind is OwnerKind.GROUP:
            return {row.group_id for row in self.groups()}
        return set()


class OwnTransaction(OwnReader):
    """Changes nothing but one thing that the rules would do at the caller's next job: begin his grace time."""

    def __init__(self, transaction: CatalogueTransaction, caller: Caller) -> None:
        super().__init__(transaction, caller)
        self._transaction = transaction

    def start_grace(self, account_ids: Sequence[int], delay_s: int) -> None:
        """Of his own entries and his groups' among these."""
        own = {
            row.account_id
            for kind in (OwnerKind.USER, OwnerKind.GROUP)
            for row in self.entries(of.EntrySelection(kind, None, None))
        }
        self._transaction.start_grace([number for number in account_ids if number in own], delay_s)

    def __getattr__(self, name: str) -> NoReturn:
        raise refusal(self._caller)


class OwnCatalogue(OwnReader):
    """The catalogue as an ordinary user sees it."""

    def __init__(self, catalogue: Catalogue, caller: Caller) -> None:
        super().__init__(catalogue, caller)
        self._catalogue = catalogue

    def each_entry(self, selection: of.EntrySelection) -> Iterator[of.EntryRow]:
        """Those of the selection that are his own or his groups'."""
        return iter(self.entries(selection))

    def rolling_used(self, printer_id: int, since: datetime) -> Mapping[int, tuple[int, int]]:
        """Of his own entry."""
        used = self._catalogue.rolling_used(printer_id, since)
        own = {row.account_id for row in self.entries(of.EntrySelection(OwnerKind.USER, None, (printer_id,)))}
        return {account_id: figures for account_id, figures in used.items() if account_id in own}

    def payments(self, wanted: of.PaymentFilter = of.ALL_PAYMENTS) -> Iterator[of.PaymentRow]:
        """His own."""
        if wanted.user_name not in (None, self._caller.name):
            return iter(())
        return self._catalogue.payments(replace(wanted, user_name=self._caller.name))

    def write(self, actor: str, act: str, work: Callable[[CatalogueTransaction], Result]) -> Result:
        """A transaction in which hardly anything can be changed. Raises NotAllowed."""
        caller = self._caller
        return self._catalogue.write(
            actor, act, lambda transaction: work(cast(CatalogueTransaction, OwnTransaction(transaction, caller)))
        )

    def __getattr__(self, name: str) -> NoReturn:
        raise refusal(self._caller)


class OwnLedger:
    """The ledger as an ordinary user sees it: his own jobs, and how he stands."""

    def __init__(self, ledger: Ledger, caller: Caller) -> None:
        self._ledger = ledger
        self._caller = caller

    def charge_view(
        self, printer_name: str, user_name: str, rules: dict[str, Rule], default: Rule, billing_code: str = ""
    ) -> ChargeView:
        """For himself. Raises NotAllowed for another user."""
        if user_name != self._caller.name:
            raise refusal(self._caller)
        return self._ledger.charge_view(printer_name, user_name, rules, default, billing_code)

    def rolling_uses(
        self, asking: Asking, checks: Sequence[RollingCheck]
    ) -> tuple[tuple[RollingUse, ...], RollingRefusal | None]:
        """His own. Raises NotAllowed for another user."""
        states = self.account_states([check.account_id for check in checks])
        own = {state.account_id for state in states if state.owner_kind is OwnerKind.USER}
        if asking.user_name != self._caller.name or own != {check.account_id for check in checks}:
            raise refusal(self._caller)
        return self._ledger.rolling_uses(asking, checks)

    def account_states(self, account_ids: Sequence[int]) -> Sequence[AccountState]:
        """Of these, his own, his groups', and those that belong to everybody."""
        own = {(OwnerKind.USER, self._caller.name), *((OwnerKind.GROUP, name) for name in self._caller.groups)}
        return [
            state
            for state in self._ledger.account_states(account_ids)
            if state.owner_kind in SHARED_OWNERS or (state.owner_kind, state.owner_name) in own
        ]

    def history(
        self, wanted: HistoryFilter = ALL_ATTEMPTS, *, newest_first: bool = True, limit: int | None = None
    ) -> Iterator[AttemptRecord]:
        """His own jobs."""
        if wanted.user_name not in (None, self._caller.name):
            return iter(())
        own = replace(wanted, user_name=self._caller.name)
        return self._ledger.history(own, newest_first=newest_first, limit=limit)

    def attempt(self, key: AttemptKey) -> AttemptRecord | None:
        return self._if_own(self._ledger.attempt(key))

    def attempt_by_id(self, attempt_id: int) -> AttemptRecord | None:
        return self._if_own(self._ledger.attempt_by_id(attempt_id))

    def legs(self, attempt_id: int) -> Sequence[LegRecord]:
        return self._ledger.legs(attempt_id) if self.attempt_by_id(attempt_id) is not None else []

    def notes(self, attempt_id: int) -> Sequence[Note]:
        return self._ledger.notes(attempt_id) if self.attempt_by_id(attempt_id) is not None else []

    def check(self) -> None:
        self._ledger.check()

    def close(self) -> None:
        self._ledger.close()

    def _if_own(self, record: AttemptRecord | None) -> AttemptRecord | None:
        return record if record is not None and record.facts.user_name == self._caller.name else None

    def __getattr__(self, name: str) -> NoReturn:
        raise refusal(self._caller)

# SPDX-License-Identifier: Apache-2.0
"""The catalogue on the SQL store: lookups, and administrative changes of one invocation in one transaction."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, insert, update

from pagetoll.core.catalogue import (
    ALL_PAYMENTS,
    CodeChange,
    CodeRow,
    EntryChange,
    EntryRow,
    EntrySelection,
    Figure,
    GroupRow,
    OwnerChange,
    PaymentFilter,
    PaymentRow,
    PrinterChange,
    PrinterRow,
    RoleRow,
    UserRow,
)
from pagetoll.core.dumps import DumpQuery
from pagetoll.core.policy import OwnerKind
from pagetoll.core.roles import Role
from pagetoll.ports import Catalogue, CatalogueTransaction, Clock
from pagetoll.storage.sql import catalogue_entries, catalogue_owners, catalogue_reads, cost_centers, dumps, roles
from pagetoll.storage.sql.catalogue_entries import Writing
from pagetoll.storage.sql.engine import Database
from pagetoll.storage.sql.instants import to_micros
from pagetoll.storage.sql.payments import payments
from pagetoll.storage.sql.schema import NAME_LENGTH, acts, groups, printers, users

Result = TypeVar("Result")
PAYMENTS_PAGE_ROWS = 500

_SET_EMAIL = update(users).where(users.c.id == bindparam("user")).values(email=bindparam("address"))


def open_catalogue(url: str, *, clock: Clock, busy_timeout_s: float) -> Catalogue:
    """The catalogue at `url`; connects at its first use. Raises UsageError for a URL that is none of ours."""
    return SqlCatalogue(Database.open(url, clock=clock, busy_timeout_s=busy_timeout_s))


class SqlCatalogue:
    """Catalogue of `ports` on a Database. Reads see one state each; writes are durable when they return."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, actor: str, act: str, work: Callable[[CatalogueTransaction], Result]) -> Result:
        write_id = secrets.token_hex(16)
        now = self._database.now_micros()
        actor_name = actor[:NAME_LENGTH]

        def run(connection: Connection) -> Result:
            result = work(SqlCatalogueTransaction(Writing(connection, now, actor_name, write_id)))
            connection.execute(insert(acts).values(at=now, actor=actor_name, text=act))
            return result

        return self._database.write(run)

    def printers(self) -> Sequence[PrinterRow]:
        return self._database.read(catalogue_reads.read_printers)

    def users(self) -> Sequence[UserRow]:
        return self._database.read(catalogue_reads.read_users)

    def groups(self) -> Sequence[GroupRow]:
        return self._database.read(catalogue_reads.read_groups)

    def printer_members(self) -> Sequence[tuple[int, int]]:
        return self._database.read(catalogue_reads.read_printer_members)

    def group_members(self) -> Sequence[tuple[int, int]]:
        return self._database.read(catalogue_reads.read_group_members)

    def entries(self, selection: EntrySelection) -> Sequence[EntryRow]:
        return self._database.read(lambda connection: catalogue_reads.read_entries(connection, selection))

    def codes(self) -> Sequence[CodeRow]:
        return self._database.read(cost_centers.read_codes)

    def roles(self) -> Sequence[RoleRow]:
        return self._database.read(roles.read_roles)

    def payments(self, wanted: PaymentFilter = ALL_PAYMENTS) -> Iterator[PaymentRow]:
        return payments(self._database, wanted, PAYMENTS_PAGE_ROWS)

    def each_entry(self, selection: EntrySelection) -> Iterator[EntryRow]:
        return catalogue_reads.each_entry(self._database, selection)

    def rolling_used(self, printer_id: int, since: datetime) -> Mapping[int, tuple[int, int]]:
        # With all that checks jobs, which few commands need.
        from pagetoll.storage.sql.rolling import rolling_used

        return self._database.read(lambda connection: rolling_used(connection, printer_id, to_micros(since)))

    def dump(self, query: DumpQuery) -> Iterator[Sequence[Any]]:
        return dumps.dumped(self._database, query)

    def count_dump(self, query: DumpQuery) -> int:
        return dumps.counted(self._database, query)


class SqlCatalogueTransaction:
    """CatalogueTransaction of `ports`: the same lookups, and the changes, on one connection."""

    def __init__(self, writing: Writing) -> None:
        self._writing = writing
        self._connection = writing.connection

    def printers(self) -> Sequence[PrinterRow]:
        return catalogue_reads.read_printers(self._connection)

    def users(self) -> Sequence[UserRow]:
        return catalogue_reads.read_users(self._connection)

    def groups(self) -> Sequence[GroupRow]:
        return catalogue_reads.read_groups(self._connection)

    def printer_members(self) -> Sequence[tuple[int, int]]:
        return catalogue_reads.read_printer_members(self._connection)

    def group_members(self) -> Sequence[tuple[int, int]]:
        return catalogue_reads.read_group_members(self._connection)

    def entries(self, selection: EntrySelection) -> Sequence[EntryRow]:
        return catalogue_reads.read_entries(self._connection, selection)

    def codes(self) -> Sequence[CodeRow]:
        return cost_centers.read_codes(self._connection)

    def roles(self) -> Sequence[RoleRow]:
        return roles.read_roles(self._connection)

    def add_printers(self, names: Sequence[str]) -> None:
        catalogue_owners.add_named(self._writing, printers, names)

    def change_printers(self, printer_ids: Sequence[int], change: PrinterChange) -> None:
        catalogue_owners.change_rows(self._writing, printers, printer_ids, change)

    def join_printer_group(self, group_id: int, printer_ids: Sequence[int]) -> None:
        catalogue_owners.join_printer_group(self._writing, group_id, printer_ids)

    def leave_printer_group(self, group_id: int, printer_ids: Sequence[int]) -> None:
        catalogue_owners.leave_printer_group(self._writing, group_id, printer_ids)

    def delete_printers(self, printer_ids: Sequence[int]) -> None:
        catalogue_owners.delete_printers(self._writing, printer_ids)

    def add_users(self, names: Sequence[str]) -> None:
        catalogue_owners.add_named(self._writing, users, names)
        catalogue_owners.open_credit_accounts(self._writing, OwnerKind.USER, names)

    def change_users(self, user_ids: Sequence[int], change: OwnerChange) -> None:
        catalogue_owners.change_rows(self._writing, users, user_ids, change)

    def set_emails(self, emails: Sequence[tuple[int, str]]) -> None:
        rows = [{"user": user_id, "address": email} for user_id, email in emails]
        if rows:
            self._connection.execute(_SET_EMAIL, rows)

    def book_payments(self, user_ids: Sequence[int], balance: Figure, comment: str) -> None:
        catalogue_entries.book_payments(self._writing, user_ids, balance, comment)

    def delete_users(self, user_ids: Sequence[int]) -> None:
        catalogue_owners.delete_users(self._writing, user_ids)

    def add_groups(self, names: Sequence[str]) -> None:
        catalogue_owners.add_named(self._writing, groups, names)
        catalogue_owners.open_credit_accounts(self._writing, OwnerKind.GROUP, names)

    def change_groups(self, group_ids: Sequence[int], change: OwnerChange) -> None:
        catalogue_owners.change_rows(self._writing, groups, group_ids, change)

    def join_group(self, group_id: int, user_ids: Sequence[int]) -> None:
        catalogue_owners.join_group(self._writing, group_id, user_ids)

    def leave_group(self, group_id: int, user_ids: Sequence[int]) -> None:
        catalogue_owners.leave_group(self._writing, group_id, user_ids)

    def delete_groups(self, group_ids: Sequence[int]) -> None:
        catalogue_owners.delete_groups(self._writing, group_ids)

    def ensure_entries(self, selection: EntrySelection) -> EntrySelection:
        return catalogue_entries.ensure_entries(self._writing, selection)

    def change_entries(self, selection: EntrySelection, change: EntryChange) -> None:
        catalogue_entries.change_entries(self._writing, selection, change)

    def start_grace(self, account_ids: Sequence[int], delay_s: int) -> None:
        catalogue_entries.start_grace(self._writing, account_ids, delay_s)

    def delete_entries(self, selection: EntrySelection) -> None:
        catalogue_entries.delete_entries(self._writing, selection)

    def add_codes(self, names: Sequence[str]) -> None:
        cost_centers.add_codes(self._connection, names, self._writing.now)

    def change_codes(self, code_ids: Sequence[int], change: CodeChange) -> None:
        cost_centers.change_codes(self._writing, code_ids, change)

    def reset_codes(self, code_ids: Sequence[int], reason: str = "") -> None:
        cost_centers.reset_codes(self._writing, code_ids, reason)

    def delete_codes(self, code_ids: Sequence[int]) -> None:
        cost_centers.delete_codes(self._writing, code_ids)

    def grant_role(self, user_names: Sequence[str], role: Role) -> None:
        roles.grant_role(self._writing, user_names, role)

    def revoke_role(self, user_names: Sequence[str], role: Role) -> None:
        roles.revoke_role(self._writing, user_names, role)

# SPDX-License-Identifier: Apache-2.0
"""A ledger with a few owners and short words for what jobs do with it, for the worked stories."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from pagetoll.app import refunds
from pagetoll.app.codes import CodeOrder, save_codes
from pagetoll.app.quotas import EntryOrder, save_entries
from pagetoll.core.catalogue import CodeChange, EntryChange, EntrySelection, Figure, OwnerChange, PrinterChange
from pagetoll.core.charging import ChargeView, Plan, plan
from pagetoll.core.jobs import AttemptKey, ChargeRule, Identified, JobKey, Outcome, Ticket
from pagetoll.core.money import Unit, micros
from pagetoll.core.policy import ALLOWED, AccountState, Enforcement, LimitBy, OwnerKind, Rule
from pagetoll.core.pricing import tariff_from_json
from pagetoll.ports import AttemptFacts, CatalogueReader, CatalogueTransaction, Clock, Note, Reserved, Settlement
from pagetoll.storage.ldap.stores import open_database
from pagetoll.storage.sql.accounts import accounts_named, state_of
from pagetoll.storage.sql.catalogue import SqlCatalogue
from pagetoll.storage.sql.engine import Database
from pagetoll.storage.sql.ledger import SqlLedger
from pagetoll.storage.sql.schema import accounts

Result = TypeVar("Result")

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
STRICT = Rule()
LAXIST = Rule(enforcement=Enforcement.LAXIST)


class SettableClock:
    def __init__(self) -> None:
        self.now = MONDAY

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


def opened(url: str, *, clock: Clock, busy_timeout_s: float) -> Database:
    """The database behind a ledger's URL."""
    if url.startswith("ldap"):
        return open_database(url, clock=clock, busy_timeout_s=busy_timeout_s)
    return Database.open(url, clock=clock, busy_timeout_s=busy_timeout_s)


class Books:
    """One database; names stand for rows."""

    def __init__(self, url: str, *, busy_timeout_s: float = 10.0, first_job: int = 1) -> None:
        self.url = url
        self.clock = SettableClock()
        self.database = opened(url, clock=self.clock, busy_timeout_s=busy_timeout_s)
        self.ledger = SqlLedger(self.database)
        self.catalogue = SqlCatalogue(self.database)
        self.rule = STRICT
        self._numbers = itertools.count(first_job)

    # --- who and where

    def change(self, work: Callable[[CatalogueTransaction], Result]) -> Result:
        """What an administrator does, in one transaction."""
        return self.catalogue.write("root", "test", work)

    def printer(self, name: str = "hp", *, page: str = "0", job: str = "0", below: str = "") -> None:
        prices = PrinterChange(
            price_per_impression=micros(Decimal(page)),
            price_per_job=micros(Decimal(job)),
        )

        def add(transaction: CatalogueTransaction) -> None:
            transaction.add_printers([name])
            transaction.change_printers([printer_id(transaction, name)], prices)
            if below:
                transaction.join_printer_group(printer_id(transaction, below), [printer_id(transaction, name)])

        self.change(add)

    def user(
        self,
        name: str = "anna",
        *,
        balance: str = "0",
        limitby: LimitBy = LimitBy.QUOTA,
        overcharge: str = "1",
        groups_of: tuple[str, ...] = (),
    ) -> None:
        def add(transaction: CatalogueTransaction) -> None:
            transaction.add_users([name])
            (mine,) = owner_ids(transaction, OwnerKind.USER, name)
            transaction.change_users([mine], OwnerChange(limitby=limitby, overcharge=micros(Decimal(overcharge))))
            transaction.book_payments([mine], Figure(micros(Decimal(balance)), relative=True), "start")
            for group in groups_of:
                transaction.join_group(*owner_ids(transaction, OwnerKind.GROUP, group), [mine])

        self.change(add)

    def group(self, name: str = "staff", *, limitby: LimitBy = LimitBy.QUOTA) -> None:
        def add(transaction: CatalogueTransaction) -> None:
            transaction.add_groups([name])
            transaction.change_groups(owner_ids(transaction, OwnerKind.GROUP, name), OwnerChange(limitby=limitby))

        self.change(add)

    def entry(
        self,
        owner: str = "anna",
        printer: str = "hp",
        *,
        soft: int | None = None,
        hard: int | None = None,
        of_group: bool = False,
    ) -> int:
        """The account of the entry; limits are set only where it is new."""
        kind = OwnerKind.GROUP if of_group else OwnerKind.USER

        def add(transaction: CatalogueTransaction) -> int:
            wanted = EntrySelection(kind, owner_ids(transaction, kind, owner), (printer_id(transaction, printer),))
            new = transaction.ensure_entries(wanted)
            transaction.change_entries(new, EntryChange(soft_limit=soft, hard_limit=hard))
            return transaction.entries(wanted)[0].account_id

        return self.change(add)

    def join(self, group: str, user: str) -> None:
        self.change(lambda t: t.join_group(*owner_ids(t, OwnerKind.GROUP, group), owner_ids(t, OwnerKind.USER, user)))

    def leave(self, group: str, user: str) -> None:
        self.change(
            lambda t: t.leave_group(*owner_ids(t, OwnerKind.GROUP, group), owner_ids(t, OwnerKind.USER, user))
        )

    def code(
        self, name: str = "physics", *, pages: int | None = None, soft_pages: int | None = None, money: str = ""
    ) -> None:
        """A billing code with budgets: limits of its page counter, and of the money spent."""
        spent = micros(Decimal(money)) if money else None
        budgets = CodeChange(
            soft_limit_impressions=pages if soft_pages is None else soft_pages,
            hard_limit_impressions=pages,
            soft_limit_spent=spent,
            hard_limit_spent=spent,
        )
        save_codes(self.catalogue, CodeOrder([name], add=True, change=budgets), "root", "test")

    def nest(self, above: str, below: str) -> None:
        self.change(lambda t: t.join_printer_group(printer_id(t, above), [printer_id(t, below)]))

    def damage(self, statement: str) -> None:
        """Runs SQL past all rules."""
        self.database.write(lambda c: c.exec_driver_sql(statement))

    def delete_user(self, name: str) -> None:
        self.change(lambda t: t.delete_users(owner_ids(t, OwnerKind.USER, name)))

    def delete_printer(self, name: str) -> None:
        self.change(lambda t: t.delete_printers([printer_id(t, name)]))

    def edit(self, owner: str = "anna", printer: str = "hp", *, of_group: bool = False, **order: Any) -> None:
        """What edpykota does to an entry."""
        kind = OwnerKind.GROUP if of_group else OwnerKind.USER
        save_entries(self.catalogue, EntryOrder(kind, [owner], [printer], **order), "root", "test")

    def adjust_by(self, amount: int, owner: str = "anna", printer: str = "hp") -> None:
        self.edit(owner, printer, used=Figure(amount, relative=True))

    def adjust_to(self, amount: int, owner: str = "anna", printer: str = "hp") -> None:
        self.edit(owner, printer, used=Figure(amount))

    def limits(self, *, soft: int | None, hard: int | None) -> None:
        self.edit(change=EntryChange(soft_limit=soft, hard_limit=hard))

    # --- what is on the accounts

    def account(self, account_id: int) -> AccountState:
        return self.database.read(
            lambda c: state_of(c.execute(accounts_named().where(accounts.c.id == account_id)).one())
        )

    def pages(self, owner: str = "anna", printer: str = "hp", *, of_group: bool = False) -> AccountState:
        """The open page account of an owner on a printer."""
        return self.account(self.entry(owner, printer, of_group=of_group))

    def credits(self, owner: str = "anna", *, of_group: bool = False) -> AccountState:
        kind, column = (OwnerKind.GROUP, accounts.c.group_id) if of_group else (OwnerKind.USER, accounts.c.user_id)
        credit_accounts = accounts_named().where(
            accounts.c.unit == Unit.CREDITS, column.in_(owner_ids(self.catalogue, kind, owner))
        )
        return self.database.read(lambda c: state_of(c.execute(credit_accounts).one()))

    def posted(self, owner: str = "anna", printer: str = "hp", *, of_group: bool = False) -> int:
        return self.pages(owner, printer, of_group=of_group).posted

    def balance(self, owner: str = "anna", *, of_group: bool = False) -> Decimal:
        return Decimal(self.credits(owner, of_group=of_group).posted).scaleb(-6)

    def used_by(self, code: str = "physics") -> tuple[int, Decimal]:
        """What a billing code was used for: impressions and credits."""
        (row,) = [row for row in self.catalogue.codes() if row.name == code]
        return row.page_counter, Decimal(row.spent).scaleb(-6)

    # --- what jobs do

    def view(self, user: str = "anna", printer: str = "hp", code: str = "") -> ChargeView:
        return self.ledger.charge_view(printer, user, {}, self.rule, code)

    def plan(self, impressions: int, user: str = "anna", printer: str = "hp", code: str = "") -> Plan:
        return plan(self.view(user, printer, code), impressions)

    def facts(self, user: str = "anna", printer: str = "hp", **given: object) -> AttemptFacts:
        number = next(self._numbers)
        view = self.view(user, printer)
        key = AttemptKey(JobKey("server", number, 1_770_000_000), f"{number:032x}")
        return AttemptFacts(
            **{
                "key": key,
                "ticket": ticket(user, printer),
                "identified": Identified.CLAIMED,
                "user_name": user,
                "user_id": view.user_id,
                "printer_id": view.printer_id,
                "boot_id": "boot",
                "received_at": self.clock(),
            }
            | given
        )

    def reserve(
        self, impressions: int, user: str = "anna", printer: str = "hp", code: str = ""
    ) -> tuple[AttemptKey, Reserved]:
        facts = self.facts(user, printer, **({"ticket": ticket(user, printer, code)} if code else {}))
        return facts.key, self.ledger.reserve(facts, self.plan(impressions, user, printer, code), ALLOWED, ())

    def hold(self, impressions: int, user: str = "anna", printer: str = "hp", code: str = "") -> AttemptKey:
        return self.reserve(impressions, user, printer, code)[0]

    def settle(
        self, key: AttemptKey, impressions: int, *, price: str | None = None, outcome: Outcome = Outcome.COMPLETED
    ) -> None:
        record = self.ledger.attempt(key)
        frozen = tariff_from_json(record.tariff_json).price(impressions)
        charged = frozen if price is None else micros(Decimal(price))
        self.ledger.settle(key, settlement(impressions, charged, outcome=outcome))

    def print(self, impressions: int, user: str = "anna", printer: str = "hp", code: str = "") -> AttemptKey:
        key = self.hold(impressions, user, printer, code)
        self.settle(key, impressions)
        return key

    def refund(
        self,
        key: AttemptKey,
        *,
        impressions: int | None = None,
        price: str | None = None,
        reason: str = "paper jam",
        write_id: str = "",
    ) -> tuple[int, Decimal]:
        """What was given back: impressions and credits."""
        row = self.ledger.attempt(key)
        given = refunds.refund(
            self.ledger,
            row,
            impressions=impressions,
            price=None if price is None else micros(Decimal(price)),
            reason=reason,
            actor="root",
            at=self.clock(),
            write_id=write_id,
        )
        return given.impressions, Decimal(given.price).scaleb(-6)

    def void(self, key: AttemptKey) -> None:
        self.ledger.void(key, Outcome.VOIDED, ())

    def audit(self) -> list[str]:
        return [f"{difference.what} {difference.kept} {difference.derived}" for difference in self.ledger.audit()]

    def note(self, text: str, code: str = "test") -> Note:
        return Note(self.clock(), code, text)

    def close(self) -> None:
        self.ledger.close()


def printer_id(catalogue: CatalogueReader, name: str) -> int:
    return next(row.printer_id for row in catalogue.printers() if row.name == name)


def owner_ids(catalogue: CatalogueReader, kind: OwnerKind, name: str) -> tuple[int]:
    """The id of one user or users group, as the catalogue wants them."""
    if kind is OwnerKind.GROUP:
        return (next(row.group_id for row in catalogue.groups() if row.name == name),)
    return (next(row.user_id for row in catalogue.users() if row.name == name),)


def ticket(user: str, printer: str, code: str = "") -> Ticket:
    return Ticket(
        printer=printer,
        class_name="",
        job_originating_user_name=user,
        authenticated_user_name="",
        job_name="letter",
        copies=1,
        options={"sides": "one-sided"} | ({"job-billing": code} if code else {}),
        document_from_file=True,
        device_uri="socket://printer",
        content_type="application/pdf",
        final_content_type="printer/hp",
        raw_options="sides=one-sided",
    )


def settlement(impressions: int, price: int = 0, **given: object) -> Settlement:
    """Price in millionths."""
    return Settlement(
        **{
            "impressions": impressions,
            "media_sheets": impressions,
            "price": price,
            "rule": ChargeRule.PARSED,
            "outcome": Outcome.COMPLETED,
        }
        | given
    )

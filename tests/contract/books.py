# SPDX-License-Identifier: Apache-2.0
"""A ledger with a few owners and short words for what jobs do with it, for the worked stories."""

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from pagetoll.core.charging import ChargeView, Plan, plan
from pagetoll.core.jobs import AttemptKey, ChargeRule, Identified, JobKey, Outcome, Ticket
from pagetoll.core.money import Unit, micros
from pagetoll.core.policy import ALLOWED, AccountState, Enforcement, LimitBy, OwnerKind, Rule
from pagetoll.core.pricing import tariff_from_json
from pagetoll.ports import AttemptFacts, Note, Reserved, Settlement
from pagetoll.storage.sql import adjust, owners
from pagetoll.storage.sql.accounts import accounts_named, open_account, open_account_id, state_of
from pagetoll.storage.sql.engine import Database
from pagetoll.storage.sql.ledger import SqlLedger
from pagetoll.storage.sql.schema import accounts, groups, printers, users

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


class Books:
    """One database; names stand for rows."""

    def __init__(self, url: str, *, busy_timeout_s: float = 10.0) -> None:
        self.url = url
        self.clock = SettableClock()
        self.database = Database.open(url, clock=self.clock, busy_timeout_s=busy_timeout_s)
        self.ledger = SqlLedger(self.database)
        self.rule = STRICT
        self._numbers = itertools.count(1)

    # --- who and where

    def printer(
        self, name: str = "hp", *, page: str = "0", job: str = "0", below: str = "", **columns: object
    ) -> None:
        def add(connection):
            printer_id = owners.add_printer(
                connection,
                name,
                1,
                price_per_impression=micros(Decimal(page)),
                price_per_job=micros(Decimal(job)),
                **columns,
            )
            if below:
                owners.join_printer_group(connection, owners.live_id(connection, printers, below), printer_id)

        self.database.write(add)

    def user(
        self,
        name: str = "anna",
        *,
        balance: str = "0",
        limitby: LimitBy = LimitBy.QUOTA,
        overcharge: str = "1",
        groups_of: tuple[str, ...] = (),
    ) -> None:
        def add(connection):
            user_id = owners.add_user(
                connection, name, 1, limitby=limitby.value, overcharge=micros(Decimal(overcharge))
            )
            credit_id = open_account_id(connection, OwnerKind.USER, user_id, Unit.CREDITS, None)
            paid = micros(Decimal(balance))
            if paid:
                adjust.adjust_by(connection, credit_id, paid, paid, write_id=f"start-{name}", now=1, kind="payment")
            for group in groups_of:
                owners.join_group(connection, owners.live_id(connection, groups, group), user_id)

        self.database.write(add)

    def group(self, name: str = "staff", *, limitby: LimitBy = LimitBy.QUOTA) -> None:
        self.database.write(lambda connection: owners.add_group(connection, name, 1, limitby=limitby.value))

    def entry(
        self, owner: str = "anna", printer: str = "hp", *, soft: int | None = None, hard: int | None = None,
        of_group: bool = False, **columns: int | None,
    ) -> int:  # fmt: skip
        kind, table = (OwnerKind.GROUP, groups) if of_group else (OwnerKind.USER, users)

        def add(connection):
            return open_account(
                connection, kind, owners.live_id(connection, table, owner), Unit.IMPRESSIONS,
                owners.live_id(connection, printers, printer), 1, soft_limit=soft, hard_limit=hard, **columns,
            )  # fmt: skip

        return self.database.write(add)

    def join(self, group: str, user: str) -> None:
        self.database.write(
            lambda c: owners.join_group(c, owners.live_id(c, groups, group), owners.live_id(c, users, user))
        )

    def leave(self, group: str, user: str) -> None:
        self.database.write(
            lambda c: owners.leave_group(c, owners.live_id(c, groups, group), owners.live_id(c, users, user))
        )

    def nest(self, above: str, below: str) -> None:
        self.database.write(
            lambda c: owners.join_printer_group(
                c, owners.live_id(c, printers, above), owners.live_id(c, printers, below)
            )
        )

    def damage(self, statement: str) -> None:
        """Runs SQL past all rules."""
        self.database.write(lambda c: c.exec_driver_sql(statement))

    def delete_user(self, name: str) -> None:
        self.database.write(lambda c: owners.delete_user(c, owners.live_id(c, users, name), 2))

    def delete_printer(self, name: str) -> None:
        self.database.write(lambda c: owners.delete_printer(c, owners.live_id(c, printers, name), 2))

    # --- what is on the accounts

    def account(self, account_id: int) -> AccountState:
        return self.database.read(
            lambda c: state_of(c.execute(accounts_named().where(accounts.c.id == account_id)).one())
        )

    def pages(self, owner: str = "anna", printer: str = "hp", *, of_group: bool = False) -> AccountState:
        """The open page account of an owner on a printer."""
        return self.account(self.entry(owner, printer, of_group=of_group))

    def credits(self, owner: str = "anna", *, of_group: bool = False) -> AccountState:
        kind, table = (OwnerKind.GROUP, groups) if of_group else (OwnerKind.USER, users)

        def find(connection):
            owner_id = owners.live_id(connection, table, owner)
            return open_account_id(connection, kind, owner_id, Unit.CREDITS, None)

        return self.account(self.database.read(find))

    def posted(self, owner: str = "anna", printer: str = "hp", *, of_group: bool = False) -> int:
        return self.pages(owner, printer, of_group=of_group).posted

    def balance(self, owner: str = "anna", *, of_group: bool = False) -> Decimal:
        return Decimal(self.credits(owner, of_group=of_group).posted).scaleb(-6)

    # --- what jobs do

    def view(self, user: str = "anna", printer: str = "hp") -> ChargeView:
        return self.ledger.charge_view(printer, user, {}, self.rule)

    def plan(self, impressions: int, user: str = "anna", printer: str = "hp") -> Plan:
        return plan(self.view(user, printer), impressions)

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

    def reserve(self, impressions: int, user: str = "anna", printer: str = "hp") -> tuple[AttemptKey, Reserved]:
        facts = self.facts(user, printer)
        return facts.key, self.ledger.reserve(facts, self.plan(impressions, user, printer), ALLOWED, ())

    def hold(self, impressions: int, user: str = "anna", printer: str = "hp") -> AttemptKey:
        return self.reserve(impressions, user, printer)[0]

    def settle(self, key: AttemptKey, impressions: int, *, price: str | None = None) -> None:

        record = self.ledger.attempt(key)
        frozen = tariff_from_json(record.tariff_json).price(impressions)
        self.ledger.settle(key, settlement(impressions, frozen if price is None else micros(Decimal(price))))

    def print(self, impressions: int, user: str = "anna", printer: str = "hp") -> AttemptKey:
        key = self.hold(impressions, user, printer)
        self.settle(key, impressions)
        return key

    def void(self, key: AttemptKey) -> None:
        self.ledger.void(key, Outcome.VOIDED, ())

    def adjust_by(self, account_id: int, amount: int, write_id: str = "") -> None:
        write = write_id or f"adjust-{next(self._numbers)}"
        self.database.write(
            lambda c: adjust.adjust_by(c, account_id, amount, amount, write_id=write, now=3, actor="root")
        )

    def adjust_to(self, account_id: int, posted: int) -> None:
        write = f"set-{next(self._numbers)}"
        self.database.write(lambda c: adjust.adjust_to(c, account_id, posted=posted, write_id=write, now=3))

    def limits(self, account_id: int, *, soft: int | None, hard: int | None) -> None:
        self.database.write(lambda c: adjust.set_limits(c, account_id, soft, hard))

    def audit(self) -> list[str]:
        return [f"{difference.what} {difference.kept} {difference.derived}" for difference in self.ledger.audit()]

    def note(self, text: str, code: str = "test") -> Note:
        return Note(self.clock(), code, text)

    def close(self) -> None:
        self.ledger.close()


def ticket(user: str, printer: str) -> Ticket:
    return Ticket(
        printer=printer,
        class_name="",
        job_originating_user_name=user,
        authenticated_user_name="",
        job_name="letter",
        copies=1,
        options={"sides": "one-sided"},
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

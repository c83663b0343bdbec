# SPDX-License-Identifier: Apache-2.0
"""Random lives of jobs, members, codes, refunds and adjustments on SQLite: the books always prove, strict limits
always hold, and no money is made or lost.
"""

import shutil
import tempfile
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from contract.books import Books
from pagetoll.app.codes import delete_codes
from pagetoll.core.errors import LimitReached, UsageError
from pagetoll.core.jobs import AttemptKey
from pagetoll.core.policy import LimitBy
from pagetoll.storage.sql.migrate import upgrade

USERS = ("anna", "bert", "cleo")
LIMITBYS = (LimitBy.QUOTA, LimitBy.BALANCE, LimitBy.NOQUOTA)
PRINTERS = ("hp", "canon")
users = st.sampled_from(USERS)
printers = st.sampled_from(PRINTERS)
CODES = ("physics", "arts")
codes = st.sampled_from(("", *CODES))
impressions = st.integers(0, 7)
HARD = 20
BUDGET = 30
PAID = Decimal(30)
GROUP_HARD = 40


class LedgerMachine(RuleBasedStateMachine):
    open_jobs = Bundle("open_jobs")
    printed = Bundle("printed")

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ledger-"))
        url = f"sqlite:///{self.folder}/pagetoll.db"
        upgrade(url)
        self.books = books = Books(url)
        self.refunds = 0
        books.printer("floor", page="0.5")
        for name in PRINTERS:
            books.printer(name, page="1", job="0.25", below="floor")
        books.group("staff")
        for name, limitby in zip(USERS, LIMITBYS, strict=True):
            books.user(name, balance=str(PAID), limitby=limitby)
            for printer in (*PRINTERS, "floor"):
                books.entry(name, printer, soft=HARD // 2, hard=HARD)
        self.own = {(user, printer): books.entry(user, printer) for user in USERS for printer in (*PRINTERS, "floor")}
        for name in CODES:
            books.code(name, pages=BUDGET)
        # A join brings what the member has, whatever this limit says; so only the users' own are asserted.
        books.entry("staff", "floor", hard=GROUP_HARD, of_group=True)

    @rule(target=open_jobs, user=users, printer=printers, amount=impressions, code=codes)
    def reserve(self, user: str, printer: str, amount: int, code: str) -> AttemptKey | None:
        try:
            return self.books.hold(amount, user, printer, code)
        except LimitReached:
            return None

    @rule(target=printed, job=consumes(open_jobs), less=st.integers(0, 3))
    def settle(self, job: AttemptKey | None, less: int) -> AttemptKey | None:
        if job is None:
            return None
        quoted = self.books.ledger.attempt(job).quoted_impressions
        for _ in range(2):
            self.books.settle(job, max(0, quoted - less))
        return job

    @rule(job=printed, amount=st.none() | impressions, price=st.none() | st.sampled_from(("0", "0.25", "1.5", "9")))
    def refund(self, job: AttemptKey | None, amount: int | None, price: str | None) -> None:
        if job is None:
            return
        self.refunds += 1
        for _ in range(2):
            with suppress(UsageError):  # more than is left
                self.books.refund(job, impressions=amount, price=price, write_id=f"refund-{self.refunds}")

    @rule(code=st.sampled_from(CODES))
    def delete_a_code_and_begin_it_anew(self, code: str) -> None:
        delete_codes(self.books.catalogue, [code], "root", "test")
        self.books.code(code, pages=BUDGET)

    @rule(job=consumes(open_jobs))
    def void(self, job: AttemptKey | None) -> None:
        if job is None:
            return
        for _ in range(2):
            self.books.void(job)

    @rule(user=users, printer=printers, amount=st.integers(-5, 0))
    def correct_downwards(self, user: str, printer: str, amount: int) -> None:
        self.books.adjust_by(amount, user, printer)

    @rule(user=users)
    def join(self, user: str) -> None:
        self.books.join("staff", user)

    @rule(user=users)
    def leave(self, user: str) -> None:
        self.books.leave("staff", user)

    @rule(hours=st.integers(1, 100))
    def time_passes(self, hours: int) -> None:
        self.books.clock.forward(hours=hours)

    @invariant()
    def the_books_prove(self) -> None:
        assert self.books.audit() == []

    @invariant()
    def no_strict_limit_is_passed(self) -> None:
        for printer in (*PRINTERS, "floor"):
            account = self.books.account(self.own["anna", printer])
            assert account.posted + account.reserved <= HARD
        bert = self.books.credits("bert")
        assert Decimal(bert.posted - bert.reserved) >= 0

        for code in CODES:
            (row,) = [row for row in self.books.catalogue.codes() if row.name == code]
            assert row.page_counter + row.reserved_impressions <= BUDGET

    @invariant()
    def no_money_is_made_or_lost(self) -> None:
        spent = dict.fromkeys(USERS, 0)
        for record in self.books.ledger.history():
            spent[record.facts.user_name] += record.charged_price - record.refunded_price
        for user in USERS:
            assert self.books.balance(user) == PAID - Decimal(spent[user]).scaleb(-6)

    @invariant()
    def what_is_reserved_belongs_to_an_open_attempt(self) -> None:
        by_user = dict.fromkeys(USERS, 0)
        for record in self.books.ledger.open_attempts():
            by_user[record.facts.user_name] += record.quoted_impressions
        for user, reserved in by_user.items():
            assert self.books.account(self.own[user, "floor"]).reserved == reserved

    def teardown(self) -> None:
        if hasattr(self, "books"):
            self.books.close()
            shutil.rmtree(self.folder)


LedgerMachine.TestCase.settings = settings(
    max_examples=8 if settings.default.derandomize else 25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestLedgerMachine = LedgerMachine.TestCase

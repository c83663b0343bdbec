# SPDX-License-Identifier: Apache-2.0
"""Random lives of jobs, members and adjustments on SQLite: the books always prove, strict limits always hold."""

import shutil
import tempfile
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from contract.books import Books
from pagetoll.core.errors import LimitReached
from pagetoll.core.jobs import AttemptKey
from pagetoll.core.policy import LimitBy
from pagetoll.storage.sql.migrate import upgrade

USERS = ("anna", "bert", "cleo")
LIMITBYS = (LimitBy.QUOTA, LimitBy.BALANCE, LimitBy.NOQUOTA)
PRINTERS = ("hp", "canon")
users = st.sampled_from(USERS)
printers = st.sampled_from(PRINTERS)
impressions = st.integers(0, 7)
HARD = 20
GROUP_HARD = 40


class LedgerMachine(RuleBasedStateMachine):
    open_jobs = Bundle("open_jobs")

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ledger-"))
        url = f"sqlite:///{self.folder}/pagetoll.db"
        upgrade(url)
        self.books = books = Books(url)
        books.printer("floor", page="0.5")
        for name in PRINTERS:
            books.printer(name, page="1", job="0.25", below="floor")
        books.group("staff")
        for name, limitby in zip(USERS, LIMITBYS, strict=True):
            books.user(name, balance="30", limitby=limitby)
            for printer in (*PRINTERS, "floor"):
                books.entry(name, printer, soft=HARD // 2, hard=HARD)
        self.own = {(user, printer): books.entry(user, printer) for user in USERS for printer in (*PRINTERS, "floor")}
        # A join brings what the member has, whatever this limit says; so only the users' own are asserted.
        books.entry("staff", "floor", hard=GROUP_HARD, of_group=True)

    @rule(target=open_jobs, user=users, printer=printers, amount=impressions)
    def reserve(self, user: str, printer: str, amount: int) -> AttemptKey | None:
        try:
            return self.books.hold(amount, user, printer)
        except LimitReached:
            return None

    @rule(job=consumes(open_jobs), less=st.integers(0, 3))
    def settle(self, job: AttemptKey | None, less: int) -> None:
        if job is None:
            return
        quoted = self.books.ledger.attempt(job).quoted_impressions
        for _ in range(2):
            self.books.settle(job, max(0, quoted - less))

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
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestLedgerMachine = LedgerMachine.TestCase

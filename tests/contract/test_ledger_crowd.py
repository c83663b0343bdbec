# SPDX-License-Identifier: Apache-2.0
"""Many processes and threads at one account, and processes that die in the middle."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from contract.books import Books, settlement
from pagetoll.core.charging import ChargeView, plan
from pagetoll.core.errors import DocumentRepeated, LimitReached
from pagetoll.core.jobs import Outcome
from pagetoll.core.policy import ALLOWED, LimitBy
from pagetoll.ports import AttemptFacts, NoCopy
from pagetoll.storage.sql.ledger import SqlLedger

# Children of fork have the modules already; each opens the database anew.
PROCESSES = multiprocessing.get_context("fork")


def a_crowded_printer(url: str, *, hard: int | None, balance: str = "0", limitby: LimitBy = LimitBy.QUOTA) -> Books:
    books = Books(url, busy_timeout_s=60)
    books.printer(page="1")
    books.group()
    books.user(balance=balance, limitby=limitby, groups_of=("staff",))
    books.entry(hard=hard)
    books.entry("staff", of_group=True)
    return books


def numbered(facts: AttemptFacts, worker: int, number: int) -> AttemptFacts:
    return replace(facts, key=replace(facts.key, nonce=f"{worker:016x}{number:016x}"))


def reserve_some(ledger: SqlLedger, facts: AttemptFacts, view: ChargeView, worker: int, tries: int) -> int:
    """How many of the tries were let through."""
    passed = 0
    for number in range(tries):
        try:
            ledger.reserve(numbered(facts, worker, number), plan(view, 1), ALLOWED, ())
            passed += 1
        except LimitReached:
            continue
    return passed


def in_processes(count: int, work: Callable[[int], int]) -> list[int]:
    results = PROCESSES.SimpleQueue()

    def run(worker: int) -> None:
        results.put(work(worker))

    processes = [PROCESSES.Process(target=run, args=(worker,), daemon=True) for worker in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * count
    return [results.get() for _ in processes]


@pytest.mark.parametrize(
    ("hard", "balance", "limitby"),
    [(50, "0", LimitBy.QUOTA), (None, "50", LimitBy.BALANCE)],
    ids=["pages", "credits"],
)
def test_64_processes_at_one_limit_never_pass_it(
    ledger_url: str, hard: int | None, balance: str, limitby: LimitBy
) -> None:
    books = a_crowded_printer(ledger_url, hard=hard, balance=balance, limitby=limitby)
    facts, view = books.facts(), books.view()
    # A forked child must not inherit open connections.
    books.close()

    def work(worker: int) -> int:
        mine = Books(ledger_url, busy_timeout_s=60)
        passed = reserve_some(mine.ledger, facts, view, worker, 2)
        mine.close()
        return passed

    assert sum(in_processes(64, work)) == 50
    assert books.pages().reserved == 50
    assert books.credits().reserved == 50_000_000
    assert books.audit() == []


def test_64_threads_at_one_limit_never_pass_it(ledger_url: str) -> None:
    books = a_crowded_printer(ledger_url, hard=50)
    facts, view = books.facts(), books.view()
    passed: list[int] = []
    threads = [
        threading.Thread(
            target=lambda worker=worker: passed.append(reserve_some(books.ledger, facts, view, worker, 2))
        )
        for worker in range(64)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(passed) == 50
    assert books.audit() == []
    books.close()


@pytest.mark.parametrize("limitby", [LimitBy.QUOTA, LimitBy.NOCHANGE], ids=["with accounts", "without"])
def test_of_8_processes_with_the_same_document_one_sets_aside(ledger_url: str, limitby: LimitBy) -> None:
    books = a_crowded_printer(ledger_url, hard=None, limitby=limitby)
    facts, view = books.facts(document_sha256="a" * 64), books.view()
    books.close()
    together = PROCESSES.Barrier(8)

    def work(worker: int) -> int:
        mine = Books(ledger_url, busy_timeout_s=60)
        copy = numbered(facts, worker, 1)
        copy = replace(copy, key=replace(copy.key, job=replace(copy.key.job, job_id=worker + 1)))
        together.wait(60)
        try:
            mine.ledger.reserve(copy, plan(view, 1), ALLOWED, (), NoCopy(books.clock()))
        except DocumentRepeated:
            return 0
        finally:
            mine.close()
        return 1

    assert sum(in_processes(8, work)) == 1
    (only,) = books.ledger.history()
    assert only.facts.document_sha256 == facts.document_sha256
    assert books.audit() == []
    books.close()


def test_the_same_attempt_reserved_and_settled_by_many_at_once_is_charged_once(ledger_url: str) -> None:
    books = a_crowded_printer(ledger_url, hard=50)
    facts, view = books.facts(), books.view()
    ids: list[int] = []

    def run() -> None:
        ids.append(books.ledger.reserve(facts, plan(view, 3), ALLOWED, ()).attempt_id)
        together.wait()
        books.ledger.settle(facts.key, settlement(3, 3_000_000))

    together = threading.Barrier(8)
    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 8
    assert len(set(ids)) == 1
    assert (books.posted(), books.pages().reserved) == (3, 0)
    assert books.audit() == []
    books.close()


def test_joins_leaves_and_adjustments_among_running_jobs_keep_the_sums(ledger_url: str) -> None:
    books = a_crowded_printer(ledger_url, hard=None)
    for name in ("bert", "cleo"):
        books.user(name, groups_of=("staff",))
        books.entry(name)
    faults: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as fault:
            faults.append(fault)

    def jobs(user: str, worker: int) -> None:
        facts, view = books.facts(user), books.view(user)
        for number in range(12):
            mine = numbered(facts, worker, number)
            books.ledger.reserve(mine, plan(view, 2), ALLOWED, ())
            if number % 3:
                books.ledger.settle(mine.key, settlement(1, 1_000_000))
            else:
                books.ledger.void(mine.key, Outcome.VOIDED, ())

    def comes_and_goes() -> None:
        for _ in range(8):
            books.leave("staff", "bert")
            books.adjust_by(1, "cleo")
            books.join("staff", "bert")

    works = [lambda u=user, w=w: jobs(u, w) for w, user in enumerate(("anna", "bert", "cleo", "anna"))]
    threads = [threading.Thread(target=guarded, args=(work,)) for work in (*works, comes_and_goes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert books.audit() == []
    assert books.posted("staff", of_group=True) == 4 * 8 + 8
    books.close()


OTHER_CONNECTIONS = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    "mysql": "SELECT count(*) FROM information_schema.processlist WHERE db = database() AND id <> connection_id()",
}


def wait_until_alone(books: Books) -> None:
    """A server finishes the last statement of a client that died; SQLite has none."""
    others = OTHER_CONNECTIONS.get(books.database.durable.dialect.name)
    if others is None:
        return
    while books.database.read(lambda connection: connection.exec_driver_sql(others).scalar_one()):
        time.sleep(0.02)


@pytest.mark.parametrize("kill_after_steps", [1, 10, 37])
def test_a_process_killed_between_or_in_its_writes_leaves_books_that_prove(
    ledger_url: str, kill_after_steps: int
) -> None:
    books = a_crowded_printer(ledger_url, hard=None)
    facts, view = books.facts(), books.view()
    books.close()
    reader, writer = os.pipe()

    def run() -> None:
        ledger = Books(ledger_url).ledger
        for number in range(1_000_000):
            mine = numbered(facts, 1, number)
            ledger.reserve(mine, plan(view, 2), ALLOWED, ())
            os.write(writer, b".")
            if number % 3 == 0:
                ledger.settle(mine.key, settlement(2, 2_000_000))
            elif number % 3 == 1:
                ledger.void(mine.key, Outcome.VOIDED, ())
            os.write(writer, b".")

    process = PROCESSES.Process(target=run, daemon=True)
    process.start()
    os.close(writer)
    for _ in range(kill_after_steps):
        assert os.read(reader, 1) == b"."
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    os.close(reader)
    wait_until_alone(books)
    assert books.audit() == []
    waiting = books.ledger.open_attempts()
    assert books.pages().reserved == 2 * len(waiting)
    for record in waiting:
        books.void(record.facts.key)
    assert books.pages().reserved == 0
    assert books.audit() == []
    books.close()

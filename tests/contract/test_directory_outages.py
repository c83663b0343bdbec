# SPDX-License-Identifier: Apache-2.0
"""A directory that is away or dies in the middle: clear errors, and each job booked once when it is back."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.books import Books, settlement
from contract.mirrors import another_print_server, neighbour, of_directory, prove, rows_in
from contract.test_ledger_crowd import a_crowded_printer, numbered
from lab.slapd import SUFFIX, SlapdServer
from pagetoll import plugins
from pagetoll.core.charging import plan
from pagetoll.core.dumps import DumpQuery, DumpType
from pagetoll.core.errors import StorageUnavailable
from pagetoll.core.policy import ALLOWED


@pytest.fixture
def server(lab_folder: Path) -> Iterator[SlapdServer]:
    """A server that a test may stop."""
    server = SlapdServer(lab_folder / "slapd")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def books(server: SlapdServer) -> Iterator[Books]:
    url = server.url(f"ou=ledger,{SUFFIX}")
    plugins.upgrade_schema(url)
    opened = a_crowded_printer(url, hard=None)
    opened.close()
    opened = neighbour(url)
    yield opened
    opened.close()


def test_without_the_directory_nothing_is_read_or_written_and_it_is_named(server: SlapdServer, books: Books) -> None:
    facts, view = books.facts(), books.view()
    before = rows_in(books)
    server.stop()
    impatient = Books(books.url, busy_timeout_s=0.5)
    for work in (
        lambda: impatient.ledger.reserve(facts, plan(view, 1), ALLOWED, ()),
        impatient.view,
        impatient.ledger.check,
        lambda: list(impatient.catalogue.dump(DumpQuery(DumpType.USERS))),
    ):
        with pytest.raises(StorageUnavailable, match=r"ledger ldap://127\.0\.0\.1:"):
            work()
    server.start()
    assert rows_in(books) == rows_in(impatient) == before
    impatient.ledger.reserve(facts, plan(view, 1), ALLOWED, ())
    assert books.pages().reserved == 1
    impatient.close()


def test_a_directory_that_is_away_is_named_without_its_password(tmp_path: Path) -> None:
    url = f"ldap://cn%3Danna:secret@127.0.0.1:1/{SUFFIX}?mirror={tmp_path}/mirror.db"
    with pytest.raises(StorageUnavailable, match=r"127\.0\.0\.1:1") as caught:
        Books(url, busy_timeout_s=2).ledger.check()
    assert "secret" not in str(caught.value)


def test_a_server_that_is_killed_among_running_jobs_books_each_once(server: SlapdServer, books: Books) -> None:
    there = another_print_server(server, books)
    facts, view = books.facts(), books.view()
    enough, jobs, workers = threading.Semaphore(0), 12, 4
    faults: list[BaseException] = []

    def run(worker: int) -> None:
        ledger = (books, there)[worker % 2].ledger
        try:
            for number in range(jobs):
                mine = numbered(facts, worker, number)
                until_it_is_there(lambda mine=mine: ledger.reserve(mine, plan(view, 2), ALLOWED, ()))
                until_it_is_there(lambda mine=mine: ledger.settle(mine.key, settlement(1, 1_000_000)))
                enough.release()
        except BaseException as fault:
            faults.append(fault)

    def until_it_is_there(write: object) -> None:
        for _ in range(100):
            try:
                write()  # type: ignore[operator]
                return
            except StorageUnavailable:
                continue
        raise AssertionError("the server does not come back")

    threads = [threading.Thread(target=run, args=(worker,)) for worker in range(workers)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        for _ in range(8):
            assert enough.acquire(timeout=60)
        server.kill()
        server.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert (books.posted(), there.pages().reserved) == (jobs * workers, 0)
    prove(books, there)
    there.close()


def test_row_entries_that_cannot_be_written_now_are_written_later(server: SlapdServer, books: Books) -> None:
    """A job does not wait for them."""
    books.print(2)
    server.stop()
    books.close()
    server.start()
    later = neighbour(books.url)
    of_directory(later).tidy()
    prove(later)
    later.close()

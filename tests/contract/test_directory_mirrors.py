# SPDX-License-Identifier: Apache-2.0
"""Several print servers on one directory: each has a mirror that may be lost, and no limit is passed anywhere."""

import os
import signal
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contract.books import Books
from contract.mirrors import another_print_server, doing, neighbour, of_directory, prove, rows_in, rows_in_entries
from contract.test_ledger_crowd import PROCESSES, a_crowded_printer, in_processes, reserve_some
from contract.test_schema import constraints
from lab.slapd import SlapdServer
from pagetoll.core.charging import plan
from pagetoll.core.dumps import DumpQuery, DumpType
from pagetoll.core.errors import SchemaMismatch
from pagetoll.core.policy import ALLOWED
from pagetoll.storage.ldap.migrate import upgrade


@pytest.fixture
def here(ldap_ledger: str) -> Iterator[Books]:
    """The books of a print server: anna may print 50 more."""
    books = a_crowded_printer(ldap_ledger, hard=50)
    yield books
    books.close()


# --- crowds


def test_threads_on_two_print_servers_never_pass_a_limit(here: Books, there: Books) -> None:
    facts, view = here.facts(), here.view()
    passed: list[int] = []

    def run(worker: int) -> None:
        passed.append(reserve_some((here, there)[worker % 2].ledger, facts, view, worker, 5))

    threads = [threading.Thread(target=run, args=(worker,)) for worker in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(passed), sum(passed)) == (16, 50)
    assert here.pages().reserved == there.pages().reserved == 50
    prove(here, there)


def test_processes_on_two_print_servers_never_pass_a_limit(slapd_server: SlapdServer, ldap_ledger: str) -> None:
    books = a_crowded_printer(ldap_ledger, hard=10)
    facts, view = books.facts(), books.view()
    books.close()
    urls = [ldap_ledger, slapd_server.with_new_mirror(ldap_ledger)]

    def work(worker: int) -> int:
        mine = Books(urls[worker % 2], busy_timeout_s=60)
        passed = reserve_some(mine.ledger, facts, view, worker, 2)
        mine.close()
        return passed

    assert sum(in_processes(8, work)) == 10
    mirrors = [Books(url) for url in urls]
    prove(*mirrors)
    for each in mirrors:
        each.close()


def test_who_is_overtaken_at_the_last_moment_decides_anew(here: Books, there: Books) -> None:
    """The other print server takes what was left between our look and our commit."""
    there.hold(50)
    there.void(next(iter(there.ledger.open_attempts())).facts.key)
    taken = iter([40, 5])

    def overtake() -> None:
        if (pages := next(taken, 0)) != 0:
            there.hold(pages)

    with doing(overtake, here, "commit", before=True):
        here.hold(5)
    assert there.pages().reserved == 50
    assert here.audit() == there.audit() == []


# --- crashes

#: At which call of the directory a process is killed, before it or after it, and whether its reserve is in the books.
DEATHS = {
    "before the directory has it": ("commit", True, False),
    "before the mirror has it": ("commit", False, True),
    "before the row entries are written": ("checkpoint", True, True),
    "when the row entries are written": ("checkpoint", False, True),
}


@pytest.mark.parametrize(("step", "before", "is_booked"), DEATHS.values(), ids=list(DEATHS))
def test_a_process_killed_at_any_step_leaves_all_or_nothing(
    slapd_server: SlapdServer, ldap_ledger: str, step: str, before: bool, is_booked: bool
) -> None:
    books = a_crowded_printer(ldap_ledger, hard=50)
    facts, view = books.facts(), books.view()
    books.close()

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def run() -> None:
        mine = Books(ldap_ledger)
        mine.view()
        with doing(die, mine, step, before=before):
            mine.ledger.reserve(facts, plan(view, 3), ALLOWED, ())
            mine.close()

    process = PROCESSES.Process(target=run, daemon=True)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    books = Books(ldap_ledger)
    assert (books.pages().reserved, len(books.ledger.open_attempts())) == ((3, 1) if is_booked else (0, 0))
    # Who asked asks again: whatever came of it, it is booked once.
    books.ledger.reserve(facts, plan(view, 3), ALLOWED, ())
    assert books.pages().reserved == 3
    there = another_print_server(slapd_server, books)
    prove(books, there)
    there.close()
    books.close()


def test_a_work_that_fails_leaves_nothing_in_mirror_or_directory(here: Books, there: Books) -> None:
    class OutOfPaper(Exception):
        pass

    before = rows_in(there)

    def work(transaction: object) -> None:
        transaction.add_users(["bert"])  # type: ignore[attr-defined]
        raise OutOfPaper

    with pytest.raises(OutOfPaper):
        here.change(work)
    assert rows_in(here) == rows_in(there) == before


# --- mirrors that are of no use


def sql(file: Path, *statements: str) -> None:
    with sqlite3.connect(file) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def delete(file: Path) -> None:
    file.unlink()


def delete_with_all_that_is_beside_it(file: Path) -> None:
    for each in file.parent.glob(f"{file.name}*"):
        each.unlink()


def fill_with_something_else(file: Path) -> None:
    file.write_text("Dear diary, " * 1000)


def cut_in_half(file: Path) -> None:
    sql(file, "PRAGMA wal_checkpoint(TRUNCATE)")
    os.truncate(file, file.stat().st_size // 2 // 4096 * 4096)


def empty(file: Path) -> None:
    os.truncate(file, 0)


def lose_a_table(file: Path) -> None:
    sql(file, "DROP TABLE accounts")


def be_of_an_older_version(file: Path) -> None:
    sql(file, "UPDATE alembic_version SET version_num = '0001'")


def be_of_another_ledger(file: Path) -> None:
    sql(file, "UPDATE mirror SET ledger_id = 'x', number = 3, commit_id = 'y'", "UPDATE accounts SET posted = 99")


def be_ahead(file: Path) -> None:
    sql(file, "UPDATE mirror SET number = number + 7, commit_id = 'y'", "UPDATE accounts SET posted = 99")


def be_another_at_the_same_commit(file: Path) -> None:
    sql(file, "UPDATE mirror SET commit_id = 'y'", "UPDATE accounts SET posted = 99")


DAMAGES = [
    delete,
    delete_with_all_that_is_beside_it,
    fill_with_something_else,
    cut_in_half,
    empty,
    lose_a_table,
    be_of_an_older_version,
    be_of_another_ledger,
    be_ahead,
    be_another_at_the_same_commit,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_mirror_that_is_of_no_use_is_made_anew(here: Books, there: Books, damage: Callable[[Path], None]) -> None:
    """Found when nobody has it open."""
    here.print(3)
    there.print(2)
    here.close()
    damage(of_directory(here).mirror.file)
    again = neighbour(here.url)
    again.print(1)
    assert again.posted() == there.posted() == 6
    prove(again, there)
    again.close()


@pytest.mark.parametrize(
    "damage", [delete, delete_with_all_that_is_beside_it, lose_a_table, be_of_another_ledger, be_ahead]
)
def test_who_has_a_mirror_open_notices_that_it_is_of_no_use(
    here: Books, there: Books, damage: Callable[[Path], None]
) -> None:
    beside = neighbour(here.url)
    beside.print(3)
    here.print(1)
    damage(of_directory(here).mirror.file)
    there.print(2)
    here.print(1)
    beside.print(1)
    assert here.posted() == there.posted() == beside.posted() == 8
    prove(here, there, beside)
    beside.close()


def test_rows_that_a_mirror_lost_are_read_anew_when_others_name_them(here: Books, there: Books) -> None:
    sql(of_directory(here).mirror.file, "DELETE FROM users", "DELETE FROM accounts")
    there.print(2)
    here.print(1)
    prove(here, there)


def test_a_mirror_is_made_anew_once_by_many_processes(ldap_ledger: str) -> None:
    books = a_crowded_printer(ldap_ledger, hard=None)
    facts, view = books.facts(), books.view()
    books.close()
    delete_with_all_that_is_beside_it(of_directory(books).mirror.file)

    def work(worker: int) -> int:
        mine = Books(ldap_ledger, busy_timeout_s=60)
        passed = reserve_some(mine.ledger, facts, view, worker, 2)
        mine.close()
        return passed

    assert sum(in_processes(6, work)) == 12
    assert books.pages().reserved == 12
    prove(books)
    books.close()


def test_a_mirror_is_for_its_owner_alone_and_has_a_ledger_s_tables(here: Books, sqlite_ledger: str) -> None:
    of_directory(here).mirror.file.unlink()
    assert here.posted() == 0
    file = of_directory(here).mirror.file.stat()
    assert (stat.S_IMODE(file.st_mode), file.st_uid) == (0o600, os.geteuid())
    assert here.database.read(constraints) == Books(sqlite_ledger).database.read(constraints)


# --- the directory


def test_a_directory_that_was_restored_from_a_backup_is_followed(
    slapd_server: SlapdServer, here: Books, there: Books
) -> None:
    there.print(4)
    there.print(1)
    before = rows_in(here)
    head = f"cn=ledger,{slapd_server.base(here.url)}"
    names = ("pagetollHead", "pagetollCommitId", "pagetollPending")
    backup = slapd_server.search(head, "-s", "base", "(objectClass=*)", *names).strip().splitlines()[1:]
    here.print(5)
    assert there.posted() == 10
    changes = "".join(
        f"replace: {name}\n" + "".join(f"{line}\n" for line in backup if line.startswith(f"{name}:")) + "-\n"
        for name in names
    )
    slapd_server.change(f"dn: {head}\nchangetype: modify\n{changes}")
    assert rows_in(here) == rows_in(there) == before
    here.print(1)
    assert there.posted() == 6
    assert here.audit() == there.audit() == []


def test_a_mirror_that_slept_long_is_brought_up_from_the_row_entries(here: Books, there: Books) -> None:
    there.view()
    here.leave("staff", "anna")
    for _ in range(15):
        here.print(1)
        here.void(here.hold(1))
    here.user("bert")
    here.delete_user("bert")
    here.user("bert")
    of_directory(here).tidy()
    assert rows_in_entries(here) == rows_in(here)
    assert len(of_directory(here).directory.head().pending) <= 8
    prove(here, there)


def test_a_ledger_of_another_version_is_refused_by_who_runs_and_who_starts(
    slapd_server: SlapdServer, here: Books
) -> None:
    head = f"cn=ledger,{slapd_server.base(here.url)}"
    slapd_server.change(
        f"dn: {head}\nchangetype: modify\nreplace: pagetollSchemaVersion\npagetollSchemaVersion: 9999\n-\n"
        "replace: pagetollHead\npagetollHead: 999\n-\nreplace: pagetollCommitId\npagetollCommitId: upgraded\n"
    )
    for books in (here, Books(here.url)):
        with pytest.raises(SchemaMismatch, match="9999"):
            books.posted()
        with pytest.raises(SchemaMismatch, match="9999"):
            books.ledger.check()
    with pytest.raises(SchemaMismatch, match="newer than this program"):
        upgrade(here.url)


def test_a_base_without_a_ledger_says_what_to_run(slapd_url: str) -> None:
    with pytest.raises(SchemaMismatch, match="run: pagetoll init"):
        Books(slapd_url).ledger.check()


def test_a_slow_reader_holds_nobody_up_and_sees_one_state(here: Books, there: Books) -> None:
    for name in ("bert", "cleo"):
        there.user(name)
    rows = here.catalogue.dump(DumpQuery(DumpType.USERS))
    first = next(iter(rows))
    here.user("dora")
    there.user("emil")
    here.void(here.hold(1))
    assert [row[1] for row in (first, *rows)] == ["anna", "bert", "cleo"]
    assert len(list(here.catalogue.dump(DumpQuery(DumpType.USERS)))) == 5

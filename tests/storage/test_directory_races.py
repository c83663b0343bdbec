# SPDX-License-Identifier: Apache-2.0
"""Many writers on one directory: each commit has a number of its own, and none is lost, whoever is killed."""

import os
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from lab.slapd import SlapdServer
from pagetoll.core.errors import StorageConflict
from storage.directories import directory, ledger, new_ledger, role

COMMITS = 100
PROGRAM = Path(__file__).with_name("committing.py")


def committing(url: str, name: str, start: Barrier) -> None:
    """Commits, again where another was faster; a checkpoint now and then."""
    made = directory(url)
    start.wait(60)
    done = 0
    while done < COMMITS:
        after = made.position()
        try:
            number = made.commit(
                after, uuid.uuid4().hex, [role(f"{name}{done}", at=after[0] + 1), role("counter", at=after[0] + 1)]
            )
        except StorageConflict:
            continue
        assert number == after[0] + 1
        done += 1
        if done % 9 == 0:
            made.checkpoint(large=False, deadline_s=None)
    made.close()


def test_two_writers_get_numbers_without_gaps_and_every_change_is_there_once(slapd_url: str):
    made = new_ledger(slapd_url)
    start = Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        for work in [pool.submit(committing, slapd_url, name, start) for name in ("anna", "bob")]:
            work.result(timeout=240)
    rows = ledger(made)
    assert made.position()[0] == 2 * COMMITS
    assert rows.pop(("roles", ("counter", "admin")))["granted_at"] == 2 * COMMITS
    assert {place[1][0] for place in rows} == {
        f"{name}{number}" for name in ("anna", "bob") for number in range(COMMITS)
    }
    assert sorted(row["granted_at"] for row in rows.values()) == list(range(1, 2 * COMMITS + 1))
    made.checkpoint(large=False, deadline_s=None)
    assert rows.items() <= ledger(made).items()


def test_checkpoints_at_once_write_every_row_as_it_is_last(slapd_url: str):
    made = new_ledger(slapd_url)
    for number in range(60):
        made.commit(
            made.position(), uuid.uuid4().hex, [role(f"user{number % 20}", by=str(number)), role(str(number))]
        )
    before = ledger(made)
    start = Barrier(3)

    def checkpoint() -> int:
        own = directory(slapd_url)
        start.wait(60)
        return own.checkpoint(large=False, deadline_s=None)

    with ThreadPoolExecutor(3) as pool:
        assert max(work.result(timeout=240) for work in [pool.submit(checkpoint) for _ in range(3)]) == 60
    assert ledger(made) == before
    assert {change.key: change.row for _number, change in made.rows_since(0)} == {
        key: row for (_table, key), row in before.items()
    }
    assert len(made.head().pending) <= 8


def test_checkpoints_of_one_process_at_once_write_every_row_as_it_is_last(slapd_url: str):
    """As a print job's and upkeep's are."""
    made = new_ledger(slapd_url)
    start = Barrier(4)

    def checkpoint(large: bool) -> None:
        start.wait(60)
        while made.position()[0] < COMMITS:
            made.checkpoint(large=large, deadline_s=60)

    def commit() -> None:
        start.wait(60)
        for number in range(COMMITS):
            rows = [role(f"user{number % 7}", by=str(number)), *(role(f"{number}-{row}") for row in range(20))]
            made.commit(made.position(), uuid.uuid4().hex, rows)

    with ThreadPoolExecutor(4) as pool:
        works = [pool.submit(commit), *(pool.submit(checkpoint, turn == 0) for turn in range(3))]
        for work in works:
            work.result(timeout=240)
    made.checkpoint(large=True, deadline_s=None)
    kept = {(change.table, change.key): change.row for _number, change in made.rows_since(0)}
    assert kept == ledger(made)


def test_of_two_checkpoints_of_one_process_at_once_the_second_finds_nothing_left(slapd_url: str):
    made = new_ledger(slapd_url)
    made.commit(made.position(), "first", [role(str(number)) for number in range(1500)])
    start = Barrier(2)

    def checkpoint() -> int:
        start.wait(60)
        return made.checkpoint(large=True, deadline_s=None)

    with ThreadPoolExecutor(2) as pool:
        assert sorted(work.result(timeout=240) for work in [pool.submit(checkpoint) for _turn in range(2)]) == [0, 1]


def test_a_writer_that_is_killed_leaves_all_it_has_confirmed(slapd_server: SlapdServer, slapd_url: str):
    made = new_ledger(slapd_url)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    confirmed = 0
    for turn in range(4):
        with subprocess.Popen(
            [sys.executable, PROGRAM, slapd_url], stdout=subprocess.PIPE, text=True, env=environment
        ) as writer:
            assert writer.stdout is not None
            for _line in range(7 + 6 * turn):
                confirmed = int(writer.stdout.readline())
            writer.kill()
            rest = writer.stdout.read().rpartition("\n")[0].split()
        confirmed = int(rest[-1]) if rest else confirmed
        # its last request may be on its way still
        numbers = sorted(row["granted_at"] for row in ledger(made).values())
        assert numbers == list(range(1, len(numbers) + 1))
        assert confirmed <= len(numbers) <= confirmed + 1

# SPDX-License-Identifier: Apache-2.0
"""Log files of any octets: line by line with bounded memory, and imported without a fault."""

import gzip
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.books import Books
from pagetoll.app.logged_jobs import Enrolling, LoggedJobs
from pagetoll.app.page_log import OddLines, first_time, take_lines
from pagetoll.config.options import Settings
from pagetoll.integrations.log_files import BrokenLog, LogFile, log_file
from pagetoll.storage.sql.migrate import upgrade
from pagetoll.wire.page_log import UsualFormats

GOOD = b"hp anna 7 [02/Mar/2026:08:00:00 +0000] total 5 - localhost title A4 one-sided"


def opened(path: Path, data: bytes, *, quiet: bool = True) -> LogFile:
    path.write_bytes(data)
    now_s = time.time() + (3600 if quiet else 0)
    return log_file(path.name, os.open(path, os.O_RDONLY), now_s, 60)


def test_lines_come_with_their_numbers_and_without_their_ends(tmp_path: Path):
    log = opened(tmp_path / "log", b"a\r\nb\n\nlast")
    assert list(log.lines(100)) == [(1, "a"), (2, "b"), (3, ""), (4, "last")]
    assert log.rewind()
    assert next(iter(log.lines(100))) == (1, "a")
    log.close()


def test_the_last_line_of_a_file_that_is_being_written_waits_for_its_end(tmp_path: Path):
    assert [text for _number, text in opened(tmp_path / "log", b"a\nhalf", quiet=False).lines(100)] == ["a"]


@pytest.mark.parametrize("packed", [False, True])
def test_a_line_of_any_length_takes_little_memory_and_is_still_too_long(tmp_path: Path, packed: bool):
    data = b"x" * 3_000_000 + b"\n" + GOOD + b"\n"
    log = opened(tmp_path / "log", gzip.compress(data) if packed else data)
    lines = list(log.lines(1000))
    assert [(number, len(text)) for number, text in lines] == [(1, 1002), (2, len(GOOD))]


def test_a_packed_file_that_ends_early_or_is_damaged_is_broken(tmp_path: Path):
    packed = gzip.compress(os.urandom(5000) + b"\n")
    for data in (packed[:-20], packed[:2000] + b"\0" * 50 + packed[2050:]):
        with pytest.raises(BrokenLog):
            list(opened(tmp_path / "log", data).lines(100))


def test_octets_that_are_no_text_become_signs_that_say_so(tmp_path: Path):
    assert list(opened(tmp_path / "log", b"\xff\xfe\0\n").lines(100)) == [(1, "\ufffd\ufffd\0")]


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    url = f"sqlite:///{tmp_path_factory.mktemp('books')}/pagetoll.db"
    upgrade(url)
    made = Books(url)
    yield made
    made.close()


_TIME = b"[02/Mar/2026:08:00:00 +0000] "
_SNIPPETS = st.sampled_from(
    [GOOD, GOOD + b"\n", b"\n", b" total ", b"2 1 ", _TIME, b"9999999999 ", b"\0", b"%p", b"- "]
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(_SNIPPETS | st.binary(max_size=40), max_size=30).map(b"".join), st.booleans())
def test_any_octets_are_imported_or_left_out_and_the_books_stay_right(
    books: Books, tmp_path: Path, data: bytes, packed: bool
):
    log = opened(tmp_path / "log", gzip.compress(data) if packed else data)
    first_time(log.lines(1000), UsualFormats())
    log.rewind()
    jobs = LoggedJobs(
        books.ledger,
        Settings(),
        "server1",
        lambda: datetime(2999, 1, 1, tzinfo=UTC),
        "page_log",
        enrolling=Enrolling(books.catalogue, "root", "test"),
    )
    odd = OddLines("log")
    take_lines(jobs, log.lines(1000), UsualFormats(), odd)
    log.close()
    tally = jobs.finish()
    filled = [line for line in data.split(b"\n") if line.decode("utf-8", "replace").strip()]
    assert tally.lines + odd.count == len(filled)
    assert books.audit() == []

# SPDX-License-Identifier: Apache-2.0
"""A dump of many jobs needs no more memory than one of ten, in every format and order."""

import os
import pty
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from cli.site import STARTED, Site, new_site

PROGRAM = "dumpykota"
MANY = 30_000
MILLION = 1_000_000
#: Far below what the rows of MANY jobs would take as Python's objects (some 90 MB), and above what buffers take.
SPREAD_KB = 14_000

COPIES = """
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})
INSERT INTO attempts ({columns}) SELECT {values} FROM attempts, numbers WHERE attempts.id = 1
"""


def multiply(site: Site, count: int) -> None:
    """Copies the first job past all rules: other numbers, titles that are long and differ."""
    with site.books() as books:
        found = books.database.read(lambda c: c.exec_driver_sql("SELECT name FROM pragma_table_info('attempts')"))
        own = {
            "nonce": "printf('%032x', n + 1000000000)",
            "job_id": "n",
            "job_name": "printf('%08d %s', (n * 7919) % 1000003, hex(zeroblob(100)))",
        }
        names = [name for (name,) in found if name != "id"]
        values = [own.get(name, name) for name in names]
        books.damage(COPIES.format(count=count, columns=", ".join(names), values=", ".join(values)))


@contextmanager
def site_with(template: Site, count: int) -> Iterator[Site]:
    with new_site(template) as site:
        site.do("pkprinters", "-a", "hp")
        site.do("pkusers", "-a", "anna")
        site.do("edpykota", "-a", "anna")
        with site.books() as books:
            books.print(2)
        multiply(site, count)
        yield site


def peak_kb(site: Site, *words: str) -> int:
    """The most memory that the program had."""
    process = subprocess.Popen(
        [*STARTED, PROGRAM, "-d", "history", *words],
        env=site.environment,
        cwd=site.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss


@pytest.fixture(scope="module")
def few(fresh_site: Site) -> Iterator[Site]:
    with site_with(fresh_site, 10) as site:
        yield site


@pytest.fixture(scope="module")
def many(fresh_site: Site) -> Iterator[Site]:
    with site_with(fresh_site, MANY) as site:
        yield site


@pytest.mark.parametrize(
    "words",
    [
        ["-f", "csv"],
        ["-f", "csv", "-O", "-title"],
        ["-f", "json", "username=a*"],
        ["-f", "xml", "-O", "+jobprice,-title"],
        ["-f", "cups11"],
        ["-f", "xlsx"],
        ["-s"],
    ],
    ids=" ".join,
)
def test_many_jobs_need_no_more_memory_than_ten(few: Site, many: Site, words: list[str]):
    assert peak_kb(many, *words) < peak_kb(few, *words) + SPREAD_KB


def test_all_rows_come_in_the_order_that_the_database_made(many: Site):
    titles = [
        line.split("\t")[12] for line in many.do(PROGRAM, "-d", "history", "-f", "tsv", "-O", "-title").splitlines()
    ]
    assert len(titles) == 1 + MANY + 1
    assert titles[1:] == sorted(titles[1:], reverse=True)
    numbers = [int(line.split("\t")[2]) for line in many.do(PROGRAM, "-d", "history", "-f", "tsv").splitlines()[1:]]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == MANY + 1


@pytest.fixture(scope="module")
def million(fresh_site: Site) -> Iterator[Site]:
    with site_with(fresh_site, MILLION) as site:
        yield site


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("words", [["-f", "csv"], ["-f", "tsv", "-O", "-title,+jobid"], ["-s"]], ids=" ".join)
def test_a_million_jobs_need_no_more_memory_than_ten(few: Site, million: Site, words: list[str]):
    assert peak_kb(million, *words) < peak_kb(few, *words) + SPREAD_KB


def test_a_long_dump_into_a_file_shows_a_bar_on_a_terminal_only(many: Site):
    ours, theirs = pty.openpty()
    words = ["-d", "history", "-f", "xlsx", "-o", str(many.folder / "jobs.xlsx")]
    process = subprocess.Popen(
        [*STARTED, PROGRAM, *words],
        env=many.environment,
        cwd=many.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    drawn = b""
    with suppress(OSError):  # EIO once the program has ended
        while part := os.read(ours, 65_536):
            drawn += part
    os.close(ours)
    assert process.wait(timeout=60) == 0
    assert re.search(rb"\r\[#* *\] +\d+ %", drawn)
    assert drawn.endswith(b"\r\x1b[K"), "wiped away in the end"
    assert many.run(PROGRAM, *words).err == ""

# SPDX-License-Identifier: Apache-2.0
"""`pagetoll import page-log`: logs of every shape, plain and packed, growing, rotated, broken; each job once."""

import gzip
import itertools
import json
import os
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.site import Site, new_site
from pagetoll.integrations.printlab.cupsd import PrivateCups
from pagetoll.integrations.printlab.processes import wait_until
from pagetoll.wire import ipp
from pagetoll.wire.page_log import MONTHS

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
OLD = "imp33 user 3769 [06/Jan/2015:08:49:05 +0100] 2 1 - 192.168.31.85 exercices8.pdf - -"


def stamp(at: datetime) -> str:
    return f"[{at.day:02}/{list(MONTHS)[at.month - 1]}/{at.year}:{at:%H:%M:%S} +0000]"


def total(job: int, impressions: int, user: str = "anna", printer: str = "hp", second: int = 0) -> str:
    at = stamp(START + timedelta(seconds=second))
    return f"{printer} {user} {job} {at} total {impressions} - localhost some title {job} A4 one-sided"


def write(site: Site, name: str, *lines: str, end: str = "\n") -> Path:
    """A log that nobody writes to any more, readable for the service's user."""
    path = site.folder / name
    text = ("\n".join(lines) + end).encode("utf-8", "surrogateescape")
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    path.chmod(0o644)
    long_ago = time.time() - 3600
    os.utime(path, (long_ago, long_ago))
    return path


def imported(site: Site, *words: str | Path) -> dict[str, int]:
    shown = site.do("pagetoll", "import", "page-log", "--json", "--server", "server1", *map(str, words))
    found = json.loads(shown)
    assert isinstance(found, dict)
    return found


def printed(site: Site, *words: str) -> list[tuple[object, ...]]:
    rows = map(json.loads, site.do("pagetoll", "report", "printed", "--json", *words).splitlines())
    return [tuple(row[name] for name in ("printer", "user", "impressions", "price")) for row in rows]


@pytest.fixture(scope="module")
def first_shop(fresh_site: Site) -> Iterator[Site]:
    """Three users may print on two printers; to be copied."""
    with new_site(fresh_site) as site:
        site.do("pagetoll", "printer", "add", "hp", "imp33", "--price-per-page", "0.10")
        site.do("pagetoll", "user", "add", "anna", "ben", "user")
        site.do("pagetoll", "quota", "add", "*", "--printer", "*")
        yield site


@pytest.fixture
def shop(first_shop: Site) -> Iterator[Site]:
    with new_site(first_shop) as site:
        yield site


def test_the_example_of_the_documentation_is_counted_once_however_often_it_is_imported(shop: Site):
    log = write(shop, "page_log", OLD)
    assert imported(shop, log) == {
        "lines": 1, "odd": 0, "ours": 0, "waiting": 0, "runs": 1, "uncharged": 0, "impressions": 1,
    }  # fmt: skip
    assert imported(shop, log)["runs"] == 0
    assert printed(shop) == [("imp33", "user", 1, "0.1")]
    assert printed(shop, "start=20150106", "end=20150106") == printed(shop)
    assert printed(shop, "start=20150107") == []
    assert shop.audit() == []


def test_a_growing_log_its_rotated_and_packed_parts_are_one_log(shop: Site):
    imported(shop, write(shop, "page_log", total(1, 4)))
    grown = [total(1, 4), total(2, 5, second=10), total(1, 6, second=300)]
    imported(shop, write(shop, "page_log", *grown))
    packed = write(shop, "page_log.1.gz", *grown)
    newer = write(shop, "page_log", total(1, 9, second=400), total(3, 1, "ben", second=500))
    assert imported(shop, newer, packed)["impressions"] == 4
    assert printed(shop) == [("hp", "anna", 14, "1.4"), ("hp", "ben", 1, "0.1")]


def test_a_log_of_this_server_is_known_by_the_name_that_the_site_gave_it(shop: Site):
    configuration = shop.home / "pagetoll.toml"
    configuration.write_text('server_name = "front desk"\n' + configuration.read_text())
    shop.do("pagetoll", "import", "page-log", "--all-queues", str(write(shop, "page_log", total(7, 3))))
    explained = json.loads(shop.do("pagetoll", "job", "explain", "--json", "7"))
    assert "front desk" in json.dumps(explained)


def test_the_logs_of_several_servers_are_one_ledger(shop: Site):
    """The same numbers, names and times on both: they are different jobs."""
    log = write(shop, "page_log", total(1, 4), total(2, 5, "ben", "imp33", 10))
    pages = [f"hp anna 1 {stamp(START)} {page} 1 - localhost some title 1 A4 one-sided" for page in range(1, 4)]
    other = write(shop, "print2", *pages, f"hp anna 1 {stamp(START)} total 3 - localhost some title 1 A4 one-sided")
    for _ in range(2):
        imported(shop, log)
        imported(shop, other, "--server", "print2")
    assert sorted(printed(shop, "--by", "printer,user")) == [
        ("hp", "anna", 7, "0.7"),
        ("imp33", "ben", 5, "0.5"),
    ]
    assert imported(shop, other, "--server", "print2")["runs"] == 0
    assert shop.audit() == []


def test_odd_lines_are_counted_and_told_with_their_numbers(shop: Site):
    odd = "hp anna 3 [99/Mar/2026:08:00:00 +0000] total 5"
    lines = [total(1, 4), "nothing of a log", odd, total(2, 99_999_999), "\udcff\udcfe\x00", "", total(4, 1)]
    log = write(shop, "page_log", *lines)
    done = shop.run("pagetoll", "import", "page-log", "--server", "server1", str(log))
    assert done.status == 0, done.err
    assert "4 lines are none of the log and were left out: 2, 3, 4, 5" in done.err
    assert printed(shop) == [("hp", "anna", 5, "0.5")]


def test_hostile_names_and_titles_are_only_text(shop: Site):
    names = ("'; DROP TABLE attempts; --", "../../etc/passwd", "\u202eanna", "a\tb", "%s{0}")
    lines = [f"hp {name} {job} {stamp(START)} total 1 - h {name} - -" for job, name in enumerate(names, 1)]
    write(shop, "page_log", *lines)
    assert imported(shop, shop.folder / "page_log") == {
        "lines": 5, "odd": 0, "ours": 0, "waiting": 0, "runs": 5, "uncharged": 5, "impressions": 0,
    }  # fmt: skip
    assert shop.audit() == []


def test_a_line_that_is_still_being_written_is_left_for_the_next_time(shop: Site):
    log = write(shop, "page_log", total(1, 4), total(2, 1), end="")
    log.touch()
    assert imported(shop, log)["lines"] == 1
    write(shop, "page_log", total(1, 4), total(2, 12), end="")
    assert imported(shop, log)["impressions"] == 12


def test_a_broken_packed_log_gives_what_stands_before_the_break(shop: Site):
    lines = [total(number, 1) for number in range(1, 2000)]
    packed = write(shop, "page_log.gz", *lines)
    packed.write_bytes(packed.read_bytes()[:-2000])
    done = shop.run("pagetoll", "import", "page-log", "--server", "server1", str(packed))
    assert done.status == 1
    assert "the rest cannot be read" in done.err
    write(shop, "page_log.gz", *lines)
    imported(shop, packed)
    assert printed(shop) == [("hp", "anna", 1999, "199.9")]


def test_a_format_of_ones_own_is_read_and_one_that_says_too_little_is_refused(shop: Site):
    log = write(shop, "page_log", f"{stamp(START)}|hp|anna|7|total|3|a | b")
    template = "%T|%p|%u|%j|%P|%C|%{job-name}"
    assert imported(shop, log, "--format", template)["impressions"] == 3
    refused = shop.run("pagetoll", "import", "page-log", "--format", "%p %u", str(log))
    assert refused.status == 2
    assert "does not say enough of a job" in refused.err


def test_missing_names_are_created_where_that_is_wanted(site: Site):
    log = write(site, "page_log", total(1, 4), total(2, 5, "ben"))
    assert imported(site, log)["uncharged"] == 2
    assert imported(site, write(site, "other", total(3, 2)), "--create")["uncharged"] == 0
    assert printed(site) == [("hp", "anna", 2, "0")]


@pytest.mark.parametrize(
    ("words", "said"),
    [((), "which files?"), (("no-such-file",), "No such file"), (("--server", "", "x"), "--server takes the name")],
)
def test_words_that_are_off_end_with_2(shared_site: Site, words: tuple[str, ...], said: str):
    done = shared_site.run("pagetoll", "import", "page-log", *words)
    assert done.status == 2
    assert said in done.err


def mixed_log(lines: int) -> tuple[list[str], int]:
    """So many lines of jobs of all shapes, mixed with each other, and how many impressions they are."""
    random_choice = random.Random(5)
    log: list[str] = []
    impressions = 0
    for job in itertools.count(1):
        if len(log) >= lines:
            return log, impressions
        at = stamp(START + timedelta(seconds=len(log)))
        head = f"hp {('anna', 'ben', 'user')[job % 3]} {job} {at}"
        shape, size = job % 4, random_choice.randint(1, 6)
        impressions += size
        if shape == 0:
            log.append(f"{head} total {size} - localhost a title {job} A4 two-sided-long-edge")
        elif shape == 1:
            log += [f"{head} {page} 1 - localhost" for page in range(1, size + 1)]
        elif shape == 2:
            log += [f"{head} {page} 1 - 10.0.0.1 t [x] - -" for page in range(1, size + 1)]
            log.append(f"{head} total {size} - 10.0.0.1 t [x] - -")
        else:
            log += [f"{head} total {size - 1} - h t - -", f"{head} total {size} - h t - -"]
    raise AssertionError("unreachable")


def test_a_hundred_thousand_mixed_lines_imported_twice_are_counted_once(shop: Site):
    log, impressions = mixed_log(100_000)
    path = write(shop, "page_log", *log)
    words = ("import", "page-log", "--json", "-s", "server1", str(path))
    first, again = (json.loads(shop.start("pagetoll", *words).communicate(timeout=300)[0]) for _ in range(2))
    assert (first["lines"], first["impressions"]) == (len(log), impressions)
    assert (again["lines"], again["runs"], again["impressions"]) == (len(log), 0, 0)
    assert sum(int(str(row[2])) for row in printed(shop)) == impressions
    assert shop.audit() == []


def test_the_log_of_a_real_scheduler_charges_each_run_of_a_job_what_it_added(
    site: Site, cups: PrivateCups, lab_folder: Path
):
    device = lab_folder / "device"
    script = ("#!/bin/sh", "[ $# = 0 ] && exit 0", "cat > /dev/null", "echo 'PAGE: 1 4' >&2", "")
    device.write_text("\n".join(script), encoding="utf-8")
    cups.install_backend("marks", device, mode=0o755)
    cups.add_queue("hp", "marks:/1")
    title = '  total 9 [x] - "quoted"  '
    job_id = cups.submit_ipp("hp", b"text", user="anna maria", title=title)
    assert cups.wait_job(job_id) is ipp.JobState.COMPLETED
    log = cups.tree.log / "page_log"
    time.sleep(1.1)
    cups.client.act_on_job(ipp.Operation.RESTART_JOB, job_id)
    wait_until(lambda: log.exists() and len(log.read_text().splitlines()) == 2, 60, "page_log")
    found = imported(site, "--create", "--settle", "0", str(log))
    assert found["odd"] == 0
    with site.books() as books:
        records = list(books.ledger.history(newest_first=False))
    assert [record.charged_impressions for record in records] == [4, 4]
    assert {record.facts.user_name for record in records} == {"anna maria"}
    assert {record.facts.ticket.job_name for record in records} == {title}

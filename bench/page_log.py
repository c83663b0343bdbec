# SPDX-License-Identifier: Apache-2.0
"""How fast a page_log is imported: lines of mixed shapes, the first time and once more, on SQLite in a new folder.

.venv/bin/python bench/page_log.py
.venv/bin/python bench/page_log.py --lines 1000000 --users 2000
"""

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from pagetoll.app.logged_jobs import Enrolling, LoggedJobs
from pagetoll.app.page_log import OddLines, take_lines
from pagetoll.config.options import Settings
from pagetoll.plugins import open_catalogue, open_ledger
from pagetoll.storage.sql.migrate import upgrade
from pagetoll.wire.page_log import UsualFormats

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def mixed_lines(count: int, users: int) -> Iterator[str]:
    """Totals, pages, both, and jobs that were run twice, of 20 printers."""
    numbers = random.Random(1)
    written = job = 0
    while written < count:
        job += 1
        at = START + timedelta(seconds=written)
        head = f"printer{job % 20} user{numbers.randrange(users)} {job} [{at:%d/%b/%Y:%H:%M:%S} +0000]"
        size = numbers.randint(1, 9)
        pages = [f"{head} {page} 1 - localhost" for page in range(1, size + 1)]
        total = [f"{head} total {size} - localhost some title {job} A4 one-sided"]
        lines = (total, pages, pages + total, [*total, *total])[job % 4]
        written += len(lines)
        yield from lines


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--users", type=int, default=500)
    given = parser.parse_args()
    log = list(enumerate(mixed_lines(given.lines, given.users), 1))
    with tempfile.TemporaryDirectory(prefix="pagetoll-bench-") as folder:
        url = f"sqlite:///{folder}/pagetoll.db"
        upgrade(url)

        def clock() -> datetime:
            return datetime.now(UTC)

        ledger = open_ledger(url, clock=clock, busy_timeout_s=10.0)
        catalogue = open_catalogue(url, clock=clock, busy_timeout_s=10.0)
        print(f"{'':<12}{'lines':>9}{'jobs':>9}{'impressions':>13}{'seconds':>9}{'lines/s':>9}")
        for name in ("first time", "once more"):
            jobs = LoggedJobs(
                ledger, Settings(), "server1", clock, "page_log", enrolling=Enrolling(catalogue, "root", "bench")
            )
            begun_s = time.perf_counter()
            take_lines(jobs, log, UsualFormats(), OddLines("log"))
            tally = jobs.finish()
            took_s = time.perf_counter() - begun_s
            figures = f"{tally.lines:>9}{tally.runs:>9}{tally.impressions:>13}"
            print(f"{name:<12}{figures}{took_s:>9.1f}{tally.lines / took_s:>9.0f}")
        ledger.close()


if __name__ == "__main__":
    main()

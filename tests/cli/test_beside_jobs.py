# SPDX-License-Identifier: Apache-2.0
"""Administrators' commands run in a loop beside jobs that are booked by several processes: nothing is lost."""

import multiprocessing
from dataclasses import replace
from decimal import Decimal

from cli.site import Site
from contract.books import Books
from pagetoll.core.policy import ALLOWED

PROCESSES = 4
JOBS_EACH = 250
IMPRESSIONS = 2
PRICE = Decimal("0.01")
USERS = ("anna", "bert")


def book_jobs(url: str, process: int) -> None:
    """Reserves and settles jobs of both users by turns."""
    books = Books(url, busy_timeout_s=60.0)
    try:
        for number in range(JOBS_EACH):
            user = USERS[number % 2]
            facts = books.facts(user)
            key = replace(facts.key, nonce=f"{process:02x}{number:030x}")
            books.ledger.reserve(replace(facts, key=key), books.plan(IMPRESSIONS, user), ALLOWED, ())
            books.settle(key, IMPRESSIONS)
    finally:
        books.close()


def test_no_page_and_no_cent_is_lost_beside_pkusers_and_edpykota(site: Site):
    (site.home / "pagetoll.toml").write_text("busy_timeout_s = 60\n")  # no writer has a place in a queue
    site.do("pkprinters", "-a", "-c", str(PRICE), "hp")
    site.do("pkusers", "-a", "-g", "staff")
    site.do("pkusers", "-a", "-b", "1000", "-i", "staff", *USERS)
    site.do("edpykota", "-a", "-S", "100000", "-H", "100000", *USERS)
    site.do("edpykota", "-a", "-g", "staff")
    context = multiprocessing.get_context("spawn")
    url = f"sqlite:///{site.home}/pagetoll.db"
    workers = [context.Process(target=book_jobs, args=(url, number)) for number in range(PROCESSES)]
    for worker in workers:
        worker.start()
    rounds = 0
    while rounds < 3 or any(worker.is_alive() for worker in workers):
        site.do("pkusers", "-e", f"anna{rounds}@example.org", "-b", "+1", "anna")
        site.do("edpykota", "-S", str(100_000 + rounds), "-H", "200000", *USERS)
        rounds += 1
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * PROCESSES
    with site.books() as books:
        each = PROCESSES * JOBS_EACH // 2 * IMPRESSIONS
        assert [books.posted(user) for user in USERS] == [each, each]
        assert books.posted("staff", of_group=True) == 2 * each
        assert books.balance("anna") == 1000 + rounds - each * PRICE
        assert books.balance("bert") == 1000 - each * PRICE
        assert books.audit() == []
    assert f"Soft limit : {100_000 + rounds - 1}" in site.do("edpykota", "-L", "anna")
    assert f"anna{rounds - 1}@example.org" in site.do("pkusers", "-L", "anna")

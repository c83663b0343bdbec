# SPDX-License-Identifier: Apache-2.0
"""Copies of one document at the same instant, on several queues: `denyduplicates` lets one of them print."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from app.print_shop import Shop, pages
from app.site_hooks import Hooks
from app.thin_caller import Caller
from pagetoll.app.printing.attempt import Attempt
from pagetoll.config.options.choices import Mode
from pagetoll.core.jobs import Outcome
from pagetoll.core.lifecycle import Command
from pagetoll.plugins import open_ledger

ALL_THERE_S = 60

Crowd = Callable[[int], list[Caller]]


@pytest.fixture
def at_once(shop: Shop) -> Iterator[Crowd]:
    """So many copies, each on another device, which all come to their reserve before one of them goes on."""
    ledger = open_ledger(shop.url, clock=shop.services.clock, busy_timeout_s=ALL_THERE_S)

    def hand_in(copies: int) -> list[Caller]:
        together = threading.Barrier(copies)

        def gather(command: Command, _attempt: Attempt) -> None:
            if command is Command.RESERVE:
                together.wait(ALL_THERE_S)

        shop.services = replace(shop.services, ledger=ledger, checkpoint=gather)
        queues = [shop.job(queue=f"hp{'2' * (copy % 2)}", uri=f"socket://device{copy}") for copy in range(copies)]
        return [shop.hand_in(job, pages(2)) for job in queues]

    before = shop.services.ledger
    yield hand_in
    before.close()


def statuses(callers: list[Caller]) -> list[int | None]:
    for caller in callers:
        caller.print()
    return sorted((caller.status for caller in callers), key=str)


def test_of_copies_at_the_same_instant_one_prints(shop: Shop, at_once: Crowd) -> None:
    shop.queue(denyduplicates=True)
    assert statuses(at_once(4)) == [0, 5, 5, 5]
    assert (shop.posted, shop.reserved, shop.audit()) == (2, 0, [])
    refused = [record for record in shop.records() if record.outcome is Outcome.REFUSED]
    assert [record.reason for record in refused] == ["account-authorization-failed"] * 3
    assert all("the same document was printed on hp" in record.decision_text for record in refused)


def test_without_the_option_all_of_them_print(shop: Shop, at_once: Crowd) -> None:
    assert statuses(at_once(3)) == [0, 0, 0]
    assert shop.posted == 6


@pytest.mark.parametrize(("says", "ended", "posted"), [("allow", [0, 0], 4), ("deny", [0, 5], 2)])
def test_the_sites_command_is_asked_about_a_copy_that_came_meanwhile(
    shop: Shop, at_once: Crowd, says: str, ended: list[int], posted: int
) -> None:
    hooks = Hooks(shop)
    shop.queue(denyduplicates=hooks.program("twice", says))
    assert statuses(at_once(2)) == ended
    assert (hooks.names(), shop.posted) == (["twice"], posted)


def test_a_queue_that_is_only_watched_lets_it_pass_and_says_so(shop: Shop, at_once: Crowd) -> None:
    shop.queue(denyduplicates=True, mode=Mode.WATCH)
    assert statuses(at_once(2)) == [0, 0]
    assert shop.posted == 4
    assert sorted(record.verdict for record in shop.records()) == ["allow", "refuse"]

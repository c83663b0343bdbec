# SPDX-License-Identifier: Apache-2.0
"""At each command of a printed job the database or the daemon is lost; every page on paper is charged exactly once.

The backend writes a line for each run of it, so that the paper is counted by itself.
"""

import contextlib
from pathlib import Path

import pytest

from app.print_shop import LOCKED_TIMEOUT_S, Shop, pages
from app.thin_caller import Caller, dead_process
from lab.way import WAY_OF_A_PRINTED_JOB
from pagetoll.core.jobs import AttemptState
from pagetoll.core.lifecycle import Command
from pagetoll.wire import frames

ENDED_WELL = frames.Ended(status=0, canceled=False, signal_number=0)
LOST = frames.Failed(sentence=b"the daemon is lost")
STARTED = WAY_OF_A_PRINTED_JOB.index(Command.WATCH_BACKEND)


def backend(shop: Shop) -> str:
    return f"cat > /dev/null; echo printed >> {paper(shop)}"


def paper(shop: Shop) -> Path:
    return shop.folder / "paper"


@pytest.fixture
def busy_timeout_s() -> float:
    return LOCKED_TIMEOUT_S


def printed_pages(shop: Shop) -> int:
    return 3 * len(paper(shop).read_text().splitlines()) if paper(shop).exists() else 0


def follow_the_protocol(shop: Shop, caller: Caller) -> None:
    """What a thin client does until its end, its daemon being lost or failing on the way."""
    message = caller.hear()
    if isinstance(message, frames.Print) and (message := get_ready(caller)) is None:
        run_to_its_end(shop, caller)
        message = caller.hear()
    if isinstance(message, frames.Exit):
        caller.status = message.status
    elif caller.backend is not None:  # after the start: the end is written down
        path = shop.folder / "journal" / f"{caller.job.arguments[1].decode()}-{caller.job.nonce}"
        messages: list[frames.Message] = [caller.job, ENDED_WELL]
        if len(caller.job.arguments) == 6:
            messages.insert(1, frames.HandedOver(document_octets=len(pages(3))))
        path.write_bytes(b"".join(frames.encode(message) for message in messages))
    caller.join()


def get_ready(caller: Caller) -> frames.Message | None:
    """Answer an order to print that was taken already; None when the backend may be started, else what came."""
    if len(caller.job.arguments) == 6:
        caller.input = caller.descriptors.pop(0)
    caller.make_pipes()
    with contextlib.suppress(BrokenPipeError):
        caller.send(frames.Starting(), caller.life[0], caller.errors[0])
    message = caller.hear()
    return None if isinstance(message, frames.Go) else message or LOST


def run_to_its_end(shop: Shop, caller: Caller) -> None:
    caller.start(backend(shop))
    assert caller.backend is not None
    caller.backend.wait()
    with contextlib.suppress(BrokenPipeError):  # the daemon may be dead by now
        caller.send(ENDED_WELL)


@pytest.mark.parametrize("file", [False, True], ids=["stdin", "file"])
@pytest.mark.parametrize("command", WAY_OF_A_PRINTED_JOB)
def test_a_database_that_is_lost_at_any_command_costs_no_page_and_charges_none_twice(
    shop: Shop, command: Command, file: bool
) -> None:
    shop.lock_at = {command}
    caller = shop.hand_in(shop.job(file=file, process=dead_process()), pages(3))
    follow_the_protocol(shop, caller)
    shop.unlock_database()
    assert bool(printed_pages(shop)) is (WAY_OF_A_PRINTED_JOB.index(command) >= STARTED)
    repaired(shop)


@pytest.mark.parametrize("file", [False, True], ids=["stdin", "file"])
@pytest.mark.parametrize("client_dies", [False, True], ids=["the client lives", "the client dies too"])
@pytest.mark.parametrize("command", WAY_OF_A_PRINTED_JOB)
def test_a_daemon_that_dies_at_any_command_costs_no_page_and_charges_none_twice(
    shop: Shop, command: Command, client_dies: bool, file: bool
) -> None:
    shop.die_at = command
    caller = shop.hand_in(shop.job(file=file, process=dead_process()), pages(3))
    if client_dies:
        if WAY_OF_A_PRINTED_JOB.index(command) >= STARTED:
            caller.get_ready()
            run_to_its_end(shop, caller)
        caller.leave()
        caller.join()
    else:
        follow_the_protocol(shop, caller)
    shop.die_at = None
    repaired(shop)


def repaired(shop: Shop) -> None:
    """After upkeep, and after another one, the books say what is on paper."""
    for _ in range(2):
        assert shop.upkeep().problems == ()
        assert shop.posted == printed_pages(shop)
        assert shop.reserved == 0
        assert shop.audit() == []
        assert shop.journal_names() == []
        assert {record.state for record in shop.records()} <= {AttemptState.CLOSED}
    assert shop.spool_names() == []

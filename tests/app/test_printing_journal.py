# SPDX-License-Identifier: Apache-2.0
"""The database goes away at each step, or the daemon was away for a whole job: booked afterwards, once."""

import os
from decimal import Decimal

import pytest

from app.print_shop import LOCKED_TIMEOUT_S, Shop, page_end, pages
from app.thin_caller import PATIENCE_S, Caller, dead_process
from pagetoll.core.jobs import AttemptState, ChargeRule, Outcome
from pagetoll.core.lifecycle import Command
from pagetoll.wire import frames

ENDED_WELL = frames.Ended(status=0, canceled=False, signal_number=0)
CANCELED = frames.Ended(status=1, canceled=True, signal_number=15)
READ_TWO_PAGES = frames.HandedOver(document_octets=page_end(2))
FAILED = frames.Ended(status=1, canceled=False, signal_number=0)


as_root = pytest.mark.skipif(os.getuid() != 0, reason="only a root client may release jobs")


@pytest.fixture
def busy_timeout_s() -> float:
    return LOCKED_TIMEOUT_S


def booked_twice(shop: Shop) -> int:
    """Run upkeep until nothing is left to do, twice; pages posted. The books must prove after each run."""
    for _ in range(2):
        report = shop.upkeep()
        assert report.problems == ()
        assert shop.audit() == []
        assert shop.journal_names() == []
    return shop.posted


# --- the database is locked by another program


@pytest.mark.parametrize("command", [Command.RESERVE, Command.START_BACKEND])
def test_a_job_that_cannot_be_put_on_record_is_not_started_and_goes_back_to_its_client(
    shop: Shop, command: Command
) -> None:
    shop.lock_at = {command}
    caller = shop.hand_in(shop.job(process=dead_process()), pages(3))
    if command is Command.START_BACKEND:
        caller.expect(frames.Print)
        caller.make_pipes()
        caller.send(frames.Starting(), caller.life[0], caller.errors[0])
    caller.conclude()
    assert "the database" in caller.failure or "locked" in caller.failure
    assert caller.status is None
    for spooled in caller.descriptors:
        assert os.pread(spooled, 1000, 0) == pages(3)
        os.close(spooled)
    assert caller.descriptors
    shop.unlock_database()
    assert booked_twice(shop) == 0
    assert shop.reserved == 0


def test_a_refusal_stays_a_refusal_when_history_cannot_be_written(shop: Shop) -> None:
    shop.lock_at = {Command.RECORD_REFUSAL}
    caller = shop.print(pages(11))
    assert caller.status == 5
    assert "10 of 10 impressions left" in caller.said[-1]


def test_a_backend_that_runs_is_followed_though_its_start_cannot_be_written(shop: Shop) -> None:
    caller = shop.hand_in(shop.job(), pages(3))
    caller.get_ready()
    shop.lock_database()
    caller.start("cat")
    assert caller.backend is not None
    caller.backend.wait(PATIENCE_S)
    caller.end()
    assert caller.status == 0
    shop.unlock_database()
    assert booked_twice(shop) == 3
    assert shop.record.charge_rule == ChargeRule.PARSED


@pytest.mark.parametrize(
    ("backend", "status", "impressions", "outcome"),
    [("cat", 0, 3, Outcome.COMPLETED), ("cat; exit 4", 4, 3, Outcome.ABORTED), ("exit 4", 4, 0, Outcome.ABORTED)],
)
def test_a_settle_that_fails_is_journaled_and_booked_once(
    shop: Shop, backend: str, status: int, impressions: int, outcome: Outcome
) -> None:
    shop.lock_at = {Command.SETTLE}
    caller = shop.print(backend=backend, document=pages(3))
    assert caller.status == status
    assert [name.partition(".")[2] for name in shop.journal_names()] == ["settlement"]
    assert shop.upkeep().problems
    shop.unlock_database()
    assert shop.posted == 0
    assert booked_twice(shop) == impressions
    assert shop.balance == Decimal(10) - impressions * Decimal("0.05")
    assert (shop.record.state, shop.record.outcome) == (AttemptState.CLOSED, outcome)
    assert shop.reserved == 0


def test_a_void_that_fails_is_journaled_and_done_once(shop: Shop) -> None:
    shop.services.devices.seize("socket://printer:9100", "another")
    caller = shop.hand_in(shop.job(), pages(3))
    caller.wait_for_word("INFO: Another job is still printing")
    shop.lock_at = {Command.VOID}
    caller.leave()
    caller.join()
    assert [name.partition(".")[2] for name in shop.journal_names()] == ["settlement"]
    shop.unlock_database()
    assert shop.reserved == 3
    assert booked_twice(shop) == 0
    assert shop.reserved == 0
    assert shop.record.outcome is Outcome.VOIDED


# --- the daemon was away, the thin client journaled


def journal(shop: Shop, job: frames.Job, *messages: frames.Message, document: bytes | None = None) -> None:
    """What a thin client writes into the journal of docs/reference/protocol.md."""
    path = shop.folder / "journal" / f"{job.arguments[1].decode()}-{job.nonce}"
    path.write_bytes(b"".join(frames.encode(message) for message in (job, *messages)))
    if document is not None:
        path.with_name(path.name + ".document").write_bytes(document)


@pytest.mark.parametrize(
    ("file", "copies", "document", "ends", "impressions", "outcome"),
    [
        pytest.param(True, 2, pages(3), (ENDED_WELL,), 6, Outcome.COMPLETED, id="a file, two copies"),
        pytest.param(False, 1, pages(3), (ENDED_WELL,), 3, Outcome.COMPLETED, id="standard input"),
        pytest.param(True, 1, pages(12), (ENDED_WELL,), 12, Outcome.COMPLETED, id="beyond the limit"),
        pytest.param(True, 1, pages(3), (), 3, Outcome.COMPLETED, id="the client died while it printed"),
        pytest.param(False, 1, pages(3), (), 3, Outcome.COMPLETED, id="the client died, standard input"),
        pytest.param(True, 1, pages(3), (FAILED,), 0, Outcome.ABORTED, id="failed"),
        pytest.param(False, 1, pages(3), (READ_TWO_PAGES, FAILED), 2, Outcome.ABORTED, id="failed on the third page"),
        pytest.param(False, 1, pages(3), (READ_TWO_PAGES, CANCELED), 2, Outcome.CANCELED, id="canceled"),
        pytest.param(True, 1, pages(3), (CANCELED,), 3, Outcome.CANCELED, id="canceled, a file"),
    ],
)  # fmt: skip
def test_a_job_printed_without_the_daemon_is_booked_once(
    shop: Shop, file: bool, copies: int, document: bytes, ends: tuple[frames.Message, ...], impressions: int,
    outcome: Outcome,
) -> None:  # fmt: skip
    journal(shop, shop.job(file=file, copies=copies, process=dead_process()), *ends, document=document)
    assert booked_twice(shop) == impressions
    assert shop.record.charge_rule == ChargeRule.UNRESERVED
    assert shop.record.outcome is outcome
    assert shop.balance == Decimal(10) - impressions * Decimal("0.05")


def test_a_job_that_still_prints_without_the_daemon_is_left_alone(shop: Shop) -> None:
    journal(shop, shop.job(file=True), document=pages(3))
    assert shop.upkeep().booked == 0
    assert len(shop.journal_names()) == 2
    assert shop.records() == []


def test_an_unknown_users_journaled_job_is_kept_in_history_uncharged(shop: Shop) -> None:
    journal(shop, shop.job(file=True, user="bert", process=dead_process()), ENDED_WELL, document=pages(3))
    assert booked_twice(shop) == 0
    assert "while Pagetoll was away" in shop.record.decision_text


def given_up_by_a_hanging_daemon(shop: Shop, die_at: Command | None) -> frames.Job:
    """A job that a daemon had got to, and that its client then printed by itself."""
    job = shop.job(process=dead_process())
    shop.services.devices.seize("socket://printer:9100", "another")
    shop.die_at = die_at
    caller = shop.hand_in(job, pages(3))
    if die_at is None:
        caller.wait_for_word("INFO: Another job is still printing")
        caller.leave()
    caller.join()
    shop.die_at = None
    return job


@pytest.mark.parametrize("die_at", [None, Command.AWAIT_DEVICE], ids=["voided", "reserved"])
def test_a_job_that_a_hanging_daemon_knew_is_booked_once_under_its_key(shop: Shop, die_at: Command | None) -> None:
    job = given_up_by_a_hanging_daemon(shop, die_at)
    journal(shop, job, frames.HandedOver(document_octets=len(pages(3))), ENDED_WELL, document=pages(3))
    assert booked_twice(shop) == 3
    assert shop.reserved == 0
    assert shop.balance == Decimal("9.85")


@pytest.mark.parametrize(("octets", "status", "impressions"), [(len(pages(3)), 0, 3), (page_end(1), 1, 2), (0, 1, 0)])
def test_the_end_that_a_client_wrote_down_settles_what_its_daemon_left(
    shop: Shop, octets: int, status: int, impressions: int
) -> None:
    job = started_under_a_daemon_that_died(shop).job
    journal(
        shop,
        job,
        frames.Started(backend_pid=1, backend_start_time_ticks=1),
        frames.HandedOver(document_octets=octets),
        frames.Ended(status=status, canceled=False, signal_number=0),
    )
    assert booked_twice(shop) == impressions
    assert shop.reserved == 0
    assert shop.record.backend_status == status


def started_under_a_daemon_that_died(shop: Shop) -> Caller:
    shop.die_at = Command.WATCH_BACKEND
    caller = shop.hand_in(shop.job(process=dead_process()), pages(3))
    caller.begin("cat")
    caller.join()
    shop.die_at = None
    return caller


def test_an_end_that_was_told_and_written_down_is_booked_once(shop: Shop) -> None:
    caller = shop.print(pages(3))
    journal(shop, caller.job, frames.HandedOver(document_octets=len(pages(3))), ENDED_WELL)
    assert booked_twice(shop) == 3


@pytest.mark.parametrize(
    "octets",
    [b"", b"\0\0", b"no frames at all, but long enough", frames.encode(frames.Beat()), b"\xff" * 64],
    ids=["empty", "cut off", "text", "no job", "huge"],
)
def test_a_broken_entry_is_set_aside_and_the_others_are_booked(shop: Shop, octets: bytes) -> None:
    journal(shop, shop.job(job_id=9, file=True, process=dead_process()), ENDED_WELL, document=pages(3))
    broken = shop.folder / "journal" / f"1-{'0' * 32}"
    broken.write_bytes(octets)
    first = shop.upkeep()
    assert any(str(broken) in problem and "by hand" in problem for problem in first.problems)
    assert booked_twice_beside(shop, broken.name + ".broken") == 3
    assert (shop.folder / "journal" / f"{broken.name}.broken").read_bytes() == octets


def booked_twice_beside(shop: Shop, kept: str) -> int:
    for _ in range(2):
        assert shop.upkeep().problems == ()
        assert shop.journal_names() == [kept]
    return shop.posted


def test_jobs_held_for_our_own_failure_are_released_once_by_a_root_client(shop: Shop) -> None:
    (shop.folder / "journal" / "held").write_text("12\t1770000000\thp\n12\t1770000000\thp\nodd\n13\t1\thp\n")
    caller = shop.hand_in(shop.job(), pages(1))
    caller.begin("cat")
    assert caller.backend is not None
    caller.backend.wait(PATIENCE_S)
    caller.send(ENDED_WELL)
    if os.getuid() == 0:
        assert caller.expect(frames.Release) == frames.Release(job_ids=(12, 13))
    caller.conclude()
    assert caller.status == 0
    if os.getuid() == 0:
        assert shop.journal_names() == []


def test_more_held_jobs_than_a_client_releases_wait_for_the_next(shop: Shop) -> None:
    held = shop.folder / "journal" / "held"
    held.write_text("".join(f"{number}\t1\thp\n" for number in range(1, 1501)))
    for expected in (range(1, 1001), range(1001, 1501)):
        caller = shop.hand_in(shop.job(), pages(1))
        caller.begin("cat")
        assert caller.backend is not None
        caller.backend.wait(PATIENCE_S)
        caller.send(ENDED_WELL)
        if os.getuid() == 0:
            assert caller.expect(frames.Release) == frames.Release(job_ids=tuple(expected))
        caller.conclude()
    assert held.exists() == (os.getuid() != 0)


def test_a_list_of_held_jobs_that_cannot_be_taken_does_not_keep_the_job(shop: Shop) -> None:
    (shop.folder / "journal" / "held").write_text("12\t1770000000\thp\n")
    job = shop.job()
    (shop.folder / "journal" / f"held.{job.nonce}").mkdir()
    caller = shop.hand_in(job, pages(1))
    caller.print()
    assert caller.status == 0


def printed_by_one_who_answers(shop: Shop) -> Caller:
    """A root client of today, up to where it is told which jobs it may release."""
    caller = shop.hand_in(shop.job(variables={"PAGETOLL_ANSWERS": "released"}), pages(1))
    caller.begin("cat")
    caller.backend_ends()
    return caller


@as_root
@pytest.mark.parametrize(
    ("released", "left"),
    [((12, 13), []), ((12,), [13]), ((), [12, 13])],
    ids=["all of them", "one of them", "none of them"],
)
def test_what_a_client_says_it_released_is_held_no_longer(
    shop: Shop, released: tuple[int, ...], left: list[int]
) -> None:
    journal_folder = shop.folder / "journal"
    (journal_folder / "held").write_text("12\t1\thp\n13\t1\thp\n")
    caller = printed_by_one_who_answers(shop)
    assert caller.expect(frames.Release) == frames.Release(job_ids=(12, 13))
    caller.send(frames.Released(job_ids=released))
    caller.conclude()
    assert caller.status == 0
    assert list(shop.services.journal.take("test")) == left


@as_root
def test_a_client_that_ends_before_it_reads_what_to_release_leaves_that_to_the_next(shop: Shop) -> None:
    (shop.folder / "journal" / "held").write_text("12\t1\thp\n13\t1\thp\n")
    caller = printed_by_one_who_answers(shop)
    caller.leave()  # what the daemon sends goes nowhere, whether it is sent before this or after
    caller.join()
    following = printed_by_one_who_answers(shop)
    assert following.expect(frames.Release) == frames.Release(job_ids=(12, 13))
    following.send(frames.Released(job_ids=(12, 13)))
    following.conclude()
    assert shop.journal_names() == []
    assert shop.posted == 2


@as_root
def test_what_a_daemon_took_that_was_killed_meanwhile_is_listed_again(shop: Shop) -> None:
    (shop.folder / "journal" / "held").write_text("12\t1\thp\n")
    assert list(shop.services.journal.take("0" * 32)) == [12]
    assert shop.journal_names() == [f"held.{'0' * 32}"]
    assert shop.upkeep().problems == ()
    assert list(shop.services.journal.take("1" * 32)) == [12]

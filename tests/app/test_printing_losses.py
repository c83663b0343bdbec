# SPDX-License-Identifier: Apache-2.0
"""What is charged when clients, daemons, backends or the database are lost in the middle."""

import contextlib
import os
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from app.print_shop import Shop, page_end, pages
from app.thin_caller import Caller, dead_process
from pagetoll.core.jobs import AttemptState, ChargeRule, Outcome
from pagetoll.core.lifecycle import Command
from pagetoll.integrations.processes import LinuxProcesses
from pagetoll.wire import frames

READ_ONE_PAGE = f"dd bs={page_end(1)} count=1 of=/dev/null 2>/dev/null; "


def charged(shop: Shop) -> tuple[int, str]:
    """Pages posted and the only attempt's rule; nothing may stay reserved, the books must prove."""
    assert shop.reserved == 0
    assert shop.audit() == []
    assert shop.record.state is AttemptState.CLOSED
    assert shop.balance == Decimal(10) - shop.posted * Decimal("0.05")
    return shop.posted, shop.record.charge_rule


def begun(shop: Shop, backend: str, **job: object) -> Caller:
    caller = shop.hand_in(shop.job(**job), pages(3))  # type: ignore[arg-type]
    caller.begin(backend)
    return caller


# --- the thin client dies


def test_a_client_that_dies_before_it_starts_the_backend_costs_nothing(shop: Shop) -> None:
    caller = shop.hand_in(shop.job(), pages(3))
    caller.expect(frames.Print)
    caller.leave()
    caller.join()
    assert charged(shop) == (0, "")
    assert shop.record.outcome is Outcome.VOIDED


def test_a_client_that_dies_while_it_waits_for_the_device_costs_nothing(shop: Shop) -> None:
    shop.services.devices.seize("socket://printer:9100", "another")
    caller = shop.hand_in(shop.job(), pages(3))
    caller.wait_for_word("INFO: Another job is still printing")
    caller.leave()
    caller.join()
    assert charged(shop) == (0, "")


def test_a_client_that_dies_without_the_life_octet_costs_nothing(shop: Shop) -> None:
    caller = shop.hand_in(shop.job(), pages(3))
    caller.get_ready()
    caller.close_writing_ends()
    caller.leave()
    caller.join()
    assert charged(shop) == (0, "")
    assert shop.record.outcome is Outcome.VOIDED


def test_a_fork_that_never_became_the_backend_costs_nothing(shop: Shop) -> None:
    caller = shop.hand_in(shop.job(), pages(3))
    caller.get_ready()
    caller.close_writing_ends()
    caller.send(frames.Ended(status=3, canceled=False, signal_number=0))
    caller.conclude()
    assert caller.status == 3
    assert charged(shop) == (0, "")


@pytest.mark.parametrize(
    ("file", "backend", "impressions", "rule"),
    [
        (False, "cat", 3, ChargeRule.SPOOL_OFFSET),
        (False, READ_ONE_PAGE, 1, ChargeRule.SPOOL_OFFSET),
        (False, "true", 0, ChargeRule.NOTHING_HANDED_OVER),
        (True, "true", 3, ChargeRule.HANDED_OVER_UNKNOWN),
    ],
)
def test_a_client_that_dies_after_the_octet_is_settled_by_what_the_backend_read(
    shop: Shop, file: bool, backend: str, impressions: int, rule: ChargeRule
) -> None:
    caller = begun(shop, backend, file=file)
    caller.leave()
    caller.join()
    assert charged(shop) == (impressions, rule)
    assert shop.record.outcome is Outcome.COMPLETED


def test_a_backend_that_outlives_its_client_is_followed_to_its_end_and_its_reports_are_read(
    shop: Shop, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    caller = begun(shop, f"read -r go <{gate}; echo PAGE: total 2 >&2", uri="ipp://printer/ipp", file=True)
    caller.leave()
    assert shop.upkeep().running == 1
    assert shop.reserved == 3
    gate.write_text("go\n")
    caller.join()
    assert charged(shop) == (2, ChargeRule.REPORTED_IMPRESSIONS)


# --- two attempts of one job


def test_a_second_run_prints_nothing_when_the_first_one_brings_it_to_paper(shop: Shop, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    first = shop.hand_in(shop.job(job_id=7), pages(3))
    first.begin(f"read -r go <{gate}; cat >/dev/null")
    second = shop.hand_in(shop.job(job_id=7), pages(3))
    second.wait_for_word("INFO: An earlier run of job 7")
    gate.write_text("go\n")
    first.end()
    second.conclude()
    assert (first.status, second.status) == (0, 0)
    assert second.backend is None
    assert charged(shop) == (3, ChargeRule.PARSED)


def test_a_second_run_prints_when_the_first_one_fails(shop: Shop, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    first = shop.hand_in(shop.job(job_id=7), pages(3))
    first.begin(f"read -r go <{gate}; exit 1")
    second = shop.hand_in(shop.job(job_id=7), pages(3))
    second.wait_for_word("INFO: An earlier run of job 7")
    gate.write_text("go\n")
    first.end()
    second.print()
    assert (first.status, second.status) == (1, 0)
    assert shop.posted == 3
    assert shop.reserved == 0
    assert len(shop.records()) == 2


def test_a_run_that_was_printed_before_is_printed_and_charged_again(shop: Shop) -> None:
    assert [shop.print(pages(3), job_id=7).status for _ in range(2)] == [0, 0]
    assert shop.posted == 6


@pytest.mark.parametrize(
    ("die_at", "posted"), [(Command.START_BACKEND, 3), (Command.WATCH_BACKEND, 6)], ids=["reserved", "started"]
)
def test_the_next_run_of_a_job_closes_what_the_dead_one_left(shop: Shop, die_at: Command, posted: int) -> None:
    shop.die_at = die_at
    dead = shop.hand_in(shop.job(job_id=7, process=dead_process()), pages(3))
    if die_at is Command.WATCH_BACKEND:
        dead.begin("cat")
        assert dead.backend is not None
        dead.backend.wait()
    dead.join()
    shop.die_at = None
    assert shop.print(pages(3), job_id=7).status == 0
    assert (shop.posted, shop.reserved) == (posted, 0)
    assert shop.audit() == []


# --- one device


def test_a_job_waits_for_another_queue_of_the_same_device(shop: Shop, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    first = begun(shop, f"read -r go <{gate}; cat >/dev/null", uri="socket://printer:9100/?a=1")
    second = shop.hand_in(shop.job(queue="hp2", uri="socket://PRINTER:9100/?a=2"), pages(2))
    second.wait_for_word("INFO: Another job is still printing")
    gate.write_text("go\n")
    first.end()
    second.print()
    assert (first.status, second.status) == (0, 0)
    assert shop.posted == 5


def test_a_device_that_is_never_free_is_used_all_the_same_after_the_longest_wait(shop: Shop) -> None:
    shop.queue(device_linger_s=0)
    shop.services.devices.seize("socket://printer:9100", "another")
    assert shop.print(pages(1)).status == 0
    assert shop.posted == 1


# --- the daemon dies


def left_by_the_daemon(shop: Shop, backend: str, **job: object) -> Caller:
    """A client whose backend was started, and whose daemon died then."""
    shop.die_at = Command.WATCH_BACKEND
    caller = begun(shop, backend, **job)
    caller.join()
    assert caller.daemon_died
    shop.die_at = None
    return caller


@pytest.mark.parametrize("stage", ["printing", "ended"])
@pytest.mark.parametrize(
    ("file", "backend", "impressions", "rule"),
    [
        (False, "cat", 3, ChargeRule.PARSED),
        (False, READ_ONE_PAGE + "exit 1", 2, ChargeRule.SPOOL_OFFSET),
        (True, "true", 3, ChargeRule.PARSED),
        (True, "exit 1", 0, ChargeRule.BACKEND_FAILED),
    ],
)
def test_the_next_daemon_adopts_the_backend_and_charges_once(
    shop: Shop, tmp_path: Path, stage: frames.Stage, file: bool, backend: str, impressions: int, rule: ChargeRule
) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    caller = left_by_the_daemon(shop, f"read -r go <{gate}; {backend}", file=file)
    assert shop.upkeep().running == 1
    if stage == "printing":
        caller.adopt(stage)
    gate.write_text("go\n")
    if stage == "ended":
        caller.adopt(stage)
        caller.conclude()
    else:
        caller.end()
    assert caller.status == int("exit 1" in backend)
    assert charged(shop) == (impressions, rule)
    assert shop.upkeep().closed == 0


def test_a_backend_whose_books_were_closed_meanwhile_is_followed_and_charged_once(shop: Shop, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    caller = left_by_the_daemon(shop, f"read -r go <{gate}; cat >/dev/null; exit 4")
    foreign = LinuxProcesses()
    foreign.boot_id = "another boot"
    closing = replace(shop.services, processes=foreign)
    shop.services, kept = closing, shop.services
    assert shop.upkeep().closed == 1
    shop.services = kept
    assert charged(shop) == (3, ChargeRule.HANDED_OVER_UNKNOWN)
    caller.adopt("printing")
    gate.write_text("go\n")
    caller.end()
    assert caller.status == 4
    assert charged(shop) == (3, ChargeRule.HANDED_OVER_UNKNOWN)


def test_a_job_sent_again_under_its_key_is_reserved_once(shop: Shop) -> None:
    shop.die_at = Command.AWAIT_DEVICE
    job = shop.job()
    first = shop.hand_in(job, pages(3))
    first.join()
    assert first.daemon_died
    assert shop.reserved == 3
    shop.die_at = None
    second = shop.hand_in(job, pages(3))
    second.print()
    assert second.status == 0
    assert charged(shop) == (3, ChargeRule.PARSED)


# --- upkeep


@pytest.mark.parametrize(
    ("die_at", "boot", "impressions", "rule"),
    [
        (Command.AWAIT_DEVICE, "", 0, ""),
        (Command.START_BACKEND, "", 0, ""),
        (Command.WATCH_BACKEND, "", 3, ChargeRule.HANDED_OVER_UNKNOWN),
        (Command.MEASURE, "", 3, ChargeRule.HANDED_OVER_UNKNOWN),
        (Command.SETTLE, "", 3, ChargeRule.HANDED_OVER_UNKNOWN),
        (Command.AWAIT_DEVICE, "another boot", 3, ChargeRule.HANDED_OVER_UNKNOWN),
        (Command.WATCH_BACKEND, "another boot", 3, ChargeRule.HANDED_OVER_UNKNOWN),
    ],
)
def test_upkeep_closes_what_dead_processes_left(
    shop: Shop, die_at: Command, boot: str, impressions: int, rule: str
) -> None:
    shop.die_at = die_at
    caller = shop.hand_in(shop.job(process=dead_process()), pages(3))
    if rule and not (boot and die_at is Command.AWAIT_DEVICE):
        caller.begin("cat")
        assert caller.backend is not None
        code = caller.backend.wait()
        with contextlib.suppress(BrokenPipeError):  # the daemon may be dead by now
            caller.send(frames.Ended(status=code, canceled=False, signal_number=0))
    caller.join()
    assert caller.daemon_died
    assert shop.reserved == 3
    if boot:
        elsewhere = LinuxProcesses()
        elsewhere.boot_id = boot
        shop.services = replace(shop.services, processes=elsewhere)
    assert shop.upkeep().closed == 1
    assert charged(shop) == (impressions, rule)
    assert "repaired" in shop.notes()
    assert shop.upkeep().closed == 0
    assert charged(shop) == (impressions, rule)


def test_upkeep_leaves_alone_whose_client_lives(shop: Shop) -> None:
    shop.die_at = Command.AWAIT_DEVICE
    caller = shop.hand_in(shop.job(), pages(3))
    caller.join()
    report = shop.upkeep()
    assert (report.running, report.closed) == (1, 0)
    assert shop.reserved == 3


def test_a_job_waits_for_a_backend_that_an_earlier_daemon_left_on_the_device(shop: Shop) -> None:
    shop.die_at = Command.WATCH_BACKEND
    orphan = shop.hand_in(shop.job(job_id=1, process=dead_process()), pages(3))
    orphan.begin("sleep 60")
    orphan.join()
    shop.die_at = None
    assert shop.upkeep().running == 1  # as the daemon does at its start
    waiting = shop.hand_in(shop.job(job_id=2), pages(2))
    waiting.wait_for_word("INFO: Another job is still printing")
    assert orphan.backend is not None
    orphan.backend.kill()
    orphan.backend.wait()
    waiting.expect(frames.Print)
    waiting.leave()
    waiting.join()

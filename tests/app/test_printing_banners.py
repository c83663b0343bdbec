# SPDX-License-Identifier: Apache-2.0
"""Banners around a job, and a device backend that is started again."""

import subprocess
from pathlib import Path

import pytest

from app.print_shop import Shop, pages
from app.site_hooks import Hooks, shell
from pagetoll.config.options import BannerShare
from pagetoll.core.accounting import OnBackendError
from pagetoll.core.jobs import Outcome
from pagetoll.wire import frames


@pytest.fixture
def banner(tmp_path: Path) -> str:
    """A banner of two pages, as a file."""
    path = tmp_path / "banner.ps"
    path.write_bytes(pages(2))
    return str(path)


@pytest.mark.parametrize(
    ("share", "charged"),
    [(BannerShare.BOTH, 7), (BannerShare.STARTING, 5), (BannerShare.ENDING, 5), (BannerShare.NONE, 3)],
)
def test_banners_go_to_the_device_and_the_accounted_ones_are_charged(
    shop: Shop, banner: str, share: BannerShare, charged: int
) -> None:
    shop.queue(startingbanner=banner, endingbanner=banner, accountbanner=share)
    caller = shop.print(pages(3))
    assert (caller.status, caller.banners) == (0, [pages(2), pages(2)])
    assert (shop.posted, shop.record.charged_impressions, shop.reserved) == (charged, charged, 0)
    assert shop.balance * 100 == 1000 - 5 * charged
    assert shop.audit() == []


def test_a_commands_output_is_the_banner_and_it_is_told_of_the_job(shop: Shop) -> None:
    line = 'printf "%%!PS\\n(%s %s %s) show showpage\\n" "$PYKOTAUSERNAME" "$PYKOTAPHASE" "$PYKOTAACTION"'
    shop.queue(startingbanner=shell(line), endingbanner=shell(line))
    caller = shop.print(pages(1))
    assert [page.splitlines()[1] for page in caller.banners] == [
        b"(anna BEFORE ALLOW) show showpage",
        b"(anna AFTER ALLOW) show showpage",
    ]
    assert shop.posted == 3


def test_a_program_is_run_and_a_large_output_is_whole(shop: Shop, tmp_path: Path) -> None:
    program = tmp_path / "banner"
    program.write_text("#!/bin/sh\necho '%!PS'\nhead -c 500000 /dev/zero | tr '\\0' '%'\necho\necho showpage\n")
    program.chmod(0o700)
    shop.queue(startingbanner=str(program))
    caller = shop.print(pages(1))
    assert len(caller.banners[0]) > 500_000
    assert shop.posted == 2


@pytest.mark.parametrize("what", ["/nowhere/banner.ps", "/", shell("exit 3"), shell("kill -9 $$"), shell("true")])
def test_without_a_page_the_job_is_printed_all_the_same(shop: Shop, what: object) -> None:
    shop.queue(startingbanner=what, endingbanner=what)
    caller = shop.print(pages(1))
    assert (caller.status, caller.banners, shop.posted) == (0, [], 1)


def test_a_banner_that_the_device_did_not_take_is_not_charged(shop: Shop, banner: str) -> None:
    shop.queue(startingbanner=banner)
    caller = shop.hand_in(shop.job(), pages(1))
    caller.banner_status = 1
    caller.print()
    assert (caller.status, shop.posted) == (0, 1)
    assert "startingbanner: the device backend ended with 1" in shop.notes()


def test_a_client_that_dies_over_a_banner_leaves_nothing_reserved(shop: Shop, banner: str) -> None:
    shop.queue(startingbanner=banner)
    caller = shop.hand_in(shop.job(), pages(1))
    caller.banner_dies = True
    with pytest.raises(OSError, match=r".*"):
        caller.hear()
    caller.join()
    assert (shop.record.outcome, shop.posted, shop.reserved) == (Outcome.VOIDED, 0, 0)


def test_the_device_is_kept_while_the_banner_of_a_dead_client_is_printed(shop: Shop, banner: str) -> None:
    shop.queue(startingbanner=banner)
    caller = shop.hand_in(shop.job(), pages(1))
    caller.banner_dies = True
    with subprocess.Popen(["/bin/sleep", "60"]) as caller.banner_process:
        with pytest.raises(OSError, match=r".*"):
            caller.hear()
        shop.queue()
        second = shop.hand_in(shop.job(), pages(2))
        second.wait_for_word("INFO: Another job is still printing on this device")
        caller.banner_process.kill()
        caller.banner_process.wait()
        second.print()
    caller.join()
    assert (second.status, shop.posted, shop.reserved) == (0, 2, 0)


def test_refused_jobs_get_so_many_banners_until_a_job_is_printed(shop: Shop, banner: str) -> None:
    shop.queue(startingbanner=banner, maxdenybanners=2)
    refused = [shop.print(pages(11 + number)) for number in range(3)]
    assert [len(caller.banners) for caller in refused] == [1, 1, 0]
    assert [caller.status for caller in refused] == [5, 5, 5]
    assert shop.posted == 0
    shop.print(pages(1))
    assert len(shop.print(pages(30)).banners) == 1


def test_a_refused_job_gets_no_banner_by_default(shop: Shop, banner: str) -> None:
    shop.queue(startingbanner=banner, endingbanner=banner)
    assert shop.print(pages(11)).banners == []


@pytest.mark.parametrize(("wanted", "banners"), [(True, 2), (False, 0)])
@pytest.mark.parametrize("by", ["overwrite_jobticket", "askconfirmation"])
def test_a_canceled_job_gets_banners_only_where_the_site_wants_that(
    shop: Shop, banner: str, by: str, wanted: bool, banners: int
) -> None:
    shop.queue(startingbanner=banner, endingbanner=banner, printcancelledbanners=wanted, **{by: shell("echo CANCEL")})
    caller = shop.print(pages(3))
    assert (caller.status, len(caller.banners)) == (5, banners)
    assert (shop.posted, shop.reserved, shop.balance) == (0, 0, 10)
    assert shop.audit() == []


def test_a_job_that_the_spooler_takes_back_gets_no_banner(shop: Shop, banner: str) -> None:
    shop.queue(startingbanner=banner, printcancelledbanners=True, askconfirmation=shell("sleep 30; echo CANCEL"))
    caller = shop.hand_in(shop.job(), pages(3))
    caller.wait_for_word("INFO: Waiting for the user")
    caller.send(frames.Canceled())
    caller.expect(frames.Exit)
    assert (caller.banners, shop.posted, shop.reserved) == ([], 0, 0)


@pytest.mark.parametrize(("rule", "banners"), [(True, [1, 0]), (3600, [1, 0]), (False, [1, 1])])
def test_jobs_of_one_user_in_a_row_need_no_banner_between(
    shop: Shop, banner: str, rule: bool | int, banners: list[int]
) -> None:
    shop.queue(startingbanner=banner, avoidduplicatebanners=rule)
    assert [len(shop.print(pages(1)).banners) for _ in range(2)] == banners


def test_refused_jobs_in_a_row_need_no_banner_between(shop: Shop, banner: str) -> None:
    shop.queue(startingbanner=banner, endingbanner=banner, maxdenybanners=9, avoidduplicatebanners=True)
    assert [len(shop.print(pages(11 + number)).banners) for number in range(3)] == [2, 0, 0]


def test_a_job_whose_backend_failed_has_no_ending_banner(shop: Shop, banner: str) -> None:
    shop.queue(startingbanner=banner, endingbanner=banner)
    caller = shop.print(pages(1), backend="exit 1", file=True)
    assert (caller.status, len(caller.banners), shop.posted) == (1, 1, 0)


# --- a backend that fails


@pytest.mark.parametrize("file", [False, True], ids=["stdin", "file"])
def test_a_failed_backend_is_started_again_with_the_whole_document(shop: Shop, tmp_path: Path, file: bool) -> None:
    shop.queue(onbackenderror=OnBackendError(tries=3, pause_s=1))
    caller = shop.hand_in(shop.job(file=file), pages(3))
    caller.next_backends = ["head -c 20 >/dev/null; exit 4", f"cat > {tmp_path}/paper"]
    caller.print("head -c 10 >/dev/null; exit 1")
    assert (caller.status, shop.posted, shop.reserved) == (0, 3, 0)
    if not file:
        assert (tmp_path / "paper").read_bytes() == pages(3)
    assert [line for line in caller.said if "started again" in line] == [
        "INFO: The device backend failed with status 1; it is started again in 1 seconds.",
        "INFO: The device backend failed with status 4; it is started again in 1 seconds.",
    ]
    assert shop.audit() == []


def test_after_the_last_try_the_job_has_failed(shop: Shop, hooks: Hooks) -> None:
    shop.queue(onbackenderror=OnBackendError(tries=2, pause_s=1), posthook=hooks.program("post"))
    caller = shop.hand_in(shop.job(file=True), pages(3))
    caller.next_backends = ["exit 7"]
    caller.print("exit 1")
    assert (caller.status, shop.posted, shop.record.outcome) == (7, 0, Outcome.ABORTED)
    assert hooks.told("post")["PYKOTAACTION"] == "PROBLEM"


def test_a_cancel_during_the_pause_ends_the_job(shop: Shop) -> None:
    shop.queue(onbackenderror=OnBackendError(tries=0, pause_s=600))
    caller = shop.hand_in(shop.job(file=True), pages(3))
    caller.begin("exit 1")
    assert caller.backend is not None
    caller.send(frames.Ended(status=caller.backend.wait(), canceled=False, signal_number=0))
    caller.wait_for_word("INFO: The device backend failed")
    caller.send(frames.Canceled())
    caller.conclude()
    assert (caller.status, shop.record.outcome, shop.reserved) == (0, Outcome.CANCELED, 0)


@pytest.mark.parametrize(("charge", "posted"), [(True, 3), (False, 0)])
def test_a_failed_job_is_charged_or_not(shop: Shop, charge: bool, posted: int) -> None:
    shop.queue(onbackenderror=OnBackendError(charge=charge))
    caller = shop.print(pages(3), backend="exit 1", file=True)
    assert (caller.status, shop.posted) == (1, posted)


@pytest.fixture
def hooks(shop: Shop) -> Hooks:
    return Hooks(shop)

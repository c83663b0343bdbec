# SPDX-License-Identifier: Apache-2.0
"""Jobs through the real lpd of LPRng with our program as its start and end program and as its filter."""

from lab.lprng_shop import (
    PAGE_OCTETS,
    PAGES_LOST_SIGHT_OF,
    PAGES_ON_THEIR_WAY,
    Shop,
    document,
    packages,
    script,
    shop,
)
from pagetoll.core.jobs import AttemptState, ChargeRule, Identified, Outcome
from pagetoll.integrations.printlab.processes import wait_until

__all__ = ["packages", "shop"]


def test_a_job_of_two_files_and_two_copies_is_charged_what_all_of_them_use(shop: Shop) -> None:
    first, second = document(shop.folder, 2, "first.ps"), document(shop.folder, 3, "second.ps")
    shop.lpd.print("plain", first, second, words=("-K2", "-J", "two files", "-R", "physics"))
    shop.lpd.wait_idle("plain")
    (attempt,) = shop.closed("plain")
    assert attempt.outcome is Outcome.COMPLETED
    assert attempt.charge_rule == ChargeRule.PARSED
    assert attempt.charged_impressions == 10
    assert attempt.charged_price == 1_000_000
    assert attempt.facts.ticket.job_name == "two files"
    assert attempt.facts.ticket.billing_code == "physics"
    assert (attempt.facts.user_name, attempt.facts.identified) == ("anna", Identified.CLAIMED)
    assert shop.lpd.output("plain").stat().st_size == 2 * (first.stat().st_size + second.stat().st_size)


def test_a_job_over_the_limit_is_removed_and_nothing_of_it_is_printed(shop: Shop) -> None:
    shop.limit("words", 3)
    shop.lpd.print("words", document(shop.folder, 4))
    shop.lpd.wait_idle("words")
    (attempt,) = shop.closed("words")
    assert attempt.outcome is Outcome.REFUSED
    assert attempt.charged_impressions == 0
    assert shop.lpd.output("words").read_bytes() == b""
    shop.lpd.print("words", document(shop.folder, 3))
    shop.lpd.wait_idle("words")
    assert [one.charged_impressions for one in shop.closed("words")] == [0, 3]


def test_a_held_job_is_printed_and_charged_once_it_is_released(shop: Shop) -> None:
    shop.limit("held", 3)
    shop.lpd.print("held", document(shop.folder, 4))
    wait_until(lambda: "hold" in shop.lpd.jobs("held"), 60, "the job is held")
    assert [one.outcome for one in shop.closed("held")] == [Outcome.PENDING_HELD]
    assert shop.lpd.output("held").read_bytes() == b""
    shop.limit("held", 4)
    shop.lpd.run("lpc", "release", "held")
    shop.lpd.wait_idle("held")
    assert [one.charged_impressions for one in shop.closed("held")] == [0, 4]


def test_a_job_that_a_site_filter_fails_is_charged_when_it_is_tried_again(shop: Shop) -> None:
    again = shop.folder / "lpd" / "tmp" / "again"
    script(shop.folder / "filter", f"[ -e {again} ] && exec cat; touch {again}; exit 32\n")
    shop.lpd.print("site", document(shop.folder, 2))
    shop.lpd.wait_idle("site", 60)
    first, second = shop.closed("site")
    assert (first.charged_impressions, first.charge_rule) == (0, ChargeRule.BACKEND_FAILED)
    assert (first.outcome, first.backend_status) == (Outcome.ABORTED, 32)
    assert (second.charged_impressions, second.charge_rule) == (2, ChargeRule.PARSED)


def slow_device(shop: Shop, octets: int) -> None:
    """The device of the queue `slow` takes so many octets and then rests."""
    out = shop.lpd.output("slow")
    script(shop.folder / "slow", f"head -c {octets} >>{out}\nsleep 60 </dev/null\n")


def quick_device(shop: Shop) -> None:
    script(shop.folder / "slow", f"exec cat >>{shop.lpd.output('slow')}\n")


def test_a_job_removed_in_the_middle_is_charged_for_what_was_handed_over(shop: Shop) -> None:
    slow_device(shop, 5 * PAGE_OCTETS)
    before = len(shop.attempts("slow"))
    shop.lpd.print("slow", document(shop.folder, 40))
    wait_until(lambda: shop.lpd.output("slow").stat().st_size >= 5 * PAGE_OCTETS, 60, "five pages have come out")
    shop.lpd.run("lprm", "-Pslow", "-Uanna@localhost", "all", status=None)
    attempt = shop.closed("slow")[before]
    assert attempt.charge_rule == ChargeRule.SPOOL_OFFSET
    assert attempt.outcome is Outcome.CANCELED
    assert 5 - PAGES_LOST_SIGHT_OF <= attempt.charged_impressions <= 5 + PAGES_ON_THEIR_WAY


def test_a_job_whose_lpd_was_killed_is_charged_for_both_times_it_was_printed(shop: Shop) -> None:
    slow_device(shop, 3 * PAGE_OCTETS)
    shop.lpd.output("slow").write_bytes(b"")
    before = len(shop.attempts("slow"))
    shop.lpd.print("slow", document(shop.folder, 20))
    wait_until(lambda: shop.lpd.output("slow").stat().st_size >= 3 * PAGE_OCTETS, 60, "three pages have come out")
    shop.lpd.kill()
    quick_device(shop)
    shop.lpd.start()
    shop.lpd.wait_idle("slow")
    broken, whole = shop.closed("slow")[before:]
    assert broken.charge_rule == ChargeRule.SPOOL_OFFSET
    assert 3 - PAGES_LOST_SIGHT_OF <= broken.charged_impressions <= 3 + PAGES_ON_THEIR_WAY
    assert (whole.charged_impressions, whole.charge_rule) == (20, ChargeRule.PARSED)


def test_a_job_that_lpc_kills_starts_again_as_another_attempt(shop: Shop) -> None:
    slow_device(shop, 3 * PAGE_OCTETS)
    shop.lpd.output("slow").write_bytes(b"")
    before = len(shop.attempts("slow"))
    shop.lpd.print("slow", document(shop.folder, 20))
    wait_until(lambda: shop.lpd.output("slow").stat().st_size >= 3 * PAGE_OCTETS, 60, "three pages have come out")
    quick_device(shop)
    shop.lpd.run("lpc", "kill", "slow")
    shop.lpd.wait_idle("slow")
    broken, whole = shop.closed("slow")[before:]
    assert 3 - PAGES_LOST_SIGHT_OF <= broken.charged_impressions <= 3 + PAGES_ON_THEIR_WAY
    assert whole.charged_impressions == 20


def test_a_removed_job_of_a_site_filter_is_charged_whole_once_its_lpd_process_is_dead(shop: Shop) -> None:
    before = len(shop.attempts("site"))
    begun = shop.folder / "lpd" / "tmp" / "begun"
    script(shop.folder / "filter", f"touch {begun}; sleep 60 </dev/null\n")
    shop.lpd.print("site", document(shop.folder, 2))
    wait_until(begun.exists, 60, "the filter runs")
    assert [one.state for one in shop.attempts("site")[before:]] == [AttemptState.STARTING]
    shop.site.run("pagetoll", "upkeep")
    assert [one.state for one in shop.attempts("site")[before:]] == [AttemptState.STARTING]
    shop.lpd.run("lprm", "-Psite", "-Uanna@localhost", "all", status=None)
    (attempt,) = shop.closed("site")[before:]
    assert (attempt.charged_impressions, attempt.charge_rule) == (2, ChargeRule.HANDED_OVER_UNKNOWN)


def test_the_daemon_may_be_replaced_while_a_filter_prints(shop: Shop) -> None:
    gate = shop.folder / "lpd" / "tmp" / "gate"
    wait = f"while [ ! -e {gate} ]; do sleep 0.1; done"
    script(shop.folder / "slow", f"head -c 1000 >>{shop.lpd.output('slow')}; {wait}; exec cat >/dev/null\n")
    shop.lpd.output("slow").write_bytes(b"")
    before = len(shop.attempts("slow"))
    shop.lpd.print("slow", document(shop.folder, 9))
    wait_until(lambda: shop.lpd.output("slow").stat().st_size >= 1000, 60, "the document arrives")
    shop.site.kill_daemon()
    wait_until(lambda: shop.site.daemon_pid() is None, 60, "the killed daemon has gone")
    shop.site.daemon = None
    shop.site.start_daemon()
    gate.touch()
    shop.lpd.wait_idle("slow")
    assert [one.charged_impressions for one in shop.closed("slow")[before:]] == [9]


def test_a_site_can_name_the_arguments_itself(shop: Shop) -> None:
    shop.lpd.print("own", document(shop.folder, 2))
    shop.lpd.wait_idle("own")
    (attempt,) = shop.closed("own")
    assert (attempt.charged_impressions, attempt.facts.user_name) == (2, "anna")


def test_the_filter_alone_decides_and_settles(shop: Shop) -> None:
    shop.limit("filter", 9)
    pages = document(shop.folder, 2, "a.ps"), document(shop.folder, 1, "b.ps")
    for _ in range(2):
        shop.lpd.print("filter", *pages, words=("-K2",))
        shop.lpd.wait_idle("filter")
    first, second = shop.closed("filter")
    assert (first.charged_impressions, first.outcome) == (6, Outcome.COMPLETED)
    assert second.outcome is Outcome.REFUSED


def test_the_old_name_without_a_word_serves_both_ends(shop: Shop) -> None:
    shop.lpd.print("old", document(shop.folder, 2))
    shop.lpd.wait_idle("old")
    (attempt,) = shop.closed("old")
    assert (attempt.charged_impressions, attempt.charge_rule) == (2, ChargeRule.PARSED)


def test_the_books_are_right_in_the_end(shop: Shop) -> None:
    shop.site.audit()

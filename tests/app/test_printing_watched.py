# SPDX-License-Identifier: Apache-2.0
"""A queue in mode watch: whatever would have been refused is printed and charged, and the record says what it was."""

import pytest

from app.print_shop import Shop, pages
from pagetoll.app.printers import PrinterOrder, rolling_limits, save_printers
from pagetoll.app.printing.attempt import EXIT_CANCEL
from pagetoll.config.options import Mode, OnLimit, Policy, UnknownSize
from pagetoll.core.jobs import HistoryFilter, Outcome
from pagetoll.core.policy import Verdict
from pagetoll.core.rolling import RollingLimits


def watched(shop: Shop, **options: object) -> None:
    shop.queue(mode=Mode.WATCH, **options)


@pytest.mark.parametrize(("on_limit", "verdict"), [(OnLimit.CANCEL, Verdict.REFUSE), (OnLimit.HOLD, Verdict.HOLD)])
def test_a_job_over_the_limit_is_printed_and_charged(shop: Shop, on_limit: OnLimit, verdict: Verdict) -> None:
    watched(shop, on_limit=on_limit)
    shop.limits(soft=2, hard=2)
    caller = shop.print(pages(3))
    record = shop.record
    assert (caller.status, record.outcome, record.charged_impressions, shop.posted) == (0, Outcome.COMPLETED, 3, 3)
    assert (record.verdict, record.reason) == (verdict, "account-limit-reached")
    assert "Only watched, and printed. Otherwise: " in record.decision_text
    assert "this job needs 3" in record.decision_text
    assert not [line for line in caller.said if line.startswith(("ERROR", "WARNING", "JOBSTATE"))]
    assert "watched: would have been" in shop.notes()
    assert shop.audit() == []
    assert shop.reserved == 0


def test_a_job_over_a_rolling_limit_is_refused_or_only_watched(shop: Shop) -> None:
    order = PrinterOrder(["hp"], change=rolling_limits(RollingLimits(3600, 2)))
    save_printers(shop.catalogue, order, "root", "test")
    caller = shop.print(pages(3))
    assert (caller.status, shop.record.outcome, shop.posted) == (EXIT_CANCEL, Outcome.REFUSED, 0)
    said = "anna on hp: 0 of 2 impressions used within 1:00:00, this job needs 3"
    assert [line for line in caller.said if said in line and line.startswith("ERROR")]
    watched(shop)
    caller = shop.print(pages(3))
    _refused, record = shop.services.ledger.history(HistoryFilter(forbidden=True), newest_first=False)
    assert (caller.status, record.outcome, shop.posted) == (0, Outcome.COMPLETED, 3)
    assert (record.verdict, record.reason) == (Verdict.REFUSE, "account-limit-reached")
    assert said in record.decision_text
    assert shop.audit() == []


def test_a_job_within_the_limit_is_as_on_any_queue(shop: Shop) -> None:
    watched(shop)
    shop.print(pages(3))
    assert (shop.record.verdict, shop.record.decision_text, shop.posted) == (Verdict.ALLOW, "", 3)


def test_who_has_no_account_prints_uncharged(shop: Shop) -> None:
    watched(shop, policy=Policy.DENY)
    caller = shop.print(pages(3), user="zoe")
    record = shop.record
    assert (caller.status, record.outcome, record.charged_price, shop.posted) == (0, Outcome.COMPLETED, 0, 0)
    assert (record.verdict, record.reason) == (Verdict.REFUSE, "account-info-needed")


def test_what_cannot_be_counted_is_printed(shop: Shop) -> None:
    watched(shop, unknown_size=UnknownSize.HOLD)
    caller = shop.print(b"\x00\x01\x02 nothing that is known \xff" * 40)
    assert (caller.status, shop.record.outcome) == (0, Outcome.COMPLETED)
    assert (shop.record.verdict, shop.record.reason) == (Verdict.HOLD, "document-unprintable-error")


def test_an_enforced_refusal_and_a_watched_one_are_found_by_the_same_filter(shop: Shop) -> None:
    shop.limits(soft=2, hard=2)
    shop.print(pages(1))
    shop.print(pages(3))
    watched(shop)
    shop.print(pages(4))
    found = list(shop.services.ledger.history(HistoryFilter(forbidden=True), newest_first=False))
    assert [(record.outcome, record.charged_impressions) for record in found] == [
        (Outcome.REFUSED, 0),
        (Outcome.COMPLETED, 4),
    ]

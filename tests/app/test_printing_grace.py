# SPDX-License-Identifier: Apache-2.0
"""A job between the soft and the hard limit: printed, with a warning that the user sees and the ledger keeps."""

from app.print_shop import Shop, pages
from pagetoll.core.policy import Verdict


def test_a_job_in_the_grace_is_printed_and_kept_with_its_warning(shop: Shop) -> None:
    shop.limits(soft=2, hard=9)
    caller = shop.print(pages(3))
    record = shop.record
    assert (caller.status, record.charged_impressions) == (0, 3)
    assert record.verdict == Verdict.WARN
    assert record.decision_text.startswith("anna has used 3 impressions on hp, the soft limit is 2; printing goes on")
    assert f"WARNING: {record.decision_text}" in caller.said


def test_a_job_below_the_soft_limit_is_kept_without_a_warning(shop: Shop) -> None:
    shop.limits(soft=3, hard=9)
    shop.print(pages(3))
    assert (shop.record.verdict, shop.record.decision_text) == (Verdict.ALLOW, "")

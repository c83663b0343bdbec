# SPDX-License-Identifier: Apache-2.0
"""Jobs with a billing code, from their arrival to their end."""

from dataclasses import replace
from decimal import Decimal

import pytest

from app.print_shop import LOCKED_TIMEOUT_S, Shop, page_end, pages
from app.test_printing_journal import ENDED_WELL, journal
from pagetoll.app.codes import CodeOrder, delete_codes, save_codes
from pagetoll.config.options import Policy, UnknownBillingCode
from pagetoll.core.catalogue import CodeChange, PrinterChange
from pagetoll.core.jobs import Outcome
from pagetoll.core.lifecycle import Command

READ_TWO_PAGES = f"dd bs={page_end(2)} count=1 of=/dev/null 2>/dev/null; "


def used(shop: Shop) -> dict[str, tuple[int, Decimal]]:
    """What each code was used for; nothing may stay reserved."""
    assert shop.audit() == []
    codes = shop.catalogue.codes()
    assert [(row.reserved_impressions, row.reserved_price) for row in codes] == [(0, 0)] * len(codes)
    return {row.name: (row.page_counter, Decimal(row.spent).scaleb(-6)) for row in codes}


def budget(shop: Shop, pages: int) -> None:
    change = CodeChange(soft_limit_impressions=pages, hard_limit_impressions=pages)
    save_codes(shop.catalogue, CodeOrder(["physics"], add=True, change=change), "root", "test")


def test_an_unknown_code_is_made_and_the_job_booked_on_it(shop: Shop) -> None:
    caller = shop.print(pages(3), options="job-billing=physics")
    assert caller.status == 0
    assert used(shop) == {"physics": (3, Decimal("0.15"))}
    assert (shop.posted, shop.balance) == (3, Decimal("9.85"))
    assert shop.record.facts.ticket.billing_code == "physics"


def test_the_account_id_is_a_code_where_there_is_none(shop: Shop) -> None:
    shop.print(pages(1), options="job-account-id=42")
    shop.print(pages(2), options="job-account-id=42 job-billing=physics")
    shop.print(pages(4))
    assert used(shop) == {"42": (1, Decimal("0.05")), "physics": (2, Decimal("0.10"))}


def test_an_unknown_code_is_refused_where_it_may_not_be_made(shop: Shop) -> None:
    shop.queue(unknown_billingcode=UnknownBillingCode.DENY)
    caller = shop.print(pages(1), options="job-billing='phy sics'")
    assert caller.status == 5
    assert caller.said[-1] == (
        "ERROR: Not printed: there is no billing code phy sics; an administrator adds it with: pkbcodes --add"
    )
    assert (shop.record.outcome, shop.record.reason) == (Outcome.REFUSED, "account-info-needed")
    assert used(shop) == {}
    budget(shop, 9)
    assert shop.print(pages(2), options="job-billing=physics").status == 0
    assert used(shop) == {"physics": (2, Decimal("0.10"))}


def test_a_code_cannot_forge_a_line_for_the_spooler(shop: Shop) -> None:
    shop.queue(unknown_billingcode=UnknownBillingCode.DENY)
    caller = shop.print(pages(1), options="job-billing='a\nSTATE: +paused\u202e'")
    assert all("\n" not in said.rstrip("\n") for said in caller.said)
    assert "there is no billing code a?STATE: +paused?;" in caller.said[-1]


def test_a_spent_budget_refuses_with_its_figures(shop: Shop) -> None:
    budget(shop, 3)
    shop.print(pages(2), options="job-billing=physics")
    caller = shop.print(pages(2), options="job-billing=physics")
    assert caller.status == 5
    assert "cost center physics: 1 of 3 impressions left, this job needs 2 impressions" in caller.said[-1]
    assert used(shop) == {"physics": (2, Decimal("0.10"))}
    assert shop.posted == 2


def test_what_is_refused_before_makes_no_code(shop: Shop) -> None:
    shop.print(pages(1), user="nobody-known", options="job-billing=one")
    shop.queue(policy=Policy.ALLOW)
    shop.print(pages(1), user="nobody-known", options="job-billing=two")
    nothing = PrinterChange(max_job_impressions=0)
    shop.catalogue.write("root", "t", lambda t: t.change_printers([p.printer_id for p in t.printers()], nothing))
    shop.print(pages(1), options="job-billing=three")
    assert used(shop) == {}


def test_a_failed_device_counts_what_came_out(shop: Shop) -> None:
    shop.print(pages(3), READ_TWO_PAGES + "exit 1", options="job-billing=physics")
    assert used(shop) == {"physics": (2, Decimal("0.10"))}
    assert shop.record.outcome is Outcome.ABORTED


@pytest.mark.parametrize("option", list(UnknownBillingCode))
def test_a_code_that_is_deleted_while_its_job_is_decided_is_as_good_as_unknown(
    shop: Shop, option: UnknownBillingCode
) -> None:
    shop.queue(unknown_billingcode=option)
    budget(shop, 9)

    def delete(command: Command, _attempt: object) -> None:
        if command is Command.RESERVE:
            delete_codes(shop.catalogue, ["physics"], "root", "test")

    shop.services = replace(shop.services, checkpoint=delete)
    caller = shop.print(pages(2), options="job-billing=physics")
    if option is UnknownBillingCode.CREATE:
        assert caller.status == 0
        assert used(shop) == {"physics": (2, Decimal("0.10"))}
    else:
        assert caller.status == 5
        assert "there is no billing code physics" in caller.said[-1]
        assert (shop.posted, used(shop)) == (0, {})
    assert len(shop.records()) == 1


def test_a_passthrough_printer_counts_the_pages_and_no_price(shop: Shop) -> None:
    shop.catalogue.write(
        "root",
        "t",
        lambda t: t.change_printers([p.printer_id for p in t.printers()], PrinterChange(passthrough=True)),
    )
    shop.print(pages(3), options="job-billing=physics")
    assert used(shop) == {"physics": (3, Decimal(0))}
    assert (shop.posted, shop.balance) == (0, Decimal(10))


@pytest.mark.parametrize("busy_timeout_s", [LOCKED_TIMEOUT_S])
def test_a_settle_that_waited_in_the_journal_is_booked_on_the_code_once(shop: Shop) -> None:
    shop.lock_at = {Command.SETTLE}
    shop.print(pages(3), options="job-billing=physics")
    shop.unlock_database()
    for _ in range(2):
        assert shop.upkeep().problems == ()
    assert used(shop) == {"physics": (3, Decimal("0.15"))}


@pytest.mark.parametrize(
    ("option", "booked"),
    [
        (UnknownBillingCode.CREATE, {"physics": (3, Decimal("0.15"))}),
        (UnknownBillingCode.DENY, {}),
    ],
)
def test_a_journaled_job_is_booked_on_its_code(
    shop: Shop, option: UnknownBillingCode, booked: dict[str, tuple[int, Decimal]]
) -> None:
    shop.queue(unknown_billingcode=option)
    journal(shop, shop.job(options="job-billing=physics"), ENDED_WELL, document=pages(3))
    for _ in range(2):
        assert shop.upkeep().problems == ()
    assert used(shop) == booked
    assert shop.posted == 3

# SPDX-License-Identifier: Apache-2.0
"""Accounters that look at the document, for jobs of lpd's: the site's counting command, and ink."""

from decimal import Decimal

import pytest

from app.lpd_calls import Queue
from app.print_shop import Shop, pages
from app.test_printing_ink import BLACK, PRICE, WHITE, painted
from pagetoll.config.options.choices import OnAccounterError, UnknownSize
from pagetoll.core.accounting import InkAccounter, InkSpace, SoftwareAccounter
from pagetoll.core.site_commands import SiteCommand

TWO_COPIES_OF_THE_FIRST = "\x01".join(
    "\x02".join([f"copies={copies}", f"dftransfername={name}"]) for name, copies in (("df0", "0x2"), ("df1", "0x1"))
)


def software(line: str) -> SoftwareAccounter:
    return SoftwareAccounter(SiteCommand(shell=line))


def test_the_sites_command_counts_each_file(shop: Shop) -> None:
    shop.queue(accounter=software("grep -c showpage"))
    queue = Queue(shop)
    assert queue.start(pages(3), pages(2)) == 0
    queue.end()
    assert shop.posted == 5
    assert shop.record.facts.language == "counted-by-command"


@pytest.mark.parametrize(("languages", "status"), [(("ps",), 0), (("pcl5", "text"), 34)])
def test_a_file_in_a_language_that_the_printer_does_not_know_refuses_the_job(
    shop: Shop, languages: tuple[str, ...], status: int
) -> None:
    shop.queue(languages=languages, unknown_size=UnknownSize.REFUSE)
    queue = Queue(shop)
    assert queue.start(pages(1), pages(2)) == status
    queue.end()
    assert (shop.posted, shop.reserved, shop.audit()) == (0 if status else 3, 0, [])


@pytest.mark.parametrize("line", ["echo none", "exit 3", "sleep 60", "kill -9 $$", "yes"])
@pytest.mark.parametrize(
    ("choice", "status", "posted"), [(OnAccounterError.STOP, 34, 0), (OnAccounterError.CONTINUE, 0, 2)]
)
def test_a_command_without_a_number_refuses_the_job_or_we_count_ourselves(
    shop: Shop, line: str, choice: OnAccounterError, status: int, posted: int
) -> None:
    refuse = UnknownSize.REFUSE
    shop.queue(accounter=software(line), onaccountererror=choice, unknown_size=refuse, hook_timeout_s=1)
    queue = Queue(shop)
    assert queue.start(pages(2)) == status
    queue.end()
    assert (shop.posted, shop.reserved, shop.audit()) == (posted, 0, [])


@pytest.mark.parametrize(
    ("ticket", "paid"),
    [("", Decimal("0.5")), (f"hfdatafiles={TWO_COPIES_OF_THE_FIRST}\x01\n", Decimal(1))],
    ids=["once", "two copies of the black page"],
)
def test_the_ink_of_all_pages_is_charged(shop: Shop, ticket: str, paid: Decimal) -> None:
    shop.queue(accounter=InkAccounter(InkSpace.CMYK))
    queue = Queue(shop, ticket=ticket)
    assert queue.start(painted(BLACK), painted(WHITE)) == 0
    queue.end()
    assert shop.posted == (3 if ticket else 2)
    assert abs(10 - shop.balance - PRICE * paid) <= Decimal("0.004")
    assert (shop.reserved, shop.audit()) == (0, [])


def test_no_list_of_pages_is_too_long_for_the_daemon(shop: Shop) -> None:
    """A hundred white pages in 9,999 copies and another one: whole pages are charged, and soon."""
    copies = TWO_COPIES_OF_THE_FIRST.replace("0x2", "0x270f")
    shop.limits(soft=2_000_000, hard=2_000_000)
    shop.queue(accounter=InkAccounter(InkSpace.CMYK))
    queue = Queue(shop, ticket=f"hfdatafiles={copies}\x01\n")
    assert queue.start(painted(*[WHITE] * 100), painted(WHITE)) == 0
    assert shop.reserved == 999_901
    assert shop.record.quoted_price == 999_901 * PRICE * 1_000_000

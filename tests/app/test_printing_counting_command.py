# SPDX-License-Identifier: Apache-2.0
"""Documents that a command of the site's counts: software(command)."""

import pytest

from app.print_shop import Shop, pages
from pagetoll.config.options.choices import OnAccounterError, UnknownSize
from pagetoll.core.accounting import Accounter, SnmpAccounter, SoftwareAccounter
from pagetoll.core.site_commands import SiteCommand
from pagetoll.wire import frames

BY_STDIN = "grep -c showpage"
BY_FILE = 'grep -c showpage "$PYKOTADATAFILE"'


def software(line: str) -> SoftwareAccounter:
    return SoftwareAccounter(SiteCommand(shell=line))


@pytest.mark.parametrize("file", [False, True], ids=["stdin", "file"])
@pytest.mark.parametrize("line", [BY_STDIN, BY_FILE, "echo about; echo 3; echo 9"])
def test_the_first_whole_number_is_the_number_of_pages(shop: Shop, line: str, file: bool) -> None:
    shop.queue(accounter=software(line))
    assert shop.print(pages(3), file=file).status == 0
    assert shop.posted == 3
    assert shop.record.facts.language == "counted-by-command"


def test_copies_that_the_backend_makes_are_added(shop: Shop) -> None:
    shop.queue(accounter=software("echo 2"))
    shop.print(pages(1), file=True, copies=3)
    assert shop.posted == 6


@pytest.mark.parametrize(("accounter", "posted"), [(SnmpAccounter(), 4), (SoftwareAccounter(), 1)])
def test_the_preaccounters_command_counts_where_the_accounter_asks_the_device(
    shop: Shop, accounter: Accounter, posted: int
) -> None:
    """Where the accounter counts the document, its number is charged."""
    shop.queue(accounter=accounter, preaccounter=software("echo 4"))
    shop.print(pages(1))
    assert shop.posted == posted


@pytest.mark.parametrize("line", ["echo none", "exit 3", "sleep 60", "kill -9 $$", "yes"])
@pytest.mark.parametrize(
    ("choice", "posted", "status"), [(OnAccounterError.STOP, 0, 5), (OnAccounterError.CONTINUE, 2, 0)]
)
def test_a_command_without_a_number_refuses_the_job_or_we_count_ourselves(
    shop: Shop, line: str, choice: OnAccounterError, posted: int, status: int
) -> None:
    shop.queue(accounter=software(line), onaccountererror=choice, unknown_size=UnknownSize.REFUSE, hook_timeout_s=1)
    assert shop.print(pages(2)).status == status
    assert (shop.posted, shop.reserved) == (posted, 0)


def test_a_cancel_ends_the_command(shop: Shop) -> None:
    shop.queue(accounter=software("sleep 60"))
    caller = shop.hand_in(shop.job(), pages(2))
    caller.send(frames.Canceled())
    caller.conclude()
    assert (caller.status, shop.posted) == (0, 0)


def test_where_the_backend_read_is_not_moved_by_the_command(shop: Shop) -> None:
    shop.queue(accounter=software("cat >/dev/null; echo 3"))
    shop.limits(soft=100, hard=100)
    assert shop.print(pages(3), "exit 1").status == 1
    assert shop.posted == 0

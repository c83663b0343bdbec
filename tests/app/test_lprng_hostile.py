# SPDX-License-Identifier: Apache-2.0
"""Jobs through lpd of people who want to print free."""

import pytest

from app.lpd_calls import Queue
from app.print_shop import Shop, pages
from pagetoll.config.options import UnknownSize
from pagetoll.core.jobs import Outcome

COMMANDS = b"#CUPS-COMMAND\nClean all\n"
UNKNOWN = b"\x00\x01\x02 no language at all" * 100
LARGE = b"\x1b%-12345X@PJL SET QTY=999999999\r\n@PJL ENTER LANGUAGE=PCL\r\n\x1bE\x1b&l32767X" + b"page\f" * 50


def start(shop: Shop, *documents: bytes) -> int:
    """The status of lpd's start program for a job of anna's with these data files."""
    return Queue(shop).start(*documents)


def test_a_file_of_commands_alone_is_passed_on_uncharged(shop: Shop) -> None:
    assert start(shop, COMMANDS) == 0
    assert shop.reserved == 0


@pytest.mark.parametrize("hidden", [UNKNOWN, LARGE], ids=["unknown", "large"])
@pytest.mark.parametrize("commands_first", [True, False])
def test_no_document_hides_behind_a_file_of_commands(shop: Shop, hidden: bytes, commands_first: bool) -> None:
    shop.queue(unknown_size=UnknownSize.REFUSE)
    files = (COMMANDS, hidden) if commands_first else (hidden, COMMANDS)
    assert start(shop, *files) != 0
    assert shop.record.outcome is Outcome.REFUSED


def test_a_counted_document_beside_a_file_of_commands_is_reserved(shop: Shop) -> None:
    assert start(shop, COMMANDS, pages(3)) == 0
    assert shop.reserved == 3

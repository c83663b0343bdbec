# SPDX-License-Identifier: Apache-2.0
"""Jobs of people who want to print free, or to break the books."""

import os

import pytest

from app.print_shop import Shop, pages
from pagetoll.config.options import UnknownSize
from pagetoll.core.jobs import Outcome
from pagetoll.wire import frames

ENDLESS = b"\x1b%-12345X@PJL SET QTY=999999999\r\n@PJL ENTER LANGUAGE=PCL\r\n\x1bE\x1b&l32767X" + b"page\f" * 50


@pytest.mark.parametrize("choice", list(UnknownSize))
@pytest.mark.parametrize("file", [False, True], ids=["stdin", "file"])
def test_a_job_larger_than_any_printer_does_not_burst_the_books(shop: Shop, choice: UnknownSize, file: bool) -> None:
    shop.queue(unknown_size=choice)
    caller = shop.print(ENDLESS, copies=999_999, file=file)
    assert caller.failure == ""
    assert caller.status == {UnknownSize.HOLD: 3, UnknownSize.REFUSE: 5, UnknownSize.ALLOW: 0}[choice]
    assert "more than any printer prints" in shop.notes()
    assert shop.audit() == []


def test_copies_alone_do_not_burst_the_books(shop: Shop) -> None:
    caller = shop.print(pages(50), copies=10**6, file=True)
    assert caller.status == 3
    assert shop.record.outcome is Outcome.PENDING_HELD


@pytest.mark.parametrize(
    ("content_type", "charged"),
    [
        ("application/pdf", 1),  # a filter wrote the PostScript, comments and all
        ("application/postscript", 3),
        ("application/vnd.cups-postscript", 3),  # sent so by the user, and unpacked by gziptoany
        ("application/x-eps", 3),
        ("application/vnd.cups-raw", 3),
        ("application/octet-stream", 3),
        ("", 3),
    ],
)
def test_comments_are_believed_only_where_a_filter_wrote_them(shop: Shop, content_type: str, charged: int) -> None:
    lying = b"%!PS-Adobe-3.0\n%%Pages: 1\n%%EndComments\n%%Page: 1 1\n1 1 3 {pop showpage} for\n%%EOF\n"
    variables = {"FINAL_CONTENT_TYPE": "application/vnd.cups-postscript", "CONTENT_TYPE": content_type}
    assert shop.print(lying, variables=variables).status == 0
    assert shop.posted == charged


def test_a_document_without_end_can_be_canceled(shop: Shop) -> None:
    with open("/dev/zero", "rb") as endless:  # noqa: PTH123 - no document of ours has so many octets
        caller = shop.hand_in(shop.job(), os.dup(endless.fileno()))
        caller.send(frames.Canceled())
        caller.conclude()
    assert caller.status == 0
    assert shop.spool_names() == []

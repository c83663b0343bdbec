# SPDX-License-Identifier: Apache-2.0
"""docs/howto/ocf-enforcer.md as a site has it: the program of the page enforces, mails and writes down."""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.print_shop import Shop, pages
from app.tea_shop import TeaShop
from lab.mail_server import MailServer, mail_server

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "ocf-enforcer.md"


@pytest.fixture
def mails() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def ocf(shop: Shop, mails: MailServer) -> TeaShop:
    """The page's program and configuration, with a folder and a mail server of the test's."""
    tea = TeaShop(shop)
    (program,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    program = program.replace("/var/lib/pagetoll", str(tea.folder))
    program = program.replace('("localhost", 25)', f'("127.0.0.1", {mails.port})')
    (tea.folder / "hooks").mkdir(mode=0o755)
    (tea.folder / "hooks" / "enforcer.py").write_text(program)
    (conf,) = re.findall(r"^    \[global\]\n((?:    .*\n)+)", PAGE.read_text(), re.M)
    tea.conf("".join(line[4:] + "\n" for line in conf.splitlines()))
    shop.queue(python_hooks_network=True)
    return tea


def booked(tea: TeaShop) -> list[tuple[str, int]]:
    with sqlite3.connect(tea.folder / "enforcer.db") as book:
        return list(book.execute("SELECT user, impressions FROM jobs ORDER BY rowid"))


def test_a_job_within_the_limit_prints_and_is_written_down_and_the_next_beyond_it_is_rejected_by_mail(
    ocf: TeaShop, mails: MailServer
) -> None:
    assert ocf.print(pages(20), queue="laser").status == 0
    assert booked(ocf) == [("anna", 20)]
    assert ocf.unprinted(pages(11), queue="laser").status == 5
    (mail,) = mails.taken
    assert mail.recipients == ("anna@example.org",)
    assert mail.message["Subject"] == "Your print job was rejected"
    assert "11 pages on laser, and 10 are left today" in mail.text
    assert ocf.print(pages(10), queue="laser").status == 0
    assert booked(ocf) == [("anna", 20), ("anna", 10)]


def test_a_printer_that_fails_costs_nothing_and_is_told_to_staff_and_user(ocf: TeaShop, mails: MailServer) -> None:
    assert ocf.print(pages(3), "cat > /dev/null; exit 1", queue="laser").status == 1
    assert [mail.recipients for mail in mails.taken] == [("staff@example.org",), ("anna@example.org",)]


def test_when_the_hook_itself_fails_nothing_prints(ocf: TeaShop, mails: MailServer) -> None:
    (ocf.folder / "enforcer.db").write_bytes(b"no database" * 100)
    assert ocf.unprinted(pages(1), queue="laser").status == 5
    assert mails.taken[0].recipients == ("staff@example.org",)


def test_without_the_network_it_cannot_mail_and_nothing_prints(ocf: TeaShop) -> None:
    ocf.shop.queue(python_hooks_network=False)
    assert ocf.unprinted(pages(31), queue="laser").status == 1
    assert "PermissionError" in ocf.shop.notes()

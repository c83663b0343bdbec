# SPDX-License-Identifier: Apache-2.0
"""Who is told of a job, by a real mail server and by the site's command; and that no job waits for either."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.print_shop import Shop, pages
from app.site_hooks import Hooks, shell
from lab.mail_server import MailServer, mail_server
from pagetoll.config.options import Policy
from pagetoll.core.mail_to import MailTo, Recipients
from pagetoll.core.site_commands import SiteCommand

SENT_WITHIN_S = 60.0


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


@pytest.fixture
def telling(shop: Shop, server: MailServer) -> Shop:
    shop.settings = replace(shop.settings, smtpserver=server.address, maildomain="school.example")
    tell(shop)
    return shop


def tell(shop: Shop, recipients: Recipients = Recipients.BOTH, **options: object) -> None:
    shop.queue(mailto=MailTo(recipients), admin="Eve", adminmail="eve@school.example", **options)


def mails(shop: Shop, server: MailServer) -> list[tuple[tuple[str, ...], str]]:
    assert shop.notices.wait_until_sent(SENT_WITHIN_S) == 0
    return [(mail.recipients, mail.text) for mail in server.taken]


def test_a_refused_user_and_the_administrator_are_told_once(telling: Shop, server: MailServer) -> None:
    telling.print(pages(11))
    (to_user, text), (to_admin, report) = mails(telling, server)
    assert (to_user, to_admin) == (("anna@school.example",), ("eve@school.example",))
    assert "10 of 10 impressions left, this job needs 11" in text
    assert "Your print administrator: Eve <eve@school.example>" in text
    assert report.startswith("Job 1 of anna on hp: ")


@pytest.mark.parametrize(
    ("recipients", "told"),
    [
        (Recipients.USER, [("anna@school.example",)]),
        (Recipients.ADMIN, [("eve@school.example",)]),
        (Recipients.NOBODY, []),
    ],
)
def test_only_whom_the_site_names_is_told(
    telling: Shop, server: MailServer, recipients: Recipients, told: list[tuple[str, ...]]
) -> None:
    tell(telling, recipients)
    telling.print(pages(11))
    assert [recipients for recipients, _text in mails(telling, server)] == told
    assert server.connections == len(told)


def test_a_soft_limit_is_told_with_the_sites_own_words(telling: Shop, server: MailServer) -> None:
    tell(telling, Recipients.USER, softwarn="Slow down.\nPlease.", hardwarn="Stop.")
    telling.limits(soft=2, hard=5)
    assert telling.print(pages(3)).status == 0
    assert telling.print(pages(3)).status == 5
    assert [text.split("\n\n--")[0] for _to, text in mails(telling, server)] == ["Slow down.\nPlease.", "Stop."]


@pytest.mark.parametrize(
    ("document", "options", "job", "words"),
    [
        (b"", {}, {}, "empty document"),
        (pages(1), {"policy": Policy.ALLOW}, {"user": "stranger"}, "printed uncharged by policy allow"),
        (pages(1), {"policy": Policy.DENY}, {"user": "stranger"}, "stranger is not in the ledger"),
        (pages(1), {"overwrite_jobticket": shell("echo DENY; echo REASON=No ink left.")}, {}, "No ink left."),
        (pages(1), {"askconfirmation": shell("echo CANCEL")}, {}, "You canceled this job"),
    ],
)
def test_what_people_are_told_of(
    telling: Shop, server: MailServer, document: bytes, options: dict, job: dict, words: str
) -> None:
    tell(telling, Recipients.USER, **options)
    telling.print(document, **job)
    ((_to, text),) = mails(telling, server)
    assert words in text


@pytest.mark.parametrize(
    ("backend", "options", "job"),
    [
        ("cat", {}, {}),
        ("exit 1", {}, {"file": True}),
        ("cat", {"unknown_billingcode": shell("true")}, {"options": "job-billing=alchemy"}),
    ],
)
def test_what_nobody_is_told_of(telling: Shop, server: MailServer, backend: str, options: dict, job: dict) -> None:
    tell(telling, **options)
    telling.print(pages(1), backend=backend, **job)
    assert mails(telling, server) == []


def test_nobody_is_told_of_a_command_file(telling: Shop, server: MailServer) -> None:
    tell(telling, Recipients.BOTH)
    telling.print(b"#CUPS-COMMAND\nReportLevels\n")
    assert mails(telling, server) == []


def test_a_job_does_not_wait_for_a_mail_server_that_says_nothing(telling: Shop, server: MailServer) -> None:
    server.silent = True
    assert telling.print(pages(11)).status == 5
    assert telling.notices.wait_until_sent(0) == 1
    assert telling.print(pages(1)).status == 0
    server.released.set()
    assert telling.notices.wait_until_sent(SENT_WITHIN_S) == 0


def test_a_mail_that_is_not_taken_is_noted(shop: Shop) -> None:
    with mail_server() as server:
        address = server.address
    shop.settings = replace(shop.settings, smtpserver=address)
    tell(shop, Recipients.USER)
    shop.print(pages(11))
    assert shop.notices.wait_until_sent(SENT_WITHIN_S) == 0
    assert "notice: not told: the mail to anna@127.0.0.1 was not taken" in shop.notes()


def test_the_sites_command_tells_with_placeholders_and_variables(shop: Shop) -> None:
    hooks = Hooks(shop)
    words = ("%(action)s", "%(username)s", "%(printername)s", "%(email)s", "%(message)s")
    program = hooks.program("tell", "", *words)
    shop.queue(mailto=MailTo(Recipients.COMMAND, program), hardwarn="No more;\n`id` $(id) 'quotes\"")
    shop.print(pages(11), options="job-originating-host-name=10.1.2.3")
    assert shop.notices.wait_until_sent(SENT_WITHIN_S) == 0
    (_name, told, variables) = hooks.runs()[0]
    assert told == ["DENY", "anna", "hp", "anna@localhost", "No more;\n`id` $(id) 'quotes\""]
    assert variables["PYKOTAJOBORIGINATINGHOSTNAME"] == "10.1.2.3"
    assert (variables["PYKOTAACTION"], variables["PYKOTAPHASE"]) == ("DENY", "BEFORE")


def test_a_command_that_cannot_be_run_is_noted(shop: Shop) -> None:
    shop.queue(mailto=MailTo(Recipients.COMMAND, SiteCommand(words=("/nowhere/tell",))))
    shop.print(pages(11))
    assert shop.notices.wait_until_sent(SENT_WITHIN_S) == 0
    assert "not told: anna@hp: the command of mailto: it could not be started" in shop.notes()

# SPDX-License-Identifier: Apache-2.0
"""Each documented variable of each command around a job: when it is there, what it says (docs/reference/hooks.md)."""

from dataclasses import replace
from decimal import Decimal

import pytest

from app.print_shop import Shop, pages
from app.site_hooks import Hooks, shell
from pagetoll.config.options import BannerShare
from pagetoll.core.accounting import CommandAccounter
from pagetoll.core.catalogue import EntryChange, EntrySelection, OwnerChange, PrinterChange
from pagetoll.core.mail_to import MailTo, Recipients
from pagetoll.core.money import micros
from pagetoll.core.policy import OwnerKind
from pagetoll.frontends.meters import open_meter
from pagetoll.ports import CatalogueTransaction

JOB = {
    "PYKOTAPRINTERNAME": "hp",
    "PYKOTAPRINTERHOSTNAME": "printer.school",
    "PYKOTATITLE": "letter",
    "PYKOTACOPIES": "1",
    "PYKOTAUSERNAME": "anna",
    "PYKOTAORIGINALUSERNAME": "GUEST",
    "PYKOTAJOBORIGINATINGHOSTNAME": "10.1.2.3",
    "PYKOTAFILENAME": "",
    "PYKOTAJOBSIZEBYTES": str(len(pages(3))),
    "PYKOTACHARSET": "UTF-8",
    "PYKOTALANG": "C",
    "PYKOTACONTROLFILE": "NotUsedAnymore",
    "DEVICE_URI": "ipp://printer.school:631/ipp/print",
}
USER = {
    "PYKOTALIMITBY": "quota",
    "PYKOTABALANCE": "10.00",
    "PYKOTALIFETIMEPAID": "10.00",
    "PYKOTAOVERCHARGE": "2.00",
    "PYKOTAUSERDESCRIPTION": 'Änne the "first"',
    "PYKOTAPAGECOUNTER": "0",
    "PYKOTALIFEPAGECOUNTER": "0",
    "PYKOTASOFTLIMIT": "5",
    "PYKOTAHARDLIMIT": "9",
    "PYKOTADATELIMIT": "None",
    "PYKOTAWARNCOUNT": "0",
    "PYKOTAMAXJOBSIZE": "8",
}
PRINTER = {
    "PYKOTAPGROUPS": "color,floor",
    "PYKOTAPRINTERDESCRIPTION": "in $(hall)",
    "PYKOTAPRICEPERPAGE": "0.05",
    "PYKOTAPRICEPERJOB": "0.10",
    "PYKOTAPRINTERMAXJOBSIZE": "Unlimited",
    "PYKOTAPRINTERPASSTHROUGHMODE": "OFF",
    "PYKOTAPRECOMPUTEDJOBPRICE": "0.50",
}
CODES = {"PYKOTAJOBBILLING": "physics", "PYKOTAORIGINALJOBBILLING": "alchemy"}
OPTIONS = "job-originating-host-name=10.1.2.3 job-billing=alchemy"
LATER = ("PYKOTAPHASE", "PYKOTAACTION", "PYKOTAREASON", "PYKOTASTATUS", "PYKOTAJOBSIZE", "PYKOTAJOBPRICE")


@pytest.fixture
def hooks(shop: Shop) -> Hooks:
    def furnish(books: CatalogueTransaction) -> None:
        books.add_printers(["color", "floor"])
        number = {printer.name: printer.printer_id for printer in books.printers()}
        books.join_printer_group(number["color"], [number["hp"]])
        books.join_printer_group(number["floor"], [number["color"]])
        job = micros(Decimal("0.1"))
        books.change_printers([number["hp"]], PrinterChange(description="in $(hall)", price_per_job=job))
        (anna,) = (user.user_id for user in books.users())
        books.change_users([anna], OwnerChange(description='Änne the "first"', overcharge=2_000_000))
        own = EntrySelection(OwnerKind.USER, None, [number["hp"]])
        books.change_entries(own, EntryChange(soft_limit=5, hard_limit=9, max_job_impressions=8))

    shop.catalogue.write("root", "furnish", furnish)
    return Hooks(shop)


def furnished(shop: Shop, hooks: Hooks, **more: object) -> None:
    """A command in every place, none of which decides anything."""
    shop.queue(
        overwrite_jobticket=hooks.program("ticket", "USERNAME=anna\nBILLINGCODE=physics"),
        unknown_billingcode=hooks.program("code"),
        denyduplicates=hooks.program("duplicates"),
        duplicatesdelay_s=60,
        askconfirmation=hooks.program("ask"),
        mailto=MailTo(Recipients.COMMAND, hooks.program("mailto")),
        prehook=hooks.program("prehook"),
        posthook=hooks.program("posthook"),
        startingbanner=hooks.program("starting", "%!PS\nshowpage"),
        endingbanner=hooks.program("ending", "%!PS\nshowpage"),
        **more,
    )


def print_three_pages(shop: Shop) -> None:
    uri = "ipp://printer.school:631/ipp/print"
    shop.print(pages(3), user="GUEST@SCHOOL", options=OPTIONS, uri=uri)
    shop.notices.wait_until_sent(60.0)


def later(told: dict[str, str]) -> dict[str, str]:
    return {name: told[name] for name in LATER if name in told}


def part(told: dict[str, str], like: dict[str, str]) -> dict[str, str | None]:
    return {name: told.get(name) for name in like}


def test_all_commands_are_told_of_the_job(shop: Shop, hooks: Hooks) -> None:
    shop.catalogue.write("root", "code", lambda books: books.add_codes(["physics"]))
    furnished(shop, hooks)
    print_three_pages(shop)
    print_three_pages(shop)  # the second is a duplicate
    assert [name for name in hooks.names() if name == "duplicates"] == ["duplicates"]
    for name in ("duplicates", "ask", "mailto", "prehook", "posthook", "starting", "ending"):
        told = hooks.told(name)
        assert part(told, JOB | CODES) == JOB | CODES
        assert told["PYKOTAPRECOMPUTEDJOBSIZE"] == "3"
        assert len(told["PYKOTAMD5SUM"]) == 32
        assert told["PYKOTADATAFILE"].startswith(told["PYKOTADIRECTORY"] + "/")


def test_the_ticket_command_is_told_what_was_received_and_of_no_account(shop: Shop, hooks: Hooks) -> None:
    furnished(shop, hooks)
    print_three_pages(shop)
    told = hooks.told("ticket")
    received = JOB | {"PYKOTAUSERNAME": "GUEST"} | dict.fromkeys(CODES, "alchemy")
    assert part(told, received) == received
    assert not {*USER, *PRINTER, *LATER} & set(told)


@pytest.mark.parametrize("name", ["code", "duplicates", "ask"])
def test_who_decides_is_told_of_user_and_printer_and_of_no_decision(shop: Shop, hooks: Hooks, name: str) -> None:
    """Also where the job is to be warned of."""
    furnished(shop, hooks)
    if name != "code":
        shop.catalogue.write("root", "code", lambda books: books.add_codes(["physics"]))
    print_three_pages(shop)
    print_three_pages(shop)
    told = hooks.told(name)
    assert later(told) == {"PYKOTAPHASE": "BEFORE"}
    assert set(USER) <= set(told)
    assert part(told, PRINTER) == PRINTER


def test_before_the_document_there_is_action_and_reason_and_behind_it_what_was_charged(
    shop: Shop, hooks: Hooks
) -> None:
    shop.catalogue.write("root", "code", lambda books: books.add_codes(["physics"]))
    furnished(shop, hooks, softwarn="Slow down.")
    print_three_pages(shop)
    before = {"PYKOTAPHASE": "BEFORE", "PYKOTAACTION": "ALLOW"}
    for name in ("prehook", "starting"):
        assert later(hooks.told(name)) == before
        assert part(hooks.told(name), USER | PRINTER) == USER | PRINTER
    assert "mailto" not in hooks.names()  # there is nothing to tell
    assert later(hooks.told("ending")) == {"PYKOTAPHASE": "AFTER", "PYKOTAACTION": "ALLOW"}
    after = {"PYKOTAPHASE": "AFTER", "PYKOTAACTION": "ALLOW", "PYKOTAJOBSIZE": "5", "PYKOTAJOBPRICE": "0.70"}
    assert later(hooks.told("posthook")) == after
    charged = USER | {"PYKOTABALANCE": "9.30", "PYKOTAPAGECOUNTER": "5", "PYKOTALIFEPAGECOUNTER": "5"}
    assert part(hooks.told("posthook"), charged) == charged


def test_a_banner_that_is_not_accounted_is_told_what_was_charged(shop: Shop, hooks: Hooks) -> None:
    shop.catalogue.write("root", "code", lambda books: books.add_codes(["physics"]))
    furnished(shop, hooks, accountbanner=BannerShare.NONE)
    print_three_pages(shop)
    assert (hooks.told("ending")["PYKOTAJOBSIZE"], hooks.told("ending")["PYKOTAJOBPRICE"]) == ("3", "0.50")


def test_the_banners_of_a_refused_job_know_why_and_where_they_stand(shop: Shop, hooks: Hooks) -> None:
    furnished(shop, hooks, maxdenybanners=2, hardwarn="No more.")
    shop.print(pages(9))
    denied = {"PYKOTAACTION": "DENY", "PYKOTAREASON": hooks.told("prehook")["PYKOTAREASON"]}
    assert later(hooks.told("starting")) == {"PYKOTAPHASE": "BEFORE"} | denied
    none = {"PYKOTAJOBSIZE": "0", "PYKOTAJOBPRICE": "0.00"}
    assert later(hooks.told("ending")) == {"PYKOTAPHASE": "AFTER"} | denied | none


def test_a_warned_job_has_its_reason_and_the_date_in_all_later_commands(shop: Shop, hooks: Hooks) -> None:
    shop.catalogue.write("root", "code", lambda books: books.add_codes(["physics"]))
    furnished(shop, hooks, softwarn="Slow down.", accountbanner=BannerShare.NONE)
    print_three_pages(shop)
    print_three_pages(shop)
    for name, phase in (("mailto", "BEFORE"), ("prehook", "BEFORE"), ("posthook", "AFTER")):
        told = hooks.told(name)
        assert part(told, dict.fromkeys(LATER[:3])) == {
            "PYKOTAPHASE": phase,
            "PYKOTAACTION": "WARN",
            "PYKOTAREASON": "Slow down.",
        }
    assert hooks.told("posthook")["PYKOTADATELIMIT"][:2] == "20"


def test_a_canceled_job_says_so_and_why(shop: Shop, hooks: Hooks) -> None:
    shop.catalogue.write("root", "code", lambda books: books.add_codes(["physics"]))
    furnished(shop, hooks)
    shop.queue(
        askconfirmation=shell("echo CANCEL"), prehook=hooks.program("prehook"), posthook=hooks.program("posthook")
    )
    shop.print(pages(1))
    why = "You canceled this job; nothing was printed or charged"
    canceled = {"PYKOTAACTION": "CANCEL", "PYKOTAREASON": why, "PYKOTASTATUS": "CANCELLED"}
    assert later(hooks.told("prehook")) == {"PYKOTAPHASE": "BEFORE"} | canceled
    none = {"PYKOTAJOBSIZE": "0", "PYKOTAJOBPRICE": "0.00"}
    assert later(hooks.told("posthook")) == {"PYKOTAPHASE": "AFTER"} | canceled | none


def test_the_command_that_reads_the_devices_counter_is_told_before_and_after(shop: Shop, hooks: Hooks) -> None:
    shop.catalogue.write("root", "code", lambda books: books.add_codes(["physics"]))
    commands = shop.services.commands
    shop.services = replace(shop.services, meter_of=lambda uri, queue: open_meter(uri, queue, commands))
    counter = hooks.program("counter", "1000", "%(printer)s")
    furnished(shop, hooks, accounter=CommandAccounter(counter))
    uri = "socket://127.0.0.1:9100"
    shop.print(pages(3), user="GUEST", options=OPTIONS, uri=uri, file=True)
    (before, after) = [(words, told) for name, words, told in hooks.runs() if name == "counter"]
    told = JOB | CODES | {"PYKOTAPRINTERHOSTNAME": "127.0.0.1", "PYKOTAFILENAME": "/spool/d1", "DEVICE_URI": uri}
    for (words, variables), phase in ((before, "BEFORE"), (after, "AFTER")):
        assert words == ["127.0.0.1"]
        assert part(variables, told) == told
        assert later(variables) == {"PYKOTAPHASE": phase, "PYKOTAACTION": "ALLOW"}
        assert part(variables, PRINTER) == PRINTER
        assert variables["document"].encode() == pages(3)


def test_the_policys_command_is_told_of_the_job_only(shop: Shop, hooks: Hooks) -> None:
    shop.queue(policy=hooks.program("policy"))
    shop.print(pages(1), user="newcomer")
    told = hooks.told("policy")
    assert told["PYKOTAUSERNAME"] == "newcomer"
    assert not {*USER, *PRINTER, *LATER} & set(told)

# SPDX-License-Identifier: Apache-2.0
"""The variables of a site's commands: which there are at which time, and how values are written."""

from datetime import UTC, datetime

import pytest

from pagetoll.app.printing.hooks import host_of
from pagetoll.core.catalogue import EntryRow, PrinterRow, UserRow
from pagetoll.core.hook_variables import HookFacts, Phase, hook_variables
from pagetoll.core.job_figures import JobFigures
from pagetoll.core.jobs import AttemptKey, JobKey, Ticket
from pagetoll.core.policy import LimitBy

FIGURES = JobFigures(
    printer=PrinterRow(1, "hp", "the old one", 50_000, 0, passthrough=True, max_job_impressions=40),
    printer_groups=("all", "floor"),
    user=UserRow(1, "anna", "", "Anna A.", LimitBy.BALANCE, 1_500_000, -250_000, 10_000_000, 0),
    entry=EntryRow(1, "anna", "hp", 7, 70, 0, None, 100, datetime(2026, 3, 2, 8, 0, tzinfo=UTC), None, 2),
)


def ticket(**options: str) -> Ticket:
    return Ticket(
        printer="hp",
        class_name="",
        job_originating_user_name="a.smith",
        authenticated_user_name="",
        job_name="letter",
        copies=2,
        options=options,
        document_from_file=False,
        device_uri="socket://printer:9100",
        content_type="",
        final_content_type="",
        job_originating_host_name="10.1.2.3",
        raw_options="sides=one-sided",
    )


def variables(**given: object) -> dict[str, str]:
    facts = {
        "key": AttemptKey(JobKey("server", 42, 1_770_000_000), "0" * 32),
        "ticket": ticket(),
        "user_name": "anna",
        "title": "letter",
        "original_user_name": "a.smith",
        "original_billing_code": "",
        "printer_host": "printer",
        "figures": FIGURES,
    }
    return hook_variables(HookFacts(**{**facts, **given}))  # type: ignore[arg-type]


def test_before_the_decision_only_the_job_is_known() -> None:
    told = variables()
    assert (told["PYKOTAJOBID"], told["PYKOTAPRECOMPUTEDJOBSIZE"]) == ("42", "None")
    assert not {
        "PYKOTAPHASE",
        "PYKOTAACTION",
        "PYKOTAREASON",
        "PYKOTASTATUS",
        "PYKOTABALANCE",
        "PYKOTAJOBSIZE",
    } & set(told)


def test_with_the_decision_user_entry_and_printer_are_told_untranslated() -> None:
    told = variables(phase=Phase.BEFORE, precomputed_impressions=3, precomputed_price=225_000)
    expected = {
        "PYKOTAPHASE": "BEFORE",
        "PYKOTAPRECOMPUTEDJOBSIZE": "3",
        "PYKOTALIMITBY": "balance",
        "PYKOTABALANCE": "-0.25",
        "PYKOTALIFETIMEPAID": "10.00",
        "PYKOTAUSERDESCRIPTION": "Anna A.",
        "PYKOTAPAGECOUNTER": "7",
        "PYKOTALIFEPAGECOUNTER": "70",
        "PYKOTASOFTLIMIT": "None",
        "PYKOTAHARDLIMIT": "100",
        "PYKOTADATELIMIT": "2026-03-02 08:00:00",
        "PYKOTAWARNCOUNT": "2",
        "PYKOTAMAXJOBSIZE": "Unlimited",
        "PYKOTAPRINTERMAXJOBSIZE": "40",
        "PYKOTAPRINTERPASSTHROUGHMODE": "ON",
        "PYKOTAPGROUPS": "all,floor",
        "PYKOTAPRINTERDESCRIPTION": "the old one",
    }
    assert {name: told.get(name) for name in expected} == expected
    assert told["PYKOTAPRECOMPUTEDJOBPRICE"] == "0.225"


def test_at_the_end_the_charge_is_told_and_nothing_is_a_number() -> None:
    told = variables(phase=Phase.AFTER, action="CANCEL", canceled=True, impressions=0, price=0)
    assert (told["PYKOTAJOBSIZE"], told["PYKOTAJOBPRICE"]) == ("0", "0.00")
    assert (told["PYKOTAACTION"], told["PYKOTASTATUS"]) == ("CANCEL", "CANCELLED")


def test_of_a_user_without_entry_there_are_no_limits() -> None:
    told = variables(phase=Phase.BEFORE, figures=JobFigures(user=FIGURES.user))
    assert "PYKOTABALANCE" in told
    assert not {"PYKOTASOFTLIMIT", "PYKOTAPRICEPERPAGE"} & set(told)


def test_the_billing_code_is_the_one_in_force() -> None:
    told = variables(ticket=ticket(**{"job-billing": "physics"}), original_billing_code="chemistry")
    assert (told["PYKOTAJOBBILLING"], told["PYKOTAORIGINALJOBBILLING"]) == ("physics", "chemistry")


@pytest.mark.parametrize(
    ("device_uri", "host"),
    [
        ("socket://10.1.2.3:9100", "10.1.2.3"),
        ("ipp://anna:secret@printer.example/ipp/print", "printer.example"),
        ("socket://[fe80::1]:9100", "fe80::1"),
        ("lpd://server/queue", "server"),
        ("hp:/net/LaserJet?ip=10.1.2.3", "10.1.2.3"),
        ("usb://HP/LaserJet?serial=1", ""),
        ("dnssd://LaserJet._ipp._tcp.local/", ""),
        ("file:/dev/null", ""),
        ("", ""),
    ],
)
def test_the_host_of_a_device(device_uri: str, host: str) -> None:
    assert host_of(device_uri) == host

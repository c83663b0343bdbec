# SPDX-License-Identifier: Apache-2.0
"""The explanation of a charge: every rule has its sentence, every figure its words, no secret is in it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.books import MONDAY, ticket
from pagetoll.app.explanation.job import explanation, summary
from pagetoll.app.explanation.limits import leg_row
from pagetoll.app.explanation.sections import to_json
from pagetoll.app.figures import RULE_SENTENCES, shown_device
from pagetoll.core.jobs import AttemptKey, AttemptState, ChargeRule, Identified, JobKey, Outcome
from pagetoll.core.money import Unit, credits_text, decimal_of
from pagetoll.core.policy import AccountState, OwnerKind
from pagetoll.core.pricing import PriceLine, Tariff, tariff_to_json
from pagetoll.ports import AttemptFacts, AttemptRecord, LegRecord, Note

TARIFF = Tariff((PriceLine("laser", 50_000, 100_000), PriceLine("floor", 5_000, 0)), overcharge=1_500_000)
FACTS = AttemptFacts(
    key=AttemptKey(JobKey("server", 12, 1_770_000_000), "a" * 32),
    ticket=ticket("anna", "laser"),
    identified=Identified.AUTHENTICATED,
    user_name="anna",
    user_id=1,
    printer_id=1,
    boot_id="boot",
    received_at=MONDAY,
    document_octets=4711,
    declared_impressions=5,
    parsed_impressions=4,
    media_sheets=2,
    language="ps",
    confidence="exact",
    findings=("blank_pages", "trailing_garbage"),
)
CHARGED = AttemptRecord(
    attempt_id=3,
    facts=FACTS,
    state=AttemptState.CLOSED,
    outcome=Outcome.COMPLETED,
    quoted_impressions=4,
    quoted_price=480_000,
    tariff_json=tariff_to_json(TARIFF),
    charged_impressions=4,
    charged_media_sheets=2,
    charged_price=480_000,
    charge_rule=ChargeRule.PARSED,
    over_reserved=False,
    reported_impressions=None,
    verdict="allow",
    reason="",
    decision_text="",
    backend_pid=99,
    backend_start_time_ticks=1,
    backend_status=0,
    reserved_at=MONDAY + timedelta(seconds=1),
    started_at=MONDAY + timedelta(seconds=2),
    closed_at=MONDAY + timedelta(seconds=9),
)
REFUSED = replace(
    CHARGED,
    outcome=Outcome.REFUSED,
    charge_rule="",
    charged_impressions=0,
    charged_media_sheets=0,
    charged_price=0,
    tariff_json="",
    verdict="refuse",
    reason="account-limit-reached",
    decision_text="Not printed: user anna on laser: 2 of 10 impressions left, this job needs 4 impressions",
    reserved_at=None,
    started_at=None,
)
LEG = LegRecord(
    account=AccountState(7, Unit.IMPRESSIONS, OwnerKind.USER, "anna", "laser", 9, 0, 10, 20, MONDAY),
    reserved=4,
    state="settled",
    checked=True,
    posted=4,
    posted_before=5,
)
LIMITS = "limits soft 10, hard 20; grace until 2026-03-02 08:00:00 UTC"


def texts(record: AttemptRecord, section: str) -> dict[str, str]:
    found = next(one for one in explanation(record, (), ()).sections if one.name == section)
    return {row.name: row.text for row in found.rows}


def test_the_three_numbers_and_the_rule_stand_side_by_side():
    record = replace(CHARGED, reported_impressions=3, charged_impressions=3, charge_rule="reported_impressions")
    assert {name: texts(record, "counted")[name] for name in texts(record, "counted") if "impressions" in name} == {
        "declared_impressions": "5 impressions",
        "parsed_impressions": "4 impressions",
        "impressions_color": "not known",
        "reported_impressions": "3 impressions",
    }
    assert texts(record, "charged")["rule"] == (
        "the device or its backend reported that many impressions (rule reported_impressions)"
    )


@pytest.mark.parametrize("rule", ChargeRule)
def test_every_rule_is_explained_in_a_sentence_of_its_own(rule: ChargeRule):
    said = texts(replace(CHARGED, charge_rule=rule.value), "charged")["rule"]
    assert said.endswith(f" (rule {rule})")
    assert [one for one in ChargeRule if RULE_SENTENCES[one] in said] == [rule]


@pytest.mark.parametrize("identified", Identified)
def test_how_the_user_is_known_is_said_in_words(identified: Identified):
    said = texts(replace(CHARGED, facts=replace(FACTS, identified=identified)), "who")["identified"]
    assert said.startswith(f"{identified.replace('_', ' ')}: ")


PRINTED = "Job 12 of anna on laser was printed; charged: 4 impressions, 2 sheets, 0.48 credits"


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (CHARGED, f"{PRINTED}."),
        (REFUSED, "Job 12 of anna on laser was refused (account-limit-reached); nothing was charged."),
        (
            replace(REFUSED, outcome=Outcome.VOIDED, reason=""),
            "Job 12 of anna on laser never reached the device; nothing was charged.",
        ),
        (
            replace(CHARGED, outcome=None, state=AttemptState.PRINTING, charge_rule=""),
            "Job 12 of anna on laser is not over: printing; 4 impressions are reserved for it.",
        ),
        (
            replace(CHARGED, outcome=Outcome.CANCELED, charged_price=-1, charge_rule="spool_offset"),
            "Job 12 of anna on laser was canceled; charged: 4 impressions, 2 sheets, -0.000001 credits.",
        ),
        (
            replace(CHARGED, refunded_impressions=1, refunded_price=120_000),
            f"{PRINTED}; given back: 1 impressions, 0.12 credits.",
        ),
        (
            replace(CHARGED, charged_price=0, charge_rule="uncharged"),
            "Job 12 of anna on laser was printed; uncharged: 4 impressions, 2 sheets.",
        ),
    ],
)
def test_the_summary_is_one_sentence(record: AttemptRecord, said: str):
    assert summary(record) == said


def test_the_price_is_shown_as_it_was_computed():
    assert texts(CHARGED, "price") == {
        "lines": "laser: 4 x 0.05 + 0.10 for the job; floor: 4 x 0.005",
        "overcharge": "times 1.50",
        "total": "0.48 credits",
    }


def test_what_was_never_priced_has_no_price():
    assert texts(REFUSED, "price") == {"lines": "none: the job was not priced"}


@pytest.mark.parametrize(
    ("leg", "said"),
    [
        (
            LEG,
            f"5 impressions before, 9 impressions after; {LIMITS}; checked",
        ),
        (
            replace(LEG, posted=0, posted_before=None, state="open", checked=False),
            f"stands at 9 impressions now; 4 impressions set aside; {LIMITS}; counted, not checked",
        ),
        (
            LegRecord(
                AccountState(8, Unit.CREDITS, OwnerKind.USER, "anna", "", 1, 0), 480_000, "settled", True,
                -480_000, 500_000,
            ),
            "0.50 credits before, 0.02 credits after; checked",
        ),
    ],
)  # fmt: skip
def test_an_account_shows_how_it_stood_before_and_after(leg: LegRecord, said: str):
    assert leg_row(leg).text == said


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("socket://printer:9100", "socket://printer:9100"),
        ("ipp://me:secret@host/ipp/print", "ipp://me@host/ipp/print"),
        ("ipp://me:se/cr@et@host/ipp", "ipp://me@host/ipp"),
        ("ipp://me@host/ipp", "ipp://me@host/ipp"),
        ("smb://host/queue?password=secret", "smb://host/queue?…"),
        ("usb://Brand/Model?serial=1", "usb://Brand/Model?…"),
        ("", ""),
    ],
)
def test_a_device_is_shown_without_secrets(uri: str, shown: str):
    assert shown_device(uri) == shown


def test_no_secret_of_the_device_is_anywhere_in_the_json():
    secret = replace(FACTS, ticket=replace(FACTS.ticket, device_uri="ipp://me:s3cret@host/ipp?key=s3cret"))
    assert "s3cret" not in to_json(explanation(replace(CHARGED, facts=secret), (LEG,), ()))


def test_times_are_utc_and_say_so():
    berlin = timezone(timedelta(hours=1))
    facts = replace(FACTS, received_at=datetime(2026, 3, 2, 9, 0, tzinfo=berlin))
    record = replace(CHARGED, facts=facts)
    assert texts(record, "times")["received_at"] == "2026-03-02 08:00:00 UTC"
    assert json.loads(to_json(explanation(record, (), ())))["times"]["received_at"] == "2026-03-02T08:00:00+00:00"


def test_json_has_the_same_keys_for_every_attempt():
    """Programs find a key also where there is nothing to say to people."""
    note = Note(datetime(2026, 3, 2, 8, 0, 5, tzinfo=UTC), "repaired", "its processes died")
    rich = json.loads(to_json(explanation(CHARGED, (LEG,), (note,), (CHARGED, REFUSED))))
    poor = json.loads(to_json(explanation(REFUSED, (), ())))
    assert rich.keys() == poor.keys()
    assert rich["notes"] == [{"at": "2026-03-02T08:00:05+00:00", "code": "repaired", "text": "its processes died"}]
    for section in ("job", "who", "document", "counted", "decision", "times"):
        assert rich[section].keys() == poor[section].keys()


@given(st.integers(min_value=-(2**62), max_value=2**62))
def test_credits_are_shown_exactly(steps: int):
    text = credits_text(steps)
    assert Decimal(text) == decimal_of(steps)
    assert len(text.partition(".")[2]) in range(2, 7)

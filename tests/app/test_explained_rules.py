# SPDX-License-Identifier: Apache-2.0
"""The explanation of a job names each rule and command that had a say in it."""

import json

import pytest

from app.print_shop import Shop, pages
from app.site_hooks import Hooks, shell, unusable
from pagetoll.app.explanation.job import explain
from pagetoll.app.explanation.sections import to_json
from pagetoll.core.accounting import Charge
from pagetoll.core.jobs import Outcome


@pytest.fixture
def hooks(shop: Shop) -> Hooks:
    return Hooks(shop)


def told(shop: Shop) -> dict[str, dict[str, object]]:
    """The explanation of the only job, as programs get it."""
    explained: dict[str, dict[str, object]] = json.loads(to_json(explain(shop.services.ledger, shop.record)))
    return explained


def noted(shop: Shop) -> list[tuple[str, str]]:
    return [(note.code, note.text) for note in shop.services.ledger.notes(shop.record.attempt_id)]


@pytest.mark.parametrize(
    ("word", "outcome"), [("CANCEL", Outcome.CANCELED), ("DENY", Outcome.REFUSED), ("AUTH=NO", Outcome.REFUSED)]
)
def test_a_job_that_its_ticket_ends_is_its_users_all_the_same(
    shop: Shop, hooks: Hooks, word: str, outcome: Outcome
) -> None:
    said = f"REASON=closed\n{word}"
    shop.queue(overwrite_jobticket=hooks.program("ticket", said), posthook=hooks.program("post"))
    shop.print(pages(2))
    assert (shop.record.outcome, shop.record.decision_text) == (outcome, "closed")
    assert shop.record.facts.user_id is not None
    assert told(shop)["who"]["user"] == "anna"
    verdict = "CANCEL" if outcome is Outcome.CANCELED else "DENY"
    assert ("ticket", f"overwrite_jobticket said {verdict}") in noted(shop)
    told_after = hooks.told("post")
    assert (told_after["PYKOTAACTION"], told_after["PYKOTAREASON"]) == (verdict, "closed")
    assert (told_after["PYKOTABALANCE"], told_after["PYKOTAPRECOMPUTEDJOBPRICE"]) == ("10.00", "0.10")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("echo OK", "the job may go on"),
        ("echo CANCEL", "the answer was CANCEL"),
        ("sleep 60", "no answer within 1 seconds"),
    ],
)
def test_a_question_and_its_answer_are_on_record(shop: Shop, line: str, said: str) -> None:
    shop.queue(askconfirmation=shell(line), confirm_timeout_s=1 if "no answer" in said else 60)
    shop.print(pages(2))
    assert ("confirmation", f"askconfirmation: {said}") in noted(shop)


def test_a_question_that_reached_nobody_is_on_record(shop: Shop) -> None:
    shop.queue(askconfirmation=unusable(shop.folder))
    shop.print(pages(2))
    assert ("confirmation", "askconfirmation: nobody was asked") in noted(shop)


def test_which_of_two_numbers_is_charged_is_said_with_both(shop: Shop) -> None:
    shop.queue(charge=Charge.SMALLER)
    shop.print(pages(5), "sh -c 'cat >/dev/null; echo PAGE: total 7 >&2'", uri="ipp://printer/ipp/print")
    (measured,) = (text for code, text in noted(shop) if code == "measured")
    assert measured.startswith("5 impressions by rule parsed")
    assert measured.endswith("charge = smaller of 7 reported and 5 by the document")
    counted = told(shop)["counted"]
    assert (counted["parsed_impressions"], counted["reported_impressions"]) == (5, 7)


def test_each_command_that_was_run_is_named_with_its_end(shop: Shop, hooks: Hooks) -> None:
    shop.queue(prehook=hooks.program("pre"), posthook=shell("exit 7"))
    shop.print(pages(1))
    ran = [text for code, text in noted(shop) if code == "hook"]
    assert ran == ["prehook: it ended well", "posthook: it ended with status 7: it said nothing"]

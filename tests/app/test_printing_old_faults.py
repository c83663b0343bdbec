# SPDX-License-Identifier: Apache-2.0
"""Faults of PyKota's backend that jobs show no more; shape/test_old_faults.py has the table of all."""

from dataclasses import replace

import pytest

from app.measured_shop import machine, measured_by
from app.print_shop import Shop, pages
from pagetoll.config.layers import pykota_default_layer, settings_of
from pagetoll.config.pykota_conf.read import read_pykota
from pagetoll.core.jobs import ChargeRule, Outcome
from pagetoll.core.mail_to import MailTo, Recipients
from pagetoll.core.policy import Verdict
from pagetoll.integrations.printlab.engine import EngineHabits


def obey(shop: Shop, directives: str) -> None:
    """Make the shop's settings those of a pykota.conf; nobody is told anything."""
    found = read_pykota(f"[global]\n{directives}", "/etc/pykota/pykota.conf")
    assert found.problems == []
    settings = settings_of([found.layer, pykota_default_layer(found.file)])
    shop.settings = replace(settings, defaults=replace(settings.defaults, mailto=MailTo(Recipients.NOBODY)))


def story(shop: Shop) -> list[str]:
    """The notes of the job's measure, and of its end."""
    return [line for line in shop.notes().splitlines() if line.startswith(("measured", "voided"))]


@pytest.mark.parametrize("takes", ["true", "head -c 150 >/dev/null"], ids=["nothing", "some"])
def test_retry_alone_is_the_same_as_with_nocharge_and_the_record_says_so(shop: Shop, takes: str) -> None:
    told = []
    for words in ("retry:1:1", "retry:1:1,nocharge", "nocharge", "charge"):
        obey(shop, f"onbackenderror : {words}\n")
        before = shop.posted
        caller = shop.print(pages(3), backend=f"{takes}; exit 1")
        assert caller.status == 1
        record = shop.records()[-1]
        notes = [note.text for note in shop.services.ledger.notes(record.attempt_id) if note.code == "measured"]
        told.append((record.outcome, record.charge_rule, record.charged_impressions, record.charged_price, notes))
        assert shop.posted - before == record.charged_impressions
    retried, both, plain, charged = told
    assert retried == both == plain
    assert retried[0] is Outcome.ABORTED
    assert (retried[2] == 0) is (takes == "true")
    assert charged[2] == 3
    assert charged[4] != plain[4]


def test_a_job_that_is_only_warned_waits_for_its_counter_as_any_other(shop: Shop) -> None:
    with machine(EngineHabits(late_counter_s=0.5)) as place:
        measured_by(shop, place)
        shop.limits(soft=2, hard=10)
        assert shop.print(pages(5), place.backend, uri=place.uri).status == 0
    record = shop.record
    assert (record.verdict, record.charge_rule, record.reported_impressions) == (
        Verdict.WARN,
        ChargeRule.DEVICE_COUNTER,
        5,
    )
    assert shop.posted == 5

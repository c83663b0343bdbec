# SPDX-License-Identifier: Apache-2.0
"""`pagetoll printer drift`: how far counts and the devices' reports are apart."""

import json

import pytest

from cli.site import Site
from pagetoll.core.jobs import ChargeRule, Outcome
from pagetoll.core.policy import ALLOWED
from pagetoll.ports import Settlement


@pytest.fixture
def printed(site: Site) -> Site:
    """Three jobs on hp, one on laser; the last one's device said nothing."""
    with site.books() as books:
        for name in ("hp", "laser"):
            books.printer(name)
        books.user()
        for printer, parsed, reported in (("hp", 5, 5), ("hp", 10, 12), ("hp", 4, None), ("laser", 3, 2)):
            books.entry(printer=printer)
            facts = books.facts(printer=printer, parsed_impressions=parsed)
            books.ledger.reserve(facts, books.plan(parsed, "anna", printer, ""), ALLOWED, ())
            rule = ChargeRule.PARSED if reported is None else ChargeRule.DEVICE_COUNTER
            charged = parsed if reported is None else reported
            books.ledger.settle(
                facts.key,
                Settlement(charged, charged, 0, rule, Outcome.COMPLETED, reported_impressions=reported),
            )
    return site


def shown(site: Site, *words: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in site.do("pagetoll", "printer", "drift", *words, "--json").splitlines()]


def test_it_sums_what_both_told(printed: Site) -> None:
    hp, laser = shown(printed)
    assert hp == {
        "name": "hp",
        "jobs": 2,
        "counted": 15,
        "reported": 17,
        "charged": 17,
        "apart": 2,
        "percent": "13.3",
        "differing": 1,
        "set_aside": 0,
    }
    assert (laser["apart"], laser["percent"]) == (-1, "-33.3")


def test_it_can_be_asked_for_some_printers_and_times(printed: Site) -> None:
    assert [row["name"] for row in shown(printed, "l*")] == ["laser"]
    assert shown(printed, "nothing*") == []
    assert shown(printed, "--since", "29990101") == []
    assert len(shown(printed, "--since", "20000101")) == 2


def test_a_table_is_for_people(printed: Site) -> None:
    lines = printed.do("pagetoll", "printer", "drift").splitlines()
    assert "COUNTED" in lines[0]
    assert "SET ASIDE" in lines[0]
    assert "13.3" in "\n".join(lines)


def test_a_date_that_is_none_is_refused(printed: Site) -> None:
    done = printed.run("pagetoll", "printer", "drift", "--since", "yesteryear")
    assert done.status == 2
    assert "yesteryear" in done.err

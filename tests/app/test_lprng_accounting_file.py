# SPDX-License-Identifier: Apache-2.0
"""Pages by the counters in lpd's accounting file go to the job that printed them, whatever a client calls its job."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.lpd_calls import Queue
from app.print_shop import Shop, pages
from pagetoll.core.accounting import Charge, TrustJobSize
from pagetoll.core.catalogue import EntrySelection, OwnerChange
from pagetoll.core.jobs import AttemptState, ChargeRule
from pagetoll.core.policy import LimitBy, OwnerKind
from pagetoll.ports import CatalogueTransaction

JOB = "anna@host+12"


@pytest.fixture
def queue(shop: Shop) -> Iterator[Queue]:
    """A queue whose filter writes page counters; the clock goes on by a minute with each look at it."""
    begun, base = time.monotonic(), datetime(2026, 11, 21, 12, tzinfo=UTC)
    ticks = iter(range(1, 100_000))
    shop.services = replace(
        shop.services,
        clock=lambda: base + timedelta(minutes=next(ticks), seconds=time.monotonic() - begun),
    )
    shop.catalogue.write("root", "start", _add_mallory)
    shop.limits(soft=1000, hard=1000)
    place = Queue(shop)
    place.write("start '-p100'", "end '-p100'", "END 'p=0'")
    yield place
    assert shop.audit() == []


def _add_mallory(books: CatalogueTransaction) -> None:
    books.add_users(["mallory"])
    books.change_users([user.user_id for user in books.users()], OwnerChange(limitby=LimitBy.QUOTA))
    books.ensure_entries(EntrySelection(OwnerKind.USER, None, None))


def charged(shop: Shop) -> list[tuple[str, int, AttemptState]]:
    return [(one.facts.user_name, one.charged_impressions, one.state) for one in shop.records()]


def test_a_job_of_the_same_name_that_was_over_before_takes_no_pages_of_a_later_one(shop: Shop, queue: Queue) -> None:
    queue.acct.write_text("")  # no counter yet, so that the job is settled when the next one starts
    assert queue.start(pages(2), identifier=JOB) == 0
    queue.write("start '-p100'")
    assert queue.start(pages(5), identifier=JOB) == 0
    queue.write("start '-p100'", "end '-p105'")
    queue.end(identifier=JOB)
    assert charged(shop)[1] == ("anna", 5, AttemptState.CLOSED)
    assert shop.records()[1].charge_rule == ChargeRule.DEVICE_COUNTER


@pytest.mark.parametrize("others", [{"user": "mallory"}, {"host": "elsewhere"}, {"number": 13}])
def test_a_client_that_calls_its_job_like_anothers_open_one_gets_its_own_pages(
    shop: Shop, queue: Queue, others: dict[str, object]
) -> None:
    assert queue.start(pages(9), identifier=JOB) == 0
    queue.write("start '-p100'")
    queue.end("JFAIL", identifier=JOB)
    assert [state for _, _, state in charged(shop)] == [AttemptState.STARTING]
    assert queue.start(pages(3), identifier=JOB, **others) == 0
    queue.write("start '-p109'", "end '-p112'")
    queue.end(identifier=JOB, **others)
    assert [pages for _, pages, _ in charged(shop)] == [9, 3]


def test_an_end_of_another_user_settles_nothing_of_a_job_of_the_same_name(shop: Shop, queue: Queue) -> None:
    assert queue.start(pages(4), identifier=JOB) == 0
    queue.write("start '-p100'")
    queue.end("JREMOVE", identifier=JOB, user="mallory")
    assert charged(shop) == [("anna", 0, AttemptState.STARTING)]
    queue.write("end '-p104'")
    queue.end(identifier=JOB)
    assert charged(shop) == [("anna", 4, AttemptState.CLOSED)]


@pytest.mark.parametrize(
    "identifier", ["a'b\"c;d$e`f\\g@host+12", "müller@host+12", "x" * 5000, "a\tb", "'A=anna@host+12' 'n=anna'"]
)
def test_an_identifier_of_odd_signs_is_found_in_the_file_again(shop: Shop, queue: Queue, identifier: str) -> None:
    assert queue.start(pages(4), identifier=identifier) == 0
    queue.write("start '-p100'", "end '-p103'")
    queue.end(identifier=identifier)
    assert charged(shop) == [("anna", 3, AttemptState.CLOSED)]


def test_a_job_whose_line_was_cut_off_the_file_does_not_wait_for_ever(shop: Shop, queue: Queue) -> None:
    assert queue.start(pages(4), identifier=JOB) == 0
    queue.write("start '-p100'")
    queue.end("JFAIL", identifier=JOB)
    queue.acct.write_text("start '-p100'\nend '-p100'\nEND 'p=0'\n")
    assert queue.start(pages(2), identifier="anna@host+13", number=13) == 0
    queue.write("start '-p104'", "end '-p106'")
    queue.end(identifier="anna@host+13", number=13)
    assert [(count, state) for _, count, state in charged(shop)] == [
        (4, AttemptState.CLOSED),  # whose counter is lost: all that was counted
        (2, AttemptState.CLOSED),
    ]


@pytest.mark.parametrize(
    ("options", "marked", "expected", "rule"),
    [
        ({}, 7, 7, ChargeRule.DEVICE_COUNTER),
        ({"charge": Charge.PARSED}, 7, 4, ChargeRule.PARSED),
        ({"charge": Charge.SMALLER}, 7, 4, ChargeRule.PARSED),
        ({"charge": Charge.SMALLER}, 3, 3, ChargeRule.DEVICE_COUNTER),
        ({"charge": Charge.LARGER}, 7, 7, ChargeRule.DEVICE_COUNTER),
        ({"trustjobsize": TrustJobSize(6, None)}, 7, 4, ChargeRule.TRUSTED_SIZE),
        ({"trustjobsize": TrustJobSize(6, 5)}, 7, 5, ChargeRule.TRUSTED_SIZE),
        ({"trustjobsize": TrustJobSize(7, 5)}, 7, 7, ChargeRule.DEVICE_COUNTER),
    ],
)
def test_the_queue_says_which_of_both_numbers_is_charged(
    shop: Shop, queue: Queue, options: dict[str, object], marked: int, expected: int, rule: str
) -> None:
    shop.queue(**options)
    assert queue.start(pages(4), identifier=JOB) == 0
    queue.write("start '-p100'", f"end '-p{100 + marked}'")
    queue.end(identifier=JOB)
    (record,) = shop.records()
    assert (record.charged_impressions, record.charge_rule) == (expected, rule)

# SPDX-License-Identifier: Apache-2.0
"""The print servers of a ledger, on every database."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from contract.books import MONDAY, Books
from pagetoll.core.errors import AlreadyVoided
from pagetoll.core.jobs import Outcome
from pagetoll.core.policy import ALLOWED
from pagetoll.ports.print_servers import PrintServer


def test_a_server_counts_its_beats_and_sees_the_others(books: Books) -> None:
    ledger = books.ledger
    assert ledger.print_servers() == []
    assert ledger.beat("b") == [PrintServer("b", 1, MONDAY)]
    books.clock.forward(seconds=60)
    assert ledger.beat("a") == [PrintServer("a", 1, books.clock()), PrintServer("b", 1, MONDAY)]
    assert ledger.beat("b") == [PrintServer("a", 1, books.clock()), PrintServer("b", 2, books.clock())]
    assert ledger.print_servers() == ledger.print_servers() != []


def test_one_that_is_given_up_stays_so_until_it_beats_and_that_is_on_record(books: Books) -> None:
    ledger = books.ledger
    ledger.beat("b")
    ledger.give_up_server("b", "root")
    ledger.give_up_server("never\0seen", "root")
    assert [(one.name, one.beats, one.given_up) for one in ledger.print_servers()] == [
        ("b", 1, True),
        ("never\ufffdseen", 0, True),
    ]
    back = next(one for one in ledger.beat("b") if one.name == "b")
    assert (back.beats, back.given_up) == (2, False)
    assert [(act.actor, act.text) for act in ledger.acts()] == [
        ("root", "give up never\ufffdseen"),
        ("root", "give up b"),
    ]


def test_many_that_beat_at_once_count_each_beat(books: Books) -> None:
    with ThreadPoolExecutor(8) as crowd:
        list(crowd.map(lambda _: books.ledger.beat("b"), range(16)))
    assert [one.beats for one in books.ledger.print_servers()] == [16]


def test_what_was_started_in_the_last_moment_is_not_voided_as_unstarted(books: Books) -> None:
    books.printer(page="1")
    books.user()
    books.entry()
    ledger, started, waiting = books.ledger, books.facts(), books.facts()
    for facts in (started, waiting):
        ledger.reserve(facts, books.plan(3), ALLOWED, ())
    ledger.mark_starting(started.key, books.clock())
    voided = [ledger.void(one.key, Outcome.VOIDED, (), only_unstarted=True) for one in (started, waiting, waiting)]
    assert (voided, books.pages().reserved) == ([False, True, True], 3)
    with pytest.raises(AlreadyVoided):
        ledger.mark_starting(waiting.key, books.clock())
    assert ledger.void(started.key, Outcome.VOIDED, ())
    assert (books.pages().reserved, books.audit()) == (0, [])

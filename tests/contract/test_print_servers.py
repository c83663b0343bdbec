# SPDX-License-Identifier: Apache-2.0
"""The print servers of a ledger, on every database."""

from concurrent.futures import ThreadPoolExecutor

from contract.books import MONDAY, Books
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

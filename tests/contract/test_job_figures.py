# SPDX-License-Identifier: Apache-2.0
"""What a job's commands are told of printer and user, and which jobs are the same as another."""

import pytest

from contract.books import Books
from pagetoll.core.errors import DocumentRepeated
from pagetoll.core.job_figures import NO_FIGURES
from pagetoll.core.jobs import AttemptKey, HistoryFilter
from pagetoll.core.policy import ALLOWED
from pagetoll.ports import NoCopy

HASH, OTHER_HASH = "a" * 64, "b" * 64


@pytest.fixture
def one(books: Books) -> Books:
    books.printer("everywhere")
    books.printer("floor", below="everywhere")
    books.printer("hp", page="0.10", below="floor")
    books.printer("other")
    books.user(balance="10")
    books.entry(soft=50, hard=100)
    books.entry(printer="other")
    return books


def begin(books: Books, sha256: str = HASH, **given: object) -> AttemptKey:
    facts = books.facts(document_sha256=sha256, **given)
    books.ledger.reserve(facts, books.plan(2), ALLOWED, ())
    return facts.key


def same(books: Books, *, within_s: float = 60, sha256: str = HASH, **given: object) -> AttemptKey | None:
    """The earlier job that a new one repeats."""
    facts = books.facts(document_sha256=sha256, **given)
    books.clock.forward(seconds=-within_s)
    since = books.clock()
    books.clock.forward(seconds=within_s)
    found = books.ledger.same_document(facts.key, facts.user_id or 0, sha256, since)
    return None if found is None else found.facts.key


def test_the_figures_are_those_of_the_moment(one: Books) -> None:
    one.print(3)
    view = one.view()
    figures = one.ledger.job_figures(view.printer_id, view.user_id)
    assert figures.printer is not None and figures.user is not None and figures.entry is not None
    assert (figures.printer.name, figures.printer.price_per_impression) == ("hp", 100_000)
    assert figures.printer_groups == ("everywhere", "floor")
    assert (figures.user.name, figures.user.balance, figures.user.lifetime_paid) == ("anna", 9_700_000, 10_000_000)
    assert (figures.entry.page_counter, figures.entry.soft_limit, figures.entry.hard_limit) == (3, 50, 100)


def test_of_what_is_not_known_there_are_no_figures(one: Books) -> None:
    assert one.ledger.job_figures(None, None) == NO_FIGURES
    only_user = one.ledger.job_figures(None, one.view().user_id)
    assert (only_user.printer, only_user.entry, only_user.user is None) == (None, None, False)


def test_a_loop_of_printer_groups_ends(one: Books) -> None:
    one.nest("hp", "everywhere")
    view = one.view()
    assert one.ledger.job_figures(view.printer_id, view.user_id).printer_groups == ("everywhere", "floor", "hp")


def test_the_same_document_is_found_while_it_prints_and_for_some_time_after(one: Books) -> None:
    key = begin(one)
    one.clock.forward(hours=2)
    assert same(one) == key
    one.settle(key, 2)
    one.clock.forward(seconds=60)
    assert same(one) == key
    one.clock.forward(seconds=1)
    assert same(one) is None


def test_a_reserve_that_wants_no_copy_names_the_newest_one_beyond_what_is_known(one: Books) -> None:
    first, second = begin(one), begin(one)
    known = one.ledger.attempt(first)
    newest = one.ledger.attempt(second)
    assert known is not None and newest is not None
    facts = one.facts(document_sha256=HASH)
    for beyond in (0, known.attempt_id):
        with pytest.raises(DocumentRepeated) as raised:
            one.ledger.reserve(facts, one.plan(2), ALLOWED, (), NoCopy(one.clock(), beyond))
        assert raised.value.earlier == newest
    assert one.ledger.attempt(facts.key) is None
    assert one.pages().reserved == 4
    one.ledger.reserve(facts, one.plan(2), ALLOWED, (), NoCopy(one.clock(), newest.attempt_id))
    one.ledger.reserve(facts, one.plan(2), ALLOWED, (), NoCopy(one.clock()))  # a retry finds itself
    assert one.pages().reserved == 6


def test_it_is_found_on_any_printer(one: Books) -> None:
    key = begin(one)
    one.settle(key, 2)
    assert same(one, printer="other") == key


def test_what_was_not_printed_is_no_earlier_copy(one: Books) -> None:
    one.void(begin(one))
    assert same(one) is None


def test_another_document_and_another_user_are_others(one: Books) -> None:
    one.settle(begin(one), 2)
    assert same(one, sha256=OTHER_HASH) is None
    one.user("ben")
    one.entry("ben")
    assert same(one, user="ben") is None


def test_a_further_run_of_a_job_does_not_repeat_it(one: Books) -> None:
    facts = one.facts(document_sha256=HASH)
    one.ledger.reserve(facts, one.plan(2), ALLOWED, ())
    one.settle(facts.key, 2)
    again = AttemptKey(facts.key.job, "f" * 32)
    assert facts.user_id is not None
    assert one.ledger.same_document(again, facts.user_id, HASH, one.clock()) is None


def test_the_last_attempt_on_a_printer_is_another_ones(one: Books) -> None:
    view = one.view()
    assert view.printer_id is not None
    first = one.print(1)
    one.clock.forward(seconds=5)
    second = one.print(1)
    found = one.ledger.last_attempt_on(view.printer_id, second)
    assert found is not None and found.facts.key == first


def test_deny_banners_are_counted_on_the_entry_and_begin_anew(one: Books) -> None:
    view = one.view()
    account_id = view.entries[0].account_id

    def counted() -> int:
        entry = one.ledger.job_figures(view.printer_id, view.user_id).entry
        assert entry is not None
        return entry.warn_banners

    one.ledger.count_deny_banners(account_id, 1)
    one.ledger.count_deny_banners(account_id, 2)
    assert counted() == 3
    one.ledger.count_deny_banners(account_id, 0)
    assert counted() == 0
    assert one.audit() == []


def test_only_the_last_job_of_a_printer_is_left_in_the_history(one: Books) -> None:
    view = one.view()
    assert view.printer_id is not None
    first, other, last = one.print(3), one.print(1, printer="other"), one.print(2)
    one.ledger.hide_earlier(view.printer_id, last)
    told = list(one.ledger.history(HistoryFilter(dumped=True), newest_first=False))
    assert [record.facts.key for record in told] == [other, last]
    record = one.ledger.attempt(first)
    assert record is not None
    assert (record.facts.ticket.job_name, record.facts.ticket.options) == ("hidden", {})
    assert (record.charged_impressions, one.posted(), one.audit()) == (3, 5, [])

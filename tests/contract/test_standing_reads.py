# SPDX-License-Identifier: Apache-2.0
"""What reports and warnings ask of the books: present members, accounts as they stand, a grace without a job."""

from datetime import timedelta

from contract.books import MONDAY, Books, owner_ids
from pagetoll.core.policy import OwnerKind

WEEK_S = 7 * 86400


def test_present_members_are_pairs_of_numbers(books: Books):
    books.group("staff")
    books.group("empty")
    books.user("anna", groups_of=("staff",))
    books.user("bert", groups_of=("staff",))
    (staff,) = owner_ids(books.catalogue, OwnerKind.GROUP, "staff")
    (anna,) = owner_ids(books.catalogue, OwnerKind.USER, "anna")
    (bert,) = owner_ids(books.catalogue, OwnerKind.USER, "bert")
    assert books.catalogue.group_members() == [(staff, anna), (staff, bert)]
    books.leave("staff", "anna")
    assert books.catalogue.group_members() == [(staff, bert)]
    books.delete_user("bert")
    assert books.catalogue.group_members() == []


def test_accounts_are_shown_as_they_stand_and_unknown_ones_left_out(books: Books):
    books.printer()
    books.user()
    entry = books.entry(soft=5, hard=9)
    books.hold(3)
    (state,) = books.ledger.account_states([entry, 10**6])
    assert (state.account_id, state.reserved, state.soft_limit, state.owner_name) == (entry, 3, 5, "anna")
    assert books.ledger.account_states([]) == []


def test_a_printer_knows_what_was_ever_counted_on_it(books: Books):
    books.printer()
    books.user()
    books.entry()
    books.print(3)
    books.print(4)
    assert [row.counted_impressions for row in books.catalogue.printers()] == [7]


def test_a_grace_begins_only_between_the_limits_and_only_once(books: Books):
    books.printer()
    cases = {"below": 4, "soft": 5, "between": 8, "hard": 9}
    entries = {}
    for name, used in cases.items():
        books.user(name)
        entries[name] = books.entry(name, soft=5, hard=9)
        books.adjust_to(used, name)
    books.change(lambda transaction: transaction.start_grace(list(entries.values()), WEEK_S))
    ends = {name: books.account(entry).grace_until for name, entry in entries.items()}
    end = MONDAY + timedelta(seconds=WEEK_S)
    assert ends == {"below": None, "soft": end, "between": end, "hard": None}
    books.clock.forward(days=1)
    books.change(lambda transaction: transaction.start_grace(list(entries.values()), WEEK_S))
    assert books.account(entries["soft"]).grace_until == end
    assert books.audit() == []


def test_pages_set_aside_count_for_the_grace(books: Books):
    books.printer()
    books.user()
    entry = books.entry(soft=None, hard=None)
    books.hold(6)
    books.limits(soft=5, hard=9)
    books.change(lambda transaction: transaction.start_grace([entry], WEEK_S))
    assert books.account(entry).grace_until == MONDAY + timedelta(seconds=WEEK_S)

# SPDX-License-Identifier: Apache-2.0
"""Printer groups above a printer, and the kept sums of users groups (docs/concepts/ledger.md)."""

from decimal import Decimal

import pytest

from contract.books import Books, owner_ids
from pagetoll.core.catalogue import EntryChange, EntrySelection, Figure
from pagetoll.core.errors import LimitReached, UsageError
from pagetoll.core.policy import LimitBy, OwnerKind


def staff_and_anna(books: Books, *, group_hard: int | None = None, limitby: LimitBy = LimitBy.QUOTA) -> None:
    books.printer(page="1")
    books.group("staff", limitby=limitby)
    books.entry("staff", hard=group_hard, of_group=True)
    for user in ("anna", "bert"):
        books.user(user, balance="10", groups_of=("staff",))
        books.entry(user)


def test_a_job_counts_and_costs_on_every_ancestor_where_the_user_has_an_entry(books: Books) -> None:
    books.printer("floor", page="0.10")
    books.printer("house", page="5")
    books.printer("hp", page="1", job="2", below="floor")
    books.nest("house", "floor")
    books.user()
    for printer in ("hp", "floor"):
        books.entry(printer=printer)
    books.print(10)
    assert (books.posted(), books.posted(printer="floor")) == (10, 10)
    assert books.balance() == -13
    assert [entry.printer_name for entry in books.view().entries] == ["hp", "floor"]


def test_an_ancestor_reached_by_two_ways_counts_once(books: Books) -> None:
    for name in ("house", "left", "right", "hp"):
        books.printer(name, page="1")
    for above, below in (("house", "left"), ("house", "right"), ("left", "hp"), ("right", "hp")):
        books.nest(above, below)
    books.user()
    for name in ("house", "hp"):
        books.entry(printer=name)
    books.print(3)
    assert (books.posted(printer="house"), books.balance()) == (3, -6)


def test_an_ancestors_limit_refuses_and_leaves_the_printers_own_account_alone(books: Books) -> None:
    books.printer("floor")
    books.printer("hp", below="floor")
    books.user()
    books.entry(printer="floor", hard=5)
    books.entry(printer="hp")
    with pytest.raises(LimitReached) as caught:
        books.hold(6)
    assert caught.value.refusal.account.scope_name == "floor"
    assert books.pages().reserved == 0


def test_an_entry_on_the_group_alone_is_no_entry_on_the_printer(books: Books) -> None:
    books.printer("floor")
    books.printer("hp", below="floor")
    books.user()
    books.entry(printer="floor")
    assert books.view().entries == ()


def test_a_loop_that_was_forced_into_the_tables_does_not_hang_the_view(books: Books) -> None:
    books.printer("a")
    books.printer("b", below="a")
    books.user()
    books.entry(printer="b")
    books.damage("INSERT INTO printer_members (group_id, printer_id) VALUES (2, 1)")
    assert [entry.printer_name for entry in books.view(printer="b").entries] == ["b"]


def test_a_groups_counter_is_the_sum_of_its_members(books: Books) -> None:
    staff_and_anna(books)
    books.print(3, "anna")
    books.hold(4, "bert")
    group = books.pages("staff", of_group=True)
    assert (group.posted, group.reserved) == (3, 4)
    assert books.balance("staff", of_group=True) == 17
    assert books.audit() == []


def test_a_groups_limit_holds_for_all_members_together(books: Books) -> None:
    staff_and_anna(books, group_hard=10)
    books.print(6, "anna")
    with pytest.raises(LimitReached) as caught:
        books.hold(5, "bert")
    assert str(caught.value.refusal) == "group staff on hp: 4 of 10 impressions left, this job needs 5 impressions"
    books.print(4, "bert")
    assert books.audit() == []


def test_a_group_in_mode_noquota_is_never_checked(books: Books) -> None:
    staff_and_anna(books, group_hard=1, limitby=LimitBy.NOQUOTA)
    books.print(6, "anna")
    assert books.posted("staff", of_group=True) == 6


def test_a_groups_balance_is_the_sum_of_its_members_balances(books: Books) -> None:
    staff_and_anna(books, limitby=LimitBy.BALANCE)
    books.print(15, "anna")
    assert (books.balance("anna"), books.balance("staff", of_group=True)) == (-5, 5)
    with pytest.raises(LimitReached):
        books.hold(6, "bert")
    books.print(5, "bert")
    assert books.balance("staff", of_group=True) == 0


def test_a_groups_grace_begins_is_seen_and_is_cleared_by_its_void(books: Books) -> None:
    books.printer()
    books.group("staff")
    group_id = books.entry("staff", soft=3, hard=10, of_group=True)
    books.user(groups_of=("staff",))
    books.entry()
    key, reserved = books.reserve(4)
    assert [account.account_id for account in reserved.in_grace] == [group_id]
    books.void(key)
    assert books.account(group_id).grace_until is None


def test_who_leaves_takes_posted_and_reserved_along_and_settles_alone(books: Books) -> None:
    staff_and_anna(books)
    books.print(3, "anna")
    key = books.hold(4, "anna")
    books.leave("staff", "anna")
    group = books.pages("staff", of_group=True)
    assert (group.posted, group.reserved) == (0, 0)
    assert books.audit() == []
    books.settle(key, 4)
    assert books.posted("staff", of_group=True) == 0
    assert books.balance("staff", of_group=True) == 10
    assert books.audit() == []


def test_who_joins_brings_posted_and_reserved_and_settles_in_the_group(books: Books) -> None:
    staff_and_anna(books)
    books.leave("staff", "anna")
    key = books.hold(4, "anna")
    books.join("staff", "anna")
    books.join("staff", "anna")
    assert books.pages("staff", of_group=True).reserved == 4
    books.settle(key, 2)
    group = books.pages("staff", of_group=True)
    assert (group.posted, group.reserved) == (2, 0)
    assert books.audit() == []


def test_a_group_entry_that_is_opened_late_starts_with_its_members_figures(books: Books) -> None:
    books.printer()
    books.group("staff")
    books.user(balance="7.5", groups_of=("staff",))
    books.entry()
    books.print(3)
    key = books.hold(2)
    books.entry("staff", of_group=True)
    group = books.pages("staff", of_group=True)
    assert (group.posted, group.reserved) == (3, 2)
    books.void(key)
    assert books.balance("staff", of_group=True) == Decimal("7.5")
    assert books.audit() == []


def test_adjustments_of_a_member_move_the_group(books: Books) -> None:
    staff_and_anna(books)
    books.adjust_by(40, "anna")
    books.adjust_to(2, "bert")
    assert books.posted("staff", of_group=True) == 42
    assert books.audit() == []


def test_a_group_itself_cannot_be_adjusted(books: Books) -> None:
    staff_and_anna(books)
    group_id = owner_ids(books.catalogue, OwnerKind.GROUP, "staff")
    change = EntryChange(page_counter=Figure(1, relative=True))
    with pytest.raises(UsageError, match="members"):
        books.change(lambda t: t.change_entries(EntrySelection(OwnerKind.GROUP, group_id, None), change))


@pytest.mark.parametrize("counters", [{"reset": True}, {"hard_reset": True}])
def test_a_reset_of_a_group_resets_its_members_and_ends_its_grace(books: Books, counters: dict[str, bool]) -> None:
    staff_and_anna(books)
    books.edit("staff", of_group=True, change=EntryChange(soft_limit=3, hard_limit=10))
    books.print(4)
    assert books.pages("staff", of_group=True).grace_until is not None
    books.edit("staff", of_group=True, **counters)
    group = books.pages("staff", of_group=True)
    assert (books.posted(), group.posted, group.grace_until) == (0, 0, None)
    assert books.audit() == []


def test_a_deleted_member_is_out_of_the_sums_and_settles_on_the_closed_account(books: Books) -> None:
    staff_and_anna(books)
    books.print(3, "anna")
    account_id = books.entry("anna")
    key = books.hold(4, "anna")
    books.delete_user("anna")
    assert books.posted("staff", of_group=True) == 0
    assert books.balance("staff", of_group=True) == 10
    books.settle(key, 4)
    assert (books.account(account_id).posted, books.account(account_id).reserved) == (7, 0)
    assert books.posted("staff", of_group=True) == 0
    assert books.audit() == []


def test_the_view_names_groups_only_where_the_users_own_entry_counts(books: Books) -> None:
    books.printer("floor")
    books.printer("hp", below="floor")
    books.group("staff")
    books.user(groups_of=("staff",))
    on_printer = books.entry("staff", "hp", of_group=True)
    on_floor = books.entry("staff", "floor", of_group=True)
    books.entry(printer="hp")
    (group,) = books.view().groups
    assert [account_id for account_id, _ in group.entries] == [on_printer]
    books.entry(printer="floor")
    (group,) = books.view().groups
    assert [account_id for account_id, _ in group.entries] == [on_printer, on_floor]
    assert group.credit_account_id == books.credits("staff", of_group=True).account_id

# SPDX-License-Identifier: Apache-2.0
"""The books as an ordinary user sees them; every method of the ports is shown or refused on purpose."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from contract.books import Books
from pagetoll.app.own_view import CATALOGUE_READS, LEDGER_READS, OwnCatalogue, OwnLedger, views
from pagetoll.app.roles import caller_of, grant, granted, revoke
from pagetoll.core.catalogue import EntrySelection, PaymentFilter
from pagetoll.core.errors import UsageError
from pagetoll.core.jobs import HistoryFilter
from pagetoll.core.policy import OwnerKind, Rule
from pagetoll.core.rights import NotAllowed, Permit
from pagetoll.core.roles import Role
from pagetoll.core.rolling import Asking, RollingCheck, RollingLimits
from pagetoll.ports import Catalogue, CatalogueTransaction, Ledger
from pagetoll.storage.sql.migrate import upgrade

CHANGES_OF_A_LEDGER = {
    *("ensure_cost_center", "reserve", "record_unreserved", "post_unreserved", "mark_starting", "mark_started"),
    *("import_runs", "settle", "void", "add_notes", "refund", "count_deny_banners", "hide_earlier"),
    *("keep_reading", "name_device", "hold_device", "join_device", "device_span", "close_span"),
    *("beat", "give_up_server", "tidy"),
}
#: What an ordinary user has no part of.
NOT_HIS = {
    *("dump", "count_dump", "open_attempts", "open_attempts_of_job", "audit", "audit_extent", "acts"),
    *("charges_by_user", "job_figures", "same_document", "last_attempt_on", "readings", "drift"),
    "print_servers",
}


def methods(port: type) -> set[str]:
    return {name for name in dir(port) if not name.startswith("_")}


def test_every_method_of_the_ports_reads_or_changes():
    assert methods(Catalogue) == CATALOGUE_READS | {"write"}
    assert methods(Ledger) == LEDGER_READS | CHANGES_OF_A_LEDGER


def test_an_ordinary_user_has_the_methods_that_read_but_those_that_are_refused_on_purpose():
    assert {name for name in CATALOGUE_READS if hasattr(OwnCatalogue, name)} == CATALOGUE_READS - NOT_HIS
    assert {name for name in LEDGER_READS if hasattr(OwnLedger, name)} == LEDGER_READS - NOT_HIS


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    """Anna and Bert, in a group each and both in one, with entries, payments and a job each."""
    url = f"sqlite:///{tmp_path}/pagetoll.db"
    upgrade(url)
    made = Books(url)
    made.printer(page="0.01")
    for group in ("annas", "berts", "both"):
        made.group(group)
        made.entry(group, of_group=True, soft=100, hard=200)
    for user in ("anna", "bert"):
        made.user(user, balance="5", groups_of=(f"{user}s", "both"))
        made.entry(user, soft=10, hard=20)
    made.code("physics")
    made.print(1, user="anna")
    made.print(2, user="bert")
    yield made
    made.close()


def annas(books: Books) -> tuple[Ledger, Catalogue]:
    caller = caller_of(books.catalogue, "anna", administrator=False)
    return views(books.ledger, books.catalogue, caller, Permit(own_only=True, read_only=True))


def test_a_user_is_in_the_groups_of_the_ledger(books: Books):
    assert caller_of(books.catalogue, "anna", administrator=False).groups == ("annas", "both")
    assert caller_of(books.catalogue, "nobody", administrator=False).groups == ()


def test_of_the_catalogue_there_is_what_is_his_own(books: Books):
    _, catalogue = annas(books)
    assert [row.name for row in catalogue.printers()] == ["hp"]
    assert [row.name for row in catalogue.codes()] == ["physics"]
    assert [row.name for row in catalogue.users()] == ["anna"]
    assert [row.name for row in catalogue.groups()] == ["annas", "both"]
    assert {user for _, user in catalogue.group_members()} == {catalogue.users()[0].user_id}
    assert [row.user_name for row in catalogue.payments()] == ["anna"]
    assert list(catalogue.payments(PaymentFilter(user_name="bert"))) == []


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (OwnerKind.USER, ["anna"]),
        (OwnerKind.GROUP, ["annas", "both"]),
        (OwnerKind.EVERYONE, []),
        (OwnerKind.COST_CENTER, []),
    ],
)
def test_of_the_entries_there_are_his_own_whatever_is_asked_for(books: Books, kind: OwnerKind, expected: list[str]):
    _, catalogue = annas(books)
    whole = [row.user_id for row in books.catalogue.users()] + [row.group_id for row in books.catalogue.groups()]
    for owner_ids in (None, tuple(sorted(set(whole)))):
        selection = EntrySelection(kind, owner_ids, None)
        assert [row.owner_name for row in catalogue.entries(selection)] == expected
        assert [row.owner_name for row in catalogue.each_entry(selection)] == expected
    assert catalogue.entries(EntrySelection(OwnerKind.GROUP, None, None, of_members=True)) == []
    assert catalogue.entries(EntrySelection(kind, (), None)) == []


def test_of_the_ledger_there_are_his_own_jobs_and_accounts(books: Books):
    ledger, _ = annas(books)
    (own,) = ledger.history()
    assert own.facts.user_name == "anna"
    assert list(ledger.history(HistoryFilter(user_name="bert"))) == []
    (others,) = books.ledger.history(HistoryFilter(user_name="bert"))
    assert ledger.attempt_by_id(others.attempt_id) is None
    assert ledger.attempt(others.facts.key) is None
    assert (ledger.legs(others.attempt_id), ledger.notes(others.attempt_id)) == ([], [])
    assert len(ledger.legs(own.attempt_id)) == len(books.ledger.legs(own.attempt_id)) > 0
    assert ledger.charge_view("hp", "anna", {}, Rule()).user_name == "anna"
    with pytest.raises(NotAllowed):
        ledger.charge_view("hp", "bert", {}, Rule())
    check = RollingCheck(1, "hp", RollingLimits(3600, 10), books.entry("anna"), Rule())
    assert ledger.rolling_uses(Asking(1, "anna", 1), [check])[1] is None
    of_bert = replace(check, account_id=books.entry("bert"))
    of_both = replace(check, account_id=books.entry("both", of_group=True))
    for asking, asked in (
        (Asking(2, "bert", 1), [of_bert]),
        (Asking(2, "anna", 1), [check, of_bert]),
        (Asking(2, "anna", 1), [of_both]),
    ):
        with pytest.raises(NotAllowed):
            ledger.rolling_uses(asking, asked)
    states = ledger.account_states(list(range(1, 100)))
    assert {(state.owner_kind, state.owner_name) for state in states} == {
        (OwnerKind.USER, "anna"),
        (OwnerKind.GROUP, "annas"),
        (OwnerKind.GROUP, "both"),
        (OwnerKind.COST_CENTER, "physics"),
    }


@pytest.mark.parametrize("allowed", [Permit(own_only=True, read_only=True), Permit(read_only=True)])
def test_a_view_that_reads_changes_nothing(books: Books, allowed: Permit):
    caller = caller_of(books.catalogue, "anna", administrator=False)
    ledger, catalogue = views(books.ledger, books.catalogue, caller, allowed)
    for name in CHANGES_OF_A_LEDGER:
        with pytest.raises(NotAllowed):
            getattr(ledger, name)()
    with pytest.raises(NotAllowed):
        catalogue.write("anna", "pkusers -a eve", lambda transaction: transaction.add_users(["eve"]))
    assert [row.name for row in books.catalogue.users()] == ["anna", "bert"]


def test_an_ordinary_users_check_begins_the_grace_of_his_own_entries_alone(books: Books):
    books.adjust_to(15, "anna")
    books.adjust_to(15, "bert")
    _, catalogue = annas(books)
    entries = books.catalogue.entries(EntrySelection(OwnerKind.USER, None, None))

    def begin(transaction: CatalogueTransaction) -> None:
        transaction.start_grace([row.account_id for row in entries], 86400)

    catalogue.write("anna", "warnpykota", begin)
    after = books.catalogue.entries(EntrySelection(OwnerKind.USER, None, None))
    assert {row.owner_name for row in after if row.grace_until is not None} == {"anna"}


def test_roles_are_given_shown_and_taken_back(books: Books):
    grant(books.catalogue, ["desk", "anna"], "Cashier", "root", "a test")
    grant(books.catalogue, ["desk"], "cashier", "root", "a test")
    assert [(row.user_name, row.role) for row in granted(books.catalogue)] == [
        ("anna", Role.CASHIER),
        ("desk", Role.CASHIER),
    ]
    assert caller_of(books.catalogue, "desk", administrator=False).roles == {Role.CASHIER}
    with pytest.raises(UsageError, match="bert does not have the role cashier; those who have it: anna, desk"):
        revoke(books.catalogue, ["desk", "bert"], "cashier", "root", "a test")
    revoke(books.catalogue, ["desk"], "cashier", "root", "a test")
    assert [row.user_name for row in granted(books.catalogue, ["desk", "anna"])] == ["anna"]
    for wrong in ("king", ""):
        with pytest.raises(UsageError, match="there is no role"):
            grant(books.catalogue, ["desk"], wrong, "root", "a test")
    with pytest.raises(UsageError, match="invalid login name"):
        grant(books.catalogue, ["a,b"], "admin", "root", "a test")


def test_the_role_admin_makes_an_administrator(books: Books):
    grant(books.catalogue, ["anna"], "admin", "root", "a test")
    assert caller_of(books.catalogue, "anna", administrator=False).administrator
    assert not caller_of(books.catalogue, "bert", administrator=False).administrator

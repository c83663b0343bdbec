# SPDX-License-Identifier: Apache-2.0
"""Roles of login names: given, taken back, and by whom they were given."""

from contract.books import MONDAY, Books
from pagetoll.core.roles import Role


def kept(books: Books) -> list[tuple[str, Role, str]]:
    return [(row.user_name, row.role, row.granted_by) for row in books.catalogue.roles()]


def test_a_role_is_given_once_and_stays_as_it_was_given(books: Books):
    books.change(lambda t: t.grant_role(["bert", "anna", "bert"], Role.CASHIER))
    books.clock.forward(days=1)
    books.catalogue.write("zoe", "test", lambda t: t.grant_role(["anna", "carl"], Role.CASHIER))
    assert kept(books) == [
        ("anna", Role.CASHIER, "root"),
        ("bert", Role.CASHIER, "root"),
        ("carl", Role.CASHIER, "zoe"),
    ]
    assert books.catalogue.roles()[0].granted_at == MONDAY


def test_somebody_may_have_several_roles_and_lose_one(books: Books):
    for role in (Role.HELPDESK, Role.ADMIN):
        books.change(lambda t, role=role: t.grant_role(["anna", "bert"], role))
    books.change(lambda t: t.revoke_role(["anna", "nobody"], Role.ADMIN))
    assert kept(books) == [
        ("anna", Role.HELPDESK, "root"),
        ("bert", Role.ADMIN, "root"),
        ("bert", Role.HELPDESK, "root"),
    ]
    books.change(lambda t: t.revoke_role([], Role.HELPDESK))
    assert len(kept(books)) == 3


def test_a_role_belongs_to_a_login_whether_the_ledger_knows_it_or_not(books: Books):
    books.user("anna")
    books.change(lambda t: t.grant_role(["anna", "clerk\0"], Role.USER))
    books.delete_user("anna")
    assert [name for name, _, _ in kept(books)] == ["anna", "clerk\N{REPLACEMENT CHARACTER}"]


def test_a_transaction_sees_the_roles_it_gave(books: Books):
    def work(transaction: object) -> int:
        transaction.grant_role(["anna"], Role.AUDITOR)
        return len(transaction.roles())

    assert books.change(work) == 1

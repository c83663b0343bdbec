# SPDX-License-Identifier: Apache-2.0
"""The table of rights: roles only add, what no row covers is the administrators', the page says the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.core.rights import RIGHTS, Caller, NotAllowed, Permit, permit
from pagetoll.core.roles import Role
from shape.tree import ROOT, drawn_by

ROWS = [row for rows in RIGHTS.values() for row in rows]
OPTIONS = sorted({option for row in ROWS for option in row.needed | row.one_of | (row.also or set())})
options = st.frozensets(st.sampled_from([*OPTIONS, "delete", "reset", "nonsense"]), max_size=4)
programs = st.sampled_from([*RIGHTS, "pksetup"])
roles = st.frozensets(st.sampled_from(list(Role)))


def outcome(program: str, given_options: frozenset[str], caller: Caller) -> Permit | None:
    try:
        return permit(program, given_options, caller)
    except NotAllowed:
        return None


@given(programs, options, roles, roles)
def test_a_further_role_never_takes_anything_away(
    program: str, given_options: frozenset[str], some: frozenset[Role], more: frozenset[Role]
):
    few = outcome(program, given_options, Caller("anna", roles=some))
    many = outcome(program, given_options, Caller("anna", roles=some | more))
    assert many is not None or few is None
    if few is not None and many is not None:
        assert many.own_only <= few.own_only
        assert many.read_only <= few.read_only


@given(programs, options)
def test_an_administrator_may_do_all_of_it(program: str, given_options: frozenset[str]):
    assert outcome(program, given_options, Caller("anna", administrator=True)) == Permit()


@given(programs, options, st.sampled_from([frozenset(), frozenset({Role.USER}), frozenset({Role.AUDITOR})]))
def test_nobody_changes_anything_without_a_role_for_it(
    program: str, given_options: frozenset[str], held: frozenset[Role]
):
    found = outcome(program, given_options, Caller("anna", roles=held))
    assert found is None or found.read_only


@pytest.mark.parametrize(
    ("words", "role", "allowed"),
    [
        ("pkusers balance comment", Role.CASHIER, True),
        ("pkusers balance limitby", Role.CASHIER, False),
        ("pkusers balance add", Role.CASHIER, False),
        ("pkusers comment", Role.CASHIER, False),
        ("pkrefund force reason", Role.CASHIER, True),
        ("pkrefund force reason", Role.HELPDESK, True),
        ("pkrefund force reason", Role.AUDITOR, False),
        ("edpykota softlimit hardlimit printer", Role.MANAGER, True),
        ("edpykota add hardlimit", Role.MANAGER, True),
        ("edpykota add", Role.MANAGER, False),
        ("edpykota hardlimit used", Role.MANAGER, False),
        ("edpykota hardlimit", Role.HELPDESK, False),
        ("repykota ingroups", Role.AUDITOR, True),
        ("repykota ingroups", Role.USER, False),
        ("dumpykota data", Role.HELPDESK, True),
        ("pkusers add", Role.ADMIN, True),
    ],
)
def test_a_role_covers_exactly_its_options(words: str, role: Role, allowed: bool):
    program, *given_options = words.split()
    assert (
        outcome(program, frozenset(given_options), Caller("anna", roles=frozenset({role}))) is not None
    ) is allowed


def test_pykotme_leaves_the_user_of_an_ordinary_caller_out_and_keeps_his_files():
    found = permit("pykotme", {"user", "printer"}, Caller("anna"))
    assert (found.own_only, found.dropped, found.drops_names) == (True, {"user"}, False)


def test_the_page_of_rights_says_what_the_table_says():
    page = (ROOT / "docs" / "reference" / "rights.md").read_text(encoding="utf-8")
    assert drawn_by("draw_rights.py") in page, "run: python tools/draw_rights.py --write"

# SPDX-License-Identifier: Apache-2.0
"""Rows as entries of a directory: whatever a row has, its entry gives back, from a real server too."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.slapd import SlapdServer
from pagetoll.core.errors import StorageError
from pagetoll.storage.ldap.attributes import change_of, check_change, entry_of, replacements, row_name, shapes
from pagetoll.storage.ldap.commits import Change, Value
from storage.directories import commit, ledger, new_ledger, replayed, role
from storage.row_strategies import NAMES, changes

KEYS = st.one_of(st.tuples(NAMES, NAMES), st.tuples(NAMES), st.tuples(st.integers(), st.integers()))


def server_row(**other: Value) -> dict[str, Value]:
    return {"name": "a", "beats": 1, "seen_at": 1, "given_up": False, **other}


def read(entry: dict[str, list[bytes]], change: Change) -> tuple[int, Change]:
    return change_of("x", {name.lower(): values for name, values in entry.items() if values}, change.table)


@given(change=changes(), number=st.integers(0, 10**17))
def test_an_entry_gives_back_the_row_it_was_made_of(change: Change, number: int):
    check_change(change)
    assert read(entry_of(change, number), change) == (number, change)


@given(data=st.data(), number=st.integers(0, 10**17))
def test_an_entry_that_is_changed_is_as_one_that_is_added(data: st.DataObject, number: int):
    table = data.draw(st.sampled_from(sorted(shapes())))
    before, after = (data.draw(changes(shape=shapes()[table])) for _turn in range(2))
    present = entry_of(Change(table=table, key=after.key, row=before.row), 1)
    assert read({**present, **replacements(after, number)}, after) == (number, after)


@given(first=KEYS, second=KEYS)
def test_keys_that_differ_are_named_differently_also_by_servers_that_fold_case(first: tuple, second: tuple):
    names = [row_name(key) for key in (first, second)]
    assert (names[0] == names[1]) is (tuple(map(str, first)) == tuple(map(str, second)))
    for name in names:
        assert 0 < len(name) <= 120
        assert not set(name) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-%/~")


@settings(max_examples=8)
@given(rows=st.lists(changes(), max_size=30), again=st.lists(changes(), max_size=10))
def test_a_real_directory_keeps_rows_sign_for_sign(slapd_server: SlapdServer, rows: list, again: list):
    url = slapd_server.new_base()
    made = new_ledger(url)
    for batch in (rows, again):
        commit(made, *batch)
        assert made.checkpoint(large=True, deadline_s=None) == 1
        kept = {(change.table, change.key): change.row for _number, change in made.rows_since(0)}
        assert {place: row for place, row in kept.items() if row is not None} == ledger(made)
    assert ledger(made) == replayed([rows, again])
    slapd_server.drop_base(url)


def test_a_text_of_a_million_signs_is_kept(slapd_url: str):
    made = new_ledger(slapd_url)
    rows = [role("plain", by="ä" * 1_000_000), role("raw", by="\0" * 1_000_000), role("x" * 255, by="key")]
    commit(made, *rows)
    made.checkpoint(large=True, deadline_s=None)
    assert [change for _number, change in sorted(made.rows_since(0), key=lambda found: found[1].key)] == rows


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (Change("no_table", (1,), None), "has no table 'no_table'"),
        (Change("roles", ("anna",), None), "does not have the key"),
        (Change("roles", ("anna", "x"), role("anna").row), "does not have the key"),
        (Change("roles", ("a", "b"), {"user_name": "a", "role": "b"}), "has other columns than the table"),
        (Change("print_servers", ("a",), server_row(given_up=2)), "given_up cannot hold 2"),
        (Change("print_servers", ("a\ud800",), server_row(name="a\ud800")), "name cannot hold"),
        (Change("print_servers", ("a",), server_row(beats="1")), "beats cannot hold '1'"),
        (Change("print_servers", ("a",), server_row(beats=2**63)), "beats cannot hold 9223372036854775808"),
    ],
)
def test_a_row_that_is_none_of_its_tables_is_refused(change: Change, says: str):
    with pytest.raises(StorageError, match=says):
        check_change(change)


BAD_TEXTS = [
    {"pagetollGrantedBy": [], "pagetollOctets": [b"granted_by=\xed\xa0\x80"]},
    {"pagetollGrantedBy": [], "pagetollOctets": [b"granted_by=\xff"]},
    {"pagetollGrantedBy": [], "pagetollOctets": [b"granted_by"]},
    {"pagetollRow": [b"%ED%A0%80/admin"], "pagetollGone": [b"TRUE"]},
]


@pytest.mark.parametrize("other", BAD_TEXTS)
def test_an_entry_with_a_text_that_is_none_is_damaged(other: dict[str, list[bytes]]):
    with pytest.raises(StorageError, match="the entry x is damaged"):
        read({**entry_of(role("anna"), 5), **other}, role("anna"))


def test_an_entry_from_before_an_upgrade_is_read_without_its_new_columns():
    entry = entry_of(role("anna"), 5)
    del entry["pagetollGrantedAt"]
    attributes = {name.lower(): values for name, values in entry.items()}
    number, change = change_of("x", attributes, "roles", complete=False)
    assert (number, change.row) == (5, {"user_name": "anna", "role": "admin", "granted_by": "root"})

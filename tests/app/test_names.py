# SPDX-License-Identifier: Apache-2.0
"""Names: patterns, comma lists, and what a new printer, user or group may be called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.app.names import (
    NAME_LENGTH_MAX,
    REFUSED_CHARACTERS,
    all_matching,
    check_new_name,
    is_control,
    matching,
    split_words,
)
from pagetoll.core.errors import UsageError

STORED = ["Anna", "anna", "bert", "imp[1]", "imp1", "x y"]
names = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]).filter(lambda sign: not is_control(sign)),
    min_size=1,
    max_size=20,
)


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        (["*"], STORED),
        (["anna"], ["anna"]),
        (["?nna"], ["Anna", "anna"]),
        (["[!A]nna", "bert"], ["anna", "bert"]),
        (["imp[1]"], ["imp[1]", "imp1"]),
        (["a.na"], []),
        (["nobody"], []),
        (["* *"], ["x y"]),
    ],
)
def test_patterns_are_the_shells_and_case_matters(patterns: list[str], found: list[str]):
    assert matching(STORED, patterns, str) == found


@given(names, st.lists(names))
def test_a_stored_name_always_matches_itself(name: str, others: list[str]):
    assert name in matching([*others, name], [name], str)


@given(st.lists(names.map(lambda name: name.replace(",", "")).filter(bool), unique=True))
def test_words_are_comma_lists_and_order_is_kept(parts: list[str]):
    assert split_words([",".join(parts)]) == split_words(parts) == parts


def test_every_group_must_be_there():
    with pytest.raises(UsageError, match="there is no users group x; create it first"):
        all_matching(STORED, ["anna", "x"], str, "users group")


@pytest.mark.parametrize("character", [*REFUSED_CHARACTERS, "\n", "\x1b", "\x7f", "\udc80", "\u2028", "\u202e"])
def test_a_new_name_has_no_sign_that_means_something_else(character: str):
    with pytest.raises(UsageError, match="leave out"):
        check_new_name("user", f"a{character}b")


@pytest.mark.parametrize("name", ["", "   ", "n" * (NAME_LENGTH_MAX + 1)])
def test_a_new_name_is_neither_blank_nor_too_long(name: str):
    with pytest.raises(UsageError):
        check_new_name("printer", name)


@pytest.mark.parametrize("name", ["l'été", "with blank", "7up", ".x", "$(touch x)", "-l", "n" * NAME_LENGTH_MAX, "𝓊"])
def test_everything_else_is_a_name(name: str):
    assert check_new_name("printer", name) == name

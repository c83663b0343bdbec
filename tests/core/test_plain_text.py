# SPDX-License-Identifier: Apache-2.0
"""Texts of others on one line."""

import pytest

from pagetoll.core.plain_text import one_line, plain


@pytest.mark.parametrize(
    ("text", "same_length", "short"),
    [
        ("a letter", "a letter", "a letter"),
        ("two\r\nlines", "two  lines", "two lines"),
        ("  \x1b[2J\0 ", "   [2J  ", "[2J"),
        ("\u202ekcab\u2028next\x85", " kcab next ", "kcab next"),
        ("naïve 紙", "naïve 紙", "naïve 紙"),
        ("\ud800", " ", ""),
    ],
)
def test_no_character_of_a_text_moves_the_cursor_or_begins_a_line(text: str, same_length: str, short: str) -> None:
    assert (plain(text), one_line(text)) == (same_length, short)

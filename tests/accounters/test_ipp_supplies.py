# SPDX-License-Identifier: Apache-2.0
"""What printers say of their supplies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.accounters.ipp.supplies import SUPPLIES_MOST, supplies_in_words

BLACK = b"index=1;class=supplyThatIsConsumed;type=toner;unit=percent;maxcapacity=100;level=30;colorantname=black;"
CYAN = b"index=2;type=ink;maxcapacity=400;level=20;colorantname=cyan;"


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({}, ""),
        ({"printer-supply": (BLACK, CYAN)}, "black 30 %, cyan 5 %"),
        (
            {"printer-supply": (BLACK, CYAN), "printer-supply-description": ("Toner \u00b5", "")},
            "Toner \u00b5 30 %, cyan 5 %",
        ),
        ({"printer-supply": (b"type=waste;level=-2;", b"type=opc;level=7")}, "opc 7 %"),
        ({"printer-supply": (b"level=1", b"type=toner", b"=;;=", b"\xff", 5)}, ""),
        ({"marker-names": ("Black", "Waste", "x"), "marker-levels": (41, -3)}, "Black 41 %"),
        ({"marker-names": ("a\nb" * 99,), "marker-levels": (100,)}, f"{('a b' * 99)[:40].strip()} 100 %"),
        ({"marker-names": ("x",) * 50, "marker-levels": (1,) * 50}, ", ".join(["x 1 %"] * SUPPLIES_MOST)),
    ],
)
def test_levels_are_told_by_name(attributes: dict[str, tuple[object, ...]], words: str) -> None:
    assert supplies_in_words(attributes) == words  # type: ignore[arg-type]


VALUES = st.lists(st.binary(max_size=40) | st.text(max_size=20) | st.integers() | st.booleans(), max_size=4)
NAMES = ("printer-supply", "printer-supply-description", "marker-names", "marker-levels")


@given(st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_whatever_a_printer_says_is_one_line(attributes: dict[str, list[object]]) -> None:
    assert supplies_in_words(attributes).isprintable()  # type: ignore[arg-type]

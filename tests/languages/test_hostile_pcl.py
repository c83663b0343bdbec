# SPDX-License-Identifier: Apache-2.0
"""PCL that opens something in which pages could hide and never closes it."""

import pytest

from pagetoll.core.usage import Confidence
from pagetoll.languages import count

UEL = b"\x1b%-12345X"
NINE = b"Hello\f" * 9
NEXT = UEL + b"@PJL ENTER LANGUAGE=POSTSCRIPT\n%!PS\n" + b"(x) show showpage\n" * 9 + UEL


@pytest.mark.parametrize(
    "opened",
    [
        b"\x1b%0BINSP1PA0,0LBhello",
        b"\x1b%0BINSP1DT*;LBhello",
        b'\x1b%0BINCO"hello',
        b"\x1b%0BINSP1PE<",
        b"\x1b%0BINWDhello",
    ],
)
@pytest.mark.parametrize("left", [b"\x1b%0A", b"\x1b%1A", b"\x1bE"])
@pytest.mark.parametrize("closed_late", [b"", b'\x03*";'])
def test_text_of_a_plot_hides_no_pages_behind_its_section(opened: bytes, left: bytes, closed_late: bytes) -> None:
    usage = count(b"\x1bE" + opened + left + NINE + closed_late + b"\x1bE")
    assert (usage.impressions >= 9, usage.confidence) == (True, Confidence.ESTIMATED)


@pytest.mark.parametrize("opened", [b"\x1b%0BINSP1LBhello", b"\x1bY", b"\x1b&f1Y\x1b&f0X"])
def test_a_universal_exit_is_seen_in_all_that_is_open(opened: bytes) -> None:
    usage = count(b"\x1bEone\f" + opened + NEXT)
    assert usage.segments[-1].impressions == 9


def test_a_macro_without_an_end_is_a_lower_bound() -> None:
    usage = count(b"\x1bE\x1b&l0Oone\f\x1b&f1Y\x1b&f0X" + NINE)
    assert (usage.impressions, usage.confidence) == (1, Confidence.AT_LEAST)


def test_a_reset_ends_the_macro_that_is_stored() -> None:
    usage = count(b"\x1bE\x1b&l0Oone\f\x1b&f1Y\x1b&f0X\x1bE" + NINE + b"\x1b&f1X\x1bE")
    assert (usage.impressions, usage.confidence) == (10, Confidence.ESTIMATED)

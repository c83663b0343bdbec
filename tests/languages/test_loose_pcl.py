# SPDX-License-Identifier: Apache-2.0
"""PCL commands whose values are written as no manual has it."""

import pytest

from languages.test_conformance_pcl import PAGE, numbers, pcl
from pagetoll.core.usage import Confidence
from pagetoll.languages import count

LOOSE_COPIES = {
    b" 5": 5,
    b"5 ": 5,
    b" 1 2 ": 12,
    b"+ 5": 5,
    b" 5.9": 5,
    b";5": 5,
    b"5;7": 5,
    b"  ": 1,
    b" -5": 1,
    b"9999999999999": 32767,
    b" 0000000000000000000000005": 5,
}
"""Values of copies that no manual has, and what printers make of them."""


@pytest.mark.parametrize("written", LOOSE_COPIES)
def test_copies_whose_number_is_written_loosely_are_those_that_printers_make(written: bytes):
    usage = count(pcl(b"\x1b&l" + written + b"X" + PAGE * 2))
    assert numbers(usage) == (2, 2 * LOOSE_COPIES[written], 2 * LOOSE_COPIES[written])
    assert usage.confidence is not Confidence.EXACT


def test_data_behind_a_length_with_blanks_is_no_text():
    assert numbers(count(pcl(b"\x1b&p 4X\f\f\f\f" + PAGE * 2))) == (2, 2, 2)

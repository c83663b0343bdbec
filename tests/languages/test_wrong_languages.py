# SPDX-License-Identifier: Apache-2.0
"""Octets of no language behind the few octets that a language begins with: never an exact number.

The same with 50,000 inputs for each beginning runs outside of the suite: see tests/fuzz/wrong_languages.py.
"""

import pytest

from fuzz.wrong_languages import BEGINNINGS, exact_among

INPUTS = 400


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_noise_behind_a_short_signature_is_never_exact(beginning: bytes) -> None:
    assert exact_among(beginning, INPUTS, seed=7) == []


@pytest.mark.parametrize(
    "job",
    [
        b"\x1bEan epson printer writes this in bold\x0c",
        b"\x1dbC?",
        b"V\x1dV1",
        b"\x1b@\x00\x0c",
        b"OAPD",
        b"\x1b\x1dth\xa6",
        b"\x1b*rV=ez$TvIdt",
    ],
)
def test_a_handful_of_commands_is_not_sure(job: bytes) -> None:
    assert exact_among(job, 1, seed=0, tail=False) == []

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
        b"IN;SP1;" + b"\x1f\x02\xf0\t\xe0" + b"\x1b*b3W\x0f\xff\x01" * 9,
        b"IN;SP1;" + b"\x1b*b3W\x0f\xff\x01" * 9 + b"PG;",
        b"IN;SP1;PU0,0;\x1bE\x1b&l26a1x1O\x1b*t150R\x1b*r1A" + b"\x1b*b3W\x0f\xff\x01" * 9 + b"\x1b*rC\x0c\x1bE",
        b"IN SP1 PUpe /Type1 /BaseFont /Helvetica >>\nendobj\n10 0 obj\n<< /Type /P",
        b"IN;SP1;PD9,9\x81\x95PU;PD5,5\x02;PG;",
        b"\x1b>\x1bT16\x1bE\x1b&l1Srow 1\r\n\x1b&a2Grow 2\r\n\x0c\x1b&a1Grow 3\r\n\x0c\x1bE",
        b"\x1bm0\x1bP\x1bT16\x1bErow\x1b&l2X\x0crow\x0c\x1bE\x1bE\x1bE",
    ],
)
def test_a_handful_of_commands_is_not_sure(job: bytes) -> None:
    assert exact_among(job, 1, seed=0, tail=False) == []

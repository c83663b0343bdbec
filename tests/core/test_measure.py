# SPDX-License-Identifier: Apache-2.0
"""How much came out: the rules in their order (docs/concepts/life-of-a-job.md)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.core.jobs import ChargeRule
from pagetoll.core.measure import Evidence, Measured, measure

R = ChargeRule
# ten impressions two-sided; 1000 octets, a page ends every 100
STDIN = Evidence(
    parsed_impressions=10,
    parsed_media_sheets=5,
    backend_status=0,
    canceled=False,
    spool_offset=1000,
    document_octets=1000,
    page_end_offsets=tuple(range(100, 1001, 100)),
)
FILE = replace(STDIN, spool_offset=None)


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        pytest.param(STDIN, (10, 5, R.PARSED), id="ended well: all"),
        pytest.param(replace(STDIN, spool_offset=300), (10, 5, R.PARSED), id="ended well without reading all: all"),
        pytest.param(FILE, (10, 5, R.PARSED), id="a file, ended well"),
        pytest.param(replace(STDIN, reported_impressions=12), (12, 6, R.REPORTED_IMPRESSIONS), id="device says more"),
        pytest.param(replace(STDIN, reported_impressions=7), (7, 4, R.REPORTED_IMPRESSIONS), id="device says less"),
        pytest.param(
            replace(STDIN, reported_impressions=3, canceled=True, backend_status=1),
            (3, 2, R.REPORTED_IMPRESSIONS),
            id="canceled: the device comes before the offset",
        ),
        pytest.param(
            replace(FILE, reported_impressions=3, backend_status=1),
            (3, 2, R.REPORTED_IMPRESSIONS),
            id="a failed file job: the device comes before nothing",
        ),
        pytest.param(replace(STDIN, reported_impressions=0), (10, 5, R.PARSED), id="a report of none is no report"),
        pytest.param(
            replace(STDIN, canceled=True, spool_offset=0), (0, 0, R.NOTHING_HANDED_OVER), id="canceled, nothing read"
        ),
        pytest.param(
            replace(STDIN, canceled=True, spool_offset=99), (0, 0, R.SPOOL_OFFSET), id="canceled in the first page"
        ),
        pytest.param(
            replace(STDIN, canceled=True, spool_offset=100), (1, 1, R.SPOOL_OFFSET), id="canceled as page 1 was out"
        ),
        pytest.param(
            replace(STDIN, canceled=True, spool_offset=399), (3, 2, R.SPOOL_OFFSET), id="canceled in the fourth page"
        ),
        pytest.param(replace(STDIN, canceled=True), (10, 5, R.SPOOL_OFFSET), id="canceled with all handed over: all"),
        pytest.param(
            replace(STDIN, canceled=True, page_end_offsets=(), spool_offset=301),
            (4, 2, R.SPOOL_OFFSET),
            id="no page ends known: pro rata, rounded up",
        ),
        pytest.param(
            replace(STDIN, canceled=True, page_end_offsets=(), spool_offset=1),
            (1, 1, R.SPOOL_OFFSET),
            id="pro rata of one octet is a page",
        ),
        pytest.param(
            replace(STDIN, canceled=True, parsed_impressions=20, parsed_media_sheets=10, spool_offset=350),
            (6, 3, R.SPOOL_OFFSET),
            id="two copies: pages that are out, times copies",
        ),
        pytest.param(
            replace(STDIN, canceled=True, parsed_impressions=5, parsed_media_sheets=5, spool_offset=150),
            (1, 1, R.SPOOL_OFFSET),
            id="2-up: half an impression is one",
        ),
        pytest.param(
            replace(STDIN, backend_status=1, spool_offset=250), (2, 1, R.SPOOL_OFFSET), id="failed: what was read"
        ),
        pytest.param(
            replace(STDIN, backend_status=1, spool_offset=0), (0, 0, R.NOTHING_HANDED_OVER), id="failed, nothing read"
        ),
        pytest.param(
            replace(FILE, backend_status=1), (0, 0, R.BACKEND_FAILED), id="a file failed: 0, it is run again"
        ),
        pytest.param(
            replace(FILE, backend_status=1, canceled=True),
            (10, 5, R.HANDED_OVER_UNKNOWN),
            id="a file canceled: the whole reservation",
        ),
        pytest.param(
            replace(FILE, canceled=True), (10, 5, R.HANDED_OVER_UNKNOWN), id="a file canceled that ended well"
        ),
        pytest.param(
            replace(FILE, backend_status=None), (10, 5, R.HANDED_OVER_UNKNOWN), id="a file, nobody saw the end"
        ),
        pytest.param(
            replace(STDIN, backend_status=None, spool_offset=500), (5, 3, R.SPOOL_OFFSET), id="nobody saw the end"
        ),
        pytest.param(
            replace(STDIN, parsed_impressions=0, parsed_media_sheets=0, reported_impressions=4),
            (4, 4, R.REPORTED_IMPRESSIONS),
            id="uncountable and allowed: what the device says",
        ),
        pytest.param(
            replace(STDIN, parsed_impressions=0, parsed_media_sheets=0), (0, 0, R.PARSED), id="a command file"
        ),
    ],
)
def test_the_first_rule_that_knows_decides(evidence: Evidence, expected: tuple[int, int, ChargeRule]) -> None:
    assert measure(evidence) == Measured(*expected)


@given(
    total=st.integers(1, 500),
    ends=st.lists(st.integers(1, 10_000), unique=True, max_size=50).map(sorted),
    offsets=st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)).map(sorted),
)
def test_what_is_charged_grows_with_what_was_handed_over(total: int, ends: list[int], offsets: list[int]) -> None:
    def charged(offset: int) -> int:
        return measure(
            replace(
                STDIN,
                parsed_impressions=total,
                parsed_media_sheets=total,
                canceled=True,
                spool_offset=offset,
                document_octets=10_000,
                page_end_offsets=tuple(ends),
            )
        ).impressions

    assert 0 <= charged(offsets[0]) <= charged(offsets[1]) <= total

# SPDX-License-Identifier: Apache-2.0
"""Impressions and sheets of a document together with the spooler's copies and sides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.core.copies import Totals, apply_spooler, sheets
from pagetoll.core.usage import ColorClass, Confidence, Duplex, PageRun, Segment, Usage

A4, A3 = (595.0, 842.0), (842.0, 1191.0)


def run(length: int, copies: int = 1, duplex: Duplex = Duplex.UNSTATED, **more: object) -> PageRun:
    return PageRun(length=length, copies=copies, duplex=duplex, **more)  # type: ignore[arg-type]


def usage(*segments: Segment) -> Usage:
    return Usage(segments, Confidence.EXACT)


@pytest.mark.parametrize(
    ("runs", "sets", "outer", "expected"),
    [
        pytest.param([run(5)], 1, Duplex.NONE, (5, 0), id="one-sided"),
        pytest.param([run(5)], 1, Duplex.LONG, (3, 1), id="two-sided by the spooler"),
        pytest.param([run(5, 1, Duplex.NONE)], 1, Duplex.LONG, (5, 0), id="the data says one-sided"),
        pytest.param([run(5, 3, Duplex.LONG)], 1, Duplex.NONE, (9, 3), id="three page copies, rounded up for each"),
        pytest.param([run(5, 1, Duplex.SHORT)], 3, Duplex.NONE, (9, 3), id="three sets, rounded up for each"),
        pytest.param(
            [run(2, 1, Duplex.LONG), run(1, 1, Duplex.LONG, blank=True)], 1, Duplex.NONE, (2, 1), id="runs share"
        ),
        pytest.param(
            [run(1, 1, Duplex.LONG, media_points=A4), run(1, 1, Duplex.LONG, media_points=A3)],
            1,
            Duplex.NONE,
            (2, 2),
            id="another medium is another sheet",
        ),
        pytest.param(
            [run(1, 1, Duplex.LONG), run(1, 1, Duplex.LONG, starts_sheet=True)],
            1,
            Duplex.NONE,
            (2, 2),
            id="front asked",
        ),
        pytest.param(
            [run(1, 1, Duplex.NONE), run(3, 1, Duplex.LONG), run(1, 1, Duplex.NONE)],
            1,
            Duplex.NONE,
            (4, 1),
            id="switch",
        ),
        pytest.param([run(1, 2, Duplex.LONG), run(1, 5, Duplex.LONG)], 1, Duplex.NONE, (5, 3), id="uneven copies"),
        pytest.param(
            [run(1, 0, Duplex.LONG), run(2, 1, Duplex.LONG)], 1, Duplex.NONE, (1, 0), id="a page of no copies"
        ),
        pytest.param([], 4, Duplex.LONG, (0, 0), id="no page"),
    ],
)
def test_sheets_round_up_per_copy(runs: list[PageRun], sets: int, outer: Duplex, expected: tuple[int, int]) -> None:
    assert sheets(Segment("pdf", tuple(runs), sets), outer) == expected


def test_the_spooler_multiplies_whole_documents() -> None:
    mixed = usage(Segment("pdf", (run(3, color=ColorClass.COLOR), run(2, color=ColorClass.MONO))))
    assert apply_spooler(mixed, 3, Duplex.LONG) == Totals(15, 9, 3, 9, 6)


def test_two_documents_never_share_a_sheet() -> None:
    banner, document = Segment("pdf", (run(1),)), Segment("pdf", (run(1),))
    assert apply_spooler(usage(banner, document), 1, Duplex.LONG).media_sheets == 2


def test_one_page_of_unknown_color_leaves_the_color_totals_open() -> None:
    mixed = usage(Segment("pdf", (run(3, color=ColorClass.MONO), run(1))))
    totals = apply_spooler(mixed)
    assert (totals.impressions_color, totals.impressions_mono) == (None, None)


@given(
    st.lists(st.builds(run, st.integers(1, 9), st.integers(0, 4), st.sampled_from(Duplex)), max_size=6),
    st.integers(1, 5),
    st.sampled_from(Duplex),
)
def test_every_impression_and_blank_side_lies_on_a_sheet(runs: list[PageRun], sets: int, outer: Duplex) -> None:
    segment = Segment("pdf", tuple(runs), sets)
    used, blank = sheets(segment, outer)
    assert used <= segment.impressions <= 2 * used
    assert segment.impressions + blank <= 2 * used

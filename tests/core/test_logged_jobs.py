# SPDX-License-Identifier: Apache-2.0
"""What is booked of a job that is known from a log only: page lines, totals, both, again, later, moved, numbers that
come again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.core.logged_jobs import KnownRun, LoggedRun, PageLine, runs_of_job

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def page(number: int, second: float, copies: int = 1, **changes: object) -> PageLine:
    line = PageLine("hp", "anna", 7, START + timedelta(seconds=second), number, copies, job_name="thesis")
    return replace(line, **changes)  # type: ignore[arg-type]


def total(impressions: int, second: float, **changes: object) -> PageLine:
    return page(0, second, impressions, **{"page": None, **changes})


def known(run: LoggedRun) -> KnownRun:
    """The run as the ledger has it, once it is booked."""
    line = run.last
    return KnownRun(
        line.printer, line.user, line.job_name, run.first_at, line.at, run.impressions, run.created_s,
        of_total=run.of_total,
    )  # fmt: skip


def booked(*imports: list[PageLine], ours: tuple[KnownRun, ...] = ()) -> list[int]:
    """The impressions of each run, of one import after the other."""
    have: list[KnownRun] = list(ours)
    figures = []
    for lines in imports:
        runs = runs_of_job(lines, have)
        figures += [run.impressions for run in runs]
        have += [known(run) for run in runs]
    return figures


PAGES = [page(1, 0), page(2, 1), page(3, 2, copies=2)]


@pytest.mark.parametrize(
    ("imports", "expected"),
    [
        ([PAGES], [4]),
        ([PAGES, PAGES], [4]),
        ([PAGES[:2], PAGES], [2, 2]),
        ([PAGES[2:], PAGES], [2, 2]),
        ([[total(4, 0)]], [4]),
        ([[total(4, 0), total(8, 300)]], [4, 4]),
        ([[total(4, 0)], [total(4, 0), total(8, 300)]], [4, 4]),
        ([[total(8, 300)], [total(4, 0), total(8, 300)]], [8, 0]),
        ([[total(4, 0), total(4, 300)]], [4, 0]),
        ([[*PAGES, total(4, 3)]], [4]),
        ([[*PAGES, total(6, 3)]], [6]),
        ([PAGES, [*PAGES, total(6, 9)]], [4, 2]),
        ([[total(5, 9)], [*PAGES, total(5, 9)]], [5, 0]),
        ([[total(0, 0)]], [0]),
        ([[total(number, 0) for number in range(38)]], [37]),
        # The number came again: another user, another title, a smaller total, a month later.
        ([[total(8, 0), total(3, 60, user="ben")]], [8, 3]),
        ([[total(8, 0), total(3, 60, job_name="letter")]], [8, 3]),
        ([[total(8, 0), total(3, 60)]], [8, 3]),
        ([[total(8, 0)], [total(8, 0), total(3, 60)], [total(8, 0), total(3, 60), total(5, 90)]], [8, 3, 2]),
        ([[total(8, 0), total(9, 30 * 86400)]], [8, 9]),
        # The job went to another printer in the middle.
        ([[total(4, 0), total(10, 60, printer="lj")]], [4, 6]),
        ([[page(1, 0), page(2, 60, printer="lj")]], [1, 1]),
    ],
)  # fmt: skip
def test_a_job_is_booked_once_whatever_its_lines_are(imports: list[list[PageLine]], expected: list[int]):
    assert booked(*imports) == expected


def test_lines_of_jobs_that_the_ledger_counts_by_itself_are_left_out():
    ours = KnownRun("hp", "anna@uni", "", START, START, 4, 0, ours=True)
    assert booked([total(4, 5)], ours=(ours,)) == []
    # Another printer's part of the same job is not ours; its total has what we counted.
    assert booked([total(10, 60, printer="lj")], ours=(ours,)) == [6]
    assert booked([total(4, 30 * 86400)], ours=(ours,)) == [4]


def test_an_odd_side_needs_a_sheet_of_its_own():
    (run,) = runs_of_job([total(5, 0, sides="two-sided-long-edge")], [])
    assert run.media_sheets == 3
    (run,) = runs_of_job([total(5, 0)], [])
    assert run.media_sheets == 5


def test_the_same_span_of_one_server_has_the_same_number_each_time():
    (run,) = runs_of_job(PAGES, [])
    (longer,) = runs_of_job([*PAGES, page(4, 3)], [])
    assert run.nonce("a") == longer.nonce("a") != run.nonce("b")
    assert len(run.nonce("a")) == 32


_LINES = st.lists(
    st.builds(
        page,
        st.integers(1, 9),
        st.integers(0, 40),
        st.integers(0, 5),
        user=st.sampled_from(["anna", "ben"]),
        printer=st.sampled_from(["hp", "lj"]),
    ),
    max_size=12,
)


@given(_LINES, st.data())
def test_pages_read_in_portions_and_again_are_all_counted_once(lines: list[PageLine], data: st.DataObject):
    lines.sort(key=lambda line: line.at)
    cuts = data.draw(st.lists(st.sampled_from([line.at for line in lines]), max_size=3)) if lines else []
    portions = [[line for line in lines if line.at <= cut] for cut in sorted(cuts)]
    assert sum(booked(*portions, lines, lines)) == sum(line.impressions for line in lines)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=8))
def test_rising_totals_add_up_to_the_largest(steps: list[int]):
    lines, seen = [], 0
    for place, step in enumerate(steps):
        seen += step
        lines.append(total(seen, place * 10))
    assert sum(booked(*[lines[: end + 1] for end in range(len(lines))])) == seen


@given(st.lists(st.builds(total, st.integers(0, 9), st.integers(0, 9)), max_size=8))
def test_runs_of_one_import_have_numbers_of_their_own(lines: list[PageLine]):
    nonces = [run.nonce("a") for run in runs_of_job(lines, [])]
    assert len(set(nonces)) == len(nonces)

# SPDX-License-Identifier: Apache-2.0
"""The old history's filters and dates, in a zone that changes its clock."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.app.dumps.filters import moment, parse_filter
from pagetoll.app.dumps.rows import parse_order
from pagetoll.core.dumps import DumpType, OrderField
from pagetoll.core.errors import UsageError


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[datetime]:
    """Local time is Berlin's; now is a Monday after the summer time has begun."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield datetime(2026, 3, 30, 14, 30, 15, 999, tzinfo=UTC).astimezone()
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026", "2026-01-01 00:00:00+01:00", "2026-12-31 23:59:59+01:00"),
        ("202602", "2026-02-01 00:00:00+01:00", "2026-02-28 23:59:59+01:00"),
        ("202402", "2024-02-01 00:00:00+01:00", "2024-02-29 23:59:59+01:00"),
        ("20240229", "2024-02-29 00:00:00+01:00", "2024-02-29 23:59:59+01:00"),
        ("99991231", "9999-12-31 00:00:00+01:00", "9999-12-31 23:59:59+02:00"),
        ("20260329", "2026-03-29 00:00:00+01:00", "2026-03-29 23:59:59+02:00"),
        ("2026032908", "2026-03-29 08:00:00+02:00", "2026-03-29 08:59:59+02:00"),
        ("202603290815", "2026-03-29 08:15:00+02:00", "2026-03-29 08:15:59+02:00"),
        ("20260329081516", "2026-03-29 08:15:16+02:00", "2026-03-29 08:15:16+02:00"),
        ("today", "2026-03-30 00:00:00+02:00", "2026-03-30 23:59:59+02:00"),
        ("TODAY-2", "2026-03-28 00:00:00+01:00", "2026-03-28 23:59:59+01:00"),
        ("yesterday", "2026-03-29 00:00:00+01:00", "2026-03-29 23:59:59+02:00"),
        ("tomorrow+1", "2026-04-01 00:00:00+02:00", "2026-04-01 23:59:59+02:00"),
        ("now", "2026-03-30 16:30:15+02:00", "2026-03-30 16:30:15+02:00"),
        ("now-7", "2026-03-23 16:30:15+01:00", "2026-03-23 16:30:15+01:00"),
    ],
)
def test_a_date_means_its_whole_period_in_local_time(berlin: datetime, text: str, first: str, last: str):
    assert str(moment(text, berlin, last=False)) == first
    assert str(moment(text, berlin, last=True)) == last


@pytest.mark.parametrize(
    "text",
    [
        *("", "26", "20261", "20261301", "20260230", "20260229", "21000229", "2026-01-01", "today*2", "now+99999"),
        *("0000", "00000000", "0000-00-00", "9999-12-31", "99991232", "20240229-1", "٢٠٢٦"),
    ],
)
def test_what_is_no_date_is_none(berlin: datetime, text: str):
    assert moment(text, berlin.replace(year=9999), last=True) is None


@given(st.text(max_size=20), st.booleans())
def test_no_text_makes_it_fail(text: str, last: bool):
    found = moment(text, datetime(2026, 3, 30, 12, tzinfo=UTC), last=last)
    assert found is None or found.tzinfo is not None


def test_a_swapped_pair_means_both_periods_whole(berlin: datetime):
    wanted = parse_filter(["start=20260302", "end=20260301"], berlin).wanted
    assert str(wanted.start) == "2026-03-01 00:00:00+01:00"
    assert str(wanted.end) == "2026-03-02 23:59:59+01:00"


def test_the_last_of_a_key_wins_and_keys_have_no_case(berlin: datetime):
    wanted = parse_filter(["username=anna", "UserName=bert", "billingcode=a b"], berlin).wanted
    assert (wanted.user_name, wanted.billing_code, wanted.printer_name) == ("bert", "a b", None)


@pytest.mark.parametrize("word", ["anna", "username", "user=anna", "username=a=b", "jobid=x", "jobid=-1"])
def test_a_filter_of_another_form_is_refused(berlin: datetime, word: str):
    with pytest.raises(UsageError, match="invalid filter"):
        parse_filter([word], berlin)


def test_orders_are_columns_with_a_sign():
    assert parse_order(DumpType.HISTORY, ["+username", "-JobSize", "jobid"])[0] == (
        OrderField("username"),
        OrderField("jobsize", descending=True),
        OrderField("jobid"),
    )
    with pytest.raises(UsageError, match="cannot order by nonsense"):
        parse_order(DumpType.HISTORY, ["nonsense"])

# SPDX-License-Identifier: Apache-2.0
"""The old history's filters and dates, in a zone that changes its clock."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.app.dumps.filters import moment, parse_filter
from pagetoll.app.dumps.rows import parse_order
from pagetoll.core.dumps import DumpType, OrderField
from pagetoll.core.errors import UsageError


@pytest.fixture
def clock_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Makes local time that of a zone."""

    def choose(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield choose
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def berlin(clock_of: Callable[[str], None]) -> datetime:
    """Local time is Berlin's; now is a Monday after the summer time has begun."""
    clock_of("Europe/Berlin")
    return datetime(2026, 3, 30, 14, 30, 15, 999, tzinfo=UTC).astimezone()


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026", "2026-01-01 00:00:00+01:00", "2026-12-31 23:59:59+01:00"),
        ("202602", "2026-02-01 00:00:00+01:00", "2026-02-28 23:59:59+01:00"),
        ("202402", "2024-02-01 00:00:00+01:00", "2024-02-29 23:59:59+01:00"),
        ("20240229", "2024-02-29 00:00:00+01:00", "2024-02-29 23:59:59+01:00"),
        ("99991231", "9999-12-31 00:00:00+02:00", "9999-12-31 23:59:59+02:00"),
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


#: Zones whose clocks are put on and back at other hours than Berlin's, and by other steps.
TURNS = [
    ("Europe/Berlin", "2026102502", "2026-10-25 02:00:00+02:00", "2026-10-25 02:59:59+01:00"),
    ("Europe/Berlin", "202610250230", "2026-10-25 02:30:00+02:00", "2026-10-25 02:30:59+01:00"),
    ("Europe/Berlin", "20261025", "2026-10-25 00:00:00+02:00", "2026-10-25 23:59:59+01:00"),
    ("Europe/Berlin", "2026032902", "2026-03-29 03:00:00+02:00", "2026-03-29 01:59:59+01:00"),
    ("Europe/Berlin", "202603290230", "2026-03-29 03:00:00+02:00", "2026-03-29 01:59:59+01:00"),
    ("America/Havana", "20261101", "2026-11-01 00:00:00-04:00", "2026-11-01 23:59:59-05:00"),
    ("America/Havana", "20260308", "2026-03-08 01:00:00-04:00", "2026-03-08 23:59:59-04:00"),
    ("America/Sao_Paulo", "20190216", "2019-02-16 00:00:00-02:00", "2019-02-16 23:59:59-03:00"),
    ("America/Sao_Paulo", "20181104", "2018-11-04 01:00:00-02:00", "2018-11-04 23:59:59-02:00"),
    ("Australia/Lord_Howe", "2026040501", "2026-04-05 01:00:00+11:00", "2026-04-05 01:59:59+10:30"),
    ("Pacific/Apia", "20111230", "2011-12-31 00:00:00+14:00", "2011-12-29 23:59:59-10:00"),
]


@pytest.mark.parametrize(("zone", "text", "first", "last"), TURNS)
def test_an_hour_that_is_there_twice_is_whole_and_a_skipped_one_is_empty(
    clock_of: Callable[[str], None], zone: str, text: str, first: str, last: str
):
    clock_of(zone)
    now = datetime(2026, 7, 1, 12, tzinfo=UTC).astimezone()
    assert str(moment(text, now, last=False)) == first
    assert str(moment(text, now, last=True)) == last


def test_now_is_this_moment_in_the_hour_that_is_there_twice(clock_of: Callable[[str], None]):
    clock_of("Europe/Berlin")
    for hour_utc in (0, 1):
        now = datetime(2026, 10, 25, hour_utc, 30, 15, 999, tzinfo=UTC).astimezone()
        assert moment("now", now, last=False) == moment("now", now, last=True) == now.replace(microsecond=0)


@pytest.mark.parametrize("zone", sorted({zone for zone, *_ in TURNS}))
def test_the_days_of_a_year_meet_without_a_gap_or_an_overlap(clock_of: Callable[[str], None], zone: str):
    clock_of(zone)
    midnight = datetime(2026, 1, 1, tzinfo=UTC)
    for year in ("2011", "2018", "2019", "2026"):
        ends = moment(f"{int(year) - 1}1231", midnight, last=True)
        for number in range(366):
            day = datetime(int(year), 1, 1) + timedelta(days=number)
            begins = moment(f"{day:%Y%m%d}", midnight, last=False)
            assert begins is not None
            assert ends is not None
            assert begins - ends == timedelta(seconds=1), day
            ends = moment(f"{day:%Y%m%d}", midnight, last=True)


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

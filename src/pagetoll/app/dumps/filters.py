# SPDX-License-Identifier: Apache-2.0
"""Filters of the old programs, KEY=VALUE, and their dates, which mean a whole period in local time."""

import calendar
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pagetoll.core.dumps import DATED, FILTER_KEYS, DumpQuery, DumpType
from pagetoll.core.errors import UsageError
from pagetoll.core.jobs import HistoryFilter
from pagetoll.core.messages import _

_RELATIVE = re.compile(r"(yesterday|today|now|tomorrow)([+-][0-9]{1,5})?", re.ASCII)
_DIGITS = re.compile(r"[0-9]{4}([0-9]{2}){0,5}", re.ASCII)
_SECOND = timedelta(seconds=1)
#: More than any zone's distance from UTC.
_LONGEST_OFFSET = timedelta(days=1)
_DAYS = {"yesterday": -1, "today": 0, "now": 0, "tomorrow": 1}
BOUNDS = ("start", "end")
#: Of the history of jobs, and of the commands that make documents from it.
HISTORY_KEYS = (*FILTER_KEYS[DumpType.HISTORY], *BOUNDS)


@dataclass(frozen=True, slots=True)
class Asked:
    """A filter, and what was said of it that could not be used."""

    wanted: HistoryFilter
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DumpAsked:
    """What is to be dumped, and remarks on words that could not be used."""

    query: DumpQuery
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Period:
    start: datetime | None
    end: datetime | None
    remarks: tuple[str, ...]


def parse_filter(words: Sequence[str], now: datetime) -> Asked:
    """The filter that words such as username=anna start=today-7 ask for; the last one of a key wins.

    Names are compared as they are, without patterns. `now` carries the local zone. Raises UsageError for an unknown
    key or form; a date that is none is left out.
    """
    given = _given(words, HISTORY_KEYS)
    period = _period(given, now)
    wanted = HistoryFilter(
        user_name=given.get("username"),
        printer_name=given.get("printername"),
        host_name=given.get("hostname"),
        billing_code=given.get("billingcode"),
        job_id=_job_id(given.get("jobid")),
        start=period.start,
        end=period.end,
        dumped=True,
    )
    return Asked(wanted, period.remarks)


def parse_dump_filter(data: DumpType, words: Sequence[str], now: datetime) -> DumpAsked:
    """The same for a dump of any kind of data; here names may be shell patterns.

    Raises UsageError for a key that this kind of data does not have; start and end are left out there with a remark.
    """
    given = _given(words, (*FILTER_KEYS[data], *BOUNDS))
    period = _period(given, now)
    remarks = period.remarks
    if data not in DATED and (bounds := [key for key in BOUNDS if key in given]):
        remarks = (
            _("{keys} left out: {data} have no dates; only {dated} have").format(
                keys=", ".join(bounds), data=data, dated=", ".join(DATED)
            ),
        )
        period = _Period(None, None, remarks)
    names = {key: value for key, value in given.items() if key not in (*BOUNDS, "jobid")}
    query = DumpQuery(data, names=names, job_id=_job_id(given.get("jobid")), start=period.start, end=period.end)
    return DumpAsked(query, remarks)


def _given(words: Sequence[str], keys: Sequence[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or "=" in value or key.lower() not in keys:
            raise UsageError(
                _("invalid filter {word}: give KEY=VALUE with a key of {keys}").format(
                    word=repr(word), keys=", ".join(keys)
                )
            )
        given[key.lower()] = value
    return given


def _period(given: Mapping[str, str], now: datetime) -> _Period:
    remarks = []
    bounds = {}
    for key in BOUNDS:
        if key in given:
            bounds[key] = moment(given[key], now, last=key == "end")
            if bounds[key] is None:
                remarks.append(
                    _("{word} is no date and was left out; give one such as 20260131 or today-7").format(
                        word=f"{key}={given[key]}"
                    )
                )
    start, end = bounds.get("start"), bounds.get("end")
    if start is not None and end is not None and start > end:
        # Swapped as they were written, so that both periods are in it whole.
        start, end = moment(given["end"], now, last=False), moment(given["start"], now, last=True)
    return _Period(start, end, tuple(remarks))


def _job_id(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", text, re.ASCII):
        raise UsageError(_("invalid filter {word}: give the number of a job").format(word=f"jobid={text}"))
    return int(text)


def moment(text: str, now: datetime, *, last: bool) -> datetime | None:
    """The first (`last`: the last) second of the period that `text` names; None when it names none.

    YYYY up to YYYYMMDDhhmmss, or yesterday, today, now, tomorrow, with +N or -N days behind.
    """
    word = text.strip().lower()
    try:
        if relative := _RELATIVE.fullmatch(word):
            days = _DAYS[relative[1]] + int(relative[2] or 0)
            if relative[1] == "now" and not days:
                return now.replace(microsecond=0)
            day = now + timedelta(days=days)
            local = day if relative[1] == "now" else _edge_of_day(day, last=last)
            return _instant(local.replace(microsecond=0, tzinfo=None), now, last=last)
        if _DIGITS.fullmatch(word):
            return _instant(_completed(word, last=last), now, last=last)
    except (ValueError, OverflowError):
        return None
    return None


def _instant(wall: datetime, now: datetime, *, last: bool) -> datetime:
    """When local clocks show `wall`. Where they do twice, the first time, or the `last` one; where they skip it, the
    second they jump to, or the `last` one before. `datetime.astimezone` alone takes the first time for both, and for
    skipped times one that is up to a day off.

    On the calendar's first and last day, which no rule of a zone reaches, with the offset of now.
    """
    try:
        shown = wall.replace(tzinfo=UTC)
        offsets = {_offset(shown - _LONGEST_OFFSET), _offset(shown + _LONGEST_OFFSET)}
    except (ValueError, OverflowError):
        return wall.replace(tzinfo=now.tzinfo)
    candidates = sorted(shown - offset for offset in offsets)
    found = [instant for instant in candidates if instant + _offset(instant) == shown]
    if not found:
        found = _around_jump(shown, candidates[0], candidates[-1])
        return (found[0] if last else found[1]).astimezone()
    return (found[-1] if last else found[0]).astimezone()


def _offset(instant: datetime) -> timedelta:
    return instant.astimezone().utcoffset() or timedelta(0)


def _around_jump(shown: datetime, before: datetime, after: datetime) -> list[datetime]:
    """The last second whose local time is before `shown` and the next one, which is behind it; both are between
    `before` and `after`."""
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        if middle + _offset(middle) < shown:
            before = middle
        else:
            after = middle
    return [before, after]


def _edge_of_day(day: datetime, *, last: bool) -> datetime:
    return day.replace(hour=23, minute=59, second=59) if last else day.replace(hour=0, minute=0, second=0)


def _completed(digits: str, *, last: bool) -> datetime:
    parts = [int(digits[:4]), *(int(digits[at : at + 2]) for at in range(4, len(digits), 2))]
    if len(parts) == 1:
        parts.append(12 if last else 1)
    if len(parts) == 2:
        parts.append(calendar.monthrange(parts[0], parts[1])[1] if last else 1)
    edge = [23, 59, 59] if last else [0, 0, 0]
    parts += edge[len(parts) - 3 :]
    year, month, day, hour, minute, second = parts
    return datetime(year, month, day, hour, minute, second)

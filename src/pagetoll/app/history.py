# SPDX-License-Identifier: Apache-2.0
"""The history of print jobs as the old programs show it: one row an attempt, filters, dates and columns of PyKota.

Attempts of unknown users or printers and open ones have no row there; `pagetoll job list` shows them.
"""

import calendar
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from pagetoll.core.errors import UsageError
from pagetoll.core.jobs import HistoryFilter, Outcome
from pagetoll.core.money import decimal_of
from pagetoll.core.policy import Verdict
from pagetoll.ports import AttemptRecord, Ledger

#: A text, a number, an amount, a local time, or nothing.
Value = str | int | Decimal | datetime | None

_RELATIVE = re.compile(r"(yesterday|today|now|tomorrow)([+-][0-9]{1,5})?", re.ASCII)
_DIGITS = re.compile(r"[0-9]{4}([0-9]{2}){0,5}", re.ASCII)
_DAYS = {"yesterday": -1, "today": 0, "now": 0, "tomorrow": 1}
FILTER_KEYS = ("username", "printername", "hostname", "billingcode", "jobid", "start", "end")


@dataclass(frozen=True, slots=True)
class Asked:
    """A filter, and what was said of it that could not be used."""

    wanted: HistoryFilter
    remarks: tuple[str, ...] = ()


def parse_filter(words: Sequence[str], now: datetime) -> Asked:
    """The filter that words such as username=anna start=today-7 ask for; the last one of a key wins.

    `now` carries the local zone. Raises UsageError for an unknown key or form; a date that is none is left out.
    """
    given: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or "=" in value or key.lower() not in FILTER_KEYS:
            raise UsageError(f"invalid filter {word!r}: give KEY=VALUE with a key of {', '.join(FILTER_KEYS)}")
        given[key.lower()] = value
    remarks = []
    bounds = {}
    for key in ("start", "end"):
        if key in given:
            bounds[key] = moment(given[key], now, last=key == "end")
            if bounds[key] is None:
                remarks.append(
                    f"{key}={given[key]} is no date and was left out; give one such as 20260131 or today-7"
                )
    start, end = bounds.get("start"), bounds.get("end")
    if start is not None and end is not None and start > end:
        # Swapped as they were written, so that both periods are in it whole.
        start, end = moment(given["end"], now, last=False), moment(given["start"], now, last=True)
    wanted = HistoryFilter(
        user_name=given.get("username"),
        printer_name=given.get("printername"),
        host_name=given.get("hostname"),
        billing_code=given.get("billingcode"),
        job_id=_job_id(given.get("jobid")),
        start=start,
        end=end,
        dumped=True,
    )
    return Asked(wanted, tuple(remarks))


def _job_id(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", text, re.ASCII):
        raise UsageError(f"invalid filter jobid={text}: give the number of a job")
    return int(text)


def moment(text: str, now: datetime, *, last: bool) -> datetime | None:
    """The first (`last`: the last) second of the period that `text` names; None when it names none.

    YYYY up to YYYYMMDDhhmmss, or yesterday, today, now, tomorrow, with +N or -N days behind.
    """
    word = text.strip().lower()
    try:
        if relative := _RELATIVE.fullmatch(word):
            day = now + timedelta(days=_DAYS[relative[1]] + int(relative[2] or 0))
            local = day if relative[1] == "now" else _edge_of_day(day, last=last)
            return local.replace(microsecond=0, tzinfo=None).astimezone()
        if _DIGITS.fullmatch(word):
            return _completed(word, last=last).astimezone()
    except (ValueError, OverflowError):
        return None
    return None


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


def action(row: AttemptRecord) -> str:
    """How the old history calls the end of an attempt."""
    if row.refunded:
        return "REFUND"
    if row.outcome in (Outcome.REFUSED, Outcome.PENDING_HELD):
        return "DENY"
    if row.outcome in (Outcome.CANCELED, Outcome.VOIDED):
        return "CANCEL"
    if row.outcome == Outcome.ABORTED:
        return "PROBLEM"
    return "WARN" if row.verdict == Verdict.WARN else "ALLOW"


def _page_counter(row: AttemptRecord) -> int | None:
    """The printer's running total behind the job; 0 where nothing was printed."""
    if row.lifetime_before is None or row.charged_impressions == 0:
        return 0
    return row.lifetime_before + row.charged_impressions


def _job_date(row: AttemptRecord) -> datetime | None:
    return row.closed_at.astimezone().replace(tzinfo=None, microsecond=0) if row.closed_at else None


#: The columns in the order of the old dumps. A job's number is a text there; `pages` was never filled, and CUPS
#: tells no backend the name of a file.
COLUMNS: dict[str, Callable[[AttemptRecord], Value]] = {
    "username": lambda row: row.facts.user_name,
    "printername": lambda row: row.facts.ticket.printer,
    "id": lambda row: row.attempt_id,
    "jobid": lambda row: str(row.facts.key.job.job_id),
    "userid": lambda row: row.facts.user_id,
    "printerid": lambda row: row.facts.printer_id,
    "pagecounter": _page_counter,
    "jobsizebytes": lambda row: row.facts.document_octets,
    "jobsize": lambda row: row.charged_impressions,
    "jobprice": lambda row: decimal_of(row.charged_price),
    "action": action,
    "filename": lambda _: None,
    "title": lambda row: row.facts.ticket.job_name,
    "copies": lambda row: row.facts.ticket.copies,
    "options": lambda row: row.facts.ticket.raw_options,
    "hostname": lambda row: row.facts.ticket.job_originating_host_name,
    "md5sum": lambda row: row.facts.document_md5 or None,
    "pages": lambda _: None,
    "billingcode": lambda row: row.facts.ticket.billing_code or None,
    "precomputedjobsize": lambda row: row.quoted_impressions,
    "precomputedjobprice": lambda row: decimal_of(row.quoted_price),
    "jobdate": _job_date,
}


@dataclass(frozen=True, slots=True)
class OrderField:
    """A column to sort by."""

    column: str
    descending: bool = False


def parse_order(fields: Sequence[str]) -> tuple[list[OrderField], list[str]]:
    """The columns to sort by, +column ascending, -column descending, and remarks on fields that were left out.

    Raises UsageError for a column that the history does not have.
    """
    order, remarks = [], []
    for field in fields:
        name = field.lstrip("+-").lower() if field[:1] in ("+", "-") else field.lower()
        if not name.isalpha():
            remarks.append(f"cannot order by {field!r}, which is no word; it was left out")
        elif name not in COLUMNS:
            raise UsageError(f"cannot order by {name}: the columns are {', '.join(COLUMNS)}")
        else:
            order.append(OrderField(name, descending=field.startswith("-")))
    return order, remarks


def history_rows(ledger: Ledger, wanted: HistoryFilter, order: Sequence[OrderField]) -> Iterator[tuple[Value, ...]]:
    """The rows of the history, a value for each of COLUMNS; as they come, in the order of their numbers, unless told
    otherwise."""
    found = ledger.history(wanted, newest_first=False)
    for row in _ordered(found, order) if order else found:
        yield tuple(value(row) for value in COLUMNS.values())


def _ordered(found: Iterable[AttemptRecord], order: Sequence[OrderField]) -> list[AttemptRecord]:
    rows = list(found)
    for field in reversed(order):
        value = COLUMNS[field.column]
        rows.sort(key=lambda row, value=value: _sortable(value(row)), reverse=field.descending)  # type: ignore[misc]
    return rows


def _sortable(value: Value) -> tuple[bool, Value]:
    """Nothing comes before everything."""
    return (value is not None, value if value is not None else "")

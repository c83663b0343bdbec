# SPDX-License-Identifier: Apache-2.0
"""CUPS's page_log (cups-files.conf(5) PageLog, cupsd.conf(5) PageLogFormat): a line of it as a value.

    %p    %u   %j   %T                           %P    %C billing host         title         media sides
    imp33 anna 3769 [06/Jan/2015:08:49:05 +0100] total 12 -       192.168.31.8 my thesis.pdf A4    one-sided

Nothing is quoted, and users and titles have blanks and whatever else people type. So a line is found by its time and
the numbers about it, which have a shape of their own, and what stands before and behind them is cut from both ends:
of several texts in a row one may have the separator in it, the title before all others. Where a user's name looks
like the middle of a line, the first place that fits counts.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from pagetoll.core.errors import UsageError
from pagetoll.core.logged_jobs import PageLine
from pagetoll.core.messages import _

#: cupsd's own format where the configuration has none (CUPS 1.4 and later), and those of its ancestors.
DEFAULT_TEMPLATE = "%p %u %j %T %P %C %{job-billing} %{job-originating-host-name} %{job-name} %{media} %{sides}"
OLDER_TEMPLATES = (
    "%p %u %j %T %P %C",
    "%p %u %j %T %P %C %{job-billing}",
    "%p %u %j %T %P %C %{job-billing} %{job-originating-host-name}",  # CUPS 1.1
    "%p %u %j %T %P %C %{job-billing} %{job-originating-host-name} %{job-name}",
)
WORDS_OF_DEFAULT = 5  # behind the numbers

LINE_OCTETS_MAX = 16384
PRINTER_LENGTH_MAX = 255
LARGEST_NUMBER = 2**31 - 1
PLACES_TRIED = 16
FIRST_YEAR, LAST_YEAR = 1970, 2999
TOTAL = "total"
MISSING = "-"

#: What the attributes that we keep are called; those that we do not know are read over.
FIELD_OF_DIRECTIVE: Mapping[str, str] = {
    "p": "printer",
    "u": "user",
    "j": "job_id",
    "T": "at",
    "P": "page",
    "C": "impressions",
    "{job-originating-user-name}": "user",
    "{job-id}": "job_id",
    "{job-impressions-completed}": "total",
    "{job-billing}": "job_billing",
    "{job-originating-host-name}": "host",
    "{job-name}": "job_name",
    "{media}": "media",
    "{sides}": "sides",
}
#: Fields of a shape that is not mistaken, as patterns that match in one way only.
SHAPES: Mapping[str, str] = {
    "job_id": r"[0-9]{1,10}",
    "at": r"\[[0-9]{2}/[A-Za-z]{3}/[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})? [+-][0-9]{4}\]",
    "page": r"total|[0-9]{1,10}",
    "impressions": r"[0-9]{1,10}",
    "total": r"[0-9]{1,10}",
}
#: Which of several texts in a row has the separator in it, the first of these that is there; else the last text.
FREE = ("job_name", "user", "job_billing")
MONTHS = {name: number for number, name in enumerate(
    ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
)}  # fmt: skip
_DIRECTIVE = re.compile(r"%(?:([pujTPC%])|(\{[A-Za-z0-9._-]{1,255}\}))")
_TIME = re.compile(
    r"\[(\d\d)/([A-Za-z]{3})/(\d{4}):(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))? ([+-])(\d\d)(\d\d)\]", re.ASCII
)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Texts with what stands about them: `literals` has one more than `fields`, `free` is the place of the text that
    may have a separator in it."""

    literals: tuple[str, ...]
    fields: tuple[str, ...]
    free: int

    def split(self, text: str) -> dict[str, str] | None:
        """The fields' texts; None where the literals are not there. Each octet is looked at a few times at most."""
        if not self.fields:
            return {} if text == self.literals[0] else None
        start, end = len(self.literals[0]), len(text) - len(self.literals[-1])
        if start > end or not text.startswith(self.literals[0]) or not text.endswith(self.literals[-1]):
            return None
        found = {}
        for place in range(self.free):
            cut = text.find(self.literals[place + 1], start, end)
            if cut < 0:
                return None
            found[self.fields[place]] = text[start:cut]
            start = cut + len(self.literals[place + 1])
        for place in range(len(self.fields) - 1, self.free, -1):
            cut = text.rfind(self.literals[place], start, end)
            if cut < 0:
                return None
            found[self.fields[place]] = text[cut + len(self.literals[place]) : end]
            end = cut
        found[self.fields[self.free]] = text[start:end]
        return found


class PageLogFormat:
    """One PageLogFormat, ready to read lines. Raises UsageError for a template that cannot be read back."""

    def __init__(self, template: str) -> None:
        literals, fields = _pieces(template)
        _check(template, literals, fields)
        first = last = fields.index("at")
        while first and fields[first - 1] in SHAPES:
            first -= 1
        while last + 1 < len(fields) and fields[last + 1] in SHAPES:
            last += 1
        self._before = _stretch(literals[: first + 1], fields[:first])
        self._behind = _stretch(literals[last + 1 :], fields[last + 1 :])
        shaped = [f"(?P<{name}>{SHAPES[name]})" for name in fields[first : last + 1]]
        between = [re.escape(literal) for literal in literals[first + 1 : last + 1]]
        # What stands right before the numbers belongs to them in the search: else a search would begin anywhere.
        ahead = f"(?<={re.escape(literals[first])})" if literals[first] else ""
        self._middle = re.compile(
            ahead + "".join(part for pair in zip(shaped, [*between, ""], strict=True) for part in pair)
        )

    def read(self, line: str) -> PageLine | None:
        """The line, without its end, as a value; None where it is none of this format.

        Octets of value 0 stand in no log, and no store keeps them as they are.
        """
        if len(line) > LINE_OCTETS_MAX or "\0" in line:
            return None
        for tried, middle in enumerate(self._middle.finditer(line)):
            if tried == PLACES_TRIED:
                break
            before = self._before.split(line[: middle.start()])
            if before is None:
                continue
            behind = self._behind.split(line[middle.end() :])
            if behind is not None and (page_line := _line_of(before | behind | middle.groupdict())) is not None:
                return page_line
        return None


class UsualFormats:
    """Reads cupsd's default format and the shorter ones of older schedulers, line by line: the number of words behind
    the numbers tells which."""

    def __init__(self) -> None:
        self._default = PageLogFormat(DEFAULT_TEMPLATE)
        self._older = [PageLogFormat(template) for template in OLDER_TEMPLATES]
        self._numbers = re.compile(f"(?<= )({SHAPES['at']}) (?:{SHAPES['page']}) [0-9]{{1,10}}(?![0-9])")

    def read(self, line: str) -> PageLine | None:
        """See `PageLogFormat.read`."""
        if len(line) > LINE_OCTETS_MAX or (numbers := self._numbers.search(line)) is None:
            return None
        words = line.count(" ", numbers.end())
        if words >= WORDS_OF_DEFAULT:
            return self._default.read(line)
        return self._older[min(words, len(self._older) - 1)].read(line)


Format = PageLogFormat | UsualFormats


def _pieces(template: str) -> tuple[list[str], list[str]]:
    """The literals of a template, and the fields between them; one that we do not keep is called after its place."""
    literals, end = [""], 0
    fields: list[str] = []
    for found in _DIRECTIVE.finditer(template):
        literals[-1] += template[end : found.start()]
        end = found.end()
        directive = found[1] or found[2]
        if directive == "%":
            literals[-1] += "%"
            continue
        fields.append(FIELD_OF_DIRECTIVE.get(directive, f"other{len(fields)}"))
        literals.append("")
    literals[-1] += template[end:]
    return literals, fields


def _check(template: str, literals: Sequence[str], fields: Sequence[str]) -> None:
    counted = {"page", "impressions"} <= set(fields) or "total" in fields
    if not counted or not {"printer", "user", "job_id", "at"} <= set(fields):
        raise UsageError(
            _(
                "the format {template!r} does not say enough of a job; it needs %p, %u, %j, %T, and %P with %C or "
                "%{{job-impressions-completed}}"
            ).format(template=template)
        )
    if len(set(fields)) < len(fields):
        raise UsageError(_("the format {template!r} has a field twice; leave one out").format(template=template))
    if not all(literals[1:-1]):
        raise UsageError(
            _("the format {template!r} has two fields with nothing between them; put a blank there").format(
                template=template
            )
        )
    if any("%" in literal.replace("%%", "") for literal in _DIRECTIVE.split(template)[::3]):
        raise UsageError(
            _("the format {template!r} has a % that begins no directive; write %% for a percent sign").format(
                template=template
            )
        )


def _stretch(literals: Sequence[str], fields: Sequence[str]) -> _Stretch:
    free = next((fields.index(name) for name in FREE if name in fields), max(len(fields) - 1, 0))
    return _Stretch(tuple(literals), tuple(fields), free)


def _line_of(fields: Mapping[str, str]) -> PageLine | None:
    at = _instant(fields["at"])
    total = fields.get("total")
    page_text = TOTAL if total is not None else fields["page"]
    page = 0 if page_text == TOTAL else _number(page_text)
    impressions = _number(fields["impressions"] if total is None else total)
    job_id = _number(fields["job_id"])
    if at is None or job_id is None or page is None or impressions is None:
        return None
    printer = fields["printer"]
    if not printer or len(printer) > PRINTER_LENGTH_MAX:
        return None
    return PageLine(
        printer=printer,
        user=_text(fields["user"]),
        job_id=job_id,
        at=at,
        page=None if page_text == TOTAL else page,
        impressions=impressions,
        job_billing=_text(fields.get("job_billing", "")),
        host=_text(fields.get("host", "")),
        job_name=_text(fields.get("job_name", "")),
        media=_text(fields.get("media", "")),
        sides=_text(fields.get("sides", "")),
    )


def _number(text: str) -> int | None:
    """A number as attributes and directives write it; None for one that is none, or larger than CUPS has."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_NUMBER)) else None
    return number if number is None or number <= LARGEST_NUMBER else None


def _text(text: str) -> str:
    return "" if text == MISSING else text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _instant(text: str) -> datetime | None:
    """`[21/Nov/2026:04:03:32.5 +0100]` with its zone; None for a day or a time that there is not."""
    found = _TIME.fullmatch(text)
    month = MONTHS.get(found[2].capitalize()) if found else None
    if found is None or month is None or not FIRST_YEAR <= int(found[3]) <= LAST_YEAR:
        return None
    day, _month, year, hour, minute, second, fraction, sign, zone_hours, zone_minutes = found.groups()
    try:
        return datetime(
            int(year),
            month,
            int(day),
            int(hour),
            int(minute),
            min(int(second), 59),  # a leap second is no time of ours
            int((fraction or "0").ljust(6, "0")),
            tzinfo=_zone(sign, int(zone_hours), int(zone_minutes)),
        )
    except ValueError:
        return None


@lru_cache(maxsize=64)
def _zone(sign: str, hours: int, minutes: int) -> timezone:
    """Raises ValueError for an offset of a day or more."""
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if sign == "-" else offset) if offset else UTC

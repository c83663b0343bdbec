# SPDX-License-Identifier: Apache-2.0
"""Lines of CUPS's page_log: every shape, titles with anything, formats of one's own, and octets that are no line."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.core.errors import UsageError
from pagetoll.core.logged_jobs import PageLine
from pagetoll.wire.page_log import DEFAULT_TEMPLATE, LINE_OCTETS_MAX, MONTHS, PageLogFormat, UsualFormats

IN_PARIS = timezone(timedelta(hours=1))
PRINTED = PageLine(
    printer="imp33",
    user="user",
    job_id=3769,
    at=datetime(2015, 1, 6, 8, 49, 5, tzinfo=IN_PARIS),
    page=2,
    impressions=1,
    host="192.168.31.85",
    job_name="exercices8.pdf",
)
HEAD = "imp33 user 3769 [06/Jan/2015:08:49:05 +0100]"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"{HEAD} 2 1 - 192.168.31.85 exercices8.pdf - -", PRINTED),
        (f"{HEAD} total 12 - 192.168.31.85 exercices8.pdf - -", replace(PRINTED, page=None, impressions=12)),
        (f"{HEAD} 2 1 - 192.168.31.85", replace(PRINTED, job_name="")),
        (f"{HEAD} 2 1 physics ", replace(PRINTED, job_name="", host="", job_billing="physics")),
        (f"{HEAD} 2 1 physics", replace(PRINTED, job_name="", host="", job_billing="physics")),
        (f"{HEAD} 2 1", replace(PRINTED, job_name="", host="")),
        (f"{HEAD} 2 1 - 192.168.31.85 exercices8.pdf", PRINTED),
        (
            f"{HEAD} 2 1 - localhost  two  blanks \u201equoted\u201c 1 2 3  A4 two-sided-long-edge",
            replace(
                PRINTED,
                host="localhost",
                job_name=" two  blanks \u201equoted\u201c 1 2 3 ",
                media="A4",
                sides="two-sided-long-edge",
            ),
        ),
        (f"{HEAD} 2 1 - h {HEAD} total 0 - h x - - A4 -", replace(
            PRINTED, host="h", job_name=f"{HEAD} total 0 - h x - -", media="A4"
        )),
        (
            "imp33 Anna Maria Berg 3769 [06/Jan/2015:08:49:05.250000 -0530] 2 1 - h t - -",
            replace(
                PRINTED,
                user="Anna Maria Berg",
                at=datetime(2015, 1, 6, 8, 49, 5, 250000, tzinfo=timezone(-timedelta(hours=5, minutes=30))),
                host="h",
                job_name="t",
            ),
        ),
        ("imp33 - 3769 [06/Jan/2015:08:49:05 +0100] 2 1 - - - - -", replace(PRINTED, user="", host="", job_name="")),
    ],
)  # fmt: skip
def test_every_usual_shape_is_recognised_by_itself(line: str, expected: PageLine):
    assert UsualFormats().read(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        "",
        "imp33",
        "imp33 user [06/Jan/2015:08:49:05 +0100] 2 1",
        "imp33 user 99999999999 [06/Jan/2015:08:49:05 +0100] 2 1",
        "imp33 user 4294967295 [06/Jan/2015:08:49:05 +0100] 2 1",
        "imp33 user 3769 [31/Feb/2015:08:49:05 +0100] 2 1",
        "imp33 user 3769 [06/Foo/2015:08:49:05 +0100] 2 1",
        "imp33 user 3769 [06/Jan/2015:25:49:05 +0100] 2 1",
        "imp33 user 3769 [06/Jan/2015:08:49:05 +9900] 2 1",
        "imp33 user 3769 [06/Jan/0001:08:49:05 +0100] 2 1",
        f"{HEAD} 2 9999999999",
        f"{HEAD} pages 3",
        f"{HEAD} 2 -1",
        f"{'p' * 300} user 3769 [06/Jan/2015:08:49:05 +0100] 2 1",
        f"{HEAD} 2 1 - h {'t' * LINE_OCTETS_MAX} - -",
        "imp33 user 3769 [٠٦/Jan/2015:08:49:05 +0100] 2 1",
    ],
)
def test_what_is_no_line_is_none(line: str):
    assert UsualFormats().read(line) is None


@pytest.mark.parametrize(
    ("template", "line", "changes"),
    [
        ("%T|%p|%u|%j|%P|%C|%{job-name}", "[06/Jan/2015:08:49:05 +0100]|imp33|user|3769|2|1|a|b c", {
            "job_name": "a|b c", "host": "",
        }),
        ("%j\t%p\t%u\t%T\t%P\t%C", "3769\timp33\ta b\t[06/Jan/2015:08:49:05 +0100]\t2\t1", {
            "user": "a b", "host": "", "job_name": "",
        }),
        ("PAGE %p %u %j %T %{job-impressions-completed} %{job-k-octets} 100%% %{job-name}", (
            f"PAGE {HEAD} 7 55 100% nice %"
        ), {"page": None, "impressions": 7, "host": "", "job_name": "nice %"}),
        ("%{job-originating-user-name} %p %{job-id} %T %C of %P", (
            "user imp33 3769 [06/Jan/2015:08:49:05 +0100] 4 of total"
        ), {"page": None, "impressions": 4, "host": "", "job_name": ""}),
    ],
)  # fmt: skip
def test_formats_of_ones_own_are_read_back(template: str, line: str, changes: dict[str, object]):
    assert PageLogFormat(template).read(line) == replace(PRINTED, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("", "does not say enough"),
        ("%p %u %j %P %C", "does not say enough"),
        ("%p %u %j %T", "does not say enough"),
        ("%p%u %j %T %P %C", "nothing between"),
        ("%p %u %j %T %P %C %p", "twice"),
        ("%p %u %j %T %P %C %x", "begins no directive"),
    ],
)
def test_a_format_that_cannot_be_read_back_is_refused(template: str, said: str):
    with pytest.raises(UsageError, match=said):
        PageLogFormat(template)


# --- anything

_NO_BLANK = st.characters(exclude_categories=("Cs", "Cc", "Z"))
_WORDS = st.text(_NO_BLANK, min_size=1, max_size=12).filter(lambda word: word != "-")
_TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=60).filter(lambda t: t != "-")
_USERS = _TEXTS.filter(lambda user: "[" not in user)


@st.composite
def _lines(draw: st.DrawFn) -> PageLine:
    zone = timezone(timedelta(minutes=draw(st.integers(-14 * 60, 14 * 60))))
    return PageLine(
        printer=draw(_WORDS),
        user=draw(_USERS),
        job_id=draw(st.integers(0, 2**31 - 1)),
        at=draw(st.datetimes(datetime(1970, 1, 1), datetime(2999, 12, 31))).replace(tzinfo=zone),
        page=draw(st.none() | st.integers(0, 10_000)),
        impressions=draw(st.integers(0, 10_000_000)),
        job_billing=draw(_WORDS | st.just("")),
        host=draw(_WORDS | st.just("")),
        job_name=draw(_TEXTS | st.just("")),
        media=draw(_WORDS | st.just("")),
        sides=draw(_WORDS | st.just("")),
    )


def written(line: PageLine) -> str:
    """The line as cupsd writes it."""
    at, zone = line.at, line.at.utcoffset()
    assert zone is not None
    minutes = int(zone.total_seconds()) // 60
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    month = list(MONTHS)[at.month - 1]
    page = "total" if line.page is None else line.page
    return (
        f"{line.printer} {line.user} {line.job_id} [{at.day:02}/{month}/{at.year:04}:{at:%H:%M:%S.%f} "
        f"{sign}{minutes // 60:02}{minutes % 60:02}] {page} {line.impressions} "
        f"{line.job_billing or '-'} {line.host or '-'} {line.job_name or '-'} {line.media or '-'} {line.sides or '-'}"
    )


@given(_lines())
def test_any_line_comes_back_as_it_was_written(line: PageLine):
    assert UsualFormats().read(written(line)) == line
    assert PageLogFormat(DEFAULT_TEMPLATE).read(written(line)) == line


@given(_lines(), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 8), st.text(max_size=8)), max_size=6))
def test_a_damaged_line_is_read_or_is_none(line: PageLine, damages: list[tuple[int, int, str]]):
    text = written(line)
    for place, cut, put in damages:
        text = text[:place] + put + text[place + cut :]
    found = UsualFormats().read(text)
    assert found is None or (found.printer and 0 <= found.impressions < 2**31 and found.at.tzinfo is not None)


@given(st.text(max_size=300))
def test_any_text_is_read_or_is_none(text: str):
    found = UsualFormats().read(text)
    assert found is None or found.at >= datetime(1969, 12, 31, tzinfo=UTC)


@given(st.text(st.sampled_from("%pujTPC{}- a"), max_size=40))
def test_any_template_is_taken_or_refused(template: str):
    try:
        PageLogFormat(template).read(written(PRINTED))
    except UsageError as error:
        assert "format" in str(error)

# SPDX-License-Identifier: Apache-2.0
"""What the spooler said of a job: arguments and environment, hostile ones too; copies and sides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.app.printing.devices import device_of
from pagetoll.app.printing.page_lines import reported_total
from pagetoll.app.printing.ticket import (
    added_by_spooler,
    job_key,
    read_ticket,
    text_of,
    who_pays,
    written_by_filter,
)
from pagetoll.core.copies import apply_spooler
from pagetoll.core.jobs import Identified, JobKey, Ticket
from pagetoll.core.usage import Confidence, Duplex, PageRun, Segment, Usage

CREATED = b"time-at-creation=1770000000"


def ticket(*, file: bool = False, copies: bytes = b"3", options: bytes = CREATED, **variables: str) -> Ticket:
    """A job of anna on hp; environment variables are given by name."""
    arguments = [b"cupspykota", b"42", b"anna", b"letter", copies, options]
    environment = {"PRINTER": "hp", "DEVICE_URI": "cupspykota:socket://printer:9100"} | variables
    return read_ticket(
        arguments + [b"/spool/d00042-001"] * file,
        {name: text.encode() for name, text in environment.items()},
    )


FIVE_PAGES = (PageRun(length=5),)
FIVE_WITH_COPIES = (PageRun(length=5, copies=3),)
FIFTEEN_PAGES = (PageRun(length=15),)


@pytest.mark.parametrize(
    ("file", "uri", "final_type", "runs", "impressions"),
    [
        pytest.param(True, "socket://p", "application/pdf", FIVE_PAGES, 15, id="raw to socket"),
        pytest.param(True, "ipp://p/ipp", "application/pdf", FIVE_PAGES, 15, id="raw to ipp"),
        pytest.param(False, "socket://p", "printer/hp", FIFTEEN_PAGES, 15, id="raw, several files: already repeated"),
        pytest.param(
            False, "socket://p", "application/vnd.cups-postscript", FIVE_WITH_COPIES, 15, id="PostScript PPD"
        ),
        pytest.param(False, "socket://p", "application/vnd.cups-raster", FIVE_WITH_COPIES, 15, id="PCL 5 PPD"),
        pytest.param(False, "socket://p", "application/vnd.cups-pdf", FIFTEEN_PAGES, 15, id="PDF PPD"),
        pytest.param(False, "socket://p", "application/vnd.cups-pdf", FIVE_PAGES, 5, id="PCL XL PPD: copies lost"),
        pytest.param(False, "ipp://p/ipp", "application/pdf", FIVE_PAGES, 15, id="driverless PDF"),
        pytest.param(False, "ipps://p/ipp", "application/pdf", FIVE_PAGES, 15, id="driverless PDF, encrypted"),
        pytest.param(False, "ipp://p/ipp", "image/urf", FIFTEEN_PAGES, 15, id="driverless raster (Apple)"),
        pytest.param(False, "ipp://p/ipp", "image/pwg-raster", FIFTEEN_PAGES, 15, id="driverless raster (PWG)"),
        pytest.param(True, "ipp://p/ipp", "image/jpeg", FIVE_PAGES, 15, id="seven arguments: an image too"),
    ],
)
def test_five_pages_in_three_copies_are_counted_as_they_leave_the_device(
    file: bool, uri: str, final_type: str, runs: tuple[PageRun, ...], impressions: int
) -> None:
    job = ticket(file=file, DEVICE_URI=f"cupspykota:{uri}", FINAL_CONTENT_TYPE=final_type)
    usage = Usage((Segment("pdf", runs),), Confidence.EXACT)
    assert apply_spooler(usage, *added_by_spooler(job)).impressions == impressions


@pytest.mark.parametrize(
    ("uri", "sides", "expected"),
    [
        ("ipp://p/ipp", "two-sided-long-edge", Duplex.LONG),
        ("ipps://p/ipp", "two-sided-short-edge", Duplex.SHORT),
        ("ipp://p/ipp", "one-sided", Duplex.NONE),
        ("ipp://p/ipp", "both-sides-and-more", Duplex.NONE),
        ("socket://p", "two-sided-long-edge", Duplex.NONE),
        ("lpd://p/q", "two-sided-long-edge", Duplex.NONE),
    ],
)
def test_sides_of_the_options_make_sheets_only_behind_ipp(uri: str, sides: str, expected: Duplex) -> None:
    job = ticket(DEVICE_URI=uri, options=CREATED + b" sides=" + sides.encode())
    assert added_by_spooler(job)[1] is expected


@pytest.mark.parametrize(
    ("told", "believed"),
    [
        (b"1", 1),
        (b"3", 3),
        (b"0", 1),
        (b"-5", 1),
        (b"", 1),
        (b"three", 1),
        ("٣".encode(), 1),
        (b"1000001", 1_000_000),
        (b"9" * 5000, 1),
    ],
)
def test_copies_are_at_least_one_and_never_absurd(told: bytes, believed: int) -> None:
    assert ticket(copies=told).copies == believed


@pytest.mark.parametrize(
    ("device_uri", "device"),
    [
        ("socket://Printer:9100", "socket://printer:9100"),
        ("socket://printer:9100?waiteof=false", "socket://printer:9100"),
        ("ipp://anna:se%40cret@printer/ipp/Print", "ipp://printer/ipp/Print"),
        ("ipp://a:b@c@printer/", "ipp://printer/"),
        ("parallel:/dev/lp0", "parallel:/dev/lp0"),
        ("/dev/null", "/dev/null"),
        ("", ""),
    ],
)
def test_queues_with_other_options_or_logins_are_the_same_device(device_uri: str, device: str) -> None:
    assert device_of(device_uri) == device


@pytest.mark.parametrize(
    ("line", "scheme", "total"),
    [
        (b"PAGE: total 12", "ipp", 12),
        (b"PAGE: total 12", "ipps", 12),
        (b"PAGE:  total\t12 ", "ipp", 12),
        (b"PAGE: total 12", "socket", None),
        (b"PAGE: 1 1", "ipp", None),
        (b"PAGE: 1 1", "socket", None),
        (b"PAGE: total 0", "ipp", None),
        (b"PAGE: total -3", "ipp", None),
        (b"PAGE: total", "ipp", None),
        (b"PAGE: total 12 13", "ipp", None),
        ("PAGE: total ٣".encode(), "ipp", None),
        (b"PAGE: total " + b"9" * 4000, "ipp", None),
        (b"PAGE: total 10000001", "ipp", None),
        (b"DEBUG: PAGE: total 3", "ipp", None),
        (b"", "ipp", None),
    ],
)
def test_only_ipps_own_total_is_believed(line: bytes, scheme: str, total: int | None) -> None:
    assert reported_total(line, f"{scheme}://printer/") == total


def test_the_key_is_host_number_and_the_spoolers_time_of_creation() -> None:
    forged = CREATED + b" sides=x time-at-creation=5 Time-At-Creation=6"
    arguments = [b"cupspykota", b"42", b"anna", b"letter", b"1", forged]
    assert job_key(arguments, ticket(options=forged), "server") == JobKey("server", 42, 1_770_000_000)


@pytest.mark.parametrize("number", [b"", b"-1", b"x", b"9" * 40, "٤٢".encode(), b"4 2"])
def test_a_job_number_that_is_none_counts_as_zero(number: bytes) -> None:
    odd = b"time-at-creation=" + number
    key = job_key([b"cupspykota", number, b"anna", b"letter", b"1", odd], ticket(options=odd), "server")
    assert (key.job_id, key.time_at_creation) == (0, 4 if number == b"4 2" else 0)


def test_a_login_that_the_spooler_checked_is_more_than_a_claim() -> None:
    assert who_pays(ticket()) == ("anna", Identified.CLAIMED)
    assert who_pays(ticket(AUTH_USERNAME="bert")) == ("bert", Identified.AUTHENTICATED)


def test_a_second_owner_among_the_options_is_not_the_owner() -> None:
    assert who_pays(ticket(options=CREATED + b" job-originating-user-name=boss")) == ("anna", Identified.CLAIMED)


@pytest.mark.parametrize(
    ("file", "content_type", "final_type", "expected"),
    [
        (False, "application/pdf", "application/vnd.cups-postscript", True),
        (False, "application/postscript", "application/vnd.cups-postscript", False),
        (True, "application/pdf", "application/vnd.cups-postscript", False),
        (False, "application/pdf", "printer/hp", False),
        (False, "application/pdf", "application/postscript", False),
    ],
)
def test_page_comments_are_believed_where_a_filter_wrote_every_octet(
    file: bool, content_type: str, final_type: str, expected: bool
) -> None:
    assert written_by_filter(ticket(file=file, CONTENT_TYPE=content_type, FINAL_CONTENT_TYPE=final_type)) is expected


@pytest.mark.parametrize(
    ("told", "text"),
    [
        (b"$(touch x)", "$(touch x)"),
        (b"a\nERROR: b", "a\nERROR: b"),
        (b"nul\0nul", "nul\N{REPLACEMENT CHARACTER}nul"),
        (b"\xff\xfe", "\N{REPLACEMENT CHARACTER}" * 2),
        ("💩".encode(), "💩"),
        (b"DOMAIN\\eve", "DOMAIN\\eve"),
        (b"x" * 5000, "x" * 5000),
    ],
)
def test_names_and_titles_come_as_they_are(told: bytes, text: str) -> None:
    arguments = [b"cupspykota", b"1", told, told, b"1", b""]
    job = read_ticket(arguments, {"PRINTER": told})
    assert (job.job_originating_user_name, job.job_name, job.printer) == (text, text, text)


@given(st.lists(st.binary(max_size=60), min_size=6, max_size=7), st.dictionaries(st.just("DEVICE_URI"), st.binary()))
def test_no_octets_are_an_error(arguments: list[bytes], variables: dict[str, bytes]) -> None:
    job = read_ticket(arguments, variables)
    assert 1 <= job.copies <= 1_000_000
    job_key(arguments, job, "server")
    for text in (job.job_name, job.job_originating_user_name, job.device_uri, job.raw_options):
        assert "\0" not in text
        text.encode("utf-8")


@given(st.binary())
def test_any_octets_become_text_that_a_database_takes(octets: bytes) -> None:
    assert "\0" not in text_of(octets)
    text_of(octets).encode("utf-8")

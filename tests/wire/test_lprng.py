# SPDX-License-Identifier: Apache-2.0
"""What lpd tells its programs, as a job: options, ticket, printcap entry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.wire.lprng import DataFile, names_program, number_of, read_job

TWO_COPIES = b"\x01".join(
    b"\x02".join([b"copies=0x1", b"dftransfername=" + name, b"format=f", b"size=6"]) for name in (b"dfA", b"dfB") * 2
)
TICKET = (
    b"A=anna@host+12\nD=2026-11-21-13:52:01.987\nhfdatafiles=" + TWO_COPIES + b"\x01\njob_time=0x6b01a201\nP=anna\n"
)


def test_lpds_options_and_ticket_make_a_job() -> None:
    words = (
        b"pykota",
        b"start",
        b"-Aanna@host+12",
        b"-Hhost",
        b"-Ja title",
        b"-Pq",
        b"-Rphysics",
        b"-b18",
        b"-j12",
        b"-nanna",
    )
    job = read_job(words, {b"HF": TICKET, b"PRINTER": b"q"})
    assert (job.queue, job.identifier, job.user, job.host) == ("q", "anna@host+12", "anna", "host")
    assert (job.number, job.title, job.accounting_name, job.octets) == (12, "a title", "physics", 18)
    assert (job.created, job.end) == (0x6B01A201, "")
    assert job.files == (DataFile("dfA", 2), DataFile("dfB", 2))


def test_the_ticket_alone_is_enough() -> None:
    job = read_job((b"pykota",), {b"HF": TICKET + b"prstatus=JSUCC\nnumber=12\n", b"PRINTER": b"q"})
    assert (job.queue, job.user, job.identifier, job.end, job.number) == ("q", "anna", "anna@host+12", "JSUCC", 12)


@pytest.mark.parametrize("copies", ["-K3", "-#3"])
def test_the_arguments_of_the_old_filter_are_read(copies: str) -> None:
    words = (b"pykota", b"-j7", b"-Pq", b"-nanna", b"-rclient", copies.encode())
    job = read_job(words, {b"DATAFILES": b"dfA007host dfB007host "})
    assert (job.number, job.queue, job.user, job.host) == (7, "q", "anna", "client")
    assert job.files == (DataFile("dfA007host", 3), DataFile("dfB007host", 3))


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        ("q\n :if=/p/pykota filter\n :lp=/dev/lp", True),
        ("q\n :filter=|/p/pykota filter", True),
        ("q\n :if=ROOT /p/pykota filter", True),
        ("q\n :if=-$/p/pykota filter", True),
        ("q\n :vf=/p/pykota filter", True),
        ("q\n :af=/p/pykota lines\n :as=|/p/pykota start\n :of=/p/pykota of", False),
        ("q\n :if=/p/other", False),
        ("", False),
    ],
)
def test_the_printcap_entry_says_whether_files_go_through_our_filter(entry: str, named: bool) -> None:
    assert names_program(entry, "/p/pykota") is named


@pytest.mark.parametrize(
    ("text", "number"),
    [("12", 12), ("0x1f", 31), ("012", 12), ("", 0), ("-1", 0), ("1e9", 0), ("9" * 30, 0), ("²", 0)],
)
def test_a_number_that_is_none_is_0(text: str, number: int) -> None:
    assert number_of(text) == number


@given(
    st.lists(st.binary(max_size=60), min_size=1, max_size=8),
    st.dictionaries(st.sampled_from([b"HF", b"DATAFILES", b"PRINTER"]), st.binary(max_size=300)),
)
def test_any_octets_make_a_job(words: list[bytes], variables: dict[bytes, bytes]) -> None:
    job = read_job(words, variables)
    assert job.number >= 0
    assert "\0" not in job.user + job.title + job.queue + job.identifier
    assert all(1 <= file.copies <= 10_000 for file in job.files)


@pytest.mark.parametrize(
    ("options", "uri"),
    [
        (":lp=laser%9100", "socket://laser:9100"),
        (":lp=[2001:db8::1]%9100", ""),  # a colon ends an option
        (":lp=lp0@server", "lpd://server/lp0"),
        (":lp=lp0@server%1515", "lpd://server/lp0"),
        (":rm=server:rp=lp0", "lpd://server/lp0"),
        (":lp=/dev/lp0", "file:/dev/lp0"),
        (":lp=|/usr/bin/nc laser 9100", ""),
        (":lp=laser%", ""),
        (":lp=la ser%9100", ""),
        ("", ""),
    ],
)
def test_the_device_of_a_queue_is_named_as_cups_would_name_it(options: str, uri: str) -> None:
    entry = f"q\n  :sd=/var/spool/lpd/q\n  {options}\n"
    assert read_job((b"pykota",), {b"PRINTCAP_ENTRY": entry.encode()}).device_uri == uri

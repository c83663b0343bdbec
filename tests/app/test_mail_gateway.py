# SPDX-License-Identifier: Apache-2.0
"""Mails that are written to keep the gateway busy, or to break it."""

import pytest

from pagetoll.app.mail_gateway import NotAnswered, read_mail


@pytest.mark.parametrize("octets", [b"(" * 5000, b'"' * 200_001, b"a," * 300_000, b"<" * 500_000])
@pytest.mark.parametrize("header", [b"From", b"Subject", b"Precedence"])
def test_a_header_that_would_take_the_parser_hours_is_not_parsed(header: bytes, octets: bytes) -> None:
    lines = {b"From": b"anna@example.org", b"Subject": b"report"} | {header: octets}
    mail = b"".join(name + b": " + value + b"\n" for name, value in lines.items())
    with pytest.raises(NotAnswered, match="header cannot be read"):
        read_mail(mail + b"\n")


def test_a_deeply_nested_header_that_is_short_is_refused() -> None:
    with pytest.raises(NotAnswered):
        read_mail(b"From: " + b"(" * 1900 + b"\nSubject: report\n\n")


def test_what_a_machine_says_first_of_itself_counts() -> None:
    twice = b"Auto-Submitted: auto-replied\nAuto-Submitted: no\n"
    with pytest.raises(NotAnswered, match="automatically"):
        read_mail(b"From: anna@example.org\nSubject: report\n" + twice + b"\n")


def test_other_headers_are_not_looked_at() -> None:
    mail = b"From: anna@example.org\nTo: " + b"(" * 5000 + b"\nSubject: report\n\n"
    assert read_mail(mail).words == ("report",)

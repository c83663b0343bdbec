# SPDX-License-Identifier: Apache-2.0
"""What a ticket command's lines mean, and what becomes of names and titles."""

import pytest

from pagetoll.core.identity import known_as, without_domain, without_prefix, without_realm
from pagetoll.core.ticket_answer import TicketAnswer, TicketVerdict, ticket_answer

DENY, CANCEL = TicketVerdict.DENY, TicketVerdict.CANCEL


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        ([], TicketAnswer()),
        (["AUTH=YES", "hello", "=", "USERNAME"], TicketAnswer()),
        (["USERNAME=ben"], TicketAnswer(user_name="ben")),
        (["USERNAME=ben", "USERNAME=", "USERNAME= eva "], TicketAnswer(user_name="eva")),
        (["USERNAME="], TicketAnswer()),
        (["BILLINGCODE=physics", "BILLINGCODE="], TicketAnswer(billing_code="")),
        (["BILLINGCODE=a=b"], TicketAnswer(billing_code="a=b")),
        (["DENY"], TicketAnswer(DENY)),
        (["deny"], TicketAnswer(DENY)),
        (["AUTH=NO"], TicketAnswer(DENY)),
        (["AUTH=IMPOSSIBLE"], TicketAnswer(DENY)),
        (["CANCEL", "DENY"], TicketAnswer(DENY)),
        (["DENY", "CANCEL", "REASON=not today"], TicketAnswer(CANCEL, reason="not today")),
        (["USERNAME=ben", "BILLINGCODE=x", "DENY", "REASON=no"], TicketAnswer(DENY, reason="no")),
        (["DENY me"], TicketAnswer()),
    ],
)
def test_lines_and_their_meaning(lines: list[str], answer: TicketAnswer) -> None:
    assert ticket_answer(lines) == answer


@pytest.mark.parametrize(
    ("name", "kept"),
    [("anna", "anna"), ("anna@REALM", "anna"), ("anna/admin@REALM", "anna"), ("anna/admin", "anna/admin"), ("@", "")],
)
def test_a_realm_is_cut_off(name: str, kept: str) -> None:
    assert without_realm(name) == kept


def test_of_domain_and_user_the_user_is_kept() -> None:
    assert without_domain("SCHOOL\\STAFF\\anna", "\\") == "anna"
    assert without_domain("SCHOOL\\anna", "") == "SCHOOL\\anna"


def test_another_name_stands_for_a_user() -> None:
    assert known_as("a.smith", {"a.smith": "anna"}) == "anna"
    assert known_as("anna", {"a.smith": "anna"}) == "anna"


@pytest.mark.parametrize(
    ("title", "pattern", "kept"),
    [
        ("smbprn.000123 letter", "smbprn.??????", " letter"),
        ("letter", "smbprn.??????", "letter"),
        ("smbprn.0001", "smbprn.??????", "smbprn.0001"),
        ("smbprn.x", "smbprn.[xy]", ""),
        ("smbprn.z", "smbprn.[xy]", "smbprn.z"),
        ("anything", "", "anything"),
        ("ab[cd", "[", "ab[cd"),
    ],
)
def test_the_beginning_of_a_title_goes_by_a_pattern(title: str, pattern: str, kept: str) -> None:
    assert without_prefix(title, pattern) == kept

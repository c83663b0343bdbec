# SPDX-License-Identifier: Apache-2.0
"""The URL of a ledger in a directory: what it means, and what is said of a wrong one."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.core.errors import UsageError
from pagetoll.storage.ldap.address import Address

BASE = "ou=pagetoll,dc=example,dc=org"
MEANINGS = [
    (f"ldap://localhost/{BASE}", Address(server="ldap://localhost", base=BASE)),
    (f"ldap://[::1]:8389/{BASE}", Address(server="ldap://[::1]:8389", base=BASE)),
    (f"ldap://ldap.example.org/{BASE}", Address(server="ldap://ldap.example.org", base=BASE, starttls=True)),
    (f"ldap://ldap.example.org/{BASE}?starttls=no", Address(server="ldap://ldap.example.org", base=BASE)),
    (f"ldap://127.0.0.1/{BASE}?starttls=yes", Address(server="ldap://127.0.0.1", base=BASE, starttls=True)),
    (f"ldaps://a:6360/{BASE}?ca=/etc/ca.pem", Address(server="ldaps://a:6360", base=BASE, ca=Path("/etc/ca.pem"))),
    (
        f"ldapi://%2Frun%2Fslapd%2Fldapi/{BASE}?mirror=/var/m.sqlite",
        Address(server="ldapi://%2Frun%2Fslapd%2Fldapi", base=BASE, mirror=Path("/var/m.sqlite")),
    ),
    (
        "ldaps://a/ou=t%C3%B6ll,dc=x?bind_dn=cn%3Dtoll%2Cdc%3Dx&password_file=/etc/p",
        Address(server="ldaps://a", base="ou=töll,dc=x", bind_dn="cn=toll,dc=x", password_file=Path("/etc/p")),
    ),
    (
        "ldaps://cn%3Dtoll:p%40ss%3Aword@a/dc=x",
        Address(server="ldaps://a", base="dc=x", bind_dn="cn=toll", password="p@ss:word"),
    ),
    (
        "ldaps://:secret@a/dc=x?bind_dn=cn%3Dtoll",
        Address(server="ldaps://a", base="dc=x", bind_dn="cn=toll", password="secret"),
    ),
]


@pytest.mark.parametrize(("text", "meaning"), MEANINGS)
def test_a_url_means(text: str, meaning: Address):
    assert Address.parse(text) == meaning


WRONG = [
    ("ldap:///dc=x", "cannot be read"),
    ("ldap://a:99999/dc=x", "cannot be read"),
    ("ldap://a:0/dc=x", "cannot be read"),
    ("ldap://a b/dc=x", "cannot be read"),
    ("ldap://[::1/dc=x", "cannot be read"),
    ("http://a/dc=x", "cannot be read"),
    ("ldap://a/dc=x#part", "cannot be read"),
    ("ldap://a/dc=x?nonsense", "cannot be read"),
    ("ldap://a", "names no entry of the directory"),
    ("ldap://a/pagetoll", "names no entry of the directory"),
    ("ldap://a/dc=x,", "names no entry of the directory"),
    ("ldapi://run/dc=x", "names no socket"),
    ("ldap://a/dc=x?colour=red", "has an option that is none of bind_dn, ca, mirror"),
    ("ldaps://cn%3Dy:half?hunter2@a/dc=x", "write %3F for a"),
    ("ldap://a/dc=x?starttls=maybe", "give the option starttls once"),
    ("ldap://a/dc=x?starttls=no&starttls=yes", "give the option starttls once"),
    ("ldap://a/dc=x?ca=ca.pem", "ca must be a path that begins with /"),
    ("ldap://a/dc=x?bind_dn=cn%3Dy", "has a bind_dn, but no password_file"),
    ("ldap://a/dc=x?password_file=/p", "has a password, but no bind_dn"),
    ("ldap://:hunter2@a/dc=x", "has a password, but no bind_dn"),
    ("ldap://:hunter2@a/dc=x?bind_dn=cn%3Dy&password_file=/p", "leave one out"),
    ("ldap://cn%3Dy:hunter2@a:x/dc=x", "cannot be read"),
]


@pytest.mark.parametrize(("text", "says"), WRONG)
def test_a_wrong_url_is_explained_without_its_password(text: str, says: str):
    with pytest.raises(UsageError, match=says) as caught:
        Address.parse(text)
    assert "hunter2" not in str(caught.value)


@given(text=st.text(max_size=60).map("ldap://".__add__) | st.text(max_size=60))
def test_any_text_is_an_address_or_a_usage_error(text: str):
    with suppress(UsageError):
        Address.parse(text)


def test_nothing_that_is_shown_has_the_password():
    address = Address.parse("ldaps://cn%3Dtoll:hunter2@a/dc=x")
    assert "hunter2" not in f"{address} {address!r} {address.where}"
    assert address.where == "ledger ldaps://a/dc=x"

# SPDX-License-Identifier: Apache-2.0
"""Device URIs: ours around another's, and passwords found and taken out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.wire.device_uri import (
    Place,
    Wrapped,
    has_password,
    inner_uri,
    is_of_tea4cups,
    is_plain_login,
    place_of,
    unwrap,
    without_password,
    wrap,
)

UNWRAPPED = [
    ("cupspykota:socket://10.0.0.9:9100", Wrapped("cupspykota", "socket://10.0.0.9:9100")),
    ("cupspykota://socket://10.0.0.9", Wrapped("cupspykota", "socket://10.0.0.9")),
    ("cupspykota:///lpd://10.0.0.9/q", Wrapped("cupspykota", "lpd://10.0.0.9/q")),
    ("pagetoll:/ipp://10.0.0.9/", Wrapped("pagetoll", "ipp://10.0.0.9/")),
    ("pagetoll:usb://Acme/X%20Y?serial=1", Wrapped("pagetoll", "usb://Acme/X%20Y?serial=1")),
    ("pagetoll:parallel:/dev/lp0", Wrapped("pagetoll", "parallel:/dev/lp0")),
    ("socket://10.0.0.9", None),
    ("tea4cups:socket://10.0.0.9", Wrapped("tea4cups", "socket://10.0.0.9")),
    ("tea4cups://socket://10.0.0.9", Wrapped("tea4cups", "socket://10.0.0.9")),
    ("tea4cups://", Wrapped("tea4cups", "")),
    ("tea4cups:", Wrapped("tea4cups", "")),
    ("cupspykota:", Wrapped("cupspykota", "")),
    ("cupspykota://", Wrapped("cupspykota", "")),
    ("pagetoll:///", Wrapped("pagetoll", "")),
    ("cupspykota:/dev/null", None),
    ("xcupspykota:socket://h", None),
]


@pytest.mark.parametrize(("uri", "expected"), UNWRAPPED)
def test_what_stands_behind_our_scheme_is_found_in_every_form(uri, expected):
    assert unwrap(uri) == expected


@given(st.from_regex(r"[a-z][a-z0-9+.-]{0,8}:[^\s]{1,40}", fullmatch=True))
def test_every_uri_comes_back_from_behind_ours(uri):
    assert unwrap(wrap(uri, "pagetoll")) == Wrapped("pagetoll", uri)


@pytest.mark.parametrize(
    ("uri", "answer"),
    [
        ("tea4cups:socket://h", True),
        ("cupspykota:tea4cups://socket://h", True),
        ("tea4cups://", True),
        ("cupspykota:socket://h", False),
        ("socket://tea4cups:socket", False),
    ],
)
def test_queues_of_tea4cups_are_told_by_their_uri(uri, answer):
    assert is_of_tea4cups(uri) is answer


@pytest.mark.parametrize(
    ("uri", "real"),
    [
        ("cupspykota:pagetoll://socket://h:9100", "socket://h:9100"),
        ("cupspykota:socket://h/a\nb", "socket://h/a\nb"),
        ("cupspykota:tea4cups:socket://h", "socket://h"),
        ("tea4cups://", ""),
        ("cupspykota://", ""),
        ("cupspykota:pagetoll:", ""),
        ("socket://h", "socket://h"),
        ("pagetoll:/dev/null", "pagetoll:/dev/null"),
        ("", ""),
    ],
)
def test_the_real_device_stands_behind_all_of_ours(uri, real):
    assert inner_uri(uri) == real


PASSWORDS = [
    ("ipp://anna:geheim@host/ipp/print", True, "ipp://anna@host/ipp/print"),
    ("smb://anna:ge/he@im@host/p", True, "smb://anna@host/p"),
    ("smb://:geheim@host/p", True, "smb://host/p"),
    ("lpd://anna@host/q", False, "lpd://anna@host/q"),
    ("ipp://host:631/ipp/print", False, "ipp://host:631/ipp/print"),
    ("ipp://[fe80::1]:631/", False, "ipp://[fe80::1]:631/"),
    ("parallel:/dev/lp0", False, "parallel:/dev/lp0"),
]


@pytest.mark.parametrize(("uri", "found", "shown"), PASSWORDS)
def test_a_password_is_found_and_taken_out(uri, found, shown):
    assert has_password(uri) is found
    assert without_password(uri) == shown


@pytest.mark.parametrize(
    ("uri", "plain"),
    [
        ("ipp://anna:secret@h/ipp", True),
        ("ipp://anna:se%2Fcret@h/", True),
        ("smb://anna:se/cret@h/queue", False),
        ("lpd:anna:secret@h", False),
    ],
)
def test_a_login_with_a_slash_could_name_another_place(uri, plain):
    assert is_plain_login(uri) is plain


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("socket://Printer.example:9100", Place("socket", "printer.example", 9100, "")),
        ("socket://192.0.2.7/?waiteof=false", Place("socket", "192.0.2.7", 0, "/")),
        ("ipp://anna:s@ecret@printer:8631/ipp/print?x=1", Place("ipp", "printer", 8631, "/ipp/print")),
        ("ipp://[2001:db8::1]:631/ipp", Place("ipp", "2001:db8::1", 631, "/ipp")),
        ("lpd://192.168.31.214/lpd", Place("lpd", "192.168.31.214", 0, "/lpd")),
        ("socket://[fe80::1%25eth0]", Place("socket", "fe80::1%eth0", 0, "")),
        ("socket://host:123456", Place("socket", "")),
        ("socket://host:99999", Place("socket", "host", 0)),
        ("usb://HP/LaserJet?serial=1", Place("usb", "")),
        ("dnssd://HP%20LaserJet._ipp._tcp.local/", Place("dnssd", "")),
        ("socket:printer", Place("socket", "")),
        ("", Place("", "")),
    ],
)
def test_where_a_device_is_in_the_network(uri: str, place: Place) -> None:
    assert place_of(uri) == place

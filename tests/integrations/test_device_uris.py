# SPDX-License-Identifier: Apache-2.0
"""Device URIs: ours around another's, and passwords kept apart."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.config.home import Home
from pagetoll.core.errors import ConfigError
from pagetoll.integrations.device_uris import (
    SecretUri,
    Wrapped,
    device_uri_of,
    forget_secret,
    has_password,
    keep_secret,
    read_secrets,
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
    ("tea4cups:socket://10.0.0.9", None),
    ("cupspykota:", None),
    ("cupspykota:/dev/null", None),
    ("xcupspykota:socket://h", None),
]


@pytest.mark.parametrize(("uri", "expected"), UNWRAPPED)
def test_what_stands_behind_our_scheme_is_found_in_every_form(uri, expected):
    assert unwrap(uri) == expected


@given(st.from_regex(r"[a-z][a-z0-9+.-]{0,8}:[^\s]{1,40}", fullmatch=True))
def test_every_uri_comes_back_from_behind_ours(uri):
    assert unwrap(wrap(uri, "pagetoll")) == Wrapped("pagetoll", uri)


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


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path)


@given(name=st.text(min_size=1), password=st.text())
def test_any_queue_and_password_come_back_from_the_file(tmp_path_factory, name, password):
    home = Home.at(tmp_path_factory.mktemp("home"))
    kept = SecretUri(shown="ipp://h/", device_uri=f"ipp://a:{password}@h/")
    keep_secret(home, name, kept)
    assert read_secrets(home) == {name: kept}


def test_the_kept_uri_holds_only_while_the_queue_shows_the_same(home: Home):
    assert device_uri_of(home, "laser", "ipp://anna@h/") == "ipp://anna@h/"
    keep_secret(home, "laser", SecretUri("ipp://anna@h/", "ipp://anna:geheim@h/"))
    keep_secret(home, "other", SecretUri("ipp://otto@h/", "ipp://otto:anders@h/"))
    assert stat.S_IMODE(home.device_uris.stat().st_mode) == 0o600
    assert device_uri_of(home, "laser", "ipp://anna@h/") == "ipp://anna:geheim@h/"
    assert device_uri_of(home, "laser", "ipp://anna@new/") == "ipp://anna@new/"
    assert device_uri_of(home, "nosuch", "ipp://anna@h/") == "ipp://anna@h/"
    forget_secret(home, "laser")
    forget_secret(home, "laser")
    assert set(read_secrets(home)) == {"other"}


@pytest.mark.parametrize("text", ["[queue", "queue = 3", "[queue.a]\nshown = 1\n", "\x00", "[queue]\na = 1"])
def test_a_damaged_file_is_named_and_its_text_is_not_shown(home: Home, text):
    home.device_uris.write_text(text)
    with pytest.raises(ConfigError, match=r"device-uris\.toml"):
        read_secrets(home)


def test_a_link_in_the_files_place_is_not_read(home: Home):
    home.device_uris.symlink_to("/etc/passwd")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_secrets(home)

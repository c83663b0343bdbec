# SPDX-License-Identifier: Apache-2.0
"""Device URIs that hold a password, kept apart."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.config.home import Home
from pagetoll.core.errors import ConfigError
from pagetoll.integrations.device_uris import (
    SecretUri,
    device_uri_of,
    forget_secret,
    keep_secret,
    read_secrets,
)


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

# SPDX-License-Identifier: Apache-2.0
"""Where things are kept."""

from pathlib import Path

import pytest

from pagetoll.config.home import Home
from pagetoll.core.errors import ConfigError


def test_one_folder_holds_everything_when_it_is_named():
    home = Home.from_environment({"PAGETOLL_HOME": "/srv/print"})
    names = (home.configuration, home.database, home.spool, home.journal, home.socket, home.thin_conf)
    assert [str(name) for name in names] == [
        "/srv/print/pagetoll.toml",
        "/srv/print/pagetoll.db",
        "/srv/print/spool",
        "/srv/print/journal",
        "/srv/print/pagetolld.sock",
        "/srv/print/thin.conf",
    ]
    assert Home.from_environment(home.environment) == home


@pytest.mark.parametrize("environ", [{}, {"PAGETOLL_HOME": ""}])
def test_the_usual_places_hold_when_no_folder_is_named(environ):
    home = Home.from_environment(environ)
    assert str(home.configuration) == "/etc/pagetoll/pagetoll.toml"
    assert str(home.database) == "/var/lib/pagetoll/pagetoll.db"
    assert str(home.journal) == "/var/spool/pagetoll/journal"
    assert str(home.socket) == "/run/pagetoll/pagetolld.sock"
    assert home.environment == {}


@pytest.mark.parametrize("path", ["relative/folder", "/a/../b", "/a\nb", "/a?mode=ro"])
def test_a_home_that_is_no_plain_absolute_path_is_refused(path):
    with pytest.raises(ConfigError, match="PAGETOLL_HOME"):
        Home.from_environment({"PAGETOLL_HOME": path})


@pytest.mark.parametrize(("octets", "fits"), [(100, True), (101, False)])
def test_a_socket_path_over_100_octets_is_refused(octets, fits):
    name = "é" * 10
    home = Home.at(Path("/" + name + "x" * (octets - 1 - 20 - len("/pagetolld.sock"))))
    if fits:
        home.check_socket()
    else:
        with pytest.raises(ConfigError, match="101 octets"):
            home.check_socket()


def test_a_home_that_was_never_made_says_how_to_make_it(tmp_path):
    with pytest.raises(ConfigError, match="pagetoll init"):
        Home.at(tmp_path / "none").owner()

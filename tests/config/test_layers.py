# SPDX-License-Identifier: Apache-2.0
"""Both files at once: where PyKota's are found, which one wins, and where each value comes from."""

import os
from pathlib import Path

import pytest

from pagetoll.config.home import Home
from pagetoll.config.layers import PYKOTA_DEFAULTS
from pagetoll.config.load import administrator_file, load_home, read_home
from pagetoll.config.options import OPTION_BY_NAME, Settings
from pagetoll.config.pykota_conf.places import folders
from pagetoll.core.errors import ConfigError
from pagetoll.core.policy import Enforcement


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "home").mkdir()
    found = Home.at(tmp_path / "home")
    found.configuration.write_text("")
    (tmp_path / "pykota").mkdir()
    return found


def environ_of(home: Home) -> dict[str, str]:
    return {"PYKOTA_HOME": str(home.config_folder.parent / "pykota")}


def old_file(home: Home, text: str, name: str = "pykota.conf") -> Path:
    path = home.config_folder.parent / "pykota" / name
    path.write_text(text)
    return path


def test_without_a_pykota_conf_our_own_defaults_hold(home: Home):
    assert load_home(home, environ_of(home)).for_queue("x").enforcement is Enforcement.STRICT


def test_with_one_pykotas_defaults_hold_and_are_named(home: Home):
    path = old_file(home, "[global]\n")
    configuration = read_home(home, environ_of(home))
    for name, raw in PYKOTA_DEFAULTS.items():
        given = configuration.origin(name)
        assert given is not None
        assert given.source == f"default of PyKota, as {path} is read"
        assert getattr(configuration.settings.defaults, name) == OPTION_BY_NAME[name].parse(raw)
        assert given.value != OPTION_BY_NAME[name].default
    assert configuration.settings.for_queue("x").enforcement is Enforcement.LAXIST


#: pagetoll.toml, pykota.conf, queue, gracedelay_d, the line of its source
BOTH = [
    ("", "[global]\ngracedelay : 3", "a", 3, "pykota.conf:2"),
    ("gracedelay_d = 4", "[global]\ngracedelay : 3", "a", 4, "pagetoll.toml:1"),
    ("gracedelay_d = 4", "[global]\n[a]\ngracedelay : 3", "a", 4, "pagetoll.toml:1"),
    ("[queue.a]\ngracedelay_d = 4", "[global]\n[a]\ngracedelay : 3", "a", 4, "pagetoll.toml:2"),
    ("[queue.b]\ngracedelay_d = 4", "[global]\n[a]\ngracedelay : 3", "a", 3, "pykota.conf:3"),
    ("[queue.b]\ngracedelay_d = 4", "[global]\ngracedelay : 3", "a", 3, "pykota.conf:2"),
    ("[queue.b]\ngracedelay_d = 4", "[global]\ngracedelay : 3", "b", 4, "pagetoll.toml:2"),
    ("wait_s = 1\n[queue.b]\n", "[global]\n[b]\n", "b", 7, ""),
]


@pytest.mark.parametrize(("ours", "theirs", "queue", "wanted", "source"), BOTH)
def test_our_file_wins_option_by_option(home: Home, ours, theirs, queue, wanted, source):
    home.configuration.write_text(ours)
    old_file(home, theirs)
    configuration = read_home(home, environ_of(home))
    assert configuration.settings.for_queue(queue).gracedelay_d == wanted
    given = configuration.origin("gracedelay_d", queue)
    assert (given.source if given else "").endswith(source)


def test_problems_of_all_files_are_said_at_once(home: Home):
    home.configuration.write_text("wait_s = -1\n")
    old_file(home, "[global]\npolicy : x\n[a]\ngracedelay : y\n")
    old_file(home, "storageadmin : x\n", "pykotadmin.conf")
    with pytest.raises(ConfigError) as caught:
        read_home(home, environ_of(home))
    lines = [(Path(problem.file).name, problem.line) for problem in caught.value.problems]
    assert lines == [("pagetoll.toml", 1), ("pykota.conf", 2), ("pykota.conf", 4), ("pykotadmin.conf", 1)]


def test_an_option_that_nothing_obeys_yet_is_warned_of_in_either_file(home: Home):
    home.configuration.write_text('logolink = ""\n[queue.a]\npolicy = "allow"\n')
    assert read_home(home, environ_of(home)).warnings == ()
    home.configuration.write_text('logolink = "http://example.org/"\n')
    old_file(home, "[global]\nlogourl : http://example.org/x.png\n")
    assert [(warning.line, warning.option) for warning in read_home(home, environ_of(home)).warnings] == [
        (1, "logolink"),
        (2, "logourl"),
    ]


def test_storage_directives_never_name_the_ledger(home: Home):
    old_file(home, "[global]\nstoragebackend : sqlitestorage\nstoragename : /tmp/other.db\n")
    old_file(home, "[global]\nstorageadmin : x\nstorageadminpw : secret\n", "pykotadmin.conf")
    configuration = read_home(home, environ_of(home))
    assert configuration.settings.database == f"sqlite:///{home.database}"
    assert [warning.option for warning in configuration.warnings] == [
        "storagebackend, storagename",
        "storageadmin, storageadminpw",
    ]
    assert "secret" not in "".join(map(str, configuration.warnings))


PLACES = [
    ("", {}, None, ["/etc/pykota"]),
    ("", {}, "/home/pykota", ["/home/pykota", "/etc/pykota"]),
    ("", {}, "/etc/pykota", ["/etc/pykota"]),
    ("", {"PYKOTA_HOME": "/srv/p"}, "/home/pykota", ["/srv/p"]),
    ("/opt/p", {"PYKOTA_HOME": "/srv/p"}, "/home/pykota", ["/opt/p"]),
    ("none", {"PYKOTA_HOME": "/srv/p"}, "/home/pykota", []),
]


@pytest.mark.parametrize(("option", "environ", "users_home", "wanted"), PLACES)
def test_the_places_are_those_where_pykota_looked(option, environ, users_home, wanted):
    assert [str(folder) for folder in folders(option, environ, users_home)] == wanted


def test_our_file_may_name_pykotas_folder_or_shut_it_out(home: Home):
    path = old_file(home, "[global]\ngracedelay : 3\n")
    home.configuration.write_text(f'pykota_home = "{path.parent}"\n')
    assert load_home(home, {}).defaults.gracedelay_d == 3
    home.configuration.write_text('pykota_home = "none"\n')
    assert load_home(home, environ_of(home)) == Settings(pykota_home="none", database=f"sqlite:///{home.database}")


def test_the_administrators_file_is_found_beside(home: Home):
    settings = load_home(home, environ_of(home))
    assert administrator_file(settings, environ_of(home)) is None
    path = old_file(home, "[global]\n", "pykotadmin.conf")
    assert administrator_file(settings, environ_of(home)) == path
    home.configuration.write_text('pykota_home = "none"\n')
    assert administrator_file(load_home(home, {}), environ_of(home)) is None


def test_a_file_that_is_none_or_open_to_all_is_an_error_and_keeps_nobody_waiting(home: Home):
    path = old_file(home, "[global]\n")
    path.chmod(0o666)
    with pytest.raises(ConfigError, match="can be written by everybody"):
        load_home(home, environ_of(home))
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ConfigError, match="is no regular file"):
        load_home(home, environ_of(home))
    path.unlink()
    path.write_bytes(b"#" * 1_000_001)
    with pytest.raises(ConfigError, match="that is no configuration"):
        load_home(home, environ_of(home))

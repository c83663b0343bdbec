# SPDX-License-Identifier: Apache-2.0
"""pagetoll init, as root and as another user, on what it finds."""

import os
import pwd
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.site import STARTED
from lab.folders import open_folder

SERVICE_USER = "nobody"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make the home of another user")


@pytest.fixture
def place() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


def run_init(home: Path, *arguments: str, user: str = "", modules: str = "") -> subprocess.CompletedProcess[str]:
    """`modules` is a folder whose modules come before all others."""
    prefix = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups"] if user else []
    return subprocess.run(
        [*prefix, *STARTED, "pagetoll", "init", *arguments],
        env={
            **os.environ,
            "PAGETOLL_HOME": str(home),
            "PYTHONPATH": os.pathsep.join([*filter(None, [modules]), *sys.path]),
        },
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


def as_seen(home: Path) -> dict[str, tuple[str, str]]:
    seen = {}
    for path in [home, *home.rglob("*")]:
        found = path.lstat()
        name = pwd.getpwuid(found.st_uid).pw_name
        seen[str(path.relative_to(home))] = (name, oct(stat.S_IMODE(found.st_mode)))
    return seen


@needs_root
def test_root_gives_the_home_to_the_service_user_with_safe_modes(place: Path):
    done = run_init(place / "home", "--user", SERVICE_USER)
    assert done.returncode == 0, done.stderr
    assert as_seen(place / "home") == {
        ".": (SERVICE_USER, "0o750"),
        "pagetoll.toml": (SERVICE_USER, "0o640"),
        "pagetoll.db": (SERVICE_USER, "0o640"),
        "spool": (SERVICE_USER, "0o700"),
        "journal": (SERVICE_USER, "0o700"),
    }
    with sqlite3.connect(place / "home" / "pagetoll.db") as ledger:
        assert ledger.execute("select count(*) from attempts").fetchone() == (0,)


@needs_root
def test_a_home_has_no_file_for_a_ledger_that_is_elsewhere(place: Path):
    home = place / "home"
    run_init(home, "--user", SERVICE_USER)
    (home / "pagetoll.db").unlink()
    (home / "pagetoll.toml").write_text(f'database = "sqlite:///{home}/books.db"\n')
    done = run_init(home)
    assert done.returncode == 0, done.stderr
    assert {"books.db", "pagetoll.db"} & set(as_seen(home)) == {"books.db"}


@needs_root
def test_a_second_run_changes_nothing_and_keeps_the_owner(place: Path):
    home = place / "home"
    run_init(home, "--user", SERVICE_USER)
    (home / "pagetoll.toml").write_text("wait_s = 9\n")
    with sqlite3.connect(home / "pagetoll.db") as ledger:
        ledger.execute("insert into acts(at, actor, text) values (1, 'anna', 'kept')")
    before = as_seen(home)
    done = run_init(home)
    assert (done.returncode, done.stderr) == (0, "")
    assert "No change" in done.stdout
    assert as_seen(home) == before
    assert (home / "pagetoll.toml").read_text() == "wait_s = 9\n"
    with sqlite3.connect(home / "pagetoll.db") as ledger:
        assert ledger.execute("select text from acts").fetchall() == [("kept",)]


@needs_root
def test_the_units_of_the_home_are_written_on_request(place: Path):
    done = run_init(place / "home", "--user", SERVICE_USER, "--systemd-units", str(place))
    if not (Path(sys.prefix) / "bin" / "pagetolld").exists():
        assert (done.returncode, "make setup" in done.stderr) == (2, True)
        return
    assert done.returncode == 0, done.stderr
    assert "systemctl enable --now pagetolld.socket" in done.stdout
    assert f"ListenStream={place}/home/pagetolld.sock\n" in (place / "pagetolld.socket").read_text()
    service = (place / "pagetolld.service").read_text()
    assert f"User={SERVICE_USER}\n" in service
    assert f"PAGETOLL_HOME={place}/home\n" in service
    failed = run_init(place / "home", "--systemd-units", "/nonexistent")
    assert failed.returncode == 2
    assert "/nonexistent" in failed.stderr


@needs_root
def test_a_home_is_not_given_to_another_user_afterwards(place: Path):
    run_init(place / "home", "--user", SERVICE_USER)
    done = run_init(place / "home", "--user", "daemon")
    assert done.returncode == 2
    assert f"belongs to {SERVICE_USER}" in done.stderr


@needs_root
def test_a_folder_of_a_user_that_was_not_named_is_not_taken(place: Path):
    of_somebody_else(place / "home")
    done = run_init(place / "home")
    assert done.returncode == 2
    assert "--user daemon" in done.stderr
    assert run_init(place / "home", "--user", "daemon").returncode == 0


@needs_root
def test_another_user_owns_the_home_it_makes(place: Path):
    os.chown(place, pwd.getpwnam("daemon").pw_uid, -1)
    done = run_init(place / "home", user="daemon")
    assert done.returncode == 0, done.stderr
    assert {owner for owner, _ in as_seen(place / "home").values()} == {"daemon"}
    assert run_init(place / "other", "--user", SERVICE_USER, user="daemon").returncode == 2


def link_to_elsewhere(home: Path) -> None:
    home.symlink_to("/var")


def writable_by_everybody(home: Path) -> None:
    home.mkdir()
    home.chmod(0o777)


def full_of_other_things(home: Path) -> None:
    home.mkdir()
    (home / "letters.txt").write_text("dear")


def a_file(home: Path) -> None:
    home.write_text("")


def parent_writable_by_everybody(home: Path) -> None:
    home.parent.chmod(0o777)


def of_somebody_else(home: Path) -> None:
    home.mkdir()
    os.chown(home, pwd.getpwnam("daemon").pw_uid, -1)


HOSTILE = [
    (link_to_elsewhere, "link or no folder"),
    (writable_by_everybody, "written by everybody"),
    (full_of_other_things, "letters.txt"),
    (a_file, "link or no folder"),
    (parent_writable_by_everybody, "chmod o-w"),
    (of_somebody_else, "belongs to daemon"),
]


@needs_root
@pytest.mark.parametrize(("prepare", "said"), HOSTILE)
def test_a_place_that_a_stranger_prepared_is_refused_and_left_alone(place: Path, prepare, said):
    home = place / "home"
    prepare(home)
    before = Path("/var").stat()
    done = run_init(home, "--user", SERVICE_USER)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert Path("/var").stat().st_uid == before.st_uid
    assert not (home / "pagetoll.toml").exists()


@needs_root
@pytest.mark.parametrize("name", ["pagetoll.toml", "pagetoll.db", "spool", "journal"])
def test_a_link_inside_the_home_is_never_followed(place: Path, name: str):
    home = place / "home"
    run_init(home, "--user", SERVICE_USER)
    target = place / "target"
    target.write_text("root's own\n")
    target.chmod(0o600)
    (home / name).rename(home / f"old-{name}")
    (home / name).symlink_to(target)
    done = run_init(home)
    assert done.returncode == 1
    assert str(home / name) in done.stderr
    assert (target.read_text(), target.stat().st_uid, stat.S_IMODE(target.stat().st_mode)) == (
        "root's own\n",
        0,
        0o600,
    )


@needs_root
def test_a_folder_above_that_keeps_the_owner_out_is_named(place: Path):
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    done = run_init(closed / "home", "--user", SERVICE_USER)
    assert done.returncode == 1
    assert "cannot get there" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--user", "root"], "is root"),
        (["--user", "-x"], "not a name"),
        (["--user", "$(touch x)"], "not a name"),
        (["--nonsense"], "--help"),
        (["somewhere"], "not expected"),
    ],
)
@needs_root
def test_wrong_words_are_a_usage_error(place: Path, arguments, said):
    done = run_init(place / "home", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert not (place / "home").exists()


def test_a_socket_path_over_100_octets_is_refused_before_anything_is_made(place: Path):
    done = run_init(place / ("x" * 90))
    assert done.returncode == 1
    assert "shorter folder" in done.stderr
    assert list(place.iterdir()) == []


def test_help_says_what_it_does(place: Path):
    done = run_init(place / "home", "--help")
    assert done.returncode == 0
    assert "--user NAME" in done.stdout


@pytest.mark.parametrize(
    ("url", "driver", "package"),
    [
        ("postgresql://toll@db/pagetoll", "psycopg", "psycopg"),
        ("mysql://toll@db/pagetoll", "pymysql", "pymysql"),
        ("ldap://db/ou=pagetoll,dc=example,dc=org", "ldap", "python-ldap"),
    ],
)
def test_a_driver_that_is_not_installed_is_named(place: Path, url: str, driver: str, package: str):
    words = ("--user", SERVICE_USER) if os.geteuid() == 0 else ()
    assert run_init(place / "home", *words).returncode == 0
    (place / "home" / "pagetoll.toml").write_text(f'database = "{url}"\n')
    (place / f"{driver}.py").write_text(f"raise ModuleNotFoundError(name={driver!r})\n")
    done = run_init(place / "home", modules=str(place))
    assert done.returncode == 1
    assert done.stderr.endswith(f"needs the package {package}; install it with: pip install {package}\n")

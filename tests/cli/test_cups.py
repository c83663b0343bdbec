# SPDX-License-Identifier: Apache-2.0
"""pagetoll cups on a real scheduler: install, manage, unmanage, status."""

import os
import pwd
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.cups_place import SERVICE_USER, Place, new_place
from pagetoll.integrations.printlab.cupsconf import CupsSettings
from pagetoll.integrations.printlab.processes import wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the backend is installed as root")


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with new_place() as place:
        yield place


@pytest.fixture
def installed(place: Place) -> Iterator[Place]:
    place.good("cups", "install")
    yield place
    for name in place.shown_uris():
        place.cups.run("lpadmin", f"-x{name}")
    place.good("cups", "uninstall")


def test_the_backend_is_roots_alone_and_stamped_for_the_home(installed: Place):
    one, two = (installed.cups.backend_dir / name for name in ("cupspykota", "pagetoll"))
    found = one.stat()
    assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (0, 0o700)
    assert found.st_ino == two.stat().st_ino
    text = one.read_text()
    assert text.startswith("#!/usr/bin/python3 -IS\n")
    owner = pwd.getpwnam(SERVICE_USER)
    for line in (
        f"STAMP_HOME = {str(installed.home)!r}",
        f"STAMP_SOCKET = {str(installed.home / 'pagetolld.sock')!r}",
        f"STAMP_OWNER_UID = {owner.pw_uid}",
        f"STAMP_OWNER_GID = {owner.pw_gid}",
        f"STAMP_SPOOLER_UID = {pwd.getpwnam('lp').pw_uid}",
        f"STAMP_SPOOLER_GID = {pwd.getpwnam('lp').pw_gid}",
        "STAMP_SOCKET_UNIT = False",
    ):
        assert f"\n{line}\n" in text
    assert "installed" in installed.good("cups", "install")
    assert one.stat().st_ino == two.stat().st_ino != found.st_ino


def test_the_stamped_daemon_command_finds_this_package_in_a_bare_environment(installed: Place):
    text = (installed.cups.backend_dir / "cupspykota").read_text()
    command = eval(re.search(r"^STAMP_DAEMON = (.*)$", text, re.M)[1], {})
    start = [*command[:2], "-c", "import pagetoll" if "-m" in command else command[3].split("; runpy")[0]]
    done = subprocess.run([*start[:3], start[3] + "; import pagetoll.config.home"], env={}, cwd="/", check=False)
    assert done.returncode == 0


def test_a_queue_goes_behind_the_backend_and_comes_back_as_it_was(installed: Place):
    installed.cups.add_queue("laser", "socket://127.0.0.1:9")
    before = installed.cups.queue_attributes("laser")
    assert "behind cupspykota" in installed.good("cups", "manage", "laser")
    assert installed.shown_uris()["laser"] == "cupspykota:socket://127.0.0.1:9"
    assert "managed already" in installed.good("cups", "manage", "laser")
    during = installed.cups.queue_attributes("laser")
    for name in ("printer-is-accepting-jobs", "printer-state", "printer-op-policy", "printer-make-and-model"):
        assert during[name] == before[name]
    assert re.search(r"^laser +yes +socket://127.0.0.1:9$", installed.good("cups", "status"), re.M)
    assert (installed.home / "thin.conf").read_text() == "*\thold\t5\n"
    assert "prints to socket://127.0.0.1:9 again" in installed.good("cups", "unmanage", "laser")
    assert installed.shown_uris()["laser"] == "socket://127.0.0.1:9"
    assert "is not managed" in installed.good("cups", "unmanage", "laser")


SECRET = "ipp://anna:geheim@127.0.0.1:9/ipp/print"


def test_a_password_is_refused_or_kept_where_only_the_service_reads_it(installed: Place):
    installed.cups.add_queue("secret", SECRET)
    refused = installed.run("cups", "manage", "secret")
    assert refused.returncode == 1
    assert "--keep-secret" in refused.stderr
    assert installed.true_uris() == [SECRET]

    kept = installed.good("cups", "manage", "--keep-secret", "secret")
    assert installed.true_uris() == ["cupspykota:ipp://anna@127.0.0.1:9/ipp/print"]
    path = installed.home / "device-uris.toml"
    found = path.stat()
    assert (pwd.getpwuid(found.st_uid).pw_name, stat.S_IMODE(found.st_mode)) == (SERVICE_USER, 0o600)
    assert tomllib.loads(path.read_text())["queue"]["secret"]["device_uri"] == SECRET
    status = installed.good("cups", "status")

    back = installed.good("cups", "unmanage", "secret")
    assert installed.true_uris() == [SECRET]
    assert "geheim" not in path.read_text()
    for text in (refused.stdout, refused.stderr, kept, status, back):
        assert "geheim" not in text


def test_a_user_name_without_password_survives_although_cups_hides_it(installed: Place):
    installed.cups.add_queue("old", "lpd://anna@127.0.0.1/queue")
    installed.good("cups", "manage", "old")
    assert installed.true_uris() == ["cupspykota:lpd://anna@127.0.0.1/queue"]
    installed.good("cups", "unmanage", "old")
    assert installed.true_uris() == ["lpd://anna@127.0.0.1/queue"]


@pytest.mark.parametrize(
    "uri",
    ["cupspykota://socket://127.0.0.1:9", "cupspykota:///socket://127.0.0.1:9", "pagetoll:socket://127.0.0.1:9"],
)
def test_every_form_of_our_uri_is_given_its_device_back(installed: Place, uri: str):
    installed.cups.stop()
    installed.cups.write_queue("legacy", uri)
    installed.cups.start()
    assert re.search(r"^legacy +yes +socket://127.0.0.1:9$", installed.good("cups", "status"), re.M)
    installed.good("cups", "unmanage", "legacy")
    assert installed.true_uris() == ["socket://127.0.0.1:9"]


def test_odd_names_of_queues_are_names_and_nothing_else(installed: Place):
    for name in ("é", "a:b", "*"):
        installed.cups.add_queue(name, "socket://127.0.0.1:9")
        installed.good("cups", "manage", name)
        assert installed.shown_uris()[name] == "cupspykota:socket://127.0.0.1:9"
    for name in ("-x", "a b", "a\nb", "../q", "nosuch", "$(touch x)"):
        done = installed.run("cups", "manage", "--", name)
        assert done.returncode == 1
        assert "no name of a queue" in done.stderr or "has no queue" in done.stderr


def test_one_wrong_queue_does_not_keep_the_others_from_being_managed(installed: Place):
    installed.cups.add_queue("good", "socket://127.0.0.1:9")
    done = installed.run("cups", "manage", "nosuch", "good")
    assert done.returncode == 1
    assert installed.shown_uris()["good"].startswith("cupspykota:")


def test_one_of_the_two_names_is_enough(place: Place):
    place.good("cups", "install", "--name", "pagetoll")
    assert not (place.cups.backend_dir / "cupspykota").exists()
    place.cups.add_queue("laser", "socket://127.0.0.1:9")
    place.good("cups", "manage", "--name", "pagetoll", "laser")
    assert place.shown_uris() == {"laser": "pagetoll:socket://127.0.0.1:9"}
    place.cups.run("lpadmin", "-xlaser")
    place.good("cups", "uninstall")


def test_without_the_backend_no_queue_is_touched(place: Place):
    place.cups.add_queue("lonely", "socket://127.0.0.1:9")
    done = place.run("cups", "manage", "lonely")
    assert done.returncode == 1
    assert "pagetoll cups install" in done.stderr
    assert place.shown_uris() == {"lonely": "socket://127.0.0.1:9"}
    place.cups.run("lpadmin", "-xlonely")


def test_uninstall_waits_until_no_queue_is_behind_the_backend(installed: Place):
    installed.cups.add_queue("laser", "socket://127.0.0.1:9")
    installed.good("cups", "manage", "laser")
    done = installed.run("cups", "uninstall")
    assert done.returncode == 2
    assert "unmanage laser" in done.stderr
    installed.good("cups", "uninstall", "--force")
    assert installed.run("cups", "status").returncode == 1


@pytest.mark.parametrize(
    "make", [lambda path: path.write_text("#!/bin/sh\n"), lambda path: path.symlink_to("/bin/true")]
)
def test_another_programs_backend_is_left_alone(place: Place, make):
    path = place.cups.backend_dir / "pagetoll"
    make(path)
    try:
        for word in ("install", "uninstall"):
            done = place.run("cups", word)
            assert done.returncode == 2
            assert "another program's" in done.stderr
        assert not (place.cups.backend_dir / "cupspykota").exists()
    finally:
        path.unlink()


def test_a_password_is_found_although_the_scheduler_writes_its_file_late():
    with new_place(CupsSettings(dirty_clean_interval_s=4)) as late:
        late.good("cups", "install")
        late.cups.add_queue("secret", SECRET)
        refused = late.run("cups", "manage", "secret")
        assert refused.returncode == 1
        assert "holds a password" in refused.stderr
        late.good("cups", "manage", "--keep-secret", "secret")
        late.good("cups", "unmanage", "secret")
        wait_until(lambda: late.true_uris() == [SECRET], 60, "the old URI in printers.conf")


TESTS = Path(__file__).parent.parent
WITHOUT_ROOT = """
import sys
from pathlib import Path
from cli.cups_place import Place
place = Place(Path(sys.argv[1]))
try:
    place.good("init")
    place.good("cups", "install")
    place.cups.add_queue("laser", "socket://127.0.0.1:9")
    place.good("cups", "manage", "laser")
    assert place.shown_uris()["laser"] == "cupspykota:socket://127.0.0.1:9"
    place.good("doctor")
    place.good("cups", "unmanage", "laser")
    assert place.shown_uris()["laser"] == "socket://127.0.0.1:9"
finally:
    place.cups.close()
"""


def test_all_of_it_works_without_root_on_a_scheduler_of_ones_own():
    with tempfile.TemporaryDirectory(prefix="pagetoll-test-") as name:
        user = pwd.getpwnam("daemon")
        os.chown(name, user.pw_uid, user.pw_gid)
        support = Path(name, "support")  # others may not be able to pass the folder of the clone
        for part in ("cli", "lab"):
            shutil.copytree(TESTS / part, support / part, ignore=shutil.ignore_patterns("__pycache__"))
        done = subprocess.run(
            [
                "setpriv",
                "--reuid=daemon",
                "--regid=daemon",
                "--clear-groups",
                sys.executable,
                "-c",
                WITHOUT_ROOT,
                name,
            ],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(support), *sys.path])},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def test_as_spooler_lets_the_spoolers_user_in_and_install_closes_again(installed: Place):
    installed.good("cups", "install", "--as-spooler", "lp")
    assert stat.S_IMODE((installed.cups.backend_dir / "cupspykota").stat().st_mode) == 0o755
    assert 'spooler_user = "lp"' in installed.good("config", "show")
    assert stat.S_IMODE(installed.home.stat().st_mode) == 0o751
    installed.good("init")
    assert stat.S_IMODE(installed.home.stat().st_mode) == 0o751
    installed.good("cups", "install")
    assert 'spooler_user = ""' in installed.good("config", "show")
    assert stat.S_IMODE(installed.home.stat().st_mode) == 0o750


def test_a_scheduler_that_does_not_run_is_said_with_what_to_do(place: Place):
    done = place.run("cups", "manage", "laser", CUPS_SERVER="/nonexistent/cups.sock")
    assert done.returncode == 1
    assert "start CUPS" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["explode"],
        ["manage"],
        ["install", "laser"],
        ["install", "--backend-dir", "/nonexistent"],
        ["install", "--name", "other"],
    ],
)
def test_wrong_words_are_a_usage_error(place: Place, arguments):
    assert place.run("cups", *arguments).returncode == 2


def test_a_queue_is_managed_to_be_watched_and_enforced_again(place: Place):
    place.good("cups", "install")
    place.cups.add_queue("watched", "socket://127.0.0.1:9")
    assert "mode watch" in place.good("cups", "manage", "--watch", "watched")
    assert "mode" not in place.good("cups", "manage", "--watch", "watched")
    configuration = tomllib.loads((place.home / "pagetoll.toml").read_text())
    assert configuration["queue"]["watched"] == {"mode": "watch"}
    assert place.shown_uris()["watched"] == "cupspykota:socket://127.0.0.1:9"
    assert "mode enforce" in place.good("cups", "manage", "--enforce", "watched")
    assert place.run("cups", "manage", "--watch", "--enforce", "watched").returncode == 2
    place.good("cups", "unmanage", "watched")
    place.cups.run("lpadmin", "-x", "watched")

# SPDX-License-Identifier: Apache-2.0
"""A program of ours that root starts becomes the home's owner, and stays it."""

import os
import pwd
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has something to give up")
DAEMON = pwd.getpwnam("daemon")

BECOME = """
import os, sys
from pathlib import Path
from pagetoll.config.home import Home
from pagetoll.core.errors import PagetollError
from pagetoll.frontends.identity import become_owner, refuse_root
try:
    refuse_root()
except PagetollError:
    print("root is refused")
try:
    print(become_owner(Home.at(Path(sys.argv[1]))), os.getresuid(), os.getresgid(), os.getgroups())
    refuse_root()
except PagetollError as error:
    print(error)
try:
    os.setresuid(0, 0, 0)
    print("back again")
except PermissionError:
    print("for good")
"""


def become(home: Path, user: str = "") -> list[str]:
    prefix = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups"] if user else []
    done = subprocess.run(
        [*prefix, sys.executable, "-c", BECOME, str(home)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


@needs_root
def test_root_becomes_the_owner_for_good():
    with tempfile.TemporaryDirectory() as name:
        os.chown(name, DAEMON.pw_uid, DAEMON.pw_gid)
        refused, became, back = become(Path(name))
    uid, gid = DAEMON.pw_uid, DAEMON.pw_gid
    assert (refused, back) == ("root is refused", "for good")
    assert became == f"True {(uid,) * 3} {(gid,) * 3} {os.getgrouplist('daemon', gid)}"


@needs_root
def test_a_home_of_root_is_refused():
    with tempfile.TemporaryDirectory() as name:
        assert "belongs to root" in become(Path(name))[1]


@needs_root
def test_another_user_stays_who_it_is_and_has_to_ask_the_daemon():
    with tempfile.TemporaryDirectory() as name:
        os.chown(name, DAEMON.pw_uid, DAEMON.pw_gid)
        Path(name).chmod(0o755)
        assert become(Path(name), user="games")[0].startswith("False")
        assert become(Path(name), user="daemon")[0].startswith("True")

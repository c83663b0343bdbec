# SPDX-License-Identifier: Apache-2.0
"""Row I1: the home of a system user pykota, as PyKota's manual sets it up, says who is an administrator.

The machine's own users stay as they are: the daemon and the commands see files of users and groups of the test's own.
"""

import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.site import AS_ROOT, Done, Site, module_of
from pagetoll.config.home import Home
from pagetoll.frontends.daemon.instance import is_served
from pagetoll.integrations.printlab.processes import wait_until

MEMBER, STRANGER = "daemon", "games"
GROUP_ID = 64999
HIDE = 'mount --bind "$1" /etc/passwd && mount --bind "$2" /etc/group && echo ready && exec sleep 600'

pytestmark = pytest.mark.skipif(not AS_ROOT, reason="only root can become other users")


@dataclass(frozen=True, slots=True)
class PrintServer:
    """A machine with a user and a group pykota, whose daemon runs."""

    site: Site
    enter: tuple[str, ...]

    def run(self, user: str, program: str, *words: str) -> Done:
        found = pwd.getpwnam(user)
        become = ["setpriv", "--reuid", str(found.pw_uid), "--regid", str(found.pw_gid), "--init-groups"]
        command = [*self.enter, *become, sys.executable, "-m", module_of(program), *words]
        done = subprocess.run(
            command, env=self.site.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        return Done(done.returncode, done.stdout, done.stderr)


def users_and_groups(folder: Path) -> list[str]:
    """The files of a machine where lp and MEMBER are in the group pykota."""
    home = folder / "pykota"
    home.mkdir(mode=0o755)
    os.chown(home, GROUP_ID, GROUP_ID)
    for name, text, mode in (
        ("pykota.conf", "[global]\ngracedelay : 3\n", 0o644),
        ("pykotadmin.conf", "[global]\nstorageadmin : pykotaadmin\n", 0o640),
    ):
        path = home / name
        path.write_text(text)
        path.chmod(mode)
        os.chown(path, GROUP_ID, GROUP_ID)
    line = {
        "passwd": f"pykota:x:{GROUP_ID}:{GROUP_ID}::{home}:/bin/false\n",
        "group": f"pykota:x:{GROUP_ID}:lp,{MEMBER}\n",
    }
    for name, added in line.items():
        (folder / name).write_text(Path("/etc", name).read_text() + added)
        (folder / name).chmod(0o644)
    return [str(folder / name) for name in line]


@pytest.fixture
def server(site: Site) -> Iterator[PrintServer]:
    files = users_and_groups(site.folder)
    hidden = subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", HIDE, "sh", *files], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert hidden.stdout is not None
    try:
        if hidden.stdout.readline() != b"ready\n":
            pytest.skip("this machine gives no mount namespace")
        enter = ("nsenter", f"--mount=/proc/{hidden.pid}/ns/mnt")
        site.home.chmod(0o751)
        home = Home.at(site.home)
        log = site.folder / "daemon.log"
        with log.open("ab") as file:
            daemon = subprocess.Popen(
                [*enter, sys.executable, "-m", "pagetoll.frontends.daemon.main"],
                env=site.environment,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        try:
            wait_until(lambda: is_served(home) or daemon.poll() is not None, 60, f"the daemon serves; its log: {log}")
            assert daemon.poll() is None, log.read_text()
            yield PrintServer(site, enter)
        finally:
            daemon.terminate()
            daemon.wait(60)
    finally:
        hidden.kill()
        hidden.wait()
        hidden.stdout.close()


def test_row_i1_root_and_the_group_pykota_are_administrators_and_others_are_not(server: PrintServer):
    shown = server.run("root", "pagetoll", "config", "show").out
    assert f"gracedelay_d = 3  # {server.site.folder}/pykota/pykota.conf:2" in shown.splitlines()
    for user, name in (("root", "first"), (MEMBER, "second"), ("lp", "third")):
        done = server.run(user, "pkprinters", "-a", name)
        assert (done.status, done.out, done.err) == (0, "", "")
    done = server.run(STRANGER, "pkprinters", "-a", "fourth")
    assert (done.status, done.out) == (254, "")
    assert f" : {STRANGER} : " in done.err
    heads = [line.split(" [")[0] for line in server.run(STRANGER, "pkprinters", "-l").out.splitlines() if "[" in line]
    assert heads == ["first", "second", "third"], "everybody may list, and only administrators have added"

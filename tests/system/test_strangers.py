# SPDX-License-Identifier: Apache-2.0
"""The daemon's socket is open to everybody: what those who may not print, and those who are too many, get there."""

import contextlib
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.site import Site
from pagetoll.integrations.printlab.processes import accepts_connections, is_alive, wait_until
from pagetoll.wire import frames

NOBODY = 65534


@pytest.fixture
def site(lab_folder: Path) -> Iterator[Site]:
    if os.geteuid() != 0:
        pytest.skip("strangers are played by root: run as root")
    site = Site(lab_folder)
    site.run("pagetoll", "init")
    (lab_folder / "home").chmod(0o751)  # as for a spooler's user
    yield site
    site.stop_daemon()


@contextlib.contextmanager
def connected(path: Path, uid: int = 0) -> Iterator[socket.socket]:
    """A connection whose other end sees this user."""
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(60)
        os.seteuid(uid)
        try:
            link.connect(str(path))
        finally:
            os.seteuid(0)
        yield link


def heard(link: socket.socket) -> list[frames.Message]:
    """What the daemon says first."""
    reader, messages = frames.FrameReader(), list[frames.Message]()
    while not messages:
        data = link.recv(4096)
        assert data, "the daemon closed the connection"
        messages = reader.feed(data)
    return messages


def test_a_stranger_is_turned_away_unheard(site: Site) -> None:
    pid = site.start_daemon()
    with connected(site.home.socket, NOBODY) as link:
        reading, writing = os.pipe()
        socket.send_fds(link, [b"\0\0"], [writing])
        inode = os.fstat(writing).st_ino
        os.close(writing)
        messages = heard(link)
        assert [type(message) for message in messages] == [frames.Failed]
        held = [str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()]
        assert f"pipe:[{inode}]" not in held
        os.close(reading)
    site.run("pagetoll", "upkeep")


def test_a_crowd_of_strangers_does_not_keep_root_out(site: Site) -> None:
    site.start_daemon()
    with contextlib.ExitStack() as crowd:
        for _ in range(100):
            crowd.enter_context(connected(site.home.socket, NOBODY))
        site.run("pagetoll", "upkeep")


def test_a_daemon_without_a_free_descriptor_goes_on(site: Site) -> None:
    program = str(site.programs / "pagetolld")
    with site.daemon_log.open("wb") as log:
        daemon = subprocess.Popen(
            ["prlimit", "--nofile=48:48", program], env=site.environment, stdout=log, stderr=log, cwd="/"
        )
    wait_until(lambda: accepts_connections(site.home.socket), 60, "pagetolld serves")
    with contextlib.ExitStack() as crowd:
        for _ in range(60):
            crowd.enter_context(connected(site.home.socket))
        wait_until(lambda: b"no connection can be taken" in site.daemon_log.read_bytes(), 60, "the descriptors end")
        assert is_alive(daemon.pid)
    wait_until(lambda: site.run("pagetoll", "upkeep", status=None).returncode == 0, 60, "the daemon answers again")
    site.stop_daemon()
    daemon.wait(60)

# SPDX-License-Identifier: Apache-2.0
"""The daemon as a service: activated by its socket, telling when it is ready, once a home, reloaded, never root."""

import os
import pwd
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.documents import postscript_document
from lab.site import PROGRAMS, SCHEME, Site
from pagetoll.integrations.printlab.processes import accepts_connections, is_alive, wait_until
from pagetoll.integrations.printlab.sink import RawSink
from pagetoll.wire.ipp import JobState

ACTIVATE = "/usr/bin/systemd-socket-activate"


@contextmanager
def running(site: Site, argv: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A program as the home's owner, ended with what it became."""
    owner = site.home.owner()
    with site.daemon_log.open("ab") as log:
        process = subprocess.Popen(
            argv, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
            user=owner.uid, group=owner.gid, extra_groups=[],
        )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def prepare_queue(site: Site, sink: RawSink) -> None:
    site.run("pkprinters", "-a", "lab")
    site.add_user("anna", ["lab"])
    site.cups.add_queue("lab", f"{SCHEME}:{sink.device_uri}")


def test_a_job_on_the_socket_activates_the_daemon_and_prints(site: Site, raw_sink: RawSink) -> None:
    prepare_queue(site, raw_sink)
    argv = [ACTIVATE, f"--listen={site.home.socket}", "-E", "PAGETOLL_HOME", str(PROGRAMS / "pagetolld")]
    with running(site, argv, site.environment) as process:
        wait_until(lambda: site.home.socket.is_socket(), 60, f"{ACTIVATE} listens on {site.home.socket}")
        site.home.socket.chmod(0o666)  # the unit's SocketMode
        assert site.daemon_pid() is None
        job_id = site.cups.submit_ipp("lab", postscript_document(2), user="anna")
        assert site.cups.wait_job(job_id) is JobState.COMPLETED
        # the activator has become the daemon: no other was started
        assert site.daemon_pid() == process.pid
        (attempt,) = site.attempts(job_id)
        assert attempt.charged_impressions == 2
        assert len(raw_sink.jobs()) == 1
    assert site.home.socket.is_socket()  # it is systemd's, a stopped daemon leaves it
    site.audit()


def test_the_daemon_says_that_it_is_ready_once_it_listens_and_that_it_stops(site: Site) -> None:
    address = site.folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(address))
        address.chmod(0o666)
        listener.settimeout(60)
        environment = {**site.environment, "NOTIFY_SOCKET": str(address)}
        with running(site, [str(PROGRAMS / "pagetolld")], environment) as process:
            ready = listener.recv(4096).decode().splitlines()
            assert accepts_connections(site.home.socket)
            assert ready == ["READY=1", f"MAINPID={process.pid}"]
            process.terminate()
            assert listener.recv(4096) == b"STOPPING=1"
            assert process.wait(60) == 0


def test_the_daemon_refuses_a_home_of_root(site: Site) -> None:
    folder = site.folder / "roots-home"
    folder.mkdir(mode=0o755)
    environment = {**site.environment, "PAGETOLL_HOME": str(folder)}
    done = subprocess.run(
        [PROGRAMS / "pagetolld"], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "belongs to root" in done.stderr
    assert "pagetoll init" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(folder.iterdir()) == []


def test_started_by_root_the_daemon_is_the_owner_without_a_way_back(site: Site) -> None:
    pid = site.start_daemon()
    status = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
    )
    owner = site.home.owner()
    assert owner.uid != 0
    assert status["Uid"].split() == [str(owner.uid)] * 4
    assert status["Gid"].split() == [str(owner.gid)] * 4
    assert set(status["Groups"].split()) <= set(map(str, os.getgrouplist(pwd.getpwuid(owner.uid).pw_name, owner.gid)))


def test_a_second_daemon_of_a_home_leaves_at_once_and_harms_nothing(site: Site, raw_sink: RawSink) -> None:
    prepare_queue(site, raw_sink)
    first = site.start_daemon()
    inode = site.home.socket.stat().st_ino
    done = site.run("pagetolld")
    assert "is running already" in done.stderr
    assert (site.daemon_pid(), site.home.socket.stat().st_ino) == (first, inode)
    job_id = site.cups.submit_ipp("lab", postscript_document(1), user="anna")
    assert site.cups.wait_job(job_id) is JobState.COMPLETED


def test_a_reload_rewrites_what_the_clients_read_and_a_broken_file_changes_nothing(site: Site) -> None:
    pid = site.start_daemon()
    configuration, thin_conf = site.home.configuration, site.home.thin_conf
    before, written = configuration.read_text(), thin_conf.read_text()
    assert thin_conf.stat().st_mode & 0o777 == 0o644
    configuration.write_text('[queue.lab]\non_failure = "cancel"\nwait_s = 7\n')
    os.kill(pid, signal.SIGHUP)
    wait_until(lambda: "lab\tcancel\t7\n" in thin_conf.read_text(), 60, "thin.conf names the queue's settings")
    rewritten = thin_conf.read_text()
    assert rewritten != written
    configuration.write_text("on_failure = [\n")
    site.run("pagetoll", "daemon", "reload")
    wait_until(lambda: "the old one stays" in site.daemon_log.read_text(), 60, "the daemon's word on the broken file")
    assert thin_conf.read_text() == rewritten
    configuration.write_text(before)
    site.run("pagetoll", "daemon", "reload")
    wait_until(lambda: thin_conf.read_text() == written, 60, "thin.conf is as before")
    assert site.daemon_pid() == pid


def test_the_daemon_is_started_asked_and_stopped_by_command(site: Site) -> None:
    assert "does not run" in site.run("pagetoll", "daemon", "status", status=1).stdout
    assert "start it with" in site.run("pagetoll", "daemon", "stop", status=1).stderr
    assert "start it with" in site.run("pagetoll", "daemon", "reload", status=1).stderr
    site.run("pagetoll", "daemon", "start")
    pid = site.daemon_pid()
    assert pid is not None
    assert accepts_connections(site.home.socket)
    log = (site.home.data_folder / "pagetolld.log").stat(follow_symlinks=False)
    assert log.st_uid == site.home.owner().uid, "root opens nothing in the owner's folder"
    assert str(pid) in site.run("pagetoll", "daemon", "status").stdout
    assert "already" in site.run("pagetoll", "daemon", "start").stdout
    assert site.daemon_pid() == pid
    site.run("pagetoll", "daemon", "stop")
    wait_until(lambda: not is_alive(pid), 60, "the daemon, which has given up its lock, ends")
    assert site.daemon_pid() is None
    site.run("pagetoll", "daemon", "frob", status=2)

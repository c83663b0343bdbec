# SPDX-License-Identifier: Apache-2.0
"""A home in one folder that others cannot pass, as `pagetoll init` makes it, and after the folder was opened."""

import socket

import pytest

from cli.site import AS_ROOT, OTHER_USER, SERVICE_USER, Site

needs_root = pytest.mark.skipif(not AS_ROOT, reason="only root can become other users")


@needs_root
def test_who_cannot_reach_the_daemon_is_told_how_to_be_let_in(site: Site):
    done = site.run("pkusers", "-L", user=OTHER_USER)
    assert (done.status, done.out) == (254, "")
    (line,) = done.err.splitlines()
    assert f"{OTHER_USER} : you are not allowed to use this command without the daemon, whose folder" in line
    assert line.endswith(f"; run it as root or as {SERVICE_USER}, or let them in with: chmod o+x {site.home}")


@needs_root
def test_the_doctor_of_somebody_outside_says_what_he_sees(site: Site):
    done = site.run("pagetoll", "doctor", user=OTHER_USER)
    assert "unexpected" not in done.err
    assert f"ok     the home {site.home} belongs to {SERVICE_USER}" in done.out.splitlines()


def test_the_doctor_agrees_with_a_home_that_others_may_pass(site: Site):
    site.home.chmod(0o751)
    lines = site.run("pagetoll", "doctor").out.splitlines()
    assert f"ok     {site.home} has a safe owner and mode" in lines
    site.home.chmod(0o755)
    lines = site.run("pagetoll", "doctor").out.splitlines()
    assert f"       mend: chmod 0751 {site.home}" in lines, "to pass is allowed, to look in is not"


@needs_root
def test_a_daemon_that_is_said_to_run_answers_also_where_an_old_socket_lies(site: Site):
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(site.home / "pagetolld.sock"))
    left.close()
    site.home.chmod(0o751)
    site.do("pkusers", "-a", OTHER_USER)
    site.do("pagetoll", "daemon", "start")
    try:
        done = site.run("pkusers", "-L", user=OTHER_USER)
        assert (done.status, done.out.partition(" ")[0]) == (0, OTHER_USER), done.err
    finally:
        site.do("pagetoll", "daemon", "stop")

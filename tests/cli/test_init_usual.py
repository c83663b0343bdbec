# SPDX-License-Identifier: Apache-2.0
"""pagetoll init for a whole machine: the usual places and a new system user, in a mount namespace of its own that has
the machine's /etc, /var/lib, /var/spool and /run covered.
"""

import os
import subprocess
import sys

import pytest

COVER = """
set -e
mount -t tmpfs none /run
mkdir /run/upper /run/work
mount -t overlay -o lowerdir=/etc,upperdir=/run/upper,workdir=/run/work none /etc
mount -t tmpfs none /var/lib
mount -t tmpfs none /var/spool
mount -t tmpfs none /var/cache
chmod 755 /run /var/lib /var/spool
sed -i '/^pagetoll:/d' /etc/passwd /etc/shadow /etc/group /etc/gshadow
"""


def in_covered_machine(script: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if name != "PAGETOLL_HOME"}
    pagetoll = f'pagetoll() {{ "{sys.executable}" -m pagetoll.frontends.cli.pagetoll "$@"; }}\n'
    return subprocess.run(
        ["unshare", "--mount", "/bin/sh", "-c", COVER + pagetoll + script],
        env={**environ, "PYTHONPATH": os.pathsep.join(sys.path), "CUPS_SERVER": "/nonexistent"},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


def can_cover() -> bool:
    return os.geteuid() == 0 and in_covered_machine("true").returncode == 0


pytestmark = pytest.mark.skipif(not can_cover(), reason="needs root and a mount namespace")

EXPECTED = """\
pagetoll 755 /etc/pagetoll
pagetoll 640 /etc/pagetoll/pagetoll.toml
pagetoll 755 /run/pagetoll
pagetoll 750 /var/lib/pagetoll
pagetoll 640 /var/lib/pagetoll/pagetoll.db
pagetoll 700 /var/spool/pagetoll
pagetoll 700 /var/spool/pagetoll/journal
"""
LIST = (
    "find /etc/pagetoll /run/pagetoll /var/lib/pagetoll /var/spool/pagetoll | sort | xargs stat --format='%U %a %n'\n"
)


def test_init_makes_the_system_user_and_the_usual_places():
    done = in_covered_machine("pagetoll init >/dev/null; " + LIST + "getent passwd pagetoll; pagetoll init; " + LIST)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    listed, _, rest = done.stdout.partition("pagetoll:x:")
    assert listed == EXPECTED
    user, _, rest = rest.partition("\n")
    assert user.endswith(":/usr/sbin/nologin")
    assert "No change." in rest
    assert rest.endswith(EXPECTED)


def test_the_sockets_folder_comes_back_after_a_start_of_the_machine():
    done = in_covered_machine(
        "mkdir -p /etc/tmpfiles.d; pagetoll init >/dev/null; rmdir /run/pagetoll; "
        "if command -v systemd-tmpfiles >/dev/null; then systemd-tmpfiles --create pagetoll.conf; "
        "stat --format='%U %a' /run/pagetoll; else cat /etc/tmpfiles.d/pagetoll.conf; fi"
    )
    assert done.stdout.endswith(("pagetoll 755\n", "d /run/pagetoll 0755 pagetoll - -\n"))


def test_without_adduser_useradd_makes_the_user():
    done = in_covered_machine(
        "mount --bind /dev/null /usr/sbin/adduser; pagetoll init; stat --format=%U /var/lib/pagetoll"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("\npagetoll\n")


def test_a_user_that_cannot_be_made_is_said_and_nothing_is_left():
    done = in_covered_machine(
        "mount --bind /bin/false /usr/sbin/adduser; pagetoll init; status=$?; ls -d /var/lib/pagetoll; exit $status"
    )
    assert done.returncode == 1
    assert "make it yourself" in done.stderr
    assert done.stdout == ""


def test_the_doctor_finds_nothing_wrong_with_the_home():
    done = in_covered_machine(
        "pagetoll init >/dev/null; pagetoll doctor | grep -v CUPS | grep -E '/(etc|var|run)/pagetoll|ledger'"
    )
    assert done.stdout
    assert [line for line in done.stdout.splitlines() if not line.startswith("ok")] == []


def test_where_systemd_waits_on_the_socket_the_backend_leaves_the_starting_to_it():
    wants = "/etc/systemd/system/sockets.target.wants"
    done = in_covered_machine(
        "pagetoll init >/dev/null; mkdir /run/backends; pagetoll cups install -b /run/backends >/dev/null\n"
        "grep ^STAMP_SOCKET_UNIT /run/backends/cupspykota\n"
        f"mkdir -p {wants}; printf 'ListenStream=/run/pagetoll/pagetolld.sock\\n' >{wants}/pagetolld.socket\n"
        "pagetoll cups install -b /run/backends >/dev/null; grep ^STAMP_SOCKET_UNIT /run/backends/cupspykota\n"
    )
    assert done.stderr == ""
    assert done.stdout == "STAMP_SOCKET_UNIT = False\nSTAMP_SOCKET_UNIT = True\n"

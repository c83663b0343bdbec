# SPDX-License-Identifier: Apache-2.0
"""The shipped units, as systemd's own checker sees them (no systemd runs)."""

import subprocess
from pathlib import Path

import pytest

from pagetoll.core.errors import UsageError
from pagetoll.integrations.systemd_units import UNIT_NAMES, render_units, write_units


def settings(unit: str) -> dict[str, str]:
    """The last value of each setting of a unit file."""
    lines = [line for line in unit.splitlines() if "=" in line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def verify(folder: Path) -> subprocess.CompletedProcess[str]:
    """`systemd-analyze verify` on the units in `folder`; a missing tool fails the test, it does not skip it."""
    return subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *[str(folder / name) for name in UNIT_NAMES]],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SYSTEMD_UNIT_PATH": f"{folder}:"},
    )


@pytest.fixture
def bin_dir(tmp_path: Path) -> Path:
    """A folder with a program at the place of the daemon, since the checker looks whether it can be run."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "pagetolld").symlink_to("/bin/true")
    return folder


@pytest.mark.parametrize("home", [None, Path("/srv/print")])
def test_systemd_finds_nothing_wrong_in_the_units(tmp_path: Path, bin_dir: Path, home: Path | None) -> None:
    write_units(tmp_path, render_units(bin_dir, "daemon", home))
    result = verify(tmp_path)
    complaints = [line for line in result.stderr.splitlines() if "pagetolld" in line]
    assert complaints == []
    assert result.returncode == 0, result.stderr


def test_systemd_does_find_a_program_that_is_missing(tmp_path: Path) -> None:
    write_units(tmp_path, render_units(tmp_path / "nowhere", "daemon"))
    result = verify(tmp_path)
    assert result.returncode != 0
    assert "nowhere/pagetolld" in result.stderr


def test_the_units_name_user_program_socket_and_home(bin_dir: Path) -> None:
    units = render_units(bin_dir, "printing", Path("/srv/print"))
    service, socket = settings(units["pagetolld.service"]), settings(units["pagetolld.socket"])
    assert service["User"] == socket["SocketUser"] == "printing"
    assert service["ExecStart"] == f"{bin_dir}/pagetolld"
    assert service["Environment"] == "PAGETOLL_HOME=/srv/print"
    assert service["ReadWritePaths"] == "-/srv/print"
    assert socket["ListenStream"] == "/srv/print/pagetolld.sock"
    assert socket["SocketMode"] == "0666"


def test_without_a_home_the_daemon_listens_below_run(bin_dir: Path) -> None:
    units = render_units(bin_dir, "pagetoll")
    assert settings(units["pagetolld.socket"])["ListenStream"] == "/run/pagetoll/pagetolld.sock"
    assert settings(units["pagetolld.service"])["Environment"] == ""
    assert "@" not in "".join(line for unit in units.values() for line in unit.splitlines() if line[:1] != "#")


@pytest.mark.parametrize(
    ("bin_dir", "user", "home"),
    [
        (Path("relative/bin"), "pagetoll", None),
        (Path("/opt/my programs"), "pagetoll", None),
        (Path("/opt/100%"), "pagetoll", None),
        (Path("/opt/bin\nExecStartPre=/bin/sh"), "pagetoll", None),
        (Path("/opt/bin"), "two words", None),
        (Path("/opt/bin"), "root\nExecStart=/bin/sh", None),
        (Path("/opt/bin"), "pagetoll", Path('/srv/"print"')),
    ],
)
def test_what_systemd_would_misread_is_refused(bin_dir: Path, user: str, home: Path | None) -> None:
    with pytest.raises(UsageError, match="systemd"):
        render_units(bin_dir, user, home)

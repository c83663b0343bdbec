# SPDX-License-Identifier: Apache-2.0
"""What the doctor looks at: a whole installation, or the facts of one where nothing is wrong."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lab.folders import open_folder
from pagetoll.app.doctor.facts import Facts
from pagetoll.integrations.printlab.cupsd import PrivateCups

SERVICE_USER = "nobody"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="the doctor looks at root's files")
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
FACTS = Facts(
    now=NOON,
    home="/home",
    socket="/home/pagetolld.sock",
    owner_uid=1,
    owner_name="daemon",
    me_uid=0,
    config_errors=(),
    pykota_files=(),
    config_warnings=(),
    places=(),
    free_octets=None,
    database_error="",
    newest_at=None,
    owner_error="",
    cups_version="2.4",
    cups_error="",
    backend_dir="/backends",
    backends=(),
    backend_error="",
    queues=(),
    programs={},
    apparmor_mode="",
    apparmor_lets_backends_work=False,
    daemon="absent",
)


class Patient:
    """A whole installation in a folder: home, scheduler, backend."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.folder = folder
        self.cups = PrivateCups(folder / "cups")
        self.cups.start()
        programs = folder / "bin"
        programs.mkdir()
        pagetoll = programs / "pagetoll"
        path = os.pathsep.join(sys.path)
        pagetoll.write_text(
            f"#!/bin/sh\nPYTHONPATH='{path}' exec {sys.executable} -m pagetoll.frontends.cli.pagetoll \"$@\"\n"
        )
        pagetoll.chmod(0o755)
        self.environ = {
            **os.environ,
            "PATH": f"{programs}:/usr/sbin:/usr/bin:/sbin:/bin",
            "PAGETOLL_HOME": str(self.home),
            "CUPS_SERVER": self.cups.server,
        }

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", "-c", command], env=self.environ, cwd="/", capture_output=True, text=True, check=False
        )

    def doctor(self) -> tuple[int, str]:
        done = self.run("pagetoll doctor --quiet")
        assert "Traceback" not in done.stderr
        assert done.stderr == ""
        return done.returncode, done.stdout

    @property
    def backend(self) -> Path:
        return self.cups.backend_dir / "cupspykota"


@contextmanager
def new_patient() -> Iterator[Patient]:
    """A patient without queues, whose home belongs to SERVICE_USER."""
    with open_folder() as folder:
        patient = Patient(folder)
        try:
            for command in (f"init --user {SERVICE_USER}", "cups install"):
                assert patient.run(f"pagetoll {command}").returncode == 0
            yield patient
        finally:
            patient.cups.close()

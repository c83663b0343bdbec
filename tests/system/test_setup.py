# SPDX-License-Identifier: Apache-2.0
"""`make setup` for real: a copy of this tree below a folder that only root may pass, built and used by others."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.documents import postscript_document
from lab.site import Site, owner_of
from pagetoll.integrations.printlab.sink import RawSink
from pagetoll.wire.ipp import JobState

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".build", "dist", "__pycache__", ".*_cache", ".hypothesis")
PROGRAMS = {"pagetoll", "pagetolld", "pkprinters", "pkusers", "edpykota", "dumpykota"}

AS_NOBODY = {"user": "nobody", "group": "nogroup", "extra_groups": []}

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root builds outside the clone; run as root")


@dataclass(frozen=True, slots=True)
class Clone:
    """A copy of the tree below a 0700 folder, and where its environment goes."""

    folder: Path
    venv: Path

    def build(self) -> str:
        """Runs the setup's second half; what it said."""
        run = subprocess.run(
            [self.folder / "tools" / "venv.sh", "run"],
            env={**os.environ, "PAGETOLL_VENV": str(self.venv)},
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return run.stdout


@pytest.fixture(scope="module")
def clone() -> Iterator[Clone]:
    # Not pytest's folder, which others cannot pass: the environment has to lie where they can.
    base = Path(tempfile.mkdtemp(prefix="pagetoll-setup-"))
    base.chmod(0o755)
    closed = base / "closed"
    closed.mkdir(mode=0o700)
    try:
        shutil.copytree(ROOT, closed / "pagetoll", ignore=LEFT_OUT, symlinks=True)
        clone = Clone(folder=closed / "pagetoll", venv=base / "open" / "venv")
        clone.build()
        yield clone
    finally:
        shutil.rmtree(base)


def python_as_nobody(clone: Clone, code: str) -> list[str]:
    """The lines that the code prints, run by the environment's interpreter as a user who owns nothing."""
    run = subprocess.run(
        [clone.venv / "bin" / "python", "-c", code],
        **AS_NOBODY,
        cwd="/",
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


def test_the_environment_is_a_link_to_where_others_can_read_it(clone: Clone) -> None:
    link = clone.folder / ".venv"
    assert link.is_symlink()
    assert link.readlink() == clone.venv
    assert {path.name for path in (clone.venv / "bin").iterdir()} >= PROGRAMS


def test_a_user_who_cannot_read_the_clone_runs_what_is_installed(clone: Clone) -> None:
    code = "import sys, pagetoll, sqlalchemy, pikepdf; print(pagetoll.__file__); print(*sys.path, sep='\\n')"
    installed, *search_path = python_as_nobody(clone, code)
    assert Path(installed).is_relative_to(clone.venv)
    assert not [entry for entry in search_path if str(clone.folder) in entry]


def test_a_page_is_printed_by_what_was_built_below_a_closed_folder(
    clone: Clone, lab_folder: Path, raw_sink: RawSink
) -> None:
    site = Site(lab_folder, programs=clone.folder / ".venv" / "bin")
    try:
        site.set_up()
        site.run("pkprinters", "-a", "lab")
        site.add_user("anna", ["lab"], soft=10, hard=10)
        site.cups.add_queue("lab", f"cupspykota:{raw_sink.device_uri}", "raw")
        job_id = site.cups.submit("lab", postscript_document(1), user="anna")
        assert site.cups.wait_job(job_id) is JobState.COMPLETED
        assert [attempt.charged_impressions for attempt in site.attempts(job_id)] == [1]
        daemon = Path(f"/proc/{site.daemon_pid()}")
        assert daemon.joinpath("cmdline").read_bytes().startswith(bytes(clone.venv))
        assert owner_of(daemon) == site.home.owner().name
    finally:
        site.close()


def test_every_installed_module_is_byte_compiled(clone: Clone) -> None:
    packages = clone.venv / "lib" / "python3.11" / "site-packages"
    code = (
        "import importlib.util, pathlib, sys\n"
        f"for path in pathlib.Path({str(packages)!r}).rglob('*.py'):\n"
        "    if not pathlib.Path(importlib.util.cache_from_source(str(path))).exists():\n"
        "        print(path)\n"
    )
    assert python_as_nobody(clone, code) == []


def test_a_second_run_has_nothing_to_do_and_a_changed_source_is_installed(clone: Clone) -> None:
    assert clone.build() == ""
    init = clone.folder / "src" / "pagetoll" / "__init__.py"
    init.write_text(init.read_text(encoding="utf-8") + '\nMARK = "changed"\n', encoding="utf-8")
    assert "installing pagetoll" in clone.build()
    assert python_as_nobody(clone, "import pagetoll; print(pagetoll.MARK)") == ["changed"]
    assert clone.build() == ""


def test_without_root_a_missing_package_is_named_with_the_command_that_installs_it() -> None:
    stand_in = Path(tempfile.mkdtemp(prefix="pagetoll-dpkg-"))
    try:
        stand_in.chmod(0o755)
        (stand_in / "dpkg-query").write_text('#!/bin/sh\n[ "$3" = qpdf ] || echo installed\n', encoding="utf-8")
        (stand_in / "dpkg-query").chmod(0o755)
        run = subprocess.run(
            ["bash", "-s", "run"],
            input=(ROOT / "tools" / "packages.sh").read_text(encoding="utf-8"),
            env={"PATH": f"{stand_in}:/usr/bin:/bin"},
            **AS_NOBODY,
            cwd="/",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        shutil.rmtree(stand_in)
    assert run.returncode == 1
    assert "missing: qpdf" in run.stderr
    assert "apt-get install --no-install-recommends qpdf" in run.stderr

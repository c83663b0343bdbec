# SPDX-License-Identifier: Apache-2.0
"""Who is an administrator: who may read the file as its owner or by its group, and pass the folders above it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.served import served
from cli.site import AS_ROOT, Site, module_of
from pagetoll.frontends.daemon.credentials import Peer, is_administrator, peer_of

pytestmark = pytest.mark.skipif(not AS_ROOT, reason="only root can give files away")
ANNA, STAFF = 4711, 4712
IN_STAFF = Peer(ANNA, "anna", frozenset({ANNA, STAFF}))
OUTSIDE = Peer(ANNA, "anna", frozenset({ANNA}))


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize(
    ("owner", "group", "mode", "peer", "expected"),
    [
        (0, STAFF, 0o640, IN_STAFF, True),
        (0, STAFF, 0o640, OUTSIDE, False),
        (0, STAFF, 0o620, IN_STAFF, False),
        (0, STAFF, 0o604, OUTSIDE, False),
        (0, STAFF, 0o604, IN_STAFF, False),
        (0, 0, 0o644, OUTSIDE, False),
        (ANNA, 0, 0o600, OUTSIDE, True),
        (ANNA, STAFF, 0o040, IN_STAFF, False),
        (ANNA, 0, 0o200, OUTSIDE, False),
    ],
)
def test_the_owners_and_the_groups_bits_count_and_the_others_do_not(
    folder: Path, owner: int, group: int, mode: int, peer: Peer, expected: bool
):
    file = folder / "pagetoll.toml"
    file.write_text("")
    os.chown(file, owner, group)
    file.chmod(mode)
    assert is_administrator(peer, [folder / "pykotadmin.conf", file]) is expected


@pytest.mark.parametrize(("mode", "expected"), [(0o711, True), (0o710, False), (0o750, False), (0o755, True)])
def test_a_folder_that_cannot_be_passed_hides_the_file(folder: Path, mode: int, expected: bool):
    inside = folder / "inside"
    inside.mkdir()
    file = inside / "pagetoll.toml"
    file.write_text("")
    os.chown(file, 0, STAFF)
    file.chmod(0o640)
    inside.chmod(mode)
    assert is_administrator(IN_STAFF, [file]) is expected


def test_what_is_no_file_makes_nobody_an_administrator(folder: Path):
    os.chown(folder, ANNA, ANNA)
    assert not is_administrator(OUTSIDE, [folder, folder / "missing"])


def test_a_user_is_who_the_user_database_says():
    root = peer_of(0)
    assert root is not None
    assert (root.uid, root.name, 0 in root.groups) == (0, "root", True)
    assert peer_of(ANNA) is None


def test_a_user_number_without_a_name_is_told_so(site: Site):
    with served(site):
        done = subprocess.run(
            [sys.executable, "-m", module_of("pkprinters"), "-l"],
            env=site.environment,
            cwd=site.folder,
            user=ANNA,
            group=ANNA,
            extra_groups=[],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stdout) == (255, "")
    assert "your user number has no name" in done.stderr

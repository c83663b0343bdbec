# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the command tests."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.ledger_home import SERVICE_USER, LedgerHome


@pytest.fixture
def ledger_home() -> Iterator[LedgerHome]:
    """A home with an empty ledger; as root it belongs to another user."""
    folder = Path(tempfile.mkdtemp(prefix="pagetoll-test-"))
    folder.chmod(0o755)
    made = LedgerHome(folder / "home")
    words = ("--user", SERVICE_USER) if os.geteuid() == 0 else ()
    status, _, complaint = made.run("init", *words)
    assert status == 0, complaint
    yield made
    shutil.rmtree(folder)

# SPDX-License-Identifier: Apache-2.0
"""One counter for all, a print shop for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.print_shop import BUSY_TIMEOUT_S, Shop
from pagetoll.accounters.software.counter import SoftwareCounter


@pytest.fixture(scope="session")
def counter() -> Iterator[SoftwareCounter]:
    running = SoftwareCounter()
    running.start()
    yield running
    running.close()


@pytest.fixture
def busy_timeout_s() -> float:
    """How long the ledger is waited for; tests that lock it say less."""
    return BUSY_TIMEOUT_S


@pytest.fixture
def shop(tmp_path: Path, counter: SoftwareCounter, busy_timeout_s: float) -> Iterator[Shop]:
    place = Shop(tmp_path, counter, busy_timeout_s=busy_timeout_s)
    yield place
    place.close()

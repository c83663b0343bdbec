# SPDX-License-Identifier: Apache-2.0
"""One counter for all, a print shop for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.print_shop import Shop
from pagetoll.accounters.software.counter import SoftwareCounter


@pytest.fixture(scope="session")
def counter() -> Iterator[SoftwareCounter]:
    running = SoftwareCounter()
    running.start()
    yield running
    running.close()


@pytest.fixture
def shop(tmp_path: Path, counter: SoftwareCounter) -> Iterator[Shop]:
    place = Shop(tmp_path, counter)
    yield place
    place.close()

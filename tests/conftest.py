# SPDX-License-Identifier: Apache-2.0
"""Fixtures that all tests share, and the order of the modules."""

import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The everyday run tries the same cases each time, so that what it says of a change is about the change; `make
# test-long` searches among new ones (--hypothesis-profile=search). How long one takes says something of the machine.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("repeatable", UNTIMED, derandomize=True)
settings.register_profile("search", UNTIMED, print_blob=True)
settings.load_profile("repeatable")

pytest_plugins = ["lab.fixtures"]

# A run in the background of a shell ignores SIGINT, and so would every program that a test starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)

#: These wait for real spoolers most of their time: begun first, they run beside what needs the processor.
WAITING = ("system", "thin", "cli")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Modules that wait come first, in this order; within a module nothing moves."""
    root = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        folder = item.path.relative_to(root).parts[0]
        return WAITING.index(folder) if folder in WAITING else len(WAITING)

    items.sort(key=place)

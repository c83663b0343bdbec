# SPDX-License-Identifier: Apache-2.0
"""Folders for tests that act as several users."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that all users can pass, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="pagetoll-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder

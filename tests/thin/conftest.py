# SPDX-License-Identifier: Apache-2.0
"""The place where the thin client's tests run. Device backends must be root's, so these tests need root."""

import os
import shutil
from collections.abc import Iterator

import pytest

from thin.bench import Lab


@pytest.fixture
def lab() -> Iterator[Lab]:
    if os.geteuid() != 0:
        pytest.skip("device backends must belong to root: run as root")
    lab = Lab()
    yield lab
    for client in lab.clients:
        if client.poll() is None:
            client.kill()
        client.communicate()
    if lab.listener is not None:
        lab.listener.close()
    shutil.rmtree(lab.root)

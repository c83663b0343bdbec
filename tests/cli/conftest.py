# SPDX-License-Identifier: Apache-2.0
"""Homes for the command tests."""

from collections.abc import Iterator

import pytest

from cli.site import Site, new_site


@pytest.fixture(scope="session")
def fresh_site() -> Iterator[Site]:
    """The home that the others are copied from: nobody writes in it."""
    with new_site() as made:
        yield made


@pytest.fixture
def site(fresh_site: Site) -> Iterator[Site]:
    """A home of the test's own."""
    with new_site(fresh_site) as made:
        yield made


@pytest.fixture(scope="module")
def shared_site(fresh_site: Site) -> Iterator[Site]:
    """A home for tests of one module that change nothing."""
    with new_site(fresh_site) as made:
        yield made

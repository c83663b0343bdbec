# SPDX-License-Identifier: Apache-2.0
"""Plug-ins are found by name, so no import shows a row that leads nowhere: this does."""

import importlib

import pytest

from pagetoll.plugins import PLUGINS


@pytest.mark.parametrize("target", sorted({row for kind in PLUGINS.values() for row in kind.values()}))
def test_a_plugin_row_leads_to_something_that_can_be_called(target: str) -> None:
    module, name = target.split(":")
    assert callable(getattr(importlib.import_module(module), name))

# SPDX-License-Identifier: Apache-2.0
"""The ports can be had by their names, whose modules are read when they are first asked for."""

import importlib
import pkgutil

import pytest

import pagetoll.ports


@pytest.mark.parametrize("name", pagetoll.ports.__all__)
def test_a_port_is_had_by_its_name(name: str):
    port = getattr(pagetoll.ports, name)
    homes = [
        module.name
        for module in pkgutil.iter_modules(pagetoll.ports.__path__)
        if vars(importlib.import_module(f"pagetoll.ports.{module.name}")).get(name) is port
    ]
    assert homes


def test_what_is_no_port_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Port'"):
        _ = importlib.import_module("pagetoll.ports").Port

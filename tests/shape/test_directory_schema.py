# SPDX-License-Identifier: Apache-2.0
"""The schema for LDAP directories is that of the ledger's tables today, and its numbers stay."""

import re

from pagetoll.storage.ldap.schema_files import (
    CONFIG_LDIF_FILE,
    SLAPD_CONF_FILE,
    attribute_types,
    config_ldif,
    object_classes,
    oid,
    slapd_conf,
)

WRITE = "run: PYTHONPATH=src python tools/directory_schema.py"


def test_the_files_are_those_of_the_tables():
    assert SLAPD_CONF_FILE.read_text(encoding="ascii") == slapd_conf(), WRITE
    assert CONFIG_LDIF_FILE.read_text(encoding="ascii") == config_ldif(), WRITE


def test_no_two_names_are_the_same_to_a_directory_and_no_two_numbers():
    defined = [*attribute_types(), *object_classes()]
    assert len({name.lower() for name, _definition in defined}) == len(defined)
    assert len({re.findall(r"2\.25\.\d+", definition)[0] for _name, definition in defined}) == len(defined)


def test_a_number_that_directories_have_loaded_stays():
    assert oid("pagetollHead") == "2.25.258949346090669935591274280672949381322"
    assert oid("class pagetollUsers") == "2.25.20841430938236806115258694785613846129"

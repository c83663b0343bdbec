# SPDX-License-Identifier: Apache-2.0
"""The reference page of the configuration says what the table of options says."""

import re
from pathlib import Path

import pytest

from pagetoll.config.load import parse
from pagetoll.config.options import OPTIONS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "configuration.md").read_text()
SECTIONS = dict(re.findall(r"^### `(\w+)`\n(.*?)(?=^### |\Z)", PAGE, re.M | re.S))


def test_the_page_has_a_section_for_every_option_and_no_other():
    assert list(SECTIONS) == [option.name for option in OPTIONS]


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_a_section_has_the_options_help_values_and_scope(option):
    section = SECTIONS[option.name]
    assert option.help in " ".join(section.split())
    assert f"* Allowed: {option.allowed}\n" in section
    assert f"* Default: `{option.example}`\n" in section
    assert f"* Holds: {'per queue' if option.per_queue else 'for all queues'}" in section


def test_the_example_of_the_page_is_a_right_configuration():
    example = "\n".join(line[4:] for line in PAGE.partition("## Where")[0].splitlines() if line.startswith("    "))
    assert set(parse(example, "example").queues) == {"laser", "Müller & Sons"}

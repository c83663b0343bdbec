# SPDX-License-Identifier: Apache-2.0
"""The reference pages of the configuration say what the tables of options and directives say."""

import re
from pathlib import Path

import pytest

from pagetoll.config.load import parse
from pagetoll.config.options import OPTIONS
from pagetoll.config.options.not_yet import NOT_YET_IN_FORCE
from pagetoll.config.pykota_conf.directives import DIRECTIVES, Directive

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


PYKOTA_PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "pykota-conf.md").read_text()


def row(directive: Directive) -> str:
    """The line of the page's table for a directive."""
    here = f"`{directive.option}`" if directive.option else f"{directive.fate}: {directive.instead}"
    allowed = directive.allowed.replace("|", "\\|") if directive.option else ""
    return f"| `{directive.name}` | {'P' if directive.per_queue else 'G'} | {allowed} | {here} |"


def test_the_page_of_pykota_conf_has_a_row_for_every_directive_and_no_other():
    rows = [line for line in PYKOTA_PAGE.splitlines() if line.startswith("| `")]
    assert rows == [row(directive) for directive in DIRECTIVES]


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_a_section_says_what_is_not_in_force_yet(option):
    waiting = NOT_YET_IN_FORCE.get(option.name)
    wanted = [f"* Not in force yet: {waiting}"] if waiting else []
    found = [line for line in SECTIONS[option.name].splitlines() if line.startswith("* Not in force yet")]
    assert found == wanted, "the row in config/options/not_yet.py and the page go together"

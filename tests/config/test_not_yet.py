# SPDX-License-Identifier: Apache-2.0
"""Every option is obeyed by the program, or said not to be."""

import re
from pathlib import Path

import pytest

from pagetoll.config.options import OPTION_BY_NAME, OPTIONS
from pagetoll.config.options.not_yet import NOT_YET_IN_FORCE

PACKAGE = Path(__file__).parents[2] / "src" / "pagetoll"
#: Where options are declared; what computes with them there is in settings.py.
ROWS = PACKAGE / "config" / "options"
READERS = "".join(
    path.read_text(encoding="utf-8")
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.parent != ROWS or path.name == "settings.py"
)


def is_read(name: str) -> bool:
    """Whether the program takes this option from the settings of a home or a queue."""
    taken = rf"(?:settings|queue|defaults|configuration\(\)|for_queue\([^()]*\))\.{name}\b"
    return re.search(rf'{taken}|given\.get\(\("", "{name}"\)\)', READERS) is not None


@pytest.mark.parametrize("name", [option.name for option in OPTIONS if option.name not in NOT_YET_IN_FORCE])
def test_an_option_is_used_by_the_program_or_has_a_row(name):
    assert is_read(name), f"nothing obeys {name}: build it, or give it a row in config/options/not_yet.py"


@pytest.mark.parametrize("name", NOT_YET_IN_FORCE)
def test_a_row_goes_when_its_option_is_obeyed(name):
    assert name in OPTION_BY_NAME
    assert not is_read(name), f"{name} is used: delete its row in config/options/not_yet.py"


def test_a_use_is_told_from_a_word():
    assert is_read("unknown_size")
    assert not is_read("unknown_sizes")

# SPDX-License-Identifier: Apache-2.0
"""The messages that the page about errors explains are those that the programs write."""

import ast
import re
from pathlib import Path

import pytest

from shape.tree import ROOT, package_sources, tree_of

PAGE = ROOT / "docs" / "errors.md"
MESSAGES = re.findall(r"^\| `([^`]+)` \|", PAGE.read_text(encoding="utf-8"), re.M)


def literals(path: Path) -> str:
    """All texts of a module in their order; what is put into them when it runs is left out."""
    values = [node.value for node in ast.walk(tree_of(path)) if isinstance(node, ast.Constant)]
    return "\n".join(
        value if isinstance(value, str) else value.decode(errors="replace")
        for value in values
        if isinstance(value, str | bytes)
    )


ALL_TEXTS = "\n".join(literals(path) for path in package_sources("core", "app", "thin"))


def test_the_page_explains_messages() -> None:
    assert len(MESSAGES) > 10


@pytest.mark.parametrize("message", MESSAGES)
def test_an_explained_message_is_one_that_we_write(message: str) -> None:
    assert message in ALL_TEXTS

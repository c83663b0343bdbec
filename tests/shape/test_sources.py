# SPDX-License-Identifier: Apache-2.0
"""The house style, as far as a machine can see it: lengths, first lines, names, no leftovers, no mocks."""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

from shape.tree import imports_of, name_of, package_sources, sources, tree_of

MODULE_LINES_AT_MOST = 400
FUNCTION_LINES_AT_MOST = 60
# A spooler copies, links and starts each of these as one file; see docs/decisions/thin-backend-one-file.md.
LONGER_FOR_A_REASON = {"src/pagetoll/thin/cupspykota.py": 1070, "src/pagetoll/thin/lprngpykota.py": 500}
SPDX_LINE = "# SPDX-License-Identifier: Apache-2.0"

every_source = pytest.mark.parametrize("path", sources(), ids=name_of)
every_module = pytest.mark.parametrize("path", package_sources(), ids=name_of)


def too_long_functions(tree: ast.Module, at_most: int = FUNCTION_LINES_AT_MOST) -> list[str]:
    """Each function with more lines than allowed, decorators not counted."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = [(node, (node.end_lineno or node.lineno) - node.lineno + 1) for node in functions]
    return [f"{node.name} has {length} lines, line {node.lineno}" for node, length in lengths if length > at_most]


def leftovers(text: str) -> list[str]:
    """Comments that promise work instead of explaining it."""
    comments = (t for t in tokenize.generate_tokens(io.StringIO(text).readline) if t.type == tokenize.COMMENT)
    return [f"line {t.start[0]}: {t.string}" for t in comments if re.search(r"\b(TODO|FIXME|XXX)\b", t.string)]


def mocks(tree: ast.Module) -> list[str]:
    """Ways to replace our own code in a test: mock libraries, and a monkeypatch of an attribute."""
    found = [f"line {line}: imports {name}" for line, name in imports_of(tree) if name in {"mock", "unittest.mock"}]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "unittest":
            found += [f"line {node.lineno}: imports mock" for alias in node.names if alias.name == "mock"]
        if isinstance(node, ast.Attribute) and node.attr in {"setattr", "delattr"}:
            found.append(f"line {node.lineno}: {ast.unparse(node)}")
    return found


@every_source
def test_a_module_is_400_lines_at_most(path: Path) -> None:
    at_most = LONGER_FOR_A_REASON.get(name_of(path), MODULE_LINES_AT_MOST)
    assert len(path.read_text(encoding="utf-8").splitlines()) <= at_most


@every_source
def test_a_function_is_60_lines_at_most(path: Path) -> None:
    assert too_long_functions(tree_of(path)) == []


@every_source
def test_a_source_names_its_licence_on_top(path: Path) -> None:
    first_lines = path.read_text(encoding="utf-8").splitlines()[:2]
    after_shebang = [line for line in first_lines if not line.startswith("#!")]
    assert after_shebang[:1] == [SPDX_LINE]


@every_source
def test_no_comment_promises_work(path: Path) -> None:
    assert leftovers(path.read_text(encoding="utf-8")) == []


@every_source
def test_no_module_is_called_utils(path: Path) -> None:
    assert not {part.removesuffix(".py") for part in path.parts} & {"util", "utils", "helpers", "misc", "common"}


@every_module
def test_a_public_module_says_what_it_is(path: Path) -> None:
    if path.stem.startswith("_") and path.stem != "__init__":
        return
    assert ast.get_docstring(tree_of(path)), f"{name_of(path)} begins without a docstring"


@pytest.mark.parametrize("path", [p for p in sources() if "tests" in p.parts], ids=name_of)
def test_our_own_code_is_never_mocked(path: Path) -> None:
    assert mocks(tree_of(path)) == []


def test_the_checks_see_what_they_look_for() -> None:
    long_function = "def f():\n" + "    pass\n" * 60
    assert too_long_functions(ast.parse(long_function)) == ["f has 61 lines, line 1"]
    assert leftovers("x = 'TODO'\ny = 1  # TODO: later\n") == ["line 2: # TODO: later"]
    assert mocks(ast.parse("from unittest import mock\nimport unittest.mock\nmonkeypatch.setattr(a, 'b', c)")) == [
        "line 2: imports unittest.mock",
        "line 1: imports mock",
        "line 3: monkeypatch.setattr",
    ]

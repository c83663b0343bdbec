# SPDX-License-Identifier: Apache-2.0
"""Imports point downward only, and the lower layers touch nothing outside their arguments."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from shape.tree import ROOT, imports_of, name_of, package_sources, tree_of

# What the pure layers may not import: files, network, processes, clock, environment, randomness, logs.
IMPURE_MODULES = frozenset(
    {
        "asyncio",
        "concurrent",
        "fcntl",
        "glob",
        "grp",
        "http",
        "importlib",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "posix",
        "pwd",
        "random",
        "secrets",
        "select",
        "selectors",
        "shutil",
        "signal",
        "smtplib",
        "socket",
        "socketserver",
        "sqlite3",
        "ssl",
        "subprocess",
        "tempfile",
        "threading",
        "time",
        "urllib",
        "uuid",
        "_socket",
    }
)
IMPURE_CALLS = frozenset({"open", "print", "input", "eval", "exec", "breakpoint", "__import__"})
CLOCK_METHODS = frozenset({"now", "utcnow", "today"})

# (file, what) -> why it is right there.
EXCEPTIONS: dict[tuple[str, str], str] = {}


def impurities(tree: ast.Module) -> list[tuple[int, str]]:
    """Line and name of every import or call that reaches outside."""
    found = [(line, name) for line, name in imports_of(tree) if name.split(".")[0] in IMPURE_MODULES]
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS:
            found.append((node.lineno, node.func.id))
        elif isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK_METHODS:
            found.append((node.lineno, ast.unparse(node.func)))
    return found


def test_imports_point_downward() -> None:
    result = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("path", package_sources("core", "languages", "wire"), ids=name_of)
def test_the_pure_layers_do_no_io(path: Path) -> None:
    found = [(line, what) for line, what in impurities(tree_of(path)) if (name_of(path), what) not in EXCEPTIONS]
    assert found == [], "core, languages and wire get files, times and chance as arguments"


def test_every_exception_is_still_needed() -> None:
    needed = {(name_of(p), what) for p in package_sources() for _, what in impurities(tree_of(p))}
    assert set(EXCEPTIONS) <= needed


def test_the_check_sees_what_reaches_outside() -> None:
    text = "import os.path\nfrom time import monotonic\nopen('x')\ndatetime.now()\nimport io\nstream.open()"
    assert [what for _, what in impurities(ast.parse(text))] == ["os.path", "time", "open", "datetime.now"]

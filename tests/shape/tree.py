# SPDX-License-Identifier: Apache-2.0
"""The repository as the shape tests look at it: folders, source files, syntax trees."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pagetoll

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "pagetoll"

# Where we write Python; `samples` holds print files.
_SOURCE_FOLDERS = ("src", "tests", "bench", "tools", "docs")


def sources() -> list[Path]:
    """Every Python file of ours."""
    return sorted(
        path
        for folder in _SOURCE_FOLDERS
        for path in (ROOT / folder).rglob("*.py")
        if "__pycache__" not in path.parts and "samples" not in path.parts
    )


def package_sources(*parts: str) -> list[Path]:
    """Every module of the package, or of the named parts of it."""
    folders = [PACKAGE / part for part in parts] or [PACKAGE]
    return [path for path in sources() if any(path.is_relative_to(folder) for folder in folders)]


def name_of(path: Path) -> str:
    """The path as a reader of the repository writes it."""
    return str(path.relative_to(ROOT))


@cache
def tree_of(path: Path) -> ast.Module:
    """The file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports_of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and full name of each imported module, wherever in the file the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.lineno, node.module


def drawn_by(tool: str) -> str:
    """What a program of tools/ draws from the table of the package under test."""
    package_root = str(Path(pagetoll.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / tool)],
        env={"PYTHONPATH": package_root},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout

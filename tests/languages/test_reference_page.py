# SPDX-License-Identifier: Apache-2.0
"""The table of languages in the reference is complete, and its small programs run as they stand."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from languages.rendering import SAMPLES
from pagetoll.languages.recognise import LANGUAGES

PAGE = (Path(__file__).parents[2] / "docs/reference/languages.md").read_text(encoding="utf-8")
NAMES = {name for name in re.findall(r"`([^`\n]+)`", PAGE)}
PROGRAMS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
GROUPS = frozenset(["raster", "escp"])
"""Rows of the table in the program that stand for several languages of the page."""


@pytest.mark.parametrize("name", sorted({one.name for one in LANGUAGES} - GROUPS))
def test_each_language_of_the_table_stands_in_the_reference(name: str) -> None:
    assert name in NAMES or f"| {name}," in PAGE


@pytest.mark.parametrize("word", sorted({word for one in LANGUAGES for word in one.announced}))
def test_each_announced_name_stands_in_the_reference(word: str) -> None:
    assert word in NAMES


@pytest.mark.parametrize(("program", "first"), list(zip(PROGRAMS, ["pdf 3 3 exact", "3"], strict=True)))
def test_a_program_of_the_reference_runs_as_it_stands(tmp_path: Path, program: str, first: str) -> None:
    (tmp_path / "report.pdf").write_bytes((SAMPLES / "pdf/pillow-3.pdf").read_bytes())
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, cwd=tmp_path, env=environment, text=True
    )
    assert done.stdout.splitlines()[0] == first

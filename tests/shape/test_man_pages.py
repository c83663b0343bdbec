# SPDX-License-Identifier: Apache-2.0
"""The man pages are those of the programs' tables, groff has nothing to say about them, and each program has one."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from pagetoll.frontends.cli.options import Command
from pagetoll.frontends.cli.pagetoll import SUBCOMMANDS
from pagetoll.frontends.programs import PYKOTA_PROGRAMS, command_of
from shape.test_house import PROJECT, SCRIPTS
from shape.tree import ROOT, name_of

FOLDER = ROOT / "man"
PAGES = sorted(FOLDER.glob("*.1"))
#: Started by systemd or the commands, never by people.
WITHOUT_A_PAGE = {"pagetolld"}


def loaded_tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("man_pages", ROOT / "tools" / "man_pages.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    sys.modules["man_pages"] = tool
    spec.loader.exec_module(tool)
    return tool


TOOL = loaded_tool()


def groff(text: str) -> str:
    """What groff says about a page, with all its warnings."""
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-z"], input=text, capture_output=True, text=True, timeout=60, check=False
    )
    return done.stderr if done.returncode == 0 else f"status {done.returncode}: {done.stderr}"


def test_the_pages_are_those_of_the_tables() -> None:
    found = {path.name: path.read_text(encoding="utf-8") for path in PAGES}
    wanted: dict[str, str] = TOOL.pages()
    assert sorted(found) == sorted(wanted), "run: PYTHONPATH=src .venv/bin/python tools/man_pages.py"
    assert [name for name in wanted if found[name] != wanted[name]] == [], (
        "run: PYTHONPATH=src .venv/bin/python tools/man_pages.py"
    )


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_groff_says_nothing_about_a_page(path: Path) -> None:
    assert groff(path.read_text(encoding="utf-8")) == ""


def test_groff_sees_a_macro_that_is_none() -> None:
    assert "XX" in groff(".TH A 1\n.XX\n")


def test_text_that_looks_like_a_request_is_shown_as_it_is() -> None:
    hostile = Command(name="x", usage="-'.", summary=".so /etc/passwd \\fB'", rows=(), remarks=("'br", ".ds a b"))
    page = TOOL.page_of(hostile, "x")
    assert groff(page) == ""
    shown = subprocess.run(
        ["groff", "-man", "-Tascii", "-P-cbou"], input=page, capture_output=True, text=True, timeout=60, check=True
    ).stdout
    for text in (".so /etc/passwd \\fB'", "'br", ".ds a b"):
        assert text in shown


def test_each_program_has_a_page_and_each_table_a_program() -> None:
    assert set(SCRIPTS) - WITHOUT_A_PAGE == {"pagetoll", *PYKOTA_PROGRAMS}
    for program in PYKOTA_PROGRAMS:
        assert command_of(program).name == program
        assert (FOLDER / f"{program}.1").exists()
    words = {name for name, row in SUBCOMMANDS.items() if not row.words}
    assert {path.stem for path in PAGES} == {"pagetoll", *PYKOTA_PROGRAMS, *(f"pagetoll-{word}" for word in words)}


def test_the_pages_are_installed_where_man_looks() -> None:
    assert PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"] == {"man": "share/man/man1"}

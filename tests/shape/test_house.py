# SPDX-License-Identifier: Apache-2.0
"""The house around the code: README, lock files, change fragments, entry points."""

import importlib
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from pagetoll.frontends import start
from shape.tree import ROOT, name_of

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = sorted(ROOT.glob("*.lock"))
MARKDOWN = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "changes.d").glob("*.md")])
FRAGMENTS = sorted(path for path in (ROOT / "changes.d").iterdir() if path.name != "README.md")
FRAGMENT_NAME = re.compile(r"\d+-[a-z0-9-]+\.(added|changed|fixed|removed|security)\.md")
SCRIPTS = PROJECT["project"]["scripts"]


def dead_links(text: str, folder: Path) -> list[str]:
    """Relative link targets in Markdown that are not there."""
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    return [target for target in targets if "://" not in target and not (folder / target).exists()]


def reachable(start: Path) -> set[Path]:
    """The Markdown pages that a reader comes to from this one, itself among them."""
    found, next_pages = set[Path](), [start.resolve()]
    while next_pages:
        page = next_pages.pop()
        found.add(page)
        links = re.findall(r"\]\(([^)#\s]+\.md)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        targets = {(page.parent / link).resolve() for link in links if "://" not in link}
        next_pages += [target for target in targets if target not in found and target.exists()]
    return found


def locked_names(lock: Path) -> set[str]:
    return set(re.findall(r"^([a-z0-9.-]+)==", lock.read_text(encoding="utf-8"), re.MULTILINE))


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=!~; ]", requirement)[0].lower() for requirement in requirements}


@pytest.mark.parametrize("path", MARKDOWN, ids=name_of)
def test_links_between_our_pages_lead_somewhere(path: Path) -> None:
    assert dead_links(path.read_text(encoding="utf-8"), path.parent) == []


def test_a_reader_comes_from_the_readme_to_every_page() -> None:
    pages = set((ROOT / "docs").rglob("*.md"))
    assert {name_of(page) for page in pages - reachable(ROOT / "README.md")} == set()


def test_a_dead_link_is_seen() -> None:
    text = "[a](README.md) [b](nowhere.md#part) [c](https://example.org/x) [d](docs/)"
    assert dead_links(text, ROOT) == ["nowhere.md"]


@pytest.mark.parametrize("lock", LOCKS, ids=name_of)
def test_a_lock_names_digests_and_no_index(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    requirements = re.findall(r"^[a-z0-9.-]+==.*$", text, re.MULTILINE)
    assert requirements
    assert all(requirement.endswith("\\") for requirement in requirements), "each is followed by its digests"
    assert "://" not in text
    assert "index-url" not in text


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("requirements.lock", PROJECT["project"]["dependencies"]),
        ("requirements-dev.lock", PROJECT["dependency-groups"]["dev"]),
        ("requirements-dev.lock", PROJECT["project"]["optional-dependencies"]["ldap"]),
        ("requirements-build.lock", PROJECT["build-system"]["requires"]),
        ("requirements-ldap-build.lock", PROJECT["dependency-groups"]["ldap-build"]),
    ],
)
def test_every_dependency_is_locked(lock: str, wanted: list[str]) -> None:
    assert names(wanted) <= locked_names(ROOT / lock), "run: make lock"


def test_the_readme_and_ci_call_commands_that_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    readme, ci = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", ".ci/run"))
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    called = set(re.findall(r"^ +make ([a-z-]+)", readme, re.MULTILINE))
    assert called == {"demo", "test"}
    assert called <= targets
    assert "\nmake test\n" in ci


@pytest.mark.parametrize("script", ["tools/packages.sh", "tools/venv.sh", "tools/lock.sh", ".ci/run"])
def test_a_shell_script_can_be_run_and_parsed(script: str) -> None:
    path = ROOT / script
    assert path.stat().st_mode & 0o111
    assert "set -euo pipefail" in path.read_text(encoding="utf-8")
    assert subprocess.run(["bash", "-n", path], capture_output=True, timeout=60, check=False).returncode == 0


@pytest.mark.parametrize("program", SCRIPTS)
def test_a_command_has_its_main_function(program: str) -> None:
    assert SCRIPTS[program] == f"pagetoll.frontends.start:{program}"
    assert callable(importlib.import_module(start.place_of(program)).main)


def test_there_are_change_fragments() -> None:
    assert FRAGMENTS


@pytest.mark.parametrize("path", FRAGMENTS, ids=name_of)
def test_a_change_fragment_is_a_sentence_under_a_known_kind(path: Path) -> None:
    assert FRAGMENT_NAME.fullmatch(path.name), "call it ISSUE-WORDS.KIND.md, see changes.d/README.md"
    text = path.read_text(encoding="utf-8").strip()
    assert text[:1].isupper()
    assert text.endswith(".")
    assert len(text) <= 600

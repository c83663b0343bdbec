# SPDX-License-Identifier: Apache-2.0
"""The completions, read and asked by the shells themselves."""

import subprocess
from pathlib import Path

import pytest

from cli.site import Site

BASH = """\
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _pagetoll; printf '%s\\n' "${COMPREPLY[@]}"
"""
ZSH = """\
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); setopt ksharrays shwordsplit; _pagetoll; printf '%s\\n' "${COMPREPLY[@]}"
"""
CASES = [
    (["pagetoll", "us"], {"user"}, {"manage"}),
    (["pagetoll", "user", ""], {"add", "delete", "grant"}, {"manage"}),
    (["pagetoll", "user", "add", "anna", "--em"], {"--email"}, {"--list"}),
    (["pagetoll", "cups", "m"], {"manage"}, {"user"}),
    (["pagetoll", "cups", "i"], {"install", "import-quotas"}, {"user"}),
    (["pkusers", "--ov"], {"--overcharge"}, {"--printer"}),
    (["edpykota", "-P", "hp", "--so"], {"--softlimit"}, {"--overcharge"}),
    (["dumpykota", "-o", ""], set(), {"--data", "-d"}),
    (["pagetoll", "config", "convert", "--output", ""], set(), {"check", "--json"}),
    (["pykotme", ""], set(), {"--printer", "-P"}),
]


def script(site: Site, shell: str, folder: Path) -> Path:
    path = folder / f"completions.{shell}"
    path.write_text(site.do("pagetoll", "completion", shell), encoding="utf-8")
    return path


def completed(*command: str) -> set[str]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    return set(done.stdout.split("\n"))


@pytest.mark.parametrize(("words", "offered", "not_offered"), CASES, ids=lambda case: " ".join(sorted(case)))
@pytest.mark.parametrize(("shell", "asking"), [("bash", BASH), ("zsh", ZSH)])
def test_bash_and_zsh_offer_what_may_follow(
    shared_site: Site,
    tmp_path: Path,
    shell: str,
    asking: str,
    words: list[str],
    offered: set[str],
    not_offered: set[str],
):
    path = script(shared_site, shell, tmp_path)
    plain = ["--norc"] if shell == "bash" else ["-f"]
    found = completed(shell, *plain, "-c", asking, shell, str(path), *words)
    assert offered <= found
    assert not found & not_offered


@pytest.mark.parametrize(("words", "offered", "not_offered"), CASES, ids=lambda case: " ".join(sorted(case)))
def test_fish_offers_what_may_follow(
    shared_site: Site, tmp_path: Path, words: list[str], offered: set[str], not_offered: set[str]
):
    path = script(shared_site, "fish", tmp_path)
    asking = f"source {path}; complete -C '{' '.join(words)}'"
    found = {line.split("\t")[0] for line in completed("fish", "--no-config", "-c", asking)}
    assert offered <= found
    assert not found & not_offered


def test_another_shell_is_refused(shared_site: Site):
    done = shared_site.run("pagetoll", "completion", "csh")
    assert (done.status, "bash, zsh, fish" in done.err) == (2, True)

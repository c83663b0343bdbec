# SPDX-License-Identifier: Apache-2.0
"""The command pagetoll: its table of sub-commands, its exit status, and its reference page."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import pytest

from cli.site import STARTED
from pagetoll import __version__
from pagetoll.frontends.cli.options import COMMON
from pagetoll.frontends.cli.pagetoll import SUBCOMMANDS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "pagetoll.md").read_text()
SECTIONS = dict(re.findall(r"^## pagetoll (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S))


def run(*arguments: str, home: Path | str = "/nonexistent/home") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*STARTED, "pagetoll", *arguments],
        env={**os.environ, "PAGETOLL_HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_lists_every_command_and_goes_to_stdout():
    done = run("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for name, row in SUBCOMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(row.help)}$", done.stdout, re.M)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ([], 2, "usage: pagetoll COMMAND"),
        (["inti"], 2, "did you mean init?"),
        (["zzz"], 2, "pagetoll --help"),
        (["init", "--nonsense"], 2, "pagetoll init --help"),
        (["config", "check"], 1, "pagetoll init"),
        (["config", "explode"], 2, "pagetoll config --help"),
    ],
)
def test_what_cannot_be_done_is_said_on_stderr_with_its_status(arguments, status, said):
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_version_is_shown():
    assert run("--version").stdout == f"pagetoll {__version__}\n"


def test_every_problem_of_a_configuration_is_a_line_of_its_own():
    with tempfile.TemporaryDirectory(prefix="pagetoll-test-") as name:
        home = Path(name)
        (home / "pagetoll.toml").write_text("wait_s = -1\nfoo = 2\n")
        if os.geteuid() == 0:
            os.chown(home, 1, 1)
        done = run("config", "check", home=home)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 2
    assert f"{home}/pagetoll.toml:1: wait_s" in done.stderr


def test_a_reader_that_has_seen_enough_is_no_failure_worth_a_word():
    done = subprocess.run(
        ["/bin/bash", "-o", "pipefail", "-c", f"{sys.executable} -m pagetoll.frontends.cli.pagetoll --help | true"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""


def test_an_interrupt_ends_with_130_and_without_a_word():
    process = subprocess.Popen(
        [sys.executable, "-m", "pagetoll.frontends.cli.pagetoll", "count", "-"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(b" " * 1_000_000)  # more than a pipe holds: it is reading, and waits for the end
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    process.stdin = None
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, b"")


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_command_helps(name):
    done = run(name, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    module = SUBCOMMANDS[name].module.removeprefix("nouns.").removeprefix("cmd_")
    assert f"pagetoll {name if is_noun(name) else module}" in done.stdout


def is_noun(name: str) -> bool:
    return SUBCOMMANDS[name].module.startswith("nouns.")


def test_the_reference_page_has_every_command_and_no_other():
    assert set(SECTIONS) == {name for name in SUBCOMMANDS if not is_noun(name)}


@pytest.mark.parametrize("name", [name for name, row in SUBCOMMANDS.items() if not row.words and not is_noun(name)])
def test_the_reference_page_has_every_option_and_no_other(name):
    module = import_module(f"pagetoll.frontends.cli.{SUBCOMMANDS[name].module}")
    rows = [row for row in getattr(module, "OPTIONS", ()) if row not in COMMON]
    wanted = {f"`-{row.letter}`, `--{row.name}{' ' + row.argument if row.argument else ''}`" for row in rows}
    assert set(re.findall(r"`-\w`, `--[^`]*`", SECTIONS[name])) == wanted

# SPDX-License-Identifier: Apache-2.0
"""The tutorial's commands, run as they stand on the page against a private CUPS, say what the page says they say."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.site import module_of
from pagetoll.integrations.printlab.cupsd import PrivateCups
from pagetoll.integrations.printlab.sink import RawSink
from shape.tree import ROOT

PAGE = ROOT / "docs" / "tutorial" / "first-counted-page.md"
HOME_ON_PAGE, DEVICE_ON_PAGE, OWNER_ON_PAGE = "/srv/pagetoll-try", "127.0.0.1:9100", "owned by pagetoll."
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
PROGRAMS = ("pagetoll", "pkprinters", "pkusers", "edpykota")
OWNER = "nobody" if os.geteuid() == 0 else ""


@dataclass(frozen=True, slots=True)
class Step:
    """A line behind a dollar sign, and what the page shows below it; `…` stands for lines left out."""

    line: str
    shown: str


def steps_of(page: str) -> list[Step]:
    blocks = re.findall(r"^```\n(\$ .*?)^```$", page, re.M | re.S)
    found = []
    for block in blocks:
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            line, _, shown = part.partition("\n")
            found.append(Step(line, shown))
    return found


def pattern_of(shown: str) -> re.Pattern[str]:
    """The shown text as an expression: times may be others, `…` any lines."""
    masked = MOMENT.sub("0000-00-00 00:00:00", shown)
    parts = [re.escape(part) for part in re.split(r"^…\n", masked, flags=re.M)]
    return re.compile(r"(?:.*\n)*?".join(parts))


@pytest.fixture
def shell(lab_folder: Path, cups: PrivateCups) -> Iterator[dict[str, str]]:
    """An environment as after `make setup` and both exports."""
    programs = lab_folder / "bin"
    programs.mkdir()
    for name in PROGRAMS:
        script = programs / name
        script.write_text(f'#!/bin/sh\nexec {sys.executable} -m {module_of(name)} "$@"\n')
        script.chmod(0o755)
    environment = {
        "PATH": f"{programs}:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PAGETOLL_HOME": str(lab_folder / "home"),
        "CUPS_SERVER": cups.server,
        "HOME": str(lab_folder),
    }
    yield environment
    subprocess.run([programs / "pagetoll", "daemon", "stop"], env=environment, capture_output=True, check=False)


def settle_jobs(cups: PrivateCups, job_ids: list[int]) -> None:
    """A reader types slower than a printer prints."""
    for job_id in job_ids:
        cups.wait_job(job_id)


def test_every_command_says_what_the_page_says(lab_folder: Path, cups: PrivateCups, shell: dict[str, str]):
    page = PAGE.read_text(encoding="utf-8")
    if OWNER:
        page = page.replace("$ pagetoll init\n", f"$ pagetoll init --user {OWNER}\n")
    page = page.replace(HOME_ON_PAGE, shell["PAGETOLL_HOME"])
    page = page.replace(OWNER_ON_PAGE, f"owned by {OWNER or os.environ.get('USER', '')}.")
    job_ids: list[int] = []
    with RawSink() as sink:
        page = page.replace(DEVICE_ON_PAGE, f"{sink.address}:{sink.port}")
        steps = steps_of(page)
        assert len(steps) > 12
        for step in steps:
            settle_jobs(cups, job_ids)
            done = subprocess.run(
                ["bash", "-c", step.line],
                env=shell,
                cwd=lab_folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=120,
                check=False,
            )
            assert done.returncode == 0, f"{step.line}: {done.stdout}"
            said = MOMENT.sub("0000-00-00 00:00:00", done.stdout)
            assert pattern_of(step.shown).fullmatch(said), f"$ {step.line}\n{said}\nthe page says\n{step.shown}"
            job_ids += [int(number) for number in re.findall(r"request id is laser-(\d+) ", done.stdout)]
        assert len(sink.jobs()) == 2, "the refused job never reached the printer"

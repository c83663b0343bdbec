# SPDX-License-Identifier: Apache-2.0
"""pagetoll doctor on banners: for each queue that wants some, whether they can be made, and what to do."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.patient import Patient, needs_root, new_patient
from pagetoll.app.doctor.banners import BannerWish, check_banners
from pagetoll.app.doctor.findings import Level
from pagetoll.config.options import QueueSettings, Settings
from pagetoll.core.site_commands import SiteCommand
from pagetoll.frontends.cli.banner_facts import banner_wishes
from pagetoll.integrations.site_commands import base_environment

PPD = '*PPD-Adobe: "4.3"\n*FormatVersion: "4.3"\n*LanguageEncoding: ISOLatin1\n*LanguageVersion: English\n'
PPD += '*PCFileName: "X.PPD"\n*Manufacturer: "X"\n*Product: "(X)"\n*ModelName: "X"\n*NickName: "X"\n'
PPD += '*ShortNickName: "X"\n*PSVersion: "(3010) 0"\n*DefaultPageSize: A4\n*PageSize A4: "<<>>setpagedevice"\n'
PPD += '*DefaultPageRegion: A4\n*PageRegion A4: "<<>>setpagedevice"\n*DefaultImageableArea: A4\n'
PPD += '*ImageableArea A4: "0 0 595 842"\n*DefaultPaperDimension: A4\n*PaperDimension A4: "595 842"\n'
QUEUES = {
    "ps": "",
    "pcl": '*cupsFilter2: "application/vnd.cups-pdf application/vnd.hp-PCL 0 -"\n',
    "apple": '*cupsFilter2: "image/urf image/urf 0 -"\n',
}


NOT_HAD = "startingbanner cannot be had, so no banner is printed:"
INSTALL = "install it, or give its path"


@pytest.fixture(scope="module")
def patient() -> Iterator[Patient]:
    with new_patient() as patient:
        for queue, lines in QUEUES.items():
            ppd = patient.folder / f"{queue}.ppd"
            ppd.write_text(PPD + lines)
            patient.cups.run("lpadmin", "-p", queue, "-E", "-v", "cupspykota:socket://127.0.0.1:9", "-P", str(ppd))
        patient.cups.add_queue("raw", "cupspykota:socket://127.0.0.1:9")
        patient.cups.add_queue("unmanaged", "socket://127.0.0.2:9")
        yield patient


def banner_lines(patient: Patient, toml: str, command: str = "pagetoll doctor") -> dict[str, tuple[str, str]]:
    """The doctor's level and sentence about each queue's banner, with this configuration."""
    path = patient.home / "pagetoll.toml"
    before = path.read_text()
    path.write_text(toml)
    try:
        text = patient.run(command).stdout
    finally:
        path.write_text(before)
    lines = [line.partition(" ") for line in text.splitlines() if "banner" in line]
    found = {}
    for level, _, what in lines:
        queue, _, said = what.strip().removeprefix("queue ").partition(": ")
        found[queue] = (level, said)
    return found


@pytest.fixture(scope="module")
def pkbanner(patient: Patient) -> Path:
    """A program of that name, so that the doctor finds one."""
    path = patient.folder / "bin" / "pkbanner"
    python = os.pathsep.join(sys.path)
    path.write_text(
        f"#!/bin/sh\nPYTHONPATH='{python}' exec {sys.executable} -m pagetoll.frontends.pykota.pkbanner \"$@\"\n"
    )
    path.chmod(0o755)
    return path


@needs_root
def test_each_managed_queue_is_told_what_becomes_of_its_banner(patient: Patient, pkbanner: Path):
    found = banner_lines(patient, f'startingbanner = ["{pkbanner}", "see the desk"]\n')
    assert sorted(found) == ["apple", "pcl", "ps", "raw"]
    assert found["ps"] == ("ok", "startingbanner is written as postscript")
    assert found["pcl"] == ("ok", "startingbanner is written as pcl")
    level, said = found["apple"]
    assert level == "warn"
    assert said.startswith(
        "no banner can be made for startingbanner: nothing here writes what the printer takes (image/urf)"
    )
    level, said = found["raw"]
    assert level == "ok"
    assert said.startswith(
        "nobody tells what the printer takes; startingbanner is written in the language of its job"
    )
    assert said.endswith("if that is one of pdf, postscript, pclxl, pcl, pwg")


@needs_root
def test_a_language_that_the_printer_does_not_take_is_warned_of(patient: Patient, pkbanner: Path):
    found = banner_lines(patient, f'endingbanner = {{ shell = "{pkbanner} --lang pcl | cat" }}\n')
    assert found["pcl"] == ("ok", "endingbanner is written as pcl")
    assert found["ps"][0] == "warn"
    assert found["ps"][1].startswith("endingbanner is written as pcl, but the printer takes application/postscript;")


@needs_root
def test_a_banner_that_is_not_there_is_warned_of(patient: Patient):
    toml = 'startingbanner = "/nonexistent/page.ps"\n[queue.pcl]\nstartingbanner = ["no-such-program"]\n'
    toml += '[queue.ps]\nstartingbanner = "/etc/hostname"\n[queue.apple]\nstartingbanner = ""\n'
    found = banner_lines(patient, toml)
    assert found == {
        "pcl": ("warn", f"{NOT_HAD} there is no program no-such-program in {base_environment()['PATH']}; {INSTALL}"),
        "ps": ("ok", "startingbanner is the site's own"),
        "raw": ("warn", f"{NOT_HAD} there is no /nonexistent/page.ps; put it there, or mend the option"),
    }


def test_our_own_program_is_found_where_it_is_installed_as_hooks_find_it(tmp_path: Path):
    installed = tmp_path / "python"
    installed.symlink_to(sys.executable)
    ours = tmp_path / "pkbanner"
    ours.write_text("#!/bin/sh\n")
    ours.chmod(0o755)
    asked = (
        "from pagetoll.core.site_commands import SiteCommand\n"
        "from pagetoll.frontends.cli.command_programs import troubles_of\n"
        "print(*troubles_of(SiteCommand(words=('pkbanner', 'see the desk'))))\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    answer = subprocess.check_output([installed, "-c", asked], env=environment, text=True, timeout=60)
    assert answer == "\n"


@needs_root
def test_without_banners_nothing_is_said_of_them(patient: Patient):
    assert banner_lines(patient, "") == {}


COMMANDS = [
    (SiteCommand(words=("/bin/sh", "/x/pkbanner")), (), "postscript"),
    (SiteCommand(words=("/bin/sh", "pkbanner", "-Lpcl")), (), "pcl"),
    (SiteCommand(words=("/bin/sh", "pkbanner", "-L", "PDF")), (), "pdf"),
    (SiteCommand(words=("/bin/sh", "pkbanner", "--language=auto")), ("image/pwg-raster",), "pwg"),
    (SiteCommand(shell="LANG=de pkbanner --la pclxl"), (), "pclxl"),
    (SiteCommand(shell="echo 'unbalanced"), (), ""),
]


@pytest.mark.parametrize(("command", "formats", "language"), COMMANDS)
def test_the_language_of_a_banner_is_read_from_its_command(
    command: SiteCommand, formats: tuple[str, ...], language: str
):
    settings = Settings(defaults=QueueSettings(startingbanner=command))
    (wish,) = banner_wishes(settings, ["laser"], lambda _queue: formats or None, "/usr/bin:/bin")
    assert (wish.language, wish.trouble) == (language, "")


def test_an_unknown_language_is_a_banner_that_cannot_be_had():
    settings = Settings(defaults=QueueSettings(endingbanner=SiteCommand(shell="pkbanner -L klingon")))
    (wish,) = banner_wishes(settings, ["laser"], lambda _queue: None, "/usr/bin:/bin")
    assert wish.trouble == "pkbanner knows no language 'klingon'"


@pytest.mark.parametrize(("formats", "level"), [(("application/pdf",), Level.OK), (None, Level.BAD)])
def test_without_ghostscript_only_a_printer_of_pdf_gets_a_banner(
    formats: tuple[str, ...] | None, level: Level, tmp_path: Path
):
    settings = Settings(defaults=QueueSettings(startingbanner=SiteCommand(shell="pkbanner")))
    wishes = banner_wishes(settings, ["laser"], lambda _queue: formats, str(tmp_path))
    (finding,) = check_banners(wishes, "/etc/pagetoll/pagetoll.toml")
    assert finding.level is level
    assert finding.mend == ("apt-get install ghostscript" if level is Level.BAD else "")


def test_what_is_to_be_changed_is_named():
    (finding,) = check_banners((BannerWish("q", "endingbanner", trouble="gone"),), "/etc/page toll/pagetoll.toml")
    assert finding.mend == "editor '/etc/page toll/pagetoll.toml'"

# SPDX-License-Identifier: Apache-2.0
"""What the doctor says on a print server of LPRng's."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from cli.patient import FACTS
from cli.site import AS_ROOT, Site
from pagetoll.app.doctor.checks import examine
from pagetoll.app.doctor.facts import Backend
from pagetoll.app.doctor.findings import Level
from pagetoll.app.doctor.lprng import LpdQueue, LpdSite, check_lpd
from pagetoll.integrations.lprng_install import lpd_user, printcap_files

SITE = LpdSite(
    installed=True,
    user="daemon",
    taken_from="daemon",
    printcap="/etc/printcap",
    programs={"/p/pykota": ""},
    queues=(LpdQueue("laser", "/p/pykota", start=True, end=True, filter=True),),
)


def found(site: LpdSite, level: Level) -> list[tuple[str, str]]:
    return [(one.what, one.mend) for one in check_lpd(site, "/etc/pagetoll/pagetoll.toml") if one.level is level]


def test_where_lpd_is_the_spooler_nothing_of_cups_is_missed() -> None:
    words = [finding.what for finding in examine(replace(FACTS, lpd=SITE, cups_error="away", daemon="answers"))]
    assert not [text for text in words if re.search(r"cups|backend|lpadmin|lpstat|AppArmor", text, re.I)]
    assert "lpd's queue laser is counted" in words


def test_where_our_backend_is_installed_cups_is_missed_beside_lpd() -> None:
    backend = Backend("/b/cupspykota", 0, 0o700, "/home/pagetolld.sock", (), True)
    findings = examine(replace(FACTS, lpd=SITE, backends=(backend,), cups_error="away"))
    assert "CUPS: away" in [finding.what for finding in findings]


def test_lpd_cannot_start_a_daemon_that_is_away() -> None:
    findings = examine(replace(FACTS, lpd=SITE, daemon="absent"))
    assert [one.level for one in findings if one.mend == "pagetoll daemon start"] == [Level.BAD]


@pytest.mark.parametrize(
    ("change", "mend"),
    [
        ({"installed": False}, "apt-get install lprng"),
        ({"taken_from": ""}, "pagetoll lprng install --user daemon"),
        ({"programs": {"/p/pykota": "it is of another version or home"}}, "pagetoll lprng install --dir /p"),
        ({"programs": {}}, "pagetoll lprng install"),
    ],
)
def test_what_lpd_lacks_is_mended_by_a_command(change: dict[str, object], mend: str) -> None:
    bad = found(replace(SITE, **change), Level.BAD)
    assert [how for _, how in bad] == [mend]


@pytest.mark.parametrize(
    ("queue", "level", "words"),
    [
        (LpdQueue("q"), Level.WARN, "does not name our program"),
        (LpdQueue("q", server="localhost%3333"), Level.OK, "tells its jobs to localhost%3333"),
        (LpdQueue("q", "/p/pykota", start=True, end=True, silent=True), Level.BAD, "empty :af="),
        (LpdQueue("q", "/p/pykota", start=True, filter=True), Level.WARN, "no :ae= of ours"),
        (LpdQueue("q", "/p/pykota", end=True), Level.BAD, "no :as= of ours"),
        (LpdQueue("q", "/p/pykota"), Level.BAD, "only where it counts nothing"),
        (LpdQueue("q", "/p/pykota", filter=True), Level.OK, "is counted"),
        (LpdQueue("q", "/p/pykota", filter=True, out_of_reach=True), Level.WARN, "in the document is charged"),
        (LpdQueue("q", "/p/pykota", filter=True, out_of_reach=True, held=True), Level.BAD, "nothing is printed"),
        (LpdQueue("q", "/p/pykota", filter=True, silent=True), Level.OK, "is counted"),
        (
            LpdQueue("q", "/p/pykota", start=True, end=True, not_done=("startingbanner",)),
            Level.WARN,
            "startingbanner is for CUPS's queues",
        ),
    ],
)
def test_what_a_queue_lacks_is_said(queue: LpdQueue, level: Level, words: str) -> None:
    assert any(words in text for text, _ in found(replace(SITE, queues=(queue,)), level))


@pytest.mark.skipif(not AS_ROOT, reason="the doctor looks at root's files")
def test_the_doctor_reads_printcap_and_looks_at_the_program_that_it_names(site: Site) -> None:
    programs, printcap = site.folder / "programs", site.folder / "printcap"
    printcap.write_text(
        f"laser\n  :sd=/var/spool/lpd/%P:lp=laser%9100\n  :tc=.pagetoll\nold:lp=/dev/lp0\n"
        "usb:lp=/dev/lp0:tc=.pagetoll,usb\nserved:af=localhost%3333:achk\n"
        f".pagetoll:af=acct:as=|{programs}/pykota start:ae=|{programs}/pykota end\n"
    )
    (site.home / "pagetoll.toml").open("a").write(
        '\n[queue.laser]\nendingbanner = "/x"\naccounter = "ipp()"\n[queue.usb]\naccounter = "ipp()"\n'
    )
    words = ("--quiet", "--printcap", str(printcap))
    before = site.run("pagetoll", "doctor", *words).out
    assert f"{programs}/pykota: it is not there, so lpd loses the jobs of queues that name it" in before
    (mend,) = set(re.findall(r"mend: pagetoll (lprng install --dir .*)", before))
    site.do("pagetoll", *mend.split())
    after = site.run("pagetoll", "doctor", *words).out
    assert f"{programs}/pykota:" not in after
    assert "lpd's queue old does not name our program" in after
    assert "lpd's queue laser: endingbanner is for CUPS's queues and does nothing here" in after
    assert "lpd's queue usb: accounter asks the device" in after
    assert "lpd's queue usb: :tc= leads from usb back to usb; take it out" in after
    assert "lpd's queue laser: accounter" not in after
    assert "lpd's queue served does not" not in after
    assert "lpd's queue laser is counted" in site.run("pagetoll", "doctor", "--printcap", str(printcap)).out


@pytest.mark.skipif(not AS_ROOT, reason="the configuration belongs to the home's owner")
def test_jobs_are_taken_from_the_user_that_lpd_runs_programs_as(site: Site) -> None:
    site.do("pagetoll", "lprng", "install", "--dir", str(site.folder / "programs"))
    assert f'spooler_user = "{lpd_user()}"' in (site.home / "pagetoll.toml").read_text()


def test_whom_lpd_runs_programs_as_is_what_its_configuration_says_or_daemon(tmp_path: Path) -> None:
    conf = tmp_path / "lpd.conf"
    confs = (tmp_path / "none", conf)
    assert lpd_user(confs) == "daemon"
    conf.write_text("# user=root\nuser=lp\nprintcap_path=/etc/a:/etc/b\n")
    assert lpd_user(confs) == "lp"
    assert printcap_files(confs) == [Path("/etc/a"), Path("/etc/b")]


def test_the_installation_puts_no_package_in_lprngs_place(tmp_path: Path) -> None:
    """Debian's cups-client and lprng exclude each other; apt would take lprng away without a question."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "dpkg-query").write_text(
        '#!/bin/sh\nfor last; do :; done; [ "$last" = lprng ] && echo installed || exit 1\n'
    )
    (programs / "id").write_text("#!/bin/sh\necho 1000\n")  # as root it would install what it says here
    for program in programs.iterdir():
        program.chmod(0o755)
    script = Path(__file__).parents[2] / "tools" / "packages.sh"
    environment = {"PATH": f"{programs}:/usr/bin:/bin"}
    for words, said in (("run", "ghostscript"), ("test", "another machine")):
        done = subprocess.run(["bash", script, words], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert said in done.stderr
        assert "cups-client" not in done.stderr

# SPDX-License-Identifier: Apache-2.0
"""pkbanner, run as a program with a hook's environment: what stands on the page, its language, hostile values."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pypdf
import pytest

from cli.site import AS_ROOT, OTHER_USER, SERVICE_USER, Site, module_of
from pagetoll.accounters.software.counter import SoftwareCounter

PROGRAM = "pkbanner"
JOB = {
    "PYKOTAUSERNAME": "anna",
    "PYKOTAPRINTERNAME": "hp4000",
    "PYKOTAJOBID": "271",
    "PYKOTATITLE": "Quarterly report",
    "PYKOTAFILENAME": "report.pdf",
    "PYKOTAPAGECOUNTER": "1234",
    "PYKOTAACTION": "ALLOW",
    "PYKOTALIMITBY": "quota",
    "PYKOTASOFTLIMIT": "2000",
    "PYKOTAHARDLIMIT": "2500",
    "PYKOTADATELIMIT": "None",
    "PYKOTABALANCE": "17.250",
}
STARTS = {
    "postscript": b"%!PS-Adobe-",
    "pdf": b"%PDF-",
    "pclxl": b"\x1b%-12345X@PJL",
    "pcl": b"\x1b",
    "pwg": b"RaS2PwgRaster\0",
}


@pytest.fixture(scope="module")
def counter() -> Iterator[SoftwareCounter]:
    made = SoftwareCounter()
    yield made
    made.close()


def banner(site: Site, *words: str | bytes, job: dict[str, str] | dict[bytes, bytes] = JOB) -> bytes:
    """What the program writes to standard output; nothing may stand on stderr."""
    environment = {os.fsencode(name): os.fsencode(value) for name, value in (site.environment | dict(job)).items()}
    done = subprocess.run(
        [sys.executable, "-m", module_of(PROGRAM), *words],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


def text(site: Site, *words: str | bytes, job: dict[str, str] | dict[bytes, bytes] = JOB) -> str:
    (page,) = pypdf.PdfReader(io.BytesIO(banner(site, "--language", "pdf", *words, job=job))).pages
    return page.extract_text()


def impressions(counter: SoftwareCounter, octets: bytes, tmp_path: Path) -> int:
    file = tmp_path / "banner"
    file.write_bytes(octets)
    with file.open("rb") as document:
        return counter.count(document.fileno()).impressions


def test_the_page_tells_the_jobs_story(shared_site: Site):
    shown = text(shared_site, "-u", "print.example.org", "see", "the help desk")
    expected = ("anna", "hp4000 - 271", "Quarterly report", "report.pdf", "1234", "Allowed", "2000", "2500")
    for value in (*expected, "see the help desk", "print.example.org"):
        assert value in shown
    assert "17.250" not in shown


@pytest.mark.parametrize(
    ("changed", "shown", "hidden"),
    [
        ({"PYKOTAACTION": "WARN"}, "Allowed with Warning", "Unknown"),
        ({"PYKOTAACTION": "DENY"}, "Denied", "Allowed"),
        ({"PYKOTAACTION": "PROBLEM"}, "Problem", "Allowed"),
        ({"PYKOTAACTION": "CANCEL"}, "Cancelled", "Allowed"),
        ({"PYKOTASTATUS": "CANCELLED"}, "Cancelled", "Allowed"),
        ({"PYKOTALIMITBY": "balance"}, "17.250", "2500"),
        ({"PYKOTALIMITBY": "noquota"}, "noquota", "2500"),
        ({"PYKOTATITLE": ""}, "Unknown", "Quarterly"),
    ],
    ids=lambda value: " ".join(value.values()) if isinstance(value, dict) else "",
)
def test_result_and_account_are_shown_as_they_are(
    shared_site: Site, changed: dict[str, str], shown: str, hidden: str
):
    found = text(shared_site, job=JOB | changed)
    assert shown in found
    assert hidden not in found


def test_without_a_job_all_is_unknown(shared_site: Site):
    assert text(shared_site, job={}).count("Unknown") >= 7


@pytest.mark.parametrize("language", STARTS)
def test_each_language_is_one_page_by_our_own_count(
    shared_site: Site, language: str, counter: SoftwareCounter, tmp_path: Path
):
    octets = banner(shared_site, "-L", language, "-s", "50")
    assert octets.startswith(STARTS[language])
    assert impressions(counter, octets, tmp_path) == 1


@pytest.mark.parametrize(
    ("document_format", "language"),
    [
        (None, "postscript"),
        ("application/vnd.cups-raw", "postscript"),
        ("application/vnd.cups-pdf", "pdf"),
        ("application/vnd.hp-PCL", "pcl"),
        ("image/pwg-raster", "pwg"),
    ],
)
def test_without_being_asked_the_page_is_in_the_language_of_its_job(
    shared_site: Site, document_format: str | None, language: str
):
    job = JOB if document_format is None else JOB | {"PAGETOLL_DOCUMENT_FORMAT": document_format}
    for words in ((), ("--language", "auto")):
        assert banner(shared_site, *words, job=job).startswith(STARTS[language])


def test_what_counting_found_is_the_language_of_the_page(shared_site: Site):
    job = JOB | {"PAGETOLL_DOCUMENT_FORMAT": "printer/hp4000", "PAGETOLL_DOCUMENT_LANGUAGE": "pclxl"}
    assert banner(shared_site, job=job).startswith(STARTS["pclxl"])


@pytest.mark.parametrize(
    ("document_format", "counted_as"), [("image/urf", ""), ("printer/x", ""), ("image/urf", "urf")]
)
def test_what_nobody_here_writes_gets_no_page(shared_site: Site, document_format: str, counted_as: str):
    job = JOB | {"PAGETOLL_DOCUMENT_FORMAT": document_format, "PAGETOLL_DOCUMENT_LANGUAGE": counted_as}
    done = subprocess.run(
        [sys.executable, "-m", module_of(PROGRAM)],
        env=shared_site.environment | job,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b"")
    named = repr(counted_as or document_format).encode()
    assert done.stderr.startswith(b"WARN: no banner: nothing here writes " + named)
    assert banner(shared_site, "-L", "pwg", job=job).startswith(STARTS["pwg"])


HOSTILE = [
    b"\xff\xfe\x80 title in no encoding",
    b"(showpage) showpage ) \\) quit \x1b%-12345X@PJL SET COPIES=9 \x04",
    b"\x1b[31m\r\n\t\xe2\x80\xae gnp.exe",
    "漢字 עברית \N{GRINNING FACE}".encode() * 500,
    b"A" * 100_000,
    b"word " * 20_000,
]


@pytest.mark.parametrize("language", ["pdf", "postscript", "pclxl"])
@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_values_leave_one_page_that_stands_behind_them(
    shared_site: Site, value: bytes, language: str, counter: SoftwareCounter, tmp_path: Path
):
    job = {name.encode(): value for name in JOB} | {b"PYKOTALIMITBY": b"balance", b"PYKOTABALANCE": b"17.250"}
    octets = banner(shared_site, "-L", language, "-u", value[:5000], value[:5000], job=job)
    assert impressions(counter, octets, tmp_path) == 1
    if language == "pdf":
        (page,) = pypdf.PdfReader(io.BytesIO(octets)).pages
        assert "17.250" in page.extract_text(), "the last row is on the page"


@pytest.mark.parametrize(
    ("words", "warning"),
    [
        (["-s", "100"], "invalid --savetoner '100'; 0 is used"),
        (["-s", "-1"], "invalid --savetoner '-1'; 0 is used"),
        (["-p", "huge"], "there is no paper 'huge' for this; A4 is used"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_value_that_is_none_is_warned_of_and_the_usual_one_is_used(
    shared_site: Site, words: list[str], warning: str
):
    done = shared_site.run(PROGRAM, *words)
    assert (done.status, done.err) == (0, f"WARN: {warning}\n")
    assert done.out.startswith("%!PS-Adobe-")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["-L", "esc/p"], "invalid --language 'esc/p': give one of auto, pdf, postscript, pclxl, pcl, pwg"),
        (["--colour"], "option --colour not recognized; see pkbanner --help"),
        (["-l", "/nowhere/logo.png"], "the logo /nowhere/logo.png cannot be read: No such file or directory; "),
        (["-l", __file__], f"the logo {__file__} cannot be read as a picture; "),
    ],
    ids=lambda value: " ".join(value)[:14] if isinstance(value, list) else "",
)
def test_wrong_words_are_refused_with_254(shared_site: Site, words: list[str], complaint: str):
    done = shared_site.run(PROGRAM, *words)
    assert (done.status, done.out) == (254, "")
    assert done.err.partition(" : ")[2].startswith(complaint), done.err


def test_without_ghostscript_it_says_what_is_missing_and_pdf_still_works(shared_site: Site):
    nothing = {"PATH": str(shared_site.folder)}
    done = shared_site.run(PROGRAM, **nothing)
    assert (done.status, done.out) == (255, "")
    assert done.err.endswith(
        " : there is no program gs to write a page in postscript with; install the package ghostscript\n"
    )
    assert banner(shared_site, "-L", "pdf", job=JOB | nothing).startswith(STARTS["pdf"])


@pytest.mark.skipif(not AS_ROOT, reason="only root can become other users")
@pytest.mark.parametrize("user", [SERVICE_USER, OTHER_USER])
def test_everybody_may_but_nobody_reads_a_logo_without_the_right(shared_site: Site, user: str):
    assert shared_site.run(PROGRAM, user=user).status == 0
    logo = shared_site.folder / "secret.png"
    logo.write_bytes(b"")
    logo.chmod(0o600)
    done = shared_site.run(PROGRAM, "-l", str(logo), user=user)
    assert (done.status, done.out) == (254, "")
    assert "Permission denied" in done.err


def test_an_interruption_ends_with_253(shared_site: Site):
    pipe = shared_site.folder / "arguments"
    os.mkfifo(pipe)
    process = shared_site.start(PROGRAM, "-A", str(pipe))
    with pipe.open("w"):
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (253, "")


@pytest.mark.skipif(not AS_ROOT, reason="only root gives up being root")
def test_root_needs_a_home_whose_owner_it_becomes(shared_site: Site):
    done = shared_site.run(PROGRAM, PAGETOLL_HOME="/nowhere/at/all")
    assert (done.status, done.out) == (255, "")
    assert "Traceback" not in done.err

# SPDX-License-Identifier: Apache-2.0
"""pkpgcounter: the old program's options and lines."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli.site import STARTED
from lab.documents import pdf_document, text_document
from pagetoll import __version__

INK = re.compile(rb"B : {2,3}\d{1,3}\.\d{6}%")


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    (tmp_path / "three.pdf").write_bytes(pdf_document(3))
    (tmp_path / "two.txt").write_bytes(text_document(2))
    (tmp_path / "noise").write_bytes(bytes(range(256)) * 8)
    head = b"\x1b%-12345X@PJL SET COPIES=4\r\n@PJL ENTER LANGUAGE=PDF\r\n"
    (tmp_path / "copies.prn").write_bytes(head + pdf_document(2))
    return tmp_path


def pkpgcounter(folder: Path, *words: str, document: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    program = [*STARTED, "pkpgcounter", *words]
    environment = {"PAGETOLL_HOME": "/nonexistent/home", "PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)}
    return subprocess.run(
        program, env=environment, cwd=folder, input=document, capture_output=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("words", "total"),
    [(["three.pdf"], 3), (["three.pdf", "two.txt"], 5), (["copies.prn"], 8), (["-", "two.txt"], 4), ([], 2)],
)
def test_one_number_stands_for_all_files(papers: Path, words: list[str], total: int):
    done = pkpgcounter(papers, *words, document=text_document(2))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"%d\n" % total, b"")


def test_a_file_that_cannot_be_counted_keeps_the_others(papers: Path):
    done = pkpgcounter(papers, "noise", "missing", "three.pdf")
    assert (done.returncode, done.stdout) == (1, b"3\n")
    first, second = done.stderr.decode().splitlines()
    assert first.startswith("ERROR: noise: ")
    assert second == "ERROR: missing: No such file or directory"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["-c", "gc"], "G : 100.000000%      C :   0.000000%"),
        (["--colorspace=GC", "-r", "100"], "G : 100.000000%      C :   0.000000%"),
    ],
)
def test_each_page_has_a_line_of_ink(papers: Path, words: list[str], line: str):
    done = pkpgcounter(papers, *words, "three.pdf")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == f"{line}\n" * 3


def test_black_ink_has_six_places(papers: Path):
    done = pkpgcounter(papers, "-c", "bw", "three.pdf", "three.pdf")
    lines = done.stdout.splitlines()
    assert len(lines) == 6
    assert all(INK.fullmatch(line) for line in lines)


def test_pages_whose_ink_cannot_be_measured_are_an_error(papers: Path):
    done = pkpgcounter(papers, "-c", "bw", "two.txt", "three.pdf")
    assert (done.returncode, len(done.stdout.splitlines())) == (1, 3)
    assert done.stderr == b"ERROR: two.txt: coverage of text is not known\n"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["-c", "lab", "x"], "the color space 'lab' is not known; choose from bw, rgb, cmyk, cmy, gc"),
        (["-r", "71", "x"], "the resolution '71' is not between 72 and 1200; give one such as 72"),
        (["-r", "ten", "x"], "the resolution 'ten' is not between 72 and 1200; give one such as 72"),
        (["--quick", "x"], "option --quick not recognized; see pkpgcounter --help"),
    ],
)
def test_wrong_words_are_refused(papers: Path, words: list[str], complaint: str):
    done = pkpgcounter(papers, *words)
    assert (done.returncode, done.stdout, done.stderr.decode()) == (2, b"", f"ERROR: {complaint}\n")


def test_help_version_and_debug(papers: Path):
    assert pkpgcounter(papers, "-h").stdout.startswith(b"usage: pkpgcounter [options] [files]\n")
    assert pkpgcounter(papers, "-v").stdout.decode() == f"{__version__}\n"
    done = pkpgcounter(papers, "-d", "copies.prn")
    assert done.stdout == b"8\n"
    assert done.stderr == b"DEBUG: copies.prn: pdf, 2 pages, 8 impressions, exact\n"

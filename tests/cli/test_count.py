# SPDX-License-Identifier: Apache-2.0
"""pagetoll count: tables for people, JSON lines for programs, and no file that ends the run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.site import SERVICE_USER, Site
from lab.documents import pdf_document, postscript_document, text_document

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root reads what is closed to all")


@pytest.fixture
def papers(shared_site: Site, tmp_path: Path) -> Path:
    """A folder with documents of known length, one file that is none, and one with a hostile name."""
    (tmp_path / "three.pdf").write_bytes(pdf_document(3))
    (tmp_path / "two.txt").write_bytes(text_document(2))
    (tmp_path / "noise").write_bytes(bytes(range(256)) * 8)
    (tmp_path / "a\x1b[2Jb.pdf").write_bytes(pdf_document(1))
    return tmp_path


def count(site: Site, folder: Path, *words: str, document: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    program = [sys.executable, "-m", "pagetoll.frontends.cli.pagetoll", "count", *words]
    return subprocess.run(
        program, env=site.environment, cwd=folder, input=document, capture_output=True, timeout=60, check=False
    )


def test_people_get_a_table_and_every_complaint(shared_site: Site, papers: Path):
    done = count(shared_site, papers, "three.pdf", "noise", "two.txt", "missing.pdf", "a\x1b[2Jb.pdf", ".")
    assert done.stdout.decode() == (
        "FILE           LANGUAGE  PAGES  COPIES  IMPRESSIONS  SHEETS  DUPLEX  COLOR  CONFIDENCE  FINDINGS\n"
        "three.pdf      pdf           3       1            3       3  none        ?  exact\n"
        "two.txt        text          2       1            2       2  none        0  estimated\n"
        "a\\x1b[2Jb.pdf  pdf           1       1            1       1  none        ?  exact\n"
    )
    complaints = done.stderr.decode().splitlines()
    assert complaints[0].startswith("pagetoll count: noise: ")
    assert complaints[1:] == [
        "pagetoll count: missing.pdf: No such file or directory",
        "pagetoll count: .: is a folder, no document",
    ]
    assert done.returncode == 1


def test_programs_get_a_json_object_a_file(shared_site: Site, papers: Path):
    done = count(shared_site, papers, "--json", "three.pdf", "missing.pdf")
    first, second = map(json.loads, done.stdout.splitlines())
    assert (done.returncode, done.stderr) == (1, b"")
    assert first == {
        "file": "three.pdf",
        "language": "pdf",
        "pages": 3,
        "copies": 1,
        "impressions": 3,
        "sheets": 3,
        "duplex": "none",
        "colour_pages": None,
        "mono_pages": None,
        "confidence": "exact",
        "findings": [],
        "error": None,
    }
    assert second == dict.fromkeys(first) | {
        "file": "missing.pdf",
        "findings": [],
        "error": "No such file or directory",
    }


@pytest.mark.parametrize("document", [pdf_document(2), postscript_document(2), text_document(2)])
def test_a_pipe_is_counted_like_a_file(shared_site: Site, tmp_path: Path, document: bytes):
    done = count(shared_site, tmp_path, "-J", "-", document=document)
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["impressions"] == 2


@needs_root
def test_root_opens_what_its_user_may_not_read(shared_site: Site, papers: Path):
    """The files are opened before root is given up; pytest's folders are closed to others anyway."""
    (papers / "three.pdf").chmod(0o600)
    done = count(shared_site, papers, "three.pdf")
    assert shared_site.home.owner() == SERVICE_USER
    assert (done.returncode, done.stderr) == (0, b"")


def test_it_needs_no_home(papers: Path, shared_site: Site):
    program = [sys.executable, "-m", "pagetoll.frontends.cli.pagetoll", "count", "-J", "three.pdf"]
    nowhere = shared_site.environment | {"PAGETOLL_HOME": "/nonexistent/home"}
    done = subprocess.run(program, env=nowhere, cwd=papers, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["pages"] == 3


def test_no_file_is_a_usage_error(shared_site: Site, tmp_path: Path):
    done = count(shared_site, tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"name the files to count, or - for standard input" in done.stderr

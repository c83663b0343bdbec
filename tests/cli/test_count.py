# SPDX-License-Identifier: Apache-2.0
"""pagetoll count: tables for people, JSON lines for programs, and no file that ends the run."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli.site import SERVICE_USER, Site
from lab.documents import pdf_document, postscript_document, text_document
from pagetoll.frontends.cli.count_rows import paper
from pagetoll.frontends.cli.count_words import FINDINGS
from pagetoll.frontends.cli.progress import Progress, bar
from pagetoll.integrations.printlab.processes import wait_until
from shape.tree import ROOT

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
        "FILE           LANGUAGE  PAGES  COPIES  IMPRESSIONS  SHEETS  DUPLEX  COLOR  MEDIA  CONFIDENCE  FINDINGS\n"
        "three.pdf      pdf           3       1            3       3  none        0  A4     exact\n"
        "two.txt        text          2       1            2       2  none        0  ?      estimated\n"
        "a\\x1b[2Jb.pdf  pdf           1       1            1       1  none        0  A4     exact\n"
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
        "colour_pages": 0,
        "mono_pages": 3,
        "media": {"A4": 3},
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
def test_a_pipe_without_an_end_leaves_room_on_the_disk(shared_site: Site, papers: Path):
    disk = papers / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m,mode=1777", "tmpfs", str(disk)], check=True)
    program = [sys.executable, "-m", "pagetoll.frontends.cli.pagetoll", "count", "-", "three.pdf"]
    environment, least_free = {**shared_site.environment, "TMPDIR": str(disk)}, 1.0
    try:
        with Path("/dev/zero").open("rb") as endless:
            counting = subprocess.Popen(
                program, env=environment, cwd=papers, stdin=endless, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            while counting.poll() is None:
                room = os.statvfs(disk)
                least_free = min(least_free, room.f_bavail / room.f_blocks)
            counted, complaints = counting.communicate()
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
    assert complaints.decode() == "pagetoll count: -: No space left on device\n"
    assert b"three.pdf" in counted, "the other files are counted"
    assert least_free > 0.03


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


def test_coverage_and_pages_are_shown_when_asked_for(shared_site: Site, papers: Path):
    done = count(shared_site, papers, "--coverage", "gc", "--pages", "--explain", "three.pdf")
    assert (done.returncode, done.stderr) == (0, b"")
    head, line, empty, name, pages_head, *pages = done.stdout.decode().splitlines()
    assert head.split()[-6:] == ["GRAYSCALE", "%", "COLORED", "%", "CONFIDENCE", "FINDINGS"]
    assert line.split()[-3:] == ["100.0000", "0.0000", "exact"]
    assert (empty, name) == ("", "three.pdf")
    assert pages_head.split() == ["PAGE", "COPIES", "DUPLEX", "COLOR", "MEDIA", "GRAYSCALE", "%", "COLORED", "%"]
    assert pages[1].split() == ["2", "1", "unstated", "mono", "A4", "100.0000", "0.0000"]
    assert pages[4].startswith("three.pdf: 3 impressions on 3 sheets. The whole data was read")
    assert pages[5] == f"  Part 1: pdf, 3 pages, ends at octet {(papers / 'three.pdf').stat().st_size}."


def test_programs_get_the_coverage_of_each_page(shared_site: Site, papers: Path):
    done = count(shared_site, papers, "-J", "-p", "-c", "bw", "three.pdf")
    found = json.loads(done.stdout)
    assert [(run["first"], run["last"], run["colour"]) for run in found["page_runs"]] == [
        (1, 1, False),
        (2, 2, False),
        (3, 3, False),
    ]
    inks = [run["coverage"]["black"] for run in found["page_runs"]]
    assert all(0.1 < ink < 1 for ink in inks)
    assert abs(found["coverage"]["black"] - sum(inks) / 3) < 0.0001


def test_coverage_that_is_not_known_is_said_and_the_others_are_measured(shared_site: Site, papers: Path):
    done = count(shared_site, papers, "-c", "bw", "two.txt", "three.pdf")
    assert done.returncode == 1
    assert done.stderr == b"pagetoll count: two.txt: coverage of text is not known\n"
    assert [line.split()[0] for line in done.stdout.decode().splitlines()] == ["FILE", "two.txt", "three.pdf"]
    done = count(shared_site, papers, "-J", "-c", "bw", "two.txt", "three.pdf")
    assert done.returncode == 1
    text, pdf = map(json.loads, done.stdout.splitlines())
    assert (text["impressions"], text["error"], text["coverage"]) == (2, None, None)
    assert (text["coverage_error"], pdf["coverage_error"]) == ("coverage of text is not known", None)


@pytest.mark.parametrize(("rule", "copies"), [(None, 3), ("inner_wins", 3), ("max", 5), ("product", 15)])
def test_copies_combine_by_the_rule_that_is_asked_for(
    shared_site: Site, tmp_path: Path, rule: str | None, copies: int
):
    job = b"\x1b%-12345X@PJL SET COPIES=5\r\n@PJL ENTER LANGUAGE=PCL\r\n\x1bE\x1b&l3Xtext\x0c\x1bE"
    words = () if rule is None else ("--copies-rule", rule)
    done = count(shared_site, tmp_path, "-J", *words, "-", document=job)
    assert json.loads(done.stdout)["impressions"] == copies


def test_equal_pages_stand_together(shared_site: Site, papers: Path):
    done = count(shared_site, papers, "--pages", "-J", "three.pdf", "two.txt")
    runs = [json.loads(line)["page_runs"] for line in done.stdout.splitlines()]
    assert [[(run["first"], run["last"]) for run in one] for one in runs] == [[(1, 3)], [(1, 2)]]


def test_without_looking_colors_are_what_the_data_says(shared_site: Site, papers: Path):
    done = count(shared_site, papers, "-J", "--no-color", "three.pdf", "two.txt")
    assert [json.loads(line)["colour_pages"] for line in done.stdout.splitlines()] == [None, 0]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["-c", "lab"], "'lab' is no color space; --coverage takes cmyk, cmy, rgb, bw, gc"),
        (["-r", "5"], "'5' is no resolution; --resolution takes 10 to 1200"),
        (["-R", "least"], "'least' is no rule for copies; --copies-rule takes inner_wins, max, product"),
        (["-n", "-C"], "--no-color does not go together with --color and --coverage; give one of them"),
    ],
)
def test_what_cannot_be_asked_is_said(shared_site: Site, papers: Path, words: list[str], complaint: str):
    done = count(shared_site, papers, *words, "three.pdf")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode() == f"pagetoll count: {complaint}\n"


def test_every_finding_of_the_reference_has_words():
    page = (ROOT / "docs/reference/languages.md").read_text(encoding="utf-8")
    table = page.partition("## Findings")[2]
    codes = {
        code
        for line in table.splitlines()
        for code in re.findall(r"`([a-z_]+)`", line.partition("|")[2].split("|")[0])
    }
    assert codes <= FINDINGS.keys()


@pytest.mark.parametrize(
    ("size_points", "name"),
    [
        ((595, 842), "A4"),
        ((842, 595), "A4"),
        ((612, 792), "Letter"),
        ((0, 0), None),
        ((283.46, 425.2), "100x150mm"),
    ],
)
def test_paper_has_the_name_that_people_know(size_points: tuple[float, float], name: str | None):
    assert paper(size_points) == name


def test_the_bar_fills_and_says_how_long_it_took():
    assert bar(0, 4, 1.2) == "[                        ]   0 %  1 s"
    assert bar(3, 4, 61) == "[##################      ]  75 %  61 s"
    assert bar(9, 4, 2) == "[########################] 100 %  2 s"


def test_the_bar_is_wiped_away_and_only_a_terminal_has_one(capsys: pytest.CaptureFixture[str]):
    with Progress(10):
        pass
    with Progress(10, shown=True) as progress:
        progress.advance(5)
        seen = [""]

        def drawn() -> bool:
            seen.append(capsys.readouterr().err)
            return "%" in "".join(seen)

        wait_until(drawn, 60, "the bar to be drawn")
    shown = "".join(seen) + capsys.readouterr().err
    assert shown.startswith("\r[############            ]  50 %")
    assert shown.endswith("\r\x1b[K")

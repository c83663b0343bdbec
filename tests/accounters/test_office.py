# SPDX-License-Identifier: Apache-2.0
"""Office documents laid out by a converter: what it is given, what it may do, and what stays when it fails."""

import io
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.documents import pdf_document
from pagetoll.accounters.software import office
from pagetoll.accounters.software.counter import PageLook, SoftwareCounter
from pagetoll.core.errors import UnknownLanguage
from pagetoll.core.usage import ColorClass, Confidence, Usage

SAMPLES = Path(__file__).parent.parent / "samples"
SAMPLE = SAMPLES / "docx/libreoffice-7.docx"
DECLARED_PAGES = 7
PYTHON = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
MAKES_PDF = """#!{python} -IS
import os, shutil, socket, sys
words = sys.argv[1:]
assert words[-5:-2] == ["--convert-to", "pdf", "--outdir"], words
assert "--headless" in words and words[0].startswith("-env:UserInstallation=file:///")
assert os.getuid() != 0 and "SECRET" not in os.environ
assert open(words[-1], "rb").read(2) == b"PK"
profile = words[0].partition("file://")[2]
assert "DisableMacrosExecution" in open(profile + "/user/registrymodifications.xcu").read()
assert sorted(name for _, name in socket.if_nameindex()) == ["lo"]
{then}
"""
COPIES = 'shutil.copy("{pdf}", words[-2] + "/document.pdf")'

needs_no_network = pytest.mark.skipif(
    shutil.which("unshare") is None or shutil.which("prlimit") is None, reason="util-linux is not installed"
)


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that the user who converts can enter, too."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def converted(folder: Path, then: str, sample: Path = SAMPLE) -> Usage:
    """The count of a sample with a converter that does `then` when it was called as it should be."""
    program = folder / "soffice"
    program.write_text(MAKES_PDF.format(python=PYTHON, then=then))
    program.chmod(0o755)
    counter = SoftwareCounter(libreoffice=str(program))
    try:
        with sample.open("rb") as document:
            return counter.count(document.fileno())
    finally:
        counter.close()


@needs_no_network
def test_the_pages_of_the_converted_document_count(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SECRET", "of the daemon")
    (folder / "made.pdf").write_bytes(pdf_document(9))
    usage = converted(folder, COPIES.format(pdf=folder / "made.pdf"))
    assert (usage.language, usage.impressions, usage.confidence) == ("docx", 9, Confidence.EXACT)
    assert [finding.code for finding in usage.findings] == ["laid_out"]


@needs_no_network
@pytest.mark.parametrize(
    "then",
    [
        "sys.exit(1)",
        "open(words[-2] + '/document.pdf', 'w').write('no PDF')",
        "os.symlink('/etc/passwd', words[-2] + '/document.pdf')",
        "os.mkfifo(words[-2] + '/document.pdf')",
    ],
)
def test_the_declared_number_stays_when_the_converter_fails(folder: Path, then: str):
    usage = converted(folder, then)
    assert (usage.language, usage.impressions, usage.confidence) == ("docx", DECLARED_PAGES, Confidence.ESTIMATED)


@needs_no_network
def test_a_converter_without_end_is_ended(folder: Path):
    program = folder / "soffice"
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o755)
    nobody = (65534, 65534) if os.getuid() == 0 else (os.getuid(), os.getgid())
    hurried = office.Office(str(program), nobody, time_limit_s=0.5)
    with SAMPLE.open("rb") as document, hurried.pdf(document.fileno(), "docx") as pdf:
        assert pdf is None


def test_without_libreoffice_the_declared_number_counts():
    counter = SoftwareCounter(libreoffice="/nonexistent/soffice")
    try:
        with SAMPLE.open("rb") as document:
            usage = counter.count(document.fileno())
    finally:
        counter.close()
    assert (usage.impressions, usage.confidence) == (DECLARED_PAGES, Confidence.ESTIMATED)


def workbook(kind: str) -> bytes:
    """As much of a workbook as tells that it is one."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as package:
        if kind == "ods":
            package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
            package.writestr("content.xml", "<office/>")
        else:
            package.writestr("[Content_Types].xml", CONTENT_TYPES)
            package.writestr("_rels/.rels", RELATIONS)
            package.writestr("xl/workbook.xml", "<workbook/>")
    return written.getvalue()


CONTENT_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>'
)


@needs_no_network
@pytest.mark.parametrize(("kind", "language"), [("ods", "odf"), ("xlsx", "xlsx")])
def test_a_workbook_has_the_pages_that_it_is_laid_out_on(folder: Path, kind: str, language: str):
    (folder / "made.pdf").write_bytes(pdf_document(3))
    document = folder / "book"
    document.write_bytes(workbook(kind))
    usage = converted(folder, COPIES.format(pdf=folder / "made.pdf"), document)
    assert (usage.language, usage.impressions, usage.confidence) == (language, 3, Confidence.EXACT)


@needs_no_network
def test_a_workbook_that_is_not_laid_out_has_no_number(folder: Path):
    document = folder / "book"
    document.write_bytes(workbook("ods"))
    with pytest.raises(UnknownLanguage, match="spreadsheet"):
        converted(folder, "sys.exit(1)", document)


LAID_OUT = [
    ("odf/libreoffice-7.odt", 7, [3]),
    ("odf/libreoffice-40.odt", 40, []),
    ("odf/libreoffice.ods", 4, []),
    ("docx/libreoffice-7.docx", 7, [3]),
    ("doc/libreoffice-7.doc", 7, [3]),
    ("rtf/libreoffice-1.rtf", 1, []),
]


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice (soffice) is not installed here")
@pytest.mark.parametrize(("name", "pages", "colored"), LAID_OUT)
def test_libreoffice_itself_lays_documents_out(name: str, pages: int, colored: list[int]):
    """The pages that the samples' writer had, which page is colored, and the ink of each."""
    counter = SoftwareCounter(pages_seen=True)
    try:
        with (SAMPLES / name).open("rb") as document:
            usage = counter.count(document.fileno(), look=PageLook("cmyk"))
    finally:
        counter.close()
    assert [finding.code for finding in usage.findings] == ["laid_out"]
    assert (usage.impressions, usage.confidence) == (pages, Confidence.EXACT)
    colors = [run.color for segment in usage.segments for run in segment.runs for _ in range(run.length)]
    assert [number for number, color in enumerate(colors, 1) if color is ColorClass.COLOR] == colored
    assert len([page for page in usage.coverage if page is not None]) == pages


@needs_no_network
def test_nothing_is_left_in_the_temporary_folder(folder: Path):
    (folder / "temporary").mkdir(mode=0o755)
    (folder / "made.pdf").write_bytes(pdf_document(2))
    before = tempfile.tempdir
    tempfile.tempdir = str(folder / "temporary")  # for this process and the children it forks
    try:
        assert converted(folder, COPIES.format(pdf=folder / "made.pdf")).impressions == 2
    finally:
        tempfile.tempdir = before
    assert list((folder / "temporary").iterdir()) == []

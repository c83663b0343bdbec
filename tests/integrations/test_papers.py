# SPDX-License-Identifier: Apache-2.0
"""Printed pages: what stands on them, whatever names and pictures are like; each is one page in each language."""

import io
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import pypdf
import pypdfium2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from pagetoll.accounters.software.counter import SoftwareCounter
from pagetoll.core.errors import UsageError
from pagetoll.core.sheets import A4, PaperSize, Sheet, SheetRow, paper_size
from pagetoll.integrations.papers.banners import banner_for, language_of
from pagetoll.integrations.papers.fonts import faces, faces_from
from pagetoll.integrations.papers.ghostscript import LANGUAGES, ConversionFailed, PageLanguage, convert, possible
from pagetoll.integrations.papers.logo import DRAWN_PIXELS_MAX, read_logo
from pagetoll.integrations.papers.pdf import Look, Mark, draw, wrapped

SHEET = Sheet(
    "Invoice for print jobs",
    (SheetRow("Invoice", "#7", strong=True), SheetRow("Username", "anna"), SheetRow("Amount due", "1.250 EUR")),
    details=("first detail", "second detail"),
    footer="at the bottom",
)
HOSTILE = (
    "W" * 5000,
    "word " * 3000,
    "\x1b[31m\x00\r\n\u202e evil",
    "漢字 العربية \U0001f600 \udcff",
    "(unbalanced \\) ) showpage (",
    "",
    "-" * 200 + " " + "é" * 900,
)


def pages_of(document: bytes) -> list[pypdf.PageObject]:
    return list(pypdf.PdfReader(io.BytesIO(document)).pages)


def text_of(document: bytes) -> str:
    return "\n".join(page.extract_text() for page in pages_of(document))


def picture(form: str = "PNG", size: tuple[int, int] = (40, 20), mode: str = "RGB") -> bytes:
    octets = io.BytesIO()
    Image.new(mode, size, "red" if mode != "P" else 1).save(octets, form)
    return octets.getvalue()


@pytest.fixture(scope="module")
def counter() -> Iterator[SoftwareCounter]:
    made = SoftwareCounter()
    yield made
    made.close()


def counted(counter: SoftwareCounter, octets: bytes, tmp_path: Path) -> tuple[int, int]:
    """Input pages and impressions by our own counter."""
    file = tmp_path / "page"
    file.write_bytes(octets)
    with file.open("rb") as document:
        usage = counter.count(document.fileno())
    return usage.input_pages, usage.impressions


def test_every_text_of_a_sheet_stands_on_its_page():
    text = text_of(draw([SHEET], Look(), title="Invoices"))
    for expected in (SHEET.title, "#7", "anna", "1.250 EUR", *SHEET.details, SHEET.footer):
        assert expected in text


def test_the_same_sheets_make_the_same_octets_and_each_is_a_page():
    documents = {draw([SHEET, SHEET, SHEET], Look(), title="x") for _ in range(2)}
    assert len(documents) == 1
    assert len(pages_of(documents.pop())) == 3


@pytest.mark.parametrize("size", ["A7", "a5", "Letter", "iso_a3_297x420mm", "na_ledger_11x17in", "ledger"])
def test_a_page_is_as_large_as_its_paper(size: str):
    paper = paper_size(size)
    assert paper is not None
    (page,) = pages_of(draw([SHEET], Look(paper=paper), title="x"))
    wanted = [side / 2540 * 72 for side in (paper.width_hundredths_mm, paper.height_hundredths_mm)]
    assert [float(page.mediabox.width), float(page.mediabox.height)] == pytest.approx(wanted, abs=0.01)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("A4", (21000, 29700)),
        (" letter ", (21590, 27940)),
        ("gov-letter", (20320, 26670)),
        ("na_letter_8.5x11in", (21590, 27940)),
        ("om_small-photo_100x150mm", (10000, 15000)),
        ("iso_a9_37x52mm", None),
        ("custom_9000x9000mm", None),
        ("custom_0x0mm", None),
        ("A99", None),
        ("", None),
        ("custom_" + "1" * 5000 + "x1mm", None),
    ],
)
def test_paper_is_found_by_its_names(name: str, size: tuple[int, int] | None):
    assert paper_size(name) == (None if size is None else PaperSize(*size))


@pytest.mark.parametrize("paper", ["a7", "a4", "a0"])
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_leave_one_page_with_the_rows_behind_them(text: str, paper: str):
    rows = (*(SheetRow(text, text, strong=strong) for strong in (False, True)), SheetRow("Last row", "still here"))
    found = paper_size(paper)
    assert found is not None
    document = draw([Sheet(text, rows * 3, (text,) * 400, text)], Look(paper=found), title=text)
    (page,) = pages_of(document)
    assert page.extract_text().count("still here") == 3


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=300), st.integers(10, 400), st.integers(1, 5))
def test_no_line_is_wider_than_asked(text: str, width_pt: int, most_lines: int):
    face = faces().plain
    lines = wrapped(face, text, 10.0, float(width_pt), most_lines)
    assert 1 <= len(lines) <= most_lines
    # A single character may be wider than the line, and so may it with the dots behind it.
    widest_pt = 2 * max(face.width_pt(sign, 10.0) for sign in (*(face.safe(text) or " "), "…"))
    assert all(face.width_pt(line, 10.0) <= max(width_pt, widest_pt) for line in lines)


def test_more_details_than_fit_are_told_by_their_number():
    document = draw([Sheet("t", (), tuple(f"detail {number}" for number in range(1000)))], Look(), title="x")
    text = text_of(document)
    shown = sum(line.startswith("detail ") for line in text.splitlines())
    assert 0 < shown < 1000
    assert f"… and {1000 - shown} more" in text or f"and {1000 - shown} more" in text


@pytest.mark.parametrize(
    ("form", "mode"), [("PNG", "RGBA"), ("PNG", "1"), ("JPEG", "RGB"), ("JPEG", "CMYK"), ("GIF", "P"), ("BMP", "RGB")]
)
def test_a_logo_of_any_kind_becomes_a_picture_on_the_page(form: str, mode: str):
    logo = read_logo(picture(form, mode=mode) if mode != "1" else one_bit(), "logo")
    (page,) = pages_of(draw([SHEET], Look(logo=logo), title="x"))
    assert len(page.images) == 1


def one_bit() -> bytes:
    octets = io.BytesIO()
    Image.new("1", (9, 9)).save(octets, "PNG")
    return octets.getvalue()


@pytest.mark.parametrize("size", [(1, 20_000), (20_000, 1), (5000, 3000)])
def test_a_logo_of_odd_shape_is_scaled_to_the_page(size: tuple[int, int]):
    logo = read_logo(picture(size=size), "logo")
    assert max(logo.size) <= max(DRAWN_PIXELS_MAX)
    assert "1.250 EUR" in text_of(draw([SHEET], Look(logo=logo), title="x"))


def declared(width: int, height: int) -> bytes:
    """The head of a PNG that says how large it is, and little behind it."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))


@pytest.mark.parametrize(
    ("octets", "complaint"),
    [
        (b"", "cannot be read as a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "cannot be read as a picture"),
        (picture()[:60], "cannot be read as a picture"),
        (b"\xff\xd8\xff" + b"x" * 400, "cannot be read as a picture"),
        (picture("TIFF"), "cannot be read as a picture"),
        (declared(6_000, 6_000), "has too many pixels; scale it down"),
        (declared(60_000, 60_000), "has too many pixels; scale it down"),
        (declared(2_000_000_000, 2_000_000_000), "pixels; scale it down"),
    ],
    ids=["empty", "eps", "cut", "not-jpeg", "tiff", "large", "bomb", "huge-bomb"],
)
def test_what_is_no_logo_is_refused_by_name(octets: bytes, complaint: str):
    with pytest.raises(UsageError, match=r"^the logo mine\.png ") as caught:
        read_logo(octets, "mine.png")
    assert complaint in str(caught.value)


@pytest.mark.parametrize("text", [SHEET.rows[1].value, *HOSTILE], ids=range(len(HOSTILE) + 1))
@pytest.mark.parametrize("language", LANGUAGES.values(), ids=list(LANGUAGES))
def test_a_banner_is_counted_as_one_page_in_every_language(
    language: PageLanguage, text: str, counter: SoftwareCounter, tmp_path: Path
):
    sheet = Sheet(text, (SheetRow("Title", text), SheetRow(text, "x")), footer=text)
    octets = banner_for(language.media_type, sheet, Look(lighter_percent=40))
    assert octets is not None
    assert counted(counter, octets, tmp_path) == (1, 1)


@pytest.mark.parametrize(
    ("formats", "name"),
    [
        (["application/postscript", "application/pdf"], "pdf"),
        (["image/pwg-raster", "application/vnd.hp-PCL"], "pcl"),
        (["image/pwg-raster", "application/vnd.hp-PCLXL; charset=utf-8"], "pclxl"),
        (["image/urf", "image/pwg-raster"], "pwg"),
        (["image/urf", "application/octet-stream"], None),
        ([], None),
    ],
)
def test_the_best_language_that_the_printer_takes_is_chosen(formats: list[str], name: str | None):
    found = possible(formats)
    assert (found and found.name) == name


@pytest.mark.parametrize(
    ("document_format", "starts"),
    [
        ("application/vnd.cups-postscript", b"%!PS"),
        ("Application/PostScript; charset=x", b"%!PS"),
        ("application/vnd.cups-pdf", b"%PDF"),
        ("image/pwg-raster", b"RaS2"),
        ("printer/laser", None),
        ("application/vnd.cups-raw", b"%!PS"),
        ("", b"%!PS"),
        ("image/urf", None),
        ("text/plain", None),
    ],
)
def test_a_banner_is_in_the_language_of_the_job_it_goes_with(document_format: str, starts: bytes | None):
    octets = banner_for(document_format, SHEET)
    assert (None if octets is None else octets[:4]) == starts


@pytest.mark.parametrize(
    ("counted_as", "name"),
    [("ps", "postscript"), ("pdf", "pdf"), ("pcl5", "pcl"), ("pclxl", "pclxl"), ("pwg", "pwg"), ("zjs", None)],
)
def test_what_counting_found_is_believed_before_the_type(counted_as: str, name: str | None):
    for document_format in ("printer/laser", "application/vnd.cups-postscript", ""):
        found = language_of(document_format, counted_as)
        assert (found and found.name) == name


def test_without_ghostscript_only_pdf_is_left(tmp_path: Path):
    nothing = str(tmp_path)
    assert possible(["application/postscript"], search_path=nothing) is None
    found = possible(["application/postscript", "application/pdf"], search_path=nothing)
    assert found == LANGUAGES["pdf"]
    with pytest.raises(ConversionFailed, match="install the package ghostscript"):
        convert(b"%PDF", LANGUAGES["pcl"], executable="no-such-gs")


def test_what_ghostscript_says_of_a_failure_is_told():
    with pytest.raises(ConversionFailed, match=r"wrote no none \(status 1: .*ndevice"):
        convert(draw([SHEET], Look(), title="x"), PageLanguage("none", "x/y", ("-sDEVICE=nondevice",)))
    with pytest.raises(ConversionFailed, match="status 1"):
        convert(b"this is no PDF document", LANGUAGES["pclxl"])


@pytest.mark.parametrize("logo", [Mark(), None], ids=["mark", "none"])
def test_a_saved_toner_percentage_makes_the_page_lighter(logo: Mark | None):
    documents = [draw([SHEET], Look(logo=logo, lighter_percent=percent), title="x") for percent in (0, 60)]
    inks = [ink(document) for document in documents]
    assert inks[1] < 0.6 * inks[0]


def ink(document: bytes) -> int:
    """How dark the page is, drawn by pdfium."""
    with pypdfium2.PdfDocument(document) as opened:
        grey = opened[0].render(scale=1).to_pil().convert("L")
    histogram = grey.histogram()
    return sum((255 - level) * number for level, number in enumerate(histogram))


def test_nothing_of_the_callers_home_or_environment_changes_how_pages_are_drawn(tmp_path: Path):
    for place in (".reportlab_mods", ".reportlab_settings", "reportlab_mods.py", "reportlab_settings.py"):
        (tmp_path / place).write_text(f"open({str(tmp_path / 'obeyed')!r}, 'w')\npageCompression = 0\n")
    program = (
        "import sys\n"
        "from pagetoll.core.sheets import Sheet\n"
        "from pagetoll.integrations.papers.pdf import Look, draw\n"
        "from reportlab import rl_config\n"
        "assert rl_config.invariant == 0 and rl_config.pageCompression == 1\n"
        "sys.stdout.buffer.write(draw([Sheet('t', ())], Look(), title='t'))\n"
    )
    environment = {"PYTHONPATH": ":".join([*sys.path, str(tmp_path)]), "HOME": str(tmp_path), "RL_invariant": "1"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
    assert done.stdout == draw([Sheet("t", ())], Look(), title="t")
    assert not (tmp_path / "obeyed").exists()


def test_commands_that_draw_nothing_do_not_load_reportlab():
    program = "import sys, pagetoll.frontends.pykota.pkinvoice, pagetoll.frontends.pykota.pkbanner\n"
    program += "sys.exit('reportlab' in sys.modules or 'PIL' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": ":".join(sys.path)}, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("content", [None, b"this is no font"], ids=["missing", "broken"])
def test_without_dejavu_latin_letters_are_still_shown(content: bytes | None, tmp_path: Path):
    if content is not None:
        for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"):
            (tmp_path / name).write_bytes(content)
    found = faces_from([tmp_path])
    assert (found.plain.name, found.bold.name) == ("Vera", "VeraBd")
    assert found.plain.safe("Évé Müller 漢\x1b") == "Évé Müller ??"
    assert found.bold.width_pt("W", 10.0) > found.plain.width_pt("i", 10.0) > 0


def test_the_usual_paper_is_a4():
    assert Look().paper == A4 == paper_size("A4")

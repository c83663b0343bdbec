# SPDX-License-Identifier: Apache-2.0
"""PJL, plain text and streams of several documents."""

import io
import itertools
import mmap

import pytest

from languages.rendering import SAMPLES, Ghostscript
from pagetoll.core.copies import apply_spooler
from pagetoll.core.errors import DocumentError, UnknownLanguage
from pagetoll.core.usage import ColorClass, Confidence
from pagetoll.languages import Limits, TextLayout, count

UEL = b"\x1b%-12345X"
PS = b"%!PS\nshowpage showpage showpage showpage showpage\n"
PXL = b") HP-PCL XL;3;0;test\n\x41" + b"\x43\xc1\x02\x00\xf8\x31\x44" * 5 + b"\x42"


def wrapped(lines: bytes, document: bytes = PS) -> bytes:
    return UEL + lines + b"\n" + document + UEL


@pytest.mark.parametrize(
    ("lines", "document", "impressions", "finding"),
    [
        (b"@PJL SET COPIES=3\r\n@PJL SET QTY=1", PS, 15, None),
        (b"@pjl set copies = 3", PS, 15, None),
        (b"@PJL SET QTY=3", PS, 15, None),
        (b"@PJL SET QTY=3\n@PJL SET COPIES=2", PS, 30, None),
        (b"@PJL SET QTY=3\n@PJL SET COPIES=3", PS, 15, "copies_in_two_places"),
        (b"@PJL SET COPIES=3", PXL, 10, None),
        (b"@PJL SET QTY=3", PXL, 30, None),
        (b"@PJL SET QTY=2", PXL, 10, "copies_in_two_places"),
        (b'@PJL COMMENT "x"\n@PJL SET COPIES=9', PS, 45, None),
        (b'@PJL COMMENT @PJL SET COPIES=9\n@PJL JOB NAME="@PJL SET COPIES=9"', PS, 5, None),
        (b"@PJL DEFAULT COPIES=7", PS, 5, "default_changed"),
        (b"@PJL DEFAULT COPIES=7\n" + UEL + b"@PJL", PS, 35, "default_changed"),
        (b"@PJL DEFAULT COPIES=7\n@PJL JOB", PS, 35, "default_changed"),
        (b"@PJL DEFAULT COPIES=7\n@PJL RESET", PS, 35, "default_changed"),
        (b"@PJL DEFAULT COPIES=7\n@PJL SET COPIES=2", PS, 10, "default_changed"),
        (b"@PJL SET COPIES=4\n" + UEL + b"@PJL", PS, 5, None),
        (b"@PJL SET LPARM:POSTSCRIPT COPIES=2", PS, 10, None),
        (b"@PJL SET HOLD=STORE", PS, 5, "held_job"),
        (b"@PJL SET SLIPSHEET=ON", PS, 5, "extra_sheets_requested"),
        (b"@PJL SET COPIES=0", PS, 5, None),
        (b"@PJL SET COPIES=2\n@PJL SET COPIES=0\n@PJL SET QTY=0", PS, 10, None),
        (b"@PJL SET COPIES=5000", PS, 25000, "many_copies"),
        (b"@PJL SET COPIES" + b" " * 99 + b"=" + b"\t" * 99 + b"2", PS, 10, None),
        (b"@PJL SET" + b" " * 70_000 + b"COPIES=2", PS, 10, None),
        (b"@PJL SET COPIES=+2", PS, 10, None),
        (b"@PJL SET COPIES=2.0", PS, 10, None),
        (b"@PJL SET COPIES=" + b"0" * 99 + b"2", PS, 10, None),
        (b"@PJL SET QTY=" + b"0" * 99 + b"2", PS, 10, None),
        (
            b'@PJL FSDOWNLOAD FORMAT:BINARY SIZE=21 NAME="0:x"\n@PJL SET COPIES=8   \n\n@PJL',
            PS,
            5,
            "filesystem_access",
        ),
        (b"@PJL ENTER LANGUAGE=PCL", PXL, 10, None),
    ],
)
def test_copies_of_the_wrapper_and_the_document_combine(
    lines: bytes, document: bytes, impressions: int, finding: str | None
) -> None:
    usage = count(wrapped(lines, document))
    assert usage.impressions == impressions
    assert finding is None or finding in [found.code for found in usage.findings]


def test_each_job_of_a_stream_has_its_own_settings() -> None:
    two = b"%!PS\nshowpage showpage\n"
    usage = count(wrapped(b"@PJL SET COPIES=2", two) + wrapped(b"@PJL SET COPIES=1", two))
    assert [segment.impressions for segment in usage.segments] == [4, 2]


XPIF = (
    b'<?xml version="1.0"?>\n<!DOCTYPE xpif SYSTEM "xpif-v02.dtd">\n<xpif version="1.0"><job-template-attributes>'
    b'<copies syntax="integer">3</copies><sides syntax="keyword">two-sided-long-edge</sides>'
    b"</job-template-attributes></xpif>\n"
)


@pytest.mark.parametrize("ticket", [XPIF, wrapped(b"@PJL ENTER LANGUAGE=XPIF", XPIF)], ids=["alone", "behind PJL"])
def test_a_ticket_before_a_document_states_copies_and_sides(ticket: bytes) -> None:
    totals = apply_spooler(count(ticket + PS))
    assert (totals.impressions, totals.media_sheets) == (15, 9)
    assert count(ticket + PS + wrapped(b"@PJL")).impressions == 20


@pytest.mark.parametrize("octets", [XPIF, XPIF + b"words\n", XPIF.replace(b"</xpif>", b"") + PS])
def test_a_ticket_without_a_document_is_markup(octets: bytes) -> None:
    with pytest.raises(UnknownLanguage, match="markup"):
        count(octets)


@pytest.mark.parametrize(
    "copies",
    [
        b"<!-- <copies>1</copies> --><copies>50</copies>",
        b"<!-- <copies>1</copies> -->",
        b"<!-- <sides>two-sided-long-edge</sides> --><copies>1</copies>",
        b"<copies>1</copies><copies>50</copies>",
        b"<copies>&#53;0</copies>",
        b"<copies><![CDATA[50]]></copies>",
        b"<copies>5<!-- -->0</copies>",
        b"<copies>50</copies >",
        b"<x:copies>50</x:copies>",
        b"<copies>5000000000</copies>",
        b"<![CDATA[<copies>1</copies></xpif>%!]]><any>50</any>",
        b"--> <!-- </xpif>%! --><copies>50</copies>",
        b"<!--></xpif>%! --><copies>50</copies>",
        b"<?any </xpif>%! ?><copies>50</copies>",
    ],
)
@pytest.mark.parametrize("head", [b'<?xml version="1.0"?>\n', b""])
def test_a_ticket_whose_copies_may_be_more_than_we_read_is_not_counted(head: bytes, copies: bytes) -> None:
    with pytest.raises(UnknownLanguage, match="markup"):
        count(head + b"<xpif>" + copies + b"</xpif>\n" + PS)


@pytest.mark.parametrize("ticket", [b"<!-- any --><copies>2</copies>", b"<?any words?><copies>2</copies><!-- -->"])
def test_a_ticket_may_have_remarks(ticket: bytes) -> None:
    assert count(b"<xpif>" + ticket + b"</xpif>\n" + PS).impressions == 10


@pytest.mark.parametrize("copies", [b"3", b"+3", b"3.0", b"0" * 99 + b"3"])
def test_copies_of_a_block_of_settings_are_read_as_printers_read_them(copies: bytes) -> None:
    assert count(b"!R! COPY " + copies + b"; EXIT;" + PS).impressions == 15


def test_sides_that_are_stated_twice_save_no_sheet() -> None:
    ticket = (
        b"<xpif><sides>two-sided-long-edge</sides><page-overrides><sides>one-sided</sides></page-overrides></xpif>"
    )
    assert apply_spooler(count(ticket + PS)).media_sheets == 5


def test_sets_last_until_the_job_ends() -> None:
    inner = b"@PJL ENTER LANGUAGE=POSTSCRIPT\n" + PS
    job = UEL + b"@PJL JOB\n@PJL SET QTY=2\n" + inner + UEL + inner + UEL + b"@PJL EOJ\n" + UEL + inner
    assert [segment.sets for segment in count(job).segments] == [2, 2, 1]


def test_a_wish_for_grey_makes_every_page_mono() -> None:
    document = b"%!PS\n1 0 0 setrgbcolor 10 10 80 80 rectfill showpage\n"
    assert apply_spooler(count(document)).impressions_mono is None
    assert apply_spooler(count(wrapped(b"@PJL SET RENDERMODE=GRAYSCALE", document))).impressions_mono == 1


def test_a_last_pjl_line_may_end_at_an_escape() -> None:
    assert count(UEL + b"@PJL SET COPIES=2" + UEL + PS).impressions == 5


@pytest.mark.parametrize("prefix", [b"@PJL SET JOBATTR=", b"@PJL COMMENT ", b"@PJL "])
def test_a_long_pjl_line_is_no_text(prefix: bytes) -> None:
    usage = count(UEL + prefix + b"a" * 200_000 + b"\r\n@PJL SET COPIES=2\r\n" + PS + UEL)
    assert (usage.language, usage.impressions, usage.confidence) == ("pjl-ps", 10, Confidence.EXACT)


def test_padding_before_the_document_is_stepped_over() -> None:
    assert count(b"\0" * 11000 + b"\x04\x1bE" + UEL + b"@PJL\r\n" + PXL).impressions == 10


def test_a_command_file_prints_nothing() -> None:
    usage = count(b"#CUPS-COMMAND\nClean all\n")
    assert (usage.impressions, usage.confidence) == (0, Confidence.EXACT)


@pytest.mark.parametrize(
    "hidden",
    [
        b"ReportLevels\n\x1bE" + b"page\f" * 9 + b"\x1bE",
        b"\x1b%-12345X@PJL ENTER LANGUAGE=PCL\n\x1bEpage\f\x1bE",
        b"Clean all\n" * 61,
        b"# " + b"x" * 5000 + b"\n",
        b"page\x0cpage\x0c",
    ],
    ids=["pcl", "pjl", "many lines", "long", "form feeds"],
)
def test_nothing_is_printed_free_behind_the_first_line_of_a_command_file(hidden: bytes) -> None:
    try:
        usage = count(b"#CUPS-COMMAND\n" + hidden)
    except DocumentError:
        return
    assert usage.language != "cups-command"
    assert usage.impressions > 0


def test_an_empty_stream_has_no_pages_and_no_language() -> None:
    usage = count(b"")
    assert (usage.impressions, usage.confidence, usage.language) == (0, Confidence.UNKNOWN, "unknown")


def test_a_broken_second_document_leaves_a_lower_bound() -> None:
    usage = count(wrapped(b"@PJL", PS) + wrapped(b"@PJL", b"\x01\x02\x03 nothing known"))
    assert (usage.impressions, usage.confidence) == (5, Confidence.AT_LEAST)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"a line\n" * 60, 1),
        (b"a line\n" * 61, 2),
        (b"a line\r\n" * 130, 3),
        (b"a line\n" * 60 + b"\f", 1),
        (b"one\ftwo\f", 2),
        (b"one\f\ftwo", 3),
        (b"one\n\f\n\n\n", 1),
        (b"x" * 81 * 60, 2),
        (b"over\rprint\n" * 60, 1),
        (b"b\bbo\bol\bld\bd\n" * 60, 1),
        (("ä" * 80 + "\n").encode() * 60, 1),
        (("語" * 41 + "\n").encode() * 60, 2),
        ("Grüße\n".encode("latin-1") * 10, 1),
    ],
)
def test_text_is_laid_out(text: bytes, expected: int) -> None:
    usage = count(text)
    assert (usage.impressions, usage.confidence, usage.language) == (expected, Confidence.ESTIMATED, "text")
    assert {run.color for segment in usage.segments for run in segment.runs} == {ColorClass.MONO}


def test_a_printer_that_cuts_long_lines_needs_no_second_row() -> None:
    assert count((b"x" * 500 + b"\n") * 60, text_layout=TextLayout(wrap=False)).impressions == 1


@pytest.mark.parametrize(
    "octets",
    [
        b"IN;SP1;PA100,100;PD;",
        b"^XA^FO50,50^FDx^FS^XZ",
        b"<html><body>page</body></html>",
        b"<?xml version='1.0'?>",
        b"{\\rtf1 words}",
        b"P1\n2 2\n0 1 1 0\n",
        b"#PDF-BANNER\ntemplate x.pdf\n",
        b"words\n\x1b&l1Xmore words\n",
        b"words\x00words\n",
        bytes(range(128, 256)) * 20,
    ],
)
def test_what_only_looks_like_text_is_not_called_text(octets: bytes) -> None:
    try:
        language = count(octets).language
    except UnknownLanguage:
        return
    assert language != "text"


@pytest.mark.parametrize("image", [b"P1\n# words\n3 2\n1 0 1\n010\n", b"P2\n2 1\n255\n7 9\n", b"P3 1 1 255 1 2 3\n"])
def test_small_pictures_coded_as_text_are_no_text(image: bytes) -> None:
    for number in (1, 2, 40):
        usage = count(image * number)
        assert (usage.language, usage.input_pages, usage.confidence) == ("pnm", number, Confidence.EXACT)
    assert count(image + b"P1 is a room\n").language == "text"


@pytest.mark.parametrize(
    "line", [b"IP-addresses of the school\n", b"P1 is a room\n", b"SIZE 10 shoes\n", b"! 1 mind\n"]
)
def test_text_that_begins_like_a_language_stays_text(line: bytes) -> None:
    assert count(line).language == "text"


def test_text_behind_another_document_is_counted_too() -> None:
    usage = count(wrapped(b"@PJL", PS) + b"words\n" * 61)
    assert [segment.impressions for segment in usage.segments] == [5, 2]


@pytest.mark.parametrize("kind", [bytearray, memoryview, io.BytesIO])
def test_octets_may_come_in_any_shape(kind: type) -> None:
    assert count(kind(wrapped(b"@PJL", PS))).impressions == 5


@pytest.mark.parametrize("name", ["pdf/hand-deep-tree.pdf", "ps/hand-forall.ps", "urf/gs-urf-five-dup.urf"])
def test_a_memory_map_is_read_and_can_be_closed_again(name: str) -> None:
    path = SAMPLES / name
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped:
        usage = count(mapped, render_postscript=Ghostscript())
    assert usage == count(path.read_bytes(), render_postscript=Ghostscript())


def test_a_stream_of_very_many_jobs_is_cut_off_in_time() -> None:
    ticks = itertools.count()
    limits = Limits(timeout_s=50, clock=lambda: float(next(ticks)))
    usage = count(b"%!PS\nshowpage\n\x04" * 1000, limits=limits)
    assert (usage.confidence, [finding.code for finding in usage.findings]) == (Confidence.AT_LEAST, ["limit"])
    assert 10 < usage.impressions < 100


def test_the_clock_of_the_caller_ends_a_count() -> None:
    ticks = itertools.count()
    limits = Limits(timeout_s=3.0, clock=lambda: float(next(ticks)))
    usage = count((SAMPLES / "urf/gs-urf-forty.urf").read_bytes(), limits=limits)
    assert usage.confidence is Confidence.AT_LEAST
    assert 0 < usage.impressions < 40


@pytest.mark.parametrize(
    "job", [b"%!PS\n" + b"9 9 moveto (words) show showpage\n" * 9000, b"\x1bE" + b"words\x0c" * 9000 + b"\x1bE"]
)
def test_the_clock_ends_the_count_of_many_small_pages(job: bytes) -> None:
    ticks = itertools.count()
    usage = count(job, limits=Limits(timeout_s=4.0, clock=lambda: float(next(ticks))))
    assert (usage.confidence, [finding.code for finding in usage.findings]) == (Confidence.AT_LEAST, ["limit"])
    assert 0 < usage.impressions < 9000


def test_a_limit_of_pages_leaves_a_lower_bound() -> None:
    usage = count((SAMPLES / "pclxl/gs-pxlcolor-long.pxl").read_bytes(), limits=Limits(input_pages=100))
    assert (usage.input_pages, usage.confidence) == (100, Confidence.AT_LEAST)


def test_an_announced_language_that_is_not_there_is_no_text() -> None:
    with pytest.raises(DocumentError):
        count(wrapped(b"@PJL ENTER LANGUAGE=PCLXL", b"words of a PCL XL job\n"))


@pytest.mark.parametrize("name", ["COPIES", "QTY"])
def test_copies_too_many_for_any_number_are_never_one_copy(name: str) -> None:
    job = (
        b"\x1b%%-12345X@PJL SET %b=4000000000\r\n@PJL ENTER LANGUAGE=POSTSCRIPT\r\n%%!PS\nshowpage\n" % name.encode()
    )
    usage = count(job)
    assert usage.impressions == 999_999_999
    assert "many_copies" in {finding.code for finding in usage.findings}

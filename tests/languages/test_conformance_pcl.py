# SPDX-License-Identifier: Apache-2.0
"""Conformance cases for PCL, plotters and their wrappers."""

import itertools
import random

import pytest

from pagetoll.core.copies import apply_spooler
from pagetoll.core.errors import DocumentError, MalformedDocument, UnknownLanguage
from pagetoll.core.usage import ColorClass, Confidence, Duplex, Usage
from pagetoll.languages import Limits, count
from pagetoll.languages.copies import CopiesRule

EXIT = b"\x1b%-12345X"
PAGE = b"some words\r\n\f"
ROW = b"\x1b*b3W\xff\x0c\xff"
RASTER = b"\x1b*t300R\x1b*r1A" + ROW * 4 + b"\x1b*rB"


def pcl(body: bytes) -> bytes:
    return b"\x1bE" + body + b"\x1bE"


def with_pjl(lines: bytes, body: bytes) -> bytes:
    return EXIT + lines + b"@PJL ENTER LANGUAGE=PCL\r\n" + body + EXIT


def codes(usage: Usage) -> set[str]:
    return {finding.code for finding in usage.findings}


def numbers(usage: Usage) -> tuple[int, int, int]:
    totals = apply_spooler(usage)
    return usage.input_pages, totals.impressions, totals.media_sheets


PLAIN_CASES = {
    "five form feeds": (pcl(PAGE * 5), (5, 5, 5)),
    "the last page without form feed": (pcl(PAGE * 4 + b"words"), (5, 5, 5)),
    "no reset at the end": (b"\x1bE" + PAGE * 4 + b"words", (5, 5, 5)),
    "three copies": (pcl(b"\x1b&l3X" + PAGE * 5), (5, 15, 15)),
    "copies with zeros in front": (pcl(b"\x1b&l" + b"0" * 99 + b"3X" + PAGE * 5), (5, 15, 15)),
    "copies with a long fraction": (pcl(b"\x1b&l3." + b"0" * 99 + b"X" + PAGE * 5), (5, 15, 15)),
    "copies and size in one sequence": (pcl(b"\x1b&l3x26A" + PAGE * 5), (5, 15, 15)),
    "copies that change": (pcl(b"\x1b&l2X" + PAGE + b"\x1b&l5X" + PAGE * 2), (3, 12, 12)),
    "no copies means what was before": (pcl(b"\x1b&l4X\x1b&l0X" + PAGE), (1, 4, 4)),
    "a reset ends copies": (pcl(b"\x1b&l4X" + PAGE + b"\x1bE" + PAGE), (2, 5, 5)),
    "a stored macro never run": (pcl(b"\x1b&f7y0X" + b"\f" * 50 + b"\x1b&f1X" + PAGE * 2), (2, 2, 2)),
    "a macro run twice": (pcl(b"\x1b&f7y0X" + PAGE + b"\x1b&f1X\x1b&f7y2X\x1b&f7y3X"), (2, 2, 2)),
    "a macro with data like its end": (
        pcl(b"\x1b&f7y0X\x1b*b6W\x1b&f1X\f\x1b&f1X\x1b&f7y2X" + PAGE),
        (1, 1, 1),
    ),
    "a macro that calls itself": (pcl(b"\x1b&f7y0Xx\f\x1b&f3X\x1b&f1X\x1b&f7y3X"), (2, 2, 2)),
    "an overlay": (pcl(b"\x1b&f7y0XLETTERHEAD\r\n\x1b&f1X\x1b&f7y4X" + PAGE * 5), (5, 5, 5)),
    "an overlay with form feeds": (pcl(b"\x1b&f7y0Xx\f\f\x1b&f1X\x1b&f7y4X" + PAGE * 2), (2, 2, 2)),
    "form feeds in transparent data": (pcl(b"\x1b&p4X\f\f\f\f" + PAGE * 2), (2, 2, 2)),
    "form feeds shown as characters": (pcl(b"a\x1bY\f\f\x1bE\x1bZ\f"), (1, 1, 1)),
    "form feeds and resets in fonts": (
        pcl(b"\x1b*c1D\x1b)s6W\f\x1bE\f\x1bE\x1b*c65E\x1b(s5W\f\x1bE\f\f" + PAGE * 2),
        (2, 2, 2),
    ),
    "form feeds in a symbol set": (pcl(b"\x1b(f4W\f\f\f\f" + PAGE * 2), (2, 2, 2)),
    "form feeds in raster": (pcl((RASTER + b"\f") * 3), (3, 3, 3)),
    "a universal exit in raster": (pcl(b"\x1b*b9W" + EXIT + b"\f" + PAGE), (2, 2, 2)),
    "rows in lower case": (pcl(b"\x1b*r1A\x1b*b2m3w\f\f\f4v\f\f\f\f2W\f\f\x1b*rC\f"), (1, 1, 1)),
    "rows that go on behind upper case": (pcl(b"\x1b*r1A\x1b*b0V3v\f\f\f0v2w\f\f12y1w\f\x1b*rC\f"), (1, 1, 1)),
    "lengths that are none": (pcl(b"\x1b&k9W\x1b*x9W\x1b&a9W" + PAGE), (1, 1, 1)),
    "three form feeds only": (b"\x1bE\f\f\f", (3, 3, 3)),
    "duplex ended by ESC &a1G alone": (pcl(b"\x1b&l1S" + b"\x1b&a1Gwords\r\n" * 3), (3, 3, 3)),
    "duplex ended by ESC &a2G and form feeds in turn": (
        pcl(b"\x1b&l1S" + (b"words\x1b&a2G" + PAGE) * 2 + b"words"),
        (5, 5, 3),
    ),
    "backs alone": (pcl(b"\x1b&l1S" + b"\x1b&a2Gwords\r\n" * 2), (2, 2, 2)),
    "a change of duplex": (pcl(PAGE + b"\x1b&l1S" + PAGE * 2 + b"\x1b&l0S" + PAGE), (4, 4, 3)),
    "a change of size in duplex": (pcl(b"\x1b&l1S\x1b&l26A" + PAGE + b"\x1b&l27A" + PAGE), (2, 2, 2)),
    "sources eject": (pcl(b"words\x1b&l1Hwords\x1b&l0H"), (2, 2, 2)),
    "sources of inkjets do not": (pcl(b"words\x1b&l-2H\f"), (1, 1, 1)),
    "a size ejects": (pcl(b"words\x1b&l26Awords\x1b&l1Owords"), (3, 3, 3)),
    "a form feed behind a reset that ejects": (b"\x1bEwords\x1bE\fwords\x1bE\f", (2, 2, 2)),
    "a form feed behind a reset that does not": (b"\x1bE" + PAGE + b"\x1bE\f", (2, 2, 2)),
    "600 zeros in front": (b"\0" * 600 + pcl(PAGE * 2), (2, 2, 2)),
    "a rule": (pcl(b"\x1b*c900a6b0P"), (1, 1, 1)),
    "spaces and moves mark nothing": (pcl(b"  \x1b*p100x100Y \r\n"), (0, 0, 0)),
    "a picture, then nothing": (pcl(RASTER), (1, 1, 1)),
    "raster without rows is not ejected by a reset": (pcl(b"\x1b*r1A\x1b*rC"), (0, 0, 0)),
    "HP-GL/2 inside": (pcl(b"\x1b%0BIN;SP1;PU0,0;PD1000,1000;PG;PG1;LB\f\x03\x1b%0A\f"), (1, 1, 1)),
    "HP-GL/2 without a pen": (pcl(b"\x1b%0BIN;SP0;PD1000,1000;\x1b%0A"), (0, 0, 0)),
    "HP-GL/2 ended by a reset": (pcl(b"\x1b%1BIN;SP1;PE<\f\f=;PD9,9") + pcl(PAGE), (2, 2, 2)),
    "an escape that nothing follows": (pcl(PAGE) + b"\x1b", (1, 1, 1)),
    "an escape within an escape": (pcl(b"\x1b*b\x1b*b2W\f\f\x1b%\f"), (1, 1, 1)),
}


@pytest.mark.parametrize("name", PLAIN_CASES)
def test_a_page_ends_where_the_printer_ends_it(name: str) -> None:
    octets, expected = PLAIN_CASES[name]
    usage = count(octets)
    assert numbers(usage) == expected
    assert list(usage.page_end_offsets) == sorted(usage.page_end_offsets)


PJL_CASES = {
    "COPIES and QTY": (b"@PJL SET COPIES=3\n@PJL SET QTY=1\n", pcl(PAGE * 5), 15),
    "QTY multiplies what PCL says": (b"@PJL SET QTY=3\n", pcl(b"\x1b&l2X" + PAGE * 5), 30),
    "one wish written twice": (b"@PJL SET QTY=3\n@PJL SET COPIES=3\n", pcl(PAGE * 5), 15),
    "a comment": (b'@PJL COMMENT "x" @PJL SET COPIES=9\n', pcl(PAGE * 5), 5),
    "a name": (b'@PJL JOB NAME="@PJL SET COPIES=9"\n', pcl(PAGE * 5), 5),
    "PCL against PJL": (b"@PJL SET COPIES=4\n", pcl(b"\x1b&l2X" + PAGE), 2),
    "lower case": (b"@pjl set copies=3\n", pcl(PAGE * 5), 15),
    "the default of the next job": (b"@PJL DEFAULT COPIES=7\n", pcl(PAGE * 5), 5),
    "a personality": (b"@PJL SET LPARM:PCL COPIES=3\n", pcl(PAGE), 3),
}


@pytest.mark.parametrize("name", PJL_CASES)
def test_pjl_asks_for_copies_only_where_it_does(name: str) -> None:
    lines, body, impressions = PJL_CASES[name]
    assert count(with_pjl(lines, body)).impressions == impressions


def test_a_default_counts_from_the_next_exit_on_and_is_told() -> None:
    first = EXIT + b"@PJL DEFAULT COPIES=7\n@PJL ENTER LANGUAGE=PCL\n" + pcl(PAGE * 5)
    assert codes(count(first + EXIT)) >= {"default_changed"}
    second = count(first + EXIT + b"@PJL ENTER LANGUAGE=PCL\n" + pcl(PAGE))
    assert [segment.impressions for segment in second.segments if segment.input_pages] == [5, 7]


def test_the_same_number_in_two_places_is_told() -> None:
    usage = count(with_pjl(b"@PJL SET QTY=3\n@PJL SET COPIES=3\n", pcl(PAGE)))
    assert "copies_in_two_places" in codes(usage)


@pytest.mark.parametrize(
    ("lines", "body", "rule", "impressions"),
    [
        (b"@PJL SET QTY=3\n", b"\x1b&l2X", CopiesRule.PRODUCT, 30),
        (b"@PJL SET QTY=3\n", b"\x1b&l2X", CopiesRule.MAX, 15),
        (b"@PJL SET QTY=2\n", b"\x1b&l3X", CopiesRule.MAX, 15),
        (b"@PJL SET QTY=3\n@PJL SET COPIES=4\n", b"\x1b&l2X", CopiesRule.PRODUCT, 120),
        (b"@PJL SET QTY=3\n@PJL SET COPIES=4\n", b"\x1b&l2X", CopiesRule.MAX, 20),
        (b"@PJL SET QTY=3\n@PJL SET COPIES=4\n", b"\x1b&l2X", CopiesRule.INNER_WINS, 30),
        (b"@PJL SET QTY=3\n@PJL SET COPIES=3\n", b"", CopiesRule.PRODUCT, 45),
    ],
)
def test_the_rule_for_copies_in_several_places_can_be_chosen(
    lines: bytes, body: bytes, rule: CopiesRule, impressions: int
) -> None:
    assert count(with_pjl(lines, pcl(body + PAGE * 5)), copies_rule=rule).impressions == impressions


def test_pjl_names_the_paper_where_pcl_does_not() -> None:
    usage = count(with_pjl(b"@PJL SET PAPER = A4\n", pcl(PAGE + b"\x1b&l2A" + PAGE)))
    assert [run.media_points for run in usage.segments[0].runs] == [(595, 842), (612, 792)]


def test_two_jobs_have_copies_of_their_own() -> None:
    jobs = with_pjl(b"@PJL SET COPIES=2\n", pcl(PAGE * 2)) + with_pjl(b"@PJL SET COPIES=1\n", pcl(PAGE * 2))
    assert count(jobs).impressions == 6


def test_an_ejl_wrapper_sets_copies_sides_and_language() -> None:
    lines = b'\x1b\x01@EJL \n@EJL SJ ID="0"\n@EJL SE LA=PCL\n@EJL SET DX=ON BD=SE QT=1 CO=2 PS=A4\n@EJL EN LA=PCL\n'
    usage = count(lines + pcl(PAGE * 3) + EXIT + b"\x1b\x01@EJL \n@EJL EJ \n")
    assert numbers(usage) == (3, 6, 4)
    assert {run.duplex for segment in usage.segments for run in segment.runs} == {Duplex.SHORT}


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"!R! COPY 3; DUPX 1; EXIT;" + pcl(PAGE * 3), (3, 9, 6)),
        (b"!R! SEM 6; EXIT;\r\n" + EXIT + b"@PJL SET COPIES=2\n@PJL ENTER LANGUAGE=PCL\n" + pcl(PAGE), (1, 2, 2)),
        (b"!R! UNIT C; MZP 2,2; TEXT 'PAGE; PAGE; EXIT;'; PAGE; TEXT 'b'; PAGE; EXIT;", (2, 2, 2)),
        (b"!R! COPY 2; BOX 3,4; PAGE; BOX 5,5; EXIT;", (2, 4, 4)),
    ],
)
def test_a_block_of_prescribe_is_a_wrapper_or_a_document(octets: bytes, expected: tuple[int, int, int]) -> None:
    assert numbers(count(octets)) == expected


@pytest.mark.parametrize("language", [b"ACL", b"WISHES", b"JDL"])
def test_a_language_that_is_no_page_language_is_refused(language: bytes) -> None:
    with pytest.raises(UnknownLanguage):
        count(EXIT + b"@PJL ENTER LANGUAGE=" + language + b"\n" + pcl(PAGE) + EXIT)


def test_text_announced_as_pcl_is_pcl() -> None:
    usage = count(with_pjl(b"", PAGE * 3))
    assert (usage.language, usage.impressions, usage.confidence) == ("pcl5", 3, Confidence.EXACT)


def test_text_with_pcl_among_it_is_an_estimate() -> None:
    usage = count(b"Dear reader,\r\n\x1b(s3Bthis is bold\x1b(s0B\r\n\f" * 2)
    assert (usage.impressions, usage.confidence) == (2, Confidence.ESTIMATED)


def test_octets_that_no_pcl_holds_are_never_exact() -> None:
    noise = bytes(range(1, 12)) * 9 + b"\x1b\x05\x1bQ"
    assert count(pcl(noise + b"\f")).confidence is Confidence.ESTIMATED


def test_a_long_block_of_prescribe_is_counted_as_far_as_time_allows() -> None:
    ticks = itertools.count()
    limits = Limits(timeout_s=9, clock=lambda: float(next(ticks)))
    usage = count(b"!R! " + b"PAGE;" * 100_000, limits=limits)
    assert usage.confidence is Confidence.AT_LEAST
    assert 4096 < usage.impressions < 100_000


@pytest.mark.parametrize("language", [b"PCL", b"PCL3GUI", b"HPGL2"])
def test_noise_is_not_counted_whatever_was_announced(language: bytes) -> None:
    noise = random.Random(4).randbytes(20_000)
    with pytest.raises(MalformedDocument):
        count(EXIT + b"@PJL ENTER LANGUAGE=" + language + b"\n" + noise)


def test_noise_behind_pages_is_not_counted() -> None:
    usage = count(b"\x1bE" + PAGE * 7 + random.Random(4).randbytes(20_000))
    assert (usage.impressions, usage.confidence) == (7, Confidence.AT_LEAST)


LINES = b"a line\r\n"


@pytest.mark.parametrize(
    ("body", "pages"),
    [
        (LINES * 130, 3),
        (LINES * 120, 2),
        (LINES * 121, 3),
        (b"\x1b&l26A" + LINES * 128, 2),
        (b"\x1b&l26A" + LINES * 129, 3),
        (b"\x1b&l1O" + LINES * 90, 2),
        (b"\x1b&l8D" + LINES * 160, 2),
        (b"\x1b&l5.45C" + LINES * 130, 2),
        (b"\x1b&l40F" + LINES * 100, 3),
        (b"\x1b&l0L" + LINES * 63, 1),
        (b"\x1b&k1G" + LINES * 60, 2),
        (LINES * 50 + b"\x1b*p0Y" + LINES * 50, 1),
        (LINES * 50 + b"\x1b&a0V" + LINES * 50, 1),
        (b"\x1b*p3500Yfooter\x1b*p3500x3500Ymore", 1),
        (b"\r\n" * 500, 0),
        ((b"x" * 200 + b"\r\n") * 40, 1),
        (b"\x1b&s0C" + (b"x" * 200 + b"\r\n") * 40, 2),
        (b"\x1b&s0C\x1b&s1C" + (b"x" * 200 + b"\r\n") * 40, 1),
    ],
)
def test_lines_below_the_text_area_start_a_page(body: bytes, pages: int) -> None:
    assert count(pcl(body)).input_pages == pages


def test_blank_pages_are_told() -> None:
    usage = count(pcl(PAGE + b"\f" + PAGE))
    assert [run.blank for segment in usage.segments for run in segment.runs] == [False, True, False]
    assert "blank_pages" in codes(usage)


def test_a_file_cut_in_raster_is_a_lower_bound() -> None:
    usage = count(b"\x1bE" + PAGE + b"\x1b*r1A" + ROW + b"\x1b*b900W\xff")
    assert (usage.impressions, usage.confidence) == (2, Confidence.AT_LEAST)
    assert "truncated" in codes(usage)


def test_a_macro_that_is_not_in_the_job_is_an_estimate() -> None:
    usage = count(pcl(b"\x1b&f99y2X" + PAGE))
    assert (usage.impressions, usage.confidence) == (1, Confidence.ESTIMATED)


PLOT = b"IN;SP1;PU0,0;PD1000,1000;"
PLOTTER_CASES = {
    "two page ends": ((PLOT + b"PG;") * 2, 2),
    "no page end": (PLOT, 1),
    "an unmarked page": (b"IN;SP1;PG;" + PLOT + b"PG;PG;PG;", 1),
    "a page end with a number": (b"IN;SP1;PG1;" + PLOT + b"PG1;", 2),
    "advances": (PLOT + b"AF;" + PLOT + b"AH;" + PLOT + b"FR;", 3),
    "labels and polylines with page ends": (PLOT + b"LBPG;PG;\x03PE<PG:;PG;", 1),
    "another end of labels": (PLOT + b"DT*;LBPG;PG;*PG;", 1),
    "replots": (PLOT + b"PG;RP3;", 4),
    "replots with zeros in front": (PLOT + b"PG;RP0000003;", 4),
    "replots with a sign": (PLOT + b"PG;RP +3;", 4),
    "replots with a fraction": (PLOT + b"PG;RP3.0;", 4),
    "replots with a comma": (PLOT + b"PG;RP3,;", 4),
    "raster on a plotter": (
        b"\x1b%-1BBP5,0;PS1000,800;PU0,0;\x1b%0A\x1b*r1A" + ROW * 3 + b"\x1b*rC\x1b%0BPG;" + b"\x1bE",
        1,
    ),
    "what CUPS writes": (
        (b"\x1b%0BBP5,0;PS33071,23386;PU0,0;\x1b%0A\x1b*r1A" + ROW * 3 + b"\x1b*rC\x1b%0BPG;") * 5,
        5,
    ),
    "device control in front": (b"\x1b.(\x1b.I81;;17:" + PLOT + b"PG;", 1),
}


@pytest.mark.parametrize("name", PLOTTER_CASES)
def test_a_plot_ends_where_the_plotter_ends_it(name: str) -> None:
    octets, pages = PLOTTER_CASES[name]
    usage = count(octets)
    assert (usage.language, usage.impressions, usage.confidence) == ("hpgl", pages, Confidence.EXACT)


def test_a_plot_is_as_large_as_it_says() -> None:
    usage = count(b"BP;IN;PS10160,8128;SP1;PD9,9;PG;")
    assert usage.segments[0].runs[0].media_points == (576, 720)


@pytest.mark.parametrize("octets", [b"IN;it will rain\n", b"PA is a state;\n", b"A letter. It is one.\n"])
def test_words_are_no_plot(octets: bytes) -> None:
    assert count(octets).language == "text"


def test_epson_raster_that_starts_like_pcl_is_not_pcl() -> None:
    try:
        language = count(b"\x1b*rbC\x1b*t360R\x1b|J\x00\x01").language
    except DocumentError:
        language = "none"
    assert not language.startswith("pcl")


def colors(octets: bytes) -> list[ColorClass]:
    return [run.color for segment in count(octets).segments for run in segment.runs for _page in range(run.length)]


MONO, COLOR, UNKNOWN = ColorClass.MONO, ColorClass.COLOR, ColorClass.UNKNOWN


@pytest.mark.parametrize(
    ("body", "color"),
    [
        (b"words", MONO),
        (b"\x1b*r3U\x1b*v1Swords", COLOR),
        (b"\x1b*r3U\x1b*v1S\x1b*v0Swords", MONO),
        (b"\x1b*r-3U\x1b*v7Swords", MONO),
        (b"\x1b*r-3U\x1b*v1Swords", COLOR),
        (b"\x1b*r1U\x1b*v1Swords", MONO),
        # A configured palette, pen 3 made red.
        (b"\x1b*v6W\x00\x01\x08\x08\x08\x08\x1b*v255a0b0c3I\x1b*v3Swords", COLOR),
        (b"\x1b*v6W\x00\x01\x08\x08\x08\x08\x1b*v255a255b250c3I\x1b*v3Swords", MONO),
        (b"\x1b*v6W\x00\x03\x08\x08\x08\x08\x1b*r1A\x1b*b6W\x80\x80\x80\x00\x00\x00\x1b*rC", MONO),
        (b"\x1b*v6W\x00\x03\x08\x08\x08\x08\x1b*r1A\x1b*b6W\x80\x80\x80\xff\x00\x00\x1b*rC", COLOR),
        (b"\x1b*v6W\x00\x01\x08\x08\x08\x08\x1b*v255a0b0c9I\x1b*r1A\x1b*b3W\x08\x08\x00\x1b*rC", MONO),
        (b"\x1b*v6W\x00\x01\x08\x08\x08\x08\x1b*v255a0b0c9I\x1b*r1A\x1b*b3W\x08\x09\x00\x1b*rC", COLOR),
        # Planes of cyan, magenta, yellow with black in front.
        (b"\x1b*r-4U\x1b*r1A" + b"\x1b*b2V\xff\xff\x1b*b0V\x1b*b0V\x1b*b0W" * 9, MONO),
        (b"\x1b*r-4U\x1b*r1A" + b"\x1b*b0V\x1b*b2V\xff\xff\x1b*b2V\xff\xff\x1b*b2W\xff\xff" * 9, MONO),
        (b"\x1b*r-4U\x1b*r1A" + b"\x1b*b0V\x1b*b2V\xff\xff\x1b*b0V\x1b*b0W" * 9, COLOR),
        (b"\x1b*r-4U\x1b*r1A" + b"\x1b*b2V\xff\xff\x1b*b2V\xff\xff\x1b*b0V\x1b*b0W" * 9, MONO),
        # The same in run lengths, packbits and as changes to the row before.
        (b"\x1b*r-4U\x1b*r1A\x1b*b1M" + b"\x1b*b0V\x1b*b2V\x05\xff\x1b*b0V\x1b*b0W" * 9, COLOR),
        (b"\x1b*r-4U\x1b*r1A\x1b*b2M" + b"\x1b*b0V\x1b*b2V\xfb\xff\x1b*b0V\x1b*b0W" * 9, COLOR),
        (b"\x1b*r-4U\x1b*r1A\x1b*b3M" + b"\x1b*b0V\x1b*b3V\x21\xff\xff\x1b*b0V\x1b*b0W" + b"\x1b*b0W" * 9, COLOR),
        (b"\x1b*r-4U\x1b*r1A\x1b*b77M" + b"\x1b*b0V\x1b*b2V\xff\xff\x1b*b0V\x1b*b0W", UNKNOWN),
        (b"\x1b%0BIN;SP2;PD9,9;\x1b%0A", MONO),
        (b"\x1b*r3U\x1b%0BIN;SP1;PD9,9;\x1b%0A", COLOR),
        (b"\x1b&f1y0X\x1b*r3U\x1b*v1Sx\x1b&f1X\x1b&f1y4Xwords", COLOR),
    ],
)
def test_a_page_is_colored_by_what_is_on_it(body: bytes, color: ColorClass) -> None:
    assert colors(b"\x1bE" + body + b"\f\x1bE") == [color]


def test_a_pen_of_a_plotter_has_a_color() -> None:
    assert colors(b"IN;SP1;PD9,9;PG;SP2;PD9,9;PG;PC2,0,0,0;PD8,8;PG;") == [MONO, COLOR, MONO]


def test_a_page_limit_ends_the_count() -> None:
    usage = count(b"\x1bE" + b"\f" * 500, limits=Limits(input_pages=100))
    assert (usage.impressions, usage.confidence) == (100, Confidence.AT_LEAST)


@pytest.mark.parametrize(
    "octets",
    [
        b"\x1b&l" + b"1x" * 200_000 + b"1X\f",
        b"\x1b&l99999999999999999999X\f",
        b"\x1bE\x1b&f1y0X" + b"x\f" * 2000 + b"\x1b&f1X" + b"\x1b&f2X" * 200_000,
        b"\x1bE\x1b*b999999999W\f",
        b"\x1bE" + b"\x1b*b1" * 200_000,
        b"\x1bE\x1b%0B" + b"A1" * 300_000,
        b"\x1bE\x1b%0B" + b"LB" * 300_000,
        b"IN;SP1;PD1,1;" + b"PD" * 300_000,
        b"\x1bE" + b"\x1bY" * 200_000,
        b"\x1bE" + b"\x1b&f0X\x1b&f1X" * 100_000,
        b"\x1bE" + b"\x1b*p1" * 200_000,
        b"\x1bE" + b"\x1b(s" * 200_000,
        b"\x1bE\x1b*r3U\x1b*b9M\x1b*b200000W" + b"\xff" * 200_000 + b"\f",
        b"\x1bE\x1b*r3U\x1b*b3M" + b"\x1b*b40W" + b"\xff" * 40 + b"\f" * 3,
    ],
    ids=range(14),
)
def test_data_made_to_cost_time_is_bounded(octets: bytes) -> None:
    try:
        usage = count(octets, limits=Limits(input_pages=5000))
    except DocumentError as error:
        assert 0 <= error.offset <= len(octets)
    else:
        assert usage.input_pages <= 5000

# SPDX-License-Identifier: Apache-2.0
"""Conformance cases for PostScript, through a real Ghostscript where one is needed."""

import pytest

from languages.rendering import Ghostscript
from pagetoll.core.copies import apply_spooler
from pagetoll.core.errors import DocumentError, DocumentTooComplex
from pagetoll.core.usage import Confidence, Usage
from pagetoll.languages import Limits, count
from pagetoll.languages.copies import CopiesRule

UEL = b"\x1b%-12345X"
FONT = b"/Helvetica findfont 20 scalefont setfont\n"
PAGE = b"72 700 moveto (words) show showpage\n"


def dsc(page_count: int, label: bytes = b"%d", header: bytes = b"%%Pages: (atend)\n", order: int = 1) -> bytes:
    numbers = list(range(1, page_count + 1))[::order]
    pages = b"".join(b"%%%%Page: %d %d\n" % (n, n) + FONT + PAGE for n in numbers)
    return (
        b"%!PS-Adobe-3.0\n"
        + header
        + b"%%EndComments\n"
        + pages
        + b"%%%%Trailer\n%%%%Pages: %d\n%%%%EOF\n" % page_count
    )


def setpagedevice(words: bytes, page_count: int) -> bytes:
    return b"%!PS\n<< " + words + b" >> setpagedevice\n" + FONT + PAGE * page_count


def counted(octets: bytes) -> Usage:
    return count(octets, render_postscript=Ghostscript())


CASES: dict[str, tuple[bytes, int]] = {
    "page number at the end": (dsc(5), 5),
    "loop of five without comments": (b"%!PS\n5 { showpage } repeat\n", 5),
    "one page stated, five shown": (dsc(5, header=b"%%Pages: 1\n"), 5),
    "copies by setpagedevice": (setpagedevice(b"/NumCopies 3", 5), 15),
    "copies by the Level 1 name": (b"%!PS\nsave pop /#copies 3 def\n" + FONT + PAGE * 5, 15),
    "descending order": (dsc(5, order=-1), 5),
    "two documents glued": (dsc(5) + dsc(5), 10),
    "carriage returns only": (dsc(5).replace(b"\n", b"\r"), 5),
    "a hundred thousand pages stated, one shown": (dsc(1, header=b"%%Pages: 100000\n"), 1),
    "hidden loop": (b"%!PS\n1 1 500 { pop showpage } for\n", 500),
    "copies in a remark only": (dsc(2, header=b"%RBINumCopies: 50\n%%Pages: (atend)\n"), 2),
    "page comments inside data": (
        (
            b"%!PS-Adobe-3.0\n%%Pages: 1\n%%EndComments\n%%Page: 1 1\n"
            b"%%BeginData: 26 ASCII Bytes\n%%Page: 2 2\n%%Page: 3 3\n\n\n\n%%EndData\nshowpage\n%%EOF\n"
        ),
        1,
    ),
    "copypage twice": (b"%!PS\n" + FONT + b"72 700 moveto (words) show copypage copypage showpage\n", 3),
    "labels of any kind": (
        (
            b"%!PS-Adobe-3.0\n%%Pages: 3\n%%EndComments\n"
            b"%%Page: cover 1\nshowpage\n%%Page: (iv) 2\nshowpage\n%%Page: (A 1) 3\nshowpage\n%%EOF\n"
        ),
        3,
    ),
    "embedded document with comments of its own": (
        (
            b"%!PS-Adobe-3.0\n%%Pages: 2\n%%EndComments\n%%Page: 1 1\n/keep save def /showpage {} def\n"
            b"%%BeginDocument: a.eps\n%!PS-Adobe-3.0 EPSF-3.0\n%%Pages: 7\n%%Page: 8 8\nshowpage\n%%EndDocument\n"
            b"keep restore showpage\n%%Page: 2 2\nshowpage\n%%EOF\n"
        ),
        2,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_the_program_shows_is_counted(case: str) -> None:
    octets, expected = CASES[case]
    assert counted(octets).impressions == expected


def test_copies_and_sides_over_several_lines_of_a_dictionary() -> None:
    usage = counted(setpagedevice(b"/Duplex true\n  /Tumble false\n  /NumCopies 3\n", 2))
    totals = apply_spooler(usage)
    assert (usage.input_pages, totals.impressions, totals.media_sheets) == (2, 6, 3)


@pytest.mark.parametrize(
    "words",
    [
        b"/#copies 4000000000 def",
        b"/#copies 65537 def",
        b"(#copies) cvn 65000 537 add def",
        b"userdict /#copies 65536 put",
        b"<< /NumCopies 70000 >> setpagedevice",
        b"<< /NumCopies 2147483647 >> setpagedevice",
        b"/#copies -5 def",
    ],
)
def test_more_copies_than_can_be_told_never_come_out_as_few(words: bytes) -> None:
    with pytest.raises(DocumentError):
        count(b"%!PS\n" + words + b" { showpage } stopped pop\n", render_postscript=Ghostscript())
    usage = count(b"%!PS\nshowpage " + words + b" showpage\n", render_postscript=Ghostscript())
    assert (usage.impressions, usage.confidence) == (1, Confidence.AT_LEAST)


@pytest.mark.parametrize("words", [b"/#copies 0 def", b"<< /NumCopies 0 >> setpagedevice"])
def test_no_copies_are_perhaps_one(words: bytes) -> None:
    usage = count(b"%!PS\n" + words + b" 2 { showpage } repeat\n", render_postscript=Ghostscript())
    assert (usage.impressions, usage.confidence) == (2, Confidence.ESTIMATED)


@pytest.mark.parametrize("rule", CopiesRule)
def test_copies_of_pjl_alone_are_the_same_by_every_rule(rule: CopiesRule) -> None:
    document = UEL + b"@PJL SET COPIES=3\n@PJL ENTER LANGUAGE=POSTSCRIPT\n%!PS\n2 { showpage } repeat\n" + UEL
    assert count(document, render_postscript=Ghostscript(), copies_rule=rule).impressions == 6


def test_many_copies_of_pjl_are_kept() -> None:
    document = UEL + b"@PJL SET COPIES=70000\n@PJL ENTER LANGUAGE=POSTSCRIPT\n%!PS\n2 { showpage } repeat\n" + UEL
    assert count(document, render_postscript=Ghostscript()).impressions == 140_000


def test_as_many_copies_as_can_be_told_are_counted() -> None:
    usage = count(b"%!PS\n/#copies 65535 def showpage\n", render_postscript=Ghostscript())
    assert (usage.impressions, usage.confidence) == (65535, Confidence.EXACT)
    assert "many_copies" in [finding.code for finding in usage.findings]


def test_pjl_copies_are_the_default_that_a_program_can_override() -> None:
    header = UEL + b"@PJL SET COPIES=4\n@PJL ENTER LANGUAGE=POSTSCRIPT\n"
    simple, program = b"%!PS\n" + PAGE * 2, b"%!PS\n2 { showpage } repeat\n"
    own = setpagedevice(b"/NumCopies 2", 2)
    assert [counted(header + words + UEL).impressions for words in (simple, program, own)] == [8, 8, 4]


def test_pjl_sides_are_the_default_of_a_program() -> None:
    header = UEL + b"@PJL SET DUPLEX=ON\n@PJL ENTER LANGUAGE=POSTSCRIPT\n"
    assert apply_spooler(counted(header + b"%!PS\n5 { showpage } repeat\n" + UEL)).media_sheets == 3


@pytest.mark.parametrize("loop", [b"{ } loop", b"{ showpage } loop"], ids=["silent", "printing"])
def test_an_endless_loop_ends_within_the_limits(loop: bytes) -> None:
    limits = Limits(rendered_pages=50)
    program = b"%!PS\n3 { showpage } repeat " + loop + b"\n"
    usage = count(program, limits=limits, render_postscript=Ghostscript(processor_s=2))
    assert usage.confidence is Confidence.AT_LEAST
    assert 3 <= usage.impressions <= 50


def test_a_program_needs_the_renderer() -> None:
    with pytest.raises(DocumentTooComplex, match="ghostscript"):
        count(CASES["hidden loop"][0])


STRAIGHT = (
    b"%!PS\n" + FONT + b"% showpage in a remark\n(showpage \\) (nested showpage)) show <2073686f7770616765> show\n"
)


def test_a_straight_line_program_is_counted_without_a_renderer() -> None:
    usage = count(STRAIGHT + PAGE * 3)
    assert (usage.impressions, usage.confidence) == (3, Confidence.EXACT)
    assert usage.page_end_offsets[-1] == len(STRAIGHT + PAGE * 3) - 1


@pytest.mark.parametrize(
    "words",
    [
        b"/showpage load exec",
        b"/x { showpage } def",
        b"{ showpage } stopped",
        b"2 { showpage } repeat",
        b"copypage",
        b"(file) run",
        b"currentfile 10 string readstring",
        b"<< /NumCopies 2 >> setpagedevice",
        b"/#copies 2 def",
        b"statusdict begin",
        b"//showpage",
        b"systemdict /showpage get exec",
        b"% a remark that a form feed ends \f showpage",
        b"16#FF 0 moveto",
    ],
)
def test_whatever_could_hide_a_page_is_no_straight_line_program(words: bytes) -> None:
    with pytest.raises(DocumentTooComplex):
        count(STRAIGHT + words + b"\n" + PAGE)


def test_comments_count_only_when_the_caller_vouches_for_them() -> None:
    octets = CASES["embedded document with comments of its own"][0]
    assert count(octets, trust_dsc=True).confidence is Confidence.DECLARED
    assert counted(octets).confidence is Confidence.EXACT


@pytest.mark.parametrize(
    "octets",
    [
        dsc(2).replace(b"%%Pages: 2", b"%%Pages: 3"),
        dsc(2, header=b"%RBINumCopies: 3\n%%Pages: (atend)\n"),
        dsc(2, header=b"%%Requirements: duplex\n%%Pages: (atend)\n"),
        dsc(2).replace(b"%%Trailer", b"%%BeginDocument: x\n%%Trailer"),
    ],
    ids=["pages differ", "copies only remarked", "sides only remarked", "nesting open"],
)
def test_comments_that_do_not_fit_together_are_not_believed(octets: bytes) -> None:
    # A loop that the straight-line scan cannot follow.
    program = octets.replace(b"showpage", b"1 { showpage } repeat")
    with pytest.raises(DocumentTooComplex):
        count(program, trust_dsc=True)


@pytest.mark.parametrize(
    "line",
    [b"A file starts with %!PS-Adobe-3.0\n", b"Look for %PDF-1.4 at the start\n", b"then ) HP-PCL XL;2;0 follows\n"],
)
def test_text_that_mentions_a_language_stays_text(line: bytes) -> None:
    assert count(b"Notes\n" + line * 3).language == "text"

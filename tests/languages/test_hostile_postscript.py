# SPDX-License-Identifier: Apache-2.0
"""PostScript that prints on a printer but hides pages from Ghostscript, through a real Ghostscript."""

import io

import pikepdf
import pytest

from languages.rendering import Ghostscript
from pagetoll.core.errors import DocumentError
from pagetoll.core.usage import Confidence, Usage
from pagetoll.languages import count


def counted(words: str) -> Usage:
    return count(b"%!PS\n" + words.encode("latin-1") + b"\n", render_postscript=Ghostscript())


ON_PAPER = {
    "another device by its key": (
        "showpage { << /OutputDevice /bbox >> setpagedevice } stopped 8 { showpage } repeat",
        9,
    ),
    "another device by its name": (
        "showpage { (nullpage) finddevice setdevice } stopped clear 8 { showpage } repeat",
        9,
    ),
    "another device selected": ("showpage { (bbox) selectdevice } stopped clear 8 { showpage } repeat", 9),
    "a picture in memory": (
        "showpage { matrix 8 8 <00ff> makeimagedevice setdevice } stopped clear 8 { showpage } repeat",
        9,
    ),
    "another file": ("{ << /OutputFile (%stdout) >> setpagedevice } stopped clear 8 { showpage } repeat", 8),
    "copies that the device leaves out": (
        "<< /.IgnoreNumCopies true /NumCopies 9 >> setpagedevice 2 { showpage } repeat",
        18,
    ),
    "keys put into the dictionary in use": (
        "currentpagedevice dup length 1 add dict copy dup /OutputDevice /bbox put setpagedevice 3 {showpage} repeat",
        3,
    ),
    "a word of Ghostscript alone that ends it": ("showpage { /quit 0 .quit } stopped clear 8 { showpage } repeat", 9),
    "a new job that has no guard": (
        "showpage { true () startjob } stopped << /OutputDevice /bbox >> setpagedevice 8 { showpage } repeat",
        9,
    ),
    "no device and then the page device": ("nulldevice << >> setpagedevice 8 { showpage } repeat", 8),
    "no device for a while": ("gsave nulldevice showpage grestore 8 { showpage } repeat", 8),
    "a procedure for ends of pages": ("<< /EndPage { exch pop 2 ne } >> setpagedevice 3 { showpage } repeat", 3),
    "a procedure around the one before": (
        "<< /EndPage [ currentpagedevice /EndPage get /exec cvx ] cvx >> setpagedevice 3 { showpage } repeat",
        3,
    ),
    "the same page device a hundred times": (
        "<< /EndPage { exch pop 2 ne } >> setpagedevice 100 { currentpagedevice setpagedevice showpage } repeat",
        100,
    ),
    "a page device in global memory": (
        "true setglobal << /EndPage { exch pop 2 ne } /NumCopies 2 >> setpagedevice showpage",
        2,
    ),
    "an end of its own": ("showpage quit showpage", 1),
    "copies after a page device that was refused": (
        "{ << /PageSize (none) >> setpagedevice } stopped clear /#copies 3 def showpage",
        3,
    ),
}


@pytest.mark.parametrize("case", ON_PAPER)
def test_what_a_printer_prints_is_counted(case: str) -> None:
    words, impressions = ON_PAPER[case]
    usage = counted(words)
    assert (usage.impressions, usage.confidence) == (impressions, Confidence.EXACT)


@pytest.mark.parametrize(
    "words",
    [
        "<< /EndPage { exch pop 2 ne } >> setpagedevice /#copies 65537 def",
        "<< /EndPage { exch pop 2 ne } /NumCopies 65537 >> setpagedevice",
        "<< /EndPage { pop pop true } >> setpagedevice /#copies { /x where { 65537 } { /x 1 def 1 } ifelse } def",
        "/lt { pop pop false } def /gt { pop pop false } def << /NumCopies 65537 >> setpagedevice",
        "{ currentpagedevice /EndPage get dup 2 { pop } put } stopped clear /#copies 65537 def",
        "nulldevice << /NumCopies 65537 >> setpagedevice",
        "currentpagedevice /OutputDevice get /finddevice { pop null } def nulldevice << >> setpagedevice",
    ],
)
def test_a_program_that_would_be_counted_wrongly_has_no_count(words: str) -> None:
    with pytest.raises(DocumentError, match="the PostScript program ended with an error"):
        counted(words + " { 3 { showpage } repeat } stopped pop")


@pytest.mark.parametrize("words", ["systemdict /showpage { } put", "/showpage systemdict begin { } def"])
def test_the_words_of_the_system_stay_read_only(words: str) -> None:
    with pytest.raises(DocumentError):
        counted(words + " showpage")


@pytest.mark.parametrize("words", ["product", "serialnumber", "realtime"])
@pytest.mark.parametrize("before", ["", "% nothing to see\n" * 70_000])
def test_a_program_that_looks_at_its_printer_is_not_sure(words: str, before: str) -> None:
    usage = counted(f"{before}{words} 1 {{ showpage }} repeat")
    assert usage.confidence is Confidence.ESTIMATED
    assert [finding.code for finding in usage.findings] == ["device_dependent"]


@pytest.mark.parametrize("announced", ["PCL", "PCL5E", "TEXT", "HPGL2"])
def test_an_announcement_that_a_printer_obeys_leaves_a_lower_bound(announced: str) -> None:
    header = b"\x1b%-12345X@PJL ENTER LANGUAGE=" + announced.encode() + b"\n"
    usage = count(header + b"%!PS\n(one\f two\f three\f) show 72 72 moveto showpage\n\x1b%-12345X")
    assert (usage.impressions, usage.confidence) == (1, Confidence.AT_LEAST)


def test_a_pdf_that_is_a_program_for_postscript_printers_is_a_lower_bound() -> None:
    document = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(document)
    octets = document.getvalue().replace(b"\n", b"\n9 { showpage } repeat quit\n", 1)
    usage = count(b"\x1b%-12345X@PJL ENTER LANGUAGE=POSTSCRIPT\n" + octets + b"\x1b%-12345X")
    assert (usage.impressions, usage.confidence) == (1, Confidence.AT_LEAST)


NEXT_JOB = b"\x04\n10 { showpage } repeat %) end of the string above\n"


@pytest.mark.parametrize(
    "hides",
    [
        b"showpage quit\n",
        b"showpage (\n",
        b"showpage currentfile flushfile\n",
        b"showpage false {\n",
        b"showpage stop\n",
    ],
)
def test_a_job_behind_a_control_d_is_counted_whatever_the_one_before_did(hides: bytes) -> None:
    header = b"\x1b%-12345X@PJL ENTER LANGUAGE=POSTSCRIPT\n"
    usage = count(header + b"%!PS\n" + hides + NEXT_JOB + b"\x1b%-12345X", render_postscript=Ghostscript())
    assert usage.segments[-1].impressions == 10


def test_a_control_d_at_once_ends_a_job_too() -> None:
    header = b"\x1b%-12345X@PJL ENTER LANGUAGE=POSTSCRIPT\n"
    usage = count(header + b"%!(" + NEXT_JOB, render_postscript=Ghostscript())
    assert usage.segments[-1].impressions == 10


def test_a_control_d_in_the_data_of_a_picture_is_data() -> None:
    picture = bytes(range(256)) * 4
    program = b"%!PS\n/data 1024 string def currentfile data readstring\n" + picture + b"\npop pop showpage\n"
    usage = count(program, render_postscript=Ghostscript())
    assert (usage.impressions, len(usage.segments), usage.confidence) == (1, 1, Confidence.EXACT)

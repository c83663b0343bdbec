# SPDX-License-Identifier: Apache-2.0
"""Samples whose record in the manifest is not what the file holds: each with its proof by two independent tools."""

import re
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from languages.rendering import SAMPLES
from pagetoll.core.usage import ColorClass, Duplex
from pagetoll.languages import count

GREY = ["ps/cups-epalmx20-pair.ps", "pjl-ps/cups-Sharp_MX_M264NR_ps-thirteen.prn"]
"""The record lists colored pages; the filter that wrote the file (`-sColorConversionStrategy=Gray`) took them out."""

_STREAM = re.compile(rb"<</Length \d+>>stream\r?\n(.*?)endstream", re.DOTALL)
_COLOR_OPERATOR = re.compile(rb"(?<=\s)(rg|RG|k|K|g|G|sc|SC|scn|SCN|cs|CS|sh)(?=\s)")
_ROW_OR_END = re.compile(rb"\x1b\*b(?:\d+m)?(\d+)([VW])|\x0c|\x1b\*rbC")
TWO_COPIES = "pcl3/rastertohp-deskjet-trio-c2.pcl"
BLANK_PLANE_OCTETS = 4
JOINED = "pcl5/joined-pcl.pcl"


@pytest.mark.parametrize("name", GREY)
def test_ghostscript_finds_no_cyan_magenta_or_yellow(name: str):
    command = ["gs", "-dSAFER", "-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=ink_cov", "-r72", "-sOutputFile=-"]
    done = subprocess.run([*command, SAMPLES / name], capture_output=True, text=True, timeout=60, check=True)
    inks = [line.split()[:4] for line in done.stdout.splitlines() if "CMYK" in line]
    assert inks
    assert all((cyan, magenta, yellow) == ("0.00000",) * 3 for cyan, magenta, yellow, _black in inks)


@pytest.mark.parametrize("name", GREY)
def test_the_programs_set_no_color_but_grey(name: str):
    """The pages are PDF content that stands in the file uncompressed; only `g` and `G` set colors."""
    contents = _STREAM.findall((SAMPLES / name).read_bytes())
    operators = {word for content in contents if b"\nBT" in content or b" BT" in content
                 for word in _COLOR_OPERATOR.findall(content)}  # fmt: skip
    assert operators == {b"g", b"G"}


def pages_of(name: str) -> list[bytes]:
    """The pieces of a sample up to each page end that was found."""
    octets = (SAMPLES / name).read_bytes()
    begins = (0, *count(octets).page_end_offsets)
    return [octets[begin:end] for begin, end in pairwise(begins)]


def planes(page: bytes) -> list[tuple[bytes, bytes]]:
    """Length and letter of each row of raster, by a walk over the lengths."""
    found, position = [], 0
    while (row := _ROW_OR_END.search(page, position)) is not None:
        position = row.end()
        if row[1]:
            found.append((row[1], row[2]))
            position += int(row[1])
    return found


def test_two_copies_of_a_deskjet_job_lie_page_by_page():
    """The record says that pages 2 and 5 are colored, as in 1 2 3 1 2 3; the rows of the file say 1 1 2 2 3 3."""
    pages = pages_of(TWO_COPIES)
    rows = [planes(page) for page in pages]
    assert rows[0] == rows[1] != rows[2]
    assert rows[2] == rows[3] != rows[4]
    assert rows[4] == rows[5]


def test_only_its_third_and_fourth_page_have_color_planes():
    """Rows are black, cyan, magenta, yellow (`ESC *r-4U`); a plane without dots is packed into four octets."""
    colored = []
    for number, page in enumerate(pages_of(TWO_COPIES), 1):
        yellow = [int(length) for length, letter in planes(page) if letter == b"W"]
        if any(length > BLANK_PLANE_OCTETS for length in yellow):
            colored.append(number)
    usage = count((SAMPLES / TWO_COPIES).read_bytes())
    colors = [run.color for segment in usage.segments for run in segment.runs for _page in range(run.length)]
    assert [n for n, color in enumerate(colors, 1) if color is ColorClass.COLOR] == [3, 4]
    assert colored == [3, 4]


def test_joined_pcl_is_one_sided_first_and_two_sided_then():
    """`ESC &l1S` stands only behind the third form feed, so `mixed` in the record is right and `long` is not."""
    octets = Path(SAMPLES / JOINED).read_bytes()
    usage = count(octets)
    sides = [run.duplex for segment in usage.segments for run in segment.runs for _page in range(run.length)]
    assert sides == [Duplex.UNSTATED] * 3 + [Duplex.LONG] * 5
    assert octets.index(b"\x1b&l1S") >= usage.page_end_offsets[2]

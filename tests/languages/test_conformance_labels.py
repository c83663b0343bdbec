# SPDX-License-Identifier: Apache-2.0
"""Label printers: what prints a label, how many, and what only looks as if it did."""

import pytest

from pagetoll.core.errors import DocumentError, MalformedDocument
from pagetoll.core.usage import ColorClass, Confidence, Usage
from pagetoll.languages import count

TEXT = b"^FO20,20^A0N,30^FDA label^FS"


def facts(usage: Usage) -> tuple[str, int, int, Confidence]:
    return usage.language, usage.input_pages, usage.impressions, usage.confidence


@pytest.mark.parametrize(
    ("stream", "labels", "impressions"),
    [
        (b"^XA" + TEXT + b"^XZ", 1, 1),
        (b"^XA" + TEXT + b"^PQ5,0,1,Y^XZ\r\n^XA" + TEXT + b"^XZ", 2, 6),
        # CUPS: the second format only deletes the picture.
        (b"~DGR:CUPS.GRF,8,1,\n,::FF^XA^FO0,0^XGR:CUPS.GRF,1,1^FS^XZ\n^XA^IDR:CUPS.GRF^FS^XZ\n" * 3, 3, 3),
        (b"^XA^DFR:FORM.ZPL^FS" + TEXT + b"^XZ^XA^XFR:FORM.ZPL^FS^PQ2^XZ", 1, 2),
        (b"^XA^PW812^LH0,0^MNY^XZ^XA" + TEXT + b"^XZ", 1, 1),
        (b"^XA^FO0,0^GFB,12,12,3,^XA^FDx^XZ^XZ^FS^XZ", 1, 1),
        (b"^XA^CC!!FO0,0!FDcaret ^XZ is text now!FS!XZ!XA!FDtwo!FS!XZ", 2, 2),
        (b"^XA^FX a comment about ^XA" + TEXT + b"^XZ", 1, 1),
    ],
    ids=["one", "quantity", "cups", "stored", "set-up", "binary", "other-caret", "comment"],
)
def test_zpl_prints_a_label_for_each_format_with_content(stream: bytes, labels: int, impressions: int) -> None:
    assert facts(count(stream)) == ("zpl", labels, impressions, Confidence.EXACT)


def test_zpl_that_only_sets_the_printer_up_has_no_label() -> None:
    with pytest.raises(MalformedDocument):
        count(b"^XA^PW812^MNY^JUS^XZ")


@pytest.mark.parametrize(
    ("stream", "labels", "impressions"),
    [
        # EPL2: the picture holds what looks like a print line; a stored form prints when it is called.
        (b'\nN\nq816\nGW0,0,3,2\n\nP9\nPA\nA1,1,0,1,1,1,N,"x"\nP2,3\n', 1, 6),
        (b'N\r\nq816\r\nFK"F"\r\nFS"F"\r\nA5,5,0,1,1,1,N,"x"\r\nP1\r\nFE\r\nFR"F"\r\nP4\r\n', 1, 4),
        # EPL1: lines of pixels with their length in digits.
        (b"\x1bM01\x1bB" + (b"\x1bg003\x1bE\x0c" * 4 + b"\x1bE\x0c") * 2, 2, 2),
        # CPCL: copies in the first line, pixels that look like a command.
        (b"! 0 203 203 100 3\r\nCG 1 9 0 0 \r\nPRINT\r\n\r\nFORM\r\nPRINT\r\n" * 2, 2, 6),
        # TSPL
        (
            b'SIZE 50 mm,30 mm\r\nCLS\r\nBITMAP 0,0,1,9,0,\r\nPRINT\r\n\r\nTEXT 1,1,"3",0,1,1,"x"\r\nPRINT 2,3\r\n',
            1,
            6,
        ),
        # SBPL
        (b"\x1bA\x1bH0100\x1bV0100\x1bL0101\x1bMone\x1bQ5\x1bZ\x1bA\x1bGB001001\x1bZ\x1bQ9\x1bAx\x1bZ", 1 + 1, 6),
        (b"\x02\x1bA\x1bH0100\x1bV0100\x1bL0101\x1bMone\x1bQ7\x1bZ\x03\r\n", 1, 7),
        # DPL: X leaves without printing.
        (b"\x02L\rD11\r191100200100010one\rQ0003\rE\r\x02L\rD11\rX\r\x02L\r1911\rE\r", 2, 4),
        # Dymo: the row holds what looks like the end of a label.
        (b"\x1b" * 20 + b"@\x1bL\x00\xa9\x1bD\x04" + (b"\x16\x1bE\x1bE" + b"\x1bE") * 3, 3, 3),
        # Dymo, run lengths: four octets a row are 32 dots.
        (b"\x1b" * 20 + b"@\x1bD\x04" + b"\x17\x8f\x0f" + b"\x1bE" + b"\x1bG", 2, 2),
    ],
    ids=["epl2", "epl2-form", "epl1", "cpcl", "tspl", "sbpl", "sbpl-framed", "dpl", "dymo", "dymo-runs"],
)
def test_each_label_language_has_the_labels_that_it_prints(stream: bytes, labels: int, impressions: int) -> None:
    usage = count(stream)
    assert facts(usage) == ("label", labels, impressions, Confidence.EXACT)
    assert {run.color for run in usage.segments[0].runs} == {ColorClass.MONO}


def brother(rows: bytes) -> bytes:
    return bytes(200) + b"\x1b@\x1bia\x01\x1biz" + bytes(10) + b"\x1biM\x40\x1bid\x23\x00M\x02" + rows


def test_brother_labels_end_with_a_print_command_outside_of_rows() -> None:
    row = b"g\x00\x03\x0c\x1a\x0c"
    usage = count(brother(row * 5 + b"Z\x0c" + row * 2 + b"\x0c" + b"G\x02\x00\x1a\x1a" + b"\x1a"))
    assert facts(usage) == ("label", 3, 3, Confidence.EXACT)


def test_brother_labels_in_two_colors_are_colored_where_the_second_has_ink() -> None:
    black, red, no_red = b"w\x01\x02\xff\xff", b"w\x02\x02\xff\xff", b"w\x02\x00"
    usage = count(brother((black + no_red) * 2 + b"\x0c" + black + red + b"\x1a"))
    assert [run.color for run in usage.segments[0].runs] == [ColorClass.MONO, ColorClass.COLOR]


@pytest.mark.parametrize(
    "stream",
    [
        b"^XA" + TEXT + b"^XZ^XA" + TEXT,
        b"! 0 203 203 100 1\r\nCG 1 2 0 0 ab\r\nPRINT\r\n! 0 203 203 100 1\r\nCG 9 9 0 0 ab",
        b"\x1b" * 20 + b"@\x1bD\x04\x16abcd\x1bE\x16ab",
        b"\x1bf\x01\x00\x1bL\x08\x00\x1bd\x02\x00ab\x1be\x1bL\x08\x00\x1bd\x99\x00ab",
    ],
    ids=["zpl", "cpcl", "dymo", "atx"],
)
def test_labels_cut_off_are_a_lower_bound(stream: bytes) -> None:
    usage = count(stream)
    assert (usage.input_pages, usage.confidence) == (1, Confidence.AT_LEAST)


@pytest.mark.parametrize(
    "text",
    [
        b"Now the letter N\nquestions about 7 labels\n",
        b"SIZE matters.\nPRINT 3\n",
        b"! this is no label\nPRINT\n",
        b"The command ^XA begins a label, ^XZ ends it.\n",
    ],
)
def test_texts_about_labels_are_texts(text: bytes) -> None:
    usage = count(text)
    assert (usage.language, usage.confidence) == ("text", Confidence.ESTIMATED)


def test_a_label_without_end_is_an_error() -> None:
    with pytest.raises(DocumentError):
        count(b"^XA" + TEXT)

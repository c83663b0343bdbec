# SPDX-License-Identifier: Apache-2.0
"""Printers of IBM, Apple, NEC, OKI, DEC and others, receipts, commands made to cost."""

import pytest

from pagetoll.core.copies import apply_spooler
from pagetoll.core.errors import DocumentError
from pagetoll.core.usage import ColorClass, Confidence, Usage
from pagetoll.languages import count

FEEDS = b"\x0c" * 48


def figures(usage: Usage) -> tuple[int, int, int]:
    return usage.input_pages, usage.impressions, apply_spooler(usage).media_sheets


def colors(usage: Usage) -> list[ColorClass]:
    return [run.color for segment in usage.segments for run in segment.runs for _page in range(run.length)]


@pytest.mark.parametrize(
    ("job", "language"),
    [
        (b"\x11\x1b30\x1b[g\x31\x00\x08" + FEEDS + b"\x0c", "ibmpro"),
        (b"\x1b>\x1bT16\x1bG0048" + FEEDS + b"\x0c", "imagewriter"),
        (b"\x1b>\x1bT16\x1bg006" + FEEDS + b"\x1bV0048\x0c\x0c", "imagewriter"),
        (b"\x1bcl\x1bP\x1bT18\x1bJ0016" + FEEDS + b"\r\x0c", "pc-pr"),
        (b"\x1bcl\x1bP\x1bT18\x1cb P,48,0008.".replace(b"b P", b"bP") + FEEDS + b"\r\x0c", "pc-pr"),
        (b"\x1bc1\x1cd240.\x1ci96,4,1,1/1,1/1,48,240." + FEEDS + b"\x0c", "pc-pr"),
        (b"\x1b\x12!@R00\x1b \x1b4\x1b\x12G3,64,32,,4,224,224,48@" + FEEDS + b"\x0c", "rpdl"),
        (b"\x1b\x12!@R00\x1b \x1b4\x1b\x12G3,32,12,1,1,224,224@" + FEEDS + b"\x0c", "rpdl"),
        (b"\x18\x1c\x1b%C001\x1b%S0\x1b%5\x0c \x03" + FEEDS + b"\x03\x03\x03\x0e\x03\x02\x0c", "okidata"),
        (b"\x1bP0;0;0q#1;2;0;0;0#1!12~-$\x1b\\\x0c", "dec"),
        (b"\x1b[11h\x1bPq~~~\x1b\\\x0c", "dec"),
        (b"\x1be\x1b%\x80A\x1b\x1a\x00\x00r\x1b*b\x30\x00W" + FEEDS + b"\x1b\x1a\x00\x00\x0c\x0c", "alps"),
    ],
)
def test_other_command_printers_skip_their_images(job: bytes, language: str) -> None:
    usage = count(job * 3)
    assert (usage.language, figures(usage), usage.confidence) == (language, (3, 3, 3), Confidence.EXACT)


def test_copies_of_japanese_page_printers_multiply() -> None:
    assert figures(count(b"\x1b\x12!@R00\x1b \x1b4\x1b\x12N4 text\x0c")) == (1, 4, 4)
    assert figures(count(b"\x1bc1\x1cd240.\x1c'B,,1,0.\x1cx3.text\x0ctext\x0c")) == (2, 6, 3)


def test_sixel_colors_count_when_they_draw() -> None:
    defined = b"\x1bPq#1;2;100;0;0#2;2;50;50;50"
    job = defined + b"#2~~~\x1b\\\x0c" + defined + b"#1~~~\x1b\\\x0c"
    assert colors(count(job)) == [ColorClass.MONO, ColorClass.COLOR]


@pytest.mark.parametrize(
    ("job", "receipts"),
    [
        (b"\x1b@one\n\x1dV\x00\x1b@two\n\x1dVB\x00", 2),
        (b"\x1b@one\n\x1d!\x11\x1dV\x00uncut", 2),
        (b"\x1b@\x1dv0\x00\x06\x00\x08\x00" + b"\x1dV\x00" * 16 + b"\n\x1dV\x01", 1),
        (b"\x1b@\x1dkA\x05\x1dV\x00\x00\x00\n\x1dV\x01", 1),
        (b"\x1b@\x1d(k\x03\x00\x1dV\x00\n\x1dV\x01", 1),
        (b"\x1b@\x1da\x00\x1bp\x00\x19\xfa", 0),
        (b"\x1b@\x1da\x00one\n\x1bi\x1bm\x1dV\x00", 1),
        (b"\x1b@\x1b\x1da\x01one\n\x1bd\x02two\n\x1bd\x03\x07", 2),
    ],
)
def test_receipts_are_counted_by_cuts(job: bytes, receipts: int) -> None:
    usage = count(job)
    assert usage.impressions == receipts
    assert usage.confidence in (Confidence.EXACT, Confidence.ESTIMATED)  # few commands are not sure


def test_a_receipt_with_enough_commands_is_exact() -> None:
    usage = count(b"\x1b@\x1ba\x01\x1bE\x01Shop\n\x1bE\x00\x1ba\x00one  2.00\n\x1bd\x03\x1dV\x00")
    assert (usage.language, usage.impressions, usage.confidence) == ("escpos", 1, Confidence.EXACT)


@pytest.mark.parametrize(
    "job",
    [
        b"\x1b@" + b"\x1b(" * 30_000,
        b"\x1b@\x1b(G\x01\x00\x01\x1bi\x00\x01\x01\xff\xff\xff\xff" + b"\x81\x55" * 100_000,
        b"\x1b@" + b"\x1b.\x02\x0a\x0a\x01\x00\x00\x20" * 30_000,
        b"\x1b@" + b"\x1b&\x00\x00\xff" * 30_000,
        b"\x1b@\x1b(R\x08\x00\x00REMOTE1" + b"AA\x00\x00" * 30_000,
        b"\x1drhE" + b"\x1d99999999999;bi{I" * 1000,
        b"\x1drhE\x1d" + b"0;" * 60_000,
        b"\x1b%@\x9041;600;0J\x9c" + b"\x9b99999999999.r" * 1000,
        b"\x1b%@\x9041;600;0J\x9c\x1b[0&}" + b"}Q\x7f\x7f\x7f?" * 20_000,
        b"\x1b%@\x9041;600;0J\x9c" + b"\x90" * 200_000,
        b"\x1b[K\x02\x00\x00\x0f" + b"\x1b(F\xff\xff" * 20_000,
        b"\x1bPq" + b"#1;2;100;0;0" * 30_000 + b"\x1b\\\x0c",
        b"\x1bPq#1;2;100;0;0" + b"#2~" * 100_000 + b"\x1b\\\x0c",
        b"\x18\x1c\x1b%C001\x03" + b"\x03\x0e" * 100_000,
        b"\x1b@\x1bC\x01" + b"x\n" * 100_000,
    ],
    ids=[
        *[
            "lengths",
            "rows",
            "delta-rows",
            "characters",
            "remote",
            "escpage-length",
            "escpage-parameters",
            "lips-length",
        ],
        *["lips-drawing", "lips-strings", "blocks", "sixel-colors", "sixel-choices", "oki", "short-forms"],
    ],
)
def test_commands_made_to_cost_are_bounded(job: bytes) -> None:
    try:
        usage = count(job)
    except DocumentError as error:
        assert 0 <= error.offset <= len(job)
    else:
        assert usage.impressions <= 1_000_000

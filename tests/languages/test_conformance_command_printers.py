# SPDX-License-Identifier: Apache-2.0
"""Printers with escape commands: jobs built here, and what they must count as."""

import struct

import pytest

from pagetoll.core.copies import apply_spooler
from pagetoll.core.errors import DocumentError, TruncatedDocument, UnknownLanguage
from pagetoll.core.usage import ColorClass, Confidence, Duplex, Usage
from pagetoll.languages import count

FEEDS = b"\x0c" * 48


def figures(usage: Usage) -> tuple[int, int, int]:
    return usage.input_pages, usage.impressions, apply_spooler(usage).media_sheets


def colors(usage: Usage) -> list[ColorClass]:
    return [run.color for segment in usage.segments for run in segment.runs for _page in range(run.length)]


def codes(usage: Usage) -> list[str]:
    return [finding.code for finding in usage.findings]


def columns(mode: int, image: bytes, octets_each: int) -> bytes:
    return b"\x1b*" + bytes([mode]) + struct.pack("<H", len(image) // octets_each) + image


def raster(image: bytes, *, ink: int = 0, coding: int = 0) -> bytes:
    """One row of ESC/P2 raster, raw or as one literal run."""
    body = image if coding == 0 else bytes([len(image) - 1]) + image
    return b"\x1br" + bytes([ink]) + b"\x1b." + bytes([coding, 10, 10, 1]) + struct.pack("<H", 8 * len(image)) + body


# ESC/P


@pytest.mark.parametrize(
    ("page", "language"),
    [
        (columns(0, FEEDS, 1), "escp9"),
        (columns(39, FEEDS, 3), "escp9"),
        (b"\x1c3\x01" + columns(39, FEEDS, 3), "pin24"),
        (columns(73, FEEDS, 6), "escp9"),
        (b"\x1bK" + struct.pack("<H", 48) + FEEDS, "escp9"),
        (b"\x1bZ" + struct.pack("<H", 48) + FEEDS, "escp9"),
        (b"\x1b^\x00" + struct.pack("<H", 24) + FEEDS, "escp9"),
        (b"\x1b(G\x01\x00\x01" + raster(FEEDS), "escp2"),
        (b"\x1b(G\x01\x00\x01" + raster(FEEDS, coding=1), "escp2"),
        (b"\x1b.\x02\x0a\x0a\x01\x00\x00\x23\x02\x0c\x0c\x0c\xe3", "escp2"),
        (b"\x1bi\x00\x00\x01" + struct.pack("<HH", 24, 2) + FEEDS, "escp2"),
        (b"\x1bi\x00\x01\x01" + struct.pack("<HH", 40, 1) + b"\xd9\x0c", "escp2"),
        (b"\x1bD\x0c\x00text", "escp9"),
        (b"\x1bC\x0ctext", "escp9"),
        (b"\x1bJ\x0ctext", "escp9"),
        (b"\x1b$\x0c\x0ctext", "escp9"),
        (b"\x1b(C\x02\x00\x0c\x0ctext", "escp2"),
        (b"\x1b&\x00AA\x00\x04\x00" + b"\x0c" * 12 + b"text", "escp9"),
    ],
)
def test_form_feeds_within_escp_commands_are_no_pages(page: bytes, language: str) -> None:
    usage = count(b"\x1b@" + (page + b"\x0c") * 5)
    assert (usage.language, figures(usage), usage.confidence) == (language, (5, 5, 5), Confidence.EXACT)


def test_a_form_feed_of_a_reset_is_no_page_but_a_blank_page_is_one() -> None:
    image = columns(0, b"\xff", 1)
    assert count(b"\x1b@" + image + b"\x0c\x1b@\x0c\x1b@" + image + b"\x0c\x1b@\x0c").impressions == 2
    assert count(b"\x1b@" + image + b"\x0c\x0c" + image + b"\x0c").impressions == 3


def test_remote_mode_is_stepped_over_by_its_lengths() -> None:
    remote = b"\x1b(R\x08\x00\x00REMOTE1" + b"PM\x02\x00\x00\x0c" + b"SN\x03\x00\x0c\x0c\x0c" + b"\x1b\x00\x00\x00"
    wrapper = b"\x00\x00\x00\x1b\x01@EJL 1284.4\n@EJL     \n"
    job = wrapper + b"\x1b@" + remote + b"\x1b(G\x01\x00\x01" + (raster(b"\xff") + b"\x0c") * 2 + b"\x1b@" + remote
    assert figures(count(job)) == (2, 2, 2)


def test_cleaning_the_heads_prints_no_page() -> None:
    usage = count(b"\x1b@\x1b(R\x08\x00\x00REMOTE1CH\x02\x00\x00\x00\x1b\x00\x00\x00")
    assert (usage.impressions, codes(usage)) == (0, ["maintenance"])


def test_text_without_form_feeds_fills_forms() -> None:
    usage = count(b"\x1b@" + b"line\r\n" * 130)
    assert (usage.impressions, usage.confidence) == (2, Confidence.ESTIMATED)
    assert count(b"\x1b@\x1b0" + b"line\r\n" * 88 + b"\x0c").impressions == 1
    assert count(b"\x1b@\x1bC\x18" + b"line\r\n" * 72 + b"\x0c").impressions == 3


def test_grey_mixed_of_three_inks_is_grey_and_one_ink_alone_is_color() -> None:
    start = b"\x1b@\x1b(G\x01\x00\x01"

    def page(*rows: tuple[int, bytes]) -> bytes:
        return b"".join(raster(image, ink=ink) + b"\r" for ink, image in rows) + b"\n\x0c"

    grey, left, right = b"\xff\x00" * 8, b"\xff" * 8 + b"\x00" * 8, b"\x00" * 8 + b"\xff" * 8
    job = start + page((0, grey)) + page((1, grey), (2, grey), (4, grey)) + page((2, grey))
    job += page((1, left), (2, left), (4, right)) + page((1, b"\x00" * 16), (0, grey))
    mono, color = ColorClass.MONO, ColorClass.COLOR
    assert colors(count(job)) == [mono, mono, color, color, mono]


def test_a_color_holds_until_the_reset() -> None:
    job = b"\x1b@" + raster(b"\xff", ink=1) + b"\x0c\x1b@" + columns(0, b"\xff", 1) + b"\x0c"
    assert colors(count(job)) == [ColorClass.COLOR, ColorClass.MONO]


@pytest.mark.parametrize(
    "end", [b"\x1b*\x00\xff\x00\xff", raster(b"\xff")[:-1], b"\x1b(G\x01", b"\x1b.\x02\x0a\x0a\x01\x00\x00\x23\x0c"]
)
def test_a_cut_off_job_is_a_lower_bound(end: bytes) -> None:
    usage = count(b"\x1b@" + (raster(b"\xff") + b"\x0c") * 3 + end)
    assert (usage.impressions, usage.confidence) == (3, Confidence.AT_LEAST)
    with pytest.raises(TruncatedDocument):
        count(b"\x1b@\x1b(G\x01\x00\x01" + end)


def test_a_reset_behind_marks_ends_the_last_page() -> None:
    usage = count(b"\x1b@\x1b(G\x01\x00\x01" + raster(b"\xff") + b"\x0c" + raster(b"\xff") + b"\x1b@")
    assert (usage.impressions, usage.confidence) == (2, Confidence.EXACT)
    usage = count(b"\x1b@\x1b(G\x01\x00\x01" + raster(b"\xff") + b"\x0c" + raster(b"\xff"))
    assert (usage.impressions, usage.confidence) == (2, Confidence.AT_LEAST)


def test_an_erased_terminal_line_is_no_proprinter_job() -> None:
    with pytest.raises(UnknownLanguage):
        count(b"\x1b[KHello, terminal\n" * 3)


def test_an_unknown_command_makes_an_estimate() -> None:
    usage = count(b"\x1b@" + b"text\x0c" * 100 + b"\x1b\xf7text\x0c")
    assert (usage.impressions, usage.confidence, codes(usage)) == (101, Confidence.ESTIMATED, ["unknown_command"])


# What begins with ESC @ or ESC *


@pytest.mark.parametrize(
    ("job", "language"),
    [
        (b"\x1b@\x1b(G\x01\x00\x01" + raster(b"\xff") + b"\x0c", "escp2"),
        (b"\x1b@\x1be5\x1b[O" + struct.pack("<H", 48) + FEEDS + b"\x0c", "ibmpro"),
        (b"\x1b@\x1b\\\x8c\x00\x1b|*" + struct.pack("<H", 48) + FEEDS + b"\x0c", "canonbj"),
        (b"\x1b@text\n\x1dV\x00", "escpos"),
        (b"\x1b@\x1b\x1da\x01text\n\x1bd\x03", "star"),
        (b"\x1b*rbC\x1b*t360R\x1b|B@\x30\x00" + FEEDS + b"\x0c", "escp2"),
        (b"\x11\x1b30\x1bJ\x87\x1b*\x03\x30\x00" + FEEDS + b"\x0c", "ibmpro"),
    ],
)
def test_languages_with_one_beginning_are_told_apart(job: bytes, language: str) -> None:
    usage = count(job)
    assert (usage.language, usage.impressions) == (language, 1)
    assert usage.confidence in (Confidence.EXACT, Confidence.ESTIMATED)  # some have too few commands to be sure


@pytest.mark.parametrize("job", [b"\x1b@\x00\x02\x00\xbf\x10", b"\x1b@" + bytes(range(1, 32)) * 20])
def test_what_only_begins_like_escp_is_not_counted_as_escp(job: bytes) -> None:
    try:
        usage = count(job)
    except DocumentError:
        return
    assert usage.confidence is not Confidence.EXACT or usage.language not in ("escp9", "escp2", "pin24")


# ESC/P-R


def escpr_record(kind: str, name: str, data: bytes = b"") -> bytes:
    return b"\x1b" + kind.encode() + struct.pack("<I", len(data)) + name.encode() + data


def escpr_page(*rows: bytes, more: int = 1, coded: int = 0) -> bytes:
    sent = b"".join(
        escpr_record("d", "dsnd", struct.pack(">HHBH", 0, number, coded, len(row)) + row)
        for number, row in enumerate(rows)
    )
    return escpr_record("p", "sttp") + sent + escpr_record("p", "endp", bytes([more]))


ESCPR_START = (
    b"\x1b@\x1b(R\x06\x00\x00ESCPR" + escpr_record("q", "setq", bytes(9)) + escpr_record("j", "setj", bytes(22))
)


def test_escpr_pages_are_walked_by_length() -> None:
    trap = b"\x0c\x1bp\x01\x00\x00\x00endp\x00" * 3
    job = ESCPR_START + escpr_page(trap) * 4 + escpr_page(more=0) + escpr_record("j", "endj")
    usage = count(job)
    assert (usage.language, figures(usage), usage.confidence) == ("escpr", (5, 5, 5), Confidence.EXACT)


def test_escpr_pages_show_their_color() -> None:
    grey, red, white = b"\x80\x80\x80" * 4, b"\xff\x10\x10" * 4, b"\xff" * 12
    coded_red = b"\xfd\xff\x10\x10"
    job = ESCPR_START + escpr_page(grey) + escpr_page(white, red) + escpr_page(white) + escpr_page(coded_red, coded=1)
    assert colors(count(job)) == [ColorClass.MONO, ColorClass.COLOR, ColorClass.MONO, ColorClass.COLOR]


def test_a_cut_escpr_page_is_not_counted() -> None:
    job = ESCPR_START + escpr_page(b"\x00" * 30) + escpr_page(b"\x00" * 30)[:-20]
    usage = count(job)
    assert (usage.impressions, usage.confidence) == (1, Confidence.AT_LEAST)


# ESC/Page

ESCPAGE_EJL = '\x1b\x01@EJL \n@EJL SJ ID="0"\n@EJL SE LA=ESC/PAGE\n@EJL SET {} PS=A4\n@EJL EN LA=ESC/PAGE\n'
ESCPAGE_IMAGE = b"\x1d48;224;32;0bi{I" + FEEDS


@pytest.mark.parametrize(
    ("settings", "expected", "sides"),
    [
        ("CO=1", (5, 5, 5), Duplex.UNSTATED),
        ("CO=3 QT=1 DX=OFF", (5, 15, 15), Duplex.NONE),
        ("CO=3 QT=1 DX=ON BD=LE", (5, 15, 9), Duplex.LONG),
        ("DX=ON BD=SE", (5, 5, 3), Duplex.SHORT),
    ],
)
def test_escpage_takes_copies_and_sides_from_ejl(
    settings: str, expected: tuple[int, int, int], sides: Duplex
) -> None:
    job = ESCPAGE_EJL.format(settings).encode() + b"\x1drhE" + (ESCPAGE_IMAGE + b"\x0c") * 5 + b"\x1drhE"
    usage = count(job + b"\x1b\x01@EJL \n@EJL EJ \n\x1b\x01@EJL \n")
    assert (usage.language, figures(usage), usage.confidence) == ("escpage", expected, Confidence.EXACT)
    assert {run.duplex for segment in usage.segments for run in segment.runs} == {sides}


def test_escpage_takes_copies_and_sides_from_its_own_commands() -> None:
    job = b"\x1drhE\x1d1sdE\x1d1bdE\x1d2coO" + (ESCPAGE_IMAGE + b"\x1d0dpsE") * 3 + b"\x1d0dpsE"
    usage = count(job + b"\x1b\x01@EJL \n")
    assert figures(usage) == (3, 6, 4)
    assert usage.segments[0].runs[0].duplex is Duplex.SHORT


def test_an_escpage_reset_ends_a_page_that_has_marks() -> None:
    page = b"\x1drhE\x1b\x01@EJL \n@EJL EN LA=ESC/PAGE\n\x1d0;300;300drE" + ESCPAGE_IMAGE + b"\x1d1coO\x1drhE"
    assert count((b"\x1b\x01@EJL \n@EJL EN LA=ESC/PAGE\n" + page) * 3).impressions == 3


def test_an_escpage_pen_makes_a_color_page_only_when_it_draws() -> None:
    black, red, draw = b"\x1d1;2;3;0;0;0fpE", b"\x1d1;2;3;255;0;0fpE", b"\x1d0;1drpG"
    job = b"\x1drhE\x1d0pddO" + red + black + draw + b"\x0c" + red + draw + black + b"\x0c"
    assert colors(count(job)) == [ColorClass.MONO, ColorClass.COLOR]


def test_escpage_color_images_show_pixels_or_the_pen() -> None:
    red_pen, black_pen = b"\x1d1;2;3;255;0;0fpE", b"\x1d1;2;3;0;0;0fpE"
    bits = b"\x1d2;201;1;0;8;3;8;3;0scrI\x1d3;3cu{I\xff\x0c\xff\x1decrI"
    grey, red, odd = (
        b"\x1d2;" + kind + b";0;0;2;1;2;1;0scrI\x1d6;1cu{I" + pixels + b"\x1decrI"
        for kind, pixels in ((b"102", b"\x40" * 6), (b"102", b"\xff\x0c\x0c" * 2), (b"7", bytes(6)))
    )
    pages = [black_pen + bits, red_pen + bits, black_pen + grey, red, odd]
    mono, color = ColorClass.MONO, ColorClass.COLOR
    job = b"\x1drhE\x1d0pddO" + b"".join(page + b"\x0c" for page in pages)
    assert colors(count(job)) == [mono, color, mono, color, ColorClass.UNKNOWN]


# Canon


def bj(letter: bytes, data: bytes) -> bytes:
    return b"\x1b(" + letter + struct.pack("<H", len(data)) + data


def test_bubble_jet_commands_are_stepped_over_by_length() -> None:
    set_up = b"\x1b[K\x02\x00\x00\x1fBJLSTART\nControlMode=Common\nBJLEND\n\x1b[K\x02\x00\x00\x0f" + bj(b"b", b"\x01")
    page = bj(b"A", b"K" + b"\x05" + b"\x0c" * 6) + b"\r" + bj(b"e", b"\x00\x01") + b"\x0c"
    usage = count(set_up + page * 5)
    assert (usage.language, figures(usage), usage.confidence) == ("canonbj", (5, 5, 5), Confidence.EXACT)


def test_bubble_jet_planes_show_color() -> None:
    start = b"\x1b[K\x02\x00\x00\x0f" + bj(b"b", b"\x00")
    gray = b"".join(bj(b"A", ink + b"\x55" * 20) for ink in (b"C", b"M", b"Y")) + b"\x0c"
    blank_cyan = bj(b"A", b"C" + bytes(20)) + bj(b"A", b"K" + b"\x55" * 20) + b"\x0c"
    job = start + gray + blank_cyan + bj(b"A", b"Y" + b"\x55" * 20) + b"\x0c"
    assert colors(count(job)) == [ColorClass.MONO, ColorClass.MONO, ColorClass.COLOR]


def test_pixma_blocks_take_turns_in_the_stated_order() -> None:
    start = b"\x1b[K\x02\x00\x00\x0f" + bj(b"L", b"CMYK")
    empty, marked = bj(b"F", b"\x80\x80"), bj(b"F", b"\x01\xff\xff\x80\x80")
    job = start + empty * 3 + marked + b"\x0c" + bj(b"L", b"CMYK") + empty + marked + empty * 2 + b"\x0c"
    assert colors(count(job)) == [ColorClass.MONO, ColorClass.COLOR]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [(b"", (3, 3, 3)), (b"\x9b4v", (3, 12, 12)), (b"\x9b2v\x9b2;#x\x9b0;#w", (3, 6, 4)), (b"\x9b0;#x", (3, 3, 3))],
)
def test_lips_copies_sides_and_raster_lengths(settings: bytes, expected: tuple[int, int, int]) -> None:
    job = b"\x1b%@\x9041;600;0Jlips4\x9c\x1b<" + settings + (b"\x9b48;12;600;11;32.r" + FEEDS + b"\r\x0c") * 3
    usage = count(job + b"\x900J\x9c")
    assert (usage.language, figures(usage), usage.confidence) == ("lips", expected, Confidence.EXACT)


def test_lips_drawings_state_their_image_lengths_in_letters() -> None:
    drawing = b"\x1b[0&}#\x1e}Q11;C0\x1e" + FEEDS + b"PF00\x1e}p\x1e\x0c"
    job = b"\x1b%@\x1bP41;300;1Jlips4v\x1b\\" + drawing * 2 + b"\x900J\x9c"
    assert figures(count(job)) == (2, 2, 2)

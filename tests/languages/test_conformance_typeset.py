# SPDX-License-Identifier: Apache-2.0
"""DVI and the pages of mainframes: the cases that a counter gets wrong most easily."""

import struct

import pytest

from pagetoll.core.copies import apply_spooler
from pagetoll.core.usage import ColorClass, Confidence, Usage
from pagetoll.languages import TextLayout, count


def colors(usage: Usage) -> list[ColorClass]:
    return [run.color for segment in usage.segments for run in segment.runs for _page in range(run.length)]


def codes(usage: Usage) -> set[str]:
    return {finding.code for finding in usage.findings}


# DVI


def dvi(pages: list[bytes], *, stated: int | None = None, postamble: bool = True) -> bytes:
    data = bytearray(b"\xf7\x02" + struct.pack(">3I", 25400000, 473628672, 1000) + b"\x04\x8b\x8b\x8b\x8b")
    previous = -1
    for content in pages:
        here = len(data)
        data += b"\x8b" + bytes(40) + struct.pack(">i", previous) + content + b"\x8c"
        previous = here
    if postamble:
        here = len(data)
        total = len(pages) if stated is None else stated
        data += b"\xf8" + struct.pack(">i5I2H", previous, 25400000, 473628672, 1000, 0, 0, 2, total)
        data += b"\xf9" + struct.pack(">I", here) + b"\x02" + b"\xdf" * 5
    return bytes(data)


def special(text: bytes) -> bytes:
    return bytes([239, len(text)]) + text


def test_begin_page_octets_within_operands_are_no_pages() -> None:
    rules = b"\x84\x8b\x8b\x8b\x8b\x8c\x8c\x8c\x8c" + b"\x92\x8b\x8c\xf8\x8b" + special(b"\x8b\x8c\xf8") + b"A"
    usage = count(dvi([rules, rules, rules]))
    assert (usage.language, usage.input_pages, usage.confidence) == ("dvi", 3, Confidence.EXACT)
    assert not codes(usage)


def test_dvi_pages_are_counted_whatever_the_postamble_states() -> None:
    usage = count(dvi([b"A"] * 3, stated=9999))
    assert usage.input_pages == 3
    assert "declared_mismatch" in codes(usage)
    cut = count(dvi([b"A"] * 3, postamble=False))
    assert (cut.input_pages, cut.confidence) == (3, Confidence.AT_LEAST)


def test_color_specials_last_until_they_are_popped() -> None:
    pages = [
        b"A",
        special(b"color push rgb 1 0 0") + b"A",
        b"A" + special(b"color pop"),
        b"A",
        special(b"color push gray 0") + b"A",
    ]
    found = colors(count(dvi(pages)))
    assert [number for number, color in enumerate(found, 1) if color is ColorClass.COLOR] == [2, 3]


# AFP and IPDS


def afp(kind: int, body: bytes = bytes(8)) -> bytes:
    return b"\x5a" + struct.pack(">HBHBH", 8 + len(body), 0xD3, kind, 0, 0) + body


PAGE = afp(0xA8AF) + afp(0xEE9B, b"\x2b\xd3\x06\xdaabcd") + afp(0xA9AF)


@pytest.mark.parametrize("prefix", [b"", b"\r\n"])
def test_afp_pages_in_resource_groups_do_not_print(prefix: bytes) -> None:
    records = [afp(0xA8C6), PAGE, afp(0xA9C6), afp(0xA8A8), PAGE, PAGE, afp(0xAFAF), afp(0xA9A8)]
    usage = count(prefix.join(records))
    assert (usage.language, usage.input_pages, usage.confidence) == ("afp", 3, Confidence.EXACT)


def test_a_form_map_in_the_file_states_copies_and_sides() -> None:
    form = [
        afp(0xA8CD),
        afp(0xA8CC, b"\xc1" * 8),
        afp(0xA788, b"\x01\x00\xf4\x02"),
        afp(0xA288, b"\x01\x03\x00\x00\x00\x01"),
        afp(0xA9CC),
        afp(0xA9CD),
    ]
    usage = count(b"".join([*form, afp(0xA8A8), PAGE * 5, afp(0xA9A8)]))
    totals = apply_spooler(usage)
    assert (totals.impressions, totals.media_sheets) == (15, 9)


def test_line_data_between_afp_records_make_an_estimate() -> None:
    usage = count(afp(0xA8A8) + PAGE + b"1LINE DATA OF A PROGRAM" + PAGE + afp(0xA9A8))
    assert (usage.input_pages, usage.confidence) == (2, Confidence.ESTIMATED)


def test_ipds_pages_of_overlays_are_stored_and_not_printed() -> None:
    def command(code: int, body: bytes = b"") -> bytes:
        return struct.pack(">HHB", 5 + len(body), code, 0) + body

    page = command(0xD6AF, bytes(4)) + command(0xD62D, b"\xd6\xaf\xd6\xaf") + command(0xD6BF)
    overlay = command(0xD6DF, bytes(2)) + command(0xD6AF) + command(0xD6BF)
    copies = command(0xD69F, b"\x04\x02\xc1\x01")
    usage = count(copies + overlay + page * 3)
    totals = apply_spooler(usage)
    assert (usage.language, usage.input_pages, totals.impressions, totals.media_sheets) == ("ipds", 3, 6, 4)


# Text with carriage control


@pytest.mark.parametrize(
    ("text", "pages"),
    [
        (b"1first\n second\n+second\n1third page\n", 2),
        (b"1one\n" + b" line\n" * 59, 1),
        (b"1one\n" + b" line\n" * 60, 2),
        (b"1one\n" + b"0line\n" * 30, 2),
        (b"1one\n" + b"+over\n" * 500, 1),
        (b"1one\r\n1two\r\n1three", 3),
    ],
    ids=["control", "full", "over-full", "double", "over", "crlf"],
)
def test_the_first_column_moves_the_paper_where_the_queue_says_so(text: bytes, pages: int) -> None:
    usage = count(text, text_layout=TextLayout(carriage_control=True))
    assert (usage.language, usage.input_pages, usage.confidence) == ("text", pages, Confidence.ESTIMATED)
    assert len(usage.page_end_offsets) == pages

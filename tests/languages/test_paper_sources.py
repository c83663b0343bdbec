# SPDX-License-Identifier: Apache-2.0
"""Paper from another source is another sheet; paper by its name has a size."""

import struct

import pytest

from pagetoll.core.copies import apply_spooler
from pagetoll.core.usage import Usage
from pagetoll.languages import count

SIDES = b"\x1bE\x1b&l1S"


def totals(usage: Usage) -> tuple[int, int, int]:
    found = apply_spooler(usage)
    return found.impressions, found.media_sheets, found.blank_sides


@pytest.mark.parametrize(
    ("pages", "sheets"),
    [
        ([b"\x1b&l1H", b"", b"", b""], 2),
        ([b"\x1b&l1H", b"\x1b&l4H", b"", b""], 3),
        ([b"\x1b&l1H", b"", b"\x1b&l4H", b""], 2),
        ([b"\x1b&l1H", b"\x1b&l1H", b"\x1b&l1H", b"\x1b&l1H"], 2),
        ([b"\x1b&l1H", b"\x1b&l4H", b"\x1b&l1H", b"\x1b&l4H"], 4),
        ([b"\x1b&l1H", b"\x1b&l0H", b"", b""], 2),
        ([b"", b"\x1b&l1H", b"", b""], 2),
    ],
)
def test_a_change_of_the_source_starts_a_sheet_of_pcl(pages: list[bytes], sheets: int) -> None:
    job = SIDES + b"".join(page + b"words\x0c" for page in pages) + b"\x1bE"
    assert totals(count(job)) == (4, sheets, 2 * sheets - 4)


def raster_page(source: int) -> bytes:
    raw = bytearray(1796)
    fields = {272: 1, 340: 1, 352: 595, 356: 842, 372: 8, 376: 4, 384: 8, 388: 8, 392: 8, 400: 18, 420: 1}
    for place, number in {**fields, 324: source}.items():
        struct.pack_into(">I", raw, place, number)
    return bytes(raw) + b"\3\7\xff"


@pytest.mark.parametrize(("sources", "sheets"), [([0, 0, 0, 0], 2), ([1, 2, 2, 2], 3), ([1, 1, 2, 2], 2)])
def test_a_change_of_the_source_starts_a_sheet_of_raster(sources: list[int], sheets: int) -> None:
    usage = count(b"RaS2" + b"".join(map(raster_page, sources)))
    assert totals(usage) == (4, sheets, 2 * sheets - 4)


@pytest.mark.parametrize(
    ("name", "size"), [(b"A4", (595, 842)), (b"LETTER", (612, 792)), (b"Legal", (612, 1008)), (b"any", (0, 0))]
)
def test_pcl_xl_names_its_paper(name: bytes, size: tuple[int, int]) -> None:
    media = b"\xc8\xc1" + struct.pack("<H", len(name)) + name + b"\xf8\x25"
    usage = count(b") HP-PCL XL;3;0;test\n\x41" + media + b"\x43\x44\x42")
    assert usage.segments[0].runs[0].media_points == size


@pytest.mark.parametrize(
    ("name", "size"), [(b"JISB5", (516, 729)), (b"JISB4", (729, 1032)), (b"JPOST", (283, 420)), (b"A2", (1191, 1684))]
)
def test_pjl_names_its_paper(name: bytes, size: tuple[int, int]) -> None:
    usage = count(b"\x1b%-12345X@PJL SET PAPER=" + name + b"\n@PJL ENTER LANGUAGE=PCL\n\x1bEwords\x0c\x1bE")
    assert usage.segments[0].runs[0].media_points == size

# SPDX-License-Identifier: Apache-2.0
"""JetReady pages, built here: JPEG bands without their headers inside PCL XL."""

import io
import struct

import pytest
from PIL import Image, ImageDraw

from pagetoll.core.usage import ColorClass
from pagetoll.languages import count

WIDTH, LINES = 320, 128
ROUNDING = [4] * 64


def band(*spots: str) -> bytes:
    """The scan of a JPEG picture with a spot of each color."""
    picture = Image.new("RGB", (WIDTH, LINES), "white")
    for number, spot in enumerate(spots):
        ImageDraw.Draw(picture).rectangle((16 + 48 * number, 16, 40 + 48 * number, 60), fill=spot)
    octets = io.BytesIO()
    picture.save(octets, "JPEG", subsampling=0, qtables=[ROUNDING] * 3)
    scan = octets.getvalue()
    start = scan.index(b"\xff\xda")
    return scan[start + 2 + struct.unpack_from(">H", scan, start + 2)[0] :]


def vendor(tag: bytes, data: bytes, width: int = 0) -> bytes:
    octets = tag + struct.pack("<I", len(data)) + data
    stated = b"\xc1" + struct.pack("<H", width) + b"\xf8\x6c" if width else b""
    return stated + b"\xc2" + struct.pack("<I", len(octets)) + b"\xf8\x92\x46" + octets


def page(*bands: bytes) -> bytes:
    tables = struct.pack("<192I", *ROUNDING * 3)
    pieces = [vendor(b"\0\x80", tables, WIDTH), *(vendor(b"\x21\x90", one) for one in bands)]
    return b"\xc0\x02\xf8\x25\x43" + b"".join(pieces) + b"\x44"


def job(*pages: bytes) -> bytes:
    return b") HP-PCL XL;3;0\n" + b"".join(pages) + b"\x42"


@pytest.mark.parametrize(
    ("bands", "color"),
    [
        ([band()], ColorClass.MONO),
        ([band("black", "#808080"), band()], ColorClass.MONO),
        ([band("black"), band(), band("#ffdddd")], ColorClass.COLOR),
        ([band("blue")], ColorClass.COLOR),
        ([b"\xff\x00" * 200], ColorClass.UNKNOWN),
    ],
    ids=["blank", "grey", "light red", "blue", "broken"],
)
def test_the_bands_of_a_page_tell_its_color(bands: list[bytes], color: ColorClass) -> None:
    usage = count(job(page(*bands), page(band())))
    colors = [run.color for run in usage.segments[0].runs for _page in range(run.length)]
    assert colors[-2] is color
    assert colors[-1] is ColorClass.MONO
    assert usage.impressions == 2


def test_end_of_page_octets_inside_a_band_do_not_count() -> None:
    assert count(job(page(b"\x44" * 5000), page(b"\x43\x44" * 100))).impressions == 2

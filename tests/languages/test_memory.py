# SPDX-License-Identifier: Apache-2.0
"""A large document is counted without a copy of it in memory."""

import mmap
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from struct import pack

import pytest

from pagetoll.languages import count

MEGABYTE = 1 << 20
DOCUMENT_OCTETS = 12 * MEGABYTE
MOST_OCTETS = 5 * MEGABYTE
LINE = bytes([129]) + bytes(range(128))
"""128 grey pixels as they are, in the coding of raster lines."""


def pwg() -> bytes:
    height = DOCUMENT_OCTETS // 1291
    header = bytearray(1796)
    header[:10] = b"PwgRaster\0"
    fields = {352: 612, 356: 792, 372: 1280, 376: height, 384: 8, 388: 8, 392: 1280, 400: 18, 420: 1}
    for place, number in fields.items():
        header[place : place + 4] = pack(">I", number)
    return b"RaS2" + bytes(header) + (b"\0" + LINE * 10) * height


def urf() -> bytes:
    height = DOCUMENT_OCTETS // 1291
    header = bytes([8, 0, 1, 4]) + bytes(8) + pack(">3I", 1280, height, 300) + bytes(8)
    return b"UNIRAST\0" + pack(">I", 1) + header + (b"\0" + LINE * 10) * height


def pdf() -> bytes:
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R>>",
        b"<</Length %d>>stream\n" % DOCUMENT_OCTETS + b"0 0 m\n" * (DOCUMENT_OCTETS // 6) + b"\nendstream",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    table = b"xref\n0 5\n0000000000 65535 f \n" + table
    return out + table + b"trailer<</Root 1 0 R/Size 5>>\nstartxref\n%d\n%%%%EOF\n" % len(out)


def png() -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return pack(">I", len(body)) + name + body + pack(">I", zlib.crc32(name + body))

    side = 2000
    header = chunk(b"IHDR", pack(">2I5B", side, side, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(1 + 3 * side) * side, 0))
    return b"\x89PNG\r\n\x1a\n" + header + pixels + chunk(b"IEND", b"")


def lines_of_text() -> bytes:
    return b"a line of words that is as long as many of them are\n" * (DOCUMENT_OCTETS // 52)


def one_line_of_text() -> bytes:
    return b"words " * (DOCUMENT_OCTETS // 6)


def pcl() -> bytes:
    return b"\x1bE\x1b*r1A" + (b"\x1b*b1000W" + bytes(1000)) * (DOCUMENT_OCTETS // 1010) + b"\x1b*rC\x0c\x1bE"


@pytest.mark.parametrize("document", [pwg, urf, pdf, png, lines_of_text, one_line_of_text, pcl])
def test_a_large_document_stays_where_it_is(document: Callable[[], bytes], tmp_path: Path) -> None:
    path = tmp_path / "document"
    path.write_bytes(document())
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as octets:
        count(octets)  # what is loaded at first use
        tracemalloc.start()
        usage = count(octets)
        _now, peak_octets = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert usage.impressions
    assert peak_octets < MOST_OCTETS

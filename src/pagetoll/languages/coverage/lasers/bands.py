# SPDX-License-Identifier: Apache-2.0
"""The images in languages of bands: OAKT, QPDL and HIPERC (their grammars: `pagetoll.languages.hostbased`).

The documents were walked before, so records are where they are said to be; one that is not ends the walk.
"""

import struct
from collections.abc import Iterator

from pagetoll.languages.coverage.lasers.images import BLACK, CYAN, MAGENTA, YELLOW, Image, LaserPage, jbig_header
from pagetoll.languages.coverage.lasers.qpdl_runs import MAGIC as RUNS
from pagetoll.languages.hostbased.records import number
from pagetoll.languages.limits import Guard

_OAK_MAGIC, _OAK_PAGE, _OAK_PAGE_END, _OAK_SIZES, _OAK_BAND = b"OAKT", 0x14, 0x18, (0x32, 0x33), 0x3C
_OAK_BAND_HEADER = struct.Struct("<3I4s2I")
_OAK_INKS = (YELLOW, MAGENTA, CYAN, BLACK)
_OAK_SIZES_AT, _OAK_BAND_AT, _OAK_PLANE_AT = (28, 32, 36), 16, 0x30


def oak(octets: bytes, guard: Guard) -> Iterator[LaserPage]:
    """The pages of OAKT: each band is an image of its own."""
    page: LaserPage | None = None
    position = 0
    while octets[position : position + 4] == _OAK_MAGIC and not guard.expired():
        length, kind = (number(octets[position + at : position + at + 4], "<") for at in (4, 8))
        record = octets[position : position + length]
        position += length
        if length < 12:
            return
        if kind == _OAK_PAGE:
            page = LaserPage()
        elif kind == _OAK_PAGE_END and page is not None:
            yield page.alone_is_black()
            page = None
        elif kind in _OAK_SIZES and page is not None:
            across, down, bits = (number(record[at : at + 4], "<") for at in _OAK_SIZES_AT)
            page.dots_per_inch = across * max(1, bits), down
        elif kind == _OAK_BAND and len(record) > _OAK_PLANE_AT + 4:
            columns, rows, stripe, options, data, padded = _OAK_BAND_HEADER.unpack_from(record, _OAK_BAND_AT)
            ink = _OAK_INKS[min(3, number(record[_OAK_PLANE_AT : _OAK_PLANE_AT + 4], "<"))]
            if page is not None:
                header = jbig_header(columns, rows, stripe, options)
                page.add(Image(ink, header, [octets[position : position + data]]))
            position += padded


_PAGE, _PAGE_END, _JOB_END, _BAND, _JBIG_HEADER = 0x00, 0x01, 0x09, 0x0C, 0x13
_IN_RUNS, _IN_ONE, _IN_BANDS = 0x11, b"\x13", b"\x15"
_NUMBERED = {1: CYAN, 2: MAGENTA, 3: YELLOW, 4: BLACK}
_MAGIC = (b"\x39\xab\xcd\xef", b"\xef\xcd\xab\x39")
_HEADER_OF_BANDS = slice(11, 31)
_BAND_HEADER_OCTETS, _CHECKSUM_OCTETS, _HEADER_OCTETS = 32, 4, 20
_HUNDRED_DPI = 100


def qpdl(octets: bytes, guard: Guard) -> Iterator[LaserPage]:
    """The pages of QPDL: an image an ink in compression 13, an image a band in 15 and, in black alone, in 11
    (hexadecimal). A page with other bands of color ends the walk: their length depends on more."""
    page = LaserPage()
    header = b""
    position = 0
    version = 0
    while position + 3 <= len(octets) and not guard.expired():
        kind = octets[position]
        if kind == _PAGE and position + 17 <= len(octets):
            page = LaserPage(
                dots_per_inch=(octets[position + 16] * _HUNDRED_DPI, octets[position + 1] * _HUNDRED_DPI)
            )
            version = octets[position + 14]
            position += 17
        elif kind == _PAGE_END:
            yield page
            position += 3
        elif kind == _JBIG_HEADER:
            length = number(octets[position + 1 : position + 5])
            header = octets[position + 5 : position + 5 + length][_HEADER_OF_BANDS]
            position += 5 + length
        elif kind == _BAND and octets[position + 11 : position + 15] == RUNS:
            position = _qpdl_runs(page, octets, position)
        elif kind == _BAND and octets[position + 7 : position + 8] in (_IN_ONE, _IN_BANDS):
            length = number(octets[position + 8 : position + 12])
            band = octets[position + 12 : position + 12 + length]
            ink = _NUMBERED.get(octets[position + 6])
            in_bands = octets[position + 7 : position + 8] == _IN_BANDS
            if ink is None or len(band) < length or (version == 1 and not in_bands):
                return
            _qpdl_band(page, ink, band, header if in_bands else None)
            position += 12 + length
        else:
            return


def _qpdl_runs(page: LaserPage, octets: bytes, position: int) -> int:
    """A band in black alone; where it ends."""
    columns, rows = (number(octets[position + at : position + at + 2]) for at in (2, 4))
    after = position + 11 + number(octets[position + 7 : position + 11])
    if octets[position + 6] == _IN_RUNS and columns and rows:
        band = octets[position + 11 : after - _CHECKSUM_OCTETS]
        page.add(Image(BLACK, b"", [band], (columns + 7) // 8 * rows))
    else:
        page.readable = False
    return after


def _qpdl_band(page: LaserPage, ink: int, band: bytes, header: bytes | None) -> None:
    if header is not None:
        page.add(Image(ink, header, [band[:-_CHECKSUM_OCTETS]]))
        return
    data = band[_BAND_HEADER_OCTETS:-_CHECKSUM_OCTETS]
    if band[:4] not in _MAGIC:
        page.readable = False
    elif len(data) == _HEADER_OCTETS:
        page.add(Image(ink, data))
    else:
        image = next((image for image in page.images if image.ink == ink), None)
        if image is None:
            page.readable = False
        else:
            image.chunks.append(data)


_HIPERC_HEADER, _HIPERC_BAND, _HIPERC_PAGE_END = 0x00, 0x01, 0xFF
_HIPERC_INK_AT, _HIPERC_DATA_AT, _HIPERC_CODING_AT, _HIPERC_PLAIN = 12, 20, 32, b"0"


def hiperc(octets: bytes, guard: Guard) -> Iterator[LaserPage]:
    """The pages of HIPERC with plain bit maps; how its bands lie in JBIG is not known."""
    page = LaserPage()
    position = 0
    while position + 8 <= len(octets) and not guard.expired():
        length, kind = number(octets[position : position + 4]), number(octets[position + 4 : position + 8])
        if length < 8:
            return
        if kind == _HIPERC_PAGE_END:
            yield page
            page = LaserPage()
        elif kind == _HIPERC_HEADER and length > _HIPERC_CODING_AT:
            coding = position + _HIPERC_CODING_AT
            page.readable = page.readable and octets[coding : coding + 1] == _HIPERC_PLAIN
        elif kind == _HIPERC_BAND and length > _HIPERC_DATA_AT:
            ink = min(BLACK, octets[position + _HIPERC_INK_AT])
            page.add(Image(ink, b"", [octets[position + _HIPERC_DATA_AT : position + length]]))
        position += length

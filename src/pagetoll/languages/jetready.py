# SPDX-License-Identifier: Apache-2.0
"""JetReady: the JPEG bands that HP Color LaserJet 3500 to 3600 get as data of PCL XL's vendor operator.

    00 80 | u32 octets | three tables of 64 u32      how the numbers were rounded (quantization)
    21 90 | u32 octets | JPEG data                   a band of 128 lines, three components of the same size

The data comes without a JPEG header and with the Huffman tables of ITU-T T.81, Annex K. With a header put
before it any JPEG decoder reads it, here at an eighth of its size: the color of a page needs no more.
"""

import io
import struct
from dataclasses import dataclass, field

from pagetoll.core.usage import ColorClass

_HUFFMAN_TABLES = (
    bytes.fromhex("0000010501010101010100000000000000000102030405060708090a0b"),
    bytes.fromhex(
        "100002010303020403050504040000017d01020300041105122131410613516107227114328191a1082342b1c11552d1"
        "f02433627282090a161718191a25262728292a3435363738393a434445464748494a535455565758595a636465666768"
        "696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4"
        "c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa"
    ),
    bytes.fromhex("0100030101010101010101010000000000000102030405060708090a0b"),
    bytes.fromhex(
        "1100020102040403040705040400010277000102031104052131061241510761711322328108144291a1b1c109233352"
        "f0156272d10a162434e125f11718191a262728292a35363738393a434445464748494a535455565758595a6364656667"
        "68696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2"
        "c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa"
    ),
)
_TABLES, _BAND = b"\x00\x80", b"\x21\x90"
_HEADER_OCTETS = 6
_TABLES_OCTETS = 3 * 64 * 4
_BAND_LINES = 128
_SHRINK = 8
_TOLERANCE = 6
"""How far from grey (128) the mean of a block may be; grey bands are exactly grey."""
_BLANK = bytes.fromhex("2800a002800a00")
"""Four blocks of paper, packed."""
_BLANK_REST_OCTETS = 32
_WIDEST = 20_000
MOST_BANDS = 1500
"""Bands with marks that are looked at in one document."""


@dataclass(slots=True)
class JetReadyBands:
    """Takes the vendor data of a document; `color` is that of the bands since it was last `reset`."""

    color: ColorClass = ColorClass.MONO
    _width: int = 0
    _tables: list[bytes] = field(default_factory=list)
    _looked_at: int = 0

    def reset(self) -> None:
        """A page begins."""
        self.color = ColorClass.MONO

    def take(self, octets: bytes, width: int) -> None:
        """The data of one operator; `width` in dots where the operator states it, else 0."""
        self._width = width or self._width
        tag, body = octets[:2], octets[_HEADER_OCTETS:]
        if tag == _TABLES and len(body) >= _TABLES_OCTETS:
            numbers = struct.unpack_from("<192I", body)
            self._tables = [bytes(min(255, max(1, n)) for n in numbers[at : at + 64]) for at in (0, 64, 128)]
        elif tag == _BAND and self.color is ColorClass.MONO:
            self.color = self._band_color(body)
        elif tag not in (_TABLES, _BAND) and self.color is ColorClass.MONO and len(octets) > _BLANK_REST_OCTETS:
            self.color = ColorClass.UNKNOWN

    def _band_color(self, band: bytes) -> ColorClass:
        if len(band) - band.count(_BLANK) * len(_BLANK) < _BLANK_REST_OCTETS:
            return ColorClass.MONO
        self._looked_at += 1
        if not self._tables or not 0 < self._width <= _WIDEST or self._looked_at > MOST_BANDS:
            return ColorClass.UNKNOWN
        return _jpeg_color(self._header() + band, self._width)

    def _header(self) -> bytes:
        rounding = b"".join(
            b"\xff\xdb" + struct.pack(">HB", 67, number) + table for number, table in enumerate(self._tables)
        )
        frame = struct.pack(">HBHHB", 17, 8, _BAND_LINES, self._width, 3) + bytes(
            [1, 0x11, 0, 2, 0x11, 1, 3, 0x11, 2]
        )
        huffman = b"".join(b"\xff\xc4" + struct.pack(">H", len(table) + 2) + table for table in _HUFFMAN_TABLES)
        scan = struct.pack(">HB", 12, 3) + bytes([1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0])
        return b"\xff\xd8" + rounding + b"\xff\xc0" + frame + huffman + b"\xff\xda" + scan


def _jpeg_color(octets: bytes, width: int) -> ColorClass:
    from PIL.JpegImagePlugin import JpegImageFile

    try:
        with JpegImageFile(io.BytesIO(octets)) as image:
            image.draft("YCbCr", (max(1, width // _SHRINK), _BAND_LINES // _SHRINK))
            extremes = image.getextrema()
    except (OSError, ValueError, SyntaxError, struct.error, IndexError, KeyError, RuntimeError):
        return ColorClass.UNKNOWN
    if len(extremes) != 3:
        return ColorClass.UNKNOWN
    far = any(abs(end - 128) > _TOLERANCE for channel in extremes[1:] for end in channel)
    return ColorClass.COLOR if far else ColorClass.MONO

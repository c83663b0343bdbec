# SPDX-License-Identifier: Apache-2.0
"""Kodak ESP (runs of sRGB dots in a zlib stream) and Minolta (PagePro 1200W to 1400W, magicolor).

Kodak: kodak_tokens.py. Minolta: a page packet states dots a line and paper, a band packet its lines.

    line: 80 + n, its n most frequent octets, then codes until the line is full
    code: 00..3F  code + 1 octets as they are      40..7F  code - 3F octets, each two numbers of frequent octets
          80..BF  the next octet, code - 80 times  C0..FF  the next octet, (code - C0) x 64 times

Magicolor has four bands of one ink each, black first by number, and two rows in a line. JBIG is unseen.
Source: the samples.
"""

import struct
import zlib
from dataclasses import dataclass

import numpy

from pagetoll.languages.coverage.dot_tally import Resolution
from pagetoll.languages.coverage.sheets.sheet import Sheet, dots_of
from pagetoll.languages.coverage.spaces import FULL
from pagetoll.languages.hostbased.events import WORD

_PIECE_OCTETS = 1 << 18
_TOKEN = struct.Struct("<2H")
_DOTS_FOLLOW, _WHITE = 0, 1
_RASTER = {
    b"RasterObject.Compression": b"GZIPTok",
    b"RasterObject.Colorspace": b"sRGB",
    b"RasterObject.BitsPerPixel": b"8",
}
_RESOLUTIONS = {b"300x300": 300, b"600x600": 600, b"1200x1200": 1200}


def kodak(sheet: Sheet, position: int) -> int:
    """One word of a job, with its data."""
    word = WORD.match(sheet.data, position, sheet.end)
    if word is None:
        return sheet.give_up()
    name, value = word[1], word[3]
    if word[2] is not None:
        behind = word.end() + int(word[2])
        if all(sheet.number.get(each.decode()) == 1 for each in _RASTER):
            _tokens(sheet, bytes(sheet.data[word.end() : behind]))
        else:
            sheet.unknown = True
        return behind
    if name in _RASTER:
        sheet.number[name.decode()] = int(value == _RASTER[name])
    elif name == b"Resolution":
        sheet.number["dots"] = _RESOLUTIONS.get(value, 0)
    elif name in (b"RasterObject.Width", b"RasterObject.Height") and value:
        sheet.number[name.decode()[13:]] = int(value) if value.isdigit() and len(value) < 7 else 0
    return word.end()


def _tokens(sheet: Sheet, packed: bytes) -> None:
    dots_an_inch = sheet.number.get("dots", 0)
    wanted = sheet.number.get("Width", 0) * sheet.number.get("Height", 0)
    unpacking, waiting, rest, dots = zlib.decompressobj(), b"", packed, 0
    while rest and not unpacking.eof and dots <= wanted:
        try:
            waiting += unpacking.decompress(rest, _PIECE_OCTETS)
        except zlib.error:
            break
        rest = unpacking.unconsumed_tail
        used, found = _runs(sheet, waiting, dots_an_inch)
        if used < 0:
            break
        waiting, dots = waiting[used:], dots + found
        sheet.guard.check(0)
    if not dots_an_inch or dots != wanted or waiting:
        sheet.unknown = True


def _runs(sheet: Sheet, waiting: bytes, dots_an_inch: int) -> tuple[int, int]:
    """Tally the whole runs in `waiting`: how far they reach (-1: one of an unknown kind), how many dots that is."""
    position, total = 0, 0
    while position + _TOKEN.size <= len(waiting):
        dots, kind = _TOKEN.unpack_from(waiting, position)
        body = position + _TOKEN.size
        if kind == _DOTS_FOLLOW:
            if body + 3 * dots > len(waiting):
                break
            planes = numpy.frombuffer(waiting, numpy.uint8, 3 * dots, body).reshape(3, dots)
            sheet.tally.pixels((dots_an_inch, dots_an_inch), planes.T)
            body += 3 * dots
        elif kind != _WHITE:
            return -1, 0
        position, total = body, total + dots
    return position, total


_LINE_STARTS, _MOST_FREQUENT = 0x80, 16
_NUMBERED, _REPEATS, _REPEATS_64 = 0x40, 0x80, 0xC0
_LINES_BETWEEN_LOOKS = 256
_MODE, _PAGE, _BAND = 0x50, 0x51, 0x52
_A4_POINTS = (595.28, 841.89)
_PAPER_AT, _A4 = 15, 4
_BLACK = 0
_INKS = ((0, 0, 0, FULL), (FULL, 0, 0, 0), (0, FULL, 0, 0), (0, 0, FULL, 0))


@dataclass(frozen=True, slots=True)
class _Device:
    """How the packets of a device look: what its mode packet holds, how long its page packet is, how many rows a line
    holds, and how much stands in front of a band's data behind its length."""

    mode: bytes
    page_octets: int
    rows: int
    resolution: Resolution
    head_octets: int


_NO_DEVICE = _Device(b"", -1, 0, (0, 0), -1)
_DEVICES = {
    1: _Device(b"\1\0\4\0\4\0", 22, 1, (600, 600), 2),
    2: _Device(b"\1\1\0\0\0\0", 28, 2, (1200, 600), 4),
}
"""Monochrome; magicolor."""


def minolta(sheet: Sheet, position: int) -> int:
    """One packet, with the band behind it."""
    data = sheet.data
    kind, length = data[position + 1], int.from_bytes(data[position + 3 : position + 5], "little")
    payload = bytes(data[position + 6 : position + 6 + length])
    behind = position + 7 + length
    if kind == _MODE:
        sheet.number["device"] = next(
            (n for n, device in _DEVICES.items() if payload[:2] + payload[4:] == device.mode), 0
        )
    elif kind == _PAGE:
        device = _DEVICES.get(sheet.number.get("device", 0), _NO_DEVICE)
        known = length == device.page_octets and payload[_PAPER_AT] == _A4
        sheet.number["known"] = int(known)
        sheet.number["octets"] = int.from_bytes(payload[4:8], "little") // 8 * device.rows
        sheet.paper = _A4_POINTS
    elif kind == _BAND:
        octets = int.from_bytes(payload[:4], "little")
        _band(sheet, bytes(data[behind : behind + octets]), payload[4:])
        behind += octets
    return behind


def _band(sheet: Sheet, band: bytes, head: bytes) -> None:
    """`head`: ink and number of the band, where there are several; how many rows it has."""
    device, wanted = _DEVICES.get(sheet.number.get("device", 0), _NO_DEVICE), sheet.number.get("octets", 0)
    position = dots = 0
    ink, rows = (head[0] if len(head) > 2 else _BLACK), int.from_bytes(head[-2:], "little")
    if not sheet.number.get("known") or ink >= len(_INKS) or len(head) != device.head_octets:
        sheet.unknown = True
        return
    while position < len(band) and not sheet.unknown:
        found, octets, position = _line(band, position, wanted)
        dots, rows = dots + found, rows - device.rows
        sheet.unknown = octets != wanted
        if not rows % _LINES_BETWEEN_LOOKS:
            sheet.guard.check(position)
    # An odd line at the end has a white one behind it, which is not stated.
    sheet.unknown = sheet.unknown or rows not in (0, -1)
    if dots:
        sheet.tally.inks(device.resolution, _INKS[ink], dots)


def _line(band: bytes, position: int, wanted: int) -> tuple[int, int, int]:
    """The dots and octets of a line, and where it ends; too few octets where it is coded in another way."""
    frequent = band[position] - _LINE_STARTS
    position += 1
    table = [octet.bit_count() for octet in band[position : position + max(0, frequent)]]
    position += len(table)
    dots = octets = 0
    while octets < wanted and position + 1 < len(band) and 0 <= frequent <= _MOST_FREQUENT:
        code = band[position]
        if code >= _REPEATS:
            times = (code & 0x3F) * (64 if code >= _REPEATS_64 else 1)
            dots += times * band[position + 1].bit_count()
            octets += times
            position += 2
            continue
        piece = band[position + 1 : position + 2 + (code & 0x3F)]
        position += 1 + len(piece)
        if code < _NUMBERED:
            dots, octets = dots + dots_of(piece), octets + len(piece)
            continue
        numbers = [number for octet in piece for number in (octet >> 4, octet & 15)]
        if max(numbers, default=0) >= frequent:
            return dots, -1, len(band)
        dots, octets = dots + sum(table[number] for number in numbers), octets + len(numbers)
    return dots, octets, position

# SPDX-License-Identifier: Apache-2.0
"""The heads of Apple, NEC and ALPS printers, and the rows of pixels of ESC/P-R. Sources: the samples; the references
that the parsers name."""

import re
import struct
from typing import TYPE_CHECKING, cast

import numpy

from pagetoll.languages.command_printers import alps, escpr
from pagetoll.languages.command_printers.dialect import Walk
from pagetoll.languages.command_printers.packbits import unpack_piece
from pagetoll.languages.coverage.dot_grid import UNITS
from pagetoll.languages.coverage.heads.moves import Move, decimal, dots, fixed, letters, line_of

if TYPE_CHECKING:
    from pagetoll.languages.coverage.heads.pages import DotWalk

_IMAGEWRITER_ACROSS = {"n": 72, "N": 80, "E": 96, "e": 107, "q": 120, "Q": 136, "p": 144, "P": 160}


def _characters_an_inch(across: int) -> Move:
    def move(walk: "DotWalk", _position: int) -> None:
        walk.number["across"] = across

    return move


def _imagewriter_image(times: int, down: int) -> Move:
    """Images of the head of 27 pins are twice as fine across, too."""

    def move(walk: "DotWalk", _position: int) -> None:
        walk.spacing = dots(times * walk.number.get("across", 80), down)

    return move


def _imagewriter_repeated(walk: "DotWalk", position: int) -> None:
    """ESC V n column: the column n times."""
    spacing = dots(walk.number.get("across", 80), 72)
    walk.grid.dots(
        decimal(walk, position, 4) * walk.octet(position + 4).bit_count(), walk.number.get("ink", 0), spacing
    )


def _imagewriter_line(walk: "DotWalk", position: int) -> None:
    walk.line = decimal(walk, position, 2) * UNITS // 144


IMAGEWRITER = {
    **{ord(letter): _characters_an_inch(across) for letter, across in _IMAGEWRITER_ACROSS.items()},
    **letters(b"GSg", _imagewriter_image(1, 72)),
    **letters(b"C", _imagewriter_image(2, 216)),
    **letters(b"V", _imagewriter_repeated),
    **letters(b"T", _imagewriter_line),
    **letters(b"A", line_of(UNITS // 6)),
    **letters(b"B", line_of(UNITS // 8)),
}


_NEC_RESOLUTION = re.compile(rb"d ?([1-9][0-9]{1,3})\.")
_NEC_IMAGE = re.compile(rb"b ?[A-Z],[0-9]{1,4},[0-9]{1,5}\.")


def nec_fs(walk: "DotWalk", position: int) -> None:
    """FS d n: resolution; FS b: columns in it. Images of page printers are not read."""
    resolution = _NEC_RESOLUTION.match(walk.data, position, walk.end)
    if resolution:
        walk.number["resolution"] = int(resolution[1])
    dpi = walk.number.get("resolution", 0)
    walk.spacing = dots(dpi, dpi) if dpi and _NEC_IMAGE.match(walk.data, position, walk.end) else None


def feeds(walk: "DotWalk", position: int) -> None:
    """US n: n line feeds."""
    walk.grid.y += walk.line * max(0, walk.octet(position) - 0x10)


def _nec_line(walk: "DotWalk", position: int) -> None:
    walk.line = decimal(walk, position, 2) * UNITS // 120


NEC = {
    **letters(b"SIJ", fixed(160, 160)),
    **letters(b"T", _nec_line),
    **letters(b"A", line_of(UNITS // 6)),
    **letters(b"B", line_of(UNITS // 8)),
}
_ALPS_SPACING = {3: dots(600, 600)}
_ALPS_UNPACKED, _ALPS_PACKED = 0, 2


def alps_star(of_any_kind: Walk, position: int) -> int:
    """ESC * t n R: resolution; ESC * b n M: coding of rows; ESC * b n W, V, T: a row, T with its place before it."""
    walk = cast("DotWalk", of_any_kind)
    group, number, letter = walk.octet(position), walk.word(position + 1), walk.octet(position + 3)
    behind = alps.star(walk, position)
    if group == 0x74 and walk.octet(position + 2) == 0x52:
        walk.spacing = _ALPS_SPACING.get(walk.octet(position + 1))
    elif (group, letter) == (0x62, 0x4D):
        walk.number["coding"] = number
    elif group == 0x62 and letter in alps.RASTER:
        row = walk.piece(behind - number, number)
        coding = walk.number.get("coding", _ALPS_UNPACKED)
        walk.unknown = walk.unknown or walk.spacing is None or coding not in (_ALPS_UNPACKED, _ALPS_PACKED)
        if walk.spacing is not None:
            image = unpack_piece(row, repeats_129=True) if coding == _ALPS_PACKED else row
            walk.grid.draw(image, walk.number.get("ribbon", 0), walk.spacing)
    return behind


RECORDS = bytes(range(0x61, 0x7B))
_ROW = struct.Struct(">4xBH")


def record(of_any_kind: Walk, position: int) -> int:
    """A record of ESC/P-R: length, name, data. Rows are pixels of red, green and blue."""
    walk = cast("DotWalk", of_any_kind)
    length = int.from_bytes(walk.piece(position, 4), "little")
    name = walk.piece(position + 4, 4)
    body = position + 8
    if name == b"setj":
        escpr.paper(walk, body)
    elif name == b"dsnd" and length > _ROW.size:
        coded, octets = _ROW.unpack(walk.piece(body, _ROW.size))
        row = walk.piece(body + _ROW.size, min(octets, length - _ROW.size))
        pixels = numpy.frombuffer(_pixels(row) if coded == 1 else row, numpy.uint8)
        dots = walk.number.get("dots an inch", 0)
        if pixels.size % 3 or coded > 1 or not dots:
            walk.unknown = True
        else:
            walk.tally.pixels((dots, dots), pixels.reshape(-1, 3))
    elif name[1:] == b"snd":
        walk.unknown = True
    return body + length


def _pixels(coded: bytes) -> bytes:
    """The pixels of a run-length coded row: counter below 128, so many and one; above, one 257 - counter times."""
    pieces = []
    position, end = 0, len(coded)
    while position < end:
        counter = coded[position]
        stop = position + 1 + 3 * (counter + 1 if counter < 128 else 1)
        pieces.append(coded[position + 1 : stop] * (1 if counter < 128 else 257 - counter))
        position = stop
    return b"".join(pieces)

# SPDX-License-Identifier: Apache-2.0
"""How far apart the dots of print heads are and how the paper moves, language by language.

Each entry is looked at before the command's own rule takes its images. Sources: page-languages chapters 12, 13, 20;
Epson ESC/P reference (densities and units); the samples.
"""

import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

import numpy

from pagetoll.languages.command_printers import alps, canon_bj, escp, escpr, ibm, imagewriter
from pagetoll.languages.command_printers.dialect import Dialect, Walk
from pagetoll.languages.command_printers.packbits import unpack_piece
from pagetoll.languages.coverage.dot_grid import UNITS

if TYPE_CHECKING:
    from pagetoll.languages.coverage.command_pages import DotWalk

Move = Callable[["DotWalk", int], None]
"""(walk, position behind the command's letter)."""


@dataclass(frozen=True, slots=True)
class Head:
    """What is added to a dialect. `step`: what the short vertical movements are counted in, parts of an inch;
    `controls`: octets without ESC that draw nothing; `by_pixels`: rows are pixels of red, green and blue;
    `draws`: its own rules draw, and what the dialect's draw does not count."""

    dialect: Dialect
    text: re.Pattern[bytes]
    moves: Mapping[int, Move]
    step: int = 180
    controls: Mapping[int, Move] = field(default_factory=dict)
    by_pixels: bool = False
    draws: bool = False

    def begin(self, walk: "DotWalk") -> None:
        walk.unit = UNITS // self.step


def _dots(across: int, down: int) -> tuple[int, int]:
    """Dots per inch as distances."""
    return UNITS // across, UNITS // down


def _fixed(across: int, down: int) -> Move:
    def move(walk: "DotWalk", _position: int) -> None:
        walk.spacing, walk.bits = _dots(across, down), 1

    return move


def _line(parts: int) -> Move:
    """A line feed of n parts of an inch."""

    def move(walk: "DotWalk", position: int) -> None:
        walk.line = walk.octet(position) * UNITS // walk.number.get("step", parts)

    return move


def _line_of(distance: int) -> Move:
    def move(walk: "DotWalk", _position: int) -> None:
        walk.line = distance

    return move


def _advance(parts: int) -> Move:
    def move(walk: "DotWalk", position: int) -> None:
        walk.grid.y += walk.octet(position) * UNITS // walk.number.get("step", parts)

    return move


_WITH_24_PINS, _PITCH_OF_9_PINS = 32, 72
# mode of ESC * -> dots per inch across
_ACROSS = {
    0: 60, 1: 120, 2: 120, 3: 240, 4: 80, 5: 72, 6: 90, 7: 144,
    32: 60, 33: 120, 38: 90, 39: 180, 40: 360, 64: 60, 65: 120, 70: 90, 71: 180, 72: 360, 73: 360,
}  # fmt: skip


def _star(pins_of_eight: int) -> Move:
    """ESC * mode; heads of 24 pins print eight dots with every third."""

    def move(walk: "DotWalk", position: int) -> None:
        mode = walk.octet(position)
        across = _ACROSS.get(mode)
        down = pins_of_eight if mode < 32 else 180 if mode < 64 else 360
        if mode >= _WITH_24_PINS and pins_of_eight == _PITCH_OF_9_PINS:
            walk.number["step"] = 180  # 24 pins after all
        walk.spacing, walk.bits = (None if across is None else _dots(across, down)), 1

    return move


def _raster(walk: "DotWalk", position: int) -> None:
    """ESC . coding v h: rows and dots v and h parts of 3600 apart."""
    coding, down, across = walk.piece(position, 3)
    walk.bits = 1
    walk.spacing = (across * UNITS // 3600, down * UNITS // 3600) if coding < 2 and across and down else None


def _color_raster(walk: "DotWalk", position: int) -> None:
    """ESC i ink coding bits: the distances are those of ESC ( D."""
    _ink, coding, bits = walk.piece(position, 3)
    base, down, across = (walk.number.get(name, 0) for name in ("base", "down", "across"))
    known = coding < 2 and bits in (1, 2) and base and down and across
    walk.bits = bits
    walk.spacing = (across * UNITS // base, down * UNITS // base) if known else None


def _extended(walk: "DotWalk", position: int) -> None:
    """ESC ( letter, length, numbers with the low octet first."""
    letter, length = chr(walk.octet(position)), walk.word(position + 1)
    body = walk.piece(position + 3, min(length, 16))
    amount = int.from_bytes(body, "little", signed=letter in "v\\/")
    if letter == "U":
        _units(walk, body)
    elif letter == "V":
        walk.grid.y = amount * walk.unit
    elif letter == "v":
        walk.grid.y += amount * walk.unit
    elif letter == "$":
        walk.grid.x = amount * (walk.unit_across or walk.unit)
    elif letter in "\\/":
        walk.grid.x += _relative(walk, body, letter)
    elif letter == "C":
        _paper(walk, None, amount * walk.unit)
    elif letter == "S" and length == 8:
        wide, high = (int.from_bytes(part, "little") * walk.unit for part in (body[:4], body[4:]))
        _paper(walk, wide, high)
    elif letter == "D" and length == 4:
        walk.number["base"] = int.from_bytes(body[:2], "little")
        walk.number["down"], walk.number["across"] = body[2], body[3]


def _units(walk: "DotWalk", body: bytes) -> None:
    """ESC ( U: one unit in parts of 3600, or page, down and across in parts of a base."""
    if len(body) == 1:
        walk.unit = body[0] * UNITS // 3600
        walk.unit_across = walk.unit
    elif len(body) == 5 and (base := int.from_bytes(body[3:], "little")):
        walk.unit, walk.unit_across = (parts * UNITS // base for parts in body[1:3])


def _relative(walk: "DotWalk", body: bytes, letter: str) -> int:
    if letter == "/":
        return int.from_bytes(body, "little", signed=True) * (walk.unit_across or walk.unit)
    base = int.from_bytes(body[:2], "little")
    return int.from_bytes(body[2:4], "little", signed=True) * UNITS // base if base else 0


def _paper(walk: "DotWalk", width: int | None, height: int) -> None:
    """What the job says of its paper; of a length alone, the width that goes with it."""
    if not 0 < height <= 200 * UNITS:
        return
    if not width:
        width = round(8.27 * UNITS) if abs(height - 11.69 * UNITS) < UNITS / 20 else 17 * UNITS // 2
    walk.paper = width, height


def _page_length(walk: "DotWalk", position: int) -> None:
    """ESC C lines, or ESC C NUL inches."""
    lines = walk.octet(position)
    _paper(walk, None, lines * walk.line if lines else walk.octet(position + 1) * UNITS)


def _chinese(walk: "DotWalk", position: int) -> None:
    """FS 3 n: a line feed of n parts of 360."""
    if walk.octet(position) == 0x33:
        walk.line = walk.octet(position + 1) * UNITS // 360


def _letters(letters: bytes, move: Move) -> dict[int, Move]:
    return dict.fromkeys(letters, move)


def _epson(pins_of_eight: int, step: int) -> dict[int, Move]:
    return {
        **_letters(b"*", _star(pins_of_eight)),
        **_letters(b"K", _fixed(60, pins_of_eight)),
        **_letters(b"LY", _fixed(120, pins_of_eight)),
        **_letters(b"Z", _fixed(240, pins_of_eight)),
        **_letters(b"J", _advance(step)),
        **_letters(b"3", _line(step)),
        **_letters(b"A", _line(pins_of_eight)),
        **_letters(b"+", _line(360)),
        **_letters(b"0", _line_of(UNITS // 8)),
        **_letters(b"1", _line_of(7 * UNITS // 72)),
        **_letters(b"2", _line_of(UNITS // 6)),
        **_letters(b"C", _page_length),
        **_letters(b".", _raster),
        **_letters(b"i", _color_raster),
        **_letters(b"(", _extended),
    }


def _canon_extended(walk: "DotWalk", position: int) -> None:
    """ESC ( letter, length: d states the resolution, down first; e feeds so many rows of it."""
    letter, length = chr(walk.octet(position)), walk.word(position + 1)
    body = walk.piece(position + 3, min(length, 8))
    if letter == "d" and length in (2, 4):
        down = int.from_bytes(body[:2], "big")
        across = int.from_bytes(body[2:4], "big") or down
        walk.spacing = _dots(across, down) if down else None
    elif letter == "F":
        walk.unknown = True


# mode of ESC [ g -> dots per inch across and down
_BAR_MODES = {
    0: (60, 60), 1: (120, 60), 2: (120, 60), 3: (240, 60), 8: (60, 180), 9: (120, 180), 11: (180, 180),
    12: (360, 180), 14: (180, 360), 16: (360, 360),
}  # fmt: skip


def _bracket(walk: "DotWalk", position: int) -> None:
    """ESC [ g length mode, columns; ESC [ backslash sets what movements are counted in."""
    if walk.octet(position) == 0x67:
        density = _BAR_MODES.get(walk.octet(position + 3))
        walk.spacing = _dots(*density) if density else None
    elif walk.octet(position) == 0x5C and walk.word(position + 1) == 4:
        walk.number["step"] = walk.word(position + 5) or 216


_IBM = {
    **_letters(b"*", _star(_PITCH_OF_9_PINS)),
    **_letters(b"K", _fixed(60, 72)),
    **_letters(b"LY", _fixed(120, 72)),
    **_letters(b"Z", _fixed(240, 72)),
    **_letters(b"J", _advance(216)),
    **_letters(b"3", _line(216)),
    **_letters(b"A", _line(72)),
    **_letters(b"0", _line_of(UNITS // 8)),
    **_letters(b"1", _line_of(7 * UNITS // 72)),
    **_letters(b"C", _page_length),
    **_letters(b"[", _bracket),
}
_IMAGEWRITER_ACROSS = {"n": 72, "N": 80, "E": 96, "e": 107, "q": 120, "Q": 136, "p": 144, "P": 160}


def _decimal(walk: "DotWalk", position: int, digits: int) -> int:
    number = walk.piece(position, digits)
    return int(number) if number.isdigit() else 0


def _characters_an_inch(across: int) -> Move:
    def move(walk: "DotWalk", _position: int) -> None:
        walk.number["across"] = across

    return move


def _imagewriter_image(times: int, down: int) -> Move:
    """Images of the head of 27 pins are twice as fine across, too."""

    def move(walk: "DotWalk", _position: int) -> None:
        walk.spacing = _dots(times * walk.number.get("across", 80), down)

    return move


def _imagewriter_repeated(walk: "DotWalk", position: int) -> None:
    """ESC V n column: the column n times."""
    spacing = _dots(walk.number.get("across", 80), 72)
    walk.grid.dots(
        _decimal(walk, position, 4) * walk.octet(position + 4).bit_count(), walk.number.get("ink", 0), spacing
    )


def _imagewriter_line(walk: "DotWalk", position: int) -> None:
    walk.line = _decimal(walk, position, 2) * UNITS // 144


_IMAGEWRITER = {
    **{ord(letter): _characters_an_inch(across) for letter, across in _IMAGEWRITER_ACROSS.items()},
    **_letters(b"GSg", _imagewriter_image(1, 72)),
    **_letters(b"C", _imagewriter_image(2, 216)),
    **_letters(b"V", _imagewriter_repeated),
    **_letters(b"T", _imagewriter_line),
    **_letters(b"A", _line_of(UNITS // 6)),
    **_letters(b"B", _line_of(UNITS // 8)),
}


_ALPS_SPACING = {3: _dots(600, 600)}
_ALPS_UNPACKED, _ALPS_PACKED = 0, 2


def _alps(of_any_kind: Walk, position: int) -> int:
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


_RECORDS = bytes(range(0x61, 0x7B))
_ROW = struct.Struct(">4xBH")


def _record(of_any_kind: Walk, position: int) -> int:
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


def _head(
    dialect: Dialect, moves: Mapping[int, Move], step: int = 180, controls: Mapping[int, Move] | None = None
) -> Head:
    return Head(dialect, dialect.text_pattern(), moves, step, controls or {})


_OF_PIXELS = replace(escpr.DIALECT, commands={**escpr.DIALECT.commands, **dict.fromkeys(_RECORDS, _record)})
_ALPS = replace(alps.DIALECT, commands={**alps.DIALECT.commands, ord("*"): _alps})
_OF_KANJI = {0x1C: _chinese}
HEADS: dict[str, Head] = {
    "escp9": _head(escp.DIALECT, _epson(72, 216), 216, _OF_KANJI),
    "pin24": _head(escp.DIALECT, _epson(60, 180), 180, _OF_KANJI),
    "escp2": _head(escp.DIALECT, _epson(60, 180), 360, _OF_KANJI),
    "canonbj": _head(canon_bj.DIALECT, {**_IBM, **_letters(b"(", _canon_extended)}),
    "ibmpro": _head(ibm.DIALECT, _IBM),
    "imagewriter": _head(imagewriter.DIALECT, _IMAGEWRITER),
    "alps": replace(_head(_ALPS, {}), draws=True),
    "escpr": replace(_head(_OF_PIXELS, {}), by_pixels=True),
}

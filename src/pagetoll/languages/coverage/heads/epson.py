# SPDX-License-Identifier: Apache-2.0
"""The heads of Epson, IBM and Canon printers and their relatives.

Sources: Epson ESC/P reference (densities and units); the samples.
"""

from typing import TYPE_CHECKING

from pagetoll.languages.coverage.dot_grid import UNITS
from pagetoll.languages.coverage.heads.moves import (
    Move,
    advance,
    dots,
    fixed,
    letters,
    line,
    line_of,
    page_length,
    paper_of,
)

if TYPE_CHECKING:
    from pagetoll.languages.coverage.heads.pages import DotWalk

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
        walk.spacing, walk.bits = (None if across is None else dots(across, down)), 1

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
        paper_of(walk, None, amount * walk.unit)
    elif letter == "S" and length == 8:
        wide, high = (int.from_bytes(part, "little") * walk.unit for part in (body[:4], body[4:]))
        paper_of(walk, wide, high)
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


def kanji(walk: "DotWalk", position: int) -> None:
    """FS 3 n: a line feed of n parts of 360."""
    if walk.octet(position) == 0x33:
        walk.line = walk.octet(position + 1) * UNITS // 360


def epson(pins_of_eight: int, step: int) -> dict[int, Move]:
    """The moves of ESC/P for a head whose eight-dot images are `pins_of_eight` an inch high, and whose short feeds
    count in `step` parts of an inch."""
    return {
        **letters(b"*", _star(pins_of_eight)),
        **letters(b"K", fixed(60, pins_of_eight)),
        **letters(b"LY", fixed(120, pins_of_eight)),
        **letters(b"Z", fixed(240, pins_of_eight)),
        **letters(b"J", advance(step)),
        **letters(b"3", line(step)),
        **letters(b"A", line(pins_of_eight)),
        **letters(b"+", line(360)),
        **letters(b"0", line_of(UNITS // 8)),
        **letters(b"1", line_of(7 * UNITS // 72)),
        **letters(b"2", line_of(UNITS // 6)),
        **letters(b"C", page_length),
        **letters(b".", _raster),
        **letters(b"i", _color_raster),
        **letters(b"(", _extended),
    }


def _canon_extended(walk: "DotWalk", position: int) -> None:
    """ESC ( letter, length: d states the resolution, down first; e feeds so many rows of it."""
    letter, length = chr(walk.octet(position)), walk.word(position + 1)
    body = walk.piece(position + 3, min(length, 8))
    if letter == "d" and length in (2, 4):
        down = int.from_bytes(body[:2], "big")
        across = int.from_bytes(body[2:4], "big") or down
        walk.spacing = dots(across, down) if down else None
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
        walk.spacing = dots(*density) if density else None
    elif walk.octet(position) == 0x5C and walk.word(position + 1) == 4:
        walk.number["step"] = walk.word(position + 5) or 216


IBM = {
    **letters(b"*", _star(_PITCH_OF_9_PINS)),
    **letters(b"K", fixed(60, 72)),
    **letters(b"LY", fixed(120, 72)),
    **letters(b"Z", fixed(240, 72)),
    **letters(b"J", advance(216)),
    **letters(b"3", line(216)),
    **letters(b"A", line(72)),
    **letters(b"0", line_of(UNITS // 8)),
    **letters(b"1", line_of(7 * UNITS // 72)),
    **letters(b"C", page_length),
    **letters(b"[", _bracket),
}
CANON = {**IBM, **letters(b"(", _canon_extended)}

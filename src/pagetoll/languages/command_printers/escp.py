# SPDX-License-Identifier: Apache-2.0
"""Epson ESC/P for 9 and 24 pins, ESC/P2 for ink-jets, and the printers that understand them.

    ESC @  ESC ( G 1 0 1  ESC ( U ...  ESC . c v h m nL nH raster  CR LF ...  FF

A page ends with form feed; there are no copies and no duplex in the language. Extended commands (`ESC (`) state
the length of their parameters; the others have fixed lengths. Source: Epson ESC/P Reference Manual.
"""

import re
import struct
from typing import TYPE_CHECKING

from pagetoll.languages.command_printers.dialect import (
    Dialect,
    Rule,
    Walk,
    counted,
    line_spacing,
    moves,
    page_length,
    reader,
    skip,
    table,
    until,
)
from pagetoll.languages.command_printers.ejl import skip_ejl
from pagetoll.languages.command_printers.packbits import unpack

if TYPE_CHECKING:
    pass

_REMOTE_PRINTING = (b"NC", b"CH", b"DT")
_REMOTE = re.compile(rb"[A-Z][A-Z0-9]")
_REMOTE_COMMANDS = 10_000
_UNPACKED_AT_ONCE = 1 << 20
_RASTER_HEADER = struct.Struct("<BxxBH")
_COLOR_RASTER_HEADER = struct.Struct("<BBBHH")


def extended(walk: Walk, position: int) -> int:
    """ESC ( letter, length, parameters; `R` opens remote mode, `r` selects an ink, `^` prints."""
    letter, length = walk.octet(position), walk.word(position + 1)
    behind = position + 3 + length
    walk.parsed.language = "escp2"
    if letter == 0x52 and walk.data[position + 4 : position + 11] == b"REMOTE1":
        return _remote(walk, behind)
    if letter == 0x72 and length == 2:
        walk.number["ink"] = walk.octet(position + 4)
    elif letter in b"vV":
        walk.inks.move()
    elif letter == 0x5E and length:
        walk.marked = True
    return behind


def _remote(walk: Walk, position: int) -> int:
    """Two-letter commands with lengths, ended by ESC NUL NUL NUL."""
    for _command in range(_REMOTE_COMMANDS):
        if walk.octet(position) == 0x1B:
            return position + 4
        if not _REMOTE.match(walk.data, position, walk.end):
            walk.unsure("desync", position)
            return position
        if walk.data[position : position + 2] in _REMOTE_PRINTING:
            walk.parsed.note("maintenance", position)
        position += 4 + walk.word(position + 2)
    walk.unsure("limit", position)
    return position


def _reset(walk: Walk, position: int) -> int:
    walk.number.pop("ink", None)
    walk.reset_at = position
    return position


def _ink(walk: Walk, position: int) -> int:
    walk.number["ink"] = walk.octet(position)
    return position + 1


def _bit_image(octets_each: int, before: int) -> Rule:
    """n columns of image behind `before` octets and the number n."""

    def rule(walk: Walk, position: int) -> int:
        columns = walk.word(position + before)
        return walk.image(position + before + 2, columns * octets_each, walk.number.get("ink", 0))

    return rule


def _star_image(walk: Walk, position: int) -> int:
    mode = walk.octet(position)
    each = 1 if mode < 32 else 3 if mode < 64 else 6
    if mode >= 32 and walk.parsed.language == "escp9" and walk.number.get("fs"):
        walk.parsed.language = "pin24"
    return walk.image(position + 3, walk.word(position + 1) * each, walk.number.get("ink", 0), 8 * each)


def _raster(walk: Walk, position: int) -> int:
    """ESC . c v h m nL nH: m rows of n dots, raw, run-length coded or as a delta row."""
    coding, rows, dots = _RASTER_HEADER.unpack(walk.piece(position, _RASTER_HEADER.size))
    octets = (dots + 7) // 8
    walk.parsed.language = "escp2"
    body = position + 6
    if coding == 0:
        return walk.image(body, rows * octets, walk.number.get("ink", 0), rows)
    if coding == 1:
        return _packed(walk, body, rows * octets, walk.number.get("ink", 0), rows)
    return _delta_rows(walk, body)


def _packed(walk: Walk, position: int, octets: int, ink: int, rows: int) -> int:
    while octets > 0:
        image, position = unpack(walk.data, position, walk.end, min(octets, _UNPACKED_AT_ONCE))
        walk.draw(image, ink, rows)
        octets -= len(image)
        walk.context.guard.check(position)
    return position


def _delta_rows(walk: Walk, position: int) -> int:
    """The nibble codes of raster codings 2 and 3, up to the exit code."""
    walk.fed = True
    while True:
        code = walk.octet(position)
        high, low = code >> 4, code & 15
        position += 1
        if high in (2, 3):
            length, wide = low & 7 if low & 8 else low, low & 8
            if wide:
                length = walk.octet(position) if low & 7 == 1 else walk.word(position)
                position += 1 if low & 7 == 1 else 2
            position = _packed(walk, position, length, walk.number.get("ink", 0), 1) if length else position
        elif high in (4, 5, 6):
            position += low & 7 if low & 8 else 0
        elif high == 8:
            walk.number["ink"] = low
        elif code == 0xE3:
            return position
        elif code not in (0xE1, 0xE2):
            walk.unsure("desync", position - 1)
            return position


def _color_raster(walk: Walk, position: int) -> int:
    """ESC i ink coding bits nL nH mL mH: rows of ink-jet raster; on old printers ESC i n is a mode."""
    ink, coding, bits, octets, rows = _COLOR_RASTER_HEADER.unpack(walk.piece(position, _COLOR_RASTER_HEADER.size))
    if coding > 2 or bits not in (1, 2, 4, 8):
        return position + 1
    walk.parsed.language = "escp2"
    if coding == 1:
        return _packed(walk, position + 7, octets * rows, ink, rows)
    return walk.image(position + 7, octets * rows, ink, rows)


def _line_spacing_360(walk: Walk, position: int) -> int:
    if walk.parsed.language == "escp9":
        walk.parsed.language = "escp2"
    return position + 1


def _user_characters(walk: Walk, position: int) -> int:
    """ESC & NUL first last, then three octets of metrics and the columns of each character."""
    first, last = walk.octet(position + 1), walk.octet(position + 2)
    position += 3
    for _character in range(first, last + 1):
        position += 3 + 3 * walk.octet(position + 1)
    return position


def _kanji(walk: Walk, position: int) -> int:
    walk.number["fs"] = 1
    letter = walk.octet(position)
    return position + 1 + _KANJI_LENGTHS.get(letter, 0)


_KANJI_LENGTHS = {**dict.fromkeys(b"3!-WrkxYC", 1), **dict.fromkeys(b"ST$", 2), 0x44: 4, 0x32: 74}

COMMANDS = table(
    (b"@", _reset),
    (b"gMP45EFGHOT16789<=>#\x0e\x0f\x12\x14", skip(0)),
    (b"!-/3ANQRSUWaklpqstwx%ImcjV_hz~ n\x19", skip(1)),
    (b"$\\ef?", skip(2)),
    (b"X:", skip(3)),
    (b"0", line_spacing(8)),
    (b"2", line_spacing(6)),
    (b"J", moves(1)),
    (b"r", _ink),
    (b"+", _line_spacing_360),
    (b"C", page_length),
    (b"BD", until(b"\x00")),
    (b"b", until(b"\x00")),
    (b"*", _star_image),
    (b"KLYZ", _bit_image(1, 0)),
    (b"^", _bit_image(2, 1)),
    (b"(", extended),
    (b".", _raster),
    (b"i", _color_raster),
    (b"&", _user_characters),
    (b"|", counted(1)),
    (b"\x00", skip(2)),
    (b"\x01", skip_ejl),
)
DIALECT = Dialect("escp9", COMMANDS, {0x1C: _kanji}, colored=True, form_inches=11)
begins, parse = reader(DIALECT)

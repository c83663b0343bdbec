# SPDX-License-Identifier: Apache-2.0
"""Canon Bubble-Jet, from the BJ-10 to PIXMA.

    ESC [ K 2 0 0 mode   ESC ( A nL nH color data CR   ESC ( e 2 0 rows   ...   FF

    ESC ( L 6 0 "CcMmYK"   ESC ( F nL nH data    one block a color in this order, again and again

A page ends with form feed. The two-letter commands state the length of their data. Text between BJLSTART and
BJLEND is set-up. Learned from the samples.
"""

import re
from typing import TYPE_CHECKING

from pagetoll.languages.command_printers import ibm
from pagetoll.languages.command_printers.dialect import Dialect, Walk, moves, reader, skip, table
from pagetoll.languages.command_printers.packbits import unpack_piece

if TYPE_CHECKING:
    pass

_INKS = {"C": 2, "c": 2, "M": 1, "m": 1, "Y": 4, "y": 4}
_SET_UP_TEXT = re.compile(rb"BJLSTART\n(?:[^\n\x1b]{0,512}\n){0,64}?BJLEND\n")
_RASTER_END = 0x80


def _extended(walk: Walk, position: int) -> int:
    """ESC ( letter, length, data."""
    letter, octets = walk.octet(position), walk.word(position + 1)
    body = position + 3
    if letter == 0x41 and octets:
        piece = walk.piece(body, octets)
        image = unpack_piece(piece[1:]) if walk.number.get("packed") else piece[1:]
        walk.draw(image, _INKS.get(chr(piece[0]), 0))
    elif letter == 0x46:
        _block(walk, walk.piece(body, octets))
    elif letter == 0x65:
        walk.inks.move()
    elif letter == 0x62:
        walk.number["packed"] = walk.octet(body) & 1
    elif letter == 0x4C:
        walk.number["order"] = body
        walk.number["colors"] = octets
        walk.number["block"] = 0
    return body + octets


def _block(walk: Walk, piece: bytes) -> None:
    """Rows of one color; the colors take turns in the order that ESC ( L named."""
    colors = walk.number.get("colors", 0)
    letter = "K"
    if colors:
        turn = walk.number["block"]
        letter = chr(walk.data[walk.number["order"] + turn])
        walk.number["block"] = (turn + 1) % colors
        if not turn:
            walk.inks.move()
    if piece.count(_RASTER_END) != len(piece):
        walk.draw(unpack_piece(piece), _INKS.get(letter, 0))


def _bracket(walk: Walk, position: int) -> int:
    letter, octets = walk.octet(position), walk.word(position + 1)
    behind = position + 3 + octets
    if letter == 0x4B:
        text = _SET_UP_TEXT.match(walk.data, behind, walk.end)
        return text.end() if text else behind
    return ibm.bracket(walk, position)


def _bar(walk: Walk, position: int) -> int:
    """ESC | * n: n octets of columns; ESC | letter n: set-up."""
    if walk.octet(position) == 0x2A:
        return walk.image(position + 3, walk.word(position + 1))
    return position + 2


_COMMANDS = {
    **ibm.DIALECT.commands,
    **table(
        (b"@", skip(0)),
        (b"53A", skip(1)),
        (b"J", moves(1)),
        (b"e", moves(2)),
        (b"d\\$", skip(2)),
        (b"(", _extended),
        (b"[", _bracket),
        (b"|", _bar),
    ),
}
DIALECT = Dialect("canonbj", _COMMANDS, colored=True)
begins, parse = reader(DIALECT)

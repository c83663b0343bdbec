# SPDX-License-Identifier: Apache-2.0
"""NEC PC-PR dot-matrix printers and NPDL page printers.

    ESC c l  ESC P  ESC T18  ESC F 0092  ESC J 0229 + 229 x 3 octets  FS b P,48,0457. + 457 x 6 octets   FF

    ESC c1  FS d240.  FS f PA4.  FS x copies.  FS i 96,32,1,1/1,1/1,150,240. + 150 octets   FF

FS commands have parameters up to a full stop. Learned from the samples.
"""

import re

from pagetoll.core.usage import Duplex
from pagetoll.languages.command_printers.dialect import Dialect, Walk, decimal_image, moves, reader, skip, table

_PARAMETERS = re.compile(rb"([A-Za-z<'!-/]) ?([0-9A-Za-z,/+*# -]{0,64})\.")
_OTHER_COLUMN_OCTETS = (5, 7, 8)
_BEHIND_COLUMNS = re.compile(rb"\r[\x0c\n\x1b\x1c\x1f]|\x1b[A-Z][0-9]|\x1c[a-z]|\Z")
_DOTS, _SIDES, _IMAGE_OCTETS = 1, 2, 5


def _fs(walk: Walk, position: int) -> int:
    """FS letter parameters full stop; images follow `b` (dots high, columns) and `i` (octets)."""
    found = _PARAMETERS.match(walk.data, position, walk.end)
    if found is None:
        walk.piece(position, 80)
        walk.unsure("unknown_command", position - 1)
        return position
    letter, parameters, behind = found[1], found[2].split(b","), found.end()
    if letter == b"b" and len(parameters) == 3 and parameters[_DOTS].isdigit() and parameters[2].isdigit():
        return _columns(walk, behind, int(parameters[_DOTS]), int(parameters[2]))
    if letter == b"i" and len(parameters) > _IMAGE_OCTETS and parameters[_IMAGE_OCTETS].isdigit():
        walk.number["page printer"] = 1
        return walk.image(behind, int(parameters[_IMAGE_OCTETS]))
    if letter == b"'" and parameters[0] == b"B" and len(parameters) > _SIDES:
        walk.duplex = {b"1": Duplex.LONG, b"2": Duplex.SHORT}.get(parameters[_SIDES], Duplex.UNSTATED)
    elif letter == b"x" and parameters[0].isdigit():
        walk.copies = max(1, int(parameters[0]))
    return behind


def _columns(walk: Walk, position: int, dots: int, columns: int) -> int:
    """Columns of `dots` dots. Some drivers state 48 for heads of 40 to 64 dots: then the next command tells."""
    sizes = [each * columns for each in ((dots + 7) // 8, *_OTHER_COLUMN_OCTETS)]
    fitting = (
        size
        for size in sizes
        if position + size <= walk.end and _BEHIND_COLUMNS.match(walk.data, position + size, walk.end)
    )
    return walk.image(position, next(fitting, sizes[0]), walk.number.get("ink", 0), dots)


def _ink(walk: Walk, position: int) -> int:
    """ESC C n: black, blue, red, violet, green, turquoise, yellow."""
    walk.number["ink"] = {0x31: 3, 0x32: 5, 0x33: 1, 0x34: 6, 0x35: 2, 0x36: 4}.get(walk.octet(position), 0)
    return position + 1


_COMMANDS = table(
    (b'PGAHKtNELfrXYI6789<>[]!"0123', skip(0)),
    (b"cCsepdaou", skip(1)),
    (b"T", moves(2)),
    (b"hRl", skip(3)),
    (b"F", skip(4)),
    (b"C", _ink),
    (b"S", decimal_image(4, 1)),
    (b"I", decimal_image(4, 2)),
    (b"J", decimal_image(4, 3)),
    (b"q", decimal_image(4, 3)),
)
DIALECT = Dialect("pc-pr", _COMMANDS, {0x1C: _fs, 0x1F: skip(1)}, colored=True)
begins, parse = reader(DIALECT)

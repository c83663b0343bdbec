# SPDX-License-Identifier: Apache-2.0
"""IBM ProPrinter, its relatives (OKI in IBM emulation) and the IBM 3852 ink-jet.

    ESC [ x nL nH data   ESC K nL nH image   ESC J n   FF

The letters mean partly other things than with Epson, and there is no reset, so the first commands are tried one
by one. Source: IBM Proprinter reference (command lengths).
"""

from typing import TYPE_CHECKING

from pagetoll.languages.command_printers.dialect import (
    Dialect,
    Walk,
    counted,
    line_spacing,
    page_length,
    reader,
    skip,
    table,
    until,
)

if TYPE_CHECKING:
    pass

_BRACKET_LETTERS = b"@CDFGIJKNPSTUVacdfgijklnpqrtvy\\"


def columns(walk: Walk, position: int) -> int:
    """ESC K, L, Y, Z: n columns of eight dots."""
    return walk.image(position + 2, walk.word(position))


def star_image(walk: Walk, position: int) -> int:
    """ESC * mode, number of columns, columns of one, three or six octets."""
    mode = walk.octet(position)
    each = 1 if mode < 32 else 3 if mode < 64 else 6
    return walk.image(position + 3, walk.word(position + 1) * each)


def bracket(walk: Walk, position: int) -> int:
    """ESC [ letter, number of octets, the octets; an image for the letter g."""
    letter, octets = walk.octet(position), walk.word(position + 1)
    if letter not in _BRACKET_LETTERS:
        walk.unsure("unknown_command", position)
        return position
    if letter == 0x67 and octets:
        return walk.image(position + 4, octets - 1)
    return position + 3 + octets


def characters(walk: Walk, position: int) -> int:
    """ESC backslash n: n characters of the whole set."""
    walk.marked = True
    return position + 2 + walk.word(position)


def _inkjet_image(walk: Walk, position: int) -> int:
    """ESC [ O n of the 3852: a mode octet and dots."""
    if walk.octet(position) != 0x4F:
        return bracket(walk, position)
    return walk.image(position + 3, walk.word(position + 1))


_COMMANDS = table(
    (b"14678 9:;<>EFGHOjRTM@\x0e\x0f\x12\x14".replace(b" ", b""), skip(0)),
    (b"!-/3AIJNPQSUW_^5lkxpsV%", skip(1)),
    (b"Xde$", skip(2)),
    (b"0", line_spacing(8)),
    (b"2", line_spacing(6)),
    (b"C", page_length),
    (b"BD", until(b"\x00")),
    (b"KLYZ", columns),
    (b"*", star_image),
    (b"[", bracket),
    (b"=", counted()),
    (b"\\", characters),
)
DIALECT = Dialect("ibmpro", _COMMANDS, form_inches=11)
_INKJET = Dialect(
    "ibmpro",
    table(
        (b"@012", skip(0)),
        (b"e3AJN!-5lXQ", skip(1)),
        (b"C", page_length),
        (b"[", _inkjet_image),
        (b"KLYZ", columns),
    ),
)
begins, parse = reader(DIALECT)
inkjet_begins, parse_inkjet = reader(_INKJET)

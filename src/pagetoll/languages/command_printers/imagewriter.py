# SPDX-License-Identifier: Apache-2.0
"""Apple ImageWriter and LQ, and the C.Itoh 8510 they come from.

    ESC > ESC T16  ESC G 0227 + 227 columns   ESC g 041 + 41 x 8 columns   ESC V 0092 column   FF

Numbers are decimal digits of a fixed width. A page ends with form feed. Source: the samples; Apple ImageWriter II
reference (command lengths).
"""

import re
from typing import TYPE_CHECKING

from pagetoll.core.errors import TruncatedDocument
from pagetoll.languages.command_printers.dialect import (
    Dialect,
    Rule,
    Walk,
    decimal_image,
    moves,
    reader,
    skip,
    table,
    until,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_PCL_COMMAND = re.compile(rb"[a-z][-+]?[0-9]{1,6}[A-Za-z@]")
_INKS = {0x30: 0, 0x31: 4, 0x32: 1, 0x33: 2, 0x34: 5, 0x35: 6, 0x36: 3}


def _repeated(digits: int, octets: int) -> Rule:
    """A number and one column or character that is printed so often."""

    def rule(walk: Walk, position: int) -> int:
        column = walk.piece(position + digits, octets)
        walk.marked = walk.marked or any(column)
        walk.text_only = False
        return position + digits + octets

    return rule


def _ink(walk: Walk, position: int) -> int:
    walk.number["ink"] = _INKS.get(walk.octet(position), 0)
    return position + 1


def _begin_form(walk: Walk, position: int) -> int:
    """ESC m n of the 8510; its driver begins each page so."""
    walk.number["form"] = 1
    return position + 1


def _reset(walk: Walk, position: int) -> int:
    """ESC c resets; ESC c1 of the 8510 ends the page besides."""
    if walk.data[position : position + 1] != b"1":
        return position
    if walk.number.pop("form", 0):
        walk.end_page(position + 1)
    return position + 1


def _symbols(walk: Walk, position: int) -> int:
    """ESC & chooses the symbols of the mouse; with a PCL command behind it the document is another one."""
    if _PCL_COMMAND.match(walk.data, position, walk.end):
        walk.unsure("unknown_command", position)
    return position


def _characters(walk: Walk, position: int) -> int:
    """ESC ' or ESC I: user characters up to Control-D."""
    found = walk.data.find(b"\x04", position, min(walk.end, position + 65536))
    if found < 0:
        raise TruncatedDocument("the data ends within a character set; send the job again", walk.end)
    return found + 1


_COMMANDS: "Mapping[int, Rule]" = table(
    (b'><PqQNEenpXYWwxyzABcfrvt!"0OoM]$', skip(0)),
    (b"&", _symbols),
    (b"als1", skip(1)),
    (b"m", _begin_form),
    (b"c", _reset),
    (b"DZ", skip(2)),
    (b"T", moves(2)),
    (b"Lu", skip(3)),
    (b"FH", skip(4)),
    (b"()", until(b".")),
    (b"K", _ink),
    (b"GS", decimal_image(4, 1)),
    (b"g", decimal_image(3, 8)),
    (b"C", decimal_image(4, 3)),
    (b"V", _repeated(4, 1)),
    (b"U", _repeated(4, 3)),
    (b"R", _repeated(3, 1)),
    (b"I'", _characters),
)
DIALECT = Dialect("imagewriter", _COMMANDS, {0x1F: skip(1)}, colored=True)
begins, parse = reader(DIALECT)

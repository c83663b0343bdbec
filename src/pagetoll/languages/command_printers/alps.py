# SPDX-License-Identifier: Apache-2.0
"""ALPS MicroDry: commands that look like PCL, with binary numbers.

    ESC e  ESC % n A   ESC 1A nn r (ribbon)   ESC * b nn W + n octets   ESC 1A 0 0 FF (next ribbon)   FF

`nn` is a 16-bit number, low octet first. A form feed outside of commands ends the page; the MD-50 sends none
behind its last page. Learned from the samples.
"""

from typing import TYPE_CHECKING

from pagetoll.languages.command_printers.dialect import Dialect, Walk, reader, skip, table

if TYPE_CHECKING:
    pass

_RIBBON_INKS = {0: 0, 1: 4, 2: 1, 3: 2}
RASTER = {0x56: 0, 0x57: 0, 0x54: 2}
"""Letters with image data -> octets before the data (where the row begins)."""
_SKIP = 0x59


def _ribbon(walk: Walk, position: int) -> int:
    """ESC 1A nn letter: `r` chooses the ribbon; the others are set-up or go on to the next ribbon."""
    if walk.octet(position + 2) == 0x72:
        walk.number["ribbon"] = _RIBBON_INKS.get(walk.octet(position), 0)
        walk.inks.rewind()
    return position + 3


def star(walk: Walk, position: int) -> int:
    """ESC * group, number, letter; the raster group has 16-bit numbers, and data behind some letters."""
    if walk.octet(position) != 0x62:
        behind = position + (2 if walk.octet(position + 1) in b"ABC" else 3)
        walk.fed = walk.fed or walk.octet(behind - 1) == 0x41
        return behind
    number, letter = walk.word(position + 1), walk.octet(position + 3)
    if letter in RASTER:
        walk.inks.move()
        return walk.image(position + 4 + RASTER[letter], number, walk.number.get("ribbon", 0), rows=1)
    if letter == _SKIP:
        walk.inks.skip(number)
    return position + 4


def _reset(walk: Walk, position: int) -> int:
    """ESC e begins a page; the MD-50 has nothing else between its pages."""
    if walk.fed:
        walk.end_page(position)
    return position


def _page_set_up(walk: Walk, position: int) -> int:
    """ESC & l nn letter; `C` is followed by n octets."""
    number, letter = walk.word(position + 1), walk.octet(position + 3)
    return position + 4 + (number if letter == 0x43 else 0)


DIALECT = Dialect(
    "alps",
    table((b"e", _reset), (b"%", skip(2)), (b"\x1a", _ribbon), (b"*", star), (b"&", _page_set_up)),
    colored=True,
    open_end=True,
    raster_only=True,
)
begins, parse = reader(DIALECT)

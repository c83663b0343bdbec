# SPDX-License-Identifier: Apache-2.0
"""OKI Microline in its own command set.

    CAN FS  ESC % C 001  ESC % S 0  ESC % 5 n  SP...  ETX columns  ETX SO (line)  ETX STX (end)   FF

In graphics mode (ETX) every octet is a column; ETX ETX is the column 03. Learned from the
samples.
"""

import re

from pagetoll.core.errors import TruncatedDocument
from pagetoll.languages.command_printers.dialect import Dialect, Walk, reader, skip, table

_GRAPHICS = re.compile(rb"[^\x03]*\x03(.)", re.DOTALL)
_GRAPHICS_END = b"\x02"
_GRAPHICS_STEPS = 1_000_000
_PERCENT_LENGTHS = {0x43: 3, 0x53: 1, 0x35: 1, 0x42: 1, 0x47: 1, 0x48: 2, 0x52: 1}


def _percent(walk: Walk, position: int) -> int:
    letter = walk.octet(position)
    length = _PERCENT_LENGTHS.get(letter)
    if length is None:
        walk.unsure("unknown_command", position)
        return position + 1
    if letter == 0x35:
        walk.inks.move()
    return position + 1 + length


def _graphics(walk: Walk, position: int) -> int:
    """Behind ETX: columns, up to ETX STX."""
    walk.text_only = False
    walk.fed = True
    for _step in range(_GRAPHICS_STEPS):
        found = _GRAPHICS.match(walk.data, position, walk.end)
        if found is None:
            raise TruncatedDocument("the data ends within an image; send the job again", walk.end)
        if not walk.marked and found[0][:-2].translate(None, b"\x00\x80"):
            walk.marked = True
        position = found.end()
        if found[1] == _GRAPHICS_END:
            return position
    walk.unsure("limit", position)
    return position


_MICROLINE = table((b"%", _percent), (b"0168ABCDEHINOQRTUX", skip(0)))
begins, parse = reader(Dialect("okidata", _MICROLINE, {0x03: _graphics, 0x1C: skip(0), 0x1E: skip(0), 0x1D: skip(0)}))

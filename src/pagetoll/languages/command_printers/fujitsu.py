# SPDX-License-Identifier: Apache-2.0
"""Fujitsu FM dot-matrix (FMPR) and laser (FMLBP) printers.

    ESC c  CSI 24;18 SP G  ESC Q 483 SP W + 483 x 3 octets  LF ...  FF

    ESC c  ESC Q 400!A  FS "xxhyyyt (place)  ESC Q 135;1080;0!a + 135 octets  ...  FF

Learned from what Ghostscript writes for them.
"""

import re

from pagetoll.languages.command_printers.dialect import Dialect, Walk, control_sequence, reader, skip, table

_NUMBERED = re.compile(rb"([0-9]{0,6})((?:;[0-9]{0,6}){0,8})([ -/])([@-~])")
_PLACE = re.compile(rb"\"(?:[!-/]{1,6}[a-z]){1,2}|[!-~]")
_PIN_COLUMN_OCTETS = 3


def _numbered(walk: Walk, position: int) -> int:
    """ESC Q numbers, a mark and a letter; `SP W` and `! a` are followed by images."""
    found = _NUMBERED.match(walk.data, position, walk.end)
    if found is None:
        walk.piece(position, 80)
        walk.unsure("unknown_command", position)
        return position
    number, command = int(found[1] or b"0"), found[3] + found[4]
    if command == b" W":
        return walk.image(found.end(), number * _PIN_COLUMN_OCTETS)
    if command == b"!a":
        return walk.image(found.end(), number)
    return found.end()


def _place(walk: Walk, position: int) -> int:
    found = _PLACE.match(walk.data, position, walk.end)
    return found.end() if found else position


begins, parse = reader(
    Dialect("fujitsu", table((b"c", skip(0)), (b"Q", _numbered), (b"[", control_sequence)), {0x1C: _place})
)

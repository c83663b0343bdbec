# SPDX-License-Identifier: Apache-2.0
"""ESC/P of Epson's Japanese page printers: `ESC |` images.

    ESC *rbC  ESC *t360R  ESC | J nn  ESC \\ nn  ESC | B m nL nH + n octets   ...  FF  ESC @

Learned from the samples.
"""

import re

from pagetoll.languages.command_printers import escp
from pagetoll.languages.command_printers.dialect import Dialect, Walk, moves, reader, skip, table

_STAR = re.compile(rb"[a-z][0-9]{0,6}[a-z]?[A-Z]")


def _bar(walk: Walk, position: int) -> int:
    """ESC | J: feed. ESC | B: image. ESC | letter: set-up of one octet."""
    letter = walk.octet(position)
    if letter == 0x4A:
        walk.inks.move()
        return position + 3
    if letter == 0x42:
        return walk.image(position + 4, walk.word(position + 2))
    return position + 2


def _star(walk: Walk, position: int) -> int:
    found = _STAR.match(walk.data, position, walk.end)
    if found is None:
        walk.unsure("unknown_command", position)
        return position
    return found.end()


_COMMANDS = {**escp.DIALECT.commands, **table((b"|", _bar), (b"*", _star), (b"J", moves(1)), (b"S", skip(1)))}
begins, parse = reader(Dialect("escp2", _COMMANDS))

# SPDX-License-Identifier: Apache-2.0
"""Ricoh RPDL page printers.

    ESC DC2 !@R00 ESC SP  ESC 4  ESC DC2 YP,2 SP  ESC DC2 N copies SP  ESC DC2 G3,w,h,,4,x,y,n@ + n octets  FF

Commands begin with ESC DC2 and end with a space (or ESC SP); an image command ends with @ and states its octets,
or, uncoded, is as long as width and height say. Learned from the samples.
"""

import re

from pagetoll.languages.command_printers.dialect import Dialect, Walk, reader, skip, table

_WORDS = re.compile(rb"(G3,[0-9,]{1,80})@|([!-~]{1,64})(?:[ ]|\x1b )")
_CODED = b"4"
_CODING, _FIELDS_WITH_OCTETS = 4, 8


def _command(walk: Walk, position: int) -> int:
    found = _WORDS.match(walk.data, position, walk.end)
    if found is None:
        walk.piece(position, 80)
        walk.unsure("unknown_command", position - 2)
        return position
    if found[1]:
        fields = found[1].split(b",")
        if len(fields) >= _FIELDS_WITH_OCTETS and fields[_CODING] == _CODED and fields[7]:
            return walk.image(found.end(), int(fields[7]))
        sizes = [int(field or b"0") for field in fields[1:3]]
        return walk.image(found.end(), (sizes[0] + 7) // 8 * sizes[-1])
    words = found[2]
    if words[:1] == b"N" and words[1:].isdigit():
        walk.copies = max(1, int(words[1:]))
    return found.end()


begins, parse = reader(Dialect("rpdl", table((b"\x12", _command), (b" 4", skip(0)), (b"\r", skip(1)))))

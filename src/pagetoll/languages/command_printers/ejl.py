# SPDX-License-Identifier: Apache-2.0
"""EJL, Epson's job language: lines that begin with @EJL behind ESC SOH.

ESC SOH @EJL LF  @EJL SE LA=ESC/PAGE LF  @EJL SET CO=3 DX=ON BD=SE LF  @EJL EN LA=ESC/PAGE LF
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pagetoll.languages.command_printers.dialect import Walk
    from pagetoll.languages.parsed import Buffer

_LINES = re.compile(rb"(?:@EJL[^\n\x1b]{0,4096}\n)*")
_SETTING = re.compile(rb'([A-Za-z]{2,16})=("[^"\n]*"|[^\s"]+)')


def read_ejl(data: "Buffer", position: int, end: int) -> tuple[dict[str, str], int]:
    """The settings in the EJL lines at `position` (behind ESC SOH), and where the lines end."""
    found = _LINES.match(data, position, end)
    if found is None:
        return {}, position
    return {
        pair[1].decode("ascii").upper(): pair[2].decode("latin-1").strip('"').upper()
        for pair in _SETTING.finditer(found[0])
    }, found.end()


def skip_ejl(walk: "Walk", position: int) -> int:
    """The lines behind ESC SOH, for a dialect that reads nothing in them."""
    return read_ejl(walk.data, position, walk.end)[1]

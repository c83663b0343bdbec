# SPDX-License-Identifier: Apache-2.0
"""LAVAFLOW (Konica Minolta magicolor 1600W, 2530 and kin): PCL's syntax around JBIG planes.

    ESC & l # X   copies          ESC * b 1234 M   JBIG                ESC * r A   raster starts
    ESC & l # S   sides           ESC * b # V      JBIG header         ESC * r C   raster ends
    ESC & l # A   paper           ESC * b # W      plane data          ESC & l 0 H eject
    ESC * x # K (C, M, Y)         checksum: names the ink of the plane before it

Data follows only V and W of the groups `*b` and `*g`.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pagetoll.core.usage import ColorClass, Duplex
from pagetoll.languages.hostbased import records
from pagetoll.languages.hostbased.planes import Inks, jbig_is_blank
from pagetoll.languages.parsed import ANY_SIZE, Context, Parsed, Run, as_far_as_time_allows
from pagetoll.languages.universal_exit import UNIVERSAL_EXIT

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_START = re.compile(rb"\x1bE|\x1b([&*])([a-z])")
_PARAMETER = re.compile(rb"([+-]?[0-9]{0,9})(?:\.[0-9]{0,9})?([@-Z`-z])")
_JBIG_MODE = b"\x1b*b1234M"
_SIGN_WITHIN = 1024
_MOST_PARAMETERS = 100
_INKS = b"KCMY"
_PAPER_POINTS: dict[int, tuple[float, float]] = {
    1: (522.0, 756.0),
    2: (612.0, 792.0),
    3: (612.0, 1008.0),
    25: (420.0, 595.0),
    26: (595.0, 842.0),
    27: (842.0, 1191.0),
}


def looks_like_lavaflow(data: "Buffer", start: int, end: int) -> bool:
    """Whether the raster mode that only this language has is set among the first commands."""
    return data.find(_JBIG_MODE, start, min(end, start + _SIGN_WITHIN)) >= 0


@dataclass(slots=True)
class _State:
    inks: Inks
    plane: bytes | None = None
    raster: bool = False
    copies: int | None = None
    sent_once: int = 1
    duplex: Duplex = Duplex.UNSTATED
    media: tuple[float, float] = ANY_SIZE

    def flush(self, ink: str) -> None:
        if self.plane is not None:
            self.inks.add(ink, self.plane, blank=jbig_is_blank(self.plane))
            self.plane = None


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count a LAVAFLOW document. Raises MalformedDocument or TruncatedDocument when no page is complete."""
    return as_far_as_time_allows(lambda parsed: _walk(parsed, data, start, end, context), Parsed("lava"), end)


def _walk(parsed: Parsed, data: "Buffer", position: int, end: int, context: Context) -> Parsed:
    state = _State(Inks("K"))
    steps = 0
    while position < end and data[position : position + 9] != UNIVERSAL_EXIT:
        command = _START.match(data, position, end)
        if command is None:
            return records.lost(parsed, data, position, end)
        position = command.end()
        group = (command[1] or b"") + (command[2] or b"")
        for _parameter in range(_MOST_PARAMETERS if group else 0):
            parameter = _PARAMETER.match(data, position, end)
            if parameter is None:
                return records.cut_off(parsed, end)
            position = parameter.end()
            letter = parameter[2].upper()
            value = int(parameter[1]) if parameter[1].strip(b"+-") else 0
            octets = value if letter in (b"V", b"W") and group in (b"*b", b"*g") else 0
            if position + octets > end:
                return records.cut_off(parsed, end)
            if letter == b"W" and group == b"*b":
                state.flush("K")
                state.plane = data[position : position + octets]
            elif _ends_page(state, group, letter, value) and not _end_page(parsed, state, position, context):
                return parsed
            position += max(0, octets)
            if parameter[2].isupper() or parameter[2] == b"@":
                break
        steps += 1
        if not steps % records.RECORDS_BETWEEN_CHECKS:
            context.guard.check(position)
    parsed.end = position
    return records.cut_off(parsed, position) if state.raster or not parsed.input_pages else parsed


def _ends_page(state: _State, group: bytes, letter: bytes, value: int) -> bool:
    """Obey a command without data; whether it ends a page that was begun."""
    if group == b"*x" and letter in _INKS:
        state.flush(letter.decode("ascii"))
    elif group == b"*r" and letter == b"A":
        state.raster = True
    elif group == b"&l" and letter == b"X":
        state.copies = max(1, value)
    elif group == b"&x" and letter == b"X":
        state.sent_once = max(1, value)
    elif group == b"&l" and letter == b"S":
        state.duplex = records.SIDES_FROM_ZERO.get(value, Duplex.UNSTATED)
    elif group == b"&l" and letter == b"A":
        state.media = _PAPER_POINTS.get(value, ANY_SIZE)
    else:
        return state.raster and ((group == b"*r" and letter == b"C") or (group == b"&l" and letter == b"H"))
    return False


def _end_page(parsed: Parsed, state: _State, position: int, context: Context) -> bool:
    state.flush("K")
    copies = max(state.copies, state.sent_once) if state.copies is not None else None
    color: ColorClass = state.inks.color
    run = Run(1, copies, state.duplex, color, state.media, state.inks.blank)
    state.raster, state.inks = False, Inks("K")
    return records.keep(parsed, run, position, context)

# SPDX-License-Identifier: Apache-2.0
"""HP-GL and HP-GL/2: two-letter instructions with numbers, and some with text or data of their own.

    IN;SP1;PA0,0;PD1000,1000;LBtext<ETX>PE<encoded>;PG;

Reads instructions until the language is left by an escape sequence.
Source: HP-GL/2 and HP RTL Reference Guide.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from pagetoll.languages.pcl.pens import Palette

if TYPE_CHECKING:
    from pagetoll.languages.limits import Guard
    from pagetoll.languages.parsed import Buffer

INSTRUCTION = re.compile(rb"([A-Za-z]{2})([\x00\x03\x04\t-\r\x1a -:<-@\[-`{-~]*+);?")
_BETWEEN = re.compile(rb"[\x00\x03\x04\t-\r\x1a -@\[-`{-~]*+")
_ENCODED = re.compile(rb"[\x00\s7:<-~\xbf-\xfe]*+;")
"""The body of PE with its end."""
DEVICE_CONTROL = re.compile(rb"\x1b\.[A-Za-z@](?:[0-9;]{0,40}:)?|\x1b\.\(|\x1b\.\)")
_STROKES = re.compile(
    rb"(?:(?:(?P<up>PU)|(?P<down>PD)|(?P<move>P[AR][ ]*+(?=[0-9+-])))[-+0-9., ]*+;?[\r\n ]*+){2,400}"
)
"""Moves of the pen one behind the other, as most of a drawing is."""
_OPENING = re.compile(rb"(?:\x1b%-?[0-9]B|\x1b\.[@-Z](?:[0-9;]{0,40}:)?|\x1b?\.[()]){0,8}\s{0,8}")
_NUMBERS = re.compile(rb"[+-]?[0-9]+")
_KNOWN = frozenset(
    b"AA AC AD AF AH AP AR AS AT BL BP BR BZ CA CF CI CM CO CP CR CS CT CV DC DF DI DL DP DR DS DT DV EA EC EP ER ES "
    b"EW FI FN FP FR FS FT GC GM IM IN IP IR IV IW KY LA LB LM LO LT MC MG MT NP NR OA OC OD OE OF OG OH OI OK OL OO "
    b"OP OS OT OW PA PB PC PD PE PG PM PP PR PS PT PU PW QL RA RF RO RP RQ RR RT SA SB SC SD SI SL SM SO SP SR SS ST "
    b"SV TD TL TR UC UL VN VS WD WG WU XT YT FT".split()
)
_DRAWING = frozenset(
    [b"AA", b"AR", b"AT", b"RT", b"CI", b"EA", b"EP", b"ER", b"EW", b"PE", b"RA", b"RR", b"WG", b"FP", b"BR", b"BZ"]
)
_GUARD_STEPS = 4096
END_OF_LABEL = b"\x03"


@dataclass(slots=True)
class Plot:
    """Pens and label terminator, which last from one HP-GL/2 section to the next."""

    down: bool = False
    pen: int = 1
    terminator: bytes = END_OF_LABEL
    palette: Palette = field(default_factory=Palette)
    unknown: int = 0
    known: int = 0


Ink = Callable[[int], None]
Instruction = Callable[[bytes, bytes, int], None]


def looks_like_plot(data: "Buffer", start: int, end: int) -> bool:
    """Whether at least three known instructions stand at `start` one behind the other, or that is all there is."""
    position, seen, opened = _after(_BETWEEN, data, _after(_OPENING, data, start, end), end), 0, False
    while seen < 12 and position < end:
        found = INSTRUCTION.match(data, position, end)
        if found is None or found[1] not in _KNOWN:
            break
        opened = opened or found[1] in (b"IN", b"DF", b"BP", b"SP", b"PU", b"PD", b"PA", b"PS", b"IP")
        seen += 1
        position, _whole = _data_end(data, found.end(1), end, found[1], END_OF_LABEL, found.end())
        position = _after(_BETWEEN, data, position, end)
    rest = bytes(data[position : min(end, position + 64)]).strip(b"\r\n\t \x00\x1a;")
    return opened and (seen >= 3 or (seen >= 1 and (not rest or rest.startswith(b"\x1b"))))


def _after(pattern: re.Pattern[bytes], data: "Buffer", position: int, end: int) -> int:
    found = pattern.match(data, position, end)
    return found.end() if found else position


def _data_end(
    data: "Buffer", position: int, end: int, name: bytes, terminator: bytes, otherwise: int
) -> tuple[int, bool]:
    """Where an instruction ends whose body begins at `position`, and whether it ends as it should.

    Text without its end does not hide an escape sequence that leaves HP-GL: printers obey that first, or never
    find an end.
    """
    if name in (b"DT", b"SM"):
        return min(end, position + 1), True
    if name == b"PE":
        terminator = b";"
    elif name in (b"CO", b"MG") and data[position : position + 1] == b'"':
        terminator, position = b'"', position + 1
    elif name not in (b"LB", b"BL", b"WD"):
        return otherwise, True
    found = _end_of_text(terminator).search(data, position, end)
    if found is None:
        return end, False
    return (found.start(), False) if found["leaves"] else (found.end(), True)


@cache
def _end_of_text(terminator: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"(?P<leaves>\x1b(?:%-?[0-9]|E))|" + re.escape(terminator))


def read_plot(
    data: "Buffer", position: int, end: int, plot: Plot, ink: Ink, other: Instruction, guard: "Guard"
) -> int:
    """Obey instructions from `position` until an escape sequence that leaves HP-GL or the end; returns where.

    `ink(offset)` is called for what draws, `other(name, numbers, offset)` for page ends and their like.
    """
    steps = 0
    while position < end:
        steps += 1
        if not steps % _GUARD_STEPS:
            guard.check(position)
        position = _after(_BETWEEN, data, position, end)
        strokes = _STROKES.match(data, position, end)
        if strokes is not None:
            down, up = strokes.start("down"), strokes.start("up")
            plot.known += 2
            if plot.pen and (down >= 0 or (plot.down and strokes.start("move") >= 0)):
                ink(strokes.start())
            plot.down = down > up if max(down, up) >= 0 else plot.down
            position = strokes.end()
            continue
        found = INSTRUCTION.match(data, position, end)
        if found is not None:
            name = found[1].upper()
            plot.known += name in _KNOWN
            plot.unknown += name == b"PE" and _ENCODED.match(data, found.end(1), end) is None
            position, whole = _data_end(data, found.end(1), end, name, plot.terminator, found.end())
            plot.unknown += not whole
            if _draws(plot, name, found[2], position - found.end(1)) and plot.pen:
                ink(found.start())
            elif name not in _KNOWN:
                plot.unknown += 1
            else:
                _settings(plot, name, bytes(found[2]), data[found.end(1) : found.end(1) + 1])
                other(name, bytes(found[2]), found.start())
        elif data[position : position + 1] != b"\x1b":
            # A letter that stands alone.
            plot.unknown += position < end
            position += 1
        else:
            control = DEVICE_CONTROL.match(data, position, end)
            if control is None:
                return position
            position = control.end()
    return min(position, end)


def _draws(plot: Plot, name: bytes, body: bytes, octets: int) -> bool:
    """Whether the instruction leaves ink if a pen is there; moves the pen up and down."""
    if name in (b"PU", b"PD"):
        plot.down = name == b"PD"
        return plot.down
    if name in (b"PA", b"PR"):
        return plot.down and bool(body.strip())
    if name in (b"LB", b"SB"):
        return octets > 1
    return name in _DRAWING


def _settings(plot: Plot, name: bytes, body: bytes, first: bytes) -> None:
    if name == b"SP":
        numbers = _NUMBERS.findall(body[:16])
        plot.pen = int(numbers[0][:6]) if numbers else 0
    elif name == b"DT":
        plot.terminator = first if first not in (b";", b"") else END_OF_LABEL
    elif name == b"IN":
        plot.down, plot.terminator = False, END_OF_LABEL
        plot.palette.default_pens()
    elif name == b"PC":
        numbers = [int(one[:6]) for one in _NUMBERS.findall(body[:64])]
        if len(numbers) == 4:
            plot.palette.set_pen(numbers[0], (numbers[1], numbers[2], numbers[3]))
        elif not numbers:
            plot.palette.default_pens()

# SPDX-License-Identifier: Apache-2.0
"""PostScript that is no program: straight-line page descriptions, counted exactly without an interpreter.

Every token outside strings must be a number, a string, a literal name, an array bracket or an operator of
the lists below, none of which can define, loop, execute, read a file or change the device. Then each
`showpage` is one page and nothing else is. Anything else: the scan says it does not know.

One regular expression steps over everything up to the next `showpage` or color operator. Its alternatives
differ in their first octet and it never has to take a step back, so its time is linear. (Possessive groups
would say so in the pattern, but Python 3.11 up to 3.11.4 leaves them at a wrong position.)
"""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pagetoll.core.usage import ColorClass
from pagetoll.languages.limits import Guard
from pagetoll.languages.pixels import TOLERANCE

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

PAINTING = """
    newpath moveto rmoveto lineto rlineto curveto rcurveto arc arcn arct closepath stroke fill eofill clip eoclip
    rectfill rectstroke rectclip clippath initclip erasepage show ashow widthshow awidthshow xshow yshow xyshow
    stringwidth flattenpath reversepath image imagemask
"""
FONT = "findfont scalefont makefont setfont selectfont currentfont rootfont"
STATE = """
    gsave grestore grestoreall save restore setgray setlinewidth setlinecap setlinejoin setmiterlimit setdash
    setflat setstrokeadjust setoverprint translate scale rotate concat initmatrix setmatrix matrix currentmatrix
    defaultmatrix initgraphics currentpoint currentgray true false null
"""
COLOR = "setrgbcolor sethsbcolor setcmykcolor"

_NUMBER = rb"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_END = rb"(?![^\x00\t\n\x0c\r ()<>\[\]{}/%])"
_REGULAR = rb"[^\x00\t\n\x0c\r ()<>\[\]{}/%]"


def _string(depth: int) -> bytes:
    inner = rb"" if depth == 0 else rb"|" + _string(depth - 1)
    return rb"\([^()\\]*+(?:(?:\\." + inner + rb")[^()\\]*+){0,10000}\)"


def _words(*lists: str) -> bytes:
    words = sorted({word for words in lists for word in words.split()}, key=len, reverse=True)
    return b"(?:" + b"|".join(word.encode() for word in words) + b")" + _END


_HARMLESS = b"|".join(
    [
        rb"[\x00\t\n\x0c\r ]++",
        _NUMBER + _END,
        _string(3),
        _words(PAINTING, FONT, STATE),
        rb"/" + _REGULAR + rb"++",
        rb"%[^\r\n\x0c]*+(?![\x0c])",
        rb"[\[\]]",
        rb"<[0-9A-Fa-f\x00\t\n\x0c\r ]*+>",
    ]
)
_STEP = re.compile(b"(?:" + _HARMLESS + b"){1,2000}", re.DOTALL)
_STOP = re.compile(rb"(showpage|" + b"|".join(word.encode() for word in COLOR.split()) + rb")" + _END)
_OPERANDS = re.compile(rb"(?:(?<![^\x00\t\n\x0c\r ])" + _NUMBER + rb"[\x00\t\n\x0c\r ]+){3,4}\Z")
_OPERAND_WINDOW = 200


@dataclass(slots=True)
class ExactScan:
    """Ends and color classes of the pages of a straight-line program; `stopped_at`: where its time was over."""

    page_ends: list[int] = field(default_factory=list)
    colors: list[ColorClass] = field(default_factory=list)
    stopped_at: int | None = None


def scan(data: "Buffer", start: int, end: int, most_pages: int, guard: Guard) -> ExactScan | None:
    """The pages of `data[start:end]`, or None when it is more than a straight-line program."""
    found = ExactScan()
    position = start
    page_color = ColorClass.MONO
    colored_before = False
    while True:
        while stepped := _STEP.match(data, position, end):
            position = stepped.end()
            if guard.expired():
                found.stopped_at = position
                return found
        if position >= end:
            return found
        stop = _STOP.match(data, position, end)
        if stop is None or len(found.page_ends) >= most_pages:
            return None
        position = stop.end()
        if stop[1] == b"showpage":
            found.page_ends.append(position)
            found.colors.append(page_color)
            # A color set once may come back from a saved graphics state, so later pages stay unsettled.
            page_color = ColorClass.UNKNOWN if colored_before else ColorClass.MONO
        elif not _is_grey(data, stop.start(), stop[1]):
            page_color = ColorClass.UNKNOWN
            colored_before = True


def _is_grey(data: "Buffer", operator_at: int, operator: bytes) -> bool:
    """Whether a color operator with plain numbers before it selects a grey."""
    before = bytes(data[max(0, operator_at - _OPERAND_WINDOW) : operator_at])
    operands = _OPERANDS.search(before)
    if operands is None:
        return False
    values = [float(word) for word in operands[0].split()]
    if operator == b"sethsbcolor":
        return values[-2] * values[-1] * 255 <= TOLERANCE
    inks = values[-4:-1] if operator == b"setcmykcolor" else values[-3:]
    return len(inks) == 3 and (max(inks) - min(inks)) * 255 <= TOLERANCE

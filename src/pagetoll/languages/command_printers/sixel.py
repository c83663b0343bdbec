# SPDX-License-Identifier: Apache-2.0
"""DEC LA and LN printers: ANSI control sequences, and sixel images in device control strings.

    CSI 11h  ESC P 0;0;0 q "1;1 #1;2;100;0;0 !83?~~$-  ESC \\   FF

A sixel is a character from ? to ~ (six dots); `!n` repeats it, `#n` chooses a color, `$` and `-` return and feed.
A page ends with form feed. Source: DEC sixel format.
"""

import re
from typing import TYPE_CHECKING

from pagetoll.core.errors import TruncatedDocument
from pagetoll.core.usage import ColorClass
from pagetoll.languages.command_printers.dialect import Dialect, Walk, control_sequence, reader, skip, table

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_DRAWN = re.compile(rb"[@-~]")
_COLOR = re.compile(rb"#([0-9]{1,3});([12]);([0-9]{1,3});([0-9]{1,3});([0-9]{1,3})")
_CHOICE = re.compile(rb"#([0-9]{1,3})(?![0-9;])[^#]{0,65536}?[@-~]")
_HEADER = re.compile(rb"[0-9;]{0,32}q")
_HUE_LIGHTNESS_SATURATION = b"1"
_TOLERANCE_PERCENT = 10


def _device_string(walk: Walk, position: int) -> int:
    """A sixel image (or another device string), up to ESC backslash."""
    stop = walk.data.find(b"\x1b\\", position, walk.end)
    if stop < 0:
        raise TruncatedDocument("the data ends within an image; send the job again", walk.end)
    header = _HEADER.match(walk.data, position, stop)
    if header:
        walk.text_only = False
        walk.fed = True
        if _DRAWN.search(walk.data, header.end(), stop):
            walk.marked = True
            if not walk.number.get("colored") and _is_colored(walk.data, header.end(), stop):
                walk.number["colored"] = 1
    return stop + 2


def _is_colored(data: "Buffer", start: int, stop: int) -> bool:
    """Whether a color that is not grey is defined and drawn with."""
    colored: set[int] = set()
    for found in _COLOR.finditer(data, start, stop):
        first, second, third = (int(found[n]) for n in (3, 4, 5))
        if found[2] == _HUE_LIGHTNESS_SATURATION:
            is_color = third > _TOLERANCE_PERCENT and 0 < second < 100
        else:
            is_color = max(first, second, third) - min(first, second, third) > _TOLERANCE_PERCENT
        (colored.add if is_color else colored.discard)(int(found[1]))
    return bool(colored) and any(int(found[1]) in colored for found in _CHOICE.finditer(data, start, stop))


_ESCAPES = table(
    (b"P", _device_string),
    (b"[", control_sequence),
    (b"c=>78DEHMNOVWZ\\", skip(0)),
    (b"()*+-./#% ", skip(1)),
)


def _color_class(walk: Walk) -> ColorClass:
    return ColorClass.COLOR if walk.number.pop("colored", 0) else ColorClass.MONO


begins, parse = reader(
    Dialect("dec", _ESCAPES, {0x9B: control_sequence, 0x90: _device_string}, color_class=_color_class)
)

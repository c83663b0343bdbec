# SPDX-License-Identifier: Apache-2.0
"""The sweeps of Lexmark's host-based ink-jets in black; numbers are big-endian.

    sweep    ESC * 04 | u32 octets | u16 resolution | 01 01 1A | .. | u16 columns | .. (11) | columns
    column   u16 mask, then a word of 16 dots for each of its bits 0 to 12 that is 0, in this order
             a bit that is 1: no dots, or the word before once more where bit 13 of the mask is 0

Resolutions 1 (300 dpi), 2 and 3 (600 dpi) are known. Source: what Ghostscript writes (lex5700, lex7000, lxm5700m).
"""

import struct

from pagetoll.languages.coverage.sheets.sheet import Sheet, dots_of
from pagetoll.languages.hostbased.lexmark import after_command

_SWEEP = b"\x1b*\x04"
_HEAD = struct.Struct(">3xIH3sxH4x7s")
_BLACK = b"\x01\x01\x1a"
_NOZZLES = b"\x00\x00\x22\x33\x44\x55\x01"
_DOTS_AN_INCH = {1: 300, 2: 600, 3: 600}
_WORDS, _BLANKS = range(13), 1 << 13
_COLUMNS_BETWEEN_LOOKS = 4096


def step(sheet: Sheet, position: int) -> int:
    """One command or sweep."""
    head = bytes(sheet.data[position : position + 5])
    behind = after_command(sheet.data, position, sheet.end, head)
    if behind <= position:
        return sheet.give_up()
    if head[:3] == _SWEEP:
        _sweep(sheet, bytes(sheet.data[position:behind]))
    return behind


def _sweep(sheet: Sheet, sweep: bytes) -> None:
    if len(sweep) < _HEAD.size:
        sheet.unknown = True
        return
    _octets, resolution, ink, columns, nozzles = _HEAD.unpack_from(sweep)
    dots_an_inch = _DOTS_AN_INCH.get(resolution, 0)
    if ink != _BLACK or nozzles != _NOZZLES or not dots_an_inch:
        sheet.unknown = True
        return
    position, dots = _HEAD.size, 0
    for column in range(columns):
        mask = int.from_bytes(sweep[position : position + 2], "big")
        position += 2
        here = 0
        for word in _WORDS:
            if not mask >> word & 1:
                here = dots_of(sweep[position : position + 2])
                position += 2
            elif mask & _BLANKS:
                here = 0
            dots += here
        if position > len(sweep):
            break
        if not column % _COLUMNS_BETWEEN_LOOKS:
            sheet.guard.check(position)
    sheet.unknown = sheet.unknown or position != len(sweep)
    sheet.black(dots, (dots_an_inch, dots_an_inch))

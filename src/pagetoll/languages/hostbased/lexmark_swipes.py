# SPDX-License-Identifier: Apache-2.0
"""Lexmark's ink-jets of the kind of the 3200 and Z12: commands of eight octets, some with data behind them.

    ESC | letter | five octets | the sum of letter and octets, modulo 256

    2A 80   a page starts; its sum is 0        40 head    a swipe begins, `head` + 80 with the color cartridge
    22      move the paper out                 43 u24     dots of the swipe, as many octets follow (big-endian)

Learned from jobs of Ghostscript's `lxm3200`, with pages and without ink on them. Copies: none.
"""

from typing import TYPE_CHECKING

from pagetoll.core.usage import ColorClass
from pagetoll.languages.hostbased import records
from pagetoll.languages.parsed import Context, Parsed, Run, as_far_as_time_allows

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_OCTETS = 8
_START, _SWIPE, _DOTS, _EJECT = 0x2A, 0x40, 0x43, 0x22
_COLOR_HEAD = 0x80
_TELLING_COMMANDS = 3


def begins(data: "Buffer", start: int, end: int) -> bool:
    """Whether the first commands have their sums."""
    places = range(start, start + _OCTETS * _TELLING_COMMANDS, _OCTETS)
    return all(place + _OCTETS <= end and _is_command(data, place) for place in places)


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count a job. Raises MalformedDocument or TruncatedDocument when no page is complete."""
    return as_far_as_time_allows(
        lambda parsed: _walk(parsed, data, start, end, context), Parsed("lexmark-inkjet"), end
    )


def _walk(parsed: Parsed, data: "Buffer", position: int, end: int, context: Context) -> Parsed:
    marked, begun = False, False
    color = ColorClass.MONO
    steps = 0
    while position < end and data[position] == 0x1B:
        if position + _OCTETS > end:
            return records.cut_off(parsed, end)
        if not _is_command(data, position):
            break
        letter, first = data[position + 1], data[position + 2]
        octets = records.number(data[position + 2 : position + 5]) if letter == _DOTS else 0
        position += _OCTETS + octets
        if position > end:
            return records.cut_off(parsed, end)
        if letter == _START:
            begun = True
        elif letter == _SWIPE and first & _COLOR_HEAD:
            # The color cartridge draws composed greys, too.
            color = ColorClass.UNKNOWN
        elif letter == _DOTS:
            marked = True
        elif letter == _EJECT and begun:
            if not records.keep(parsed, Run(1, color=color, blank=not marked), position, context):
                return parsed
            marked, begun, color = False, False, ColorClass.MONO
        steps += 1
        if not steps % records.RECORDS_BETWEEN_CHECKS:
            context.guard.check(position)
    parsed.end = position
    return records.cut_off(parsed, position) if begun or not parsed.input_pages else parsed


def _is_command(data: "Buffer", position: int) -> bool:
    octets = data[position : position + _OCTETS]
    return octets[0] == 0x1B and (sum(octets[1:7]) & 0xFF == octets[7] or octets[1:] == b"\x2a\x80\0\0\0\0\0")

# SPDX-License-Identifier: Apache-2.0
"""HP PPA (DeskJet 710C, 720C, 820C, 1000C): packets of a link protocol.

    24 | channel | u16 octets | octets       channel 0: data of a sweep, 1: a command

    command, 820C:           u16 number | u16 | u16 | u16 octets | arguments
    command, 710C to 1000C:  u16 number + 0100 | u16 | u16 | u16 | u32 | u32 | arguments

Command 13 (hexadecimal; 181 with the long header) moves paper: its first argument is 1 to load, 2 to eject.
Command 12 (180) prints a sweep; one of its arguments is 01 for black and 0E for the colors, which are sent for
colored dots only. Copies: none.
"""

import re
from typing import TYPE_CHECKING

from pagetoll.core.usage import ColorClass
from pagetoll.languages.hostbased import records
from pagetoll.languages.parsed import Context, Parsed, Run, as_far_as_time_allows

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_HEADER_OCTETS = 4
_SYNC = 0x24
_PAPER_COMMANDS = {0x0013: 8, 0x0181: 16}
"""Number of the command to where its arguments start."""
_LOAD, _EJECT = 1, 2
_SWEEP_INKS = {0x0012: 10, 0x0180: 19}
"""Number of the command to where its inks stand."""
_COLORS = 0x0E
_SECOND = re.compile(rb"\x24[\x00\x01]")


def looks_like_ppa(data: "Buffer", start: int, end: int) -> bool:
    """Whether a second packet follows the first one."""
    return _SECOND.match(data, start + 4 + records.number(data[start + 2 : start + 4]), end) is not None


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count a PPA document. Raises MalformedDocument or TruncatedDocument when no page is complete."""
    return as_far_as_time_allows(lambda parsed: _walk(parsed, data, start, end, context), Parsed("ppa"), end)


def _walk(parsed: Parsed, data: "Buffer", position: int, end: int, context: Context) -> Parsed:
    loaded, color = False, ColorClass.MONO
    steps = 0
    while position < end and data[position] == _SYNC:
        octets = records.number(data[position + 2 : position + 4])
        body = position + _HEADER_OCTETS
        after = body + octets
        if after > end:
            return records.cut_off(parsed, end)
        command = records.number(data[body : body + 2]) if data[position + 1] == 1 and octets > 2 else -1
        if command in _SWEEP_INKS and data[body + min(octets - 1, _SWEEP_INKS[command])] == _COLORS:
            color = ColorClass.COLOR
        elif command in _PAPER_COMMANDS and _PAPER_COMMANDS[command] < octets:
            motion = data[body + _PAPER_COMMANDS[command]]
            if motion == _EJECT and loaded and not records.keep(parsed, Run(1, color=color), after, context):
                return parsed
            if motion in (_LOAD, _EJECT):
                loaded, color = motion == _LOAD, ColorClass.MONO
        position = after
        steps += 1
        if not steps % records.RECORDS_BETWEEN_CHECKS:
            context.guard.check(position)
    if position < end and data[position] not in b"\x00\x1b\r\n":
        return records.lost(parsed, data, position, end)
    parsed.end = position
    return records.cut_off(parsed, position) if loaded or not parsed.input_pages else parsed

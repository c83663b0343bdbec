# SPDX-License-Identifier: Apache-2.0
"""Lexmark's host-based ink-jets (5000, 5700, 7000, Z series): commands behind `ESC *` and packets behind `A5`.

    ESC * 07 x            s0 job, c page starts, e page ends
    ESC * 03 u16          move the paper
    ESC * 04 u32 octets   a sweep; the number counts the whole command                (big-endian)
    ESC * 6D 00 kind      settings, of a length that the kind tells
    A5 u16 octets         a packet

Octets 9 to 11 of a sweep are 01 01 1A in every job of the black cartridge, whatever the page held.
Learned from jobs of Ghostscript's drivers. Copies: none.
"""

import re
from typing import TYPE_CHECKING

from pagetoll.core.usage import ColorClass
from pagetoll.languages.hostbased import records
from pagetoll.languages.parsed import Context, Parsed, Run, as_far_as_time_allows
from pagetoll.languages.universal_exit import UNIVERSAL_EXIT

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_SWEEP_HEADER_OCTETS = 7
_SETTING_OCTETS = {0x14: 11, 0x40: 9, 0x42: 7}
_NEXT = re.compile(rb"\x1b\*[\x00-\x07m]|\xa5\x00")
_LONGEST_SETTING = 64
_BLACK_SWEEP = b"\x01\x01\x1a"


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count a Lexmark job. Raises MalformedDocument or TruncatedDocument when no page is complete."""
    return as_far_as_time_allows(lambda parsed: _walk(parsed, data, start, end, context), Parsed("lexmark-gdi"), end)


def _walk(parsed: Parsed, data: "Buffer", position: int, end: int, context: Context) -> Parsed:
    marked = False
    color = ColorClass.MONO
    steps = 0
    while position < end and data[position] in b"\x1b\xa5":
        head = bytes(data[position : position + 5])
        if head == UNIVERSAL_EXIT[:5]:
            break
        after = after_command(data, position, end, head)
        if after < 0:
            return records.lost(parsed, data, position, end)
        if after > end:
            return records.cut_off(parsed, end)
        if head[:4] == b"\x1b*\x07e":
            if not records.keep(parsed, Run(1, color=color), after, context):
                return parsed
            marked, color = False, ColorClass.MONO
        elif head[:3] == b"\x1b*\x04":
            marked = True
            if data[position + 9 : position + 12] != _BLACK_SWEEP:
                color = ColorClass.UNKNOWN
        position = after
        steps += 1
        if not steps % records.RECORDS_BETWEEN_CHECKS:
            context.guard.check(position)
    if position < end and data[position] not in b"\x00\x1b\r\n":
        return records.lost(parsed, data, position, end)
    parsed.end = position
    return records.cut_off(parsed, position) if marked or not parsed.input_pages else parsed


def after_command(data: "Buffer", position: int, end: int, head: bytes) -> int:
    """Where the command ends; -1 for none that is known."""
    if head[:1] == b"\xa5":
        return position + 3 + records.number(head[1:3])
    kind = head[2] if len(head) > 2 and head[1:2] == b"*" else -1
    if kind == 0x07:
        return position + (5 if head[3:4] == b"s" else 4)
    if kind == 0x03:
        return position + 5
    if kind == 0x04:
        octets = records.number(data[position + 3 : position + 7])
        return position + octets if octets >= _SWEEP_HEADER_OCTETS else -1
    if kind == 0x6D:
        known = _SETTING_OCTETS.get(head[4] if len(head) > 4 else -1)
        if known is not None:
            return position + known
        found = _NEXT.search(data, position + 3, min(end, position + _LONGEST_SETTING))
        return found.start() if found else -1
    return -1

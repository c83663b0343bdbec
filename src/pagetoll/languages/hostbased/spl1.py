# SPDX-License-Identifier: Apache-2.0
"""SPL1 (Samsung ML-1000 series and other GDI lasers).

    $PJL COPIES = n   $PJL PAGE A4 AUTO   $PJL BITMAP START   block | block | ...   $PJL PRINT n   $PJL EOJ

    block: u32 octets behind this number | u16 sequence | data            (big-endian)

Lines end LF. The devices are monochrome.
"""

import re
from typing import TYPE_CHECKING

from pagetoll.core.usage import ColorClass
from pagetoll.languages.hostbased import records
from pagetoll.languages.parsed import ANY_SIZE, Context, Parsed, Run, as_far_as_time_allows
from pagetoll.languages.universal_exit import UNIVERSAL_EXIT

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_LINE = re.compile(rb"\$PJL[ \t]+([A-Z]+)[ \t=]*([^\r\n\x1b]{0,1024})\r?\n?")
_NUMBER = re.compile(rb"[0-9]{1,9}")
_PREFIX = b"$PJL"


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count an SPL1 document. Raises MalformedDocument or TruncatedDocument when no page is complete."""
    return as_far_as_time_allows(lambda parsed: _walk(parsed, data, start, end, context), Parsed("spl1"), end)


def _walk(parsed: Parsed, data: "Buffer", position: int, end: int, context: Context) -> Parsed:
    copies: int | None = None
    media = ANY_SIZE
    open_page = False
    while position < end and data[position : position + 9] != UNIVERSAL_EXIT:
        line = _LINE.match(data, position, end)
        if line is None:
            return records.lost(parsed, data, position, end)
        position = line.end()
        keyword, value = line[1], line[2]
        first = _NUMBER.match(value)
        if keyword == b"COPIES" and first is not None:
            copies = max(1, int(first[0]))
        elif keyword == b"PAGE":
            media = records.NAMED_PAPER_POINTS.get(value.split(b" ")[0].upper(), ANY_SIZE)
        elif keyword == b"BITMAP" and value.startswith(b"START"):
            open_page = True
            position = _behind_blocks(data, position, end, context)
            if position > end:
                return records.cut_off(parsed, end)
        elif keyword == b"PRINT" and open_page:
            open_page = False
            if not records.keep(parsed, Run(1, copies, color=ColorClass.MONO, media_points=media), position, context):
                return parsed
    parsed.end = position
    return records.cut_off(parsed, position) if open_page or not parsed.input_pages else parsed


def _behind_blocks(data: "Buffer", position: int, end: int, context: Context) -> int:
    """Where the `$PJL` line behind the blocks starts; more than `end` where they are cut off."""
    steps = 0
    while data[position : position + 4] != _PREFIX:
        if position + 4 > end:
            return end + 1
        position += 4 + records.number(data[position : position + 4])
        if position >= end:
            return end + 1
        steps += 1
        if not steps % records.RECORDS_BETWEEN_CHECKS:
            context.guard.check(position)
    return position

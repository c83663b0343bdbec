# SPDX-License-Identifier: Apache-2.0
"""DDST (Ricoh SP 100 and kin): PJL throughout.

    @PJL SET PAGESTATUS=START   @PJL SET COPIES=n   @PJL SET PAPER=A4   @PJL SET IMAGELEN=n   n octets of JBIG
    @PJL SET PAGESTATUS=END     ... more pages ...  @PJL EOJ

The devices are monochrome.
"""

import re
from typing import TYPE_CHECKING

from pagetoll.core.usage import ColorClass
from pagetoll.languages.hostbased import records
from pagetoll.languages.hostbased.planes import jbig_is_blank
from pagetoll.languages.parsed import ANY_SIZE, Context, Parsed, Run, as_far_as_time_allows

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_LINE = re.compile(rb"(?i:@PJL)[^\n\x1b]{0,4096}\n")
_SETTING = re.compile(rb"(?i:@PJL[ \t]+SET)[ \t]+([A-Za-z]+)[ \t]*=[ \t]*([A-Za-z0-9]+)")
_JBIG_HEADER_OCTETS = 20
_MOST_DIGITS = 9


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count the pages of a DDST job. Raises MalformedDocument or TruncatedDocument when no page is complete."""
    return as_far_as_time_allows(lambda parsed: _walk(parsed, data, start, end, context), Parsed("ddst"), end)


def _walk(parsed: Parsed, data: "Buffer", position: int, end: int, context: Context) -> Parsed:
    copies: int | None = None
    media = ANY_SIZE
    blank: bool | None = True
    open_page = False
    while line := _LINE.match(data, position, end):
        setting = _SETTING.match(data, position, line.end())
        position = line.end()
        name = setting[1].upper() if setting else b""
        value = setting[2].upper() if setting else b""
        digits = int(value) if value.isdigit() and len(value) <= _MOST_DIGITS else 0
        if name == b"PAGESTATUS" and value == b"START":
            open_page, copies, media, blank = True, None, ANY_SIZE, True
        elif name == b"COPIES":
            copies = max(1, digits)
        elif name == b"PAPER":
            media = records.NAMED_PAPER_POINTS.get(value, ANY_SIZE)
        elif name == b"IMAGELEN":
            if position + digits > end:
                return records.cut_off(parsed, end)
            blank = blank and jbig_is_blank(data[position + _JBIG_HEADER_OCTETS : position + digits])
            position += digits
        elif name == b"PAGESTATUS" and value == b"END" and open_page:
            open_page = False
            run = Run(1, copies, color=ColorClass.MONO, media_points=media, blank=blank or None)
            if not records.keep(parsed, run, position, context):
                return parsed
    if position < end and data[position : position + 1] not in (b"\x1b", b"\r", b"\n", b"\0"):
        return records.lost(parsed, data, position, end)
    parsed.end = position
    return records.cut_off(parsed, position) if open_page or not parsed.input_pages else parsed

# SPDX-License-Identifier: Apache-2.0
"""DNP and HP photo printers (DS40, DS80 and kin).

ESC P | 6 letters | 16 letters | 8 digits | as many octets as these say

CNTRL QTY: copies, 7 digits   CNTRL START: a picture is printed
"""

import re
from typing import TYPE_CHECKING

from pagetoll.languages.hostbased import records
from pagetoll.languages.parsed import Context, Parsed, Run, as_far_as_time_allows

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_COMMAND = re.compile(rb"\x1bP([A-Z ]{6})([A-Z0-9_ ]{16})([0-9 ]{8})")
_QUANTITY = re.compile(rb"[0-9]{1,8}")


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count a photo printer's job. Raises MalformedDocument or TruncatedDocument when no page is complete."""
    return as_far_as_time_allows(lambda parsed: _walk(parsed, data, start, end, context), Parsed("dnp"), end)


def _walk(parsed: Parsed, data: "Buffer", position: int, end: int, context: Context) -> Parsed:
    copies: int | None = None
    while command := _COMMAND.match(data, position, end):
        name = command[1].strip() + b" " + command[2].strip()
        digits = command[3].strip()
        body = command.end()
        position = body + (int(digits) if digits.isdigit() else 0)
        if position > end:
            return records.cut_off(parsed, end)
        if name == b"CNTRL QTY":
            quantity = _QUANTITY.match(data, body, position)
            copies = max(1, int(quantity[0])) if quantity else copies
        # A dye printer lays down its colored ribbons for whatever picture: the color class is not known.
        if name == b"CNTRL START" and not records.keep(parsed, Run(1, copies), position, context):
            return parsed
        context.guard.check(position)
    if position < end and data[position] not in b"\x00\x1b\r\n":
        return records.lost(parsed, data, position, end)
    parsed.end = position
    return parsed if parsed.input_pages else records.cut_off(parsed, position)

# SPDX-License-Identifier: Apache-2.0
"""Canon CPCA packets: CARPS inside is counted, UFR II is not known (page-languages chapters 13.3 and 13.4).

    CD CA 10 | type | 00 | operation | 00 | 01 | u16 octets | 10 octets | data        (big-endian)

    operation 11 document begins   12, 6B its settings   13 it ends   1A print data

In CARPS the print data begin with 01 and a packet of `01 0C` ends a page; `ESC [ n v` in the first packet is
the number of copies. Known from descriptions only, so the number is an estimate.
"""

import re
from typing import TYPE_CHECKING

from pagetoll.core.errors import UnknownLanguage
from pagetoll.core.usage import ColorClass, Confidence
from pagetoll.languages.hostbased import records
from pagetoll.languages.parsed import Context, Parsed, Run, as_far_as_time_allows

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

MAGIC = b"\xcd\xca\x10"
_HEADER_OCTETS = 20
_PRINT_DATA, _DOCUMENT_END = 0x1A, 0x13
_CARPS = 0x01
_PAGE_END = b"\x01\x0c"
_COPIES = re.compile(rb"\x1b\[(\d{1,5})v")
_LOOK_OCTETS = 4096


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Estimate the pages of CARPS in packets.

    Raises UnknownLanguage for other print data, MalformedDocument or TruncatedDocument when no page is complete.
    """
    parsed = Parsed("carps", confidence=Confidence.ESTIMATED)
    return as_far_as_time_allows(lambda found: _walk(found, data, start, end, context), parsed, end)


def _walk(parsed: Parsed, data: "Buffer", position: int, end: int, context: Context) -> Parsed:
    copies: int | None = None
    first = True
    steps = 0
    while data[position : position + 3] == MAGIC:
        body = position + _HEADER_OCTETS
        after = body + records.number(data[position + 8 : position + 10])
        if after > end:
            return records.cut_off(parsed, end)
        operation = data[position + 5]
        if operation == _PRINT_DATA and after > body:
            if first and data[body] != _CARPS:
                raise UnknownLanguage("these are CPCA packets (UFR II), whose pages cannot be counted", position)
            stated = _COPIES.search(data[body : min(after, body + _LOOK_OCTETS)]) if first else None
            copies = max(1, int(stated[1])) if stated else copies
            first = False
            ends_page = data[body:after] == _PAGE_END
            run = Run(1, copies, color=ColorClass.MONO)
            if ends_page and not records.keep(parsed, run, after, context):
                return parsed
        position = after
        steps += 1
        if not steps % records.RECORDS_BETWEEN_CHECKS:
            context.guard.check(position)
        if operation == _DOCUMENT_END:
            break
    if first:
        raise UnknownLanguage("these are CPCA packets without print data", position)
    parsed.end = position
    return parsed if parsed.input_pages else records.cut_off(parsed, position)

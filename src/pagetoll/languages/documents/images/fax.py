# SPDX-License-Identifier: Apache-2.0
"""Fax files: structured fax (SFF) and DigiFAX. A fax page is black and white.

    SFF: header (20): "Sfff", ..., pages at 8, offset of the first page at 10
         records: 0 + length (16 bit) + line | 1..216 + line of that length | 217..253 blank lines |
                  254 + length + page header (length 0: end) | 255 + length + user data
    DigiFAX: pages, each behind a header of 64 octets: 0 "PC Research, Inc" 0..., number of the page at 26

Pages are counted by walking the records; the number that a header states is compared.
"""

import struct
from typing import TYPE_CHECKING

from pagetoll.core.errors import MalformedDocument, TruncatedDocument
from pagetoll.core.usage import ColorClass
from pagetoll.languages.parsed import Context, Parsed, Run, as_far_as_time_allows

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_DIGIFAX = b"\x00PC Research, Inc\x00\x00\x00\x00\x00\x00"
_DIGIFAX_HEADER_OCTETS = 64
_STEPS_BETWEEN_CHECKS = 20_000


def parse_sff(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count the page headers. Raises TruncatedDocument or MalformedDocument without one."""
    if start + 20 > end:
        raise TruncatedDocument("the fax file ends within its header; send the job again", end)
    return as_far_as_time_allows(lambda found: _records(found, data, start, end, context), Parsed("fax"), end)


def _records(parsed: Parsed, data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    stated, first = struct.unpack_from("<2H", data, start + 8)
    position, steps = start + max(20, first), 0
    limit = context.limits.input_pages
    while position < end:
        steps += 1
        if steps % _STEPS_BETWEEN_CHECKS == 0:
            context.guard.check(position)
        kind = data[position]
        if kind == 254:
            length = data[position + 1] if position + 1 < end else 1
            if not length:
                position += 2
                break
            if parsed.input_pages >= limit:
                parsed.at_least("limit", position)
                break
            _end_page(parsed, position)
            parsed.add(Run(color=ColorClass.MONO))
            position += 2 + length
        else:
            position += _record_octets(kind, data, position)
        if not parsed.input_pages:
            raise MalformedDocument("the fax file does not begin with a page", min(position, end))
    if not parsed.input_pages:
        raise TruncatedDocument("the fax file ends before its first page; send the job again", end)
    # Many writers end with the data, without an end record.
    parsed.end = min(position, end)
    if position > end:
        parsed.at_least("truncated", end)
    if stated and stated != parsed.input_pages & 0xFFFF:
        parsed.note("declared_mismatch", start + 8)
    _end_page(parsed, parsed.end)
    return parsed


def _record_octets(kind: int, data: "Buffer", position: int) -> int:
    """Octets of a record that holds no page header; one that is cut off reaches behind the data."""
    if kind == 0:
        return 3 + int.from_bytes(data[position + 1 : position + 3], "little")
    if kind == 255:
        return 2 + int.from_bytes(data[position + 1 : position + 2], "little")
    return 1 + (kind if kind <= 216 else 0)


def _end_page(parsed: Parsed, position: int) -> None:
    if len(parsed.page_ends) < parsed.input_pages:
        parsed.page_ends.append(position)


def looks_like_digifax(data: "Buffer", start: int, end: int) -> bool:
    """The header's first octet is 0 and was taken for padding."""
    return start > 0 and data[start - 1] == 0 and start - 1 + _DIGIFAX_HEADER_OCTETS <= end


def parse_digifax(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count the headers whose page numbers go up one by one."""
    parsed = Parsed("fax", end)
    position = start - 1
    stated = struct.unpack_from("<H", data, position + 24)[0]
    number = struct.unpack_from("<H", data, position + 26)[0]
    while position >= 0 and position + _DIGIFAX_HEADER_OCTETS <= end:
        if parsed.input_pages >= context.limits.input_pages or context.guard.expired():
            parsed.at_least("limit", position)
            break
        if struct.unpack_from("<H", data, position + 26)[0] == number:
            if parsed.input_pages:
                parsed.page_ends.append(position)
            parsed.add(Run(color=ColorClass.MONO))
            number = (number + 1) & 0xFFFF
        position = data.find(_DIGIFAX, position + _DIGIFAX_HEADER_OCTETS, end)
    parsed.page_ends.append(end)
    if stated > parsed.input_pages:
        parsed.at_least("truncated", end)
    return parsed

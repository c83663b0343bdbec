# SPDX-License-Identifier: Apache-2.0
"""Canon CPCA packets: CARPS inside is counted here, other languages by
their own parsers, UFR II by nobody.

    CD CA 10 | type | 00 | operation | 00 | 01 | u16 octets | 10 octets | data        (big-endian)

    operation 11 document begins   12, 6B its settings   13 it ends   1A print data

In CARPS the print data begin with 01 and a packet of `01 0C` ends a page; `ESC [ n v` in the first packet is
the number of copies. Known from descriptions only, so the number is an estimate.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pagetoll.core.errors import UnknownLanguage
from pagetoll.core.usage import ColorClass, Confidence, Duplex
from pagetoll.languages.hostbased import records
from pagetoll.languages.parsed import Context, Parsed, Run, as_far_as_time_allows
from pagetoll.languages.pjl import Wrapper

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

MAGIC = b"\xcd\xca\x10"
_HEADER_OCTETS = 20
_PRINT_DATA, _DOCUMENT_END = 0x1A, 0x13
_CARPS = 0x01
_PAGE_END = b"\x01\x0c"
_COPIES = re.compile(rb"\x1b\[(\d{1,5})v")
_LOOK_OCTETS = 4096
_INSIDE = frozenset(["pcl5", "pclxl", "lips", "ps", "pdf"])
"""Rows of the languages that copiers are known to get in packets."""


@dataclass(frozen=True, slots=True)
class _Packet:
    operation: int
    body: int
    after: int


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Estimate the pages of CARPS in packets; count another language in them like a document of its own.

    Raises UnknownLanguage for UFR II, MalformedDocument or TruncatedDocument when no page is complete.
    """
    first = next((packet for packet in _packets(data, start, end, context) if packet.operation == _PRINT_DATA), None)
    if first is None:
        raise UnknownLanguage("these are CPCA packets without print data", start)
    if data[first.body] != _CARPS:
        return _other_language(data, start, end, context)
    parsed = Parsed("carps", confidence=Confidence.ESTIMATED)
    return as_far_as_time_allows(lambda found: _carps(found, data, start, end, context), parsed, end)


def _packets(data: "Buffer", position: int, end: int, context: Context) -> Iterator[_Packet]:
    """Whole packets up to the end of the document."""
    steps = 0
    while data[position : position + 3] == MAGIC:
        body = position + _HEADER_OCTETS
        after = body + records.number(data[position + 8 : position + 10])
        if after > end:
            return
        if after > body or data[position + 5] != _PRINT_DATA:
            yield _Packet(data[position + 5], body, after)
        if data[position + 5] == _DOCUMENT_END:
            return
        position = after
        steps += 1
        if not steps % records.RECORDS_BETWEEN_CHECKS:
            context.guard.check(position)


def _carps(parsed: Parsed, data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    copies: int | None = None
    first, last = True, _Packet(0, start, start)
    for packet in _packets(data, start, end, context):
        last = packet
        if packet.operation != _PRINT_DATA:
            continue
        if first:
            stated = _COPIES.search(data[packet.body : min(packet.after, packet.body + _LOOK_OCTETS)])
            copies = max(1, int(stated[1])) if stated else None
            first = False
        ends_page = data[packet.body : packet.after] == _PAGE_END
        run = Run(1, copies, color=ColorClass.MONO)
        if ends_page and not records.keep(parsed, run, packet.after, context):
            return parsed
    if last.operation != _DOCUMENT_END or not parsed.input_pages:
        return records.cut_off(parsed, min(end, last.after))
    parsed.end = last.after
    return parsed


def _other_language(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """PCL, PCL XL or LIPS of a copier: the print data put together is the document."""
    from pagetoll.languages.recognise import recognise  # which knows this module

    packets = list(_packets(data, start, end, context))
    document = b"".join([data[packet.body : packet.after] for packet in packets if packet.operation == _PRINT_DATA])
    try:
        wrapper = Wrapper()
        inner = wrapper.peel(document, 0, len(document))
        language, parse_inner = recognise(document, inner, len(document), wrapper.environment.language)
    except UnknownLanguage as error:
        raise UnknownLanguage("these are CPCA packets (UFR II), whose pages cannot be counted", start) from error
    if language.name not in _INSIDE:
        raise UnknownLanguage("these are CPCA packets (UFR II), whose pages cannot be counted", start)
    parsed = parse_inner(document, inner, len(document), context)
    settings = wrapper.environment
    parsed.runs = [
        replace(
            run,
            copies=settings.copies if run.copies is None else run.copies,
            duplex=settings.sides if run.duplex is Duplex.UNSTATED else run.duplex,
        )
        for run in parsed.runs
    ]
    parsed.note("nested_language", start)
    # Offsets of the document inside say nothing about the file.
    parsed.page_ends = []
    parsed.findings = [replace(finding, offset=start) for finding in parsed.findings]
    parsed.end = packets[-1].after
    return parsed

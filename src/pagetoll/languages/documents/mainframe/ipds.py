# SPDX-License-Identifier: Apache-2.0
"""IPDS as captured from the line to a mainframe printer: begin-page commands outside of overlays and page segments.

    command: length (16 bit, with itself), code (16 bit, D6xx), flag, [2 octets id], data

Source: IPDS reference. What the printer keeps from earlier jobs is not in the data,
so the number is taken as stated (`declared`).
"""

import struct
from typing import TYPE_CHECKING

from pagetoll.core.errors import MalformedDocument
from pagetoll.core.usage import Confidence, Duplex
from pagetoll.languages.parsed import Context, Parsed, Run, as_far_as_time_allows

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_BEGIN_PAGE, _END_PAGE, _COPY_CONTROL = 0xD6AF, 0xD6BF, 0xD69F
_STORING = frozenset([0xD6DF, 0xD65F])
_COMMANDS_TO_BELIEVE = 3
_SIDES = {0: Duplex.NONE, 1: Duplex.LONG, 2: Duplex.SHORT}


def looks_like_ipds(data: "Buffer", start: int, end: int) -> bool:
    """Whether at least three commands follow each other, or fewer that fill the file."""
    position = _begin(data, start, end)
    if position < 0:
        return False
    for _number in range(_COMMANDS_TO_BELIEVE):
        if position + 5 > end:
            return position == end
        length, group = struct.unpack_from(">HB", data, position)
        if group != 0xD6 or length < 5:
            return False
        position += length
    return position <= end


def _begin(data: "Buffer", start: int, end: int) -> int:
    """Where the first command begins: the octets of its length may have been taken for padding. Else negative."""
    found = data.find(b"\xd6", start, min(end, start + 3))
    return found - 2


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count the pages. Raises MalformedDocument where there is none."""
    parsed = Parsed("ipds", end, Confidence.DECLARED)
    return as_far_as_time_allows(lambda found: _walk(found, data, start, end, context), parsed, end)


def _walk(parsed: Parsed, data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    position, storing, copies, duplex = _begin(data, start, end), False, None, Duplex.UNSTATED
    while position + 5 <= end and parsed.input_pages < context.limits.input_pages:
        length, group, code = struct.unpack_from(">HBB", data, position)
        if group != 0xD6 or length < 5:
            parsed.end = position
            parsed.at_least("desync", position)
            break
        context.guard.check(position)
        command = group << 8 | code
        if command in _STORING:
            storing = True
        elif command == _END_PAGE:
            storing = False
        elif command == _BEGIN_PAGE and not storing:
            parsed.add(Run(1, copies, duplex))
        elif command == _COPY_CONTROL:
            skipped = 7 if data[position + 4] & 0x80 else 5
            copies, duplex = _copy_control(bytes(data[position + skipped : min(end, position + length)]))
        position += length
    if not parsed.input_pages:
        raise MalformedDocument("the IPDS data has no page", start)
    if position > end:
        parsed.at_least("truncated", end)
    return parsed


def _copy_control(body: bytes) -> tuple[int | None, Duplex]:
    """Copies of all copy subgroups (length, copies, pairs of keyword and value), and the sides they ask for."""
    copies, duplex, at = 0, Duplex.UNSTATED, 0
    while at + 2 <= len(body) and body[at] >= 2:
        copies += body[at + 1]
        for pair in range(at + 2, min(at + body[at], len(body) - 1), 2):
            if body[pair] == 0xC1:
                duplex = _SIDES.get(body[pair + 1], duplex)
        at += body[at]
    return (copies if copies > 1 else None), duplex

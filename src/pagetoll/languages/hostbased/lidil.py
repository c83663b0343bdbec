# SPDX-License-Identifier: Apache-2.0
"""LIDIL (HP DeskJet 3320, 3500 and kin). Numbers are big-endian.

    24 | u16 packet octets | unit | packet type | command | u16 reference | u16 data octets | more | data

Packets of type 0 are commands: 1 loads a page, 2 ejects it. Page = the larger of the two. Copies: none.
"""

from typing import TYPE_CHECKING

from pagetoll.languages.hostbased import records
from pagetoll.languages.parsed import Context, Parsed, Run, as_far_as_time_allows
from pagetoll.languages.universal_exit import UNIVERSAL_EXIT

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_HEADER_OCTETS = 10
_SYNC = 0x24
_COMMAND, _LOAD, _EJECT = 0, 1, 2


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count a LIDIL document. Raises MalformedDocument or TruncatedDocument when no page was seen."""
    return as_far_as_time_allows(lambda parsed: _walk(parsed, data, start, end, context), Parsed("lidil"), end)


def _walk(parsed: Parsed, data: "Buffer", position: int, end: int, context: Context) -> Parsed:
    loaded = False
    steps = 0
    while position < end and data[position : position + 9] != UNIVERSAL_EXIT:
        if data[position] != _SYNC:
            break
        if position + _HEADER_OCTETS > end:
            return records.cut_off(parsed, end)
        packet = records.number(data[position + 1 : position + 3])
        if packet < _HEADER_OCTETS:
            return records.lost(parsed, data, position, end)
        after = position + packet + records.number(data[position + 8 : position + 10])
        if after > end:
            return records.cut_off(parsed, end)
        if data[position + 4] == _COMMAND:
            command = data[position + 5]
            # A page that is loaded while another is in, or ejected without having been loaded, counts too.
            counts = command == _EJECT or (command == _LOAD and loaded)
            if counts and not records.keep(parsed, Run(), after, context):
                return parsed
            loaded = command == _LOAD or (loaded and command != _EJECT)
        position = after
        steps += 1
        if not steps % records.RECORDS_BETWEEN_CHECKS:
            context.guard.check(position)
    if position < end and data[position] not in b"\x00\x1b":
        return records.lost(parsed, data, position, end)
    if loaded and not records.keep(parsed, Run(), position, context):
        return parsed
    parsed.end = position
    return parsed if parsed.input_pages else records.cut_off(parsed, position)

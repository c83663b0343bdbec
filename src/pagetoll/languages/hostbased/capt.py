# SPDX-License-Identifier: Apache-2.0
"""Canon CAPT (LBP-1120, LBP-2900 and kin), as far as it is known.

    u16 command | u16 octets (these 4 included) | payload          (little-endian)

    A0xx, A1xx, E0xx, E1xx device   D0A0 parameters of a page   D0A9 several commands   8xxx, C0xx band data

Pages are D0A0 commands, alone or inside D0A9; copies are repeated pages. Known from descriptions only, so the
number is an estimate.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pagetoll.core.usage import ColorClass, Confidence
from pagetoll.languages.hostbased import records
from pagetoll.languages.parsed import Context, Parsed, Run, as_far_as_time_allows

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_HEADER_OCTETS = 4
_PAGE, _SEVERAL = 0xD0A0, 0xD0A9
_GROUPS = frozenset([0x8, 0xA, 0xC, 0xD, 0xE])
_SIGN_COMMANDS = 4


def looks_like_capt(data: "Buffer", start: int, end: int) -> bool:
    """Whether the data starts with a few commands, one right behind the other."""
    position = start
    for _command in range(_SIGN_COMMANDS):
        octets = records.number(data[position + 2 : position + 4], "<")
        if position + octets > end or octets < _HEADER_OCTETS or data[position + 1] >> 4 not in _GROUPS:
            return False
        position += octets
        if position == end:
            return True
    return True


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Estimate the pages of a CAPT document. Raises MalformedDocument or TruncatedDocument when there are none."""
    parsed = Parsed("capt", confidence=Confidence.ESTIMATED)
    return as_far_as_time_allows(lambda found: _walk(found, data, start, end, context), parsed, end)


def _walk(parsed: Parsed, data: "Buffer", position: int, end: int, context: Context) -> Parsed:
    steps = 0
    while position + _HEADER_OCTETS <= end:
        command = records.number(data[position : position + 2], "<")
        octets = records.number(data[position + 2 : position + 4], "<")
        if octets < _HEADER_OCTETS or command >> 12 not in _GROUPS:
            return records.lost(parsed, data, position, end)
        if position + octets > end:
            return records.cut_off(parsed, end)
        for inner in _commands(data, position, position + octets, command):
            if inner == _PAGE and not records.keep(parsed, Run(1, color=ColorClass.MONO), position + octets, context):
                return parsed
        position += octets
        steps += 1
        if not steps % records.RECORDS_BETWEEN_CHECKS:
            context.guard.check(position)
    parsed.end = position
    return parsed if parsed.input_pages else records.cut_off(parsed, position)


def _commands(data: "Buffer", start: int, end: int, command: int) -> Iterator[int]:
    """The command itself, or those that it holds."""
    if command != _SEVERAL:
        yield command
        return
    position = start + _HEADER_OCTETS
    while position + _HEADER_OCTETS <= end:
        octets = records.number(data[position + 2 : position + 4], "<")
        if octets < _HEADER_OCTETS or position + octets > end:
            return
        yield records.number(data[position : position + 2], "<")
        position += octets

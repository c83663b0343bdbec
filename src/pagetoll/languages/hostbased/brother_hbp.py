# SPDX-License-Identifier: Apache-2.0
"""HBP (Brother HL-700 and kin).

    @L + one octet | @G + u24 octets + data | @F page ends | @N nothing | @X job ends

Copies come from PJL. The devices are monochrome.
"""

from typing import TYPE_CHECKING

from pagetoll.core.usage import ColorClass
from pagetoll.languages.hostbased import records
from pagetoll.languages.parsed import Context, Parsed, Run, as_far_as_time_allows
from pagetoll.languages.universal_exit import UNIVERSAL_EXIT

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_OCTETS = {b"@L": 3, b"@F": 2, b"@N": 2, b"@X": 2}
_DATA_HEADER_OCTETS = 5


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count an HBP document. Raises MalformedDocument or TruncatedDocument when no page is complete."""
    return as_far_as_time_allows(lambda parsed: _walk(parsed, data, start, end, context), Parsed("hbp"), end)


def _walk(parsed: Parsed, data: "Buffer", position: int, end: int, context: Context) -> Parsed:
    marked = False
    steps = 0
    while position < end and data[position : position + 9] != UNIVERSAL_EXIT:
        command = bytes(data[position : position + 2])
        if command == b"@G":
            octets = records.number(data[position + 2 : position + 5])
            position += _DATA_HEADER_OCTETS + octets
            marked = marked or octets > 1
        elif command in _OCTETS:
            position += _OCTETS[command]
        else:
            return records.lost(parsed, data, position, end)
        if position > end:
            return records.cut_off(parsed, end)
        if command == b"@F":
            if not records.keep(parsed, Run(1, color=ColorClass.MONO), position, context):
                return parsed
            marked = False
        elif command == b"@X":
            break
        steps += 1
        if not steps % records.RECORDS_BETWEEN_CHECKS:
            context.guard.check(position)
    parsed.end = position
    # Some drivers send an empty block behind the last page.
    return records.cut_off(parsed, position) if marked or not parsed.input_pages else parsed

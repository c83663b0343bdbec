# SPDX-License-Identifier: Apache-2.0
"""Run-length coded raster lines of CUPS raster 2, PWG raster and Apple raster.

    line group:  repeat-1 (1 octet), then codes until the line is full
    code:        0..127    next unit, code+1 times
                 128       blank to the end of the line
                 129..255  257-code units follow as they are

Lengths are not stored, so every code has to be visited to find the next page; pixels need not be unpacked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pagetoll.languages.limits import Guard

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

Inspect = Callable[[bytes], bool]
"""Whether units (whole ones, side by side) hold color."""

GUARD_EVERY_LINES = 256


@dataclass(frozen=True, slots=True)
class Lines:
    """Where coded lines ended, whether they were complete and in step, and whether color was seen."""

    end: int
    complete: bool
    in_step: bool = True
    colored: bool = False


def _advance_table(unit: int) -> list[int]:
    """Octets that each code takes, its own included."""
    return [1 + unit] * 128 + [1] + [1 + unit * (257 - code) for code in range(129, 256)]


def skip_lines(
    data: "Buffer",
    start: int,
    end: int,
    height: int,
    units: int,
    unit: int,
    inspect: Inspect | None,
    guard: Guard,
) -> Lines:
    """Step over `height` lines of `units` units of `unit` octets each, in `data[start:end]`.

    While `inspect` is given and has not found color, it sees every unit; after that lines are only stepped over.
    """
    advance = _advance_table(unit)
    # A fill code ends the line whatever was there before.
    width = [code + 1 for code in range(128)] + [units] + [257 - code for code in range(129, 256)]
    position, line, groups = start, 0, 0
    known_grey: set[bytes] = set()
    colored = False
    try:
        while line < height:
            line += data[position] + 1
            if line > height:
                return Lines(position, False, in_step=False, colored=colored)
            position += 1
            if inspect is None or colored:
                done = 0
                while done < units:
                    code = data[position]
                    done += width[code]
                    position += advance[code]
            else:
                position, colored = _inspect_line(data, position, units, unit, inspect, known_grey)
            groups += 1
            if position > end:
                return Lines(end, False, colored=colored)
            if not groups % GUARD_EVERY_LINES:
                guard.check(position)
    except IndexError:
        return Lines(end, False, colored=colored)
    return Lines(position, True, colored=colored)


def _inspect_line(
    data: "Buffer", position: int, units: int, unit: int, inspect: Inspect, known_grey: set[bytes]
) -> tuple[int, bool]:
    """Step over one line, looking at its units. Returns its end and whether color was seen. IndexError: cut off."""
    done = 0
    colored = False
    literal: list[bytes] = []
    while done < units:
        code = data[position]
        if code < 128:
            done += code + 1
            piece = data[position + 1 : position + 1 + unit]
            position += 1 + unit
            if piece not in known_grey:
                literal.append(piece)
                if len(known_grey) < 4096:
                    known_grey.add(piece)
        elif code == 128:
            position += 1
            break
        else:
            count = 257 - code
            done += count
            literal.append(data[position + 1 : position + 1 + count * unit])
            position += 1 + count * unit
    if literal:
        colored = inspect(b"".join(literal))
    return position, colored

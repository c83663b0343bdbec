# SPDX-License-Identifier: Apache-2.0
"""Label printers fed with rows of pixels: Dymo and CoStar, ATX and Able (ITK), Brother P-touch and QL.

    Dymo     ESC ..., 16 + row of the octets that ESC D states, 17 + run-length row, ESC E: label, ESC G: short feed
    ATX      ESC f n n: skip, ESC L n n: length, ESC d n n + row, ESC x n + n words, ESC e: label
    Brother  ESC i .., M n, G n n + row, g 0 n + row, w color n + row, Z, 0C: label, 1A: label and feed

Source: streams of CUPS rastertolabel and Ghostscript compared.
"""

import re
import struct
from typing import TYPE_CHECKING

from pagetoll.core.errors import MalformedDocument
from pagetoll.core.usage import ColorClass
from pagetoll.languages.parsed import Context, Parsed, Run, as_far_as_time_allows

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_DYMO_OPERANDS = {**dict.fromkeys(b"fLs", 2), **dict.fromkeys(b"DqBQC", 1), **dict.fromkeys(b"@AcdeghiVkTZ*", 0)}
_BROTHER_OPERANDS = {
    **dict.fromkeys(b"aMKAcBDXUk", 1),
    **dict.fromkeys(b"d", 2),
    **dict.fromkeys(b"z", 10),
    **dict.fromkeys(b"S!", 0),
}
_BROTHER_OPERANDS[ord("!")] = 1
_STEPS_BETWEEN_CHECKS = 20_000


class _Walk:
    """A walk that counts labels and stops where the data are no longer understood."""

    def __init__(self, parsed: Parsed, data: "Buffer", start: int, context: Context) -> None:
        self.parsed = parsed
        self.data = data
        self.position = start
        self.end = parsed.end
        self.marked = False
        self.colored = False
        self._context = context
        self._steps = 0

    def goes_on(self) -> bool:
        """Whether there is more to read within the limits."""
        self._steps += 1
        if self._steps % _STEPS_BETWEEN_CHECKS == 0:
            self._context.guard.check(self.position)
        if self.parsed.input_pages >= self._context.limits.input_pages:
            self.parsed.at_least("limit", self.position)
            return False
        return self.position < self.end

    def label(self) -> None:
        self.parsed.add(Run(color=ColorClass.COLOR if self.colored else ColorClass.MONO))
        self.parsed.page_ends.append(min(self.position, self.end))
        self.marked = self.colored = False

    def finish(self, *, understood: bool) -> Parsed:
        """What was found; rows without an end of label were a label that was cut off."""
        parsed = self.parsed
        if not parsed.input_pages:
            raise MalformedDocument("the label data print no label", min(self.position, self.end))
        parsed.end = min(self.position, self.end)
        exit_follows = self.data[parsed.end : parsed.end + 4] == b"\x1b%-1"
        if self.position > self.end or self.marked:
            parsed.at_least("truncated", parsed.end)
        elif not understood and not exit_follows:
            parsed.at_least("desync", parsed.end)
        return parsed


def parse_dymo(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count ESC E and ESC G. Raises MalformedDocument without one."""
    return as_far_as_time_allows(lambda found: _dymo(_Walk(found, data, start, context)), Parsed("label", end), end)


def _dymo(walk: _Walk) -> Parsed:
    data, octets = walk.data, 0
    rows = re.compile(rb"\x16{1,1000}", re.DOTALL)
    while walk.goes_on():
        code = data[walk.position]
        if code == 0x16 and octets:
            found = rows.match(data, walk.position, walk.end)
            walk.marked = True
            walk.position = found.end() if found else walk.end + 1
        elif code == 0x17 and octets:
            walk.marked = True
            walk.position = _behind_runs(data, walk.position + 1, walk.end, 8 * octets)
        elif code == 0x1B and walk.position + 1 < walk.end:
            command = data[walk.position + 1]
            walk.position += 2
            if command == 0x1B:
                walk.position -= 1
            elif command in b"EG":
                walk.label()
            elif command in _DYMO_OPERANDS:
                if command == ord("D") and walk.position < walk.end:
                    octets = data[walk.position]
                    rows = re.compile(rb"(?:\x16.{%d}){1,1000}" % octets, re.DOTALL)
                walk.position += _DYMO_OPERANDS[command]
            else:
                walk.position -= 2
                return walk.finish(understood=False)
        elif code in b"\x00\r\n\x1b":
            walk.position += 1
        else:
            return walk.finish(understood=False)
    return walk.finish(understood=True)


def _behind_runs(data: "Buffer", position: int, end: int, dots: int) -> int:
    """Behind a row of runs: the low seven bits of each octet are the length of the run less one."""
    while position < end and dots > 0:
        dots -= (data[position] & 0x7F) + 1
        position += 1
    return position


def parse_atx(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count ESC e. Raises MalformedDocument without one."""
    return as_far_as_time_allows(lambda found: _atx(_Walk(found, data, start, context)), Parsed("label", end), end)


def _atx(walk: _Walk) -> Parsed:
    data = walk.data
    while walk.goes_on():
        position = walk.position
        if data[position] != 0x1B or position + 2 > walk.end:
            return walk.finish(understood=False)
        command = data[position + 1]
        if command == ord("e"):
            walk.position += 2
            walk.label()
            continue
        if command == ord("x"):
            octets = 3 + 2 * (data[position + 2] if position + 2 < walk.end else 0)
        elif command in b"fLd":
            operand = struct.unpack_from("<H", data, position + 2)[0] if position + 4 <= walk.end else 0
            octets = 4 + (operand if command == ord("d") else 0)
        else:
            return walk.finish(understood=False)
        walk.marked |= command in b"xd"
        walk.position += octets
    return walk.finish(understood=True)


def parse_brother(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count the print commands. Raises MalformedDocument without one."""
    return as_far_as_time_allows(
        lambda found: _brother(_Walk(found, data, start, context)), Parsed("label", end), end
    )


def _brother(walk: _Walk) -> Parsed:
    data = walk.data
    while walk.goes_on():
        position, code = walk.position, data[walk.position]
        operands = bytes(data[position + 1 : position + 3])
        if code in (0x0C, 0x1A):
            walk.position += 1
            walk.label()
        elif code == ord("G"):
            walk.position += 3 + int.from_bytes(operands, "little")
            walk.marked = True
        elif code == ord("g"):
            walk.position += 3 + int.from_bytes(operands[1:], "little")
            walk.marked = True
        elif code == ord("w"):
            walk.position += 3 + int.from_bytes(operands[1:], "little")
            walk.marked = True
            walk.colored |= operands[:1] == b"\x02" and bool(operands[1:].strip(b"\x00"))
        elif code == ord("Z"):
            walk.position += 1
            walk.marked = True
        elif code == ord("M"):
            walk.position += 2
        elif code == 0 or (code == 0x1B and operands[:1] == b"@"):
            walk.position += 1 if code == 0 else 2
        elif code == 0x1B and operands[:1] == b"i" and operands[1] in _BROTHER_OPERANDS:
            walk.position += 3 + _BROTHER_OPERANDS[operands[1]]
        else:
            return walk.finish(understood=False)
    return walk.finish(understood=True)

# SPDX-License-Identifier: Apache-2.0
"""Kyocera's PRESCRIBE: `!R! COMMAND parameters; ... EXIT;`, alone or in front of a document of another language.

A block that only makes settings belongs to the wrapper; one that draws or ends pages is a document of its own.
What stands behind EXIT is of another language and may go on with the same page.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pagetoll.core.errors import DocumentTooComplex, MalformedDocument
from pagetoll.core.usage import Confidence, Duplex
from pagetoll.languages.parsed import Context, Parsed, Run, as_far_as_time_allows
from pagetoll.languages.universal_exit import UNIVERSAL_EXIT

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

START = b"!R!"
_NUMBER = re.compile(rb"\s*\+?0*([0-9]*)(?:\.[0-9]*)?\s*")
_COMMAND = re.compile(rb"[\s\x00]*([A-Za-z]{1,8})((?:[^;'\"]|'[^']{0,255}'|\"[^\"]{0,255}\"){0,512});")
_DRAWING = frozenset(
    b"TEXT PRTX BOX BLK CIR ARC PIE DAM DAP DRM DRP DZP DRPA DRRA DPAT STRK FILL FPAT MTYP CMOV BARC XBAR RVRD RVCD "
    b"ENDR RGBL IMBD IMAG TPAGE CTXT LDFC UNIM GPAT".split()
)
_SIDES = {0: Duplex.NONE, 1: Duplex.LONG, 2: Duplex.SHORT}
_MOST_SETTINGS = 500
_STEPS_BETWEEN_CHECKS = 4096


@dataclass(frozen=True, slots=True)
class Settings:
    """What a block without pages sets: copies and sides where stated, and whether it changes what is stored."""

    end: int
    copies: int | None = None
    sides: Duplex = Duplex.UNSTATED
    changes_default: bool = False


def _number(parameters: bytes) -> int | None:
    found = _NUMBER.fullmatch(parameters)
    return int(found[1][:6] or b"0") if found and parameters.strip(b" \t\r\n+.") else None


def settings(data: "Buffer", start: int, end: int) -> Settings | None:
    """The block of settings at `start`; None where there is none, or one that draws or ends pages."""
    position = start + len(START)
    copies, sides, changes = None, Duplex.UNSTATED, False
    for _command in range(_MOST_SETTINGS):
        found = _COMMAND.match(data, position, end)
        if found is None:
            return None
        name, position = found[1].upper(), found.end()
        if name == b"EXIT":
            return Settings(position, copies, sides, changes)
        if name in _DRAWING or name in (b"PAGE", b"STAT"):
            return None
        value = _number(found[2])
        if name == b"COPY" and value:
            copies = value
        elif name == b"DUPX" and value is not None:
            sides = _SIDES.get(value, sides)
        changes = changes or name == b"FRPO"
    return None


def is_block(data: "Buffer", start: int, end: int) -> bool:
    """Whether a command of PRESCRIBE stands behind the start of a block."""
    return _COMMAND.match(data, start + len(START), end) is not None


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count the pages of the block at `start`. Raises MalformedDocument where no command can be read in it."""
    found = Parsed("prescribe", confidence=Confidence.ESTIMATED)
    return as_far_as_time_allows(lambda parsed: _walk(parsed, data, start, end, context), found, end)


def _walk(parsed: Parsed, data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    position, copies, sides, drawn, steps = start + len(START), None, Duplex.UNSTATED, False, 0

    def end_page() -> None:
        if parsed.input_pages >= context.limits.input_pages:
            raise DocumentTooComplex("the document has more pages than are allowed", position)
        parsed.add(Run(1, copies, sides, blank=not drawn))
        parsed.page_ends.append(position)

    while found := _COMMAND.match(data, position, end):
        steps += 1
        if not steps % _STEPS_BETWEEN_CHECKS:
            context.guard.check(position)
        name, position = found[1].upper(), found.end()
        value = _number(found[2])
        if name == b"EXIT":
            break
        if name in (b"PAGE", b"STAT"):
            drawn = drawn or name == b"STAT"
            end_page()
            drawn = False
        elif name == b"COPY" and value:
            copies = value
        elif name == b"DUPX" and value is not None:
            sides = _SIDES.get(value, sides)
        drawn = drawn or name in _DRAWING
    else:
        if position == start + len(START):
            raise MalformedDocument("a PRESCRIBE block without a command; print it again", start)
        # Something that is no command: the rest cannot be read.
        if position < end and bytes(data[position : position + 64]).strip(b"\r\n\t \x00\x04"):
            parsed.at_least("desync", position)
            position = end
    rest = bytes(data[position : min(end, position + 64)]).strip(b"\r\n\t \x00\x04")
    if drawn and (not rest or rest.startswith(UNIVERSAL_EXIT)):
        end_page()
    parsed.end = position
    return parsed

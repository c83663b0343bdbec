# SPDX-License-Identifier: Apache-2.0
"""Asking a printer for its state and counter in PJL, and reading what it says (HP PJL Technical Reference Manual,
chapters "Status Readback Commands" and "Using the ECHO command").

    UEL @PJL ECHO begin   @PJL INFO STATUS   @PJL INFO PAGECOUNT   @PJL ECHO end   UEL

Answers are blocks: the asking line, lines with the values, and a form feed. Old answers to somebody else and unasked
messages (USTATUS) may stand before and between; only what stands behind our first ECHO counts, where the printer
knows ECHO at all.
"""

import re
from dataclasses import dataclass

UEL = b"\x1b%-12345X"
BLOCK_END = b"\x0c"
#: Enough for a few blocks; a device that says more is not heard to the end.
ANSWER_OCTETS_MAX = 65536
_NUMBER_OCTETS_MAX = 18

# Device status codes (appendix of the manual), as far as they say what a printer does.
IDLE_CODES = frozenset({10000, 10001, 35078, 40000})
PRINTING_CODES = frozenset({10003, 10023})

_PAGECOUNT = re.compile(rb"(?:PAGECOUNT\s*=\s*)?\"?([0-9]{1,%d})\"?" % _NUMBER_OCTETS_MAX)
_CODE = re.compile(rb"CODE\s*=\s*([0-9]{1,%d})" % _NUMBER_OCTETS_MAX)
_DISPLAY = re.compile(rb"DISPLAY\s*=\s*\"(.*)\"")


@dataclass(frozen=True, slots=True)
class PrinterState:
    """What the printer said of itself: status code, its counter of impressions, the text on its display. None and ""
    for what it did not say."""

    code: int | None = None
    marker_life_count: int | None = None
    display: str = ""

    @property
    def is_idle(self) -> bool:
        return self.code in IDLE_CODES

    @property
    def is_printing(self) -> bool:
        return self.code in PRINTING_CODES


def query(token: str) -> bytes:
    """The octets to send; `token` (letters and digits, new each time) marks the answer as ours."""
    lines = (b"@PJL ECHO " + _begin(token), b"@PJL INFO STATUS", b"@PJL INFO PAGECOUNT", b"@PJL ECHO " + _end(token))
    return UEL + b"@PJL\r\n" + b"".join(line + b"\r\n" for line in lines) + UEL


def is_complete(heard: bytes, token: str) -> bool:
    """Whether the answer to `query` has been heard to its end."""
    found = heard.find(b"ECHO " + _end(token))
    return found >= 0 and BLOCK_END in heard[found:]


def read_state(heard: bytes, token: str) -> PrinterState:
    """What the blocks say; never raises, for what cannot be understood was not said."""
    heard = heard[:ANSWER_OCTETS_MAX]
    _, ours, behind = heard.partition(b"ECHO " + _begin(token))
    state = PrinterState()
    for block in (behind if ours else heard).split(BLOCK_END):
        lines = [line.strip() for line in block.replace(UEL, b"").splitlines()]
        state = _with_block(state, [line for line in lines if line])
    return state


def _with_block(state: PrinterState, lines: list[bytes]) -> PrinterState:
    for number, line in enumerate(lines):
        words, values = line.upper().split(), lines[number + 1 :]
        if words[:3] == [b"@PJL", b"INFO", b"STATUS"]:
            code = next((found for value in values if (found := _CODE.match(value))), None)
            display = next((found for value in values if (found := _DISPLAY.match(value))), None)
            return PrinterState(
                code=int(code[1]) if code else state.code,
                marker_life_count=state.marker_life_count,
                display=_text(display[1]) if display else state.display,
            )
        if words[:3] == [b"@PJL", b"INFO", b"PAGECOUNT"]:
            # the number stands on a line of its own, behind PAGECOUNT=, or behind the asking line itself
            rest = b" ".join(words[3:]).removeprefix(b"=").strip()
            count = next((found for value in (rest, *values) if (found := _PAGECOUNT.fullmatch(value))), None)
            return PrinterState(
                code=state.code,
                marker_life_count=int(count[1]) if count else state.marker_life_count,
                display=state.display,
            )
    return state


def _text(octets: bytes) -> str:
    text = octets.decode("utf-8", errors="replace")
    return "".join(character if character.isprintable() else "?" for character in text)


def _begin(token: str) -> bytes:
    return b"BEGIN" + token.encode("ascii")


def _end(token: str) -> bytes:
    return b"END" + token.encode("ascii")

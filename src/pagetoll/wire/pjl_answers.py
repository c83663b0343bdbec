# SPDX-License-Identifier: Apache-2.0
"""Asking a printer for its state and counter in PJL, and reading what it says (HP PJL Technical Reference Manual,
chapters "Status Readback Commands" and "Using the ECHO command").

    UEL @PJL ECHO begin   @PJL INFO ID   @PJL INFO STATUS   @PJL INFO PAGECOUNT   @PJL ECHO end   UEL

Answers are blocks: the asking line, lines with the values, and a form feed. Old answers to somebody else and unasked
messages (USTATUS) may stand before and between; only what stands behind our first ECHO counts, where the printer
knows ECHO at all. With `USTATUS PAGE = ON` each page that came out is told, with `USTATUS JOB = ON` the start and end
of jobs, with `USTATUS DEVICE = ON` a change of state; what stands behind our last ECHO is newer than the answer.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

UEL = b"\x1b%-12345X"
BLOCK_END = b"\x0c"
#: The kinds of messages that a printer may send unasked, as far as they help here.
USTATUS = ("DEVICE", "JOB", "PAGE")
#: Enough for a few blocks; a device that says more is not heard to the end.
ANSWER_OCTETS_MAX = 65536
_NUMBER_OCTETS_MAX = 18

# Device status codes (appendix of the manual), as far as they say what a printer does.
IDLE_CODES = frozenset({10000, 10001, 10006, 35078, 40000})
PRINTING_CODES = frozenset({10003, 10007, 10023})

#: What the codes mean: each alone, else by its first two digits (appendix D of the manual), with the IPP
#: printer-state-reason that says the same.
CODE_NAMES: dict[int, tuple[str, str]] = {
    10000: ("power save", ""),
    10001: ("ready", ""),
    10002: ("offline", "shutdown"),
    10003: ("warming up", ""),
    10004: ("self test", ""),
    10005: ("reset", ""),
    10006: ("toner low", "toner-low"),
    10007: ("canceling a job", ""),
    10023: ("printing", ""),
    35078: ("power save", ""),
    40000: ("sleep", ""),
    40021: ("cover open", "cover-open"),
    40022: ("paper jam", "media-jam"),
    40038: ("toner low, waiting for a person", "toner-low"),
    40079: ("offline", "shutdown"),
    40600: ("no toner cartridge", "marker-supply-missing"),
}
CODE_GROUPS: dict[int, tuple[str, str]] = {
    10: ("informational state", ""),
    11: ("paper loading in the background", ""),
    20: ("waiting for memory", ""),
    30: ("an error that it may continue from", "other"),
    35: ("something that may want a person", "other"),
    40: ("waiting for a person", "other"),
    41: ("no paper, or other paper wanted", "media-needed"),
    42: ("paper jam", "media-jam"),
    43: ("trouble with a tray", "other"),
    44: ("paper jam", "media-jam"),
    50: ("a fault of its hardware", "other"),
}

_PAGECOUNT = re.compile(rb"(?:PAGECOUNT\s*=\s*)?\"?([0-9]{1,%d})\"?" % _NUMBER_OCTETS_MAX)
_CODE = re.compile(rb"CODE\s*=\s*([0-9]{1,%d})" % _NUMBER_OCTETS_MAX)
_ID = re.compile(rb"\"?([^\"]{1,120})\"?")
_DISPLAY = re.compile(rb"DISPLAY\s*=\s*\"(.*)\"")


@dataclass(frozen=True, slots=True)
class PrinterState:
    """What the printer said of itself: status code, its counter of impressions, the text on its display, its model.
    None and "" for what it did not say. `unasked` says that the code came in a USTATUS message only. `under_way`: a
    USTATUS message told of a page or of a job's start (True), or behind those of the job's end (False)."""

    code: int | None = None
    marker_life_count: int | None = None
    display: str = ""
    model: str = ""
    unasked: bool = False
    under_way: bool | None = None

    @property
    def is_idle(self) -> bool:
        return self.code in IDLE_CODES

    @property
    def is_printing(self) -> bool:
        return self.code in PRINTING_CODES


def query(token: str, unasked: Sequence[str] = ()) -> bytes:
    """The octets to send; `token` (letters and digits, new each time) marks the answer as ours. `unasked` are kinds
    of USTATUS messages to switch on."""
    asked = (b"@PJL INFO ID", b"@PJL INFO STATUS", b"@PJL INFO PAGECOUNT")
    return _talk(b"@PJL ECHO " + _begin(token), *_switched(unasked, b"ON"), *asked, b"@PJL ECHO " + _end(token))


def silence(unasked: Sequence[str]) -> bytes:
    """The octets that switch these kinds of USTATUS messages off again."""
    return _talk(*_switched(unasked, b"OFF"))


def _switched(unasked: Sequence[str], how: bytes) -> list[bytes]:
    return [b"@PJL USTATUS %s = %s" % (kind.encode("ascii"), how) for kind in unasked]


def _talk(*lines: bytes) -> bytes:
    return UEL + b"@PJL\r\n" + b"".join(line + b"\r\n" for line in lines) + UEL


def is_complete(heard: bytes, token: str) -> bool:
    """Whether the answer to `query` has been heard to its end."""
    found = heard.find(b"ECHO " + _end(token))
    return found >= 0 and BLOCK_END in heard[found:]


def read_state(heard: bytes, token: str) -> PrinterState:
    """What the blocks say; never raises, for what cannot be understood was not said."""
    heard = heard[:ANSWER_OCTETS_MAX]
    _, ours, behind = heard.partition(b"ECHO " + _begin(token))
    state, answered = PrinterState(), False
    for block in (behind if ours else heard).split(BLOCK_END):
        lines = [line.strip() for line in block.replace(UEL, b"").splitlines()]
        state = _with_block(state, [line for line in lines if line], answered)
        answered = answered or any(line.endswith(_end(token)) for line in lines)
    return state


def state_name(code: int | None) -> str:
    """What a status code means, in words, with the code itself."""
    if code is None:
        return ""
    name, _reason = CODE_NAMES.get(code) or CODE_GROUPS.get(code // 1000, ("unknown state", ""))
    return f"{name} (code {code})"


def reasons_of(code: int) -> tuple[str, ...]:
    """The IPP printer-state-reasons that a status code stands for."""
    _name, reason = CODE_NAMES.get(code) or CODE_GROUPS.get(code // 1000, ("", ""))
    return (reason,) if reason else ()


def _with_block(state: PrinterState, lines: list[bytes], answered: bool) -> PrinterState:
    for number, line in enumerate(lines):
        words, values = line.upper().split(), lines[number + 1 :]
        if words[:3] == [b"@PJL", b"INFO", b"STATUS"] or words[:3] == [b"@PJL", b"USTATUS", b"DEVICE"]:
            return _with_status(state, values, unasked=words[1] == b"USTATUS", newer=answered)
        if words[:3] == [b"@PJL", b"USTATUS", b"PAGE"]:
            return replace(state, under_way=True)
        if words[:3] == [b"@PJL", b"USTATUS", b"JOB"]:
            return replace(state, under_way=b"START" in values[:1])
        if words[:3] == [b"@PJL", b"INFO", b"PAGECOUNT"]:
            # the number stands on a line of its own, behind PAGECOUNT=, or behind the asking line itself
            rest = b" ".join(words[3:]).removeprefix(b"=").strip()
            count = next((found for value in (rest, *values) if (found := _PAGECOUNT.fullmatch(value))), None)
            return replace(state, marker_life_count=int(count[1])) if count else state
        if words[:3] == [b"@PJL", b"INFO", b"ID"]:
            found = _ID.fullmatch(values[0]) if values else None
            return replace(state, model=_text(found[1])) if found else state
    return state


def _with_status(state: PrinterState, values: list[bytes], *, unasked: bool, newer: bool) -> PrinterState:
    """The code and display of a block; an unasked message only where no answer told more, or where it is newer."""
    if unasked and state.code is not None and not state.unasked and not newer:
        return state
    code = next((found for value in values if (found := _CODE.match(value))), None)
    display = next((found for value in values if (found := _DISPLAY.match(value))), None)
    return replace(
        state,
        code=int(code[1]) if code else state.code,
        display=_text(display[1]) if display else state.display,
        unasked=unasked and code is not None and (state.unasked or state.code is None),
    )


def _text(octets: bytes) -> str:
    text = octets.decode("utf-8", errors="replace")
    return "".join(character if character.isprintable() else "?" for character in text)


def _begin(token: str) -> bytes:
    return b"BEGIN" + token.encode("ascii")


def _end(token: str) -> bytes:
    return b"END" + token.encode("ascii")

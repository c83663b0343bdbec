# SPDX-License-Identifier: Apache-2.0
"""Canon CaPSL as drivers of LBP-4U, LBP-310 and LBP-320 write it.

    CSI is 9B or ESC [:  parameters 30-3F and minus, intermediates 20-2F, final 40-7E
    CSI n ; ... . r      raster: n octets follow; with n = 1 packed bits follow up to 80 and stay on the page
    CSI n v              copies          FF  page end           ESC P ... ESC \\  level and resolution

A page whose last FF is missing counts when something was drawn. The devices are monochrome.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pagetoll.core.usage import ColorClass, Confidence
from pagetoll.languages.hostbased import records
from pagetoll.languages.parsed import ANY_SIZE, Context, Parsed, Run, as_far_as_time_allows
from pagetoll.languages.universal_exit import UNIVERSAL_EXIT

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_CONTROL = re.compile(
    rb"(?:\x1b\[|\x9b)([-0-?]{0,256})([ -,./]{0,16})([@-~])"
    rb"|(?:\x1bP|\x90)[^\x1b\x9c\x0c]{0,4096}(?:\x1b\\|\x9c)"
    rb"|\x1b[ -/]{0,8}[0-OQ-Z\\-~]"
    rb"|\x0c"
    rb"|[^\x1b\x9b\x90\x0c]{1,65536}"
)
_PACKED_END = re.compile(rb"[0-9]{0,16}\x80{0,16}")
_PACKED_STEPS_BETWEEN_CHECKS = 65536
_PAPER_POINTS: dict[int, tuple[float, float]] = {
    12: (842.0, 1191.0),
    14: (595.0, 842.0),
    16: (420.0, 595.0),
    26: (516.0, 729.0),
    30: (612.0, 792.0),
    32: (612.0, 1008.0),
}


@dataclass(slots=True)
class _State:
    drawn: bool = False
    copies: int | None = None
    media: tuple[float, float] = ANY_SIZE

    def page(self) -> Run:
        self.drawn = False
        return Run(1, self.copies, color=ColorClass.MONO, media_points=self.media)


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count a CaPSL document. Raises MalformedDocument or TruncatedDocument when no page is complete."""
    return as_far_as_time_allows(lambda parsed: _walk(parsed, data, start, end, context), Parsed("lbp-capsl"), end)


def _walk(parsed: Parsed, data: "Buffer", position: int, end: int, context: Context) -> Parsed:
    state = _State()
    steps = 0
    while position < end and data[position : position + 9] != UNIVERSAL_EXIT:
        control = _CONTROL.match(data, position, end)
        if control is None:
            if end - position < 64:
                return records.cut_off(parsed, end)
            return records.lost(parsed, data, position, end)
        first = data[position]
        position = control.end()
        if control[3] is not None:
            position = _sequence(state, data, position, end, context, control)
            if position > end:
                return records.cut_off(parsed, end)
        elif first == 0x0C:
            if not records.keep(parsed, state.page(), position, context):
                return parsed
        elif first not in b"\x1b\x90" and control[0].strip(b"\x00\r\n\t "):
            state.drawn = True
            # Text that is not drawn as a picture may end a page by itself.
            parsed.confidence = Confidence.ESTIMATED
        steps += 1
        if not steps % records.RECORDS_BETWEEN_CHECKS:
            context.guard.check(position)
    if state.drawn and not records.keep(parsed, state.page(), position, context):
        return parsed
    parsed.end = position
    return parsed if parsed.input_pages else records.cut_off(parsed, position)


def _sequence(
    state: _State, data: "Buffer", position: int, end: int, context: Context, control: "re.Match[bytes]"
) -> int:
    """Obey a control sequence. Where its data ends, more than `end` when that is cut off."""
    numbers = [int(word) if word.isdigit() and len(word) < 10 else 0 for word in control[1].split(b";")]
    final, between = control[3], control[2]
    if final == b"r" and between[:1] == b".":
        state.drawn = True
        return _behind_packed(data, position, end, context) if numbers[0] == 1 else position + numbers[0]
    if final == b"v" and not between:
        state.copies = max(1, numbers[0])
    elif final == b"p" and not between:
        state.media = _PAPER_POINTS.get(numbers[0], state.media)
    return position


def _behind_packed(data: "Buffer", position: int, end: int, context: Context) -> int:
    """Where packed bits that end with 80, and the sum behind them, end."""
    steps = 0
    while position < end:
        code = data[position]
        if code == 0x80:
            behind = _PACKED_END.match(data, position + 1, end)
            return behind.end() if behind else position + 1
        position += code + 2 if code < 0x80 else 2
        steps += 1
        if not steps % _PACKED_STEPS_BETWEEN_CHECKS:
            context.guard.check(position)
    return end + 1

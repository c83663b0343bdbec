# SPDX-License-Identifier: Apache-2.0
"""DVI, the output of TeX: every page from its beginning command, walked from the first octet to the postamble.

    pre (247), id, units, comment | bop (139), 10 numbers, previous page, commands, eop (140) | ...
    post (248), last page, ..., pages (16 bit) at +27, fonts | post_post (249), place of post, id, 223 ...

Color is read from `color` specials, which keep a stack over the pages. Source: The DVI driver standard, level 0;
dvips specials.
"""

import re
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pagetoll.core.errors import MalformedDocument, TruncatedDocument
from pagetoll.core.usage import ColorClass
from pagetoll.languages.parsed import ANY_SIZE, Context, Parsed, Run, as_far_as_time_allows
from pagetoll.languages.universal_exit import next_exit

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_BOP, _EOP, _POST = 139, 140, 248
_BOP_OCTETS = 45
_NOP = 138
_FONTS_OR_NOTHING = frozenset([_NOP, *range(243, 247)])
_END = re.compile(rb"\xf9.{5}\xdf{4,}", re.DOTALL)
_FIRST_COMMANDS = frozenset([138, _BOP, _POST, *range(239, 247)])
# Commands that only move or choose a font, and those that mark the page, by how many octets follow the code.
_MOVES = (
    rb"[\x8a\x8d\x8e\x93\x98\xa1\xa6\xab-\xea]"
    rb"|[\x8f\x94\x99\x9d\xa2\xa7\xeb].|[\x90\x95\x9a\x9e\xa3\xa8\xec].."
    rb"|[\x91\x96\x9b\x9f\xa4\xa9\xed]...|[\x92\x97\x9c\xa0\xa5\xaa\xee]...."
)
_MARKS = rb"[\x00-\x7f]|[\x80\x85].|[\x81\x86]..|[\x82\x87]...|[\x83\x88]....|[\x84\x89].{8}"
# A bounded repeat keeps the memory of the match small.
_ONLY_MOVES = re.compile(rb"(?:" + _MOVES + rb"){0,2000}", re.DOTALL)
_ORDINARY = re.compile(rb"(?:[\x00-\x7f]{1,100}|" + _MOVES + rb"|" + _MARKS + rb"){1,2000}", re.DOTALL)
_COLOR_SPECIAL = re.compile(rb"color\s+(push\s+|pop)?(?:(rgb|cmyk|gray|hsb)\s+([\d.\s]{1,60})|([A-Za-z]{1,40}))?")
_PAPER = re.compile(
    rb"papersize\s{0,3}=\s{0,3}(\d{1,5}(?:\.\d{1,6})?)(pt|in|mm|cm|bp),(\d{1,5}(?:\.\d{1,6})?)(pt|in|mm|cm|bp)"
)
_POINTS = {b"pt": 72 / 72.27, b"bp": 1.0, b"in": 72.0, b"mm": 72 / 25.4, b"cm": 72 / 2.54}
_PICTURES = (b"psfile", b"pdf:", b"ps:", b"pst:", b'"', b"em:", b"dvisvgm:")
_GREY_NAMES = frozenset([b"black", b"white", b"gray", b"grey"])
_DEEPEST_STACK = 1000


@dataclass(slots=True)
class _State:
    """The page under way, and the stack of colors (True: visible color)."""

    in_page: bool = False
    stack: list[bool] = field(default_factory=list)
    colored: bool = False
    color: ColorClass = ColorClass.MONO
    media: tuple[float, float] = ANY_SIZE


def begins(data: "Buffer", start: int, end: int) -> bool:
    """Whether a sensible preamble stands at `start`, with a page, a special or a font behind it."""
    if start + 15 > end or not all(struct.unpack_from(">3I", data, start + 2)):
        return False
    following = start + 15 + data[start + 14]
    return following >= end or data[following] in _FIRST_COMMANDS


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count the DVI file at `start`. Raises TruncatedDocument or MalformedDocument without a page."""
    stop = next_exit(data, start, end)
    if start + 15 > stop:
        raise TruncatedDocument("the DVI file ends within its preamble; send it again", stop)
    return as_far_as_time_allows(lambda found: _walk(found, data, start, stop, context), Parsed("dvi", stop), stop)


def _walk(parsed: Parsed, data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    position = start + 15 + data[start + 14]
    state = _State()
    while position < end:
        if parsed.input_pages >= context.limits.input_pages:
            parsed.at_least("limit", position)
            return parsed
        context.guard.check(position)
        code = data[position]
        if code == _BOP:
            state.in_page, state.color = True, ColorClass.MONO
            position += _BOP_OCTETS
        elif code == _EOP:
            position += 1
            if state.in_page:
                parsed.add(Run(color=state.color, media_points=state.media))
                parsed.page_ends.append(position)
            state.in_page = False
        elif code == _POST:
            _compare(parsed, data, position, end)
            parsed.end = _postamble_end(data, position, end)
            return parsed
        elif 239 <= code <= 246:
            position = _definition(data, position, end, code, state)
        else:
            ordinary = _ORDINARY.match(data, position, end)
            if ordinary is None:
                break
            if state.colored and _ONLY_MOVES.sub(b"", ordinary[0], count=1):
                state.color = ColorClass.COLOR
            position = ordinary.end()
    return _stopped(parsed, state, min(position, end), end)


def _stopped(parsed: Parsed, state: _State, position: int, end: int) -> Parsed:
    """The file has no postamble, or an octet that is no command."""
    cut_off = position >= end
    if not parsed.input_pages and not state.in_page:
        if cut_off:
            raise TruncatedDocument("the DVI file ends before its first page; send it again", end)
        raise MalformedDocument("the DVI file holds an unknown command", position)
    if not parsed.input_pages:
        parsed.add(Run(color=ColorClass.UNKNOWN))
        parsed.page_ends.append(position)
    parsed.at_least("truncated" if cut_off else "desync", position)
    return parsed


def _definition(data: "Buffer", position: int, end: int, code: int, state: _State) -> int:
    """Obey a special (239-242) or step over a font definition (243-246). Returns the octet behind it."""
    number_octets = (code - 239) % 4 + 1
    at = position + 1 + number_octets
    if code >= 243:
        names_at = at + 12
        if names_at + 2 > end:
            return end
        return names_at + 2 + data[names_at] + data[names_at + 1]
    length = int.from_bytes(data[position + 1 : at], "big")
    _special(bytes(data[at : min(at + length, at + 400, end)]), state)
    return at + length


def _special(text: bytes, state: _State) -> None:
    lower = text.lower().lstrip()
    paper = _PAPER.match(lower)
    if paper:
        width, height = float(paper[1]) * _POINTS[paper[2]], float(paper[3]) * _POINTS[paper[4]]
        state.media = (round(width), round(height))
    elif lower.startswith((b"color", b"background")):
        _color(lower.replace(b"background", b"color push", 1), state, background=lower.startswith(b"background"))
    elif lower.startswith(_PICTURES) and state.color is ColorClass.MONO:
        state.color = ColorClass.UNKNOWN


def _color(text: bytes, state: _State, *, background: bool) -> None:
    found = _COLOR_SPECIAL.match(text)
    if found is None:
        return
    action = (found[1] or b"").strip()
    visible = _is_visible(found[2], found[3] or b"", found[4])
    if background:
        state.color = ColorClass.COLOR if visible else state.color
    elif action == b"pop":
        state.colored = state.stack.pop() if state.stack else False
    else:
        if action == b"push" and len(state.stack) < _DEEPEST_STACK:
            state.stack.append(state.colored)
        state.colored = visible


def _is_visible(model: bytes | None, numbers: bytes, name: bytes | None) -> bool:
    """Whether a color of dvips is neither black nor white nor grey."""
    if name is not None:
        return name not in _GREY_NAMES
    try:
        levels = [float(number) for number in numbers.split()]
    except ValueError:
        return False
    if model == b"rgb" and len(levels) == 3:
        return max(levels) - min(levels) > 0.1
    if model == b"cmyk" and len(levels) == 4:
        return max(levels[:3]) - min(levels[:3]) > 0.1 and levels[3] < 0.9
    return model == b"hsb" and len(levels) == 3 and levels[1] * levels[2] > 0.1


def _postamble_end(data: "Buffer", position: int, end: int) -> int:
    """The octet behind the file whose postamble begins at `position`; `end` where it is damaged."""
    position += 29
    while position < end and data[position] in _FONTS_OR_NOTHING:
        code = data[position]
        position = position + 1 if code == _NOP else _definition(data, position, end, code, _State())
    found = _END.match(data, position, end)
    return found.end() if found else end


def _compare(parsed: Parsed, data: "Buffer", position: int, end: int) -> None:
    """Set the stated number of pages (modulo 65536) against what was found."""
    if not parsed.input_pages:
        raise MalformedDocument("the DVI file has no page", position)
    if position + 29 > end:
        parsed.note("truncated", position)
    elif struct.unpack_from(">H", data, position + 27)[0] != parsed.input_pages & 0xFFFF:
        parsed.note("declared_mismatch", position + 27)

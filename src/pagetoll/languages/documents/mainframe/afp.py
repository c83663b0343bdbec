# SPDX-License-Identifier: Apache-2.0
"""AFP (MO:DCA): pages of documents, with the copies and sides of the form map where it is inside the file.

    record: 5A, length (16 bit, without the 5A), id D3 tt cc, flag, 2 reserved, data

Pages within resource groups are stored, not printed. Spool systems may put a record length of 2 or 4 octets
before each record. Source: MO:DCA reference.
"""

import re
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pagetoll.core.errors import MalformedDocument, TruncatedDocument
from pagetoll.core.usage import ColorClass, Confidence, Duplex
from pagetoll.languages.documents.mainframe.presentation_text import PresentationText
from pagetoll.languages.parsed import ANY_SIZE, Context, Parsed, Run, as_far_as_time_allows
from pagetoll.languages.universal_exit import UNIVERSAL_EXIT

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_BEGIN_PAGE, _END_PAGE, _PAGE_DESCRIPTOR, _INCLUDE_PAGE = 0xA8AF, 0xA9AF, 0xA6AF, 0xAFAF
_BEGIN_RESOURCES, _END_RESOURCES = 0xA8C6, 0xA9C6
_BEGIN_FORM_MAP, _END_FORM_MAP = 0xA8CD, 0xA9CD
_BEGIN_MEDIUM_MAP, _INVOKE_MEDIUM_MAP = 0xA8CC, 0xABCC
_MEDIUM_COPIES, _MEDIUM_MODIFICATION = 0xA288, 0xA788
_TEXT = 0xEE9B
_UNKNOWN_COLOR = frozenset([0xEEBB, 0xEEFB, 0xEE92, 0xAFC3, 0xAFD8, 0xAF5F])
"""Graphics, image and other objects, and included resources: their color is not looked at."""
_RECORD = re.compile(rb"\x5a..\xd3[\xa0-\xb5\xee][\x00-\xff]\x00?", re.DOTALL)
_SIDES = {1: Duplex.NONE, 2: Duplex.LONG, 3: Duplex.SHORT}
_FURTHEST_RESYNC = 1 << 20


@dataclass(slots=True)
class _MediumMap:
    """Copies and sides of one kind of sheet."""

    copies: int | None = None
    duplex: Duplex = Duplex.UNSTATED


@dataclass(slots=True)
class _State:
    """Where the walk stands: inside of what, and with which medium map."""

    resources: int = 0
    in_form_map: bool = False
    in_page: bool = False
    maps: dict[bytes, _MediumMap] = field(default_factory=dict)
    map_name: bytes = b""
    current: _MediumMap | None = None
    starts_sheet: bool = False
    media: tuple[float, float] = ANY_SIZE
    text: PresentationText = field(default_factory=PresentationText)
    color_known: bool = True


def looks_like_afp(data: "Buffer", start: int, end: int) -> bool:
    """Whether two records stand at the beginning, or one that is the whole file."""
    first = _RECORD.search(data, start, min(end, start + 11))
    if first is None:
        return False
    following = first.start() + 1 + struct.unpack_from(">H", data, first.start() + 1)[0]
    return following >= end or _RECORD.search(data, following, min(end, following + 13)) is not None


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count the pages. Raises TruncatedDocument or MalformedDocument where there is none."""
    return as_far_as_time_allows(lambda found: _walk(found, data, start, end, context), Parsed("afp", end), end)


def _walk(parsed: Parsed, data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    state = _State()
    position, steps = start, 0
    while position < end:
        steps += 1
        if steps % 1000 == 0:
            context.guard.check(position)
        if parsed.input_pages >= context.limits.input_pages:
            parsed.at_least("limit", position)
            break
        if data[position] != 0x5A:
            if data[position : position + len(UNIVERSAL_EXIT)] == UNIVERSAL_EXIT:
                parsed.end = position
                break
            position = _next_record(parsed, data, position, end)
            continue
        if position + 9 > end:
            return _cut_off(parsed, state, end)
        length, group, kind = struct.unpack_from(">HBH", data, position + 1)
        stop = position + 1 + length
        if group != 0xD3 or length < 8:
            position = _next_record(parsed, data, position + 1, end)
            continue
        if stop > end:
            return _cut_off(parsed, state, end)
        _record(parsed, state, kind, bytes(data[position + 9 : stop]), stop)
        position = stop
    if not parsed.input_pages:
        raise MalformedDocument("the AFP file has no page", start)
    return parsed


def _next_record(parsed: Parsed, data: "Buffer", position: int, end: int) -> int:
    """The next record; more than a record length before it means line data, which is not counted."""
    found = _RECORD.search(data, position, min(end, position + _FURTHEST_RESYNC))
    following = found.start() if found else min(end, position + _FURTHEST_RESYNC)
    if following - position > 4 and bytes(data[position:following]).strip(b"\x00\r\n \x1a"):
        parsed.note("desync", position)
        parsed.confidence = Confidence.ESTIMATED
    return following


def _cut_off(parsed: Parsed, state: _State, end: int) -> Parsed:
    if not parsed.input_pages and not state.in_page:
        raise TruncatedDocument("the AFP file ends before its first page; send the job again", end)
    if state.in_page and not parsed.input_pages:
        _add_page(parsed, state, end)
    parsed.at_least("truncated", end)
    return parsed


def _record(parsed: Parsed, state: _State, kind: int, body: bytes, stop: int) -> None:
    if kind == _BEGIN_RESOURCES:
        state.resources += 1
    elif kind == _END_RESOURCES:
        state.resources = max(0, state.resources - 1)
    elif kind in (_BEGIN_FORM_MAP, _END_FORM_MAP):
        state.in_form_map = kind == _BEGIN_FORM_MAP
    elif state.in_form_map:
        _form_map(state, kind, body)
    elif not state.resources:
        _document(parsed, state, kind, body, stop)


def _form_map(state: _State, kind: int, body: bytes) -> None:
    """Copy groups: (first copy, last copy, ...) of 6 octets; modifications: pairs of keyword and value."""
    if kind == _BEGIN_MEDIUM_MAP:
        state.map_name = body[:8]
        state.maps.setdefault(state.map_name, _MediumMap())
        return
    medium = state.maps.setdefault(state.map_name, _MediumMap())
    if kind == _MEDIUM_COPIES and len(body) >= 2:
        medium.copies = max(body[at] for at in range(1, len(body), 6)) or None
    elif kind == _MEDIUM_MODIFICATION:
        for keyword, value in zip(body[2::2], body[3::2], strict=False):
            if keyword == 0xF4 and value in _SIDES:
                medium.duplex = _SIDES[value]


def _document(parsed: Parsed, state: _State, kind: int, body: bytes, stop: int) -> None:
    if kind == _BEGIN_PAGE:
        state.in_page, state.color_known, state.media = True, True, ANY_SIZE
        state.text.begin_page()
    elif kind == _END_PAGE:
        if state.in_page:
            _add_page(parsed, state, stop)
        state.in_page = False
    elif kind == _INCLUDE_PAGE:
        state.color_known = False
        _add_page(parsed, state, stop)
    elif kind == _INVOKE_MEDIUM_MAP:
        state.current = state.maps.get(body[:8])
        state.starts_sheet = bool(parsed.input_pages)
    elif kind == _PAGE_DESCRIPTOR and state.in_page:
        state.media = _media(body)
    elif kind == _TEXT:
        state.text.read(body)
    elif kind in _UNKNOWN_COLOR:
        state.color_known = False


def _add_page(parsed: Parsed, state: _State, stop: int) -> None:
    medium = state.current or next(iter(state.maps.values()), None) or _MediumMap()
    color = ColorClass.MONO if state.color_known else ColorClass.UNKNOWN
    if state.text.colored:
        color = ColorClass.COLOR
    copies = medium.copies if medium.copies and medium.copies > 1 else None
    parsed.add(Run(1, copies, medium.duplex, color, state.media, starts_sheet=state.starts_sheet))
    parsed.page_ends.append(stop)
    state.starts_sheet = False


def _media(body: bytes) -> tuple[float, float]:
    """Base (0: 10 inches, 1: 10 cm), units a base, size in units."""
    if len(body) < 12:
        return ANY_SIZE
    x_units, y_units = struct.unpack_from(">2H", body, 2)
    base_points = 720 if body[0] == 0 else 7200 / 25.4
    if not x_units or not y_units:
        return ANY_SIZE
    width = int.from_bytes(body[6:9], "big") / x_units * base_points
    height = int.from_bytes(body[9:12], "big") / y_units * base_points
    return (round(width), round(height)) if 0 < width < 1e6 and 0 < height < 1e6 else ANY_SIZE

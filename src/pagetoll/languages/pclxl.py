# SPDX-License-Identifier: Apache-2.0
"""PCL XL: pages are EndPage operators, found by walking the tokens.

    ") HP-PCL XL;class;revision;comment" LF | attribute ... operator | attribute ... operator | ...

An attribute is a typed value and the name it belongs to; an operator takes the attributes collected before
it. Binary data is skipped by its declared length, so a page operator inside an image never counts.

The reader takes the data in pieces: the same code counts a spooled file and what Ghostscript writes while it
runs. Runs of commands that cannot matter are stepped over by one regular expression.
"""

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pagetoll.core.errors import MalformedDocument, TruncatedDocument
from pagetoll.core.usage import ColorClass, Confidence, Duplex
from pagetoll.languages import pclxl_tokens as xl
from pagetoll.languages.jetready import JetReadyBands
from pagetoll.languages.limits import Limits
from pagetoll.languages.parsed import ANY_SIZE, Context, Parsed, Run
from pagetoll.languages.universal_exit import UNIVERSAL_EXIT

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

CHUNK_OCTETS = 64 * 1024
"""Between two looks at the clock; it may hold 30,000 pages."""
LONGEST_HEADER = 4096
LONGEST_VENDOR_DATA = 2 * 1024 * 1024
_FORMATS = "BHIhif"
Attributes = dict[int, tuple[int, bytes]]


class _NeedMore(Exception):
    """The buffer ends inside a command."""


@dataclass(frozen=True, slots=True)
class _Ink:
    """The part of the graphics state that decides about color."""

    rgb: bool = False
    palette_colored: bool = False
    brush: bool = False
    pen: bool = False


@dataclass(slots=True)
class _Page:
    open: bool = False
    marked: bool = False
    color: ColorClass = ColorClass.MONO
    duplex: Duplex = Duplex.UNSTATED
    media: tuple[float, float] = ANY_SIZE
    source: int = -1
    starts_sheet: bool = False


@dataclass(slots=True)
class PclxlReader:
    """Feed it octets; `parsed` grows. `done` once the universal exit was met, `parsed.end` says where.

    `drop_uncounted`: leave out pages whose end states no copies at all. Ghostscript closes a page that was
    never shown in this way.
    """

    limits: Limits
    base: int = 0
    drop_uncounted: bool = False
    parsed: Parsed = field(default_factory=lambda: Parsed("pclxl"))
    done: bool = False
    _buffer: bytes = b""
    _skip: int = 0
    _order: str = ""
    _page: _Page = field(default_factory=_Page)
    _ink: _Ink = field(default_factory=_Ink)
    _ink_stack: list[_Ink] = field(default_factory=list)
    _back_next: bool = False
    _jetready: JetReadyBands = field(default_factory=JetReadyBands)

    def feed(self, octets: bytes) -> None:
        """Take the next octets. Raises MalformedDocument when they are no PCL XL from the first one on."""
        buffer = self._buffer + octets if self._buffer else octets
        position = 0
        if not self._order:
            position = self._read_header(buffer)
            if not self._order:
                self._buffer = buffer
                return
        if self._skip:
            step = min(self._skip, len(buffer) - position)
            position += step
            self._skip -= step
        if not self._skip:
            position = self._walk(buffer, position)
        self.base += position
        self._buffer = buffer[position:]

    def finish(self) -> Parsed:
        """No more octets come. A page without its end still counts, as a lower bound."""
        parsed = self.parsed
        if not self.done:
            parsed.end = self.base + len(self._buffer)
            if self._buffer or self._skip:
                parsed.at_least("truncated", self.base)
            if self._page.open and not self.drop_uncounted:
                parsed.at_least("truncated", self.base)
                self._end_page({}, parsed.end)
        if not self._order or (parsed.confidence is not Confidence.EXACT and not parsed.input_pages):
            raise TruncatedDocument("the PCL XL data ends before its first page; send the job again", parsed.end)
        return parsed

    def _read_header(self, buffer: bytes) -> int:
        line_end = buffer.find(b"\n", 0, LONGEST_HEADER)
        if line_end < 0:
            if len(buffer) >= LONGEST_HEADER:
                raise MalformedDocument("the PCL XL header line has no end", self.base)
            return 0
        self._order = {0x29: "<", 0x28: ">"}.get(buffer[0], "")
        if not self._order:
            raise MalformedDocument("this binding of PCL XL (text) cannot be counted; use a binary driver", self.base)
        return line_end + 1

    def _walk(self, buffer: bytes, position: int) -> int:
        """Obey whole commands from `position` on; where the first incomplete one starts."""
        size = len(buffer)
        while position < size and not self.done and not self._skip:
            stepped = xl.step_pattern(self._order, self._watched()).match(buffer, position)
            if stepped:
                position = stepped.end()
            try:
                position = self._command(buffer, position, size)
            except _NeedMore:
                break
        return position

    def _watched(self) -> frozenset[int]:
        """The operators that matter now."""
        page = self._page
        if page.marked and page.color is ColorClass.COLOR:
            return xl.WATCHED_ON_COLORED
        inked = self._ink.brush or self._ink.pen
        return xl.WATCHED_FOR_PAINT if inked or not page.marked else xl.WATCHED

    def _command(self, buffer: bytes, position: int, size: int) -> int:
        """One command, attributes and operator, or one piece of embedded data. Returns where it ended."""
        attributes: Attributes = {}
        value: tuple[int, bytes] | None = None
        while position < size:
            tag = buffer[position]
            if 0x41 <= tag <= 0xBF:
                if tag == xl.OP_VENDOR_UNIQUE:
                    self._vendor_data(attributes, buffer, position + 1)
                position = self._operator(tag, attributes, position + 1)
                return self._step_over(self._skip, position, size)
            if tag in xl.ARRAY_TAGS:
                value, position = self._array(buffer, position, size)
                continue
            length = xl.FIXED_OCTETS.get(tag)
            if length is None:
                return self._untyped(tag, buffer, position, size)
            if position + length > size:
                raise _NeedMore
            if tag in (0xF8, 0xF9):
                if value is not None:
                    attributes[buffer[position + 1]] = value
            elif length > 1:
                value = (tag, buffer[position + 1 : position + length])
            position += length
        if attributes or value:
            raise _NeedMore
        return position

    def _array(self, buffer: bytes, position: int, size: int) -> tuple[tuple[int, bytes], int]:
        element = xl.ARRAY_TAGS[buffer[position]]
        if position + 3 > size:
            raise _NeedMore
        if buffer[position + 1] == 0xC0:
            octets, start = buffer[position + 2] * element, position + 3
        elif position + 4 > size:
            raise _NeedMore
        else:
            count = int.from_bytes(buffer[position + 2 : position + 4], "little" if self._order == "<" else "big")
            octets, start = count * element, position + 4
        if start + octets > size:
            raise _NeedMore
        return (buffer[position], buffer[start : start + octets]), start + octets

    def _untyped(self, tag: int, buffer: bytes, position: int, size: int) -> int:
        if tag in (0xFA, 0xFB):
            return self._embedded(tag, buffer, position, size)
        if tag == 0x1B:
            return self._universal_exit(buffer, position, size)
        return self._lost_step(buffer, position)

    def _embedded(self, tag: int, buffer: bytes, position: int, size: int) -> int:
        width = 4 if tag == 0xFA else 1
        if position + 1 + width > size:
            raise _NeedMore
        raw = buffer[position + 1 : position + 1 + width]
        octets = int.from_bytes(raw, "little" if self._order == "<" else "big")
        return self._step_over(octets, position + 1 + width, size)

    def _step_over(self, octets: int, position: int, size: int) -> int:
        inside = min(octets, size - position)
        self._skip = octets - inside
        return position + inside

    def _universal_exit(self, buffer: bytes, position: int, size: int) -> int:
        if position + len(UNIVERSAL_EXIT) > size:
            raise _NeedMore
        if not buffer.startswith(UNIVERSAL_EXIT, position):
            return self._lost_step(buffer, position)
        self.done = True
        self.parsed.end = self.base + position
        if self._page.open and not self.drop_uncounted:
            self.parsed.at_least("truncated", self.parsed.end)
            self._end_page({}, self.parsed.end)
        return position

    def _lost_step(self, buffer: bytes, position: int) -> int:
        """An octet that is no token: go on at the next universal exit, if there is one."""
        if not self.parsed.input_pages and not self._page.open:
            raise MalformedDocument("the PCL XL data holds an octet that is no token", self.base + position)
        self.parsed.note("desync", self.base + position)
        self.parsed.confidence = Confidence.ESTIMATED
        found = buffer.find(UNIVERSAL_EXIT, position)
        if found >= 0:
            return found
        return max(position + 1, len(buffer) - len(UNIVERSAL_EXIT) + 1)

    def _operator(self, operator: int, attributes: Attributes, position: int) -> int:
        if operator == xl.OP_BEGIN_PAGE:
            self._begin_page(attributes)
        elif operator == xl.OP_END_PAGE:
            self._end_page(attributes, self.base + position)
        elif operator == xl.OP_VENDOR_UNIQUE:
            self._vendor_unique(attributes)
        elif operator in (xl.OP_SET_BRUSH, xl.OP_SET_PEN):
            colored = self._is_colored(attributes.get(xl.ATTR_RGB_COLOR))
            ink = self._ink
            brush = colored if operator == xl.OP_SET_BRUSH else ink.brush
            pen = colored if operator == xl.OP_SET_PEN else ink.pen
            self._ink = _Ink(ink.rgb, ink.palette_colored, brush, pen)
        elif operator == xl.OP_SET_COLOR_SPACE:
            rgb = self._number(attributes, xl.ATTR_COLOR_SPACE, 1) != 1
            palette = rgb and self._is_colored(attributes.get(xl.ATTR_PALETTE_DATA))
            self._ink = _Ink(rgb, palette, self._ink.brush, self._ink.pen)
        elif operator == xl.OP_PUSH_GS and len(self._ink_stack) < 1000:
            self._ink_stack.append(self._ink)
        elif operator == xl.OP_POP_GS and self._ink_stack:
            self._ink = self._ink_stack.pop()
        elif operator in xl.PAINTING:
            self._paint(operator, attributes)
        elif operator in (xl.OP_EXEC_STREAM, xl.OP_PASS_THROUGH):
            # A stored stream, or PCL 5 in the data that follows: both may end pages, the stream at each run.
            self.parsed.at_least("nested_language", self.base + position)
        return position

    def _vendor_data(self, attributes: Attributes, buffer: bytes, start: int) -> None:
        """Hand the data of a maker's own operator on once all of it is there, unless it is too long."""
        octets = self._number(attributes, xl.ATTR_VENDOR_LENGTH, 0)
        if not 0 < octets <= LONGEST_VENDOR_DATA:
            return
        if start + octets > len(buffer):
            raise _NeedMore
        self.parsed.language = "ljjetready"
        self._jetready.take(buffer[start : start + octets], self._number(attributes, xl.ATTR_SOURCE_WIDTH, 0))

    def _vendor_unique(self, attributes: Attributes) -> None:
        """A maker's own operator: its data follows without a tag, and may well be the page's picture."""
        self._skip = max(0, self._number(attributes, xl.ATTR_VENDOR_LENGTH, 0))
        if not self._skip or not self._page.open:
            return
        self._page.marked = True
        if self._page.color is ColorClass.MONO or self._jetready.color is ColorClass.COLOR:
            self._page.color = self._jetready.color if self._skip <= LONGEST_VENDOR_DATA else ColorClass.UNKNOWN

    def _paint(self, operator: int, attributes: Attributes) -> None:
        page = self._page
        page.marked = True
        if operator == xl.OP_BEGIN_IMAGE:
            direct = self._number(attributes, xl.ATTR_COLOR_MAPPING, 0) == 0
            suspicious = self._ink.rgb if direct else self._ink.palette_colored
            if suspicious and page.color is ColorClass.MONO:
                page.color = ColorClass.UNKNOWN
        elif self._ink.brush or self._ink.pen:
            page.color = ColorClass.COLOR

    def _is_colored(self, value: tuple[int, bytes] | None) -> bool:
        if value is None:
            return False
        tag, raw = value
        kind = tag & 7
        octets = xl.ELEMENT_OCTETS[kind]
        count = len(raw) // octets // 3 * 3
        numbers = struct.unpack_from(f"{self._order}{count}{_FORMATS[kind]}", raw)
        full = 1.0 if kind == 5 else float((1 << 8 * octets) - 1)
        return any(max(numbers[i : i + 3]) - min(numbers[i : i + 3]) > full * 0.1 for i in range(0, len(numbers), 3))

    def _number(self, attributes: Attributes, name: int, default: int) -> int:
        value = attributes.get(name)
        if value is None or not 0xC0 <= value[0] <= 0xC4:
            return default
        return int(struct.unpack(self._order + _FORMATS[value[0] & 7], value[1])[0])

    def _begin_page(self, attributes: Attributes) -> None:
        last = self._page
        page = _Page(open=True, duplex=last.duplex, media=last.media, source=last.source)
        if xl.ATTR_SIMPLEX in attributes:
            page.duplex = Duplex.NONE
        elif xl.ATTR_DUPLEX in attributes:
            page.duplex = Duplex.LONG if self._number(attributes, xl.ATTR_DUPLEX, 0) else Duplex.SHORT
        if xl.ATTR_MEDIA_SIZE in attributes or xl.ATTR_CUSTOM_SIZE in attributes:
            page.media = self._media(attributes)
        page.source = self._number(attributes, xl.ATTR_MEDIA_SOURCE, last.source)
        two_sided = page.duplex in (Duplex.LONG, Duplex.SHORT)
        same = (page.duplex, page.media, page.source) == (last.duplex, last.media, last.source)
        fits_back = self._back_next and two_sided and same
        if fits_back and self._number(attributes, xl.ATTR_DUPLEX_SIDE, 1) == 0:
            page.starts_sheet = True
        if two_sided and last.source != page.source and self._back_next:
            page.starts_sheet = True
        self._back_next = two_sided and not (fits_back and not page.starts_sheet)
        self._ink, self._ink_stack = _Ink(), []
        self._jetready.reset()
        self._page = page

    def _media(self, attributes: Attributes) -> tuple[float, float]:
        custom = attributes.get(xl.ATTR_CUSTOM_SIZE)
        if custom is None or not 0xD0 <= custom[0] <= 0xD5:
            tag, name = attributes.get(xl.ATTR_MEDIA_SIZE, (0, b""))
            if tag == xl.UBYTE_ARRAY:
                return xl.NAMED_MEDIA_POINTS.get(name.rstrip(b"\0").upper(), ANY_SIZE)
            return xl.MEDIA_POINTS.get(self._number(attributes, xl.ATTR_MEDIA_SIZE, -1), ANY_SIZE)
        width, height = struct.unpack(f"{self._order}2{_FORMATS[custom[0] & 7]}", custom[1])
        unit = xl.UNIT_POINTS[min(2, max(0, self._number(attributes, xl.ATTR_CUSTOM_UNITS, 0)))]
        if not (0 < width < 1e6 and 0 < height < 1e6):
            return ANY_SIZE
        return (round(width * unit), round(height * unit))

    def _end_page(self, attributes: Attributes, end: int) -> None:
        page = self._page
        copies = self._number(attributes, xl.ATTR_PAGE_COPIES, 1) if xl.ATTR_PAGE_COPIES in attributes else None
        page.open = False
        if copies is None and self.drop_uncounted:
            return
        if self.parsed.input_pages >= self.limits.input_pages:
            self.parsed.at_least("limit", end)
            self.done = True
            self.parsed.end = end
            return
        self.parsed.add(
            Run(1, copies, page.duplex, page.color, page.media, None if page.marked else True, page.starts_sheet)
        )
        self.parsed.page_ends.append(end)


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count a PCL XL document in `data[start:end]`. Raises DocumentError kinds when not one page is found."""
    reader = PclxlReader(context.limits, base=start)
    position = start
    while position < end and not reader.done:
        chunk = data[position : min(end, position + CHUNK_OCTETS)]
        reader.feed(chunk)
        position += len(chunk)
        context.guard.check(position) if not reader.parsed.input_pages else None
        if context.guard.expired():
            reader.parsed.at_least("limit", position)
            break
    return reader.finish()

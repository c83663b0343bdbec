# SPDX-License-Identifier: Apache-2.0
"""Plain text: recognised by a positive test, counted by laying it out.

How many lines fit on a page is the printer's affair, so the result is an estimate. Form feed ends a page that
has content, or makes a blank one behind another form feed; backspace and carriage return print over; empty
lines at the very end add no page.
"""

import codecs
import re
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pagetoll.core.usage import ColorClass, Confidence
from pagetoll.languages.documents.mainframe import asa
from pagetoll.languages.limits import TextLayout
from pagetoll.languages.parsed import Context, Parsed, Run
from pagetoll.languages.universal_exit import next_exit

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_ODD = bytes(octet for octet in range(32) if octet not in b"\b\t\n\f\r\x1a") + b"\x7f"
_COLOR_ESCAPE = re.compile(rb"\x1b\[[0-9;]{0,32}m")
_OVERPRINT = re.compile("[^\b]?\b")
_LINE_END = re.compile("\r*\n")
_CONTINUATION = bytes(range(0x80, 0xC0))
_HIGH = bytes(range(0x80, 0x100))
_CHECK_OCTETS = 1 << 20
_PIECE_OCTETS = 1 << 18
_PRINTS = re.compile(rb"[^\r\n\t \x1a\x00\x04]")


def looks_like_text(data: "Buffer", start: int, end: int) -> bool:
    """Whether `data[start:end]` holds nothing but printable characters, line ends, tabs, form feeds, backspaces.

    Terminal color escapes are let pass. Octets above 127 must be UTF-8, or at most a third of all letters.
    """
    if start >= end:
        return False
    for position in range(start, end, _CHECK_OCTETS):
        piece = bytes(data[position : min(end, position + _CHECK_OCTETS + 36)])
        if b"\x1b" in piece:
            piece = _COLOR_ESCAPE.sub(b"", piece)
        if len(piece.translate(None, _ODD)) != len(piece):
            return False
        if not piece.isascii() and not _plausible_letters(piece, first=position == start):
            return False
    return True


def _plausible_letters(piece: bytes, *, first: bool) -> bool:
    """UTF-8, possibly cut at the piece's borders, or mostly ASCII."""
    if not first:
        piece = piece.lstrip(_CONTINUATION)
    try:
        codecs.utf_8_decode(piece, "strict", False)
    except UnicodeDecodeError:
        return len(piece.translate(None, _HIGH)) * 3 >= len(piece) * 2
    return True


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Lay out the text of `data[start:end]`, up to a universal exit. Always an estimate."""
    stop = next_exit(data, start, end)
    parsed = Parsed("text", stop, Confidence.ESTIMATED)
    layout = context.text_layout
    if layout.carriage_control:
        return asa.lay_out(data, start, stop, layout, context)
    limit = context.limits.input_pages
    position, blank_pending = start, False
    while position < stop and parsed.input_pages <= limit:
        feed = data.find(b"\f", position, stop)
        last = feed < 0
        part_end = stop if last else feed
        lines = _count_lines(data, position, part_end, layout, last=last)
        if lines:
            _add_pages(parsed, -(-lines // layout.lines), part_end, position)
        elif not last and blank_pending:
            _add_pages(parsed, 1, part_end, position)
        # A form feed behind content ends that page; only one more right behind it makes a blank page.
        blank_pending = not last
        position = part_end + 1
        if context.guard.expired() and position < stop:
            parsed.at_least("limit", position)
            break
    if parsed.input_pages > limit:
        parsed.at_least("limit", position)
    if not parsed.input_pages:
        _add_pages(parsed, 1, stop, start)
    return parsed


def _add_pages(parsed: Parsed, page_count: int, part_end: int, part_start: int) -> None:
    parsed.add(Run(page_count, color=ColorClass.MONO))
    octets = part_end - part_start
    parsed.page_ends.extend(part_start + octets * (n + 1) // page_count for n in range(page_count))


def _count_lines(data: "Buffer", start: int, end: int, layout: TextLayout, *, last: bool) -> int:
    """Printed lines of one stretch between form feeds; trailing empty lines are none at the end of the text."""
    if not _PRINTS.search(data, start, end):
        lines = sum(bytes(piece).count(b"\n") for piece in _pieces(data, start, end, at_lines=False))
        return 0 if last or lines < layout.lines else lines
    end = _words_end(data, start, end)
    return sum(_lines_of(piece, layout) for piece in _pieces(data, start, end, at_lines=True))


def _words_end(data: "Buffer", start: int, end: int) -> int:
    """The octet behind the last one before `end` that is no empty line."""
    while end > start:
        piece = data[max(start, end - _PIECE_OCTETS) : end]
        words = piece.rstrip(b"\r\n \t\x1a")
        if words:
            return end - len(piece) + len(words)
        end -= len(piece)
    return end


def _pieces(data: "Buffer", start: int, end: int, *, at_lines: bool) -> Iterator[bytes]:
    """The stretch in pieces that memory has room for, cut at ends of lines where there are any."""
    while start < end:
        cut = behind = min(start + _PIECE_OCTETS, end)
        if at_lines and cut < end:
            line_end = data.rfind(b"\n", start, cut)
            if line_end >= 0:
                cut, behind = line_end, line_end + 1
            else:
                while cut > start + 1 and 0x80 <= data[cut] < 0xC0:  # within a character
                    cut = behind = cut - 1
        yield data[start:cut]
        start = behind


def _lines_of(part: bytes, layout: TextLayout) -> int:
    if b"\x1b" in part:
        part = _COLOR_ESCAPE.sub(b"", part)
    try:
        text = part.decode("utf-8")
    except UnicodeDecodeError:
        text = part.decode("latin-1")
    lines = 0
    for line in _LINE_END.split(text.rstrip("\r")):
        short = len(line) * (1 if line.isascii() else 2) <= layout.columns and "\t" not in line
        lines += 1 if short else _rows(line, layout)
    return lines


def _rows(line: str, layout: TextLayout) -> int:
    """Rows that one line needs where long lines wrap."""
    if not layout.wrap:
        return 1
    if "\b" in line:
        line = _OVERPRINT.sub("", line)
    widest = max((_columns(stroke, layout.tab_columns) for stroke in line.split("\r")), default=0)
    return max(1, -(-widest // layout.columns))


def _columns(stroke: str, tab_columns: int) -> int:
    if "\t" in stroke:
        stroke = stroke.expandtabs(tab_columns)
    if stroke.isascii():
        return len(stroke)
    wide = sum(1 for letter in stroke if unicodedata.east_asian_width(letter) in "WF")
    narrow = sum(1 for letter in stroke if unicodedata.combining(letter))
    return len(stroke) + wide - narrow

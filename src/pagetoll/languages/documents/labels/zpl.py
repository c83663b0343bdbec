# SPDX-License-Identifier: Apache-2.0
"""ZPL: a label for each format (^XA .. ^XZ) that prints something, with the quantity of ^PQ.

    ^XA commands ^XZ        formats; ~ commands stand anywhere; ^CC, ^CT change the two characters

Formats that only store (^DF), delete or set up print nothing: CUPS writes one behind each label. Picture data
carry their length or end at the next command. Source: ZPL II Programming Guide.
"""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pagetoll.core.errors import MalformedDocument
from pagetoll.core.usage import ColorClass
from pagetoll.languages.parsed import Context, Parsed, Run, as_far_as_time_allows
from pagetoll.languages.universal_exit import next_exit

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_PRINTING = frozenset(
    b"FD FV FN GB GC GD GE GS GF XG IM IL XF SN SF B0 B1 B2 B3 B4 B5 B7 B8 B9 BA BB BC BD BE BF BI BJ BK BL BM BO BP "
    b"BQ BR BS BT BU BX BZ".split()
)
_QUANTITY = re.compile(rb"\s{0,9}(\d{1,8})")
_GRAPHIC_FIELD = re.compile(
    rb"\s{0,9}([ABC])\s{0,9},\s{0,9}(\d{1,9})\s{0,9},\s{0,9}\d{1,9}\s{0,9},\s{0,9}\d{1,9}\s{0,9},"
)
_OBJECT = re.compile(rb"[^,\r\n]{1,60},([ABCPX]),[A-Z]{0,4},(\d{1,9}),\d{0,9},")
_LONGEST_HEAD = 200


@dataclass(slots=True)
class _Format:
    """The format under way."""

    inside: bool = False
    prints: bool = False
    stores: bool = False
    copies: int | None = None


@dataclass(slots=True)
class _Reader:
    """The two characters that begin commands, and a pattern that finds them."""

    caret: bytes = b"^"
    tilde: bytes = b"~"
    pattern: re.Pattern[bytes] = field(default_factory=lambda: re.compile(rb"[\^~]"))

    def change(self, *, caret: bytes = b"", tilde: bytes = b"") -> None:
        self.caret, self.tilde = caret or self.caret, tilde or self.tilde
        self.pattern = re.compile(b"[" + re.escape(self.caret) + re.escape(self.tilde) + b"]")


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count the labels. Raises MalformedDocument where no format prints one."""
    stop = next_exit(data, start, end)
    return as_far_as_time_allows(lambda found: _walk(found, data, start, stop, context), Parsed("zpl", stop), stop)


def _walk(parsed: Parsed, data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    reader, label = _Reader(), _Format()
    position, steps = start, 0
    while parsed.input_pages < context.limits.input_pages:
        begin = reader.pattern.search(data, position, end)
        if begin is None:
            break
        steps += 1
        if steps % 10_000 == 0:
            context.guard.check(position)
        at = begin.start()
        name = bytes(data[at + 1 : at + 3]).upper()
        position = at + 3
        if begin[0] == reader.tilde:
            position = _immediate(reader, name, data, at, end)
        elif name == b"XA":
            label = _Format(inside=True)
        elif name == b"XZ":
            if label.inside and label.prints and not label.stores:
                parsed.add(Run(1, label.copies, color=ColorClass.MONO))
                parsed.page_ends.append(position)
            label = _Format()
        else:
            position = _command(reader, label, name, data, at, end)
    if label.inside and label.prints:
        # A format without its end prints nothing, but says that data are missing.
        if not parsed.input_pages:
            raise MalformedDocument("the label has no end (^XZ); send the job again", end)
        parsed.at_least("truncated", end)
    if not parsed.input_pages:
        raise MalformedDocument("the label data print no label", start)
    return parsed


def _immediate(reader: _Reader, name: bytes, data: "Buffer", at: int, end: int) -> int:
    """A ~ command. Returns where to look on: behind binary data."""
    if name in (b"CC", b"CT"):
        return _change(reader, name, data, at)
    if name == b"DY":
        found = _OBJECT.match(data, at + 3, min(end, at + _LONGEST_HEAD))
        if found and found[1] != b"A" and data[found.end() : found.end() + 1] != b":":
            return min(end, found.end() + int(found[2]))
    return at + 3


def _change(reader: _Reader, name: bytes, data: "Buffer", at: int) -> int:
    new = bytes(data[at + 3 : at + 4])
    if new.strip():
        reader.change(caret=new if name == b"CC" else b"", tilde=new if name == b"CT" else b"")
    return at + 4


def _command(reader: _Reader, label: _Format, name: bytes, data: "Buffer", at: int, end: int) -> int:
    """A ^ command. Returns where to look on: behind binary data."""
    if name in (b"CC", b"CT"):
        return _change(reader, name, data, at)
    if name == b"DF":
        label.stores = True
    elif name == b"PQ":
        quantity = _QUANTITY.match(data, at + 3, end)
        label.copies = max(1, int(quantity[1])) if quantity else None
    elif name in _PRINTING:
        label.prints = True
    if name == b"GF":
        found = _GRAPHIC_FIELD.match(data, at + 3, min(end, at + _LONGEST_HEAD))
        if found and found[1] != b"A" and data[found.end() : found.end() + 1] != b":":
            return min(end, found.end() + int(found[2]))
    return at + 3

# SPDX-License-Identifier: Apache-2.0
"""Page breaks and colored letters in the main text of a Word 97-2003 document ([MS-DOC]).

    FIB (head of the WordDocument stream): length of the main text at 76, places of tables from 154 on
    piece table -> where the letters lie;  PLC of PAPX / CHPX -> pages of 512 octets with paragraph / letter runs

Paragraphs that start a page carry sprmPFPageBreakBefore, breaks within the text are character 12.
"""

import re
import struct
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise

from pagetoll.languages.documents.office.compound import CompoundFile
from pagetoll.languages.documents.office.statistics import Body

_TABLES_AT = 154
_CHPX, _PAPX, _PIECES = 12, 13, 33
_TABLE_OCTETS = 1 << 20
_TEXT_OCTETS = 16 << 20
_MOST_RUNS = 200_000
_PAGE_BREAK_BEFORE, _COLOR_NUMBER, _COLOR = 0x2407, 0x2A42, 0x6870
_OPERAND_OCTETS = (1, 1, 2, 4, 2, 2, 0, 3)
_COLORED_NUMBERS = frozenset([2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14])
_PICTURE = re.compile("[\x01\x08]")


class _Stretches:
    """Octets of the stream that hold main text."""

    def __init__(self, stretches: list[tuple[int, int]]) -> None:
        self._sorted = sorted(stretches)
        self._begins = [begin for begin, _end in self._sorted]

    def __contains__(self, place: int) -> bool:
        at = bisect_right(self._begins, place) - 1
        return at >= 0 and place < self._sorted[at][1]


def read_body(document: CompoundFile, head: bytes) -> Body:
    """What the text holds; without pages broken where its tables cannot be read."""
    table = "1Table" if struct.unpack_from("<H", head, 10)[0] & 0x200 else "0Table"
    text = document.stream("WordDocument", _TEXT_OCTETS)
    pieces = _pieces(_plc(document, table, head, _PIECES), struct.unpack_from("<I", head, 76)[0])
    body = Body(color_known=bool(pieces))
    places: list[int] = []
    for begin, length, octets in pieces:
        letters = text[begin : begin + length * octets].decode("latin-1" if octets == 1 else "utf-16-le", "replace")
        places += [begin + (at.start() + 1) * octets for at in re.finditer("\x0c", letters)]
        body.color_known &= _PICTURE.search(letters) is None
    main_text = _Stretches([(begin, begin + length * octets) for begin, length, octets in pieces])
    first = pieces[0][0] if pieces else 0
    for begin, _end, style, properties in _runs(_plc(document, table, head, _PAPX), text, paragraphs=True):
        if begin not in main_text:
            continue
        # Colors of styles other than the plain one are not looked up.
        body.color_known &= style == 0
        breaks = any(code == _PAGE_BREAK_BEFORE and value[:1] == b"\x01" for code, value in _properties(properties))
        if breaks and begin > first:
            places.append(begin)
    body.color_known &= all(one[0] < other[0] for one, other in pairwise(pieces))
    places.sort()
    body.breaks = len(places)
    for begin, _end, _style, properties in _runs(_plc(document, table, head, _CHPX), text, paragraphs=False):
        if _is_colored(properties):
            # Headers and notes lie behind the main text: on which pages they print is not known.
            if begin in main_text:
                body.colored.add(bisect_right(places, begin))
            else:
                body.color_known = False
    return body


def _plc(document: CompoundFile, table: str, head: bytes, number: int) -> bytes:
    """A table of the table stream, by its number in the FIB; empty where it makes no sense."""
    if len(head) < _TABLES_AT + 8 * number + 8:
        return b""
    at, octets = struct.unpack_from("<2I", head, _TABLES_AT + 8 * number)
    if not 0 < octets <= _TABLE_OCTETS or at > _TEXT_OCTETS:
        return b""
    return document.stream(table, at + octets)[at:]


def _pieces(table: bytes, characters: int) -> list[tuple[int, int, int]]:
    """(first octet, letters, octets a letter) of each piece of the main text, in the order of the text."""
    while table[:1] == b"\x01" and len(table) >= 3:
        table = table[3 + struct.unpack_from("<H", table, 1)[0] :]
    if len(table) < 21 or table[0] != 2:
        return []
    table = table[5:]
    count = min((len(table) - 4) // 12, _MOST_RUNS)
    borders = struct.unpack_from(f"<{count + 1}I", table)
    found: list[tuple[int, int, int]] = []
    for number in range(count):
        length = min(borders[number + 1], characters) - borders[number]
        where = struct.unpack_from("<I", table, 4 * (count + 1) + 8 * number + 2)[0]
        if length > 0:
            narrow = bool(where & 0x40000000)
            found.append(((where & 0x3FFFFFFF) // 2 if narrow else where, length, 1 if narrow else 2))
    return found


def _runs(table: bytes, text: bytes, *, paragraphs: bool) -> Iterator[tuple[int, int, int, bytes]]:
    """(first octet, end, style, properties) of the runs in all pages that a PLC names.

    A page: n+1 borders (4 octets each), n places (1 octet, for paragraphs 13), ..., n in its last octet.
    """
    count = min((len(table) - 4) // 8, _MOST_RUNS // 100)
    step = 13 if paragraphs else 1
    for number in range(max(0, count)):
        page_at = (struct.unpack_from("<I", table, 4 * (count + 1) + 4 * number)[0] & 0x3FFFFF) * 512
        page = text[page_at : page_at + 512]
        if len(page) < 512 or 4 * (page[511] + 1) + step * page[511] > 511:
            return
        for run in range(page[511]):
            begin, end = struct.unpack_from("<2I", page, 4 * run)
            place = page[4 * (page[511] + 1) + step * run] * 2
            if not place:
                yield begin, end, 0, b""
            elif paragraphs:
                octets = page[place] * 2 - 1 if page[place] else page[place + 1] * 2
                grouped = page[place + (1 if page[place] else 2) :][: max(0, octets)]
                yield begin, end, int.from_bytes(grouped[:2], "little"), grouped[2:]
            else:
                yield begin, end, 0, page[place + 1 : place + 1 + page[place]]


def _properties(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """(code, operand) of each single property modifier."""
    at = 0
    while at + 2 < len(octets):
        code = struct.unpack_from("<H", octets, at)[0]
        at += 2
        length = _OPERAND_OCTETS[code >> 13] or 1 + octets[at]
        yield code, octets[at : at + length]
        at += length


def _is_colored(octets: bytes) -> bool:
    colored = False
    for code, value in _properties(octets):
        if code == _COLOR_NUMBER and value:
            colored = value[0] in _COLORED_NUMBERS
        elif code == _COLOR and len(value) == 4:
            # The last octet is 255 for the automatic color.
            colored = value[3] == 0 and max(value[:3]) - min(value[:3]) > 25
    return colored

# SPDX-License-Identifier: Apache-2.0
"""Kodak ESP and OPL (Konica Minolta): a job in words.

    Event=StartOfJob;Sides=OneSided;MediaSize=iso_a4_210x297mm;Event=StartOfPage;...
    RasterObject.Data#n=  n octets  ;Event=EndOfPage;Event=EndOfJob;

A word ends with `;`, a question to the printer with `?`. OPL has no StartOfPage. Copies: none.
"""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pagetoll.core.usage import ColorClass, Duplex
from pagetoll.languages.hostbased import records
from pagetoll.languages.hostbased.kodak_tokens import tokens_color
from pagetoll.languages.hostbased.planes import jbig_is_blank
from pagetoll.languages.parsed import ANY_SIZE, Context, Parsed, Run, as_far_as_time_allows

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

WORD = re.compile(rb"([A-Za-z][A-Za-z.]{0,63})(?:#([0-9]{1,9})=|=([^;?\x00-\x1f]{0,256});|\?)|[;\s\x00]")
_MILLIMETERS = re.compile(rb"_(\d{1,4}(?:\.\d{1,3})?)x(\d{1,4}(?:\.\d{1,3})?)mm\Z")
_POINTS_A_MM = 72 / 25.4
_JBIG_HEADER_OCTETS = 20
_PLANE_LIMIT = 8
_SIDES = {
    b"OneSided": Duplex.NONE,
    b"TwoSidedLongEdge": Duplex.LONG,
    b"TwoSidedShortEdge": Duplex.SHORT,
}


@dataclass(slots=True)
class _State:
    words: dict[bytes, bytes] = field(default_factory=dict)
    data: list[bytes] = field(default_factory=list)
    open_page: bool = False


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count a job of words. Raises MalformedDocument or TruncatedDocument when no page is complete."""
    return as_far_as_time_allows(lambda parsed: _walk(parsed, data, start, end, context), Parsed("opl"), end)


def _walk(parsed: Parsed, data: "Buffer", position: int, end: int, context: Context) -> Parsed:
    state = _State()
    if data[position : position + 4] == b"Lock":
        parsed.language = "kodak"
    steps = 0
    while position < end and data[position] != 0x1B:
        word = WORD.match(data, position, end)
        if word is None:
            return records.lost(parsed, data, position, end)
        position = word.end()
        name, octets, value = word[1], word[2], word[3]
        if octets is not None:
            if position + int(octets) > end:
                return records.cut_off(parsed, end)
            state.open_page = True
            if len(state.data) < _PLANE_LIMIT:
                state.data.append(data[position : position + int(octets)])
            position += int(octets)
        elif name == b"Event" and value == b"StartOfPage":
            parsed.language = "kodak"
            state.open_page, state.data = True, []
        elif name == b"Event" and value == b"EndOfPage":
            if not records.keep(parsed, _page(state, context), position, context):
                return parsed
            state.open_page, state.data = False, []
        elif name is not None and value is not None and len(state.words) < 1000:
            state.words[name] = value
        steps += 1
        if not steps % records.RECORDS_BETWEEN_CHECKS:
            context.guard.check(position)
    parsed.end = position
    return records.cut_off(parsed, position) if state.open_page or not parsed.input_pages else parsed


def _page(state: _State, context: Context) -> Run:
    words = state.words
    duplex = _SIDES.get(words.get(b"Sides", b""), Duplex.UNSTATED)
    color = ColorClass.UNKNOWN
    blank: bool | None = None
    compression = words.get(b"RasterObject.Compression", b"")
    if compression == b"JBIG" and words.get(b"RasterObject.BitsPerPixel") == b"1":
        planes = [piece for piece in state.data if len(piece) != _JBIG_HEADER_OCTETS]
        if len(planes) <= 1:
            color = ColorClass.MONO
            blank = all(jbig_is_blank(plane) for plane in planes) or None
    elif compression == b"GZIPTok" and words.get(b"RasterObject.Colorspace") == b"sRGB":
        color = tokens_color(state.data, context.guard)
    elif words.get(b"PrintColorspace") in (b"Gray", b"Grey", b"Mono"):
        color = ColorClass.MONO
    return Run(1, None, duplex, color, _media(words.get(b"MediaSize", b"")), blank)


def _media(name: bytes) -> tuple[float, float]:
    size = _MILLIMETERS.search(name)
    if size is None:
        return ANY_SIZE
    return (float(round(float(size[1]) * _POINTS_A_MM)), float(round(float(size[2]) * _POINTS_A_MM)))

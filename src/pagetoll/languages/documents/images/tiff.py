# SPDX-License-Identifier: Apache-2.0
"""TIFF and BigTIFF: one page for each directory of the chain that holds a full image.

    header: order (2), version (2), [BigTIFF: 8, 0], offset of the first directory
    directory: number of entries, entries of 12 (BigTIFF: 20) octets, offset of the next directory

Reduced images and masks (NewSubfileType) are no pages; a chain that returns to a directory ends there.
Source: TIFF 6.0; libtiff's description of BigTIFF.
"""

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pagetoll.core.errors import MalformedDocument, TruncatedDocument
from pagetoll.core.usage import ColorClass
from pagetoll.languages.documents.images.colors import tiff_colors
from pagetoll.languages.documents.images.strips import four_bit_color, table_numbers
from pagetoll.languages.parsed import ANY_SIZE, Context, Parsed, Run
from pagetoll.languages.pixels import Channels
from pagetoll.languages.universal_exit import next_exit

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_SUBFILE, _WIDTH, _HEIGHT, _BITS, _COMPRESSION = 254, 256, 257, 258, 259
_PHOTOMETRIC, _STRIPS, _STRIP_OCTETS = 262, 273, 279
_X_DENSITY, _Y_DENSITY, _UNIT, _TILES = 282, 283, 296, 324
_WANTED = frozenset(
    [_SUBFILE, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _STRIPS, _X_DENSITY, _Y_DENSITY, _UNIT, _TILES]
)
_GREY = frozenset([0, 1])
_TYPE_OCTETS = {1: 1, 3: 2, 4: 4, 5: 8, 16: 8}
_MOST_ENTRIES = 1000
_MOST_DECODED_FRAMES = 2000
_PLANE_MARKER_FOR_MASK = 4
_RGB = Channels(3, (0, 1, 2))


@dataclass(frozen=True, slots=True)
class _Layout:
    """Widths of the fields: classic or BigTIFF, in one byte order."""

    order: str
    big: bool

    @property
    def entry_octets(self) -> int:
        return 20 if self.big else 12

    @property
    def count(self) -> struct.Struct:
        return struct.Struct(self.order + ("Q" if self.big else "H"))

    @property
    def offset(self) -> struct.Struct:
        return struct.Struct(self.order + ("Q" if self.big else "I"))


@dataclass(slots=True)
class _Chain:
    """What the walk gathers: a run for each page, and which directory it came from."""

    runs: list[Run] = field(default_factory=list)
    directories: list[int] = field(default_factory=list)
    undecided: list[int] = field(default_factory=list)


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count the TIFF file at `start`. Raises MalformedDocument or TruncatedDocument without a page."""
    stop = next_exit(data, start, end)
    parsed = Parsed("tiff", stop)
    order = "<" if data[start : start + 1] == b"I" else ">"
    big = b"\x2b" in data[start + 2 : start + 4]
    layout = _Layout(order, big)
    first_at = start + (8 if big else 4)
    if first_at + layout.offset.size > end:
        raise TruncatedDocument("the TIFF file ends within its header; send the job again", end)
    chain = _walk(data, start, end, layout, layout.offset.unpack_from(data, first_at)[0], parsed, context)
    if not chain.runs:
        raise MalformedDocument("the TIFF file has no page", start)
    colors: dict[int, ColorClass] = {}
    if chain.undecided and not context.guard.expired():
        frames = chain.undecided[:_MOST_DECODED_FRAMES]
        colors = tiff_colors(bytes(data[start:end]), frames, context.guard)
    for directory, run in zip(chain.directories, chain.runs, strict=True):
        color = colors.get(directory, run.color)
        parsed.add(Run(color=color, media_points=run.media_points))
    return parsed


def _walk(
    data: "Buffer", start: int, end: int, layout: _Layout, offset: int, parsed: Parsed, context: Context
) -> _Chain:
    chain = _Chain()
    seen: set[int] = set()
    while offset:
        at = start + offset
        if offset in seen:
            parsed.note("loop", at)
            break
        if at + layout.count.size > end:
            _cut_off(parsed, chain, end)
            break
        if len(chain.runs) >= context.limits.input_pages or context.guard.expired():
            parsed.at_least("limit", at)
            break
        seen.add(offset)
        count = layout.count.unpack_from(data, at)[0]
        next_at = at + layout.count.size + count * layout.entry_octets
        if next_at + layout.offset.size > end:
            _cut_off(parsed, chain, end)
            break
        entries = at + layout.count.size
        tags = _tags(data, entries, min(count, _MOST_ENTRIES), layout, start, end)
        kept = _keep(chain, len(seen) - 1, tags, parsed, at)
        if kept and tags.get(_BITS) == 4 and tags.get(_COMPRESSION) == 1 and tags.get(_PHOTOMETRIC) == 2:
            places = _strip_places(data, entries, min(count, _MOST_ENTRIES), layout, start, end)
            _decide_four_bits(chain, data, places, int(tags[_WIDTH]), context)
        offset = layout.offset.unpack_from(data, next_at)[0]
    return chain


def _cut_off(parsed: Parsed, chain: _Chain, end: int) -> None:
    if not chain.runs:
        raise TruncatedDocument("the TIFF file ends before its first page; send the job again", end)
    parsed.at_least("truncated", end)


def _tags(data: "Buffer", at: int, count: int, layout: _Layout, start: int, end: int) -> dict[int, float]:
    """First value of the wanted tags of a directory."""
    found: dict[int, float] = {}
    for number in range(count):
        entry = at + number * layout.entry_octets
        tag, kind = struct.unpack_from(layout.order + "2H", data, entry)
        if tag not in _WANTED or kind not in _TYPE_OCTETS:
            continue
        values = layout.offset.unpack_from(data, entry + 4)[0]
        field_at = entry + 4 + layout.offset.size
        if values * _TYPE_OCTETS[kind] > layout.offset.size:
            field_at = start + layout.offset.unpack_from(data, field_at)[0]
        value = _value(data, field_at, kind, layout.order, end) if values else None
        if value is not None:
            found[tag] = value
    return found


def _value(data: "Buffer", at: int, kind: int, order: str, end: int) -> float | None:
    if at + _TYPE_OCTETS[kind] > end:
        return None
    if kind == 5:
        upper, lower = struct.unpack_from(order + "2I", data, at)
        return upper / lower if lower else None
    code = {1: "B", 3: "H", 4: "I", 16: "Q"}[kind]
    return float(struct.unpack_from(order + code, data, at)[0])


def _keep(chain: _Chain, directory: int, tags: dict[int, float], parsed: Parsed, at: int) -> bool:
    """A page for a directory with a full image in it. Returns whether it is one."""
    if not tags.get(_WIDTH) or not tags.get(_HEIGHT) or not (_STRIPS in tags or _TILES in tags):
        parsed.note("empty_directory", at)
        return False
    subfile = int(tags.get(_SUBFILE, 0))
    photometric = int(tags.get(_PHOTOMETRIC, 1))
    if subfile & 1 or subfile & 4 or photometric == _PLANE_MARKER_FOR_MASK:
        return False
    color = ColorClass.MONO if photometric in _GREY else ColorClass.UNKNOWN
    if color is ColorClass.UNKNOWN:
        chain.undecided.append(directory)
    chain.runs.append(Run(color=color, media_points=_media(tags)))
    chain.directories.append(directory)
    return True


def _strip_places(
    data: "Buffer", entries: int, count: int, layout: _Layout, start: int, end: int
) -> list[tuple[int, int]]:
    """Where the strips of a directory lie; (first octet, octets)."""
    tables: dict[int, list[int]] = {}
    for entry in range(entries, entries + count * layout.entry_octets, layout.entry_octets):
        tag, kind = struct.unpack_from(layout.order + "2H", data, entry)
        if tag in (_STRIPS, _STRIP_OCTETS) and kind in (3, 4):
            number = layout.offset.unpack_from(data, entry + 4)[0]
            field_at = entry + 4 + layout.offset.size
            if _TYPE_OCTETS[kind] * number > layout.offset.size:
                field_at = start + layout.offset.unpack_from(data, field_at)[0]
            tables[tag] = table_numbers(data, field_at, end, layout.order + ("H" if kind == 3 else "I"), number)
    pairs = zip(tables.get(_STRIPS, []), tables.get(_STRIP_OCTETS, []), strict=False)
    return [(start + at, min(octets, end - start - at)) for at, octets in pairs if start + at < end]


def _decide_four_bits(
    chain: _Chain, data: "Buffer", places: list[tuple[int, int]], width: int, context: Context
) -> None:
    """Settle the color of the page kept last; each row of three samples a pixel begins on a whole octet."""
    if places:
        color = four_bit_color(data, places, (width * 12 + 7) // 8, _RGB, context.guard)
        chain.runs[-1] = Run(color=color, media_points=chain.runs[-1].media_points)
        chain.undecided.pop()


def _media(tags: dict[int, float]) -> tuple[float, float]:
    """Size in points by the stated resolution (in inches or centimeters)."""
    unit = tags.get(_UNIT, 2)
    x_density, y_density = tags.get(_X_DENSITY, 0), tags.get(_Y_DENSITY, 0)
    if unit not in (2, 3) or x_density <= 1 or y_density <= 1:
        return ANY_SIZE
    points = 72 if unit == 2 else 72 / 2.54
    width, height = tags[_WIDTH] / x_density * points, tags[_HEIGHT] / y_density * points
    return (round(width), round(height)) if 0 < width < 1e6 and 0 < height < 1e6 else ANY_SIZE

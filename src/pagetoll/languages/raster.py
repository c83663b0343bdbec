# SPDX-License-Identifier: Apache-2.0
"""CUPS raster (versions 1 to 3) and PWG raster: a sync word, then a header and pixels for each page.

    sync (4)  | header (420: version 1, 1796: versions 2 and 3) pixels | header pixels | ...

Header fields are 32 bit in the byte order that the sync word tells. Pages are
counted by walking; the page count that a header may state is never believed.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pagetoll.core.errors import MalformedDocument, TruncatedDocument
from pagetoll.core.usage import ColorClass, Duplex
from pagetoll.languages.parsed import ANY_SIZE, Context, Parsed, Run, as_far_as_time_allows
from pagetoll.languages.pixels import Channels, packed_is_colored
from pagetoll.languages.raster_lines import skip_lines

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

# sync word -> (byte order, header octets, run-length coded)
SYNC_WORDS: dict[bytes, tuple[str, int, bool]] = {
    b"RaSt": (">", 420, False),
    b"tSaR": ("<", 420, False),
    b"RaS2": (">", 1796, True),
    b"2SaR": ("<", 1796, True),
    b"RaS3": (">", 1796, False),
    b"3SaR": ("<", 1796, False),
}
SCAN_OCTETS = 1 << 20
LARGEST_SIDE_PIXELS = 1 << 24

_RGB = Channels(3, (0, 1, 2))
_RGB_AND_ONE = Channels(4, (0, 1, 2))
_CMYK = Channels(4, (0, 1, 2), 3)
CHANNELS: dict[int, Channels] = {
    1: _RGB,
    2: _RGB_AND_ONE,
    4: _RGB,
    5: _RGB,
    6: _CMYK,
    7: _CMYK,
    8: Channels(4, (1, 2, 3), 0),
    9: Channels(6, (1, 2, 3), 0),
    17: _RGB_AND_ONE,
    19: _RGB,
    20: _RGB,
    50: _RGB,
    51: _CMYK,
}
"""Color space -> channels, for the spaces whose grey is equal channels."""
ONE_CHANNEL = frozenset([0, 3, 18, 32, 48])


@dataclass(frozen=True, slots=True)
class _Header:
    order: str
    width: int
    height: int
    bits_per_color: int
    bits_per_pixel: int
    bytes_per_line: int
    color_order: int
    color_space: int
    color_count: int
    copies: int
    duplex: Duplex
    media_points: tuple[float, float]
    insert_sheet: bool
    source: int

    @property
    def channels(self) -> Channels | None:
        return CHANNELS.get(self.color_space)

    @property
    def lines(self) -> int:
        """Coded or raw lines of the page; a planar page has its lines once for each color."""
        return self.height * (self.color_count if self.color_order == 2 else 1)

    @property
    def unit_octets(self) -> int:
        bits = self.bits_per_pixel if self.color_order == 0 else self.bits_per_color
        return max(1, (bits + 7) // 8)


def _read_header(data: "Buffer", start: int, order: str, octets: int) -> _Header:
    raw = data[start : start + octets]

    def number(offset: int) -> int:
        return int(struct.unpack_from(order + "I", raw, offset)[0])

    color_space = number(400)
    channels = CHANNELS.get(color_space)
    counted = number(420) if octets > 420 else 0
    header = _Header(
        order=order,
        width=number(372),
        height=number(376),
        bits_per_color=number(384),
        bits_per_pixel=number(388),
        bytes_per_line=number(392),
        color_order=number(396),
        color_space=color_space,
        color_count=counted or (channels.count if channels else 1),
        copies=number(340),
        duplex=(Duplex.SHORT if number(368) else Duplex.LONG) if number(272) else Duplex.UNSTATED,
        media_points=(number(352), number(356)),
        insert_sheet=bool(number(300)),
        source=number(324),
    )
    sane = (
        0 < header.width <= LARGEST_SIDE_PIXELS
        and 0 < header.height <= LARGEST_SIDE_PIXELS
        and 0 < header.bytes_per_line <= 64 * LARGEST_SIDE_PIXELS
        and header.color_order <= 2
        and 0 < header.bits_per_pixel <= 240
        and 0 < header.bits_per_color <= 16
        and 0 < header.color_count <= 15
    )
    if not sane:
        raise MalformedDocument("a raster page header holds impossible sizes", start)
    return header


def _inspector(header: _Header) -> Callable[[bytes], bool] | None:
    """What looks at stretches of a line for color; None where this layout cannot show any."""
    channels = header.channels
    if channels is None or header.color_order != 0:
        return None
    bits, pixel_bits = header.bits_per_color, header.bits_per_pixel
    if bits == 8 and pixel_bits == 8 * channels.count:
        return channels.chunky_colored
    if bits == 16 and pixel_bits == 16 * channels.count:
        high = 0 if header.order == ">" else 1
        return lambda pixels: channels.chunky_colored(pixels[high::2])
    if pixel_bits in (1, 2, 4, 8) and channels.count * bits <= pixel_bits:
        return lambda pixels: packed_is_colored(channels, bits, pixel_bits, pixels)
    return None


def _raw_color(data: "Buffer", start: int, end: int, header: _Header, context: Context) -> ColorClass:
    """Color class of uncoded pixels, looked at in stretches of whole lines until color is found."""
    if header.color_space in ONE_CHANNEL:
        return ColorClass.MONO
    channels = header.channels
    if channels is None:
        return ColorClass.UNKNOWN
    if header.color_order and header.bits_per_color == 8:
        return _plane_color(data, start, end, header, channels)
    inspect = _inspector(header)
    if inspect is None:
        return ColorClass.UNKNOWN
    step = max(1, SCAN_OCTETS // header.bytes_per_line) * header.bytes_per_line
    unit = header.unit_octets
    padded = header.bytes_per_line % unit
    for position in range(start, end, step):
        context.guard.check(position)
        stretch = data[position : min(end, position + step)]
        if padded:
            used = header.bytes_per_line - padded
            rows = range(0, len(stretch), header.bytes_per_line)
            stretch = b"".join(stretch[row : row + used] for row in rows)
        if inspect(stretch):
            return ColorClass.COLOR
    return ColorClass.MONO


def _plane_color(data: "Buffer", start: int, end: int, header: _Header, channels: Channels) -> ColorClass:
    """Color class of a page in planes (whole page or line by line), 8 bits a color."""
    if header.color_count < channels.count:
        return ColorClass.UNKNOWN
    if header.color_order == 2:
        plane = header.bytes_per_line * header.height
        stretches = [(start + n * plane, plane) for n in range(channels.count)]
        for position in range(0, plane, SCAN_OCTETS):
            octets = min(SCAN_OCTETS, plane - position)
            if channels.planes_colored([data[at + position : at + position + octets] for at, _ in stretches]):
                return ColorClass.COLOR
        return ColorClass.MONO
    band = header.bytes_per_line // channels.count
    if not band:
        return ColorClass.UNKNOWN
    for row in range(start, end, header.bytes_per_line):
        if channels.planes_colored([data[row + n * band : row + (n + 1) * band] for n in range(channels.count)]):
            return ColorClass.COLOR
    return ColorClass.MONO


def _coded_page(
    data: "Buffer", start: int, end: int, header: _Header, context: Context
) -> tuple[int, bool, bool, ColorClass]:
    """(end, complete, in step, color class) of run-length coded pixels."""
    inspect = _inspector(header)
    unit = header.unit_octets
    units = -(-header.bytes_per_line // unit)
    lines = skip_lines(data, start, end, header.lines, units, unit, inspect, context.guard)
    color = ColorClass.UNKNOWN
    if header.color_space in ONE_CHANNEL or (inspect is not None and not lines.colored):
        color = ColorClass.MONO
    elif lines.colored:
        color = ColorClass.COLOR
    return lines.end, lines.complete, lines.in_step, color


def _page(header: _Header, color: ColorClass, source: int) -> Run:
    media = header.media_points if all(header.media_points) else ANY_SIZE
    # A copy number of 0 means one; a stated 1 is what every writer leaves there, so it states nothing.
    copies = header.copies if header.copies > 1 else None
    return Run(1, copies, header.duplex, color, media, starts_sheet=header.source != source)


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count a CUPS or PWG raster document in `data[start:end]`.

    Raises MalformedDocument or TruncatedDocument when not one page is complete.
    """
    pwg = data[start : start + 14] == b"RaS2PwgRaster\0"
    parsed = Parsed("pwg" if pwg else "cupsraster")
    return as_far_as_time_allows(lambda found: _walk(found, data, start, end, context), parsed, end)


def _walk(parsed: Parsed, data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    order, header_octets, coded = SYNC_WORDS[bytes(data[start : start + 4])]
    position = start + 4
    source: int | None = None
    while position + header_octets <= end:
        if parsed.input_pages >= context.limits.input_pages or context.guard.expired():
            parsed.at_least("limit", position)
            break
        try:
            header = _read_header(data, position, order, header_octets)
        except MalformedDocument:
            if not parsed.input_pages:
                raise
            break
        body = position + header_octets
        if coded:
            page_end, complete, in_step, color = _coded_page(data, body, end, header, context)
            if not in_step:
                return _lost_step(parsed, page_end)
        else:
            page_end = body + header.bytes_per_line * header.lines
            complete = page_end <= end
            color = _raw_color(data, body, page_end, header, context) if complete else ColorClass.UNKNOWN
        if not complete:
            return _cut_off(parsed, end)
        if header.insert_sheet:
            parsed.note("extra_sheets_requested", position)
        parsed.add(_page(header, color, header.source if source is None else source))
        source = header.source
        parsed.page_ends.append(page_end)
        position = page_end
    if not parsed.input_pages:
        raise TruncatedDocument("the raster data ends before its first page; send the job again", position)
    parsed.end = position
    return parsed


def _cut_off(parsed: Parsed, end: int) -> Parsed:
    if not parsed.input_pages:
        raise TruncatedDocument("the raster data ends within its first page; send the job again", end)
    parsed.at_least("truncated", end)
    parsed.end = end
    return parsed


def _lost_step(parsed: Parsed, position: int) -> Parsed:
    if not parsed.input_pages:
        raise MalformedDocument("the raster lines do not fill the first page", position)
    parsed.at_least("desync", position)
    parsed.end = position
    return parsed

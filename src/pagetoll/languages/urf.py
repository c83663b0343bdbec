# SPDX-License-Identifier: Apache-2.0
"""Apple raster (URF): `UNIRAST` NUL, a page count, then a 32-octet header and coded lines for each page.

    0 bits per pixel | 1 color space | 2 duplex | 3 quality | ... | 12 width | 16 height | 20 dots per inch

All numbers are big-endian. The page count of the file is often 0 or wrong, so
pages are counted by walking. The format has no copies.
"""

import struct
from typing import TYPE_CHECKING

from pagetoll.core.errors import MalformedDocument, TruncatedDocument
from pagetoll.core.usage import ColorClass, Duplex
from pagetoll.languages.parsed import ANY_SIZE, Context, Parsed, Run, as_far_as_time_allows
from pagetoll.languages.pixels import Channels
from pagetoll.languages.raster_lines import Inspect, skip_lines

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

FILE_HEADER_OCTETS = 12
PAGE_HEADER_OCTETS = 32
BITS_PER_PIXEL = frozenset([1, 8, 16, 24, 32, 48, 64])
LARGEST_SIDE_PIXELS = 1 << 24
DUPLEX = {1: Duplex.NONE, 2: Duplex.SHORT, 3: Duplex.LONG}
ONE_CHANNEL = frozenset([0, 4])
_RGB = Channels(3, (0, 1, 2))
_CMYK = Channels(4, (0, 1, 2), 3)
CHANNELS = {1: _RGB, 3: _RGB, 5: _RGB, 6: _CMYK}


def _inspector(color_space: int, bits: int) -> Inspect | None:
    channels = CHANNELS.get(color_space)
    if channels is None:
        return None
    if bits == 8 * channels.count:
        return channels.chunky_colored
    if bits == 16 * channels.count:
        return lambda pixels: channels.chunky_colored(pixels[0::2])
    return None


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count an Apple raster document in `data[start:end]`.

    Raises MalformedDocument or TruncatedDocument when not one page is complete.
    """
    return as_far_as_time_allows(lambda found: _walk(found, data, start, end, context), Parsed("urf"), end)


def _walk(parsed: Parsed, data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    position = start + FILE_HEADER_OCTETS
    while position + PAGE_HEADER_OCTETS <= end:
        if parsed.input_pages >= context.limits.input_pages or context.guard.expired():
            parsed.at_least("limit", position)
            break
        bits, color_space, duplex = data[position], data[position + 1], data[position + 2]
        width, height, dots = struct.unpack(">III", data[position + 12 : position + 24])
        sane = bits in BITS_PER_PIXEL and 0 < width <= LARGEST_SIDE_PIXELS and 0 < height <= LARGEST_SIDE_PIXELS
        if not sane:
            if not parsed.input_pages:
                raise MalformedDocument("an Apple raster page header holds impossible sizes", position)
            break
        inspect = _inspector(color_space, bits)
        unit = max(1, bits // 8)
        units = -(-width * bits // (8 * unit))
        lines = skip_lines(data, position + PAGE_HEADER_OCTETS, end, height, units, unit, inspect, context.guard)
        if not lines.complete:
            if not parsed.input_pages:
                raise TruncatedDocument("the Apple raster data breaks off within its first page", lines.end)
            parsed.at_least("truncated" if lines.in_step else "desync", lines.end)
            position = end
            break
        color = ColorClass.MONO if color_space in ONE_CHANNEL or inspect else ColorClass.UNKNOWN
        if lines.colored:
            color = ColorClass.COLOR
        media = (round(width * 72 / dots), round(height * 72 / dots)) if 0 < dots < 100_000 else ANY_SIZE
        parsed.add(Run(1, None, DUPLEX.get(duplex, Duplex.UNSTATED), color, media))
        parsed.page_ends.append(lines.end)
        position = lines.end
    if not parsed.input_pages:
        raise TruncatedDocument("the Apple raster data ends before its first page; send the job again", position)
    parsed.end = position
    return parsed

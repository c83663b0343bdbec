# SPDX-License-Identifier: Apache-2.0
"""The pixels of raster languages (CUPS raster, PWG raster, Apple raster), taken from the data itself.

Lines are unpacked in bands and summed; a repeated line is summed once and counted as often as it prints. Inks
that the data holds are taken as they are; for the other color spaces they become red, green and blue as
255 - min(255, ink + black).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy

from pagetoll.languages.coverage.pdf_pages import UNSEEN, Seen
from pagetoll.languages.coverage.spaces import FULL, Pixels, PixelSums
from pagetoll.languages.parsed import Context, Parsed
from pagetoll.languages.pixels import TOLERANCE
from pagetoll.languages.raster import SYNC_WORDS
from pagetoll.languages.urf import FILE_HEADER_OCTETS, PAGE_HEADER_OCTETS

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

LANGUAGES = frozenset(["cupsraster", "pwg", "urf"])
BAND_OCTETS = 1 << 20

# color space of the header -> how a pixel's channels are meant
_CUPS_CHANNELS = {
    0: "w", 1: "rgb", 2: "rgb-", 3: "k", 4: "cmy", 5: "ymc", 6: "cmyk", 7: "ymck", 8: "kcmy",
    17: "rgb-", 18: "w", 19: "rgb", 20: "rgb",
}  # fmt: skip
_URF_CHANNELS = {0: "w", 1: "rgb", 4: "w", 5: "rgb", 6: "cmyk"}


@dataclass(frozen=True, slots=True)
class Layout:
    """How the pixels of a page lie in its lines. `order`: 0 chunky, 1 banded, 2 planar."""

    columns: int
    rows: int
    line_octets: int
    unit_octets: int
    bits: int
    pixel_bits: int
    channels: str
    order: int
    coded: bool
    big_endian: bool
    fill: int


def pages(data: "Buffer", start: int, parsed: Parsed, context: Context) -> Iterator[Seen]:
    """The pages of the raster document `data[start:parsed.end]`; a page in a layout that is not read is unseen."""
    octets = bytes(data[start : parsed.end])
    urf = parsed.language == "urf"
    order, head_octets, coded = (">", PAGE_HEADER_OCTETS, True) if urf else SYNC_WORDS[octets[:4]]
    ends = [end - start for end in parsed.page_ends]
    position = FILE_HEADER_OCTETS if urf else 4
    for end in ends:
        if context.guard.expired():
            return
        head = octets[position : position + head_octets]
        layout = _urf_layout(head) if urf else _cups_layout(head, order, coded)
        yield _seen(octets, position + head_octets, end, layout)
        position = end


def _urf_layout(head: bytes) -> Layout | None:
    pixel_bits, space = head[0], head[1]
    columns, rows = struct.unpack(">II", head[12:20])
    channels = "k" if pixel_bits == 1 else _URF_CHANNELS.get(space, "")
    if not channels or pixel_bits % len(channels):
        return None
    octets = -(-columns * pixel_bits // 8)
    bits = pixel_bits // len(channels)
    fill = 0 if channels in ("k", "cmyk") else FULL
    return Layout(columns, rows, octets, max(1, pixel_bits // 8), bits, pixel_bits, channels, 0, True, True, fill)


def _cups_layout(head: bytes, order: str, coded: bool) -> Layout | None:
    columns, rows = struct.unpack(order + "II", head[372:380])
    bits, pixel_bits, line_octets, color_order, space = struct.unpack(order + "5I", head[384:404])
    channels = _CUPS_CHANNELS.get(space, "")
    if not channels or bits not in (1, 2, 4, 8, 16) or line_octets * 8 < columns * bits:
        return None
    used_bits = pixel_bits if color_order == 0 else bits
    unit = max(1, (used_bits + 7) // 8)
    fill = FULL if channels in ("w", "rgb", "rgb-") else 0
    return Layout(
        columns, rows, line_octets, unit, bits, pixel_bits, channels, color_order, coded, order == ">", fill
    )


def _seen(octets: bytes, start: int, end: int, layout: Layout | None) -> Seen:
    if layout is None or (layout.order and layout.bits != 8):
        return UNSEEN
    try:
        if layout.order == 2:
            return _planar(octets, start, end, layout)
        total = PixelSums(0, 0, 0, 0, 0, inks=(0, 0, 0, 0))
        for lines, repeats in _bands(octets, start, end, layout):
            total += _band_sums(_samples(lines, layout), repeats, layout.channels)
    except (ValueError, IndexError):
        return UNSEEN
    return Seen(total.colored, total)


def _planar(octets: bytes, start: int, end: int, layout: Layout) -> Seen:
    """A page in planes: each channel's lines one behind the other."""
    lines = numpy.concatenate(
        [numpy.repeat(band, repeats, axis=0) for band, repeats in _bands(octets, start, end, layout)]
    )
    planes = lines[: layout.rows * len(layout.channels), : layout.columns]
    samples = planes.reshape(len(layout.channels), layout.rows, layout.columns).transpose(1, 2, 0)
    sums = _band_sums(samples, numpy.ones(layout.rows, numpy.int64), layout.channels)
    return Seen(sums.colored, sums)


def _bands(octets: bytes, start: int, end: int, layout: Layout) -> Iterator[tuple[Pixels, Any]]:
    """Unpacked lines (lines, octets) and how often each is printed."""
    if not layout.coded:
        step = max(1, BAND_OCTETS // layout.line_octets) * layout.line_octets
        for position in range(start, end, step):
            stretch = numpy.frombuffer(octets, numpy.uint8, min(step, end - position), position)
            lines = stretch.reshape(-1, layout.line_octets)
            yield lines, numpy.ones(len(lines), numpy.int64)
        return
    pieces: list[bytes] = []
    repeats: list[int] = []
    for line, times in _coded_lines(octets, start, end, layout):
        pieces.append(line)
        repeats.append(times)
        if len(pieces) * layout.line_octets >= BAND_OCTETS:
            yield _stacked(pieces, layout), numpy.array(repeats, numpy.int64)
            pieces, repeats = [], []
    if pieces:
        yield _stacked(pieces, layout), numpy.array(repeats, numpy.int64)


def _stacked(pieces: list[bytes], layout: Layout) -> Pixels:
    return numpy.frombuffer(b"".join(pieces), numpy.uint8).reshape(len(pieces), layout.line_octets)


def _coded_lines(octets: bytes, start: int, end: int, layout: Layout) -> Iterator[tuple[bytes, int]]:
    """Each coded line, unpacked, and how often it stands below itself."""
    unit, wanted = layout.unit_octets, layout.line_octets
    blank = bytes([layout.fill]) * wanted
    position = start
    while position < end:
        times = octets[position] + 1
        position += 1
        parts: list[bytes] = []
        done = 0
        while done < wanted:
            code = octets[position]
            position += 1
            if code == 128:
                parts.append(blank[done:])
                break
            if code < 128:
                part = octets[position : position + unit] * (code + 1)
                position += unit
            else:
                length = (257 - code) * unit
                part = octets[position : position + length]
                position += length
            parts.append(part)
            done += len(part)
            if not part:
                raise ValueError("a line runs over the end of the data")
        yield b"".join(parts)[:wanted].ljust(wanted, bytes([layout.fill])), times


def _samples(lines: Pixels, layout: Layout) -> Pixels:
    """(lines, columns, channels) of octets from packed, chunky or banded lines."""
    count = len(layout.channels)
    if layout.order == 1:
        band = layout.line_octets // count
        return lines[:, : band * count].reshape(len(lines), count, band)[:, :, : layout.columns].transpose(0, 2, 1)
    if layout.bits == 16:
        lines = lines[:, 0 if layout.big_endian else 1 :: 2]
    elif layout.bits < 8:
        return _unpacked(lines, layout)
    return lines[:, : layout.columns * count].reshape(len(lines), layout.columns, count)


def _unpacked(lines: Pixels, layout: Layout) -> Pixels:
    """Channels of 1, 2 or 4 bits; pixels of 1, 2, 4 bits or whole octets, the channels in the low bits."""
    bits, count = layout.bits, len(layout.channels)
    every = numpy.unpackbits(lines, axis=1)[:, : layout.columns * layout.pixel_bits]
    pixels = every.reshape(len(lines), layout.columns, layout.pixel_bits)[:, :, layout.pixel_bits - bits * count :]
    weights = (1 << numpy.arange(bits - 1, -1, -1)).astype(numpy.uint8)
    values = (pixels.reshape(len(lines), layout.columns, count, bits) * weights).sum(axis=3, dtype=numpy.uint16)
    samples: Pixels = (values * FULL // ((1 << bits) - 1)).astype(numpy.uint8)
    return samples


def _band_sums(samples: Pixels, repeats: Any, channels: str) -> PixelSums:
    """The sums of a band whose lines count `repeats` times each."""
    planes = {name: samples[..., number] for number, name in enumerate(channels)}
    if "r" in planes:
        return _weighted(numpy.stack([planes[name] for name in "rgb"], axis=2), repeats, None)
    if "w" in planes:
        return _weighted(numpy.repeat(planes["w"][..., None], 3, axis=2), repeats, None)
    black = planes.get("k", numpy.zeros(samples.shape[:2], numpy.uint8))
    inks = [planes.get(name, numpy.zeros(samples.shape[:2], numpy.uint8)) for name in "cmy"]
    light = [FULL - numpy.minimum(ink.astype(numpy.uint16) + black, FULL).astype(numpy.uint8) for ink in inks]
    return _weighted(
        numpy.stack(light, axis=2).astype(numpy.uint8), repeats, [*inks, black] if "k" in planes else None
    )


def _weighted(rgb: Pixels, repeats: Any, inks: list[Pixels] | None) -> PixelSums:
    brightest, darkest = rgb.max(axis=2), rgb.min(axis=2)
    colored = bool((brightest - darkest > TOLERANCE).any())

    def total(plane: Pixels) -> int:
        return int((plane.sum(axis=1, dtype=numpy.int64) * repeats).sum())

    pixels = int(repeats.sum()) * rgb.shape[1]
    ink_sums = None if inks is None else (total(inks[0]), total(inks[1]), total(inks[2]), total(inks[3]))
    return PixelSums(
        pixels, total(rgb[..., 0]), total(rgb[..., 1]), total(rgb[..., 2]), total(brightest), colored, ink_sums
    )

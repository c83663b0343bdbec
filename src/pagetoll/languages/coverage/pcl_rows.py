# SPDX-License-Identifier: Apache-2.0
"""The dots of PCL raster rows: the reader of colors, made to look at every row and to add its dots up.

Planes give each dot the number of a color; pixels of rows in colors are red, green and blue. Dots are taken as
laid: where a job prints twice over the same place, both count.
"""

from collections import Counter
from collections.abc import Iterator

import numpy

from pagetoll.languages.coverage.brother_rows import BLOCKS, block_rows
from pagetoll.languages.coverage.dot_tally import DotTally, Resolution
from pagetoll.languages.coverage.spaces import FULL, Pixels
from pagetoll.languages.limits import Guard
from pagetoll.languages.pcl.compression import BY_SEED, DECODERS, LONGEST_ROW
from pagetoll.languages.pcl.pens import KCMY, Palette
from pagetoll.languages.pcl.pixel_rows import PixelRows
from pagetoll.languages.pcl.raster_ink import RasterInk

_MOST_PLANES = 8
_ADAPTIVE, _REPLACEMENT_PIXELS = 5, 10
_EMPTY_ROWS, _SAME_ROWS = 4, 5
_DIRECT_BY_PIXEL, _INDEXED_BY_PIXEL = 3, 1
_DEFAULT_DPI = 75
_WIDEST_OF_MANY_PLANES = 1 << 14
"""Octets; each number that many planes give takes as much memory as a plane."""


class RowMeter(RasterInk):
    """Takes rows as `RasterInk` does and keeps their dots in `tally`.

    `unknown`: there are rows on this page that are not read. Raises DocumentTooComplex when the time is over.
    """

    def __init__(self, palette: Palette, guard: Guard, outer_resolution_dpi: int = 0) -> None:
        super().__init__(palette)
        self._outer_resolution_dpi = outer_resolution_dpi
        self.tally = DotTally()
        self._guard = guard
        self._inverted = False
        self._uneven = False
        self._black_resolution: Resolution | None = None
        self._width = 0
        self._last: tuple[list[bytes], int] = ([], 0)
        self._cells: dict[int, int] = {}
        self.start_job()

    def start_job(self) -> None:
        self.resolution: Resolution = (_DEFAULT_DPI, _DEFAULT_DPI)
        self.set_width(0)
        self.set_method(0)

    def check_time(self, offset: int) -> None:
        self._guard.check(offset)

    def set_resolution(self, dpi: int) -> None:
        if 0 < dpi <= 10_000:
            self.resolution = (dpi, dpi)

    def set_width(self, dots: int) -> None:
        """`ESC *r#S`; 0: rows are as wide as their data."""
        self._width = min(max(0, dots), 8 * LONGEST_ROW)

    @property
    def looks(self) -> bool:
        return not self.unknown

    def simple(self, mode: int) -> None:
        super().simple(mode)
        self._uneven = self._inverted = False
        self._black_resolution = None

    def configure_image(self, body: bytes) -> None:
        super().configure_image(body)
        self._inverted = body[:1] == b"\x01"
        self._uneven = False
        self._black_resolution = None

    def configure_components(self, body: bytes) -> None:
        super().configure_components(body)
        step, at = (8, 4) if body[:1] == b"\x06" else (6, 2)
        found = [
            (int.from_bytes(body[start : start + 2], "big"), int.from_bytes(body[start + 2 : start + 4], "big"))
            for start in range(at, len(body) - step + 1, step)
        ]
        self._black_resolution = None
        self._uneven = not found or len(set(found[1:])) > 1 or not all(0 < min(dpi) < 10_000 for dpi in found)
        if self._uneven:
            return
        self.resolution = found[-1]
        if found[0] != found[-1]:
            # Black is finer than the colors, and several of its rows come before each row of them.
            self._black_resolution = found[0]
            self._uneven = self._black_rows < 1 or len(found) != 4

    @property
    def _black_rows(self) -> int:
        """Rows of black for each row of colors."""
        return 1 if self._black_resolution is None else self._black_resolution[1] // self.resolution[1]

    def plane(self, octets: bytes, *, last: bool) -> None:
        self._guard.check(0)
        if not self.looks:
            return
        number = len(self._planes)
        method = self._components[min(number, len(self._components) - 1)][0] if self._components else 0
        if number >= _MOST_PLANES or self._uneven or not self.palette.reliable:
            self.unknown = True
        elif method == _REPLACEMENT_PIXELS:
            self._pixel_row(octets)
        elif self._method == BLOCKS and not method:
            self._block(octets)
        elif self._method == _ADAPTIVE and not method:
            self._adaptive(octets)
        elif (method or self._method) in DECODERS:
            self._planes.append(self._component_plane(octets, number, method or self._method))
        else:
            self.unknown = True
        if last:
            planes = self._planes + self._missing(len(self._planes))
            self._planes = []
            if any(planes) and not self.unknown:
                self._measure(planes)

    def _missing(self, given: int) -> list[bytes]:
        """The planes that a row leaves out: as in the row before, or without a dot."""
        bits = [bits for _method, bits in self._components]
        expected = self.palette.planes if self._encoding in (0, 2) else 1
        if bits:
            expected = bits[0] * self._black_rows + sum(bits[1:])
            if any(method for method, _bits in self._components):
                return []
        if expected > _MOST_PLANES:
            return []
        before = self._seeds[given:expected] if self._method in BY_SEED else []
        return before + [b""] * (expected - given - len(before))

    def _component_plane(self, octets: bytes, number: int, method: int) -> bytes:
        kept, self._method = self._method, method
        plane = self._decoded(octets, number)
        self._method = kept
        return plane

    def _pixel_row(self, octets: bytes) -> None:
        """A row of colors, with the plane of black that came before it, if one did."""
        if self._pixels is None:
            self._pixels = PixelRows(whole=True)
        self._pixels.add(octets)
        if not self._pixels.in_step or len(self._planes) > 1:
            self.unknown = True
            return
        row = numpy.array(self._pixels.pixels, numpy.uint32)
        colors = numpy.stack([row >> 16 & FULL, row >> 8 & FULL, row & FULL | row >> 7 & 1], axis=1)
        pixels = colors.astype(numpy.uint8)
        black = self._planes[0] if self._planes else b""
        if black.strip(b"\0"):
            dots = numpy.unpackbits(numpy.frombuffer(black, numpy.uint8)).astype(bool)
            columns = max(len(pixels), len(dots))
            pixels = numpy.pad(pixels, ((0, columns - len(pixels)), (0, 0)), constant_values=FULL)
            pixels[: len(dots)][dots] = 0
        self.tally.pixels(self.resolution, pixels)
        self._planes = []

    def _block(self, octets: bytes) -> None:
        """Rows of Brother's, at the resolution that the printer job language states."""
        if not self._outer_resolution_dpi:
            self.unknown = True
            return
        rows = block_rows(octets)
        if rows is None:
            self.unknown = True
            return
        dots = sum(int.from_bytes(row, "big").bit_count() for row in rows)
        dpi = self._outer_resolution_dpi
        self.tally.inks((dpi, dpi), (0, 0, 0, FULL), dots)

    def _adaptive(self, octets: bytes) -> None:
        if self._encoding in (0, 2) and self.palette.planes > 1:
            self.unknown = True
            return
        for row, times in _adaptive_rows(octets, self._seeds[0] if self._seeds else b""):
            self._guard.check(0)
            self._measure([row], times)
            self._seeds = [row]

    def _measure(self, planes: list[bytes], times: int = 1) -> None:
        if self._encoding == _DIRECT_BY_PIXEL:
            self.tally.pixels(self.resolution, self._direct(planes[-1]), times)
        elif self._encoding == _INDEXED_BY_PIXEL:
            self._add_indexes(planes[-1], times)
        elif self._components:
            self._add_inks(planes, times)
        else:
            black = self.palette.starting is KCMY
            for index, dots in self._numbers(planes).items():
                if black:
                    c, m, y = (FULL * (index >> ink & 1) for ink in (1, 2, 3))
                    self.tally.inks(self.resolution, (c, m, y, FULL * (index & 1)), dots * times)
                else:
                    self.tally.light(self.resolution, self.palette.color_of(index), dots * times)

    def _direct(self, row: bytes) -> Pixels:
        pixels = numpy.frombuffer(row, numpy.uint8, len(row) // 3 * 3).reshape(-1, 3)
        pixels = pixels[: self._width or None]
        return FULL - pixels if self._inverted else pixels

    def _add_indexes(self, row: bytes, times: int) -> None:
        """Pixels of 1, 2, 4 or 8 bits, the numbers of colors."""
        bits = self.palette.planes
        if bits not in (1, 2, 4, 8):
            self.unknown = True
            return
        found: Counter[int] = Counter()
        mask = (1 << bits) - 1
        for octet, dots in Counter(row).items():
            for shift in range(0, 8, bits):
                found[octet >> shift & mask] += dots
        for index, dots in found.items():
            self.tally.light(self.resolution, self.palette.color_of(index), dots * times)

    def _add_inks(self, planes: list[bytes], times: int) -> None:
        """Planes of black and three inks, each with the lowest bit first; small dots are parts of a full one."""
        bits = [bits for _method, bits in self._components]
        if len(bits) != 4 or bits[0] * self._black_rows + sum(bits[1:]) != len(planes):
            self.unknown = True
            return
        if self._black_resolution is not None:
            rows = bits[0] * self._black_rows
            self._add_black(planes[:rows], bits[0], times)
            planes, bits = planes[rows:], [0, *bits[1:]]
        for index, dots in self._numbers(planes).items():
            levels = []
            for width in bits:
                full = (1 << width) - 1
                levels.append((index & full) * FULL // full if full else 0)
                index >>= width
            black, cyan, magenta, yellow = levels
            self.tally.inks(self.resolution, (cyan, magenta, yellow, black), dots * times)

    def _add_black(self, planes: list[bytes], bits: int, times: int) -> None:
        if bits != 1 or self._black_resolution is None:
            self.unknown = True
            return
        for plane in planes:
            dots = int.from_bytes(plane, "big").bit_count() * times
            self.tally.inks(self._black_resolution, (0, 0, 0, FULL), dots)

    def _numbers(self, planes: list[bytes]) -> dict[int, int]:
        """How many dots of the row have each number that the planes give; plane 0 is the lowest bit."""
        if len(planes) > 4 and max(map(len, planes)) > _WIDEST_OF_MANY_PLANES:
            self.unknown = True
            return {}
        key = planes, self._width
        if key != self._last:
            self._last, self._cells = key, _split(planes, self._width)
        return self._cells


def _split(planes: list[bytes], width: int) -> dict[int, int]:
    octets = -(-width // 8) or max(map(len, planes))
    dots = width or 8 * octets
    cells = {0: (1 << dots) - 1}
    for number, plane in enumerate(planes):
        bits = int.from_bytes(plane[:octets].ljust(octets, b"\0"), "big") >> (8 * octets - dots)
        split: dict[int, int] = {}
        for index, where in cells.items():
            inside = where & bits
            if inside:
                split[index | 1 << number] = inside
            if inside != where:
                split[index] = where ^ inside
        cells = split
    return {index: where.bit_count() for index, where in cells.items()}


def _adaptive_rows(block: bytes, seed: bytes) -> Iterator[tuple[bytes, int]]:
    """Method 5: the rows of a block and how often each comes in a row; empty ones are left out."""
    position = 0
    while position + 3 <= len(block):
        method = block[position]
        length = int.from_bytes(block[position + 1 : position + 3], "big")
        position += 3
        if method == _EMPTY_ROWS:
            seed = b""
        elif method == _SAME_ROWS:
            if seed and length:
                yield seed, length
        elif method in DECODERS:
            seed = DECODERS[method](block[position : position + length], seed if method in BY_SEED else b"")
            position += length
            yield seed, 1
        else:
            break

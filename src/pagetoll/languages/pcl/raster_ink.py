# SPDX-License-Identifier: Apache-2.0
"""Is a page colored by its raster rows? Decodes rows of color raster until the first colored pixel of a page.

Rows of one plane are black and are never looked at. A row comes as planes (`ESC *b#V`) and ends with `ESC *b#W`.
"""

import math

from pagetoll.core.usage import ColorClass
from pagetoll.languages.pcl.compression import BY_SEED, DECODERS, adaptive_rows
from pagetoll.languages.pcl.dots import Dots
from pagetoll.languages.pcl.pens import CMY, KCMY, RGB, Palette, is_colored
from pagetoll.languages.pcl.pixel_rows import PixelRows
from pagetoll.languages.pixels import Channels

_PIXELS = Channels(3, (0, 1, 2))
_MOST_PLANES = 32
_MOST_OCTETS = 24 << 20
"""So much raster of a stream is looked at; behind that the color of pages without a color so far stays unknown."""
_ADAPTIVE, _REPLACEMENT_PIXELS = 5, 10


class RasterInk:
    """What is known of the raster of a page. `colored` or `unknown`: no row need be looked at any more."""

    def __init__(self, palette: Palette) -> None:
        self.palette = palette
        self.colored = False
        self.unknown = False
        self._method = 0
        self._encoding = 0
        self._components: list[tuple[int, int]] = []
        self._planes: list[bytes] = []
        self._seeds: list[bytes] = []
        self._fresh = False
        self._octets_left = _MOST_OCTETS
        self._pixels: PixelRows | None = None
        self._dots = Dots()

    @property
    def looks(self) -> bool:
        """Whether rows must be handed over: color is possible and not found yet."""
        return not (self.colored or self.unknown) and (bool(self._components) or self.palette.has_color)

    def end_page(self) -> ColorClass:
        """The class of the page that ends, as far as its raster tells; the next page starts."""
        colored = self._dots.finish() or self.colored
        color = ColorClass.COLOR if colored else ColorClass.UNKNOWN if self.unknown else ColorClass.MONO
        self.colored = self.unknown = False
        return color

    def clear_seeds(self) -> None:
        self._planes, self._seeds = [], []
        if self._pixels is not None:
            self._pixels.clear()

    def set_method(self, method: int) -> None:
        self._method = method

    def simple(self, mode: int) -> None:
        self.palette.simple(mode)
        self._encoding, self._components = 0, []

    def configure_image(self, body: bytes) -> None:
        """`ESC *v#W`: color space, pixel encoding, bits an index, bits a primary color."""
        if len(body) < 6:
            return
        self._components = []
        self._encoding = body[1]
        bits = body[2]
        if body[1] == 2:
            bits = 3
        if body[1] == 3:
            # Whole pixels: three octets each, in any space of device colors.
            self.palette.configured(0, 3)
            self.palette.reliable = body[0] in (0, 1) and body[3:6] == b"\x08\x08\x08"
            return
        self.palette.configured(body[0], max(1, bits))

    def configure_components(self, body: bytes) -> None:
        """`ESC *g#W`: components with a number of levels each, or with a method of compression each."""
        if body[:1] == b"\x06":
            parts = [body[at : at + 8] for at in range(4, len(body) - 7, 8)]
            self._components = [(part[4], part[6]) for part in parts]
        elif body[:1] == b"\x02":
            levels = [int.from_bytes(body[at + 4 : at + 6], "big") for at in range(2, len(body) - 5, 6)]
            self._components = [(0, max(1, math.ceil(math.log2(max(2, level))))) for level in levels]
        if len(self._components) == 1 and self._components[0][0] != _REPLACEMENT_PIXELS:
            self._components = []
        self.palette.simple(1)

    def plane(self, octets: bytes, *, last: bool) -> None:
        """One plane of a row, or, with `last`, the plane that ends it."""
        if not self.looks:
            return
        number = len(self._planes)
        self._octets_left -= len(octets)
        if number >= _MOST_PLANES or self._octets_left < 0:
            self.unknown = True
        elif self._components and self._components[min(number, len(self._components) - 1)][0]:
            self._component(octets, self._components[min(number, len(self._components) - 1)][0])
            self._planes.append(b"")
        elif self._method == _ADAPTIVE:
            self._adaptive(octets)
        elif self._method in DECODERS:
            self._planes.append(self._decoded(octets, number))
        else:
            self.unknown = True
        self._fresh = self._fresh or bool(octets)
        if last:
            # A row without any octet is white, or the row before once more.
            if self._fresh and any(self._planes):
                self._look(self._planes)
            self._planes, self._fresh = [], False

    def _component(self, octets: bytes, method: int) -> None:
        if method != _REPLACEMENT_PIXELS:
            return
        if self._pixels is None:
            self._pixels = PixelRows()
        self.colored = self._pixels.add(octets)
        self.unknown = not self._pixels.in_step
        self._pixels.in_step = True

    def _decoded(self, octets: bytes, number: int) -> bytes:
        seed = self._seeds[number] if number < len(self._seeds) else b""
        if octets:
            seed = DECODERS[self._method](octets, seed)
        elif self._method not in BY_SEED:
            seed = b""
        self._seeds[number : number + 1] = [seed]
        return seed

    def _adaptive(self, octets: bytes) -> None:
        rows = adaptive_rows(octets, self._seeds[0] if self._seeds else b"")
        if self._encoding in (0, 2) and self.palette.planes > 1:
            # The planes of a row come one behind the other in the block.
            for at in range(0, len(rows), self.palette.planes):
                self._look(rows[at : at + self.palette.planes])
        else:
            for row in rows:
                self._look([row])
        self._seeds = rows[-1:]

    def _look(self, planes: list[bytes]) -> None:
        if self._encoding == 3:
            self._settle(_PIXELS.chunky_colored(planes[-1]))
        elif self._encoding == 1:
            self._settle(self._index_colored(planes[-1]))
        elif self._components:
            self._look_at_inks(planes, [bits for _method, bits in self._components[1:4]], black=True)
        elif self._encoding == 0 and self.palette.starting in (RGB, CMY, KCMY):
            self._look_at_inks(planes, [1, 1, 1], black=self.palette.starting is not CMY)
        else:
            self._settle(self._planes_colored(planes))

    def _settle(self, colored: bool) -> None:
        if colored and self.palette.reliable:
            self.colored = True
        elif colored or not self.palette.reliable:
            self.unknown = True

    def _look_at_inks(self, planes: list[bytes], bits: list[int], *, black: bool) -> None:
        """Planes of three inks with some bits each, black before them; missing ones stay as they were."""
        planes = planes + self._unchanged(len(planes))
        first = len(planes) - sum(bits)
        if len(bits) != 3 or first < 0 or len(set(bits)) > 1:
            self.unknown = self.unknown or any(plane.strip(b"\0") for plane in planes[1:])
            return
        cover = planes[0] if first == 1 else b"" if black else None
        for bit in range(bits[0]):
            if self._dots.add([planes[first + ink * bits[0] + bit] for ink in range(3)], cover):
                self.colored = True

    def _unchanged(self, given: int) -> list[bytes]:
        """The planes that this row leaves out: of the row before, or empty ones."""
        expected = sum(bits for _method, bits in self._components) or self.palette.planes
        before = self._seeds[given:expected] if self._method in BY_SEED else []
        return before + [b""] * (expected - given - len(before))

    def _planes_colored(self, planes: list[bytes]) -> bool:
        """Whether any combination of planes is a colored entry of the palette."""
        size = max(len(plane) for plane in planes)
        bits = [int.from_bytes(plane.ljust(size, b"\0"), "big") for plane in planes]
        everything = (1 << 8 * size) - 1
        for index, color in enumerate(self.palette.colors[: 1 << len(planes)]):
            if not is_colored(color) or not index:
                continue
            here = everything
            for number, plane in enumerate(bits):
                here &= plane if index >> number & 1 else everything ^ plane
            if here:
                return True
        return False

    def _index_colored(self, row: bytes) -> bool:
        """Whether any pixel of 1, 2, 4 or 8 bits is a colored entry of the palette."""
        bits = self.palette.planes
        if bits not in (1, 2, 4, 8):
            return True
        mask = (1 << bits) - 1
        used = {octet >> shift & mask for octet in set(row) for shift in range(0, 8, bits)}
        return any(is_colored(self.palette.color_of(index)) for index in used)

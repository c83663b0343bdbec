# SPDX-License-Identifier: Apache-2.0
"""Palettes: which pen number, which combination of raster planes, is which color.

Simple color modes have fixed palettes (`ESC *r#U`), configured ones can be changed color by color. A color is
told by its red, green and blue, 0 to 255.
"""

from dataclasses import dataclass, field

from pagetoll.languages.pixels import TOLERANCE

Color = tuple[int, int, int]

WHITE, BLACK = (255, 255, 255), (0, 0, 0)
MONO = (WHITE, BLACK)
RGB = tuple((255 * (n & 1), 255 * (n >> 1 & 1), 255 * (n >> 2 & 1)) for n in range(8))
CMY = tuple((255 - red, 255 - green, 255 - blue) for red, green, blue in RGB)
KCMY = tuple(BLACK if n & 1 else CMY[n >> 1] for n in range(16))
PLOTTER = (WHITE, BLACK, (255, 0, 0), (0, 255, 0), (255, 255, 0), (0, 0, 255), (255, 0, 255), (0, 255, 255))
MOST_COLORS = 256
_MOST_PUSHED = 32


def is_colored(color: Color) -> bool:
    """Whether red, green and blue are so far apart that people see a color."""
    return max(color) - min(color) > TOLERANCE


@dataclass(slots=True)
class Palette:
    """The colors of the moment. `planes`: how many bits a raster pixel has; `reliable`: whether we know them all;
    `fixed`: the palettes of the simple modes cannot be changed color by color."""

    colors: list[Color] = field(default_factory=lambda: list(MONO))
    planes: int = 1
    reliable: bool = True
    fixed: bool = True
    starting: tuple[Color, ...] = MONO
    _primaries: list[int] = field(default_factory=lambda: [0, 0, 0])
    _pushed: list[tuple[list[Color], int, bool, bool]] = field(default_factory=list)

    def simple(self, mode: int) -> None:
        """`ESC *r#U`."""
        known = {1: (MONO, 1), -1: (MONO, 1), 3: (RGB, 3), -3: (CMY, 3), -4: (KCMY, 4), 4: (KCMY, 4)}
        self.starting, self.planes = known.get(mode, (MONO, 1))
        self.colors = list(self.starting)
        self.reliable, self.fixed = mode in known or mode == 0, True

    def configured(self, color_space: int, bits: int) -> None:
        """`ESC *v6W`: the first eight colors are the simple ones, further ones start black."""
        eight = CMY if color_space == 1 else RGB
        size = min(1 << min(bits, 8), MOST_COLORS)
        self.starting = MONO if size == 2 else eight[:size] + (BLACK,) * (size - 8)
        self.colors = list(self.starting)
        self.planes, self.fixed = bits, False
        # Other spaces than device colors, and more colors than a palette holds, need the printer's own tables.
        self.reliable = color_space in (0, 1) and bits <= 8

    def set_primary(self, number: int, value: int) -> None:
        """`ESC *v#A`, `#B`, `#C`: a part of the color that `assign` gives to a pen."""
        self._primaries[number] = max(0, min(255, value))

    def assign(self, pen: int) -> None:
        red, green, blue = self._primaries
        self.set_pen(pen, (red, green, blue))
        self._primaries = [0, 0, 0]

    def push_or_pop(self, which: int) -> None:
        """`ESC *p#P`: 0 keeps the palette, 1 takes the kept one back."""
        if which == 0 and len(self._pushed) < _MOST_PUSHED:
            self._pushed.append((list(self.colors), self.planes, self.reliable, self.fixed))
        elif which == 1 and self._pushed:
            self.colors, self.planes, self.reliable, self.fixed = self._pushed.pop()

    def take(self, colors: tuple[Color, ...]) -> None:
        """Pens that are there from the start and may be changed."""
        self.starting, self.fixed = colors, False
        self.default_pens()

    def default_pens(self) -> None:
        self.colors = list(self.starting)

    def set_pen(self, pen: int, color: Color) -> None:
        if 0 <= pen < len(self.colors) and not self.fixed:
            self.colors[pen] = color

    def color_of(self, pen: int) -> Color:
        """Pen numbers beyond the palette start again at pen 1."""
        if 0 <= pen < len(self.colors):
            return self.colors[pen]
        return self.colors[(pen - 1) % (len(self.colors) - 1) + 1]

    @property
    def has_color(self) -> bool:
        return any(is_colored(color) for color in self.colors)

# SPDX-License-Identifier: Apache-2.0
"""How much of each ink a page took, and whether that makes it a color page.

Ink numbers are those of ESC r: 0 black, 1 magenta, 2 cyan, 3 violet, 4 yellow, 5 red, 6 green. Grey that is
mixed of cyan, magenta and yellow is still grey: then the three inks fall on the same places in about equal
amounts. So the dots are counted in zones of the page, and a page is color when the inks differ by more than the
tolerance.
"""

from collections import defaultdict

from pagetoll.core.usage import ColorClass

TOLERANCE = 0.15
"""The part of the colored dots that may lie where the other two inks are missing, on a page that is grey."""
_QUARTERS = 4
_ZONE_ROWS = 32
_PRIMARIES = {1: (1,), 2: (2,), 3: (1, 2), 4: (4,), 5: (1, 4), 6: (2, 4), 7: (1, 2, 4)}


class Inks:
    """The dots of the page under way. A zone is a band of rows and a quarter of each image in it."""

    __slots__ = ("_height", "_row", "_zones")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._zones: dict[int, defaultdict[int, int]] = {}
        self._row = self._height = 0

    def move(self) -> None:
        """The paper moves: what is drawn next lies below."""
        self._row += self._height
        self._height = 0

    def skip(self, rows: int) -> None:
        """The paper moves by `rows` rows."""
        self.move()
        self._row += rows

    def rewind(self) -> None:
        """The paper goes back to the top for the next ink."""
        self._row = self._height = 0

    def draw(self, ink: int, image: bytes, rows: int) -> None:
        """Count the dots of `image`, which is `rows` rows high, in ink number `ink`."""
        self._height = max(self._height, rows)
        primaries = _PRIMARIES.get(ink & 7)
        if primaries is None:
            return
        zone = self._row // _ZONE_ROWS * _QUARTERS
        step = -(-len(image) // _QUARTERS) or 1
        for quarter, start in enumerate(range(0, len(image), step)):
            dots = int.from_bytes(image[start : start + step], "big").bit_count()
            for primary in primaries if dots else ():
                self._zones.setdefault(primary, defaultdict(int))[zone + quarter] += dots

    def color(self) -> ColorClass:
        if not self._zones:
            return ColorClass.MONO
        if len(self._zones) < len(_PRIMARIES[7]):
            return ColorClass.COLOR
        total = apart = 0
        for zone in set().union(*self._zones.values()):
            amounts = [dots[zone] for dots in self._zones.values()]
            total += sum(amounts)
            apart += sum(amounts) - len(amounts) * min(amounts)
        return ColorClass.COLOR if apart > total * TOLERANCE else ColorClass.MONO

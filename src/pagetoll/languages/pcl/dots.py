# SPDX-License-Identifier: Apache-2.0
"""Are dots of three inks grey or colored? Drivers spread each ink's dots on its own, so equal inks rarely meet.

Dots are added up in cells of 8 dots by some 30 rows: a cell is colored when two inks differ by more than the
tolerance for pixels. Lines too thin for that show as eight dots of one ink beside none of another. Where there
is no black ink, drivers mix it with less of the strongest ink: there grey may be uneven.
"""

from pagetoll.languages.pixels import TOLERANCE, rgb_is_colored

_DOTS = bytes(octet.bit_count() for octet in range(256))
_ROWS = 31
"""Eight dots in each of 31 rows still fit into an octet of their own."""
_EVEN_ENOUGH = 0.7
"""A grey mixed of three inks has at least this much of the weakest ink, by the strongest one."""


class Dots:
    """Cells of the rows of the moment."""

    def __init__(self) -> None:
        self._inks = [0, 0, 0]
        self._octets = 0
        self._rows = 0
        self._mixes_black = False

    def add(self, inks: list[bytes], black: bytes | None) -> bool:
        """A row of three inks (dots under black do not show); whether the page is now known to be colored.

        `black` is None where the machine has no such ink.
        """
        self._mixes_black = black is None
        size = max(len(ink) for ink in inks)
        if not size:
            return False
        rows = [ink.ljust(size, b"\0") for ink in inks]
        if rows[0] == rows[1] == rows[2]:
            return self._sum(rows, size)
        if black is not None and black.strip(b"\0"):
            shown = ~int.from_bytes(black[:size].ljust(size, b"\0"), "big")
            full = (1 << 8 * size) - 1
            rows = [(int.from_bytes(row, "big") & shown & full).to_bytes(size, "big") for row in rows]
        if not self._mixes_black and any(255 in cell and 0 in cell for cell in set(zip(*rows, strict=True))):
            return True
        return self._sum(rows, size)

    def finish(self) -> bool:
        """Whether the rows since the last cells are colored; starts new cells."""
        size = self._octets
        inks = [ink.to_bytes(size + 1, "little") for ink in self._inks] if self._rows else [b"", b"", b""]
        self._inks, self._octets, self._rows = [0, 0, 0], 0, 0
        if not rgb_is_colored(*inks):
            return False
        if not self._mixes_black:
            return True
        cells = set(zip(*inks, strict=True))
        return any(max(cell) - min(cell) > TOLERANCE and min(cell) < _EVEN_ENOUGH * max(cell) for cell in cells)

    def _sum(self, rows: list[bytes], size: int) -> bool:
        self._octets = max(self._octets, size)
        self._rows += 1
        for number, row in enumerate(rows):
            self._inks[number] += int.from_bytes(row.translate(_DOTS), "little")
        return self._rows >= _ROWS and self.finish()

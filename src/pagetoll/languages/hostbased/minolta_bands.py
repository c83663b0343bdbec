# SPDX-License-Identifier: Apache-2.0
"""The color of a page from the halftoned bands of a Minolta color device.

    line: 80, then codes until the line is full        (learned from jobs of an open driver)
    code: 00..7F  code+1 octets follow as they are     80..BF  the next octet, code-80 times
          C0..FF  the next octet, (code-C0) x 64 times

These devices mix black of all four inks, each with a halftone of its own, so single dots say nothing: the
amounts of ink in small fields are compared. Ink 0 is black.
"""

from dataclasses import dataclass, field

from pagetoll.core.usage import ColorClass

_LINE_STARTS = 0x80
_FIELD_OCTETS = 24
_FIELD_LINES = 8
_TOLERANCE = 0.12
_BLACK = 0
_INKS = 4
MOST_OCTETS_A_PAGE = 4 * 1024 * 1024
_MOST_UNPACKED_OCTETS = 64 * 1024 * 1024
_LONGEST_LINE_OCTETS = 16 * 1024


@dataclass(slots=True)
class BandColors:
    """The bands of one page by ink. `line_octets` is what each line unpacks to."""

    line_octets: int
    _bands: dict[int, list[bytes]] = field(default_factory=dict)
    _octets: int = 0

    def add(self, ink: int, octets: bytes) -> None:
        self._octets += len(octets)
        if self._octets <= MOST_OCTETS_A_PAGE:
            self._bands.setdefault(ink, []).append(octets)

    @property
    def color(self) -> ColorClass:
        """UNKNOWN for what is no four inks, or too much to look at."""
        if len(self._bands) == 1:
            return ColorClass.MONO
        if sorted(self._bands) != list(range(_INKS)) or self._octets > MOST_OCTETS_A_PAGE:
            return ColorClass.UNKNOWN
        if not 0 < self.line_octets <= _LONGEST_LINE_OCTETS:
            return ColorClass.UNKNOWN
        most_lines = _MOST_UNPACKED_OCTETS // self.line_octets
        for bands in zip(*(self._bands[ink] for ink in range(_INKS)), strict=False):
            if len(set(bands)) == 1:
                continue
            inks = [_lines(band, self.line_octets, most_lines) for band in bands]
            if any(lines is None for lines in inks):
                return ColorClass.UNKNOWN
            most_lines -= sum(len(lines) for lines in inks if lines is not None)
            if _is_colored([lines for lines in inks if lines is not None], self.line_octets):
                return ColorClass.COLOR
        return ColorClass.MONO


def _lines(band: bytes, line_octets: int, most_lines: int) -> list[bytes] | None:
    """The lines of a band unpacked; None where they are not coded like this, or too many."""
    found: list[bytes] = []
    position, size = 0, len(band)
    while position < size:
        if band[position] != _LINE_STARTS or len(found) >= most_lines:
            return None
        position += 1
        pieces: list[bytes] = []
        octets = 0
        while octets < line_octets and position + 1 < size:
            code = band[position]
            if code < 0x80:
                piece = band[position + 1 : position + 2 + code]
                position += 2 + code
            else:
                times = (code & 0x3F) * (64 if code >= 0xC0 else 1)
                piece = band[position + 1 : position + 2] * times
                position += 2
            pieces.append(piece)
            octets += len(piece)
        if octets != line_octets:
            return None
        found.append(b"".join(pieces))
    return found


def _is_colored(inks: list[list[bytes]], line_octets: int) -> bool:
    lines = min(len(found) for found in inks)
    for first in range(0, lines, _FIELD_LINES):
        groups = [found[first : first + _FIELD_LINES] for found in inks]
        if not any(any(line) for group in groups[1:] for line in group):
            continue
        for start in range(0, line_octets, _FIELD_OCTETS):
            amounts = [_amount(group, start) for group in groups]
            seen = [min(1.0, amount + amounts[_BLACK]) for amount in amounts[1:]]
            if max(seen) - min(seen) > _TOLERANCE:
                return True
    return False


def _amount(group: list[bytes], start: int) -> float:
    """How much of a field is inked, 0 to 1."""
    octets = b"".join([line[start : start + _FIELD_OCTETS] for line in group])
    return int.from_bytes(octets, "little").bit_count() / (8 * len(octets)) if octets else 0.0

# SPDX-License-Identifier: Apache-2.0
"""A path of PCL XL in whole pixels: rings of columns and rows in turn, curves as lines."""

import struct
from typing import TYPE_CHECKING

import numpy

from pagetoll.languages.coverage.bitmap_letters import NotPaintable, Numbers
from pagetoll.languages.coverage.ink_layers import Box

if TYPE_CHECKING:
    import re

Attributes = dict[int, tuple[int, bytes]]
"""Name -> tag and octets of the value."""
NEW_PATH = 0x85
_LINES, _LINES_ON, _CURVES, _CURVES_ON = 0x9B, 0x9D, 0x93, 0x95
DRAWN = frozenset([_LINES, _LINES_ON, _CURVES, _CURVES_ON])
"""Operators that make a path longer."""
POINT, NUMBER_OF_POINTS = 0x4C, 0x4D
_END_POINT, _POINT_TYPE = 0x45, 0x50
_POINT_FORMAT = struct.Struct("<2h")
_TYPES = (("B", 1), ("b", 1), ("H", 2), ("h", 2))
_CURVE_STEPS = 8

Ring = list[int]
"""Columns and rows in turn."""


class Path:
    """The path that is being drawn. Methods raise NotPaintable, LookupError and struct.error for wrong data."""

    def __init__(self) -> None:
        self._rings: list[Ring] = []
        self._moved = False
        self.cursor = bytes(4)

    def clear(self) -> None:
        """Begin a new one where the cursor is."""
        self._rings = []

    def move(self, cursor: bytes) -> None:
        """`cursor`: two numbers of two octets."""
        self.cursor = cursor
        self._moved = True

    def rings(self) -> list[Ring]:
        """Those of more than one point."""
        return [ring for ring in self._rings if len(ring) > 2]

    def take(self, phrase: "re.Match[bytes]", buffer: bytes) -> int:
        """Begin a new path of one ring of lines, of which `phrase` is all but the points. Returns where it ended, 0
        when it is not all there."""
        start, points, kind, operator, octets = phrase.group("start", "points", "kind", "operator", "octets")
        number, first, (letter, size) = 2 * points[0], phrase.end(), _TYPES[kind[0]]
        last = first + octets[0]
        if octets[0] != number * size or last > len(buffer):
            return 0
        self.move(start)
        self.clear()
        self._lines(operator[0], struct.unpack_from(f"<{number}{letter}", buffer, first))
        return last

    def extend(self, operator: int, attributes: Attributes, data: bytes) -> None:
        """By lines or curves; `data`: their points, empty where an attribute has the only one."""
        places = _points(attributes, data) if data else _POINT_FORMAT.unpack(attributes[_END_POINT][1])
        if operator in (_LINES, _LINES_ON):
            self._lines(operator, places)
        else:
            self._curves(operator, places)

    def _ring(self) -> Ring:
        if self._moved:
            self._moved = False
            self._rings.append([*_POINT_FORMAT.unpack(self.cursor)])
        return self._rings[-1]

    def _lines(self, operator: int, places: tuple[int, ...]) -> None:
        ring = self._ring()
        if operator == _LINES:
            ring += places
            return
        for offset in places:
            ring.append(ring[-2] + offset)

    def _curves(self, operator: int, places: tuple[int, ...]) -> None:
        ring = self._ring()
        curves = numpy.array(places).reshape(-1, 3, 2)
        if operator == _CURVES_ON:  # each is relative to the end of the one before it
            starts = numpy.cumsum(curves[:, 2], axis=0) - curves[:, 2] + ring[-2:]
            curves = curves + starts[:, None]
        ring += _bent(numpy.array(ring[-2:]), curves).reshape(-1).tolist()


def _bent(start: Numbers, curves: Numbers) -> Numbers:
    """Points along curves, each given by two middle points and an end."""
    ends = curves[:, 2]
    starts = numpy.concatenate([start[None], ends[:-1]])
    along = (numpy.arange(1, _CURVE_STEPS + 1) / _CURVE_STEPS)[:, None]
    back = 1 - along
    first, second = curves[:, None, 0], curves[:, None, 1]
    bent = back**3 * starts[:, None] + 3 * back**2 * along * first + 3 * back * along**2 * second
    points: Numbers = numpy.rint(bent + along**3 * ends[:, None]).astype(numpy.int64)
    return points


def _points(attributes: Attributes, data: bytes) -> tuple[int, ...]:
    """Columns and rows in turn."""
    kind, octets = _TYPES[int.from_bytes(attributes[_POINT_TYPE][1], "little")]
    number = 2 * int.from_bytes(attributes[NUMBER_OF_POINTS][1], "little")
    if len(data) != number * octets:
        raise NotPaintable
    return struct.unpack(f"<{number}{kind}", data)


def as_box(ring: Ring) -> Box | None:
    """A ring of four corners, or of five with the first one twice, that is a box."""
    if len(ring) == 10 and ring[8:] == ring[:2]:
        ring = ring[:8]
    if len(ring) != 8:
        return None
    a, b, c, d, e, f, g, h = ring
    if (a == c and d == f and e == g and h == b) or (b == d and c == e and f == h and g == a):
        return min(a, e), min(b, f), max(a, e), max(b, f)
    return None

# SPDX-License-Identifier: Apache-2.0
"""QPDL or SPL2 (Samsung, Xerox and Dell lasers). Numbers are big-endian.

    00 page: 16 octets       y-dpi/100, u16 copies, paper, u16 width, u16 height, source, 0, duplex, tumble, 0,
                             version, 0, x-dpi/100
    0C band: number, u16 width, u16 height, then     mono:  compression, u32 octets, data
                                                     color: plane, compression, u32 octets, data
                                                     color, version 1: the last for each plane, then 00
    13 JBIG header: u32 octets, data
    01 page end: u16 copies  |  09 job end

A drawn band starts with a magic number in either byte order, which tells mono from color. Drivers set the
duplex octet in one-sided jobs too: sides are what PJL says.
"""

import re
from typing import TYPE_CHECKING

from pagetoll.languages.hostbased import records
from pagetoll.languages.hostbased.planes import Inks, jbig_is_blank
from pagetoll.languages.parsed import ANY_SIZE, Context, Parsed, Run, as_far_as_time_allows
from pagetoll.languages.universal_exit import UNIVERSAL_EXIT

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_PAGE, _PAGE_END, _JOB_END, _BAND, _JBIG_HEADER = 0x00, 0x01, 0x09, 0x0C, 0x13
_MAGIC = re.compile(rb"[\x09\x19\x29\x39\x49]\xab\xcd\xef|\xef\xcd\xab[\x09\x19\x29\x39\x49]")
_JBIG_IN_BANDS, _JBIG_BARE = 0x13, 0x15
_BLACK = 4
_CHECKSUM_OCTETS = 4
_BAND_HEADER_OCTETS = 32
_FIRST_BAND = 20
"""Of a band in JBIG: whether it holds the JBIG header only stands here."""

PAPER_POINTS: dict[int, tuple[float, float]] = {
    0: (612.0, 792.0),
    1: (612.0, 1008.0),
    2: (595.0, 842.0),
    3: (522.0, 756.0),
    4: (792.0, 1224.0),
    5: (842.0, 1191.0),
    6: (297.0, 684.0),
    7: (279.0, 540.0),
    8: (459.0, 649.0),
    9: (312.0, 624.0),
    16: (420.0, 595.0),
    17: (298.0, 420.0),
}


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count a QPDL document. Raises MalformedDocument or TruncatedDocument when no page is complete."""
    walk = _Walk(data, end, context)
    return as_far_as_time_allows(lambda parsed: walk.run(parsed, start), Parsed("qpdl"), end)


class _Walk:
    """One walk over the records of a job."""

    def __init__(self, data: "Buffer", end: int, context: Context) -> None:
        self._data = data
        self._end = end
        self._context = context
        self._inks: Inks | None = None
        self._copies = 1
        self._media = ANY_SIZE
        self._version = 0

    def run(self, parsed: Parsed, position: int) -> Parsed:
        data, end = self._data, self._end
        steps = 0
        while position < end:
            kind = data[position]
            after = self._after(kind, position)
            if after < 0:
                return records.lost(parsed, data, position, end)
            if after > end:
                return records.cut_off(parsed, end)
            if kind == _PAGE:
                self._begin(position)
            elif kind == _PAGE_END and self._inks is not None:
                stated = records.number(data[position + 1 : position + 3])
                run = Run(1, max(1, stated or self._copies), color=self._inks.color, media_points=self._media)
                self._inks = None
                if not records.keep(parsed, run, after, self._context):
                    return parsed
            position = after
            steps += 1
            if not steps % records.RECORDS_BETWEEN_CHECKS:
                self._context.guard.check(position)
            if kind == _JOB_END or data[position : position + 9] == UNIVERSAL_EXIT:
                parsed.end = position
                return records.cut_off(parsed, position) if self._inks is not None else parsed
        return records.cut_off(parsed, end)

    def _begin(self, position: int) -> None:
        self._inks = Inks(_BLACK, numbered=True)
        self._copies = records.number(self._data[position + 2 : position + 4])
        self._media = PAPER_POINTS.get(self._data[position + 4], ANY_SIZE)
        self._version = self._data[position + 14]

    def _after(self, kind: int, position: int) -> int:
        """Where the record ends; -1 where no record can be, more than the end where it is cut off."""
        if kind == _PAGE:
            return position + 17
        if kind == _PAGE_END:
            return position + 3
        if kind == _JOB_END:
            return position + 1
        if kind == _JBIG_HEADER:
            return position + 5 + records.number(self._data[position + 1 : position + 5])
        if kind == _BAND and self._inks is not None:
            return self._band(self._inks, position)
        return -1

    def _band(self, inks: Inks, position: int) -> int:
        data = self._data
        if position + 16 > self._end:
            return self._end + 1
        if self._has_plane_octet(position):
            after = self._plane(inks, position + 6)
            if self._version == 1 and data[position + 7] != _JBIG_BARE:
                while after < self._end and 0 < data[after] <= _BLACK:
                    after = self._plane(inks, after)
                return after + 1
            return after
        octets = records.number(data[position + 7 : position + 11])
        inks.add(_BLACK, b"", blank=False)
        return position + 11 + octets

    def _has_plane_octet(self, position: int) -> bool:
        data = self._data
        if _MAGIC.match(data, position + 11):
            return False
        known = _MAGIC.match(data, position + 12) is not None or data[position + 7] == _JBIG_BARE
        return known and data[position + 6] <= _BLACK

    def _plane(self, inks: Inks, position: int) -> int:
        """One plane of a band, from its plane octet on; where it ends."""
        data = self._data
        if position + 6 > self._end:
            return self._end + 1
        ink, compression = data[position], data[position + 1]
        octets = records.number(data[position + 2 : position + 6])
        body = position + 6
        after = body + octets
        if after > self._end:
            return self._end + 1
        jbig = compression == _JBIG_IN_BANDS
        first = body + _BAND_HEADER_OCTETS if jbig else body
        plane = data[first : after - _CHECKSUM_OCTETS]
        if not (jbig and len(plane) == _FIRST_BAND):
            known = jbig or compression == _JBIG_BARE
            inks.add(ink, plane, blank=inks.is_marked(ink) or (known and jbig_is_blank(plane)))
        return after

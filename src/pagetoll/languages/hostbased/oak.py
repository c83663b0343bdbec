# SPDX-License-Identifier: Apache-2.0
"""OAKT (HP Color LaserJet 1500, Kyocera FS-1020). Everything is little-endian.

    "OAKT" | u32 octets (these 12 included) | u32 type | payload

    type 14 page begins   2A copies, sides   2B paper   32, 33 sizes of the planes   3C a band of one plane
         18 page ends     0B document ends                                            (ids hexadecimal)

Behind a band record stands its JBIG data: u32 octets at 20, u32 padded octets at 24, u32 plane at 30.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pagetoll.core.usage import Duplex
from pagetoll.languages.hostbased import records
from pagetoll.languages.hostbased.planes import Inks, jbig_is_blank
from pagetoll.languages.parsed import ANY_SIZE, Context, Parsed, Run, as_far_as_time_allows

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

MAGIC = b"OAKT"
_PAGE, _PAGE_END, _DOCUMENT_END, _COPIES, _PAPER, _BAND = 0x14, 0x18, 0x0B, 0x2A, 0x2B, 0x3C
_BLACK = 3
_BAND_OCTETS = 0x34


@dataclass(slots=True)
class _Page:
    inks: Inks
    copies: int | None = None
    duplex: Duplex = Duplex.UNSTATED
    media: tuple[float, float] = ANY_SIZE


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count an OAKT document. Raises MalformedDocument or TruncatedDocument when no page is complete."""
    return as_far_as_time_allows(lambda parsed: _walk(parsed, data, start, end, context), Parsed("oak"), end)


def _walk(parsed: Parsed, data: "Buffer", position: int, end: int, context: Context) -> Parsed:
    page: _Page | None = None
    steps = 0
    while position < end:
        octets = records.number(data[position + 4 : position + 8], "<")
        if position + 12 > end:
            return records.cut_off(parsed, end)
        if data[position : position + 4] != MAGIC or octets < 12:
            return records.lost(parsed, data, position, end)
        kind = records.number(data[position + 8 : position + 12], "<")
        if kind == _BAND and octets >= _BAND_OCTETS:
            octets += records.number(data[position + 0x24 : position + 0x28], "<")
        if position + octets > end:
            return records.cut_off(parsed, end)
        if kind == _PAGE:
            page = _Page(Inks(_BLACK))
        elif kind == _PAGE_END and page is not None:
            run = Run(1, page.copies, page.duplex, page.inks.color, page.media, page.inks.blank)
            page = None
            if not records.keep(parsed, run, position + octets, context):
                return parsed
        elif page is not None:
            _inside(page, data, kind, position)
        position += octets
        steps += 1
        if not steps % records.RECORDS_BETWEEN_CHECKS:
            context.guard.check(position)
        if kind == _DOCUMENT_END:
            parsed.end = position
            return records.cut_off(parsed, position) if page is not None else parsed
    return records.cut_off(parsed, end)


def _inside(page: _Page, data: "Buffer", kind: int, position: int) -> None:
    """Obey a record of a page."""
    first = records.number(data[position + 12 : position + 16], "<")
    if kind == _COPIES:
        page.copies = max(1, first)
        sides = records.number(data[position + 16 : position + 20], "<")
        page.duplex = records.SIDES_FROM_ZERO.get(sides, Duplex.UNSTATED)
    elif kind == _PAPER:
        page.media = records.DMPAPER_POINTS.get(first, ANY_SIZE)
    elif kind == _BAND:
        body = position + records.number(data[position + 4 : position + 8], "<")
        octets = data[body : body + records.number(data[position + 0x20 : position + 0x24], "<")]
        plane = records.number(data[position + 0x30 : position + 0x34], "<")
        page.inks.add(plane, octets, blank=page.inks.is_marked(plane) or jbig_is_blank(octets))

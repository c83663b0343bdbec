# SPDX-License-Identifier: Apache-2.0
"""ZjStream (HP LaserJet 10xx, CP1215, Minolta) and SLX (Lexmark C500).

    magic | record | record | ...
    record:  u32 octets (these 16 included) | u32 type | u32 items | u16 reserved | u16 signature | items | data
    item:    u32 octets (these 8 included) | u16 id | u8 type | u8 | value

    type 0 document   2 page   4 plane (JBIG header)   5 plane data   6 plane end   12 band   3 page end   1 end

`JZJZ` is big-endian, `ZJZJ` little-endian. The two languages differ in the signature and the ids of the items.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pagetoll.core.errors import MalformedDocument
from pagetoll.core.usage import Duplex
from pagetoll.languages.hostbased import records
from pagetoll.languages.hostbased.planes import Inks, jbig_is_blank
from pagetoll.languages.parsed import ANY_SIZE, Context, Parsed, Run, as_far_as_time_allows

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

HEADER_OCTETS = 16
MOST_ITEMS = 1000
START_DOCUMENT, END_DOCUMENT, START_PAGE, END_PAGE, START_PLANE, PLANE_DATA, BAND = 0, 1, 2, 3, 4, 5, 12
_ITEM_DUPLEX, _ITEM_QUANTITY, _ITEM_PLANE = 2, 15, 20
_BLACK = 4


@dataclass(frozen=True, slots=True)
class _Dialect:
    """`planes`: the inks in the order in which they come where the plane does not say which it is."""

    name: str
    order: str
    signature: int
    copies: int
    paper: int
    planes: tuple[int, ...]
    sizes: dict[int, tuple[float, float]]


_SLX_POINTS = {1: (612.0, 792.0), 2: (595.0, 842.0), 3: (612.0, 1008.0)}
_DIALECTS = {
    b"JZJZ": _Dialect("zjstream", ">", 0x5A5A, 4, 3, (1, 2, 3, _BLACK), records.DMPAPER_POINTS),
    b"ZJZJ": _Dialect("zjstream", "<", 0x5A5A, 4, 3, (1, 2, 3, _BLACK), records.DMPAPER_POINTS),
    b"\xa5SLX": _Dialect("slx", ">", 0xA5A5, 0x101, 0x100, (_BLACK, 1, 2, 3), _SLX_POINTS),
}


@dataclass(slots=True)
class _Page:
    inks: Inks
    copies: int | None
    duplex: Duplex
    media: tuple[float, float]
    plane: int = 0
    planes_begun: int = 0


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count a ZjStream or SLX document. Raises MalformedDocument or TruncatedDocument when no page is complete."""
    dialect = _DIALECTS.get(bytes(data[start : start + 4]))
    if dialect is None:
        raise MalformedDocument("ZjStream was announced, but this is something else; check the driver", start)
    walk = _Walk(data, end, context, dialect)
    return as_far_as_time_allows(lambda parsed: walk.run(parsed, start + 4), Parsed(dialect.name), end)


class _Walk:
    """One walk over the records of a document."""

    def __init__(self, data: "Buffer", end: int, context: Context, dialect: _Dialect) -> None:
        self._data = data
        self._end = end
        self._context = context
        self._dialect = dialect
        self._duplex = Duplex.UNSTATED
        self._quantity = 1
        self._page: _Page | None = None

    def run(self, parsed: Parsed, position: int) -> Parsed:
        data, end = self._data, self._end
        steps = 0
        while position < end:
            if position + HEADER_OCTETS > end:
                return records.cut_off(parsed, end)
            octets = self._number(position, 4)
            signature = self._number(position + 14, 2)
            if octets < HEADER_OCTETS or signature != self._dialect.signature:
                return records.lost(parsed, data, position, end)
            if position + octets > end:
                return records.cut_off(parsed, end)
            kind = self._number(position + 4, 4)
            if not self._record(parsed, kind, position, position + octets):
                return parsed
            position += octets
            if kind == END_DOCUMENT:
                break
            steps += 1
            if not steps % records.RECORDS_BETWEEN_CHECKS:
                self._context.guard.check(position)
        else:
            parsed.note("truncated", end)
        if self._page is not None:
            return records.cut_off(parsed, position)
        parsed.end = position
        return parsed

    def _number(self, position: int, octets: int) -> int:
        return records.number(self._data[position : position + octets], self._dialect.order)

    def _record(self, parsed: Parsed, kind: int, position: int, record_end: int) -> bool:
        """Obey one record. False: a limit was reached."""
        if kind == START_DOCUMENT:
            items, _rest = self._items(position, record_end)
            self._duplex = records.SIDES_FROM_ONE.get(items.get(_ITEM_DUPLEX, 0), Duplex.UNSTATED)
            if self._dialect.name == "zjstream":
                self._quantity = max(1, items.get(_ITEM_QUANTITY, 1))
        elif kind == START_PAGE:
            items, _rest = self._items(position, record_end)
            self._page = self._start_page(items)
        elif kind in (START_PLANE, PLANE_DATA, BAND) and self._page is not None:
            self._plane(self._page, kind, position, record_end)
        elif kind == END_PAGE and self._page is not None:
            page, self._page = self._page, None
            run = Run(1, page.copies, page.duplex, page.inks.color, page.media, page.inks.blank)
            return records.keep(parsed, run, record_end, self._context)
        return True

    def _start_page(self, items: dict[int, int]) -> _Page:
        dialect = self._dialect
        copies = items.get(dialect.copies)
        duplex = self._duplex
        quantity = self._quantity
        if dialect.name == "zjstream":
            # Some devices have the sides and the quantity in each page instead.
            duplex = records.SIDES_FROM_ONE.get(items.get(_ITEM_DUPLEX, 0), duplex)
            quantity = max(quantity, items.get(_ITEM_QUANTITY, 1))
        if copies is not None or quantity > 1:
            copies = max(1, copies or 1)
            # Both numbers above one and equal are one wish written twice.
            copies = copies if copies == quantity else copies * quantity
        media = dialect.sizes.get(items.get(dialect.paper, -1), ANY_SIZE)
        return _Page(Inks(_BLACK), copies, duplex, media)

    def _plane(self, page: _Page, kind: int, position: int, record_end: int) -> None:
        items, rest = self._items(position, record_end)
        if kind == START_PLANE:
            in_turn = self._dialect.planes[page.planes_begun % 4]
            page.plane = items.get(_ITEM_PLANE, in_turn)
            page.planes_begun += 1
            return
        if kind == BAND:
            page.plane = items.get(_ITEM_PLANE, page.plane)
        octets = self._data[rest:record_end]
        blank = page.inks.is_marked(page.plane) or jbig_is_blank(octets)
        page.inks.add(page.plane, octets, blank=blank)

    def _items(self, position: int, record_end: int) -> tuple[dict[int, int], int]:
        """The numbers among the items of a record, and where its data starts."""
        found: dict[int, int] = {}
        at = position + HEADER_OCTETS
        for _item in range(min(MOST_ITEMS, self._number(position + 8, 4))):
            octets = self._number(at, 4)
            if octets < 8 or at + octets > record_end:
                break
            if octets == 12:
                found[self._number(at + 4, 2)] = self._number(at + 8, 4)
            at += octets
        return found, at

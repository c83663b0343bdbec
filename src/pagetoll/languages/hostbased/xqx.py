# SPDX-License-Identifier: Apache-2.0
"""XQX (HP LaserJet P1005, P1505 and their kin). Everything is big-endian.

``,XQX`` and then records: u32 type, u32 n, and

    type 1 document, 3 page, 5 plane   n items, each  u32 id | u32 octets | value
    type 7 data                        n octets
    type 2, 4, 6                       the end of each

An open driver starts the last back side of a two-sided job with type 2 and the items of a page, in place of
the blank back that it added to fill the last sheet. It is not counted: the job has as many pages as before.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pagetoll.core.errors import MalformedDocument
from pagetoll.core.usage import ColorClass, Duplex
from pagetoll.languages.hostbased import records
from pagetoll.languages.hostbased.planes import jbig_is_blank
from pagetoll.languages.parsed import ANY_SIZE, Context, Parsed, Run, as_far_as_time_allows

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

MAGIC = b",XQX"
_DOCUMENT, _END_DOCUMENT, _PAGE, _END_PAGE, _PLANE, _END_PLANE, _DATA = 1, 2, 3, 4, 5, 6, 7
_WITH_ITEMS = (_DOCUMENT, _END_DOCUMENT, _PAGE, _PLANE)
_DUPLEX, _PAPER, _COPIES = 0x10000002, 0x20000001, 0x20000005
_MOST_ITEMS = 1000
Items = dict[int, int]


@dataclass(slots=True)
class _State:
    duplex: Duplex = Duplex.UNSTATED
    page: Items | None = None
    blank: bool = True

    def start(self, kind: int, items: Items) -> None:
        if kind == _DOCUMENT:
            self.duplex = records.SIDES_FROM_ONE.get(items.get(_DUPLEX, 0), Duplex.UNSTATED)
        elif kind == _PAGE:
            self.page, self.blank = items, True

    def take(self) -> Run | None:
        """The page that ends here, if one was begun."""
        page, self.page = self.page, None
        if page is None:
            return None
        copies = max(1, page[_COPIES]) if _COPIES in page else None
        media = records.DMPAPER_POINTS.get(page.get(_PAPER, -1), ANY_SIZE)
        return Run(1, copies, self.duplex, ColorClass.MONO, media, self.blank or None)


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count an XQX document. Raises MalformedDocument or TruncatedDocument when no page is complete."""
    if data[start : start + 4] != MAGIC:
        raise MalformedDocument("XQX was announced, but this is something else; check the driver", start)
    return as_far_as_time_allows(lambda parsed: _walk(parsed, data, start + 4, end, context), Parsed("xqx"), end)


def _walk(parsed: Parsed, data: "Buffer", position: int, end: int, context: Context) -> Parsed:
    state = _State()
    steps = 0
    while position + 8 <= end:
        kind = records.number(data[position : position + 4])
        amount = records.number(data[position + 4 : position + 8])
        after = _after(data, position + 8, end, kind, amount, state)
        if after < 0:
            return records.lost(parsed, data, position, end)
        if after > end:
            return records.cut_off(parsed, end)
        position = after
        if kind == _END_PAGE:
            run = state.take()
            if run is not None and not records.keep(parsed, run, position, context):
                return parsed
        elif kind == _END_DOCUMENT and not amount:
            parsed.end = position
            return records.cut_off(parsed, position) if state.page is not None or not parsed.input_pages else parsed
        steps += 1
        if not steps % records.RECORDS_BETWEEN_CHECKS:
            context.guard.check(position)
    return records.cut_off(parsed, end)


def _after(data: "Buffer", position: int, end: int, kind: int, amount: int, state: _State) -> int:
    """Obey a record whose body starts at `position`. Where it ends; -1 for what cannot be."""
    if kind in _WITH_ITEMS:
        if amount > _MOST_ITEMS:
            return -1
        items, position = _items(data, position, end, amount)
        state.start(kind, items)
        return position
    if kind == _DATA:
        if state.blank and position + amount <= end:
            state.blank = jbig_is_blank(data[position : position + amount])
        return position + amount
    return position if kind in (_END_PAGE, _END_PLANE) else -1


def _items(data: "Buffer", position: int, end: int, amount: int) -> tuple[Items, int]:
    """The items with four octets, and where they all end (more than `end` when they are cut off)."""
    found: Items = {}
    for _item in range(amount):
        octets = records.number(data[position + 4 : position + 8])
        if position + 8 + octets > end:
            return found, end + 1
        if octets == 4:
            name = records.number(data[position : position + 4])
            found[name] = records.number(data[position + 8 : position + 12])
        position += 8 + octets
    return found, position

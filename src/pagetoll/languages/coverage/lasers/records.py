# SPDX-License-Identifier: Apache-2.0
"""The images in languages of records: ZjStream, SLX and XQX (their grammars: `pagetoll.languages.hostbased`).

The documents were walked before, so records are where they are said to be; one that is not ends the walk.
"""

import re
from collections.abc import Iterator

from pagetoll.languages.coverage.lasers.images import BLACK, CYAN, MAGENTA, YELLOW, Image, LaserPage
from pagetoll.languages.hostbased.records import number
from pagetoll.languages.limits import Guard

_NUMBERED = {1: CYAN, 2: MAGENTA, 3: YELLOW, 4: BLACK}
_BIG_ENDIAN = (b"JZJZ", b"\xa5SLX")
_START_PAGE, _END_PAGE, _START_PLANE, _DATA, _BAND = 2, 3, 4, 5, 12
_PLANE, _BITS, _ACROSS, _DOWN, _BAND_HEADER = 20, 16, 8, 9, 102
_SLX_ACROSS, _SLX_DOWN = 261, 262
_STRIPE_ENDS = (b"\xff\x02", b"\xff\x03")
_PADDING = re.compile(rb"(?<=\xff[\x02\x03])\0{1,15}\Z")
"""Behind the stripe that fills the record of a band."""


def zjstream(octets: bytes, guard: Guard) -> Iterator[LaserPage]:
    """The pages of ZjStream and SLX."""
    order = ">" if octets[:4] in _BIG_ENDIAN else "<"
    slx = octets[:4] == _BIG_ENDIAN[1]
    in_turn = (BLACK, CYAN, MAGENTA, YELLOW) if slx else (CYAN, MAGENTA, YELLOW, BLACK)
    page: LaserPage | None = None
    position = 4
    while position + 16 <= len(octets) and not guard.expired():
        length, kind = (number(octets[position + at : position + at + 4], order) for at in (0, 4))
        if length < 16:
            return
        items, at = _items(octets[position : position + length], order)
        data = octets[position + at : position + length]
        position += length
        if kind == _START_PAGE:
            page = LaserPage(dots_per_inch=_zj_resolution(items, order, slx=slx))
        elif kind == _END_PAGE and page is not None:
            yield page.alone_is_black()
            page = None
        elif page is not None and kind == _START_PLANE:
            ink = _NUMBERED.get(number(items.get(_PLANE, b""), order), in_turn[len(page.images) % 4])
            page.add(Image(ink, data[:20]))
        elif page is not None and kind == _DATA:
            if page.images:
                page.images[-1].chunks.append(data)
        elif page is not None and kind == _BAND:
            _band(page, items, data, order)


def _band(page: LaserPage, items: dict[int, bytes], data: bytes, order: str) -> None:
    """A record of one plane: the first of a plane has the header. Where that states one stripe, each record is
    an image of its own, with all codes begun anew."""
    ink = _NUMBERED.get(number(items.get(_PLANE, b""), order), BLACK)
    if _BAND_HEADER in items:
        page.add(Image(ink, items[_BAND_HEADER][4:24]))
    image = next((image for image in reversed(page.images) if image.ink == ink), None)
    if image is None:
        page.readable = False
        return
    if not data:
        return
    if image.chunks and image.chunks[-1].endswith(_STRIPE_ENDS) and image.has_one_stripe:
        image = Image(ink, image.header)
        page.add(image)
    image.chunks.append(_PADDING.sub(b"", data))


def _zj_resolution(items: dict[int, bytes], order: str, *, slx: bool) -> tuple[int, int]:
    names = (_SLX_ACROSS, _SLX_DOWN) if slx else (_ACROSS, _DOWN)
    across, down = (number(items.get(name, b""), order) for name in names)
    bits = 1 if slx else max(1, number(items.get(_BITS, b""), order))
    return across * bits, down


def _items(record: bytes, order: str) -> tuple[dict[int, bytes], int]:
    """The values of the items of a record, and where its data starts."""
    found: dict[int, bytes] = {}
    at = 16
    for _item in range(min(1000, number(record[8:12], order))):
        length = number(record[at : at + 4], order)
        if length < 8 or at + length > len(record):
            break
        found[number(record[at + 4 : at + 6], order)] = record[at + 8 : at + length]
        at += length
    return found, at


_XQX_WITH_ITEMS, _XQX_PAGE, _XQX_PAGE_END, _XQX_PLANE, _XQX_DATA = (1, 2, 3, 5), 3, 4, 5, 7
_XQX_ACROSS, _XQX_DOWN, _XQX_BITS, _XQX_HEADER = 0x20000008, 0x20000009, 0x2000000A, 0x40000002


def xqx(octets: bytes, guard: Guard) -> Iterator[LaserPage]:
    """The pages of XQX."""
    page: LaserPage | None = None
    position = 4
    while position + 8 <= len(octets) and not guard.expired():
        kind, amount = number(octets[position : position + 4]), number(octets[position + 4 : position + 8])
        position += 8
        if kind in _XQX_WITH_ITEMS:
            items, position = _xqx_items(octets, position, amount)
            if kind == _XQX_PAGE:
                across, down, bits = (number(items.get(name, b"")) for name in (_XQX_ACROSS, _XQX_DOWN, _XQX_BITS))
                page = LaserPage(dots_per_inch=(across * max(1, bits), down))
            elif kind == _XQX_PLANE and page is not None:
                page.add(Image(BLACK, items.get(_XQX_HEADER, b"")))
        elif kind == _XQX_DATA:
            if page is not None and page.images:
                page.images[-1].chunks.append(octets[position : position + amount])
            position += amount
        elif kind == _XQX_PAGE_END and page is not None:
            yield page
            page = None


def _xqx_items(octets: bytes, position: int, amount: int) -> tuple[dict[int, bytes], int]:
    """The values of so many items, and where they end."""
    found: dict[int, bytes] = {}
    for _item in range(min(1000, amount)):
        length = number(octets[position + 4 : position + 8])
        found[number(octets[position : position + 4])] = octets[position + 8 : position + 8 + length]
        position += 8 + length
    return found, position

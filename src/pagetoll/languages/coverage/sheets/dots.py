# SPDX-License-Identifier: Apache-2.0
"""Ricoh RPDL (images `G3`), DEC sixel and OKI's Microline and 4w; text and everything else that draws is unseen.

A sixel is as large as the printer's grid: 1/144 by 1/72 inch where the string says nothing, 1/144 inch both ways
where it asks for square ones in macro 0, 1/300 inch (LN03) where the job counts in pixels (`CSI 7 SP I`).
Microline prints seven pins, 1/72 inch apart; ESC R halves the dots and the steps. Source: what Ghostscript writes
(rpdl, la50, la70, la75, ln03, oki182, oki4w).
"""

import re

from pagetoll.languages.coverage.dot_grid import UNITS
from pagetoll.languages.coverage.dot_tally import Resolution
from pagetoll.languages.coverage.sheets.sheet import Coding, Sheet, packed, pairs, plain

_RPDL = re.compile(
    rb"\x1b\x12(?:G3,([0-9]{1,5}),([0-9]{1,5}),,(4?),[0-9]{0,5},[0-9]{0,5},?([0-9]{0,9})@|YW,([0-9])(?:[ ]|\x1b )"
    rb"|(?:!@R00|Y[ABKLMPQ][0-9]{0,2},[0-9]{1,3}|5[0-9]@[A-Z0-9]{1,4}|[QDN#][0-9]{1,4})(?:[ ]|\x1b ))"
    rb"|\x1b(?:4|[ ]|\r.)|[\x00\r\n\x0c]"
)
_RPDL_DOTS_AN_INCH = {b"1": 400, b"2": 240, b"3": 600}
_SEQUENCE = re.compile(rb"(?:\x1b\[|\x9b)([0-?]{0,64}[ -/]{0,4}[@-~])")
_OTHER = re.compile(rb"\x1b[c=>78DEHM]|\x1b[()*+\-./#% ].|[\x00\r\n\x0c ]", re.DOTALL)
_SIXEL_HEAD = re.compile(rb'(?:\x1bP|\x90)([0-9;]{0,32})q("1;1)?')
_SIXELS = re.compile(rb"!([0-9]{1,5})([?-~])|([?-~])|[-$\r\n ]+|(.)", re.DOTALL)
_IN_PIXELS = b"7 I"
_SIXEL_GRIDS: dict[tuple[bytes, bool], Resolution] = {
    (b"", False): (144, 72),
    (b"0;0;0", False): (144, 72),
    (b"0;0;0", True): (144, 144),
}
_LN03 = (300, 300)
_STEPS_BETWEEN_LOOKS = 65536


def rpdl(sheet: Sheet, position: int) -> int:
    """One command or image of RPDL."""
    found = _RPDL.match(sheet.data, position, sheet.end)
    if found is None:
        return sheet.give_up()
    if found[5]:
        sheet.number["dots"] = _RPDL_DOTS_AN_INCH.get(found[5], 0)
    if not found[1]:
        return found.end()
    wanted = (int(found[1]) + 7) // 8 * int(found[2])
    octets = int(found[4]) if found[3] and found[4] else wanted
    coding: Coding = pairs if found[3] else plain
    dots_an_inch = sheet.number.get("dots", 0)
    image = bytes(sheet.data[found.end() : found.end() + octets])
    sheet.image(coding(image, sheet.guard), wanted, (dots_an_inch, dots_an_inch))
    return found.end() + octets


def sixel(sheet: Sheet, position: int) -> int:
    """One command or image of a DEC printer."""
    sequence = _SEQUENCE.match(sheet.data, position, sheet.end)
    if sequence:
        sheet.number["pixels"] = sheet.number.get("pixels", 0) | (sequence[1] == _IN_PIXELS)
        return sequence.end()
    head = _SIXEL_HEAD.match(sheet.data, position, sheet.end)
    if head:
        return _sixels(sheet, head)
    other = _OTHER.match(sheet.data, position, sheet.end)
    return other.end() if other else sheet.give_up()


def _sixels(sheet: Sheet, head: "re.Match[bytes]") -> int:
    stop = sheet.data.find(b"\x1b\\", head.end(), sheet.page_end)
    grid = _SIXEL_GRIDS.get((head[1], bool(head[2])))
    if sheet.number.get("pixels") and head[2] and head[1].startswith(b"0;0;"):
        grid = _LN03
    if stop < 0:
        return sheet.give_up()
    dots = 0
    for steps, found in enumerate(_SIXELS.finditer(sheet.data, head.end(), stop)):
        if found[2]:
            dots += int(found[1]) * (found[2][0] - 0x3F).bit_count()
        elif found[3]:
            dots += (found[3][0] - 0x3F).bit_count()
        elif found[4]:
            grid = None  # a color, or another grid
            break
        if not steps % _STEPS_BETWEEN_LOOKS:
            sheet.guard.check(found.start())
    sheet.black(dots, grid or (0, 0))
    return stop + 2


_MICROLINE = re.compile(
    rb"\x03(?P<dots>(?:[^\x03]|\x03\x03){0,65536})(?P<line>\x03\x0e)?(?:\x03\x02)?|\x1b(?P<fine>R)"
    rb"|\x1b%5(?P<feed>.)|(?P<line_feed>\n)|\x1b%C[0-9]{3}|\x1b%S.|[\x18\x1c ]|[\x00\r\x0c]",
    re.DOTALL,
)
_PINS, _PITCH, _FEEDS_AN_INCH = 7, 72, 144
_PINS_OF_AN_OCTET = 0x7F
_UNPINNED = bytes(octet & _PINS_OF_AN_OCTET for octet in range(256))


def microline(sheet: Sheet, position: int) -> int:
    """One command or pass of a Microline in 12 characters an inch, as 72 dots an inch."""
    found = _MICROLINE.match(sheet.data, position, sheet.page_end)
    if found is None:
        return sheet.give_up()
    facts = found.groupdict()
    if facts["fine"]:
        sheet.number["times"] = 2
    if facts["feed"]:
        sheet.grid.y += facts["feed"][0] * UNITS // _FEEDS_AN_INCH
    if facts["line_feed"]:
        return sheet.give_up()
    if facts["dots"]:
        spacing = UNITS // _PITCH // sheet.number.get("times", 1), UNITS // _PITCH
        sheet.grid.draw(facts["dots"].replace(b"\3\3", b"\3").translate(_UNPINNED), 0, spacing)
    if facts["line"]:
        sheet.grid.y += _PINS * UNITS // _PITCH
    return found.end()


_LASER_ROWS = re.compile(
    rb"\x1b\*A(.)(..)|\x1b\*B..|\x1b&B|\x1b&A(..)|\x1b\$[AB]|\x1c\x14(.)|\x1c\x7f.|\x1c[^\x14\x7f]", re.DOTALL
)
_LASER_REST = re.compile(rb"\x1b%-98765X|\x1b\x7f.|[\x00\r\n\x0c]", re.DOTALL)
_LASER_DOTS_AN_INCH: dict[tuple[int, ...], int] = {(3, 3): 150, (5, 5): 300, (7, 7): 600}
_PACKED_ROWS = b"\x02"


def laser(sheet: Sheet, position: int) -> int:
    """One command or row of an OKI 4w."""
    data = sheet.data
    found = _LASER_ROWS.match(data, position, sheet.end)
    if found is None:
        rest = _LASER_REST.match(data, position, sheet.end)
        return rest.end() if rest else sheet.give_up()
    octets = int.from_bytes(found[2] or found[3] or found[4] or b"", "little")
    body = bytes(data[found.end() : found.end() + octets])
    if found[3]:
        sheet.number["dots"] = _LASER_DOTS_AN_INCH.get(tuple(body[4:6]), 0)
    elif found[1]:
        dots_an_inch = sheet.number.get("dots", 0)
        sheet.unknown = sheet.unknown or found[1] != _PACKED_ROWS
        sheet.black(packed(body, sheet.guard)[0], (dots_an_inch, dots_an_inch))
    return found.end() + octets


def oki(sheet: Sheet, position: int) -> int:
    """OKI's languages, by how the document begins."""
    begins = bytes(sheet.data[sheet.start : sheet.start + 3])
    if begins == b"\x1b%-":
        return laser(sheet, position)
    return microline(sheet, position) if begins == b"\x18\x1c\x1b" else sheet.give_up()

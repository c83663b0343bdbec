# SPDX-License-Identifier: Apache-2.0
"""ESC/Page: images of bits (`bi{I`), plain or with octets that come twice counted; everything else that draws is
unseen. Source: what Ghostscript writes (escpage, lp2000, lp8000)."""

from pagetoll.languages.command_printers.ejl import read_ejl
from pagetoll.languages.command_printers.escpage import COMMAND, SET_UP
from pagetoll.languages.coverage.sheets.sheet import Coding, Sheet, pairs, plain

_FORM_FEED, _ESCAPE, _GROUP = 0x0C, 0x1B, 0x1D
_BLANKS = b"\x00\r\n"
_CODINGS: dict[int, Coding] = {0: plain, 3: pairs}
_NOT_DRAWING = frozenset(
    b"mmE iuE muE psE poE coO loE X Y sdE bdE dpsE isE iaF ipP tsE caE cmE alfP affP boP abP ilG sarG owE".split()
)


def step(sheet: Sheet, position: int) -> int:
    """One command, image or stretch of EJL."""
    data = sheet.data
    octet = data[position]
    if octet == _GROUP:
        return _command(sheet, position)
    if octet == _ESCAPE and data[position + 1 : position + 2] == b"\x01":
        return read_ejl(data, position + 2, sheet.end)[1]
    if octet == _ESCAPE:
        set_up = SET_UP.match(data, position + 1, sheet.end)
        return set_up.end() if set_up else sheet.give_up()
    sheet.unknown = sheet.unknown or (octet != _FORM_FEED and octet not in _BLANKS)
    return position + 1


def _command(sheet: Sheet, position: int) -> int:
    found = COMMAND.match(sheet.data, position, sheet.end)
    if found is None:
        return sheet.give_up()
    numbers = [int(word) if word.isdigit() else -1 for word in found[1].split(b";")]
    name = found[2] + found[4]
    if found[3]:
        behind = found.end() + max(0, numbers[0])
        if name == b"biI" and len(numbers) == 4:
            _image(sheet, bytes(sheet.data[found.end() : behind]), numbers[1], numbers[2])
        else:
            sheet.unknown = True
        return behind
    if name == b"rhE":
        sheet.number.clear()
    elif name == b"bcI":
        sheet.number["coding"] = numbers[0]
    elif name == b"drE" and len(numbers) == 3:
        if numbers[0] == 0:
            sheet.number["across"], sheet.number["down"] = numbers[1:]
    elif name == b"spE":
        # the darkness of what is drawn
        sheet.number["grey"] = int(numbers[-1] != 100)
    elif name not in _NOT_DRAWING:
        sheet.unknown = True
    return found.end()


def _image(sheet: Sheet, image: bytes, width: int, height: int) -> None:
    coding = _CODINGS.get(sheet.number.get("coding", -1))
    if coding is None or sheet.number.get("grey") or min(width, height) < 0:
        sheet.unknown = True
        return
    resolution = sheet.number.get("across", 0), sheet.number.get("down", 0)
    sheet.image(coding(image, sheet.guard), (width + 7) // 8 * height, resolution)

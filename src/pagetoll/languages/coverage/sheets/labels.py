# SPDX-License-Identifier: Apache-2.0
"""EPL2, CPCL, Dymo's and Brother's labels that hold pictures alone; text, codes and lines are unseen.

    EPL2     q width, Q length, GWx,y,octets a row,rows + picture in which 0 is black
    CPCL     ! .. length copies, PAGE-WIDTH n, CG octets rows x y + picture, EG the same in hexadecimal digits
    Dymo     ESC L length, ESC D octets, 16 + row, 17 + runs (bit 7: black, the others: dots - 1)
    Brother  ESC i z: paper, M 2: packed rows, G or g n + row, w color n + row, Z

A label is as large as the data says; one that does not say it is unseen. Source: the makers' references; CUPS.
"""

import re

from pagetoll.languages.coverage.dot_tally import Resolution
from pagetoll.languages.coverage.sheets.sheet import Sheet, dots_of, packed, plain
from pagetoll.languages.coverage.sheets.zpl import zpl
from pagetoll.languages.coverage.spaces import FULL

_IN_DOTS: Resolution = (72, 72)
_EPL2 = re.compile(
    rb"GW[ ]?\d{1,5},[ ]?\d{1,5},[ ]?(?P<row>\d{1,5}),[ ]?(?P<rows>\d{1,5})(?:,|\r?\n)"
    rb"|q(?P<width>\d{1,5})\s|Q(?P<length>\d{1,5})[^\r\n]{0,20}\s|(?P<print>P)A?[ ]?[\d,]{0,11}(?=\s|\Z)"
    rb"|(?P<clear>N)\s|(?:R\d{1,5},\d{1,5}|[SD]\d{1,2}|Z[TB]|J[BFC]|O[A-Z0-9]{0,5}|I8,[A-Z0-9,]{1,7}|U[A-Z])\s|\s"
)
_CPCL = re.compile(
    rb"![ ]\d{1,5}[ ]\d{1,5}[ ]\d{1,5}[ ](?P<length>\d{1,6})[ ]\d{1,5}\s"
    rb"|(?:PAGE|PAGE-WIDTH|PW)[ ](?P<width>\d{1,5})\s"
    rb"|(?P<print>PRINT)(?=\s|\Z)|(?P<kind>CG|EG)[ ](?P<row>\d{1,5})[ ](?P<rows>\d{1,5})[ ]\d{1,5}[ ]\d{1,5}[ ]"
    rb"|(?:PAGE-HEIGHT|TONE|SPEED|CONTRAST|FORM|GAP-SENSE|BAR-SENSE|JOURNAL|LABEL|SET-TOF|PREFEED|POSTFEED|WAIT)"
    rb"(?:[ ]-?\d{1,10}){0,3}\s|;[^\r\n]{0,200}\s|\s"
)
_HEXADECIMAL = re.compile(rb"[0-9A-Fa-f]*")


def epl2(sheet: Sheet, position: int) -> int:
    """One line of EPL2, or a picture."""
    found = _EPL2.match(sheet.data, position, sheet.page_end)
    if found is None:
        return sheet.give_up()
    facts = found.groupdict()
    if facts["row"]:
        octets = int(facts["row"]) * int(facts["rows"])
        image = bytes(sheet.data[found.end() : found.end() + octets])
        sheet.image((8 * len(image) - dots_of(image), len(image)), octets, _IN_DOTS)
        return found.end() + octets
    for name in ("width", "length"):
        if facts[name]:
            sheet.number[name] = int(facts[name])
    if facts["print"]:
        _end(sheet)
        # Without N the picture stays for the next label.
        sheet.number["stays"] = 1
    elif facts["clear"]:
        sheet.number.pop("stays", None)
    return found.end()


def _end(sheet: Sheet) -> None:
    """The label is complete."""
    sheet.unknown = sheet.unknown or bool(sheet.number.get("stays"))
    sheet.size(sheet.number.get("width", 0), sheet.number.get("length", 0))


def cpcl(sheet: Sheet, position: int) -> int:
    """One line of CPCL, or a picture."""
    found = _CPCL.match(sheet.data, position, sheet.page_end)
    if found is None:
        return sheet.give_up()
    facts = found.groupdict()
    if facts["length"]:
        sheet.number = {"length": int(facts["length"])}
    elif facts["width"]:
        sheet.number["width"] = int(facts["width"])
    elif facts["print"]:
        _end(sheet)
    elif facts["kind"]:
        octets = int(facts["row"]) * int(facts["rows"])
        if facts["kind"] == b"CG":
            image = bytes(sheet.data[found.end() : found.end() + octets])
            sheet.image(plain(image, sheet.guard), octets, _IN_DOTS)
            return found.end() + octets
        digits = _HEXADECIMAL.match(sheet.data, found.end(), min(sheet.page_end, found.end() + 2 * octets))
        if digits is None or len(digits[0]) != 2 * octets:
            return sheet.give_up()
        sheet.black(dots_of(bytes.fromhex(digits[0].decode())), _IN_DOTS)
        return digits.end()
    return found.end()


_DYMO = re.compile(rb"\x1b(?:L(..)|D(.)|[fs]..|([EG])|[qBQC].|[@AcdeghiVkTZ*]|(?=\x1b))|[\x00\r\n]", re.DOTALL)
_DYMO_ROW, _DYMO_RUNS = 0x16, 0x17


def dymo(sheet: Sheet, position: int) -> int:
    """One command or row of a Dymo."""
    data, code = sheet.data, sheet.data[position]
    octets = sheet.number.get("octets", 0)
    if code == _DYMO_ROW and octets:
        sheet.black(dots_of(bytes(data[position + 1 : position + 1 + octets])), _IN_DOTS)
        return position + 1 + octets
    if code == _DYMO_RUNS and octets:
        left, black = 8 * octets, 0
        while left > 0 and position + 1 < sheet.page_end:
            position += 1
            run = (data[position] & 0x7F) + 1
            left -= run
            black += run if data[position] & 0x80 else 0
        sheet.black(black, _IN_DOTS)
        return position + 1
    found = _DYMO.match(data, position, sheet.end)
    if found is None:
        return sheet.give_up()
    if found[1]:
        sheet.number["length"] = int.from_bytes(found[1], "big")
    elif found[2]:
        # Rows of several lengths are cut short, so none of them tells the width.
        sheet.number["several"] = int(octets not in (0, found[2][0]))
        sheet.number["octets"] = found[2][0]
        sheet.number["width"] = 8 * found[2][0]
    elif found[3]:
        sheet.unknown = sheet.unknown or bool(sheet.number.get("several"))
        _end(sheet)
    return found.end()


_BROTHER = re.compile(
    rb"\x1biz(.)(.)(.)(.)(.{4})..|M(.)|(Z)|G(..)|g.(.)|w([\x01\x02])(.)|([\x0c\x1a])"
    rb"|\x1bi(?:[aMKAcBDXUk!].|d..|S)|\x1b@|\x00",
    re.DOTALL,
)
_DOTS_AN_INCH = {16: 180, 70: 360, 90: 300, 162: 300}
"""Octets a row of the print heads -> their dots an inch."""
_PACKED = 2
_MM_AN_INCH = 25.4


def brother(sheet: Sheet, position: int) -> int:
    """One command or row of a Brother label printer."""
    found = _BROTHER.match(sheet.data, position, sheet.end)
    if found is None:
        return sheet.give_up()
    if found[5]:
        sheet.number["millimeters"] = found[3][0]
        sheet.number["lines"] = int.from_bytes(found[5], "little")
    elif found[6]:
        sheet.number["packed"] = int(found[6][0] == _PACKED)
    elif found[12]:
        dots_an_inch, millimeters = sheet.number.pop("dots", 0), sheet.number.get("millimeters", 0)
        sheet.size(millimeters / _MM_AN_INCH * dots_an_inch, sheet.number.get("lines", 0))
    octets = int.from_bytes(found[8] or found[9] or found[11] or b"", "little")
    if octets:
        _brother_row(sheet, bytes(sheet.data[found.end() : found.end() + octets]), in_red=found[10] == b"\x02")
    return found.end() + octets


def _brother_row(sheet: Sheet, row: bytes, *, in_red: bool) -> None:
    dots, octets = packed(row, sheet.guard) if sheet.number.get("packed") else (dots_of(row), len(row))
    dots_an_inch = _DOTS_AN_INCH.get(octets, 0)
    sheet.unknown = sheet.unknown or dots_an_inch != sheet.number.setdefault("dots", dots_an_inch) or not dots_an_inch
    sheet.tally.inks(_IN_DOTS, (0, FULL, FULL, 0) if in_red else (0, 0, 0, FULL), dots)


def label(sheet: Sheet, position: int) -> int:
    """The label languages, by how the document begins."""
    begins = bytes(sheet.data[sheet.start : sheet.start + 16]).lstrip(b"\r\n\0")
    if begins[:2] == b"! ":
        return cpcl(sheet, position)
    if begins[:1] in (b"N", b"q") and b"\n" in begins:
        return epl2(sheet, position)
    if begins[:2] in (b"\x1b\x1b", b"\x1bL") or begins[:4] == b"\x1b@\x1bL":
        return dymo(sheet, position)
    if begins[:2] == b"\x1bi" or begins[:4] == b"\x1b@\x1bi":
        return brother(sheet, position)
    return sheet.give_up()


STEPS = {"zpl": zpl, "label": label}

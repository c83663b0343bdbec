# SPDX-License-Identifier: Apache-2.0
"""ZPL: pictures in the label (^GF) or stored before (~DG, ^XG); text, codes and lines are unseen.

    ^GFA,octets,octets,octets a row,digits    ~DGname,octets,octets a row,digits    ^XGname,wider,higher

Digits are hexadecimal; G to Y repeat the next one 1 to 19 times, g to z 20 to 400 times; a comma fills the row with
white, an exclamation mark with black, a colon is the row before again. `:B64:` and `:Z64:` are base64 of the octets
or of a zlib stream of them. Source: ZPL II Programming Guide; CUPS.
"""

import base64
import binascii
import re
import zlib

from pagetoll.languages.coverage.sheets.sheet import Sheet, dots_of, plain
from pagetoll.languages.limits import Guard

_COMMAND = re.compile(rb"[\^~]")
_FIELD = re.compile(rb"([AB]),([0-9]{1,8}),([0-9]{1,8}),([0-9]{1,5}),")
_DOWNLOAD = re.compile(rb"([^,\r\n^~]{1,60}),([0-9]{1,8}),([0-9]{1,5}),")
_RECALL = re.compile(rb"([^,\r\n^~]{1,60})(?:,([0-9]{1,2}),([0-9]{1,2}))?\s*\Z")
_NUMBER = re.compile(rb"[0-9]{1,5}")
_BASE64 = re.compile(rb"\s*:([BZ])64:([A-Za-z0-9+/=\s]*):[0-9A-Fa-f]{4}\s*\Z")
_DIGITS = re.compile(rb"([G-Yg-z]*)([0-9A-Fa-f])|([,!:])|\s+|(.)", re.DOTALL)
_NOT_DRAWING = frozenset(
    b"FO FT FS FX PO LH MN MM MT MD PQ PR PF PM JM JU CI LS LT XB SZ ST ID JZ PH PP SD TA JS JA JD JE JR TB".split()
)
_WITH_ARGUMENT_Y = frozenset([b"PM", b"JM"])
_STEPS_BETWEEN_LOOKS = 65536
_PIECE_OCTETS = 1 << 18
_MOST_OCTETS = 1 << 26
_MOST_PICTURES = 1000


def zpl(sheet: Sheet, position: int) -> int:
    """One command with what belongs to it, or what stands in front of one."""
    data, stop = sheet.data, sheet.page_end
    if data[position] not in b"^~":
        found = _COMMAND.search(data, position, stop)
        return found.start() if found else stop
    name = bytes(data[position + 1 : position + 3]).upper()
    field = _FIELD.match(data, position + 3, stop) if name == b"GF" else None
    if field and field[1] == b"B":
        behind = field.end() + int(field[2])
        _place(sheet, plain(bytes(data[field.end() : behind]), sheet.guard), field)
        return behind
    found = _COMMAND.search(data, position + 3, stop)
    behind = found.start() if found else stop
    _obey(sheet, name, bytes(data[position + 3 : behind]))
    return behind


def _obey(sheet: Sheet, name: bytes, body: bytes) -> None:
    number = _NUMBER.match(body)
    if name in (b"PW", b"LL") and number:
        sheet.number[name.decode()] = int(number[0])
    elif name == b"GF":
        field = _FIELD.match(body)
        if field is None:
            sheet.unknown = True
        else:
            _place(sheet, picture(body[field.end() :], int(field[4]), sheet.guard), field)
    elif name == b"DG":
        _keep(sheet, body)
    elif name == b"XG":
        _recall(sheet, body)
    elif name == b"XZ":
        _end(sheet)
    elif name != b"XA" and (name not in _NOT_DRAWING or (name in _WITH_ARGUMENT_Y and body[:1] not in b"NA")):
        sheet.unknown = True
        sheet.lost = sheet.lost or name in (b"CC", b"CT", b"DF", b"DY")


def _place(sheet: Sheet, found: tuple[int, int], field: "re.Match[bytes]") -> None:
    octets, each = int(field[3]), int(field[4])
    if not each or not 0 <= found[1] <= octets:
        sheet.unknown = True
        return
    _extent(sheet, each, -(-octets // each))
    sheet.black(found[0], (72, 72))


def _extent(sheet: Sheet, octets: int, rows: int) -> None:
    sheet.number["octets"], sheet.number["rows"] = octets, rows


def _end(sheet: Sheet) -> None:
    """The label is complete. One without a stated length is as long as a picture of its whole width, which CUPS
    writes."""
    width, rows = sheet.number.get("PW", 0), sheet.number.pop("rows", 0)
    if sheet.number.pop("octets", 0) != (width + 7) // 8:
        rows = 0
    sheet.size(width, sheet.number.get("LL", 0) or rows)


def _keep(sheet: Sheet, body: bytes) -> None:
    head = _DOWNLOAD.match(body)
    if head is None or len(sheet.number) > _MOST_PICTURES:
        sheet.unknown = sheet.lost = True
        return
    name, octets, each = _name(head[1]), int(head[2]), int(head[3])
    dots, found = picture(body[head.end() :], each, sheet.guard)
    good = each > 0 and 0 <= found <= octets
    sheet.number["dots of " + name] = dots if good else -1
    sheet.number["octets of " + name] = each
    sheet.number["rows of " + name] = -(-octets // each) if good else 0


def _recall(sheet: Sheet, body: bytes) -> None:
    found = _RECALL.match(body)
    name = _name(found[1]) if found else ""
    dots = sheet.number.get("dots of " + name, -1)
    if found is None or dots < 0:
        sheet.unknown = True
        return
    wider, higher = int(found[2] or 1), int(found[3] or 1)
    _extent(sheet, wider * sheet.number["octets of " + name], higher * sheet.number["rows of " + name])
    sheet.black(dots * wider * higher, (72, 72))


def _name(written: bytes) -> str:
    """A picture's name without its drive and ending, which may be left out."""
    return written.strip().upper().rpartition(b":")[2].partition(b".")[0].decode("latin-1")


def picture(body: bytes, octets_a_row: int, guard: Guard) -> tuple[int, int]:
    """The dots and octets of picture data; -1 octets where it is not coded in a known way."""
    coded = _BASE64.match(body)
    if coded:
        return _unpacked(coded[2], guard, in_zlib=coded[1] == b"Z")
    return _digits(body, 2 * octets_a_row, guard) if octets_a_row > 0 else (0, -1)


def _unpacked(letters: bytes, guard: Guard, *, in_zlib: bool) -> tuple[int, int]:
    try:
        rest = base64.b64decode(letters)
        if not in_zlib:
            return dots_of(rest), len(rest)
        unpacking, dots, octets = zlib.decompressobj(), 0, 0
        while rest and not unpacking.eof:
            piece = unpacking.decompress(rest, _PIECE_OCTETS)
            dots, octets = dots + dots_of(piece), octets + len(piece)
            rest = unpacking.unconsumed_tail if octets <= _MOST_OCTETS else b""
            guard.check(0)
    except (binascii.Error, zlib.error):
        return 0, -1
    return dots, octets if unpacking.eof else -1


def _digits(body: bytes, row: int, guard: Guard) -> tuple[int, int]:
    """`row`: digits a row. Of each row only its dots are kept, for the row that is like it."""
    dots = before = here = filled = rows = 0
    for steps, found in enumerate(_DIGITS.finditer(body)):
        if found[4]:
            return 0, -1
        if found[2]:
            bits = int(found[2], 16).bit_count()
            filled += _times(found[1])
            here += _times(found[1]) * bits
            if filled >= row:
                full, left = divmod(filled, row)
                last = row * bits if full > 1 else here - left * bits
                dots, before, rows = dots + here - left * bits, last, rows + full
                filled, here = left, left * bits
        elif found[3] and not (found[3] == b":" and filled):
            here += 4 * (row - filled) if found[3] == b"!" else 0
            before = before if found[3] == b":" else here
            dots, rows, here, filled = dots + before, rows + 1, 0, 0
        elif found[3]:
            return 0, -1
        if not steps % _STEPS_BETWEEN_LOOKS:
            guard.check(found.start())
    return dots + here, rows * row // 2 + -(-filled // 2)


def _times(letters: bytes) -> int:
    return sum(letter - 0x46 if letter < 0x60 else 20 * (letter - 0x66) for letter in letters) or 1

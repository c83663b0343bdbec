# SPDX-License-Identifier: Apache-2.0
"""Canon LIPS II to IV and CaPSL: images `CSI n;octets a row;dots an inch;coding;rows .r`; text, vectors and other
drawings are unseen. Source: what Ghostscript writes (lips2p, lips3, lips4, lbp310, lbp320), the samples."""

import re

from pagetoll.languages.command_printers.lips import CONTROL_SEQUENCE, DEVICE_STRING, ESCAPE
from pagetoll.languages.coverage.sheets.sheet import (
    Coding,
    Sheet,
    counted,
    dots_of,
    packed,
    packed_pieces,
    pairs,
    plain,
)

_TEXT = re.compile(rb"[^\x0c\x1b\x90\x9b]+")
_PRINTABLE = re.compile(rb"[\x21-\x7e\x80-\xff]")
_PACKED_END = re.compile(rb"[0-9]{0,16}\x80{0,16}")
_CODINGS: dict[int, Coding] = {0: plain, 9: pairs, 10: counted, 11: packed}
_PACKED = 11
_NOT_DRAWING = frozenset(b"p h l q v t e a j k d f u x ` 'v #x #w &z \"p".split()) | {b" I", b" G"}
_ENDS_WITH_A_MARK = 1
_OCTETS_A_WORD = 2


def step(sheet: Sheet, position: int) -> int:
    """One command, image or stretch of blanks."""
    data, end = sheet.data, sheet.end
    octet = data[position]
    if octet == 0x0C:
        return position + 1
    if octet not in (0x1B, 0x90, 0x9B):
        text = _TEXT.match(data, position, sheet.page_end)
        stop = text.end() if text else position + 1
        sheet.unknown = sheet.unknown or _PRINTABLE.search(data, position, stop) is not None
        return stop
    sequence = CONTROL_SEQUENCE.match(data, position, end)
    if sequence is None:
        other = DEVICE_STRING.match(data, position, end) or ESCAPE.match(data, position, end)
        return other.end() if other else sheet.give_up()
    name = sequence[2] + sequence[3]
    if name[:1] == b"." and len(name) > 1:
        numbers = [int(word) if word.isdigit() else -1 for word in sequence[1].rstrip(b";").split(b";")]
        if name in (b".r", b".&r") and len(numbers) in (3, 5):
            return _image(sheet, sequence.end(), numbers)
        return sheet.give_up()
    if name == b"&}":
        return sheet.give_up()
    sheet.unknown = sheet.unknown or name not in _NOT_DRAWING
    return sequence.end()


def _image(sheet: Sheet, position: int, numbers: list[int]) -> int:
    octets, width, dots_an_inch = numbers[:3]
    resolution = dots_an_inch, dots_an_inch
    if len(numbers) == 3:
        image = bytes(sheet.data[position : position + max(0, octets)])
        sheet.black(dots_of(image), resolution)
        return position + max(0, octets)
    if octets == _ENDS_WITH_A_MARK and numbers[3] == _PACKED:
        return _marked_image(sheet, position, _OCTETS_A_WORD * width * numbers[4], dots_an_inch)
    coding = _CODINGS.get(numbers[3])
    image = bytes(sheet.data[position : position + max(0, octets)])
    if coding is None:
        sheet.unknown = True
    else:
        sheet.image(coding(image, sheet.guard), width * numbers[4], resolution)
    return position + max(0, octets)


def _marked_image(sheet: Sheet, position: int, wanted: int, dots_an_inch: int) -> int:
    """A packed image of CaPSL, which says with a counter of 128 that it is over; a sum stands behind. Its
    width is in words of 16 bits."""
    dots = octets = 0
    for piece, times in packed_pieces(sheet.data, position, sheet.page_end, sheet.guard):
        dots += dots_of(piece) * times
        octets += len(piece) * times
        position += 1 + len(piece)
    sheet.image((dots, octets), wanted, (dots_an_inch, dots_an_inch))
    behind = _PACKED_END.match(sheet.data, position + 1, sheet.end)
    return behind.end() if behind else sheet.page_end

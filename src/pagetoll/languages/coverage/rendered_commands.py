# SPDX-License-Identifier: Apache-2.0
"""One command of PCL XL with the data that belongs to it.

    command   attribute ... operator [data]
    attribute value F8 name
    data      FA length (4 octets) octets   or   FB length (1 octet) octets

Source: HP PCL XL Feature Reference, protocol class 2.0.
"""

from dataclasses import dataclass

from pagetoll.languages import pclxl_tokens as xl
from pagetoll.languages.coverage.bitmap_letters import NotPaintable
from pagetoll.languages.coverage.rendered_path import DRAWN, NUMBER_OF_POINTS, Attributes

READ_FONT, READ_LETTER = 0x50, 0x53
END = 0
"""In place of an operator: the PCL XL ends here."""
_WITH_DATA = frozenset([*DRAWN, READ_FONT, READ_LETTER])
_ATTRIBUTE, _ESCAPE = 0xF8, 0x1B
_LONG_DATA, _SHORT_DATA = 0xFA, 0xFB


@dataclass(slots=True)
class Command:
    """`end`: where it ended; `data`: empty where it has none."""

    operator: int
    attributes: Attributes
    end: int
    data: bytes = b""


def command_at(buffer: bytes, position: int, size: int) -> Command | None:
    """The command there, None while it is incomplete. Raises NotPaintable."""
    attributes: Attributes = {}
    value = (0, b"")
    at = position
    while at + 3 < size:
        tag = buffer[at]
        if tag == _ATTRIBUTE:
            attributes[buffer[at + 1]] = value
            at += 2
        elif (length := xl.FIXED_OCTETS.get(tag)) is not None:
            value = (tag, buffer[at + 1 : at + length])
            at += length
        elif 0x41 <= tag <= 0xBF:
            if tag in _WITH_DATA and not (tag in DRAWN and NUMBER_OF_POINTS not in attributes):
                return _with_data(tag, attributes, buffer, at + 1, size)
            return Command(tag, attributes, at + 1)
        elif tag in xl.ARRAY_TAGS:
            wide = buffer[at + 1] == 0xC1
            count = buffer[at + 2] | buffer[at + 3] << 8 if wide else buffer[at + 2]
            first = at + 3 + wide
            at = first + count * xl.ARRAY_TAGS[tag]
            value = (tag, buffer[first:at])
        elif tag == _ESCAPE:
            return Command(END, attributes, size)
        else:
            raise NotPaintable
    return None


def _with_data(operator: int, attributes: Attributes, buffer: bytes, at: int, size: int) -> Command | None:
    if at + 5 > size:
        return None
    if buffer[at] not in (_LONG_DATA, _SHORT_DATA):
        raise NotPaintable
    width = 4 if buffer[at] == _LONG_DATA else 1
    first = at + 1 + width
    last = first + int.from_bytes(buffer[at + 1 : first], "little")
    return None if last > size else Command(operator, attributes, last, buffer[first:last])

# SPDX-License-Identifier: Apache-2.0
"""Token lengths, operators and attributes of PCL XL. Source: HP PCL XL Feature Reference, protocol class 2.0."""

import re
from functools import cache

ELEMENT_OCTETS = (1, 2, 4, 2, 4, 4)
"""Octets of ubyte, uint16, uint32, sint16, sint32, real32: the low three bits of a data type tag."""

FIXED_OCTETS: dict[int, int] = {white: 1 for white in (0x00, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x20)}
"""Whole length of each token whose length its tag tells."""
FIXED_OCTETS |= {0xF8: 2, 0xF9: 3}
for _kind, _octets in enumerate(ELEMENT_OCTETS):
    FIXED_OCTETS[0xC0 + _kind] = 1 + _octets
    FIXED_OCTETS[0xD0 + _kind] = 1 + 2 * _octets
    FIXED_OCTETS[0xE0 + _kind] = 1 + 4 * _octets

ARRAY_TAGS = {0xC8 + kind: octets for kind, octets in enumerate(ELEMENT_OCTETS)}

OP_BEGIN_PAGE, OP_END_PAGE, OP_VENDOR_UNIQUE = 0x43, 0x44, 0x46
OP_EXEC_STREAM, OP_PASS_THROUGH = 0x5E, 0xBF
OP_SET_BRUSH, OP_SET_COLOR_SPACE, OP_SET_PEN = 0x63, 0x6A, 0x79
OP_PUSH_GS, OP_POP_GS = 0x61, 0x60
OP_BEGIN_IMAGE = 0xB0
OP_SET_CURSOR, OP_TEXT = 0x6B, 0xA8

PAINTING = frozenset([0x86, 0x96, 0x98, 0x9E, 0xA0, 0xA2, 0xA8, 0xB0, 0xB6])
"""Operators that mark the page: painted paths and shapes, text, images, scan lines."""

WATCHED = frozenset(
    {
        *(OP_BEGIN_PAGE, OP_END_PAGE, OP_VENDOR_UNIQUE, OP_EXEC_STREAM, OP_PASS_THROUGH),
        *(OP_SET_BRUSH, OP_SET_COLOR_SPACE, OP_SET_PEN, OP_PUSH_GS, OP_POP_GS, OP_BEGIN_IMAGE),
    }
)
"""Operators that the counter has to look at; all others are stepped over."""

WATCHED_FOR_PAINT = WATCHED | PAINTING
"""On a page that has no mark yet, or where a color is set and nothing was painted in it."""

WATCHED_ON_COLORED = frozenset({OP_BEGIN_PAGE, OP_END_PAGE, OP_VENDOR_UNIQUE, OP_EXEC_STREAM, OP_PASS_THROUGH})
"""On a page that is known to be colored."""

ATTR_COLOR_SPACE, ATTR_PALETTE_DATA = 0x03, 0x06
ATTR_RGB_COLOR = 0x0B
ATTR_MEDIA_SIZE, ATTR_MEDIA_SOURCE = 0x25, 0x26
ATTR_CUSTOM_SIZE, ATTR_CUSTOM_UNITS = 0x2F, 0x30
ATTR_PAGE_COPIES, ATTR_SIMPLEX, ATTR_DUPLEX, ATTR_DUPLEX_SIDE = 0x31, 0x34, 0x35, 0x36
ATTR_COLOR_MAPPING, ATTR_SOURCE_WIDTH, ATTR_VENDOR_LENGTH = 0x64, 0x6C, 0x92

MEDIA_POINTS: dict[int, tuple[float, float]] = {
    0: (612, 792),
    1: (612, 1008),
    2: (595, 842),
    3: (522, 756),
    4: (792, 1224),
    5: (842, 1191),
    6: (297, 684),
    7: (279, 540),
    8: (459, 649),
    9: (312, 624),
    10: (729, 1032),
    11: (516, 729),
    12: (499, 709),
    13: (499, 709),
    14: (283, 420),
    15: (420, 567),
    16: (420, 595),
    17: (298, 420),
    18: (363, 516),
}
_MEDIA_NAMES = b"LETTER LEGAL A4 EXEC LEDGER A3 COM10 MONARCH C5 DL JB4 JB5 B5ENV B5 JPOST JPOSTD A5 A6 JB6".split()
NAMED_MEDIA_POINTS = {name: MEDIA_POINTS[number] for number, name in enumerate(_MEDIA_NAMES)} | {
    b"EXECUTIVE": MEDIA_POINTS[3],
    b"TABLOID": MEDIA_POINTS[4],
}
"""The same by the names that newer streams write, in capital letters."""
UBYTE_ARRAY = 0xC8
UNIT_POINTS = (72.0, 72.0 / 25.4, 7.2 / 25.4)


SHORT_ARRAY = 48
"""Arrays of up to so many elements, which is most text, are stepped over without a look."""


ONE_LETTER = rb"\xd3.{4}\xf8\x4c\x6b\xc8\xc0\x01.\xf8[\xaa-\xac]\xa8"
"""A move of the cursor and a text of one character, as Ghostscript writes nearly all text: two commands at a step."""

SET_GREY = rb"\xc0.\xf8\x09[\x63\x79]"
"""A grey brush or pen, as Ghostscript writes it."""


def _arrays(order: str) -> list[bytes]:
    """Patterns of short arrays of one- and two-octet elements; `order` as for struct."""
    found = []
    for tag, octets in ((0xC8, 1), (0xC9, 2), (0xCB, 2)):
        bodies = [(count, b".{%d}" % (count * octets)) for count in range(SHORT_ARRAY + 1)]
        # each length is an alternative with another first octet, which the matcher turns down without entering it
        low_first = order == "<"
        long = b"|".join(re.escape(bytes([count])) + (b"\x00" if low_first else b"") + body for count, body in bodies)
        short = b"|".join(re.escape(bytes([count])) + body for count, body in bodies)
        prefix = b"\xc1" if low_first else b"\xc1\x00"
        found.append(re.escape(bytes([tag])) + b"(?:" + prefix + b"(?:" + long + b")|\xc0(?:" + short + b"))")
    return found


BYTE_ORDERS = "<>"


@cache
def step_pattern(order: str, watched: frozenset[int]) -> re.Pattern[bytes]:
    """A pattern that steps over whole commands, attributes and an operator that is not `watched`; and over those that
    set a grey, which matters only where a color is set. Made at its first use: it takes long."""

    def of_length(octets: int) -> bytes:
        tags = b"".join(re.escape(bytes([tag])) for tag, length in FIXED_OCTETS.items() if length == octets)
        rest = b"" if octets == 1 else b".{%d}" % (octets - 1)
        return b"[" + tags + b"]" + rest

    lengths = sorted(set(FIXED_OCTETS.values()))
    attribute = b"|".join([*map(of_length, lengths), *_arrays(order)])
    operators = b"".join(re.escape(bytes([op])) for op in range(0x41, 0xC0) if op not in watched)
    # Every token tells its kind by its first octet, so nothing is ever tried twice. No possessive groups:
    # Python 3.11 up to 3.11.4 leaves them at a wrong position. The bound keeps the matcher's stack small.
    common = b"" if OP_TEXT in watched else ONE_LETTER + b"|" + SET_GREY + b"|"
    return re.compile(b"(?:" + common + b"(?:" + attribute + b"){0,64}[" + operators + b"]){0,2000}", re.DOTALL)

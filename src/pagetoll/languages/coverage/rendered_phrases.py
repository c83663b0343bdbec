# SPDX-License-Identifier: Apache-2.0
"""Sequences of commands that Ghostscript's PCL XL consists of for the most part, as one pattern.

A command is its attributes (value, F8, name) and its operator. Read one by one, all but letters take longer than
they take to paint.

    words    letters with their places, 15 or 16 octets each (ink_canvas.py)
    new      a letter that is written for the first time, up to its bit map: move, begin of the letter, head of its
             bit map; behind the bit map its end and the text of it
    boxed    a clip from 0, 0 on, a box, a clip again, then a letter at a place: how rules in fonts and bit maps of
             one color come
    clip     a clip from 0, 0 on
    ring     a path of one ring of lines, up to its points: move, number of points, their type, absolute or relative
    corner   a path of three points, to be filled

Source: what Ghostscript 10.00 writes.
"""

import re
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pagetoll.languages.coverage.ink_layers import Box

_MOVE = rb"\xd3.{4}\xf8\x4c\x6b"
_TEXT = rb"(?:\xc8\xc0\x01.|\xc9\xc0\x01..)\xf8\xab\xa8"
_RASTER_OPERATION = rb"\xc0[\xcc\xf0\xfc]\xf8\x2c\x7b"
_LINE_TO = rb"\xd3(.{4})\xf8\x45\x9b"


def _clip(column: bytes, row: bytes) -> bytes:
    """From 0, 0 to a column and a row, which become groups of these names."""
    points = rb"(?P<%b>..)\0\0(?P=%b)(?P<%b>..)\0\0(?P=%b)" % (column, column, row, row)
    return (
        rb"\x85\xd3\0\0\0\0\xf8\x4c\x6b\xc0\x03\xf8\x4d\xc0\x03\xf8\x50\x9b\xfb\x0c" + points + rb"\xc0\0\xf8\x53\x62"
    )


_WORDS = rb"(?P<words>(?:" + _MOVE + _TEXT + rb"){1,4000})"
_NEW = (
    rb"(?P<new>(?P<new_move>" + _MOVE + rb")\xc8\xc0\x01(?P<new_font>.)\xf8\xa8\x52"
    rb"(?P<new_code>\xc0.|\xc1..)\xf8\xa2(?:\xc0.|\xc1..|\xc2.{4})\xf8\xa3\x53"
    rb"(?:\xfb(?P<new_octets>.)|\xfa(?P<new_long_octets>.{4})))"
)
_BOXED = (
    rb"(?P<boxed>" + _clip(b"boxed_column", b"boxed_row") + rb"(?:" + _RASTER_OPERATION + rb")?"
    rb"\xe1(?P<box>.{8})\xf8\x42\xa0\xe1(?P<clip_box>.{8})\xf8\x42\xc0\0\xf8\x53\x68"
    rb"(?P<boxed_move>" + _MOVE + rb")" + _RASTER_OPERATION + rb"(?P<boxed_text>" + _TEXT + rb"))"
)
_CLIPPED = rb"(?P<clip>" + _clip(b"column", b"row") + rb")"
_RING = (
    rb"(?P<ring>\x85\xd3(?P<start>.{4})\xf8\x4c\x6b\xc0(?P<points>.)\xf8\x4d\xc0(?P<kind>[\0-\3])\xf8\x50"
    rb"(?P<operator>[\x9b\x9d])\xfb(?P<octets>.))"
)
_CORNER = (
    rb"(?P<corner>\x85\xd3(?P<first>.{4})\xf8\x4c\x6b\xd3(?P<second>.{4})\xf8\x45\x9b"
    rb"\xd3(?P<third>.{4})\xf8\x45\x9b\x84?\x86)"
)
PHRASE = re.compile(b"|".join((_WORDS, _NEW, _BOXED, _CLIPPED, _RING, _CORNER)), re.DOTALL)
WORD_END = re.compile(rb"\x54(" + _TEXT + rb")", re.DOTALL)
"""Behind the bit map of a new letter."""
PAINTED = re.compile(rb"\x84?\x86")
"""Behind the points of a ring: closed or not, it is painted."""
POINT = struct.Struct("<2h")
_EDGE = struct.Struct("<h")
BOX = struct.Struct("<4H")


def box_from_zero(column: bytes, row: bytes) -> "Box":
    """Of a clip."""
    (right,), (bottom,) = _EDGE.unpack(column), _EDGE.unpack(row)
    return min(0, right), min(0, bottom), max(0, right), max(0, bottom)

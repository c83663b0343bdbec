# SPDX-License-Identifier: Apache-2.0
"""The colors of a Kodak page: `GZIPTok`, which is runs of sRGB dots in a zlib stream.

    u16 dots | u16 kind          (little-endian)
    kind 0: all red, then all green, then all blue octets of these dots follow     kind 1: white

Learned from jobs of an open driver.
"""

import zlib

from pagetoll.core.usage import ColorClass
from pagetoll.languages.limits import Guard
from pagetoll.languages.pixels import rgb_is_colored

_PIECE_OCTETS = 256 * 1024
_MOST_OCTETS = 256 * 1024 * 1024
_MOST_TOKENS = 2_000_000
_DOTS_FOLLOW, _WHITE = 0, 1
_TOKEN_OCTETS = 4


def tokens_color(pieces: list[bytes], guard: Guard) -> ColorClass:
    """COLOR as soon as a colored dot is found, UNKNOWN where the data is not coded like this or too much."""
    for piece in pieces:
        found = _stream_color(piece, guard)
        if found is not ColorClass.MONO:
            return found
    return ColorClass.MONO


def _stream_color(packed: bytes, guard: Guard) -> ColorClass:
    unpacking = zlib.decompressobj()
    rest, waiting, total, tokens = packed, b"", 0, 0
    while rest and not unpacking.eof:
        if total > _MOST_OCTETS or tokens > _MOST_TOKENS or guard.expired():
            return ColorClass.UNKNOWN
        try:
            waiting += unpacking.decompress(rest, _PIECE_OCTETS)
        except zlib.error:
            return ColorClass.UNKNOWN
        total += _PIECE_OCTETS
        rest = unpacking.unconsumed_tail
        used, seen, colored = _look(waiting)
        tokens += seen
        if used < 0:
            return ColorClass.UNKNOWN
        if colored:
            return ColorClass.COLOR
        waiting = waiting[used:]
    return ColorClass.MONO if not waiting else ColorClass.UNKNOWN


def _look(waiting: bytes) -> tuple[int, int, bool]:
    """How far whole tokens reach (-1: an unknown kind), how many these are, and whether one of them is colored."""
    position, size, tokens = 0, len(waiting), 0
    while position + _TOKEN_OCTETS <= size:
        kind = waiting[position + 2] | waiting[position + 3] << 8
        dots = waiting[position] | waiting[position + 1] << 8
        position += _TOKEN_OCTETS
        tokens += 1
        if kind == _DOTS_FOLLOW:
            if position + 3 * dots > size:
                return position - _TOKEN_OCTETS, tokens, False
            red, green, blue = (waiting[position + n * dots : position + (n + 1) * dots] for n in range(3))
            if not red == green == blue and rgb_is_colored(red, green, blue):
                return position, tokens, True
            position += 3 * dots
        elif kind != _WHITE:
            return -1, tokens, False
    return position, tokens, False

# SPDX-License-Identifier: Apache-2.0
"""The colors of a Kodak page: `GZIPTok`, which is runs of sRGB dots in a zlib stream.

    u16 dots | u16 kind          (little-endian)
    kind 0: that many dots of three octets follow     kind 1: white

Learned from jobs of an open driver.
"""

import zlib

from pagetoll.core.usage import ColorClass
from pagetoll.languages.limits import Guard
from pagetoll.languages.pixels import Channels

_RGB = Channels(3, (0, 1, 2))
_PIECE_OCTETS = 256 * 1024
_MOST_OCTETS = 256 * 1024 * 1024
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
    rest, waiting, total = packed, b"", 0
    known: set[bytes] = set()
    while rest and not unpacking.eof:
        if total > _MOST_OCTETS or guard.expired():
            return ColorClass.UNKNOWN
        try:
            waiting += unpacking.decompress(rest, _PIECE_OCTETS)
        except zlib.error:
            return ColorClass.UNKNOWN
        total += _PIECE_OCTETS
        rest = unpacking.unconsumed_tail
        dots: list[bytes] = []
        used = _take(waiting, dots, known)
        if used < 0:
            return ColorClass.UNKNOWN
        waiting = waiting[used:]
        if dots and _RGB.chunky_colored(b"".join(dots)):
            return ColorClass.COLOR
    return ColorClass.MONO if not waiting else ColorClass.UNKNOWN


def _take(waiting: bytes, dots: list[bytes], known: set[bytes]) -> int:
    """Collect the dots of whole tokens that were not seen before. How far they reach; -1 for an unknown kind."""
    position, size = 0, len(waiting)
    while position + _TOKEN_OCTETS <= size:
        kind = waiting[position + 2] | waiting[position + 3] << 8
        after = position + _TOKEN_OCTETS
        if kind == _DOTS_FOLLOW:
            after += 3 * (waiting[position] | waiting[position + 1] << 8)
            if after > size:
                break
            literal = waiting[position + _TOKEN_OCTETS : after]
            if literal not in known:
                dots.append(literal)
                if len(known) < 1000:
                    known.add(literal)
        elif kind != _WHITE:
            return -1
        position = after
    return position

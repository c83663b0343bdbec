# SPDX-License-Identifier: Apache-2.0
"""Compression 11 (hexadecimal) of QPDL: copies from 64 distances that each band states.

    magic | u32 n | 64 distances (16 bits) | n octets as they are | codes ...         all little-endian

    0nnnnnnn            n + 1 octets follow as they are
    1ccccccc CCdddddd   Ccc + 3 octets (9 bits) from the distance number d before

A white dot is 1. Source: a sample, whose bands come out as long as they are to be.
"""

MAGIC = b"\xef\xcd\xab\x09"
_DISTANCES_AT, _OCTETS_AT = 8, 136
_MOST_OCTETS = 1 << 21


def black_dots(band: bytes, octets: int) -> int | None:
    """How many dots of a band are black, which is `octets` long when it is unpacked; None where it does not come out
    so or is far longer than a band of any printer."""
    if band[:4] != MAGIC or len(band) < _OCTETS_AT or octets > _MOST_OCTETS:
        return None
    at_first = int.from_bytes(band[4:8], "little")
    distances = [int.from_bytes(band[at : at + 2], "little") for at in range(_DISTANCES_AT, _OCTETS_AT, 2)]
    found = bytearray(band[_OCTETS_AT : _OCTETS_AT + at_first])
    position = _OCTETS_AT + at_first
    while position < len(band) and len(found) <= octets:
        code = band[position]
        if code < 0x80:
            found += band[position + 1 : position + 2 + code]
            position += 2 + code
            continue
        second = band[position + 1] if position + 1 < len(band) else 0
        length, distance = (code & 0x7F | (second & 0xC0) << 1) + 3, distances[second & 0x3F]
        if not 0 < distance <= len(found):
            return None
        start = len(found) - distance
        piece = found[start : start + length]
        found += (piece * (length // distance + 1))[:length]
        position += 2
    return 8 * octets - int.from_bytes(found, "big").bit_count() if len(found) == octets else None

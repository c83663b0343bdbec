# SPDX-License-Identifier: Apache-2.0
"""Color of uncompressed TIFF pictures of four bits a sample, a layout that Pillow does not decode."""

import struct
from typing import TYPE_CHECKING

from pagetoll.core.usage import ColorClass
from pagetoll.languages.limits import Guard
from pagetoll.languages.pixels import Channels

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_MOST_STRIPS = 100_000
_UPPER = bytes((octet >> 4) * 17 for octet in range(256))
_LOWER = bytes((octet & 15) * 17 for octet in range(256))


def four_bit_color(
    data: "Buffer", places: list[tuple[int, int]], row_octets: int, channels: Channels, guard: Guard
) -> ColorClass:
    """Class of the rows in strips at `places` (first octet, octets); each row begins on a whole octet."""
    for at, octets in places:
        guard.check(at)
        strip = bytes(data[at : at + octets])
        for row_at in range(0, len(strip) - row_octets + 1, row_octets):
            row = strip[row_at : row_at + row_octets]
            samples = bytearray(2 * row_octets)
            samples[0::2], samples[1::2] = row.translate(_UPPER), row.translate(_LOWER)
            if len(set(samples)) > 1 and channels.chunky_colored(bytes(samples)):
                return ColorClass.COLOR
    return ColorClass.MONO


def table_numbers(data: "Buffer", at: int, end: int, code: str, number: int) -> list[int]:
    """A table of numbers in the format `code` (byte order and letter); empty where it lies outside of the data."""
    if number > _MOST_STRIPS or at + struct.calcsize(code) * number > end:
        return []
    return list(struct.unpack_from(f"{code[0]}{number}{code[1]}", data, at))

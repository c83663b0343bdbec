# SPDX-License-Identifier: Apache-2.0
"""Is a stretch of device pixels colored? Exact, by operations on whole byte strings instead of pixels.

A pixel is colored when two of its red, green and blue differ by more than `TOLERANCE` of 255 (about 10 %).
"""

from dataclasses import dataclass
from functools import lru_cache

TOLERANCE = 25
_BLACK_FROM = 230
"""From this amount of black on, colored ink below it is not seen."""

_INSIDE = bytes(range(2 * TOLERANCE + 1))


def differs(first: bytes, second: bytes) -> bool:
    """Whether any octet of `first` is further than TOLERANCE from its neighbor in `second` (same length).

    Each octet gets a 16-bit lane holding 256 + TOLERANCE + first - second. It is inside when the lane's high
    octet is 1 and its low octet is at most twice the tolerance; no lane can borrow from the next one.
    """
    if first == second:
        return False
    size = len(first)
    lanes = bytearray(2 * size)
    lanes[0::2] = first
    bias = int.from_bytes((256 + TOLERANCE).to_bytes(2, "little") * size, "little")
    upper = int.from_bytes(lanes, "little") + bias
    lanes[0::2] = second
    result = (upper - int.from_bytes(lanes, "little")).to_bytes(2 * size + 1, "little")
    return bool(result[0 : 2 * size : 2].translate(None, _INSIDE)) or result[1 : 2 * size : 2].count(1) != size


def rgb_is_colored(red: bytes, green: bytes, blue: bytes) -> bool:
    """Whether any pixel of three planes of equal length is colored."""
    return differs(red, green) or differs(green, blue) or differs(red, blue)


def cmyk_is_colored(cyan: bytes, magenta: bytes, yellow: bytes, black: bytes | None) -> bool:
    """The same for inks; where black covers, unequal inks below do not show."""
    if not rgb_is_colored(cyan, magenta, yellow):
        return False
    if black is None:
        return True
    return any(
        k < _BLACK_FROM and max(c, m, y) - min(c, m, y) > TOLERANCE
        for c, m, y, k in set(zip(cyan, magenta, yellow, black, strict=True))
    )


@dataclass(frozen=True, slots=True)
class Channels:
    """Where red, green, blue (or the inks) lie in a pixel: channel numbers, how many channels, number of black."""

    count: int
    rgb: tuple[int, int, int]
    black: int | None = None

    def planes_colored(self, planes: list[bytes]) -> bool:
        """`planes[n]` holds all octets of channel n."""
        first, second, third = (planes[number] for number in self.rgb)
        if self.black is None:
            return rgb_is_colored(first, second, third)
        return cmyk_is_colored(first, second, third, planes[self.black])

    def chunky_colored(self, pixels: bytes) -> bool:
        """`pixels`: 8 bits a channel, channels of a pixel side by side; an incomplete pixel at the end is ignored."""
        whole = pixels[: len(pixels) // self.count * self.count]
        wanted = {*self.rgb} | ({self.black} if self.black is not None else set())
        return self.planes_colored([whole[n :: self.count] if n in wanted else b"" for n in range(self.count)])


@lru_cache(maxsize=64)
def _colored_octets(channels: Channels, bits_per_channel: int, bits_per_pixel: int) -> bytes:
    """All octets that hold a colored pixel, for pixels that fit into an octet."""
    full = (1 << bits_per_channel) - 1
    padding = bits_per_pixel - channels.count * bits_per_channel
    found = bytearray()
    for octet in range(256):
        for shift in range(0, 8, bits_per_pixel):
            pixel = octet >> shift & (1 << bits_per_pixel) - 1
            values = [
                (pixel >> (channels.count - 1 - n) * bits_per_channel & full) * 255 // full
                for n in range(channels.count)
            ]
            if padding >= 0 and channels.planes_colored([bytes([value]) for value in values]):
                found.append(octet)
                break
    return bytes(found)


def packed_is_colored(channels: Channels, bits_per_channel: int, bits_per_pixel: int, pixels: bytes) -> bool:
    """Whether any octet of `pixels` holds a colored pixel; one or more whole pixels an octet."""
    colored = _colored_octets(channels, bits_per_channel, bits_per_pixel)
    return len(pixels.translate(None, colored)) != len(pixels)

# SPDX-License-Identifier: Apache-2.0
"""The ink planes of a page, and what they say about its color, without unpacking them.

Host-based lasers get one bit map an ink, mostly packed with JBIG1 (ITU-T T.82). A stripe without a mark takes
no octet there, only its end marker, so a blank plane is seen from its length alone. Three equal ink planes are
grey made of colors. A page sent as a single plane is monochrome.
"""

import zlib
from dataclasses import dataclass, field

from pagetoll.core.usage import ColorClass

_STRIPE_ENDS = (b"\xff\x02", b"\xff\x03")
_BLANK_FIRST_STRIPE = b"\x4b\xc6"
"""What typical prediction writes once where the first stripe of a plane is blank."""


def jbig_is_blank(plane: bytes) -> bool:
    """Whether JBIG1 data (without its 20-octet header, perhaps padded with NUL) marks nothing."""
    for stripe_end in _STRIPE_ENDS:
        plane = plane.replace(stripe_end, b"")
    return plane.strip(b"\0") in (b"", _BLANK_FIRST_STRIPE)


def bitmap_is_blank(plane: bytes) -> bool:
    """The same for a plain bit map."""
    return plane.count(0) == len(plane)


@dataclass(slots=True)
class Inks:
    """The planes of one page by ink. `black` is the ink that is no color; a plane alone is black whatever its
    number, except where `numbered` says that numbers are inks."""

    black: str | int
    numbered: bool = False
    _marked: dict[str | int, bool] = field(default_factory=dict)
    _digest: dict[str | int, int] = field(default_factory=dict)

    def add(self, ink: str | int, octets: bytes, *, blank: bool) -> None:
        """Another stretch of the plane `ink`."""
        self._marked[ink] = self._marked.get(ink, False) or not blank
        self._digest[ink] = zlib.crc32(octets, self._digest.get(ink, 0))

    def is_marked(self, ink: str | int) -> bool:
        return self._marked.get(ink, False)

    @property
    def color(self) -> ColorClass:
        if len(self._marked) <= 1 and not self.numbered:
            return ColorClass.MONO
        colors = [ink for ink, marked in self._marked.items() if marked and ink != self.black]
        if not colors:
            return ColorClass.MONO
        grey = len(colors) == 3 and len({self._digest[ink] for ink in colors}) == 1
        return ColorClass.MONO if grey else ColorClass.COLOR

    @property
    def blank(self) -> bool | None:
        """True where every plane was seen to be blank."""
        return True if self._marked and not any(self._marked.values()) else None

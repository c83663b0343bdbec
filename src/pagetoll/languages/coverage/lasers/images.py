# SPDX-License-Identifier: Apache-2.0
"""What host-based lasers hold of a page: a bit map an ink, whole or in bands."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pagetoll.languages.coverage.lasers.jbig import HEADER_OCTETS, marked_dots, plane_dots
from pagetoll.languages.coverage.lasers.qpdl_runs import black_dots
from pagetoll.languages.limits import Guard

CYAN, MAGENTA, YELLOW, BLACK = range(4)
_SHORT_OCTETS = 64
_MOST_IMAGES = 20_000


@dataclass(slots=True)
class Image:
    """A bit map of one ink. `header`: that of JBIG, empty where the bits are there as they are; `chunks`: what stands
    behind it, in order; `unpacked_octets`: the length of a band in the runs of QPDL, 0 for other images."""

    ink: int
    header: bytes
    chunks: list[bytes] = field(default_factory=list)
    unpacked_octets: int = 0

    def marked(self, guard: Guard) -> int | None:
        """How many dots are marked."""
        if self.header:
            return marked_dots(self.header, self.chunks, guard)
        if self.unpacked_octets:
            return None if guard.expired() else black_dots(b"".join(self.chunks), self.unpacked_octets)
        return sum(int.from_bytes(chunk, "big").bit_count() for chunk in self.chunks)

    @property
    def dots(self) -> int:
        """How many there are."""
        return plane_dots(self.header) if self.header else 8 * (self.unpacked_octets or sum(map(len, self.chunks)))

    @property
    def has_one_stripe(self) -> bool:
        return self.header[8:12] <= self.header[12:16]


@dataclass(slots=True)
class LaserPage:
    """A page. `dots_per_inch`: across and down as the bits of the images lie, 0 where that is not stated; `readable`:
    every image is one of the above."""

    images: list[Image] = field(default_factory=list)
    dots_per_inch: tuple[int, int] = (0, 0)
    readable: bool = True

    def add(self, image: Image) -> None:
        """The next image. A page of too many, which no printer could take, is not read."""
        if len(self.images) < _MOST_IMAGES:
            self.images.append(image)
        else:
            self.readable = False

    def alone_is_black(self) -> "LaserPage":
        """A plane alone is black, whatever its number."""
        if len({image.ink for image in self.images}) == 1:
            for image in self.images:
                image.ink = BLACK
        return self

    def shares(self, paper_points: tuple[float, float], guard: Guard) -> list[float] | None:
        """How much of the paper each ink covers, 0 to 1; of the images where the paper or the resolution is not
        known. None where an image cannot be read."""
        if not self.readable or not self.images:
            return None
        marked, dots = [0] * 4, [0] * 4
        seen: dict[tuple[bytes, bytes], int | None] = {}
        for image in self.images:
            found = _marked(image, seen, guard)
            if found is None:
                return None
            marked[image.ink] += found
            dots[image.ink] += image.dots
        across, down = self.dots_per_inch
        width, height = paper_points
        paper = width * height * across * down / 72**2
        return [each / (paper if paper > 0 else max(1, *dots)) for each in marked]


def _marked(image: Image, seen: dict[tuple[bytes, bytes], int | None], guard: Guard) -> int | None:
    """White bands, of which most pages have many, are the same few octets each: one is decoded."""
    if len(image.chunks) != 1 or len(image.chunks[0]) > _SHORT_OCTETS:
        return image.marked(guard)
    key = image.header, image.chunks[0]
    if key not in seen:
        seen[key] = image.marked(guard)
    return seen[key]


Reader = Callable[[bytes, Guard], Iterator[LaserPage]]
"""A document, from its first record on, to its complete pages in order, as far as time allows."""


def jbig_header(columns: int, rows: int, stripe_rows: int, options: bytes) -> bytes:
    """A JBIG header of one plane, for languages that state its parts; `options`: its last 4 octets."""
    sizes = b"".join(part.to_bytes(4, "big") for part in (columns, rows, stripe_rows))
    return (b"\0\0\1\0" + sizes + options)[:HEADER_OCTETS]

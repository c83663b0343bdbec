# SPDX-License-Identifier: Apache-2.0
"""What a count may cost, and the helpers that a caller hands in.

The parsers read no clock of their own: `clock` is the caller's. They look at it between pages and chunks, so
a count ends soon after `timeout_s` with what was found until then. The counting child has resource limits of
its own besides.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from pagetoll.core.errors import DocumentTooComplex

Renderer = Callable[[memoryview], Iterator[bytes]]
"""PostScript octets in, PCL XL octets out, as they come. Raises `DocumentTooComplex` when its limit of time or
memory is reached and `MalformedDocument` when the program ended with an error, both after everything that
was rendered has been yielded. Closed early when the counter has seen enough. Ghostscript runs
`ps_guard.PROGRAM_GUARD` first."""

FAIR_DPI = 150
"""From so many dots per inch on, a `PixelRenderer` paints only pixels whose middle is covered; below, all touched."""


class PixelRenderer(Protocol):
    """PostScript octets and a resolution in dots per inch in, raw Netpbm pictures (P4, P5, P6) out, one a page.
    Raises as a `Renderer` does."""

    def __call__(self, document: memoryview, resolution_dpi: int, *, grey: bool = False) -> Iterator[bytes]:
        """`grey`: all pages are known to be grey."""
        ...


class Listener(Protocol):
    """Is given the PCL XL of a `Renderer` in pieces, on its way to the counter. Raises nothing."""

    def feed(self, octets: bytes) -> None: ...


def _no_clock() -> float:
    return 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one count: seconds by `clock`, pages of the data, copies worth a remark, depth of trees."""

    timeout_s: float = 60.0
    input_pages: int = 1_000_000
    rendered_pages: int = 100_000
    rendered_octets: int = 200 * 1024 * 1024
    copies: int = 999
    nesting: int = 64
    clock: Callable[[], float] = _no_clock


@dataclass(frozen=True, slots=True)
class TextLayout:
    """How a printer lays out plain text: lines on a page, columns on a line, and whether long lines wrap.

    `carriage_control`: the first column of each line moves the paper (ASA).
    """

    lines: int = 60
    columns: int = 80
    tab_columns: int = 8
    wrap: bool = True
    carriage_control: bool = False


class Guard:
    """Says when a count has had its time."""

    __slots__ = ("_clock", "_end_s", "_half_s")

    def __init__(self, limits: Limits) -> None:
        self._clock = limits.clock
        self._end_s = limits.clock() + limits.timeout_s
        self._half_s = self._end_s - limits.timeout_s / 2

    def expired(self) -> bool:
        return self._clock() > self._end_s

    def half_spent(self) -> bool:
        """Whether what can be left out should be."""
        return self._clock() > self._half_s

    def check(self, offset: int) -> None:
        """Raise DocumentTooComplex when the time is over."""
        if self.expired():
            raise DocumentTooComplex("counting took longer than allowed; raise the limit or split the job", offset)

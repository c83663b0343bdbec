# SPDX-License-Identifier: Apache-2.0
"""The pixels of PCL pages (PCL 3, 5 and PCL3GUI) that hold raster only: a second walk over the data.

A page with text, rules, vectors or an overlay on it is unseen, because the printer's own fonts and pens draw it.
So is one whose raster is scaled, or whose rows are compressed or colored in a way that is not known.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import chain, repeat
from typing import TYPE_CHECKING

from pagetoll.core.errors import DocumentTooComplex
from pagetoll.core.usage import ColorClass
from pagetoll.languages.coverage.pcl_rows import RowMeter
from pagetoll.languages.coverage.pdf_pages import UNSEEN, Seen
from pagetoll.languages.coverage.spaces import PixelSums
from pagetoll.languages.parsed import Context, Parsed
from pagetoll.languages.pcl.grammar import INK
from pagetoll.languages.pcl.interpreter import Handler, Interpreter
from pagetoll.languages.pcl.pages import Pages, TooManyPages
from pagetoll.languages.pcl.vectors import Plot

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

LANGUAGES = frozenset(["pcl3", "pcl5", "pcl3gui", "brother"])
_RASTER_ONLY = ("pcl3gui", "dec")
_SCALED = (2, 3)
_MOST_PAGES = 20_000
"""A page may be one octet long, so there may be more of them than anyone wants to measure."""


def pages(data: "Buffer", start: int, parsed: Parsed, context: Context) -> Iterator[Seen]:
    """The pages of `data[start:parsed.end]`, in order; fewer where the time is over, none of very many."""
    if parsed.input_pages > _MOST_PAGES:
        return
    walker = _Walker(data, Parsed(parsed.language), context, raster_only=parsed.language in _RASTER_ONLY)
    with suppress(TooManyPages, DocumentTooComplex):
        walker.finish(walker.walk(start, parsed.end))
    colors = chain.from_iterable(repeat(run.color, run.length) for run in parsed.runs)
    for sums, color in zip(walker.measured.ended, colors, strict=False):
        if sums is None or color is ColorClass.UNKNOWN:
            yield UNSEEN
        else:
            colored = color is ColorClass.COLOR
            yield Seen(colored, replace(sums, colored=colored))


class _Pages(Pages):
    """Pages that know whether raster alone marks them; `ended` has the sums of each that ended."""

    def __init__(self, parsed: Parsed, context: Context) -> None:
        super().__init__(parsed, context)
        self.meter = RowMeter(self.palette, context.guard, context.outer_resolution_dpi)
        self._outer_paper = context.outer_media_points
        self.raster = self.meter
        self.drawn = False
        self.ended: list[PixelSums | None] = []

    def mark(self) -> None:
        self.drawn = True
        super().mark()

    def text(self, octets: bytes, offset: int) -> None:
        self.drawn = self.drawn or INK.search(octets) is not None
        super().text(octets, offset)

    def reset(self, offset: int) -> bool:
        ended = super().reset(offset)
        self.meter.start_job()
        return ended

    def end(self, offset: int) -> None:
        if self.ends_nothing:
            return
        self.meter.check_time(offset)
        drawn = self.drawn or self.meter.unknown or self.overlay is not None
        paper = self.area.size if min(self.area.size) > 0 else self._outer_paper
        super().end(offset)
        sums = self.meter.tally.page_sums(paper)
        self.ended.append(None if drawn else sums)
        self.drawn = False


class _Walker(Interpreter):
    """Walks as the counter does and hands every row on."""

    def __init__(self, data: "Buffer", parsed: Parsed, context: Context, *, raster_only: bool) -> None:
        super().__init__(data, parsed, context, raster_only=raster_only)
        self.measured = _Pages(parsed, context)
        self.pages = self.measured
        self._plot = Plot(palette=self.pages.palette)
        self._handlers = self._table() | self._measuring()

    def _measuring(self) -> dict[bytes, Handler]:
        pages, meter = self.measured, self.measured.meter

        def start(value: int, _start: int, _end: int) -> None:
            pages.start_raster()
            pages.drawn = pages.drawn or value in _SCALED

        return {
            b"*tr": lambda value, _start, _end: meter.set_resolution(value),
            b"*rs": lambda value, _start, _end: meter.set_width(value),
            b"*ra": start,
        }

    def _draw(self, position: int, stop: int) -> int:
        pages = self.measured
        before, pages.marked = pages.marked, False
        position = super()._draw(position, stop)
        pages.drawn = pages.drawn or pages.marked
        pages.marked = pages.marked or before
        return position

    def _overlay_ink(self, offset: int) -> ColorClass | None:
        """What is looked at here is on no page yet, so this one is not known."""
        ink = super()._overlay_ink(offset)
        self.measured.drawn = True
        return ink

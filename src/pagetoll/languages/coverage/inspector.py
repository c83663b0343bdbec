# SPDX-License-Identifier: Apache-2.0
"""Looks at the pages of a document that was counted: settles their colors and measures their coverage."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, groupby, islice, repeat
from operator import attrgetter
from typing import TYPE_CHECKING

from pagetoll.core.usage import SPACES, ColorClass
from pagetoll.languages.coverage import (
    fax_pages,
    pcl_pages,
    pdf_pages,
    picture_pages,
    postscript_pages,
    raster_pages,
)
from pagetoll.languages.coverage.heads import pages as head_pages
from pagetoll.languages.coverage.lasers import pages as laser_pages
from pagetoll.languages.coverage.pdf_pages import UNSEEN, Look, Seen
from pagetoll.languages.coverage.rendered_pages import RenderedPages
from pagetoll.languages.coverage.sheets import pages as sheet_pages
from pagetoll.languages.coverage.spaces import page_coverage
from pagetoll.languages.limits import FAIR_DPI, Guard, Listener, PixelRenderer
from pagetoll.languages.parsed import Context, Parsed

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

LEAST_RESOLUTION_DPI, MOST_RESOLUTION_DPI = 10, 1200
DEFAULT_RESOLUTION_DPI = 72

#: The languages whose pages are looked at for coverage alone, as their data states the colors.
_MEASURED_ONLY: Mapping[str, Callable[["Buffer", int, Parsed, Context], Iterator[Seen]]] = {
    language: pages
    for languages, pages in (
        (raster_pages.LANGUAGES, raster_pages.pages),
        (pcl_pages.LANGUAGES, pcl_pages.pages),
        (head_pages.LANGUAGES, head_pages.pages),
        (sheet_pages.LANGUAGES, sheet_pages.pages),
        (laser_pages.LANGUAGES, laser_pages.pages),
        (fax_pages.LANGUAGES, fax_pages.pages),
        (picture_pages.LANGUAGES, picture_pages.pages),
    )
    for language in languages
}


@dataclass(frozen=True, slots=True)
class Inspector:
    """A `pagetoll.languages.parsed.PageInspector`.

    `space`: the color space of the coverage wanted, None where only colors are; `render_pixels`: paints PostScript,
    without it PostScript pages stay as they are; `most_pages`: a longer document is not looked at. Raises ValueError
    for a space or a resolution out of range.
    """

    space: str | None = None
    resolution_dpi: int = DEFAULT_RESOLUTION_DPI
    render_pixels: PixelRenderer | None = None
    most_pages: int = 1_000_000

    def __post_init__(self) -> None:
        if self.space is not None and self.space not in SPACES:
            raise ValueError(f"{self.space} is no color space; it may be {', '.join(SPACES)}")
        if not LEAST_RESOLUTION_DPI <= self.resolution_dpi <= MOST_RESOLUTION_DPI:
            raise ValueError(f"the resolution must be {LEAST_RESOLUTION_DPI} to {MOST_RESOLUTION_DPI} dpi")

    def __call__(self, data: "Buffer", start: int, parsed: Parsed, context: Context) -> None:
        """Settle the colors in `parsed.runs`, fill `parsed.coverage`; the finding `coverage_incomplete` says that
        pages stay unseen."""
        if not 0 < parsed.input_pages <= self.most_pages or not self._is_needed(parsed):
            return
        pages = self._pages(data, start, parsed, context)
        if pages is None:
            return
        seen = list(islice(chain(pages, repeat(UNSEEN)), parsed.input_pages))
        settle_colors(parsed, seen)
        if self.space is not None:
            space = self.space
            parsed.coverage = [None if page.sums is None else page_coverage(space, page.sums) for page in seen]
        if any(page.colored is None for page in seen):
            parsed.note("coverage_incomplete", start)

    def listener(self, guard: Guard) -> Listener | None:
        """Something that paints PostScript from what the counting run writes, unless it would be too coarse."""
        return RenderedPages(guard, self.most_pages) if self.resolution_dpi <= FAIR_DPI else None

    def _is_needed(self, parsed: Parsed) -> bool:
        return self.space is not None or any(run.color is ColorClass.UNKNOWN for run in parsed.runs)

    def _pages(self, data: "Buffer", start: int, parsed: Parsed, context: Context) -> Iterator[Seen] | None:
        """The pages in order, or None for a language without a way to see them."""
        guard = context.guard
        look = Look(None if self.space is None else self.resolution_dpi)
        if parsed.language in ("pdf", "pclm"):
            return pdf_pages.pages(bytes(data[start : parsed.end]), parsed.input_pages, look, guard)
        if parsed.language == "ps" and self.render_pixels is not None:
            return postscript_pages.pages(data, start, parsed, look, self.render_pixels, context)
        measure = _MEASURED_ONLY.get(parsed.language)
        return None if measure is None or self.space is None else measure(data, start, parsed, context)


def settle_colors(parsed: Parsed, seen: list[Seen]) -> None:
    """Give each page of `parsed` the color that was seen; what the data stated stays where nothing was."""
    runs, pages = parsed.runs, iter(seen)
    parsed.runs, parsed.input_pages = [], 0
    for run in runs:
        starts_sheet = run.starts_sheet
        for colored, alike in groupby(islice(pages, run.length), key=attrgetter("colored")):
            color = run.color if colored is None else ColorClass.COLOR if colored else ColorClass.MONO
            length = sum(1 for _page in alike)
            parsed.add(replace(run, length=length, color=color, starts_sheet=starts_sheet))
            starts_sheet = False
